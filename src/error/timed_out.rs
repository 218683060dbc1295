//! A wait that gave up. It is no task's failure, so it is no [`TaskError`](super::TaskError).

use std::error::Error;
use std::fmt;

/// The time was up before everything waited for had ended. The wait has changed nothing; but a map
/// cancels what has not begun, and so does [`first_success`](crate::first_success()).
///
/// Its `Display` counts as that of Python's `as_completed` does.
///
/// ```
/// use std::time::Duration;
/// use glasspool::{as_completed, task};
///
/// let (_t1, one) = task(|| 1);
/// let (t2, two) = task(|| 2);
/// t2.run();
/// let mut ended = as_completed([&one, &two]).timeout(Duration::ZERO);
/// assert!(ended.next().unwrap().is_ok());
/// assert_eq!(ended.next().unwrap().unwrap_err().to_string(), "1 (of 2) futures unfinished");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut {
    unfinished: usize,
    of: usize,
}

impl TimedOut {
    pub(crate) fn new(unfinished: usize, of: usize) -> Self {
        Self { unfinished, of }
    }

    /// How many of the futures waited for had not ended when the time was up. Never blocks.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let (_task, future) = glasspool::task(|| 1);
    /// let timed_out = future.result_timeout(Duration::ZERO).unwrap_err();
    /// assert_eq!(timed_out.unfinished(), 1);
    /// ```
    pub fn unfinished(&self) -> usize {
        self.unfinished
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (of {}) futures unfinished", self.unfinished, self.of)
    }
}

impl Error for TimedOut {}
