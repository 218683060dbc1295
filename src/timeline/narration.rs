//! Plain English, a line an event.

use std::fmt;

use super::trace::Trace;

/// Plain English, a line an event.
#[derive(Clone, Copy, Debug)]
pub struct Narration<'a> {
    trace: &'a Trace,
}

impl<'a> Narration<'a> {
    /// That of this trace.
    pub fn of(trace: &'a Trace) -> Self {
        Self { trace }
    }
}

impl fmt::Display for Narration<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trace.title())
    }
}
