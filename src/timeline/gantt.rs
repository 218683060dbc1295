//! A chart of characters, for a terminal.

use std::fmt;

use super::trace::Trace;

/// A chart of characters, for a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Gantt<'a> {
    trace: &'a Trace,
}

impl<'a> Gantt<'a> {
    /// That of this trace.
    pub fn of(trace: &'a Trace) -> Self {
        Self { trace }
    }
}

impl fmt::Display for Gantt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trace.title())
    }
}
