//! A stream of ends: many futures tell it, in the order in which they end, and one reader listens.
//!
//! A stream of completions *is* a channel: a future that ends sends the place it was given. What
//! has ended before it could subscribe never enters the channel; it goes to the head of the line,
//! in the order given.
//!
//! The stream may grow while it is read. What has been handed over leaves nothing behind, so it may
//! grow for ever.
//!
//! Whoever stops listening takes every subscription back, so that a long-lived future is not left
//! with the listeners of waits that are long over.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::places::Places;
use super::waitable::Waitable;
use crate::future::contain::discard;
use crate::future::shared::Unfinished;
use crate::future::watchers::Subscriber;
use crate::future::witness::{self, Moment, Witness, tell};
use crate::nesting::graph::Roll;
use crate::nesting::inside::{is_inside, nobody_can_stand_in};
use crate::nesting::waiting::before_waiting_for_any;
use crate::sync::{Receiver, Sender, is_over, receive_now, receive_until, unbounded};

/// What is waited for, each in its place until it is handed over.
pub(crate) struct Completions<W: Waitable> {
    places: Places<W>,
    /// The places of those that have ended and have not been handed over, as far as that is known.
    line: VecDeque<usize>,
    stream: Sender<usize>,
    ends: Receiver<usize>,
    observes: bool,
    /// Those that are left, for others to see; from when they are first waited for inside a task.
    roll: Option<Arc<Roll>>,
    /// Of those that have one, each in its future's place. The first is told when this has to wait.
    witnesses: BTreeMap<usize, Arc<dyn Witness>>,
}

impl<W: Waitable> Completions<W> {
    fn listening(observes: bool) -> Self {
        let (stream, ends) = unbounded();
        Self {
            places: Places::new(),
            line: VecDeque::new(),
            stream,
            ends,
            observes,
            roll: None,
            witnesses: BTreeMap::new(),
        }
    }

    pub(super) fn of_none() -> Self {
        Self::listening(true)
    }

    pub(super) fn of(futures: impl IntoIterator<Item = W>) -> Self {
        let mut completions = Self::of_none();
        completions.add_all(futures);
        completions
    }

    /// Adds the first ones. The iterator may make them as it goes, so each is listened to as soon
    /// as it comes.
    pub(super) fn add_all(&mut self, futures: impl IntoIterator<Item = W>) {
        for future in futures {
            let place = self.add(future);
            self.line.extend(place);
        }
    }

    /// Futures that a map has had all along. It listens in order to hand them over, which is not
    /// looking at them: if one has panicked and is never handed over, nobody has noticed.
    ///
    /// It looks from the back: then if one is found done, those before it which are not have really
    /// ended later. So the items of a single worker come in their order.
    pub(super) fn of_map(futures: Vec<W>) -> Self {
        let mut completions = Self::listening(false);
        let is_done = |future: &W| future.watched().end.status().is_done();
        let (done, others): (Vec<_>, Vec<_>) = futures.into_iter().rev().partition(is_done);
        for future in done.into_iter().rev() {
            let place = completions.add(future);
            completions.line.extend(place);
        }
        for future in others.into_iter().rev() {
            completions.push(future);
        }
        completions
    }

    /// One more, whenever it is. If it has ended already, it stands behind those whose ends are
    /// known: or else whoever goes on adding such would never come to the others.
    pub(super) fn push(&mut self, future: W) {
        if let Some(place) = self.add(future) {
            let _ = self.stream.send(place);
        }
    }

    /// Adds it, and returns its place if it has ended already and will not tell.
    fn add(&mut self, future: W) -> Option<usize> {
        let place = self.places.total();
        let will_tell = future.watched().end.subscribe(self.subscriber(place));
        if let Some(roll) = &self.roll {
            roll.add(place, future.watched().sought());
        }
        if witness::may_be_any() {
            self.keep_witness(place, &future);
        }
        self.places.add(future);
        (!will_tell).then_some(place)
    }

    #[cold]
    fn keep_witness(&mut self, place: usize, future: &W) {
        self.witnesses.extend(future.watched().end.witness().map(|witness| (place, witness)));
    }

