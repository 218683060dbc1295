//! Waiting until one of several has succeeded; the others need not go on.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::cancelling::stop_all;
use super::completions::Completions;
use crate::kernel::error::{TaskError, TimedOut, Unfinished};
use crate::kernel::future::ScopedFuture;
use crate::kernel::panics::discard;
use crate::sync::deadline_after;

/// Waits for the first of several tasks to succeed, cancels the others, and returns its value.
///
/// What is a success is yours to say: any value (`|_| true`), or only an `Ok` (`Result::is_ok`), or
/// one that is good enough. Those that had ended before the call are asked first, in the order
/// given, and then the others as they end. A task that panicked or was cancelled has not succeeded.
///
/// Blocks until there is a success, or all have ended without one, or the time is up; `None` waits
/// without limit. In the end, whichever it is, the others are [asked to
/// stop](ScopedFuture::request_stop): those that have not begun are cancelled, and those that run
/// and were given a stop token can see there that nobody waits for them any more. It does not wait
/// for those that run. What the cancelled ones have captured is dropped in this thread, and so, if
/// there is a winner, are the values that were no success.
///
/// # Errors
///
/// If none has succeeded, or none in time, what those that have ended came to. If there were none,
/// none has succeeded. Without a timeout, if all that are left wait, in turn, for the task that
/// calls it, they count as failed with [`TaskError::Deadlock`], one by one. See
/// [`NestedWait`](crate::NestedWait).
///
/// # Panics
///
/// If `is_success` does, or the iterator of the futures; then too the others are asked to stop.
///
/// ```
/// use glasspool::{ThreadPoolExecutor, first_success};
///
/// fn fetch(mirror: &str) -> Result<String, String> {
///     match mirror {
///         "broken" => Err("no route".to_owned()),
///         mirror => Ok(format!("page from {mirror}")),
///     }
/// }
/// let pool = ThreadPoolExecutor::new(1)?;
/// let futures = ["broken", "near", "far"].map(|mirror| pool.submit(move || fetch(mirror)));
/// let page = first_success(futures, None, Result::is_ok)?;
/// assert_eq!(page.unwrap(), "page from near");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn first_success<'a, T>(
    futures: impl IntoIterator<Item = ScopedFuture<'a, T>>,
    timeout: Option<Duration>,
    mut is_success: impl FnMut(&T) -> bool,
) -> Result<T, NoSuccess<T>> {
    let deadline = timeout.and_then(deadline_after);
    let mut contest = Contest { running: Completions::of_none(), failed: Vec::new() };
    contest.running.add_all(futures);
    while contest.running.left() > 0 {
        let outcome = match contest.running.await_end(deadline) {
            Ok(()) => contest.running.take_next().into_result(),
            Err(Unfinished::Deadlock(deadlock)) => {
                // The others may still succeed, once nobody waits for this one.
                discard(contest.running.take_first());
                Err(TaskError::Deadlock(deadlock))
            }
            Err(Unfinished::TimedOut) => {
                let timed_out = TimedOut::new(contest.running.left(), contest.running.total());
                return Err(NoSuccess::new(contest.take_failed(), Some(timed_out)));
            }
        };
        // There it is safe, should the question panic.
        contest.failed.push(outcome);
        let wins =
            contest.failed.last().is_some_and(|last| last.as_ref().is_ok_and(&mut is_success));
        let winner = if wins { contest.failed.pop() } else { None };
        if let Some(Ok(value)) = winner {
            return Ok(value);
        }
    }
    Err(NoSuccess::new(contest.take_failed(), None))
}

/// Those of whom one may win. However it ends, nobody waits for the others, and no drop that panics
/// costs anybody else anything.
struct Contest<'a, T> {
    running: Completions<ScopedFuture<'a, T>>,
    failed: Vec<Result<T, TaskError>>,
}

impl<T> Contest<'_, T> {
    fn take_failed(&mut self) -> Vec<Result<T, TaskError>> {
        std::mem::take(&mut self.failed)
    }
}

impl<T> Drop for Contest<'_, T> {
    fn drop(&mut self) {
        stop_all(self.running.take_rest().map(|(_, future)| future));
        self.failed.drain(..).for_each(discard);
    }
}

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
