//! A stream of ends: many futures tell it, in the order in which they end, and one reader listens.
//!
//! A stream of completions *is* a channel: a future that ends sends the place it was given. What has ended before it could
//! subscribe never enters the channel; it goes to the head of the line, in the order given.
//!
//! Whoever stops listening takes every subscription back, so that a long-lived future is not left with the listeners of
//! waits that are long over.

use std::collections::VecDeque;
use std::time::Instant;

use super::waitable::Waitable;
use crate::error::Deadlock;
use crate::future::watchers::Subscriber;
use crate::sync::{Receiver, Sender, receive_now, receive_until, unbounded};

/// What is waited for, each in its place until it is handed over.
pub(crate) struct Completions<W: Waitable> {
    places: Vec<Option<W>>,
    /// How many places are still taken.
    left: usize,
    /// No place before this one is still taken.
    first_left: usize,
    /// Those found done when they were added.
    done_already: VecDeque<usize>,
    stream: Sender<usize>,
    ends: Receiver<usize>,
}

impl<W: Waitable> Completions<W> {
    pub(super) fn of(futures: impl IntoIterator<Item = W>) -> Self {
        let (stream, ends) = unbounded();
        let futures = futures.into_iter();
        let places = Vec::with_capacity(futures.size_hint().0);
        let mut completions =
            Self { places, left: 0, first_left: 0, done_already: VecDeque::new(), stream, ends };
        for future in futures {
            completions.add(future);
        }
        completions
    }

    fn add(&mut self, future: W) {
        let place = self.places.len();
        if !future.watched().0.subscribe(self.subscriber(place)) {
            self.done_already.push_back(place);
        }
        self.places.push(Some(future));
        self.left += 1;
    }

    /// The place of the next future that has ended and was not told of before; waits for it, at most until `deadline`.
    /// `None` if the time is up. There must be one left to wait for.
    ///
    /// # Panics
    ///
    /// If the wait could never end: it has no deadline, and what is left is run by this very thread.
    pub(super) fn next_end(&mut self, deadline: Option<Instant>) -> Option<usize> {
        debug_assert!(self.left > 0, "nothing is left to wait for");
        if let Some(place) = self.done_already.pop_front() {
            return Some(place);
        }
        if let Some(place) = receive_now(&self.ends) {
            return Some(place);
        }
        if deadline.is_none() {
            if let Some(deadlock) = self.deadlock_here() {
                panic!("{deadlock}");
            }
        }
        // We hold a sender ourselves, so the channel cannot be disconnected: an error means that the time is up.
        receive_until(&self.ends, deadline).ok()
    }

    /// Why a wait for the next end would never end, if it would not: all that is left waits for this thread to return.
    fn deadlock_here(&mut self) -> Option<Deadlock> {
        // Those handed over are passed once and for all, so that asking costs nothing worth measuring.
        while self.places.get(self.first_left)?.is_none() {
            self.first_left += 1;
        }
        let mut left =
            self.places[self.first_left..].iter().flatten().map(|future| future.watched().0.deadlock_here());
        let first = left.next()??;
        left.all(|deadlock| deadlock.is_some()).then_some(first)
    }

    /// Hands over what was in this place.
    pub(super) fn take(&mut self, place: usize) -> Option<W> {
        let future = self.places[place].take();
        self.left -= usize::from(future.is_some());
        future
    }

    /// Everything that has not been handed over, with its place; nobody listens any more.
    pub(super) fn into_rest(mut self) -> impl Iterator<Item = (usize, W)> {
        self.stop_listening();
        let places = std::mem::take(&mut self.places);
        places.into_iter().enumerate().filter_map(|(place, future)| Some((place, future?)))
    }

    pub(super) fn left(&self) -> usize {
        self.left
    }

    pub(super) fn total(&self) -> usize {
        self.places.len()
    }

    fn subscriber(&self, place: usize) -> Subscriber {
        Subscriber { stream: self.stream.clone(), place }
    }

    fn stop_listening(&self) {
        // From the back, as who came last is found first.
        for (place, future) in self.places.iter().enumerate().rev() {
            if let Some(future) = future {
                future.watched().0.unsubscribe(&self.subscriber(place));
            }
        }
    }
}

impl<W: Waitable> Drop for Completions<W> {
    fn drop(&mut self) {
        self.stop_listening();
    }
}
