//! Room for tasks that wait: the bound of a bounded queue.
//!
//! It counts pending tasks and not places in a queue, so it is told of each that is claimed or
//! cancelled, wherever that is done: it is the [`Keeper`] of all tasks that it let in.
//!
//! It has a lock of its own, which is held for a moment only and under which no other is taken; so
//! the queue may ask it while it is locked itself, and a task may tell it from anywhere.
//!
//! **Why no submitter is left asleep while there is room.** Room is not left lying about to be
//! found: a task that goes hands its own to whoever has waited longest, and only if nobody waits is
//! there room for those who come. So submitters get in in the order in which they came, and one
//! that floods the queue cannot starve the others. Whoever was given room and does not need it (its
//! task goes to a new worker, or is refused) gives it back, which is the same as a task that goes.
//! One whose time is up while it is given room has it: it looks under the lock before it leaves.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::executor::Patience;
use crate::future::keeper::Keeper;
use crate::sync::{Condvar, Mutex, wait_until};

pub(crate) struct Room {
    capacity: usize,
    state: Mutex<State>,
}

struct State {
    /// Tasks that have room, and submitters that have been given some. It may be more than the
    /// capacity: a pool's own tasks come in always.
    taken: usize,
    /// Those who wait, by the event of their turn. Who is no longer among them has been given room.
    waiting: VecDeque<Arc<Condvar>>,
    closed: bool,
}

impl Room {
    pub(super) fn new(capacity: usize) -> Self {
        let state = State { taken: 0, waiting: VecDeque::new(), closed: false };
        Self { capacity, state: Mutex::new(state) }
    }

    /// Takes room for one more, if there is any.
    pub(super) fn enter(&self) -> bool {
        let mut state = self.state.lock();
        let room = state.taken < self.capacity;
        state.taken += usize::from(room);
        room
    }

    /// Takes room for one more, be there any or not.
    pub(super) fn enter_anyway(&self) {
        self.state.lock().taken += 1;
    }

    /// Takes room for one more, and blocks until there is any, or until the patience is at its end;
    /// says whether it has it.
    pub(super) fn wait_to_enter(&self, patience: Patience) -> bool {
        let deadline = match patience {
            Patience::None => return false,
            Patience::Until(deadline) => Some(deadline),
            Patience::Unlimited => None,
        };
        let mut state = self.state.lock();
        if state.closed || state.taken < self.capacity {
            state.taken += 1;
            return true;
        }
        let my_turn = Arc::new(Condvar::new());
        state.waiting.push_back(Arc::clone(&my_turn));
        loop {
            let gave_up = wait_until(&my_turn, &mut state, deadline);
            let Some(place) = state.waiting.iter().position(|turn| Arc::ptr_eq(turn, &my_turn))
            else {
                return true;
            };
            if gave_up {
                state.waiting.remove(place);
                return false;
            }
        }
    }

    /// Nobody need wait any more: all are let in, for the queue to refuse them.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.taken += state.waiting.len();
        for turn in state.waiting.drain(..) {
            turn.notify_one();
        }
    }
}

impl Keeper for Room {
    /// Hands its room to whoever has waited longest.
    fn no_longer_pending(&self) {
        let mut state = self.state.lock();
        if state.taken <= self.capacity {
            if let Some(turn) = state.waiting.pop_front() {
                drop(state);
                // After unlocking, so that it does not wake into a held lock. It finds that it has
                // been given room.
                turn.notify_one();
                return;
            }
        }
        state.taken -= 1;
    }
}
