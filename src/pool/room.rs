//! Room for tasks that wait: the bound of a bounded queue.
//!
//! It counts pending tasks and not places in a queue, so it is told of each that is claimed or cancelled, wherever that is
//! done: it is the [`Keeper`] of all tasks that it let in.
//!
//! It has a lock of its own, which is held for a moment only and under which no other is taken; so the queue may ask it while it is
//! locked itself, and a task may tell it from anywhere.
//!
//! **Why no submitter is left asleep while there is room.** *The rule: if there is room and somebody waits for it, a wake-up is
//! under way.* A task that goes makes room for one and wakes one. Whoever is woken looks again, under the lock, and either takes the
//! room, or is beaten to it (then there is none), or does without (its task went to a new worker, or was refused): then it
//! [passes it on](Room::pass_on). One that gives up because its time is over looks once more before it does.

use crate::executor::Patience;
use crate::future::keeper::Keeper;
use crate::sync::{Condvar, Mutex, MutexGuard, wait_until};

pub(crate) struct Room {
    capacity: usize,
    state: Mutex<State>,
    /// For submitters: a place is free, or there will be none any more.
    vacated: Condvar,
}

struct State {
    /// It may be more than the capacity: a pool's own tasks come in always.
    pending: usize,
    waiting: usize,
    closed: bool,
}

impl Room {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            state: Mutex::new(State { pending: 0, waiting: 0, closed: false }),
            vacated: Condvar::new(),
        }
    }

    /// Lets one more in, if there is room.
    pub(super) fn enter(&self) -> bool {
        let mut state = self.state.lock();
        let room = state.pending < self.capacity;
        state.pending += usize::from(room);
        room
    }

    /// Lets one more in.
    pub(super) fn enter_anyway(&self) {
        self.state.lock().pending += 1;
    }

    /// Blocks until there is room, or there will be none any more, and says `true`; or until the patience is at its end.
    pub(super) fn wait(&self, patience: Patience) -> bool {
        let deadline = match patience {
            Patience::None => return false,
            Patience::Until(deadline) => Some(deadline),
            Patience::Unlimited => None,
        };
        let mut state = self.state.lock();
        state.waiting += 1;
        let mut gave_up = false;
        while !gave_up && !state.closed && state.pending >= self.capacity {
            gave_up = wait_until(&self.vacated, &mut state, deadline);
        }
        state.waiting -= 1;
        state.closed || state.pending < self.capacity
    }

    /// For one who was woken and took no room: another may have it.
    pub(super) fn pass_on(&self) {
        self.wake_one_if_there_is_room(self.state.lock());
    }

    /// Nobody need wait any more.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.vacated.notify_all();
    }

    fn wake_one_if_there_is_room(&self, state: MutexGuard<'_, State>) {
        let wanted = state.waiting > 0 && state.pending < self.capacity;
        drop(state);
        if wanted {
            self.vacated.notify_one();
        }
    }
}

impl Keeper for Room {
    fn no_longer_pending(&self) {
        let mut state = self.state.lock();
        state.pending -= 1;
        self.wake_one_if_there_is_room(state);
    }
}