    /// Waits until there is a [next](Self::take_next) that has ended, at most until `deadline`.
    /// There must be one left to wait for.
    pub(super) fn await_end(&mut self, deadline: Option<Instant>) -> Result<(), Unfinished> {
        debug_assert!(self.places.left() > 0, "nothing is left to wait for");
        while !self.has_end() {
            let inside = is_inside() && !is_over(deadline);
            if inside
                && deadline.is_none()
                && (self.left() == 1 || nobody_can_stand_in())
                && self.run_one_inline()
            {
                continue;
            }
            // What only asks does not go to sleep. An observer may wait for something itself, so it
            // is told before this thread stands among those who wait, and after.
            let witness = self.witnesses.values().next().filter(|_| !is_over(deadline)).cloned();
            tell(witness.as_ref(), Moment::BlockedOnAnyOf(self.left()));
            let place = self.next_place(inside, deadline);
            let by = place.as_ref().ok().and_then(|place| self.witnesses.get(place));
            tell(witness.as_ref(), Moment::Unblocked(by.map(|witness| witness.id())));
            match place {
                Ok(place) => self.line.push_back(place),
                // No worker can come for any of them. Then it had better be this one.
                Err(Unfinished::Deadlock(_)) if self.run_one_inline() => {}
                Err(unfinished) => return Err(unfinished),
            }
        }
        Ok(())
    }

    /// Asleep until one says that it has ended, unless none ever would.
    fn next_place(&mut self, inside: bool, deadline: Option<Instant>) -> Result<usize, Unfinished> {
        let blocked =
            inside.then(|| before_waiting_for_any(self.roll(), deadline.is_some())).transpose();
        let _blocked = blocked.map_err(Unfinished::Deadlock)?;
        // We hold a sender ourselves, so the channel cannot be disconnected: an error means that
        // the time is up.
        receive_until(&self.ends, deadline).map_err(|_| Unfinished::TimedOut)
    }

    /// Runs one of them in this thread, inside the task that waits for them, if one is pending and
    /// that may be.
    fn run_one_inline(&self) -> bool {
        self.places.iter().any(|(_, future)| future.watched().run_inline())
    }

    fn roll(&mut self) -> &Arc<Roll> {
        let places = &self.places;
        self.roll.get_or_insert_with(|| {
            Roll::of(places.iter().map(|(place, future)| (place, future.watched().sought())))
        })
    }

    /// Whether there is a next that has ended. Does not wait.
    pub(super) fn has_end(&mut self) -> bool {
        if self.line.is_empty() {
            self.line.extend(receive_now(&self.ends));
        }
        !self.line.is_empty()
    }

    /// Hands over the next, whose end is known: it has been [awaited](Self::await_end).
    pub(super) fn take_next(&mut self) -> W {
        self.take_next_with_place().1
    }

    /// As [`take_next`](Self::take_next), with the place that it had.
    pub(super) fn take_next_with_place(&mut self) -> (usize, W) {
        let place = self.line.pop_front().expect("its end is known");
        (place, self.take(place).expect("each tells of its end once"))
    }

    /// Hands over the first that was added, of whose end nobody will be told.
    pub(super) fn take_first(&mut self) -> W {
        let (place, future) = self.places.iter().next().expect("something is left");
        future.watched().end.unsubscribe(&self.subscriber(place));
        self.take(place).expect("it is still there")
    }

    fn take(&mut self, place: usize) -> Option<W> {
        if let Some(roll) = &self.roll {
            roll.strike(place);
        }
        self.witnesses.remove(&place);
        self.places.take(place)
    }

    /// Hands over everything that is left, with its place; nobody listens any more.
    pub(super) fn take_rest(&mut self) -> impl Iterator<Item = (usize, W)> + use<W> {
        self.stop_listening();
        self.witnesses.clear();
        self.places.take_all()
    }

    /// What has not been handed over, in the order in which it was added.
    pub(super) fn rest(&self) -> impl Iterator<Item = &W> {
        self.places.iter().map(|(_, future)| future)
    }

    /// How many have not been handed over.
    pub(super) fn left(&self) -> usize {
        self.places.left()
    }

    /// How many there have been.
    pub(super) fn total(&self) -> usize {
        self.places.total()
    }

    fn subscriber(&self, place: usize) -> Subscriber {
        Subscriber { stream: self.stream.clone(), place, observes: self.observes }
    }

    fn stop_listening(&self) {
        // From the back, as who came last is found first.
        for (place, future) in self.places.iter().rev() {
            future.watched().end.unsubscribe(&self.subscriber(place));
        }
    }
}

impl<W: Waitable> Drop for Completions<W> {
    fn drop(&mut self) {
        // One whose drop panics keeps no other from being dropped.
        self.take_rest().for_each(|(_, future)| discard(future));
    }
}
