//! What a buffered map has submitted and not handed over.
//!
//! They leave in the order in which they came, or as they end. How many there should be is not
//! known here.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::kernel::error::Unfinished;
use crate::kernel::future::ScopedFuture;
use crate::many::completions::Completions;
use crate::sync::Parker;

pub(super) enum Window<'a, T> {
    InOrder(VecDeque<ScopedFuture<'a, T>>),
    AsTheyEnd(Box<Completions<ScopedFuture<'a, T>>>),
}

impl<'a, T> Window<'a, T> {
    pub(super) fn empty() -> Self {
        Self::InOrder(VecDeque::new())
    }

    /// From now on they leave as they end. Those that have ended leave first, in the order in which
    /// they came.
    pub(super) fn forget_the_order(&mut self) {
        if let Self::InOrder(futures) = self {
            let ends = Completions::of_map(std::mem::take(futures).into());
            *self = Self::AsTheyEnd(Box::new(ends));
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::InOrder(futures) => futures.len(),
            Self::AsTheyEnd(completions) => completions.left(),
        }
    }

    pub(super) fn add(&mut self, future: ScopedFuture<'a, T>) {
        match self {
            Self::InOrder(futures) => futures.push_back(future),
            Self::AsTheyEnd(completions) => completions.push(future),
        }
    }

    /// Whether the next is there already. Does not wait.
    pub(super) fn has_end(&mut self) -> bool {
        match self {
            Self::InOrder(futures) => futures.front().is_some_and(ScopedFuture::done),
            Self::AsTheyEnd(completions) => completions.has_end(),
        }
    }

    /// Waits until the next is there. There must be one.
    pub(super) fn await_end(&mut self, deadline: Option<Instant>) -> Result<(), Unfinished> {
        match self {
            Self::InOrder(futures) => {
                futures.front().map_or(Ok(()), |next| next.wait_until(deadline))
            }
            Self::AsTheyEnd(completions) => completions.await_end(deadline),
        }
    }

    /// Has the parker woken when the next is there.
    pub(super) fn add_parker(&self, parker: &Arc<Parker>) {
        let add = |future: &ScopedFuture<'a, T>| {
            if !future.as_await().add_parker(parker) {
                parker.wake();
            }
        };
        match self {
            Self::InOrder(futures) => futures.front().into_iter().for_each(add),
            Self::AsTheyEnd(completions) => completions.rest().for_each(add),
        }
    }

    pub(super) fn remove_parker(&self, parker: &Arc<Parker>) {
        self.iter().for_each(|future| future.as_await().remove_parker(parker));
    }

    /// The next, which is there.
    pub(super) fn take_next(&mut self) -> ScopedFuture<'a, T> {
        match self {
            Self::InOrder(futures) => futures.pop_front().expect("the next is there"),
            Self::AsTheyEnd(completions) => completions.take_next(),
        }
    }

    /// The first that came, there or not.
    pub(super) fn take_first(&mut self) -> ScopedFuture<'a, T> {
        match self {
            Self::InOrder(futures) => futures.pop_front().expect("there is one"),
            Self::AsTheyEnd(completions) => completions.take_first(),
        }
    }

    pub(super) fn take_all(&mut self) -> Vec<ScopedFuture<'a, T>> {
        match self {
            Self::InOrder(futures) => std::mem::take(futures).into(),
            Self::AsTheyEnd(completions) => {
                completions.take_rest().map(|(_, future)| future).collect()
            }
        }
    }

    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = &ScopedFuture<'a, T>> + '_> {
        match self {
            Self::InOrder(futures) => Box::new(futures.iter()),
            Self::AsTheyEnd(completions) => Box::new(completions.rest()),
        }
    }
}
