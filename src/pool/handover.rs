//! How a new worker gets its first task: from hand to hand, and the giver waits until it is claimed.
//!
//! A task put in a queue for a thread that is only just starting would be seen pending for a while, by luck. So the submitter
//! keeps the task, starts the thread, and goes on when the thread has claimed it; the claim is the thread's first act. No user
//! code (initializer, closure, callback) runs before that, so the submitter waits for a thread to start and for nothing
//! else, whatever locks it may hold. (`CPython` gets its "running" by the same means: its `Thread.start` returns once the
//! thread has begun.)

use crate::future::task::{Claimed, Task};
use crate::label::Label;
use crate::sync::{Condvar, Mutex};

pub(crate) struct Handover {
    offer: Mutex<Offer>,
    claimed: Condvar,
}

enum Offer {
    Offered(Task),
    /// By the new thread; or the giver has it back, because there will be no thread.
    Taken,
}

impl Handover {
    pub(super) fn of(task: Task) -> Self {
        Self { offer: Mutex::new(Offer::Offered(task)), claimed: Condvar::new() }
    }

    /// The new thread's side: claims the task and lets the giver go. `None` if the task has been cancelled meanwhile.
    pub(super) fn claim(&self) -> Option<(Box<dyn Claimed>, Label)> {
        let mut offer = self.offer.lock();
        let first_task = match std::mem::replace(&mut *offer, Offer::Taken) {
            Offer::Offered(task) => task.claim(),
            Offer::Taken => None,
        };
        drop(offer);
        // The giver looks at the offer under the lock before it sleeps, so it either sees that it is taken or is woken.
        self.claimed.notify_one();
        first_task
    }

    /// The giver's side.
    pub(super) fn wait_until_claimed(&self) {
        let mut offer = self.offer.lock();
        while matches!(*offer, Offer::Offered(_)) {
            self.claimed.wait(&mut offer);
        }
    }

    /// The giver's side, when there will be no thread.
    pub(super) fn take_back(&self) -> Option<Task> {
        match std::mem::replace(&mut *self.offer.lock(), Offer::Taken) {
            Offer::Offered(task) => Some(task),
            Offer::Taken => None,
        }
    }
}
