//! A stream of ends: many futures tell it, in the order in which they end, and one reader listens.
//!
//! A stream of completions *is* a channel: a future that ends sends the place it was given. What has ended before it could
//! subscribe never enters the channel; it goes to the head of the line, in the order given.
//!
//! The stream may grow while it is read. What has been handed over leaves nothing behind, so it may grow for ever.
//!
//! Whoever stops listening takes every subscription back, so that a long-lived future is not left with the listeners of
//! waits that are long over.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::waitable::Waitable;
use crate::error::Deadlock;
use crate::future::shared::Unfinished;
use crate::future::watchers::Subscriber;
use crate::sync::{Receiver, Sender, receive_now, receive_until, unbounded};

/// What is waited for, each in its place until it is handed over.
pub(crate) struct Completions<W: Waitable> {
    places: BTreeMap<usize, W>,
    /// The place of the next to be added.
    next_place: usize,
    /// Whose ends are known, and who have not been handed over.
    line: VecDeque<usize>,
    stream: Sender<usize>,
    ends: Receiver<usize>,
    looks: bool,
}

impl<W: Waitable> Completions<W> {
    pub(super) fn of(futures: impl IntoIterator<Item = W>) -> Self {
        Self::listening(futures, true)
    }

    /// A stream that is not how its reader *looks* at the futures: if one has panicked and is never handed over, nobody has noticed.
    pub(super) fn without_looking(futures: impl IntoIterator<Item = W>) -> Self {
        Self::listening(futures, false)
    }

    fn listening(futures: impl IntoIterator<Item = W>, looks: bool) -> Self {
        let (stream, ends) = unbounded();
        let (places, line) = (BTreeMap::new(), VecDeque::new());
        let mut completions = Self { places, next_place: 0, line, stream, ends, looks };
        for future in futures {
            if let Some(place) = completions.add(future) {
                completions.line.push_back(place);
            }
        }
        completions
    }

    /// One more, whenever it is. If it has ended already, it stands behind those whose ends are known: or else whoever goes
    /// on adding such would never come to the others.
    pub(super) fn push(&mut self, future: W) {
        if let Some(place) = self.add(future) {
            let _ = self.stream.send(place);
        }
    }

    /// Adds it, and returns its place if it has ended already and will not tell.
    fn add(&mut self, future: W) -> Option<usize> {
        let place = self.next_place;
        self.next_place += 1;
        let will_tell = future.watched().end.subscribe(self.subscriber(place));
        self.places.insert(place, future);
        (!will_tell).then_some(place)
    }

    /// Waits until there is a [next](Self::take_next) that has ended, at most until `deadline`. There must be one left to wait for.
    pub(super) fn await_end(&mut self, deadline: Option<Instant>) -> Result<(), Unfinished> {
        debug_assert!(!self.places.is_empty(), "nothing is left to wait for");
        if self.has_end() {
            return Ok(());
        }
        if deadline.is_none() && self.all_run_here() {
            return Err(Unfinished::OnItself);
        }
        // We hold a sender ourselves, so the channel cannot be disconnected: an error means that the time is up.
        let place = receive_until(&self.ends, deadline).map_err(|_| Unfinished::TimedOut)?;
        self.line.push_back(place);
        Ok(())
    }

    /// Whether there is a next that has ended. Does not wait.
    pub(super) fn has_end(&mut self) -> bool {
        if self.line.is_empty() {
            self.line.extend(receive_now(&self.ends));
        }
        !self.line.is_empty()
    }

    /// Hands over the next that has ended; if none has, the first that was added.
    pub(super) fn take_next(&mut self) -> Option<W> {
        self.take_next_with_place().map(|(_, future)| future)
    }

    /// As [`take_next`](Self::take_next), with the place that it had.
    pub(super) fn take_next_with_place(&mut self) -> Option<(usize, W)> {
        if let Some(place) = self.line.pop_front() {
            return self.places.remove_entry(&place);
        }
        let (place, future) = self.places.pop_first()?;
        future.watched().end.unsubscribe(&self.subscriber(place));
        Some((place, future))
    }

    /// Whether a wait for the next end would never end: all that is left waits for this very thread to return.
    fn all_run_here(&self) -> bool {
        self.places.values().all(|future| future.watched().end.runs_here())
    }

    /// What is wrong if it is so.
    pub(super) fn deadlock(&self) -> Deadlock {
        let first = self.places.values().next().expect("something is left to wait for");
        first.watched().deadlock()
    }

    /// Hands over everything that is left, with its place; nobody listens any more.
    pub(super) fn take_rest(&mut self) -> BTreeMap<usize, W> {
        self.stop_listening();
        std::mem::take(&mut self.places)
    }

    /// What has not been handed over, in the order in which it was added.
    pub(super) fn left(&self) -> impl ExactSizeIterator<Item = &W> {
        self.places.values()
    }

    /// How many there have been.
    pub(super) fn total(&self) -> usize {
        self.next_place
    }

    fn subscriber(&self, place: usize) -> Subscriber {
        Subscriber { stream: self.stream.clone(), place, looks: self.looks }
    }

    fn stop_listening(&self) {
        // From the back, as who came last is found first.
        for (&place, future) in self.places.iter().rev() {
            future.watched().end.unsubscribe(&self.subscriber(place));
        }
    }
}

impl<W: Waitable> Drop for Completions<W> {
    fn drop(&mut self) {
        self.stop_listening();
    }
}
