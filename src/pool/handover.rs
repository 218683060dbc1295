//! How a new worker gets its first task: from hand to hand, and the giver waits until it is claimed.
//!
//! A task put in a queue for a thread that is only just starting would be seen pending for a while, by luck. So the submitter
//! keeps the task, starts the thread, and goes on when the thread has claimed it; the claim is the thread's first act. No user
//! code (initializer, closure, callback) runs before that, so the submitter waits for a thread to start and for nothing
//! else, whatever locks it may hold. (`CPython` gets its "running" by the same means: its `Thread.start` returns once the
//! thread has begun.)

use crate::future::task::{Claimed, ScopedTask};
use crate::sync::{Condvar, Mutex, Thread};

pub(crate) struct Handover<'a> {
    offer: Mutex<Option<Offer<'a>>>,
    /// Announced when the offer has been taken.
    claimed: Condvar,
}

/// What a new worker gets.
pub(super) struct Offer<'a> {
    pub(super) first_task: ScopedTask<'a>,
    /// The thread of whoever had its seat before, for it to join when it leaves itself.
    pub(super) predecessor: Option<Thread<'a>>,
}

impl<'a> Handover<'a> {
    pub(super) fn of(offer: Offer<'a>) -> Self {
        Self { offer: Mutex::new(Some(offer)), claimed: Condvar::new() }
    }

    /// The new thread's side: claims the task and lets the giver go. No task if it has been cancelled meanwhile.
    pub(super) fn claim(&self) -> (Option<Claimed<'a>>, Option<Thread<'a>>) {
        let mut offer = self.offer.lock();
        let got = match offer.take() {
            Some(Offer { first_task, predecessor }) => (first_task.claim(), predecessor),
            None => (None, None),
        };
        drop(offer);
        // The giver looks at the offer under the lock before it sleeps, so it either sees that it is taken or is woken.
        self.claimed.notify_one();
        got
    }

    /// The giver's side.
    pub(super) fn wait_until_claimed(&self) {
        let mut offer = self.offer.lock();
        while offer.is_some() {
            self.claimed.wait(&mut offer);
        }
    }

    /// The giver's side, when there will be no thread.
    pub(super) fn take_back(&self) -> Option<Offer<'a>> {
        self.offer.lock().take()
    }
}
