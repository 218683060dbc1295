//! Waiting until one of several has succeeded; the others need not go on.

use std::time::Duration;

use super::cancelling::stop_all;
use super::completions::Completions;
use crate::error::{NoSuccess, TimedOut};
use crate::future::contain::discard;
use crate::future::handle::ScopedFuture;
use crate::future::shared::Unfinished;
use crate::sync::deadline_after;

/// Waits for the first of several tasks to succeed, cancels the others, and returns its value.
///
/// What is a success is yours to say: any value (`|_| true`), or only an `Ok` (`Result::is_ok`), or one that is good enough. Those that had
/// ended before the call are asked first, in the order given, and then the others as they end. A task that panicked or was cancelled
/// has not succeeded.
///
/// Blocks until there is a success, or all have ended without one, or the time is up; `None` waits without limit. In the end,
/// whichever it is, the others are [asked to stop](ScopedFuture::request_stop): those that have not begun are cancelled, and those that
/// run and were given a stop token can see there that nobody waits for them any more. It does not wait for those that run. What
/// they have captured, and the values that were no success, are dropped in this thread if they are there to be dropped.
///
/// # Errors
///
/// If none has succeeded, or none in time, what those that have ended came to. If there were none, none has succeeded.
/// If the only ones left are the task that calls it, or tasks which that one runs inside, they count as failed with
/// [`TaskError::Deadlock`](crate::TaskError::Deadlock).
///
/// # Panics
///
/// If `is_success` does; then too the others are asked to stop.
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
    let mut contest = Contest(Completions::of(futures));
    let runners = &mut contest.0;
    let mut failures = Vec::new();
    while runners.left() > 0 {
        let end = runners.await_end(deadline);
        if end == Err(Unfinished::TimedOut) {
            let timed_out = TimedOut::new(runners.left(), runners.total());
            return Err(NoSuccess::new(failures, Some(timed_out)));
        }
        let Some(future) = runners.take_next() else { break };
        let outcome = match end {
            Ok(()) => future.into_result(),
            Err(_) => Err(future.deadlock()),
        };
        match outcome {
            Ok(value) if is_success(&value) => {
                failures.into_iter().for_each(discard);
                return Ok(value);
            }
            failure => failures.push(failure),
        }
    }
    Err(NoSuccess::new(failures, None))
}

/// Those of whom one may win. However it ends, nobody waits for the others.
struct Contest<'a, T>(Completions<ScopedFuture<'a, T>>);

impl<T> Drop for Contest<'_, T> {
    fn drop(&mut self) {
        stop_all(self.0.take_rest().map(|(_, future)| future));
    }
}
