//! Futures in the order in which they end.

use std::fmt;
use std::time::{Duration, Instant};

use super::completions::Completions;
use super::timed::Timed;
use super::waitable::Waitable;
use crate::kernel::error::{TimedOut, Unfinished};
use crate::sync::deadline_after;

/// Returns an iterator that hands futures over as they end, whether they succeed or fail.
///
/// Futures that ended before the call come first, in the order given. (Futures that end during the
/// call may come in either order.) Does not block; the iterator blocks until the next future has
/// ended.
///
/// The futures may be owned or borrowed, and of several executors, with a key beside each if you
/// want one: see [`Waitable`]. The iterator keeps no hold on what it has handed over, so a result
/// can be freed while others are still awaited. A future that is given twice is handed over twice,
/// as it may have two keys (Python hands it over once). The iterator [can grow](AsCompleted::push)
/// while it is used. The cost is linear in the number of futures.
///
/// # Panics
///
/// The iterator panics if it could not go on: it has no timeout, and all futures that are left
/// wait, in turn, for the task that asks. See [`NestedWait`](crate::NestedWait).
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
/// Dropping it takes every subscription back and leaves borrowed futures as they are.
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
///
/// To cancel the tasks that have not begun, see [`into_rest`](Self::into_rest) and
/// [`first_success`](crate::first_success()).
#[must_use = "iterators do nothing unless they are iterated"]
pub struct AsCompleted<W: Waitable> {
    completions: Completions<W>,
    began: Instant,
}

const KEPT: &str = "an iterator that timed out is kept";

impl<W: Waitable> AsCompleted<W> {
    /// Returns this iterator with a timeout, counted from the call of [`as_completed`]. Never
    /// blocks.
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
        Timed::new(self.began, timeout, self)
    }

    /// Adds a future. Never blocks.
    ///
    /// A future may be added at any time. If all others have been handed over, the iteration goes
    /// on, so this iterator is not a [`FusedIterator`](std::iter::FusedIterator). A future that has
    /// ended already comes behind those that ended before it was added. What has been handed over
    /// takes no memory, so a loop that adds a future for each that it gets can go on without end:
    ///
    /// ```
    /// use glasspool::{ThreadPoolExecutor, as_completed};
    ///
    /// let pool = ThreadPoolExecutor::new(3)?;
    /// let mut jobs = 0..100_u64;
    /// // Three in flight, whatever there is to do.
    /// let mut ended = as_completed(jobs.by_ref().take(3).map(|n| pool.submit(move || n)));
    /// let mut total = 0;
    /// while let Some(future) = ended.next() {
    ///     ended.extend(jobs.next().map(|n| pool.submit(move || n)));
    ///     total += future.into_result()?;
    /// }
    /// assert_eq!(total, 4950);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn push(&mut self, future: W) {
        self.completions.push(future);
    }

    /// Returns the next future if one ends within this time, counted from now; `None` if none is
    /// left.
    ///
    /// Blocks for at most `timeout`. Zero asks without waiting; a timeout too long for the clock
    /// waits without limit. A call that timed out has changed nothing and can be made again.
    ///
    /// # Errors
    ///
    /// Returns [`TimedOut`] if none of the futures that are left has ended in time.
    ///
    /// # Panics
    ///
    /// Panics as the iterator does, if the timeout is too long for the clock.
    ///
    /// ```
    /// use std::time::Duration;
    /// use glasspool::{as_completed, task};
    ///
    /// let (task, future) = task(|| 1);
    /// let mut ended = as_completed([future]);
    /// assert!(ended.next_timeout(Duration::ZERO).is_err());
    /// task.run();
    /// assert_eq!(ended.next_timeout(Duration::ZERO)?.unwrap().into_result()?, 1);
    /// assert!(ended.next_timeout(Duration::ZERO)?.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<W>, TimedOut> {
        self.next_until(deadline_after(timeout))
    }

    /// Returns the futures that have not been handed over, in the order given. Never blocks.
    ///
    /// ```
    /// use glasspool::{as_completed, task};
    ///
    /// let futures = [1, 2].map(|n| task(move || n).1); // dropping the tasks cancels them
    /// let mut ended = as_completed(futures);
    /// assert!(ended.next().unwrap().cancelled());
    /// assert_eq!(ended.into_rest().len(), 1);
    /// ```
    pub fn into_rest(mut self) -> Vec<W> {
        self.completions.take_rest().map(|(_, future)| future).collect()
    }

    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<W>, TimedOut> {
        if self.len() == 0 {
            return Ok(None);
        }
        match self.completions.await_end(deadline) {
            Ok(()) => Ok(Some(self.completions.take_next())),
            Err(Unfinished::TimedOut) => Err(TimedOut::new(self.len(), self.completions.total())),
            Err(Unfinished::Deadlock(deadlock)) => panic!("{deadlock}"),
        }
    }
}

impl<W: Waitable> Timed<AsCompleted<W>> {
    /// Adds a future, to be waited for within the same time: as [`AsCompleted::push`]. Never
    /// blocks.
    ///
    /// ```
    /// use std::time::Duration;
    /// use glasspool::{as_completed, task};
    ///
    /// let mut ended = as_completed([]).timeout(Duration::from_secs(10));
    /// let (task, future) = task(|| 1);
    /// task.run();
    /// ended.push(future);
    /// assert_eq!(ended.next().unwrap()?.into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn push(&mut self, future: W) {
        self.inner.as_mut().expect(KEPT).push(future);
    }

    /// Returns the iterator without its timeout, also if the time is up. Never blocks.
    ///
    /// ```
    /// use std::time::Duration;
    /// use glasspool::{as_completed, task};
    ///
    /// let (_task, future) = task(|| 1);
    /// let mut ended = as_completed([future]).timeout(Duration::ZERO);
    /// assert!(ended.next().unwrap().is_err());
    /// for late in ended.into_inner().into_rest() {
    ///     late.cancel();
    /// }
    /// ```
    pub fn into_inner(self) -> AsCompleted<W> {
        self.inner.expect(KEPT)
    }
}

/// Adds each future, as [`push`](AsCompleted::push) does.
impl<W: Waitable> Extend<W> for AsCompleted<W> {
    fn extend<I: IntoIterator<Item = W>>(&mut self, futures: I) {
        futures.into_iter().for_each(|future| self.push(future));
    }
}

impl<W: Waitable> Iterator for Timed<AsCompleted<W>> {
    type Item = Result<W, TimedOut>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_with(AsCompleted::next_until, Some)
    }
}

impl<W: Waitable> Iterator for AsCompleted<W> {
    type Item = W;

    fn next(&mut self) -> Option<W> {
        self.next_until(None).expect("a wait without a deadline does not time out")
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.completions.left();
        (left, Some(left))
    }
}

impl<W: Waitable> ExactSizeIterator for AsCompleted<W> {}

impl<W: Waitable> fmt::Debug for AsCompleted<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("left", &self.len())
            .field("of", &self.completions.total())
            .finish()
    }
}
