//! Everyone who wants to be told of a task, in one list.
//!
//! A callback runs before the task is done, with the outcome lent to it. A channel, a thread and a
//! waker are told when the task is done. A [`Listener`] hears every step. Each may be taken back
//! before, and then leaves nothing behind.
//!
//! The list knows no lock: the [`Cell`](super::cell::Cell) holds one around it. A channel is told
//! under that lock, which runs nobody's code and does not block; so if one task is seen done before
//! another ends, each channel has their ends in that order. Callbacks, wakers and threads are taken
//! out under the lock, and called after it.

use std::sync::Arc;

use super::error::TaskError;
use super::panics::contain;
use super::queue::Queue;
use super::seams::{Listener, Told};
use super::state::Outcome;

/// Is called once with the outcome, which is lent as `Future::result` lends it.
pub(crate) type Callback<T> = Box<dyn FnOnce(Result<&T, TaskError>) + Send>;

pub(crate) enum Waiter<'a, W, T> {
    Callback(Callback<T>),
    Told(Told),
    Listener(Arc<dyn Listener + 'a>),
    /// The queue of a task that was made before a pool took it.
    Home(Arc<Queue<'a>>),
    /// The work of a cancelled task, until `finish_cancel` drops it; and then its place, as long as
    /// callbacks that come late are still run by `finish_cancel`.
    CancelledWork(Option<W>),
}

/// The waiters of one task. Most tasks have none, and then this is a null pointer.
pub(crate) struct Waiters<'a, W, T>(Option<Box<List<'a, W, T>>>);

/// The first waiter needs no second allocation.
struct List<'a, W, T> {
    first: Waiter<'a, W, T>,
    rest: Vec<Waiter<'a, W, T>>,
}

impl<'a, W, T> Waiters<'a, W, T> {
    pub(super) fn none() -> Self {
        Self(None)
    }

    pub(super) fn is_none(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn add(&mut self, waiter: Waiter<'a, W, T>) {
        match &mut self.0 {
            Some(list) => list.rest.push(waiter),
            None => self.0 = Some(Box::new(List { first: waiter, rest: Vec::new() })),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiter<'a, W, T>> {
        self.0.iter().flat_map(|list| std::iter::once(&list.first).chain(&list.rest))
    }

    /// Takes out the waiter that was added last of those that `is` accepts.
    pub(super) fn remove(
        &mut self,
        is: impl Fn(&Waiter<'a, W, T>) -> bool,
    ) -> Option<Waiter<'a, W, T>> {
        let list = self.0.as_mut()?;
        if let Some(at) = list.rest.iter().rposition(&is) {
            return Some(list.rest.remove(at));
        }
        if !is(&list.first) {
            return None;
        }
        if list.rest.is_empty() {
            return self.0.take().map(|list| list.first);
        }
        let second = list.rest.remove(0);
        Some(std::mem::replace(&mut list.first, second))
    }

    /// Takes out all waiters that `are` accepts, in the order in which they were added.
    pub(super) fn take(
        &mut self,
        are: impl Fn(&Waiter<'a, W, T>) -> bool,
    ) -> Vec<Waiter<'a, W, T>> {
        let mut taken = Vec::new();
        if let Some(list) = self.0.take() {
            let List { first, rest } = *list;
            for waiter in std::iter::once(first).chain(rest) {
                if are(&waiter) {
                    taken.push(waiter);
                } else {
                    self.add(waiter);
                }
            }
        }
        taken
    }

    /// Tells the channels that the task is done. Returns the threads, and if asked the wakers,
    /// which are to be woken without the lock. Callbacks and listeners stay.
    pub(super) fn tell_channels(&mut self, take_wakers: bool) -> Vec<Told> {
        let mut to_wake = Vec::new();
        if let Some(list) = self.0.take() {
            let List { first, rest } = *list;
            for waiter in std::iter::once(first).chain(rest) {
                match waiter {
                    // An error means that the reader has gone, and nobody is left to tell.
                    Waiter::Told(Told::Channel(channel, place)) => drop(channel.send(place)),
                    Waiter::Told(thread @ Told::Thread(_)) => to_wake.push(thread),
                    Waiter::Told(waker) if take_wakers => to_wake.push(waker),
                    other => self.add(other),
                }
            }
        }
        to_wake
    }
}

/// Wakes threads, and runs wakers; a waker that panics harms nobody.
pub(super) fn wake_all(waiters: Vec<Told>) {
    for waiter in waiters {
        match waiter {
            Told::Thread(parker) => parker.wake(),
            Told::Waker(_, waker) => contain(|| waker.wake()),
            Told::Channel(..) => {}
        }
    }
}

/// Lends an outcome to a reader: the value borrowed, the error cloned.
pub(crate) fn lend<T>(outcome: &Outcome<T>) -> Result<&T, TaskError> {
    outcome.as_ref().map_err(TaskError::clone)
}
