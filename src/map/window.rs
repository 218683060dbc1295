//! What a buffered map has submitted and not handed over.
//!
//! The futures leave in the order in which they came: then all are in the line. Or they leave as
//! they end: then all are among the ends. How many there should be is not known here.

use std::collections::VecDeque;
use std::mem::take;
use std::sync::Arc;
use std::time::Instant;

use crate::kernel::error::Unfinished;
use crate::kernel::future::ScopedFuture;
use crate::many::completions::Completions;
use crate::sync::Parker;

pub(super) struct Window<'a, T> {
    in_order: bool,
    line: VecDeque<ScopedFuture<'a, T>>,
    ends: Completions<ScopedFuture<'a, T>>,
}

impl<'a, T> Window<'a, T> {
    pub(super) fn empty() -> Self {
        Self { in_order: true, line: VecDeque::new(), ends: Completions::of_map(Vec::new()) }
    }

    /// Has the futures leave as they end. Those that have ended leave first, in the order in which
    /// they came.
    pub(super) fn forget_the_order(&mut self) {
        if take(&mut self.in_order) {
            self.ends = Completions::of_map(take(&mut self.line).into());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.line.len() + self.ends.left()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ScopedFuture<'a, T>> {
        self.line.iter().chain(self.ends.rest())
    }

    pub(super) fn add(&mut self, future: ScopedFuture<'a, T>) {
        if self.in_order { self.line.push_back(future) } else { self.ends.push(future) }
    }

    /// Returns `true` if the next future has ended. Does not wait.
    pub(super) fn has_end(&mut self) -> bool {
        self.line.front().map_or_else(|| self.ends.has_end(), ScopedFuture::done)
    }

    /// Waits until the next future has ended. There must be one.
    pub(super) fn await_end(&mut self, deadline: Option<Instant>) -> Result<(), Unfinished> {
        match self.line.front() {
            Some(next) => next.wait_until(deadline),
            None => self.ends.await_end(deadline),
        }
    }

    /// Has the parker woken when the next future has ended.
    pub(super) fn add_parker(&self, parker: &Arc<Parker>) {
        for future in self.line.front().into_iter().chain(self.ends.rest()) {
            if !future.as_await().add_parker(parker) {
                parker.wake();
            }
        }
    }

    pub(super) fn remove_parker(&self, parker: &Arc<Parker>) {
        self.iter().for_each(|future| future.as_await().remove_parker(parker));
    }

    /// Takes the next future, which has ended.
    pub(super) fn take_next(&mut self) -> ScopedFuture<'a, T> {
        self.line.pop_front().unwrap_or_else(|| self.ends.take_next())
    }

    /// Takes the first future that came, ended or not.
    pub(super) fn take_first(&mut self) -> ScopedFuture<'a, T> {
        self.line.pop_front().unwrap_or_else(|| self.ends.take_first())
    }

    pub(super) fn take_all(&mut self) -> impl Iterator<Item = ScopedFuture<'a, T>> + use<'a, T> {
        take(&mut self.line).into_iter().chain(self.ends.take_rest().map(|(_, future)| future))
    }
}
