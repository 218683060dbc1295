//! The bound of a bounded queue: a FIFO semaphore of which every pending task holds a permit.
//!
//! The semaphore counts pending tasks and not places in a queue: a permit is released when its task
//! is claimed or cancelled, wherever that happens. A task that is handed to a new worker holds
//! none. A worker of the pool that submits acquires a permit even if none is left: workers make
//! room, and a pool whose workers all waited for room would hang.
//!
//! **Why no submitter sleeps while there is room.** A permit that is released goes to the submitter
//! that has waited longest, and becomes free if none waits. So submitters acquire permits in the
//! order in which they came, and a submitter that floods the queue cannot starve the others. A
//! submitter whose time is up looks under the lock whether it was given a permit. A submitter that
//! has a permit and no use for it releases the permit. No other lock is taken under the
//! semaphore's.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::kernel::error::CancelReason;
use crate::kernel::event::{BlockedOn, EventKind};
use crate::kernel::seams::{Listener, WaitPolicy};
use crate::kernel::state::Status;
use crate::sync::{Mutex, Parker, ThreadId, is_over};

pub(crate) struct Semaphore {
    state: Mutex<State>,
    /// Hear that a submitter waits for room.
    observers: Vec<Arc<dyn Listener>>,
}

struct State {
    /// Number of permits; no bound once the pool is closed, for then the queue refuses.
    capacity: usize,
    /// Permits that are held; more than the capacity if workers have submitted above the bound.
    held: usize,
    /// Submitters that wait for a permit, in the order in which they came.
    waiting: VecDeque<Arc<Parker>>,
}

impl Semaphore {
    pub(crate) fn new(capacity: usize, observers: Vec<Arc<dyn Listener>>) -> Arc<Self> {
        let state = Mutex::new(State { capacity, held: 0, waiting: VecDeque::new() });
        Arc::new(Self { state, observers })
    }

    fn try_acquire(&self) -> bool {
        let mut state = self.state.lock();
        let is_free = state.held < state.capacity;
        state.held += usize::from(is_free);
        is_free
    }

    fn acquire_above_bound(&self) -> bool {
        self.state.lock().held += 1;
        true
    }

    /// Waits for a permit until the parker is woken or the deadline comes.
    fn acquire(&self, parker: &Arc<Parker>, deadline: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        if state.held < state.capacity {
            state.held += 1;
            return true;
        }
        state.waiting.push_back(Arc::clone(parker));
        drop(state);
        parker.park(deadline);
        let mut state = self.state.lock();
        let place = state.waiting.iter().position(|waiting| Arc::ptr_eq(waiting, parker));
        if let Some(place) = place {
            state.waiting.remove(place);
        }
        // A submitter that is not in the line any more was given a permit, however it woke.
        place.is_none()
    }

    fn tell(&self, step: &EventKind) {
        self.observers.iter().for_each(|observer| observer.hear(step, Instant::now()));
    }
}

impl Listener for Semaphore {
    fn admit(&self, policy: &WaitPolicy, inside: bool) -> bool {
        let (parker, deadline) = match policy {
            WaitPolicy::Forever if inside => return self.acquire_above_bound(),
            WaitPolicy::Never => return self.try_acquire(),
            WaitPolicy::Forever => (Parker::new(), None),
            WaitPolicy::Until(deadline) => (Parker::new(), Some(*deadline)),
            WaitPolicy::UntilWoken(parker, deadline) => (Arc::clone(parker), *deadline),
        };
        if self.try_acquire() {
            return true;
        }
        if is_over(deadline) {
            return false;
        }
        self.tell(&EventKind::Blocked(BlockedOn::Room));
        let acquired = self.acquire(&parker, deadline);
        self.tell(&EventKind::Unblocked { by: None });
        acquired
    }

    /// Releases the permit of a task that begins: whoever sees it running finds room.
    fn locked(&self, status: Status, _: Option<ThreadId>) {
        if status == Status::Running {
            self.give_back();
        }
    }

    /// Releases the permit of a task that was cancelled, and has left the queue.
    fn left_pending(&self, cancelled: Option<&CancelReason>) {
        if cancelled.is_some() {
            self.give_back();
        }
    }

    fn give_back(&self) {
        let mut state = self.state.lock();
        if state.held <= state.capacity {
            if let Some(parker) = state.waiting.pop_front() {
                // The permit stays held, now by the submitter that wakes. It wakes after the
                // unlock, so that it does not run into a held lock.
                drop(state);
                return parker.wake();
            }
        }
        state.held -= 1;
    }

    /// Gives every submitter that waits a permit; the queue refuses its task.
    fn closed(&self) {
        let mut state = self.state.lock();
        state.capacity = usize::MAX;
        state.held += state.waiting.len();
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.iter().for_each(|parker| parker.wake());
    }
}
