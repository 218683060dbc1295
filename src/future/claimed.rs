//! A task that has been claimed and not begun, because somebody else has to be told of the claim
//! first.

use std::sync::Arc;

use super::contain::{contain, discard, outcome_of};
use super::shared::Shared;
use super::state::{Ending, Status};
use super::watchers::Watchable;
use super::witness::{Moment, tell};
use crate::error::{Broken, TaskError};
use crate::label::Label;
use crate::nesting::whereabouts::Home;

/// Work that has been claimed and not begun: it is either run or lost.
pub(crate) trait ClaimedWork {
    fn run(self: Box<Self>, label: &Label) -> Ending;

    /// The worker that claimed it will not run it; the cause, if it is known.
    fn lose(self: Box<Self>, cause: Option<&Broken>);
}

impl<F, T> ClaimedWork for (Arc<Shared<F, T, Home>>, F)
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn run(self: Box<Self>, label: &Label) -> Ending {
        let (shared, work) = *self;
        tell(shared.witness().as_ref(), Moment::Started);
        shared.complete(outcome_of(work, label))
    }

    fn lose(self: Box<Self>, cause: Option<&Broken>) {
        let (shared, work) = *self;
        discard(work);
        shared.complete(Err(TaskError::Lost(cause.cloned())));
    }
}

/// A task that this thread has claimed and not begun. Dropping it loses it.
pub(crate) struct Claimed<'a> {
    /// `None` once it has been run or lost.
    pub(super) work: Option<Box<dyn ClaimedWork + 'a>>,
    pub(super) label: Label,
}

impl Claimed<'_> {
    pub(crate) fn run(mut self) -> Status {
        let mut status = Status::Finished(Ending::Lost);
        if let Some(work) = self.work.take() {
            contain(|| status = Status::Finished(work.run(&self.label)));
        }
        status
    }

    pub(crate) fn lose(mut self, cause: &Broken) {
        if let Some(work) = self.work.take() {
            contain(|| work.lose(Some(cause)));
        }
    }
}

impl Drop for Claimed<'_> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            contain(|| work.lose(None));
        }
    }
}
