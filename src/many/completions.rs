//! A stream of ends: futures send their place when they end, and one reader receives the places.
//!
//! The stream is a channel. A future that has ended before it could subscribe does not enter the
//! channel; its place goes to the head of the line, in the order given. The stream may grow while
//! it is read, and what has been handed over leaves nothing behind, so it may grow without end.
//!
//! A reader that stops takes its subscriptions back: a future that lives long is not left with the
//! subscriptions of waits that are over.

use std::collections::{BTreeSet, VecDeque};
use std::iter;
use std::sync::Arc;
use std::time::Instant;

use super::places::Places;
use super::waitable::Waitable;
use crate::kernel::error::Unfinished;
use crate::kernel::event::{BlockedOn, EventKind};
use crate::kernel::panics::discard;
use crate::kernel::seams::{Await, has_blocker};
use crate::nesting::blocker::{block_on_any, may_run_inline, nobody_can_stand_in};
use crate::nesting::graph::{AnyOf, Sought};
use crate::sync::{Receiver, Sender, is_over, receive_now, receive_until, unbounded};

/// Futures that are waited for, each in its place until it is handed over.
pub(crate) struct Completions<W: Waitable> {
    places: Places<W>,
    /// Places that are known to have ended and are to be handed over, the next one first.
    line: VecDeque<usize>,
    stream: Sender<usize>,
    ends: Receiver<usize>,
    /// Waiting is looking: a panic is the reader's to notice.
    observes: bool,
    /// What is left, for the graph of waits, from the first wait inside a task on.
    any_of: Option<Arc<AnyOf>>,
    /// Places that an observer hears of. The first one speaks for a wait for any of them.
    heard: BTreeSet<usize>,
}

impl<W: Waitable> Completions<W> {
    pub(crate) fn new(observes: bool) -> Self {
        let (stream, ends) = unbounded();
        let (places, line, heard) = (Places::new(), VecDeque::new(), BTreeSet::new());
        Self { places, line, stream, ends, observes, any_of: None, heard }
    }

    pub(crate) fn of(futures: impl IntoIterator<Item = W>) -> Self {
        let mut completions = Self::new(true);
        completions.add_all(futures);
        completions
    }

    /// Adds the first futures. The iterator may submit them as it goes, so each is subscribed to
    /// before the next one is asked for.
    pub(crate) fn add_all(&mut self, futures: impl IntoIterator<Item = W>) {
        for future in futures {
            let ended = self.add(future);
            self.line.extend(ended);
        }
    }

    /// Makes a stream of the items of a map, which waits in order to hand them over. That is not
    /// looking at them: an item that panicked and is not handed over stays unobserved.
    pub(crate) fn of_map(futures: Vec<W>) -> Self {
        let mut completions = Self::new(false);
        // From the back: when an item is found done, those before it that are not done yet will
        // have ended later. So the items of a single worker come in their order.
        let is_done = |future: &W| future.watched().0.status().is_done();
        let (done, others): (Vec<_>, Vec<_>) = futures.into_iter().rev().partition(is_done);
        completions.add_all(done.into_iter().rev());
        others.into_iter().rev().for_each(|future| completions.push(future));
        completions
    }

    /// Adds a future at any time.
    pub(crate) fn push(&mut self, future: W) {
        if let Some(ended) = self.add(future) {
            // Behind the known ends: a reader that adds ended futures still gets to the others.
            let _ = self.stream.send(ended);
        }
    }

