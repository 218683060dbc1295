//! The place where two threads share an answer: a lock around its [`State`], and the event of its
//! end.
//!
//! One allocation holds all there is to a submitted task: its work, its state, its outcome, and who
//! is to be told. The side that runs it sees a [`Runnable`](super::task::Runnable); the side that
//! reads it sees an [`Answer`]. A map has a row of these.
//!
//! **Who may do what when.** Only the thread that wins [`claim`](Shared::claim) has the work, and
//! only that thread calls [`complete`](Shared::complete), once. Anybody may cancel, wait,
//! subscribe, collect, at any time.
//!
//! **Why no wake-up is lost.** A state changes only under the lock; a waiter looks at the state
//! under the same lock and goes to sleep in one step with letting go of it; a subscriber is added
//! in the same critical section in which the state was found unfinished. So whoever found "not yet"
//! is on the list, or asleep on the event, before the state can change, and the change is followed
//! by telling them all. Subscribers are told in the same critical section as the change: so if one
//! future is seen to be done before another ends, every stream has their ends in that order.
//!
//! **User code** (callbacks, drops of work and values) runs with the lock released. So cancelling
//! has two parts: first everyone who waits is told, which runs nobody's code; then what is left is
//! [cleared away](Shared::clear_away), which may do anything, and wait for whatever the first part
//! has ended. Whoever cancels many does the first part for all of them before the second for any.

use std::sync::Arc;
use std::time::Instant;

use super::alarm::{Alarm, ring_all};
use super::contain::discard;
use super::keeper::{Keeper, release, report};
use super::state::{Cancel, Ending, Outcome, State, Status};
use super::watchers::{Callback, Subscriber, Watchable, Watchers, run_all};
use super::witness::{Moment, Witness, tell};
use crate::error::{CancelReason, Deadlock, TaskError};
use crate::identity::PoolId;
use crate::nesting::whereabouts::{Place, Whereabouts};
use crate::sync::process_wide::{AtomicU64, Relaxed};
use crate::sync::{Condvar, Mutex, MutexGuard, current_thread, wait_until};

/// `H` is [`Home`](crate::nesting::whereabouts::Home) if it is a task of its own, and nothing if it
/// is an item of a map, which has one for all.
pub(crate) struct Shared<W, T, H = ()> {
    pub(super) home: H,
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
    /// It is cancelled, and whoever did that has callbacks to run still: they can be added to.
    calling_back: bool,
}

static HUSKS: AtomicU64 = AtomicU64::new(0);

/// For whoever cancels a task, or runs it before its turn.
pub(super) fn count_husk() {
    HUSKS.fetch_add(1, Relaxed);
}

/// How many tasks of this process have been cancelled, or run before their turn: whoever keeps
/// tasks knows by this when some of his may be husks.
pub(crate) fn husks_so_far() -> u64 {
    HUSKS.load(Relaxed)
}

/// Why a wait ended before the future did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfinished {
    TimedOut,
    /// It would never have ended.
    Deadlock(Deadlock),
}

impl<W, T, H> Shared<W, T, H> {
    pub(crate) fn pending(work: W, home: H) -> Self {
        Self {
            home,
            entry: Mutex::new(Entry {
                state: State::Pending(work),
                watchers: Watchers::none(),
                observed: false,
                forsaken: false,
                calling_back: false,
            }),
            ended: Condvar::new(),
        }
    }

    /// Takes the work in order to run it; `None` if somebody was faster, or it was cancelled. The
    /// step against which [cancelling](Self::cancel_and_tell) wins or loses. Whoever gets the work
    /// owes a [`complete`](Self::complete).
    #[must_use]
    pub(crate) fn claim(&self) -> Option<W> {
        let (work, witness) = self.claim_untold()?;
        tell(witness.as_ref(), Moment::Started);
        Some(work)
    }

    /// As [`claim`](Self::claim), for a task that is not begun yet; who claims it has its witness
    /// to tell when it is.
    #[inline]
    pub(crate) fn claim_untold(&self) -> Option<(W, Option<Arc<dyn Witness>>)> {
        let mut entry = self.entry.lock();
        let me = current_thread();
        let work = entry.state.claim(me)?;
        if entry.watchers.are_none() {
            return Some((work, None));
        }
        entry.watchers.tell_whereabouts(Place::InHands(me));
        let (keeper, witness) = (entry.watchers.keeper(), entry.watchers.witness());
        drop(entry);
        release(keeper);
        Some((work, witness))
    }

    /// From now on it has this witness. If it has been cancelled already, that is all there is to
    /// tell.
    pub(crate) fn witnessed_by(&self, witness: Arc<dyn Witness>) {
        let mut entry = self.entry.lock();
        let State::Cancelled(reason, _) = &entry.state else {
            return entry.watchers.witnessed_by(witness);
        };
        let reason = reason.clone();
        drop(entry);
        witness.mark_time();
        witness.tell(Moment::Cancelled(&reason));
    }

