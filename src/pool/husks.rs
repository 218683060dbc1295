//! What was cancelled, and is still to be dropped and called back.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::future::contain::contain;
use crate::future::task::{Runnable, ScopedTask};

/// Whoever holds this owes a [`clear_away`](Self::clear_away), with no lock held: it runs user
/// code.
#[must_use]
pub(super) struct Husks<'a> {
    pub(super) waiting: VecDeque<ScopedTask<'a>>,
    pub(super) in_hand: Vec<Arc<dyn Runnable + 'a>>,
    /// Too late for these, but this may be the last to hold them.
    pub(super) begun: Vec<Arc<dyn Runnable + 'a>>,
}

impl Husks<'_> {
    pub(super) fn none() -> Self {
        Self { waiting: VecDeque::new(), in_hand: Vec::new(), begun: Vec::new() }
    }

    /// Whether anything was cancelled.
    pub(super) fn are_any(&self) -> bool {
        !self.waiting.is_empty() || !self.in_hand.is_empty()
    }

    pub(super) fn clear_away(self) {
        for task in &self.waiting {
            task.ring();
        }
        for task in self.waiting {
            task.clear_away();
        }
        for task in self.in_hand {
            contain(move || task.clear_away());
        }
        for task in self.begun {
            contain(move || drop(task));
        }
    }
}
