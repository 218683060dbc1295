//! Those who asked to be told of a future's end.
//!
//! Two kinds want to know its end, and they differ in when they are told. A callback runs while the
//! outcome is still in the hands of the thread that ends the future. A subscriber hears of it when
//! the future *is* done, and may take it back before (see [`Shared::complete`]). A subscriber
//! listens on a channel, or has an [`Alarm`] if it has no thread to wait. Beside them there may be
//! one [`Keeper`], and one [`Witness`].
//!
//! The lists know no lock: the one around them is [`Shared`]'s. No callback is run while that is
//! held.
//!
//! [`Shared`]: super::shared::Shared
//! [`Shared::complete`]: super::shared::Shared::complete

use std::sync::Arc;

use super::alarm::Alarm;
use super::contain::contain;
use super::keeper::Keeper;
use super::state::{Outcome, Status};
use super::witness::{Moment, Witness, may_be_any, tell};
use crate::error::TaskError;
use crate::identity::PoolId;
use crate::nesting::whereabouts::{Place, Whereabouts};
use crate::sync::Sender;

/// Called once with the outcome, which is lent as [`Future::result`](super::handle::Future::result)
/// lends it.
pub(crate) type Callback<T> = Box<dyn FnOnce(Result<&T, TaskError>) + Send>;

/// Somebody who reads a stream of ends, many futures to one stream, and knows each by its place.
///
/// The stream is a channel, so telling never blocks, and a reader who has gone away is told in
/// vain.
#[derive(Clone)]
pub(crate) struct Subscriber {
    pub(crate) stream: Sender<usize>,
    pub(crate) place: usize,
    /// Whether somebody looks at the future by this: then a panic is theirs to notice.
    pub(crate) observes: bool,
}

impl Subscriber {
    fn is(&self, other: &Self) -> bool {
        self.place == other.place && self.stream.same_channel(&other.stream)
    }
}

/// What can be watched: a future, whatever its value.
pub(crate) trait Watchable {
    fn status(&self) -> Status;

    /// Whether it is being run by the very thread that asks, below it on its stack: then it cannot
    /// end before that returns.
    fn runs_here(&self) -> bool;

    /// Where it is, from now on, for those who wait for it inside a task; `None` if it is done. If
    /// nobody has begun it, one of the workers of `home` will.
    fn whereabouts(&self, home: Option<PoolId>) -> Option<Arc<Whereabouts>>;

    /// Adds the subscriber, or says `false` if the future is done already.
    fn subscribe(&self, subscriber: Subscriber) -> bool;

    fn unsubscribe(&self, subscriber: &Subscriber);

    /// Has the alarm ring when the future is done, or says `false` if it is done already.
    fn set_alarm(&self, alarm: &Arc<Alarm>) -> bool;

    fn take_alarm_back(&self, alarm: &Arc<Alarm>);

    /// Whoever is told of all that becomes of it.
    fn witness(&self) -> Option<Arc<dyn Witness>>;

    /// Tells the witness that a reader has the outcome. (Not in the moment in which they get it:
    /// that may be where other readers wait.)
    fn tell_collected(&self) {
        if may_be_any() {
            tell(self.witness().as_ref(), Moment::Collected);
        }
    }
}

/// The watchers of one future. Most futures have none, and then this is a null pointer.
pub(crate) struct Watchers<T>(Option<Box<Lists<T>>>);

struct Lists<T> {
    callbacks: Vec<Callback<T>>,
    subscribers: Vec<Subscriber>,
    alarms: Vec<Arc<Alarm>>,
    keeper: Option<Arc<dyn Keeper>>,
    whereabouts: Option<Arc<Whereabouts>>,
    witness: Option<Arc<dyn Witness>>,
}

impl<T> Watchers<T> {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Whether there is nobody at all, as of most tasks: so whoever has somebody to tell, each in
    /// their way, looks here first.
    pub(crate) fn are_none(&self) -> bool {
        self.0.is_none()
    }

    fn lists(&mut self) -> &mut Lists<T> {
        self.0.get_or_insert_with(|| {
            let (callbacks, subscribers, alarms) = (Vec::new(), Vec::new(), Vec::new());
            Box::new(Lists {
                callbacks,
                subscribers,
                alarms,
                keeper: None,
                whereabouts: None,
                witness: None,
            })
        })
    }

    pub(crate) fn keep(&mut self, keeper: Arc<dyn Keeper>) {
        self.lists().keeper = Some(keeper);
    }

    pub(crate) fn keeper(&self) -> Option<Arc<dyn Keeper>> {
        self.0.as_ref()?.keeper.clone()
    }

    pub(crate) fn witnessed_by(&mut self, witness: Arc<dyn Witness>) {
        self.lists().witness = Some(witness);
    }

