//! One picture, for a page or for paper.

use std::fmt;

use super::trace::Trace;

/// One picture, for a page or for paper.
#[derive(Clone, Copy, Debug)]
pub struct Svg<'a> {
    trace: &'a Trace,
}

impl<'a> Svg<'a> {
    /// That of this trace.
    pub fn of(trace: &'a Trace) -> Self {
        Self { trace }
    }
}

impl fmt::Display for Svg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trace.title())
    }
}
