//! Waiting until one of several tasks has succeeded, and stopping the others.

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
/// You say what a success is: any value (`|_| true`), an `Ok` (`Result::is_ok`), or a value that is
/// good enough. Tasks that ended before the call are looked at first, in the order given, and then
/// the others as they end. A task that panicked or was cancelled has not succeeded.
///
/// Blocks until a task has succeeded, or all have ended without success, or the time is up; `None`
/// waits without limit. In each case the other tasks are then [asked to
/// stop](ScopedFuture::request_stop): a pending task is cancelled, and a running task that was
/// given a stop token can see the request there. The call does not wait for running tasks. What the
/// cancelled tasks have captured is dropped in this thread. If there is a success, so are the
/// values that were none.
///
/// # Errors
///
/// Returns what the tasks that ended came to, if none has succeeded, or none in time. Without any
/// future, none has succeeded. If there is no timeout, and all tasks that are left wait, in turn,
/// for the task that calls, they count as failed with [`TaskError::Deadlock`], one by one. See
/// [`NestedWait`](crate::NestedWait).
///
/// # Panics
///
/// Panics if `is_success` or the iterator of the futures does. Then, too, the other tasks are asked
/// to stop.
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
    let mut contest = Contest { running: Completions::new(true), failures: Vec::new() };
    let Contest { running, failures } = &mut contest;
    running.add_all(futures);
    let mut timed_out = None;
    while timed_out.is_none() && running.left() > 0 {
        let outcome = match running.await_end(deadline) {
            Ok(()) => running.take_next().into_result(),
            Err(Unfinished::Deadlock(deadlock)) => {
                // The others may still succeed, once nobody waits for this one.
                discard(running.take_first());
                Err(TaskError::Deadlock(deadlock))
            }
            Err(Unfinished::TimedOut) => {
                timed_out = Some(TimedOut::new(running.left(), running.total()));
                continue;
            }
        };
        // The contest drops the outcome if `is_success` panics.
        failures.push(outcome);
        let succeeded =
            failures.last().is_some_and(|last| last.as_ref().is_ok_and(&mut is_success));
        if let Some(Ok(value)) = succeeded.then(|| failures.pop()).flatten() {
            return Ok(value);
        }
    }
    Err(NoSuccess { failures: std::mem::take(failures), timed_out })
}

/// The tasks of which one may win. When it is dropped, the others are stopped, and a drop that
/// panics does not keep other things from being dropped.
struct Contest<'a, T> {
    running: Completions<ScopedFuture<'a, T>>,
    failures: Vec<Result<T, TaskError>>,
}

impl<T> Drop for Contest<'_, T> {
    fn drop(&mut self) {
        stop_all(self.running.take_rest().map(|(_, future)| future));
        self.failures.drain(..).for_each(discard);
    }
}

/// The error of [`first_success`](crate::first_success()): no task has succeeded, or none in time.
///
/// It holds what the tasks that ended came to. `Display` prints the last failure, or, after a
/// timeout, how many tasks had not ended. A value that was no success is not printed, as it may be
/// of any type.
///
/// ```
/// use glasspool::{ThreadPoolExecutor, first_success};
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// let futures = [1, 0].map(|n| pool.submit(move || 60 / n));
/// let error = first_success(futures, None, |minutes| *minutes < 10).unwrap_err();
/// assert!(error.to_string().starts_with("none of 2 succeeded: the last task panicked:"));
/// let failures = error.into_failures();
/// assert_eq!(*failures[0].as_ref().unwrap(), 60);
/// # Ok::<(), glasspool::BuildError>(())
/// ```
pub struct NoSuccess<T> {
    failures: Vec<Result<T, TaskError>>,
    timed_out: Option<TimedOut>,
}

impl<T> NoSuccess<T> {
    /// Returns what the tasks that ended came to, in the order of their ends: values that were no
    /// success, and errors. Never blocks.
    ///
    /// ```
    /// let (task, future) = glasspool::task(|| 1);
    /// task.run();
    /// let error = glasspool::first_success([future], None, |_| false).unwrap_err();
    /// assert_eq!(*error.into_failures()[0].as_ref().unwrap(), 1);
    /// ```
    pub fn into_failures(self) -> Vec<Result<T, TaskError>> {
        self.failures
    }

    /// Returns how many tasks had not ended when the time was up; `None` if all ended. Never
    /// blocks.
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

// By hand, because a derive would ask for `T: Debug`.
impl<T> fmt::Debug for NoSuccess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |failure| Result::map(failure, |_| format_args!(".."));
        let failures: Vec<_> = self.failures.iter().map(Result::as_ref).map(shown).collect();
        let mut facts = f.debug_struct("NoSuccess");
        facts.field("failures", &failures).field("timed_out", &self.timed_out).finish()
    }
}

// The text contains the last failure's, so that failure is not the source as well.
impl<T> Error for NoSuccess<T> {}