    pub(crate) fn witness(&self) -> Option<Arc<dyn Witness>> {
        self.0.as_ref()?.witness.clone()
    }

    /// It is nobody's from now on.
    pub(crate) fn take_witness(&mut self) -> Option<Arc<dyn Witness>> {
        let witness = self.0.as_mut()?.witness.take();
        self.forget_if_empty();
        witness
    }

    /// Those that are kept up to date; or these, from now on.
    pub(crate) fn whereabouts(&mut self, place: Place) -> Arc<Whereabouts> {
        let kept = self.lists().whereabouts.get_or_insert_with(|| Arc::new(Whereabouts::at(place)));
        Arc::clone(kept)
    }

    pub(crate) fn tell_whereabouts(&mut self, place: Place) {
        let Some(lists) = &mut self.0 else { return };
        if let Some(whereabouts) = &lists.whereabouts {
            whereabouts.move_to(place);
        }
        if place == Place::Ended {
            lists.whereabouts = None;
        }
    }

    pub(crate) fn call_back(&mut self, callback: Callback<T>) {
        self.lists().callbacks.push(callback);
    }

    pub(crate) fn subscribe(&mut self, subscriber: Subscriber) {
        self.lists().subscribers.push(subscriber);
    }

    /// Takes a subscription back; nothing of it is left. No harm if it was never there, or has been
    /// told already.
    pub(crate) fn unsubscribe(&mut self, subscriber: &Subscriber) {
        let Some(lists) = &mut self.0 else { return };
        // From the back: whoever takes back is mostly who came last.
        if let Some(at) = lists.subscribers.iter().rposition(|known| known.is(subscriber)) {
            lists.subscribers.remove(at);
        }
        self.forget_if_empty();
    }

    pub(crate) fn set_alarm(&mut self, alarm: Arc<Alarm>) {
        self.lists().alarms.push(alarm);
    }

    /// As [`unsubscribe`](Self::unsubscribe). It is given back for its waker to be dropped without
    /// the lock.
    pub(crate) fn take_alarm_back(&mut self, alarm: &Arc<Alarm>) -> Option<Arc<Alarm>> {
        let lists = self.0.as_mut()?;
        let at = lists.alarms.iter().rposition(|known| Arc::ptr_eq(known, alarm))?;
        let alarm = lists.alarms.swap_remove(at);
        self.forget_if_empty();
        Some(alarm)
    }

    /// Tells all who may be told under the lock; the alarms are still to ring.
    pub(crate) fn tell_of_the_end(&mut self) -> Vec<Arc<Alarm>> {
        self.tell_whereabouts(Place::Ended);
        self.tell_subscribers();
        self.take_alarms()
    }

    /// All that are to ring, which is not to be done under the lock.
    pub(crate) fn take_alarms(&mut self) -> Vec<Arc<Alarm>> {
        self.0.as_mut().map_or_else(Vec::new, |lists| std::mem::take(&mut lists.alarms))
    }

    pub(crate) fn take_callbacks(&mut self) -> Vec<Callback<T>> {
        self.0.as_mut().map_or_else(Vec::new, |lists| std::mem::take(&mut lists.callbacks))
    }

    /// Tells them all, and forgets them. It runs nobody's code and does not block, so a lock may be
    /// held.
    pub(crate) fn tell_subscribers(&mut self) {
        let Some(lists) = &mut self.0 else { return };
        for subscriber in lists.subscribers.drain(..) {
            // An error means that the reader has gone: there is nobody left to tell.
            let _ = subscriber.stream.send(subscriber.place);
        }
        self.forget_if_empty();
    }

    fn forget_if_empty(&mut self) {
        let empty = |lists: &Lists<T>| {
            lists.subscribers.is_empty()
                && lists.callbacks.is_empty()
                && lists.alarms.is_empty()
                && lists.keeper.is_none()
                && lists.whereabouts.is_none()
                && lists.witness.is_none()
        };
        if self.0.as_deref().is_some_and(empty) {
            self.0 = None;
        }
    }
}

/// Runs callbacks in the order in which they were registered. One that panics harms neither the
/// next nor the outcome.
pub(crate) fn run_all<T>(
    callbacks: Vec<Callback<T>>,
    outcome: &Outcome<T>,
    witness: Option<&Arc<dyn Witness>>,
) {
    for callback in callbacks {
        tell(witness, Moment::CallbackBegan);
        contain(|| callback(lend(outcome)));
        tell(witness, Moment::CallbackEnded);
    }
}

/// An outcome as its readers see it: the value borrowed, the error cloned.
pub(crate) fn lend<T>(outcome: &Outcome<T>) -> Result<&T, TaskError> {
    outcome.as_ref().map_err(TaskError::clone)
}
