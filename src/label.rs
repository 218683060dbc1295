//! What is known of a task beside its work: where it was submitted, and its name and stop token if
//! it was given any.
//!
//! Both halves of every task have a copy, and so has the pool while it runs. Every message that
//! names a task says it with the one `Display` here.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::stop::StopToken;

/// It is two words: most tasks were given nothing, and what the others were given is behind a thin
/// pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    given: Option<Arc<Given>>,
    pub(crate) submitted_at: &'static Location<'static>,
}

/// What a task may be given at its submit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Given {
    name: Option<String>,
    stop: Option<StopToken>,
}

/// A name, to be given to any number of tasks.
#[derive(Clone, Debug)]
pub(crate) struct Name(Arc<Given>);

impl Name {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self(Arc::new(Given { name: Some(name.into()), stop: None }))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.name.as_deref().unwrap_or_default()
    }
}

impl Label {
    /// The label of a task that was submitted by whoever calls the caller.
    #[track_caller]
    pub(crate) fn here() -> Self {
        Self { given: None, submitted_at: Location::caller() }
    }

    /// First of all: what else was given would be forgotten.
    pub(crate) fn named(self, name: &Name) -> Self {
        debug_assert!(self.given.is_none(), "a task is named before it is given anything else");
        Self { given: Some(Arc::clone(&name.0)), ..self }
    }

    pub(crate) fn with_stop(self, stop: StopToken) -> Self {
        let name = self.name().map(str::to_owned);
        Self { given: Some(Arc::new(Given { name, stop: Some(stop) })), ..self }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.given.as_ref()?.name.as_deref()
    }

    pub(crate) fn stop(&self) -> Option<&StopToken> {
        self.given.as_ref()?.stop.as_ref()
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "task '{name}' (submitted at {})", self.submitted_at),
            None => write!(f, "task submitted at {}", self.submitted_at),
        }
    }
}
