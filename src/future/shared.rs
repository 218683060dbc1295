//! The place where two threads share an answer: a lock around its [`State`], and the event of its end.
//!
//! One allocation holds all there is to a submitted task: its work, its state, its outcome, and who is to be told. The side
//! that runs it sees a [`Runnable`](super::task::Runnable); the side that reads it sees an [`Answer`]. A map has a row of these.
//!
//! **Who may do what when.** Only the thread that wins [`claim`](Shared::claim) has the work, and only that thread calls
//! [`complete`](Shared::complete), once. Anybody may cancel, wait, subscribe, collect, at any time.
//!
//! **Why no wake-up is lost.** A state changes only under the lock; a waiter looks at the state under the same lock and goes to
//! sleep in one step with letting go of it; a subscriber is added in the same critical section in which the state was found
//! unfinished. So whoever found "not yet" is on the list, or asleep on the event, before the state can change, and
//! the change is followed by telling them all.
//!
//! **User code** (callbacks, drops of work and values) runs with the lock released. What it may find is said at each place.

use std::time::Instant;

use super::contain::discard;
use super::state::{Cancel, Outcome, State, Status};
use super::unobserved;
use super::watchers::{Callback, Subscriber, Watchable, Watchers, run_all, tell_all};
use crate::error::{CancelReason, TaskError};
use crate::sync::{Condvar, Mutex, current_thread, wait_until};

pub(crate) struct Shared<W, T> {
    entry: Mutex<Entry<W, T>>,
    /// Announced when the state becomes a final one, to those asleep in [`Answer::wait`].
    ended: Condvar,
}

/// What the lock protects.
struct Entry<W, T> {
    state: State<W, T>,
    watchers: Watchers<T>,
    /// Somebody has read it, waited for it or asked to be told: then a panic is theirs to notice.
    observed: bool,
    /// The reader's handle is gone: then a panic has nobody left to notice it.
    forsaken: bool,
}

/// Why a wait ended before the future did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfinished {
    TimedOut,
    /// The task is being run by the very thread that would wait, below us on its stack: it cannot end until we return.
    OnItself,
}

impl<W, T> Shared<W, T> {
    pub(crate) fn pending(work: W) -> Self {
        Self {
            entry: Mutex::new(Entry {
                state: State::Pending(work),
                watchers: Watchers::none(),
                observed: false,
                forsaken: false,
            }),
            ended: Condvar::new(),
        }
    }

    /// Takes the work in order to run it; `None` if somebody was faster, or it was cancelled. The step against which
    /// [`cancel`](Answer::cancel) wins or loses. Whoever gets the work owes a [`complete`](Self::complete).
    #[must_use]
    pub(crate) fn claim(&self) -> Option<W> {
        self.entry.lock().state.claim(current_thread())
    }

    /// Ends a task that this thread has claimed.
    ///
    /// The callbacks come first, with the outcome still in this thread's hands; then the future is done; then everybody
    /// else hears of it. So whoever has the result knows that the callbacks registered before it have run.
    pub(crate) fn complete(&self, outcome: Outcome<T>) {
        let mut entry = self.entry.lock();
        loop {
            let callbacks = entry.watchers.take_callbacks();
            if callbacks.is_empty() {
                break;
            }
            drop(entry);
            run_all(callbacks, &outcome);
            // Meanwhile more may have been registered, by the callbacks themselves or by others: look again.
            entry = self.entry.lock();
        }
        let unnoticed = match &outcome {
            Err(TaskError::Panicked(panic)) if entry.forsaken && !entry.observed => Some(panic.clone()),
            _ => None,
        };
        entry.state.finish(outcome);
        let subscribers = entry.watchers.take_subscribers();
        drop(entry);
        // After unlocking, so that those woken do not run into the lock. They cannot miss it: see above.
        self.ended.notify_all();
        tell_all(subscribers);
        if let Some(panic) = unnoticed {
            unobserved::report(&panic);
        }
    }

