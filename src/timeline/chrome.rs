//! A file for Perfetto.

use std::fmt;

use super::trace::Trace;

/// A file for Perfetto.
#[derive(Clone, Copy, Debug)]
pub struct ChromeTrace<'a> {
    trace: &'a Trace,
}

impl<'a> ChromeTrace<'a> {
    /// That of this trace.
    pub fn of(trace: &'a Trace) -> Self {
        Self { trace }
    }
}

impl fmt::Display for ChromeTrace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trace.title())
    }
}
