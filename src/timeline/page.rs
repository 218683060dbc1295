//! One page that plays the run again, offline.

use std::fmt;

use super::trace::Trace;

/// One page that plays the run again, offline.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    trace: &'a Trace,
}

impl<'a> Page<'a> {
    /// That of this trace.
    pub fn of(trace: &'a Trace) -> Self {
        Self { trace }
    }
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trace.title())
    }
}