    /// Tells its witness that it is refused, and from now on it has none. If it has been cancelled
    /// meanwhile, it is that and not refused, and whoever did so tells.
    pub(crate) fn tell_refused(&self) {
        let mut entry = self.entry.lock();
        if entry.state.status() == Status::Pending {
            let witness = entry.watchers.take_witness();
            drop(entry);
            tell(witness.as_ref(), Moment::Refused);
        }
    }

    /// From now on it waits in a place of this keeper's. `false` if it has been cancelled already.
    pub(crate) fn keep(&self, keeper: &Arc<dyn Keeper>) -> bool {
        let mut entry = self.entry.lock();
        let pending = entry.state.status() == Status::Pending;
        if pending {
            entry.watchers.keep(Arc::clone(keeper));
        }
        pending
    }

    /// Ends a task that this thread has claimed; says how.
    ///
    /// The callbacks come first, with the outcome still in this thread's hands; then the future is
    /// done; then everybody else hears of it. So whoever has the result knows that the callbacks
    /// registered before it have run.
    pub(crate) fn complete(&self, outcome: Outcome<T>) -> Ending {
        let mut entry = self.entry.lock();
        if !entry.watchers.are_none() {
            entry = self.tell_before_the_end(entry, &outcome);
        }
        let unnoticed = match &outcome {
            Err(TaskError::Panicked(panic)) if entry.forsaken && !entry.observed => {
                Some((panic.clone(), entry.watchers.keeper()))
            }
            _ => None,
        };
        let ending = Ending::of(&outcome);
        entry.state.finish(outcome);
        // What nobody will ever read goes at once, and is not kept for as long as somebody holds
        // the task.
        let unread = if entry.forsaken { entry.state.collect() } else { None };
        let alarms =
            if entry.watchers.are_none() { Vec::new() } else { entry.watchers.tell_of_the_end() };
        drop(entry);
        // After unlocking, so that those woken do not run into the lock. They cannot miss it: see
        // above.
        self.ended.notify_all();
        if !alarms.is_empty() {
            ring_all(alarms);
        }
        if let Some((panic, keeper)) = unnoticed {
            report(&panic, keeper);
        }
        discard(unread);
        ending
    }

    /// Runs the callbacks, and tells the witness, of whose task this thread has the outcome still
    /// in its hands.
    fn tell_before_the_end<'a>(
        &'a self,
        mut entry: MutexGuard<'a, Entry<W, T>>,
        outcome: &Outcome<T>,
    ) -> MutexGuard<'a, Entry<W, T>> {
        let witness = entry.watchers.witness();
        let mut told = witness.is_none();
        loop {
            let callbacks = entry.watchers.take_callbacks();
            if callbacks.is_empty() && told {
                return entry;
            }
            drop(entry);
            if callbacks.is_empty() {
                tell(witness.as_ref(), Moment::Finished(Ending::of(outcome)));
                told = true;
            }
            run_all(callbacks, outcome, witness.as_ref());
            // Meanwhile more may have been registered, by the callbacks themselves or by others:
            // look again.
            entry = self.entry.lock();
        }
    }

    /// Cancels it if it is not too late, and tells everyone who waits. Whoever wins owes a
    /// [`clear_away`](Self::clear_away).
    pub(crate) fn cancel_and_tell(&self, reason: CancelReason) -> Cancel {
        let mut entry = self.entry.lock();
        let answer = entry.state.cancel(reason);
        if answer == Cancel::Won {
            entry.calling_back = true;
            entry.watchers.tell_whereabouts(Place::Ended);
            entry.watchers.tell_subscribers();
            let keeper = entry.watchers.keeper();
            if let Some(witness) = entry.watchers.witness() {
                witness.mark_time();
            }
            drop(entry);
            count_husk();
            self.ended.notify_all();
            release(keeper);
        }
        answer
    }

    /// Wakes those who await a task that has been cancelled.
    pub(crate) fn ring(&self) {
        let alarms = self.entry.lock().watchers.take_alarms();
        ring_all(alarms);
    }

    /// Drops the work of a task that has been cancelled, and runs its callbacks.
    pub(crate) fn clear_away(&self) {
        self.ring();
        self.tell_cancelled();
        if let Some(work) = self.take_work_left() {
            discard(work);
        }
        let mut entry = self.entry.lock();
        let witness = entry.watchers.witness();
        while entry.calling_back {
            let callbacks = entry.watchers.take_callbacks();
            let State::Cancelled(reason, _) = &entry.state else { return };
            if callbacks.is_empty() {
                entry.calling_back = false;
                return;
            }
            let outcome = Err(TaskError::Cancelled(reason.clone()));
            drop(entry);
            run_all(callbacks, &outcome, witness.as_ref());
            entry = self.entry.lock();
        }
    }

    fn tell_cancelled(&self) {
        let entry = self.entry.lock();
        let State::Cancelled(reason, _) = &entry.state else { return };
        let told = entry.watchers.witness().map(|witness| (witness, reason.clone()));
        drop(entry);
        if let Some((witness, reason)) = told {
            witness.tell(Moment::Cancelled(&reason));
        }
    }

    /// The work of a task that has been cancelled, to whoever asks first.
    pub(crate) fn take_work_left(&self) -> Option<W> {
        self.entry.lock().state.take_work_left()
    }

    pub(crate) fn status(&self) -> Status {
        self.entry.lock().state.status()
    }
}

