//! What a task is called: where it was submitted, and its name if it was given one.
//!
//! Every message that names a task says it with this one `Display`.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// Both halves of every task hold one, so it is two words: the name, if there is one, is behind a thin pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) name: Option<Arc<String>>,
    pub(crate) submitted_at: &'static Location<'static>,
}

impl Label {
    /// The label of a task without a name, submitted by whoever calls the caller.
    #[track_caller]
    pub(crate) fn here() -> Self {
        Self { name: None, submitted_at: Location::caller() }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| name.as_str())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "task '{name}' (submitted at {})", self.submitted_at),
            None => write!(f, "task submitted at {}", self.submitted_at),
        }
    }
}
