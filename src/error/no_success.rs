//! That none of several tasks succeeded.

use std::error::Error;
use std::fmt;

use super::{TaskError, TimedOut};

/// None of the futures that [`first_success`](crate::first_success()) was given has succeeded, or
/// none in time: what they came to instead.
///
/// Its `Display` counts if the time was up, and else gives the last failure; not a value that was
/// no success, as that may be of any type.
///
/// ```
/// use glasspool::{ThreadPoolExecutor, first_success};
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// let futures = [1, 0].map(|n| pool.submit(move || 60 / n));
/// let error = first_success(futures, None, |minutes| *minutes < 10).unwrap_err();
/// assert_eq!(error.to_string(), "none of 2 succeeded: the last task panicked: attempt to divide by zero");
/// let failures = error.into_failures();
/// assert_eq!(*failures[0].as_ref().unwrap(), 60);
/// # Ok::<(), glasspool::BuildError>(())
/// ```
pub struct NoSuccess<T> {
    failures: Vec<Result<T, TaskError>>,
    timed_out: Option<TimedOut>,
}

impl<T> NoSuccess<T> {
    pub(crate) fn new(failures: Vec<Result<T, TaskError>>, timed_out: Option<TimedOut>) -> Self {
        Self { failures, timed_out }
    }

    /// What those that have ended came to, in the order of their ends: values that are no success,
    /// and errors. Never blocks.
    ///
    /// ```
    /// let (task, future) = glasspool::task(|| 1);
    /// task.run();
    /// let failures = glasspool::first_success([future], None, |_| false).unwrap_err().into_failures();
    /// assert_eq!(*failures[0].as_ref().unwrap(), 1);
    /// ```
    pub fn into_failures(self) -> Vec<Result<T, TaskError>> {
        self.failures
    }

    /// How many had not ended when the time was up; `None` if all have ended. Never blocks.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (_task, future) = glasspool::task(|| 1);
    /// let error = glasspool::first_success([future], Some(Duration::ZERO), |_| true).unwrap_err();
    /// assert_eq!(error.timed_out().unwrap().unfinished(), 1);
    /// ```
    pub fn timed_out(&self) -> Option<TimedOut> {
        self.timed_out
    }
}

impl<T> fmt::Display for NoSuccess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.timed_out, self.failures.last()) {
            (Some(timed_out), _) => write!(f, "none succeeded in time: {timed_out}"),
            (None, None) => f.write_str("none succeeded, as there was none"),
            (None, Some(last)) => {
                write!(f, "none of {} succeeded: the last ", self.failures.len())?;
                match last {
                    Ok(_) => f.write_str("returned what is no success"),
                    Err(error) => error.fmt(f),
                }
            }
        }
    }
}

// By hand, so that it needs no `T: Debug`.
impl<T> fmt::Debug for NoSuccess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failures =
            self.failures.iter().map(|failure| failure.as_ref().map(|_| format_args!("..")));
        f.debug_struct("NoSuccess")
            .field("failures", &failures.collect::<Vec<_>>())
            .field("timed_out", &self.timed_out)
            .finish()
    }
}

// Its text has the last failure's, so that is not its source once more.
impl<T> Error for NoSuccess<T> {}