/// What the reading side can do, whatever the work is.
pub(crate) trait Answer<T>: Watchable + Send + Sync {
    /// The same, for those who do not care what its value is.
    fn watchable(&self) -> &dyn Watchable;

    /// Blocks until the future is done, at most until `deadline`; says whether it is. Not to be
    /// called inside a task before it is known that this [can end](crate::nesting::waiting).
    fn wait(&self, deadline: Option<Instant>) -> bool;

    /// Moves the outcome out, once; a cancelled task's error is for everyone. `None` before the
    /// end, and after the move. Whoever has it then [says so](Watchable::tell_collected).
    fn collect(&self) -> Option<Outcome<T>>;

    /// As [`Shared::cancel_and_tell`].
    fn cancel_and_tell(&self, reason: CancelReason) -> Cancel;

    /// As [`Shared::clear_away`].
    fn clear_away(&self);

    /// Registers a callback, or gives it back if the future is done already.
    fn call_back(&self, callback: Callback<T>) -> Option<Callback<T>>;

    /// The reader's handle is being dropped, without having collected the outcome: here it is, for
    /// the reader to drop, or it will be dropped by whoever ends the task.
    fn forsake(&self) -> Option<Outcome<T>>;
}

impl<W, T, H> Watchable for Shared<W, T, H> {
    fn status(&self) -> Status {
        self.status()
    }

    fn runs_here(&self) -> bool {
        matches!(self.entry.lock().state, State::Running(by) if by == current_thread())
    }

    fn whereabouts(&self, home: Option<PoolId>) -> Option<Arc<Whereabouts>> {
        let mut entry = self.entry.lock();
        let place = match entry.state {
            State::Pending(_) => Place::Waiting(home),
            State::Running(by) => Place::InHands(by),
            State::Finished(_) | State::Cancelled(..) | State::Collected(_) => return None,
        };
        Some(entry.watchers.whereabouts(place))
    }

    fn subscribe(&self, subscriber: Subscriber) -> bool {
        let mut entry = self.entry.lock();
        entry.observed |= subscriber.observes;
        if entry.state.status().is_done() {
            return false;
        }
        entry.watchers.subscribe(subscriber);
        true
    }

    fn unsubscribe(&self, subscriber: &Subscriber) {
        self.entry.lock().watchers.unsubscribe(subscriber);
    }

    fn set_alarm(&self, alarm: &Arc<Alarm>) -> bool {
        let mut entry = self.entry.lock();
        entry.observed = true;
        if entry.state.status().is_done() {
            return false;
        }
        entry.watchers.set_alarm(Arc::clone(alarm));
        true
    }

    fn take_alarm_back(&self, alarm: &Arc<Alarm>) {
        let alarm = self.entry.lock().watchers.take_alarm_back(alarm);
        drop(alarm);
    }

    fn witness(&self) -> Option<Arc<dyn Witness>> {
        self.entry.lock().watchers.witness()
    }
}

impl<W: Send, T: Send, H: Send + Sync> Answer<T> for Shared<W, T, H> {
    fn watchable(&self) -> &dyn Watchable {
        self
    }

    fn wait(&self, deadline: Option<Instant>) -> bool {
        let mut entry = self.entry.lock();
        entry.observed = true;
        while !entry.state.status().is_done() {
            if wait_until(&self.ended, &mut entry, deadline) {
                return entry.state.status().is_done();
            }
        }
        true
    }

    fn collect(&self) -> Option<Outcome<T>> {
        let mut entry = self.entry.lock();
        let outcome = entry.state.collect();
        entry.observed |= outcome.is_some();
        outcome
    }

    fn cancel_and_tell(&self, reason: CancelReason) -> Cancel {
        self.cancel_and_tell(reason)
    }

    fn clear_away(&self) {
        self.clear_away();
    }

    fn call_back(&self, callback: Callback<T>) -> Option<Callback<T>> {
        let mut entry = self.entry.lock();
        entry.observed = true;
        if entry.state.status().is_done() && !entry.calling_back {
            return Some(callback);
        }
        entry.watchers.call_back(callback);
        None
    }

    fn forsake(&self) -> Option<Outcome<T>> {
        let mut entry = self.entry.lock();
        entry.forsaken = true;
        let outcome = entry.state.collect();
        let unnoticed = match &outcome {
            Some(Err(TaskError::Panicked(panic))) if !entry.observed => {
                Some((panic, entry.watchers.keeper()))
            }
            _ => None,
        };
        drop(entry);
        if let Some((panic, keeper)) = unnoticed {
            report(panic, keeper);
        }
        outcome
    }
}
