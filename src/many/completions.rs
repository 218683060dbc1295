//! A stream of ends: many futures send their place when they end, and one reader receives.
//!
//! A stream of completions *is* a channel. A future that has ended before it could subscribe never
//! enters the channel; it goes to the head of the line, in the order given. The stream may grow while
//! it is read, and what has been handed over leaves nothing behind, so it may grow for ever.
//!
//! Whoever stops listening takes every subscription back, so that a long-lived future is not left
//! with the listeners of waits that are long over.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::places::Places;
use super::waitable::Waitable;
use crate::kernel::error::Unfinished;
use crate::kernel::panics::discard;
use crate::kernel::seams::{Await, BlockedOn, EventKind, has_blocker};
use crate::nesting::blocker::{block_on_any, may_run_inline, nobody_can_stand_in};
use crate::nesting::graph::{AnyOf, Sought};
use crate::sync::{Receiver, Sender, is_over, receive_now, receive_until, unbounded};

/// What is waited for, each in its place until it is handed over.
pub(crate) struct Completions<W: Waitable> {
    places: Places<W>,
    /// The places of those that have ended and have not been handed over, as far as that is known.
    line: VecDeque<usize>,
    stream: Sender<usize>,
    ends: Receiver<usize>,
    observes: bool,
    /// Those that are left, for the graph of waits, from the first wait inside a task on.
    any_of: Option<Arc<AnyOf>>,
    /// The places of those that an observer hears of. The first speaks for a wait for any of them.
    heard: BTreeSet<usize>,
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
            any_of: None,
            heard: BTreeSet::new(),
        }
    }

    pub(crate) fn of_none() -> Self {
        Self::listening(true)
    }

    pub(crate) fn of(futures: impl IntoIterator<Item = W>) -> Self {
        let mut completions = Self::of_none();
        completions.add_all(futures);
        completions
    }

    /// Adds the first ones. The iterator may make them as it goes, so each is listened to as soon
    /// as it comes.
    pub(crate) fn add_all(&mut self, futures: impl IntoIterator<Item = W>) {
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
    pub(crate) fn of_map(futures: Vec<W>) -> Self {
        let mut completions = Self::listening(false);
        let is_done = |future: &W| future.watched().0.status().is_done();
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
    pub(crate) fn push(&mut self, future: W) {
        if let Some(place) = self.add(future) {
            let _ = self.stream.send(place);
        }
    }

    /// Adds it, and returns its place if it has ended already and will not tell.
    fn add(&mut self, future: W) -> Option<usize> {
        let place = self.places.total();
        let cell = future.watched().0;
        let will_tell = cell.subscribe(&self.stream, place, self.observes);
        if let Some(any_of) = &self.any_of {
            any_of.add(place, Sought::of(cell));
        }
        if cell.task_id().is_some() {
            self.heard.insert(place);
        }
        self.places.add(future);
        (!will_tell).then_some(place)
    }

    /// Waits until there is a [next](Self::take_next) that has ended, at most until `deadline`.
    /// There must be one left to wait for.
    pub(crate) fn await_end(&mut self, deadline: Option<Instant>) -> Result<(), Unfinished> {
        debug_assert!(self.places.left() > 0, "nothing is left to wait for");
        while !self.has_end() {
            let inside = has_blocker() && !is_over(deadline);
            let had_better_run = self.left() == 1 || nobody_can_stand_in();
            if inside && deadline.is_none() && had_better_run && self.run_one_inline() {
                continue;
            }
            match self.receive_heard(inside, deadline) {
                Ok(place) => self.line.push_back(place),
                // No worker can come for any of them. Then it had better be this one.
                Err(Unfinished::Deadlock(_)) if self.run_one_inline() => {}
                Err(unfinished) => return Err(unfinished),
            }
        }
        Ok(())
    }

    /// Receives the next place, between two events if somebody listens.
    fn receive_heard(
        &mut self,
        inside: bool,
        deadline: Option<Instant>,
    ) -> Result<usize, Unfinished> {
        // Who speaks for this wait has to be the same before and after; a look does not sleep.
        let speaker = self.heard.first().copied().filter(|_| !is_over(deadline));
        let blocked = EventKind::Blocked(BlockedOn::AnyOf(self.left()));
        self.tell(speaker, &blocked);
        let place = self.receive(inside, deadline);
        let ended = place.as_ref().ok().and_then(|place| self.places.get(*place));
        let by = ended.and_then(|future| future.watched().0.task_id());
        self.tell(speaker, &EventKind::Unblocked { by });
        place
    }

    fn tell(&self, speaker: Option<usize>, step: &EventKind) {
        if let Some(future) = speaker.and_then(|place| self.places.get(place)) {
            future.watched().0.tell(step);
        }
    }

    /// Sleeps until one says that it has ended, unless none ever would.
    fn receive(&mut self, inside: bool, deadline: Option<Instant>) -> Result<usize, Unfinished> {
        let timed = deadline.is_some();
        let blocked = inside.then(|| block_on_any(self.any_of(), timed)).transpose();
        let _blocked = blocked.map_err(Unfinished::Deadlock)?;
        // This holds a sender itself, so an error means that the time is up.
        receive_until(&self.ends, deadline).map_err(|_| Unfinished::TimedOut)
    }

    /// Runs one of them in this thread, inside the task that waits, if one is pending and may be.
    fn run_one_inline(&self) -> bool {
        let run = |future: &W| may_run_inline(future.watched().0.home()) && future.run_inline();
        self.places.iter().any(|(_, future)| run(future))
    }

    fn any_of(&mut self) -> &Arc<AnyOf> {
        let places = &self.places;
        self.any_of.get_or_insert_with(|| {
            AnyOf::new(places.iter().map(|(place, future)| (place, Sought::of(future.watched().0))))
        })
    }

    /// Returns `true` if there is a next that has ended. Does not wait.
    pub(crate) fn has_end(&mut self) -> bool {
        if self.line.is_empty() {
            self.line.extend(receive_now(&self.ends));
        }
        !self.line.is_empty()
    }

    /// Hands over the next, whose end is known: it has been [awaited](Self::await_end).
    pub(crate) fn take_next(&mut self) -> W {
        self.take_next_with_place().1
    }

    /// As [`take_next`](Self::take_next), with the place that it had.
    pub(crate) fn take_next_with_place(&mut self) -> (usize, W) {
        let place = self.line.pop_front().expect("its end is known");
        (place, self.take(place).expect("each tells of its end once"))
    }

    /// Hands over the first that was added, of whose end nobody will be told.
    pub(crate) fn take_first(&mut self) -> W {
        let (place, future) = self.places.iter().next().expect("something is left");
        future.watched().0.unsubscribe(&self.stream, place);
        self.take(place).expect("it is still there")
    }

    fn take(&mut self, place: usize) -> Option<W> {
        self.heard.remove(&place);
        let future = self.places.take(place)?;
        self.forget(place, future.watched().0);
        Some(future)
    }

    fn forget(&self, place: usize, cell: &dyn Await) {
        if let Some(sought) = self.any_of.as_ref().and_then(|any_of| any_of.remove(place)) {
            cell.unwatch(&sought.listener());
        }
    }

    /// Hands over everything that is left, with its place; nobody listens any more.
    pub(crate) fn take_rest(&mut self) -> impl Iterator<Item = (usize, W)> + use<W> {
        // From the back, as who came last is found first.
        for (place, future) in self.places.iter().rev() {
            future.watched().0.unsubscribe(&self.stream, place);
            self.forget(place, future.watched().0);
        }
        self.heard.clear();
        self.places.take_all()
    }

    /// What has not been handed over, in the order in which it was added.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &W> {
        self.places.iter().map(|(_, future)| future)
    }

    /// Number of those that have not been handed over.
    pub(crate) fn left(&self) -> usize {
        self.places.left()
    }

    /// Number of those that there have been.
    pub(crate) fn total(&self) -> usize {
        self.places.total()
    }
}

impl<W: Waitable> Drop for Completions<W> {
    fn drop(&mut self) {
        // One whose drop panics keeps no other from being dropped.
        self.take_rest().for_each(|(_, future)| discard(future));
    }
}
