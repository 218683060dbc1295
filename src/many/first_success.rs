//! Waiting until one of several has succeeded; the others need not go on.

use std::time::Duration;

use super::cancelling::stop_all;
use super::completions::Completions;
use crate::error::{NoSuccess, TaskError, TimedOut};
use crate::future::contain::discard;
use crate::future::handle::ScopedFuture;
use crate::future::shared::Unfinished;
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
