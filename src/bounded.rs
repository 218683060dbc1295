//! The bound of a bounded queue: a semaphore of which every pending task holds a permit.
//!
//! It counts pending tasks and not places in a queue: a permit is released when its task is claimed
//! or cancelled, wherever that happens. A task that goes from hand to hand to a new worker holds
//! none, and a task that one of the pool's own workers submits is always let in, above the bound if
//! need be: workers make room, and a pool whose workers all waited for room would hang.
//!
//! **Why no submitter sleeps while there is room.** A permit that is released goes to the submitter
//! that has waited longest, and becomes free if none waits. So submitters are let in in the order
//! in which they came, and one that floods the queue cannot starve the others. A submitter whose
//! time is up looks under the lock whether it has been given a permit. One that has a permit and no
//! use for it releases it. The semaphore's lock is held for a moment, and no other is taken under it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::kernel::error::CancelReason;
use crate::kernel::seams::{BlockedOn, EventKind, Listener, WaitPolicy};
use crate::sync::{Mutex, Parker, is_over};

pub(crate) struct Semaphore {
    capacity: usize,
    state: Mutex<State>,
    /// Hear that a submitter waits for room.
    observers: Vec<Arc<dyn Listener>>,
}

struct State {
    /// Permits that are held; more than the capacity if workers have submitted above the bound.
    held: usize,
    /// Submitters that wait for a permit, in the order in which they came.
    waiting: VecDeque<Arc<Parker>>,
    closed: bool,
}

impl Semaphore {
    pub(crate) fn new(capacity: usize, observers: Vec<Arc<dyn Listener>>) -> Arc<Self> {
        let state = State { held: 0, waiting: VecDeque::new(), closed: false };
        Arc::new(Self { capacity, state: Mutex::new(state), observers })
    }

    fn try_acquire(&self) -> bool {
        let mut state = self.state.lock();
        let is_free = state.closed || state.held < self.capacity;
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
        if state.closed || state.held < self.capacity {
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
        // Whoever is not in the line any more was given a permit.
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

    /// Releases a permit.
    fn left_pending(&self, _: Option<&CancelReason>) {
        let mut state = self.state.lock();
        if state.held <= self.capacity {
            if let Some(parker) = state.waiting.pop_front() {
                drop(state);
                // After unlocking, so that it does not wake into a held lock. The permit stays held,
                // now by the submitter that is woken.
                parker.wake();
                return;
            }
        }
        state.held -= 1;
    }

    /// Lets everyone in who waits: the queue refuses them.
    fn closed(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.held += state.waiting.len();
        state.waiting.drain(..).for_each(|parker| parker.wake());
    }
}
