//! What a task carries beside its work: where it was submitted, and what its handle gave it.

use std::panic::Location;
use std::sync::Arc;

use super::panics::Label;
use super::queue::Queue;
use super::seams::StopHook;

/// Two words a task.
pub(crate) struct TaskMeta<'a> {
    pub(crate) submitted_at: &'static Location<'static>,
    pub(crate) common: Option<Arc<Common<'a>>>,
}

/// What all tasks of one handle have in common.
///
/// The alignment keeps it off the cache line of its own reference count, which each submit changes
/// while workers read what is here.
#[repr(align(64))]
#[derive(Clone, Default)]
pub(crate) struct Common<'a> {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) stop: Option<StopHook>,
    /// The queue that the task leaves when it is cancelled or run inline.
    pub(crate) home: Option<Arc<Queue<'a>>>,
}

impl<'a> TaskMeta<'a> {
    /// The meta of a task that is submitted by whoever calls the caller, without a handle.
    #[track_caller]
    pub(crate) fn here() -> Self {
        Self { submitted_at: Location::caller(), common: None }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.common.as_ref()?.name.as_deref()
    }

    pub(crate) fn stop(&self) -> Option<&StopHook> {
        self.common.as_ref()?.stop.as_ref()
    }

    pub(crate) fn home(&self) -> Option<&Arc<Queue<'a>>> {
        self.common.as_ref()?.home.as_ref()
    }

    pub(crate) fn label(&self) -> Label {
        let name = self.common.as_ref().and_then(|common| common.name.clone());
        Label { name, submitted_at: self.submitted_at }
    }
}
