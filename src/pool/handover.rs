//! How a new worker gets its first task: from hand to hand, and the giver waits until it is
//! claimed.
//!
//! A task put in a queue for a thread that is only just starting would be seen pending for a while,
//! by luck. So the submitter keeps the task, starts the thread, and goes on when the thread has
//! claimed it; the claim is the thread's first act. No user code (initializer, closure, callback,
//! drop) runs before that, so the submitter waits for a thread to start and for nothing else,
//! whatever locks it may hold. (`CPython` gets its "running" by the same means: its `Thread.start`
//! returns once the thread has begun.)
//!
//! The other way round the giver leaves the new thread's handle here, which only it can have, for
//! the worker to keep where it is looked for; so the giver has nothing more to do when the task is
//! claimed, and is never the last to know of a pool.

use crate::future::claimed::Claimed;
use crate::future::contain::contain;
use crate::future::task::{Ran, ScopedTask};
use crate::identity::PoolId;
use crate::sync::{Condvar, Mutex, Thread};

pub(crate) struct Handover<'a> {
    state: Mutex<State<'a>>,
    /// Announced when the first task has been.
    claimed: Condvar,
    /// Announced when the giver has left the new thread's handle.
    handle_left: Condvar,
}

struct State<'a> {
    offer: Option<Offer<'a>>,
    is_claimed: bool,
    thread: Option<Thread<'a>>,
}

/// What a new worker gets.
pub(super) struct Offer<'a> {
    pub(super) first_task: ScopedTask<'a>,
    /// The thread of whoever had its seat before, for it to join when it leaves itself.
    pub(super) predecessor: Option<Thread<'a>>,
}

impl<'a> Handover<'a> {
    pub(super) fn of(offer: Offer<'a>) -> Self {
        Self {
            state: Mutex::new(State { offer: Some(offer), is_claimed: false, thread: None }),
            claimed: Condvar::new(),
            handle_left: Condvar::new(),
        }
    }

    /// The new thread's side: claims the task, if it is not too late, and lets the giver go.
    pub(super) fn claim(&self, pool: PoolId) -> (Result<Claimed<'a>, Ran<'a>>, Option<Thread<'a>>) {
        let offer = self
            .state
            .lock()
            .offer
            .take()
            .expect("it is claimed once, by the thread it was made for");
        offer.first_task.set_home(pool);
        let (first_task, remains) = offer.first_task.claim();
        self.state.lock().is_claimed = true;
        // The giver looks under the lock before it sleeps, so it either sees the claim or is woken.
        self.claimed.notify_one();
        contain(|| drop(remains));
        (first_task, offer.predecessor)
    }

    /// The new thread's side: its own handle. Blocks until the giver has left it, which it does
    /// before anything else.
    pub(super) fn take_handle(&self) -> Thread<'a> {
        let mut state = self.state.lock();
        loop {
            if let Some(thread) = state.thread.take() {
                return thread;
            }
            self.handle_left.wait(&mut state);
        }
    }

    /// The giver's side: leaves the handle of the thread that it has started, and blocks until that
    /// has claimed the task.
    pub(super) fn wait_until_claimed(&self, thread: Thread<'a>) {
        let mut state = self.state.lock();
        state.thread = Some(thread);
        self.handle_left.notify_one();
        while !state.is_claimed {
            self.claimed.wait(&mut state);
        }
    }

    /// The giver's side, when there will be no thread.
    pub(super) fn take_back(&self) -> Offer<'a> {
        self.state.lock().offer.take().expect("without a thread, nobody has taken it")
    }
}
