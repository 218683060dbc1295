//! Waiting until enough of several futures have ended.

use std::time::Duration;

use super::completions::Completions;
use super::waitable::Waitable;
use crate::kernel::error::Unfinished;
use crate::sync::deadline_after;

/// When [`wait`] returns.
///
/// ```
/// use glasspool::{ReturnWhen, task, wait};
///
/// let (t1, one) = task(|| 1);
/// let (_t2, two) = task(|| 2);
/// t1.run();
/// let split = wait([&one, &two], None, ReturnWhen::FirstCompleted);
/// assert_eq!((split.done.len(), split.not_done.len()), (1, 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReturnWhen {
    /// As soon as one task has ended, in whatever way.
    FirstCompleted,
    /// As soon as one task has failed, which means that it panicked or was lost with its worker. If
    /// none fails, when all have ended. (A task that was cancelled, or returned an `Err`, has not
    /// failed.)
    FirstFailure,
    /// When all tasks have ended.
    #[default]
    AllCompleted,
}

/// The futures that [`wait`] was given, in two parts, each in the order given.
///
/// ```
/// use glasspool::{DoneAndNotDone, Future, ReturnWhen, wait};
///
/// let nothing: [Future<()>; 0] = [];
/// let DoneAndNotDone { done, not_done } = wait(nothing, None, ReturnWhen::FirstCompleted);
/// assert!(done.is_empty() && not_done.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneAndNotDone<W> {
    /// Futures that had ended when the wait was over. There may be more than were waited for.
    pub done: Vec<W>,
    /// Futures that had not ended. Their tasks go on.
    pub not_done: Vec<W>,
}

/// Waits until enough of the futures have ended or the time is up, and returns which have.
///
/// Blocks until `return_when` holds, for at most `timeout`; `None` waits without limit. A timeout
/// is not an error: look at `not_done`. Without any future the call returns at once. It takes what
/// [`as_completed`](crate::as_completed()) takes.
///
/// # Panics
///
/// Panics if it could not return: it has no timeout, and all tasks that it still waits for wait, in
/// turn, for the task that calls it. See [`NestedWait`](crate::NestedWait).
///
/// ```
/// use std::time::Duration;
/// use glasspool::{ReturnWhen, ThreadPoolExecutor, wait};
///
/// let pool = ThreadPoolExecutor::new(2)?;
/// let futures: Vec<_> = (0..4).map(|n| pool.submit(move || n)).collect();
/// let split = wait(futures, Some(Duration::from_secs(10)), ReturnWhen::AllCompleted);
/// assert!(split.not_done.is_empty());
/// for (n, future) in split.done.into_iter().enumerate() {
///     assert_eq!(future.into_result()?, n);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn wait<W: Waitable>(
    futures: impl IntoIterator<Item = W>,
    timeout: Option<Duration>,
    return_when: ReturnWhen,
) -> DoneAndNotDone<W> {
    let deadline = timeout.and_then(deadline_after);
    let mut completions = Completions::of(futures);
    let (mut done, mut enough) = (Vec::new(), false);
    while !enough && completions.left() > 0 {
        match completions.await_end(deadline) {
            Ok(()) => {}
            Err(Unfinished::TimedOut) => break,
            Err(Unfinished::Deadlock(deadlock)) => panic!("{deadlock}"),
        }
        let (place, future) = completions.take_next_with_place();
        enough = match return_when {
            ReturnWhen::FirstCompleted => true,
            ReturnWhen::FirstFailure => future.watched().0.status().has_failed(),
            ReturnWhen::AllCompleted => false,
        };
        done.push((place, future));
    }
    // More may have ended than were waited for.
    let (ended, not_done): (Vec<_>, Vec<_>) =
        completions.take_rest().partition(|(_, future)| future.watched().0.status().is_done());
    done.extend(ended);
    done.sort_unstable_by_key(|&(place, _)| place);
    let in_order =
        |futures: Vec<(usize, W)>| futures.into_iter().map(|(_, future)| future).collect();
    DoneAndNotDone { done: in_order(done), not_done: in_order(not_done) }
}
