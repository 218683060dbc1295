//! Where a buffered map's items are handed in: each becomes a task, which waits here until the
//! executor has room for it.
//!
//! Behind it are the map's function and its executor, whose types the reader does not know. It has
//! no lock, and no thread but the reader's comes here.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::Arc;

use crate::error::{CancelReason, Refusal};
use crate::executor::{Patience, Takes};
use crate::future::contain::{catch, discard};
use crate::future::handle::ScopedFuture;
use crate::future::task::{ScopedTask, halves};
use crate::label::Label;

pub(super) trait Desk<'a, Item, T> {
    /// Makes a task of the item, and its future. The task waits here behind those that came before
    /// it.
    fn take_in(&mut self, item: Item) -> ScopedFuture<'a, T>;

    /// Submits the first of the tasks that wait here; there must be one. If it is refused it stays.
    fn submit_one(&mut self, patience: Patience) -> Result<(), Refusal>;

    /// Cancels those that wait here.
    fn cancel_waiting(&mut self, reason: &CancelReason);
}

pub(super) struct Submitting<'w, E, F> {
    executor: E,
    function: Arc<F>,
    label: Label,
    tasks: VecDeque<ScopedTask<'w>>,
}

impl<E, F> Submitting<'_, E, F> {
    pub(super) fn new(executor: E, function: F, label: Label) -> Self {
        Self { executor, function: Arc::new(function), label, tasks: VecDeque::new() }
    }
}

impl<'w: 'a, 'a, E, F, Item, T> Desk<'a, Item, T> for Submitting<'w, E, F>
where
    E: Takes<'w>,
    F: Fn(Item) -> T + Send + Sync + 'w,
    Item: Send + 'w,
    T: Send + 'w,
{
    fn take_in(&mut self, item: Item) -> ScopedFuture<'a, T> {
        let function = Arc::clone(&self.function);
        let work = move || {
            let value = catch(|| function(item));
            // It may be the last to have the function, whose drop is no failure of this item.
            discard(function);
            value.unwrap_or_else(|payload| resume_unwind(payload))
        };
        let (_, task, future) = halves(work, self.label.clone());
        self.tasks.push_back(task);
        future
    }

    fn submit_one(&mut self, patience: Patience) -> Result<(), Refusal> {
        let task = self.tasks.pop_front().expect("one waits here");
        self.executor.take(task, patience).map_err(|refused| {
            let (task, why) = refused.into_parts();
            self.tasks.push_front(task);
            why
        })
    }

    fn cancel_waiting(&mut self, reason: &CancelReason) {
        let tasks: Vec<_> =
            self.tasks.drain(..).filter(|task| task.cancel_pending(reason)).collect();
        for task in tasks {
            task.clear_away();
        }
    }
}
