//! Futures in the order in which they end.

use std::fmt;
use std::iter::FusedIterator;
use std::time::{Duration, Instant};

use super::completions::Completions;
use super::timed::{Timed, TimedIterator};
use super::waitable::Waitable;
use crate::error::TimedOut;

/// Hands the futures over as they end, whatever they come to; those that had ended before the call come first, in the order
/// given.
///
/// It takes futures or references to them, from several executors if need be, with a key beside each if you want one: see
/// [`Waitable`]. What it takes by value it lets go of as it hands it over, so a result can be freed while others are still
/// awaited. A future given twice is handed over twice, as it may have two keys (Python's is handed over once). The cost is
/// linear in the number of futures. Does not block; the iterator does, until the next one has ended.
///
/// # Panics
///
/// The iterator does, if it could never go on: it has no timeout, and all that is left are the task that asks, or tasks which that
/// one runs inside.
///
/// ```
/// use glasspool::{ThreadPoolExecutor, as_completed};
///
/// let pool = ThreadPoolExecutor::new(3)?;
/// let futures: Vec<_> = (0..5).map(|n| pool.submit(move || n * 10)).collect();
/// let mut total = 0;
/// for future in as_completed(futures) {
///     total += future.into_result()?;
/// }
/// assert_eq!(total, 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn as_completed<W: Waitable>(futures: impl IntoIterator<Item = W>) -> AsCompleted<W> {
    let began = Instant::now();
    AsCompleted { completions: Completions::of(futures), began }
}

/// The iterator of [`as_completed`].
///
/// Dropping it takes back every subscription; the futures are not harmed.
///
/// ```
/// use glasspool::{as_completed, task};
///
/// let (task, future) = task(|| 1);
/// task.run();
/// let mut ended = as_completed([&future]);
/// assert_eq!(ended.len(), 1);
/// assert!(ended.next().unwrap().done());
/// assert!(ended.next().is_none());
/// ```
#[must_use = "iterators do nothing unless they are iterated"]
pub struct AsCompleted<W: Waitable> {
    completions: Completions<W>,
    began: Instant,
}

impl<W: Waitable> AsCompleted<W> {
    /// Waits in all at most this long, counted from the call of [`as_completed`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use glasspool::{as_completed, task};
    ///
    /// let (_task, never_run) = task(|| 1);
    /// let mut ended = as_completed([&never_run]).timeout(Duration::from_millis(1));
    /// assert_eq!(ended.next().unwrap().unwrap_err().to_string(), "1 (of 1) futures unfinished");
    /// assert!(ended.next().is_none());
    /// ```
    pub fn timeout(self, timeout: Duration) -> Timed<Self> {
        Timed::new(self, timeout)
    }
}

impl<W: Waitable> TimedIterator for AsCompleted<W> {
    type Item = W;

    fn began(&self) -> Instant {
        self.began
    }

    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<W>, TimedOut> {
        if self.completions.left() == 0 {
            return Ok(None);
        }
        match self.completions.next_end(deadline) {
            Some(place) => Ok(self.completions.take(place)),
            None => Err(TimedOut::new(self.completions.left(), self.completions.total())),
        }
    }
}

impl<W: Waitable> Iterator for AsCompleted<W> {
    type Item = W;

    fn next(&mut self) -> Option<W> {
        self.next_until(None).expect("a wait without a deadline does not time out")
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.completions.left(), Some(self.completions.left()))
    }
}

impl<W: Waitable> ExactSizeIterator for AsCompleted<W> {}

impl<W: Waitable> FusedIterator for AsCompleted<W> {}

impl<W: Waitable> fmt::Debug for AsCompleted<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("left", &self.completions.left())
            .field("of", &self.completions.total())
            .finish()
    }
}