    /// Adds a future. Returns its place if it has ended already and will not tell.
    fn add(&mut self, future: W) -> Option<usize> {
        let place = self.places.total;
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
    /// Something must be left to wait for.
    pub(crate) fn await_end(&mut self, deadline: Option<Instant>) -> Result<(), Unfinished> {
        debug_assert!(self.left() > 0, "nothing is left to wait for");
        while !self.has_end() {
            let inside = has_blocker() && !is_over(deadline);
            let run_inline = inside && deadline.is_none();
            let run_inline = run_inline && (self.left() == 1 || nobody_can_stand_in());
            if run_inline && self.run_one_inline() {
                continue;
            }
            match self.receive(inside, deadline) {
                Ok(place) => self.line.push_back(place),
                // No worker can come for any of them, so this thread runs one if it may.
                Err(Unfinished::Deadlock(_)) if self.run_one_inline() => {}
                Err(unfinished) => return Err(unfinished),
            }
        }
        Ok(())
    }

    /// Receives the next place, between two events if somebody listens.
    fn receive(&mut self, inside: bool, deadline: Option<Instant>) -> Result<usize, Unfinished> {
        // One task speaks for this wait before and after. A look does not sleep, so it is not told.
        let speaker = self.heard.first().copied().filter(|_| !is_over(deadline));
        self.tell(speaker, &EventKind::Blocked(BlockedOn::AnyOf(self.left())));
        let place = self.sleep(inside, deadline);
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

    /// Sleeps until a future says that it has ended, unless none ever would.
    fn sleep(&mut self, inside: bool, deadline: Option<Instant>) -> Result<usize, Unfinished> {
        let timed = deadline.is_some();
        let blocked = inside.then(|| block_on_any(self.any_of(), timed)).transpose();
        let _blocked = blocked.map_err(Unfinished::Deadlock)?;
        // The stream has a sender of its own, so an error means that the time is up.
        receive_until(&self.ends, deadline).map_err(|_| Unfinished::TimedOut)
    }

    /// Runs one pending task in this thread, inside the task that waits, if that is allowed.
    fn run_one_inline(&self) -> bool {
        self.rest().any(|future| may_run_inline(future.watched().0.home()) && future.run_inline())
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

    /// Hands over the next future. It must have been [awaited](Self::await_end).
    pub(crate) fn take_next(&mut self) -> W {
        self.take_next_with_place().1
    }

    /// As [`take_next`](Self::take_next), with the place that the future had.
    pub(crate) fn take_next_with_place(&mut self) -> (usize, W) {
        let place = self.line.pop_front().expect("its end is known");
        (place, self.take(place).expect("each tells of its end once"))
    }

    /// Hands over the first future that was added, ended or not.
    pub(crate) fn take_first(&mut self) -> W {
        let (place, future) = self.places.iter().next().expect("something is left");
        future.watched().0.unsubscribe(&self.stream, place);
        // It may have told of its end just before.
        self.line.extend(iter::from_fn(|| receive_now(&self.ends)));
        self.line.retain(|ended| *ended != place);
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

    /// Hands over everything that is left, with its place, and takes the subscriptions back.
    pub(crate) fn take_rest(&mut self) -> impl Iterator<Item = (usize, W)> + use<W> {
        // From the back, as a waiter that was added last is found first.
        for (place, future) in self.places.iter().rev() {
            future.watched().0.unsubscribe(&self.stream, place);
            self.forget(place, future.watched().0);
        }
        self.heard.clear();
        self.places.take_all()
    }

    /// Returns what has not been handed over, in the order in which it was added.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &W> {
        self.places.iter().map(|(_, future)| future)
    }

    /// Number of futures that have not been handed over.
    pub(crate) fn left(&self) -> usize {
        self.places.left
    }

    /// Number of futures that were added.
    pub(crate) fn total(&self) -> usize {
        self.places.total
    }
}

impl<W: Waitable> Drop for Completions<W> {
    fn drop(&mut self) {
        // A drop that panics does not keep the others from being dropped.
        self.take_rest().for_each(|(_, future)| discard(future));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task;

    /// The end of the first future is in the channel when the future is taken.
    #[test]
    fn a_first_future_that_has_just_ended_is_handed_over_once() {
        let ((first_task, first), (second_task, second)) = (task(|| 1), task(|| 2));
        let mut completions = Completions::of([first, second]);
        first_task.run();
        assert_eq!(completions.take_first().into_result().unwrap(), 1);
        second_task.run();
        completions.await_end(None).unwrap();
        assert_eq!(completions.take_next().into_result().unwrap(), 2);
        assert_eq!(completions.left(), 0);
    }
}