    /// Takes the work back from a task that nobody else has seen yet.
    pub(crate) fn withdraw(&self, reason: CancelReason) -> Option<W> {
        match self.entry.lock().state.cancel(reason) {
            Cancel::Won(work) => Some(work),
            Cancel::AlreadyCancelled | Cancel::TooLate => None,
        }
    }
}

/// What the reading side can do, whatever the work is.
pub(crate) trait Answer<T>: Watchable + Send + Sync {
    /// Blocks until the future is done, at most until `deadline`.
    fn wait(&self, deadline: Option<Instant>) -> Result<(), Unfinished>;

    /// Moves the outcome out, once; a cancelled task's error is for everyone. `None` before the end, and after the move.
    fn collect(&self) -> Option<Outcome<T>>;

    /// Cancels, if it is not too late; whether it is cancelled now.
    fn cancel(&self, reason: CancelReason) -> bool;

    /// Registers a callback, or gives it back if the future is done already.
    fn call_back(&self, callback: Callback<T>) -> Option<Callback<T>>;

    /// The reader's handle is being dropped, without having collected the outcome.
    fn forsake(&self);
}

impl<W, T> Watchable for Shared<W, T> {
    fn status(&self) -> Status {
        self.entry.lock().state.status()
    }

    fn subscribe(&self, subscriber: Subscriber) -> bool {
        let mut entry = self.entry.lock();
        entry.observed = true;
        if entry.state.status().is_done() {
            return false;
        }
        entry.watchers.subscribe(subscriber);
        true
    }

    fn unsubscribe(&self, subscriber: &Subscriber) {
        self.entry.lock().watchers.unsubscribe(subscriber);
    }
}

impl<W: Send, T: Send> Answer<T> for Shared<W, T> {
    fn wait(&self, deadline: Option<Instant>) -> Result<(), Unfinished> {
        let mut entry = self.entry.lock();
        entry.observed = true;
        loop {
            match &entry.state {
                State::Finished(_) | State::Cancelled(_) | State::Collected(_) => return Ok(()),
                State::Running(by) if *by == current_thread() => return Err(Unfinished::OnItself),
                State::Pending(_) | State::Running(_) => {}
            }
            let gave_up = wait_until(&self.ended, &mut entry, deadline);
            if gave_up && !entry.state.status().is_done() {
                return Err(Unfinished::TimedOut);
            }
        }
    }

    fn collect(&self) -> Option<Outcome<T>> {
        let mut entry = self.entry.lock();
        let outcome = entry.state.collect();
        entry.observed |= outcome.is_some();
        outcome
    }

    fn cancel(&self, reason: CancelReason) -> bool {
        let mut entry = self.entry.lock();
        let error = TaskError::Cancelled(reason.clone());
        match entry.state.cancel(reason) {
            Cancel::TooLate => false,
            Cancel::AlreadyCancelled => true,
            Cancel::Won(work) => {
                let callbacks = entry.watchers.take_callbacks();
                let subscribers = entry.watchers.take_subscribers();
                drop(entry);
                // Those who wait are told before any user code runs: the work's captures may, when dropped, wait for them.
                self.ended.notify_all();
                tell_all(subscribers);
                discard(work);
                run_all(callbacks, &Err(error));
                true
            }
        }
    }

    fn call_back(&self, callback: Callback<T>) -> Option<Callback<T>> {
        let mut entry = self.entry.lock();
        entry.observed = true;
        if entry.state.status().is_done() {
            return Some(callback);
        }
        entry.watchers.call_back(callback);
        None
    }

    fn forsake(&self) {
        let mut entry = self.entry.lock();
        entry.forsaken = true;
        if entry.observed {
            return;
        }
        if let State::Finished(Err(TaskError::Panicked(panic))) = &entry.state {
            let panic = panic.clone();
            drop(entry);
            unobserved::report(&panic);
        }
    }
}
