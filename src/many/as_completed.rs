//! Futures in the order in which they end.

use std::fmt;
use std::time::{Duration, Instant};

use super::completions::Completions;
use super::timed::Timed;
use super::waitable::Waitable;
use crate::kernel::error::{TimedOut, Unfinished};
use crate::sync::deadline_after;

/// Hands the futures over as they end, whatever they come to; those that had ended before the call
/// come first, in the order given. (Those that end during the call may come in either order.)
///
/// It takes futures or references to them, from several executors if need be, with a key beside
/// each if you want one: see [`Waitable`]. What it takes by value it lets go of as it hands it
/// over, so a result can be freed while others are still awaited. A future given twice is handed
/// over twice, as it may have two keys (Python's is handed over once). It [can
/// grow](AsCompleted::push) while it is iterated. The cost is linear in the number of futures. Does
/// not block; the iterator does, until the next one has ended.
///
/// # Panics
///
/// The iterator does, if it could never go on: it has no timeout, and all that is left wait, in
/// turn, for the task that asks. See [`NestedWait`](crate::NestedWait).
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
///
/// To have what has not begun cancelled, see [`into_rest`](Self::into_rest) and
/// [`first_success`](crate::first_success()).
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
        Timed::new(self.began, timeout, self)
    }

    /// Waits for one more. Does not block.
    ///
    /// It may be given at any time, also when all others have been handed over: then the iteration
    /// goes on, so this iterator is not a [`FusedIterator`](std::iter::FusedIterator). One that has
    /// ended already comes behind those that had ended before it was given. What has been handed
    /// over takes no room, so a loop that adds one for each that it gets can go on for ever:
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

    /// The next one that has ended, if it comes within this time, counted from now. `None` if none
    /// is left.
    ///
    /// Blocks for at most `timeout`; zero asks without waiting, and a timeout too long for the
    /// clock waits without limit. If the time is up, nothing has changed, and one can ask again.
    ///
    /// # Errors
    ///
    /// If none of those that are left has ended in time.
    ///
    /// # Panics
    ///
    /// As the iterator does, if the timeout is too long for the clock.
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

    /// What has not been handed over, in the order in which it was given; nobody listens to it any
    /// more. Never blocks.
    ///
    /// ```
    /// use glasspool::{as_completed, task};
    ///
    /// let futures = [1, 2].map(|n| task(move || n).1); // and the tasks are dropped, which cancels them
    /// let mut ended = as_completed(futures);
    /// assert!(ended.next().unwrap().cancelled());
    /// assert_eq!(ended.into_rest().len(), 1);
    /// ```
    pub fn into_rest(mut self) -> Vec<W> {
        self.completions.take_rest().map(|(_, future)| future).collect()
    }

    fn left(&self) -> usize {
        self.completions.left()
    }
}

impl<W: Waitable> Timed<AsCompleted<W>> {
    /// Waits for one more, within the same time: as [`AsCompleted::push`]. Never blocks.
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
        self.kept().push(future);
    }

    /// The same without a timeout: with what has not been handed over, also if the time is up.
    /// Never blocks.
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
        self.into_kept()
    }
}

/// Each as [`push`](AsCompleted::push) does.
impl<W: Waitable> Extend<W> for AsCompleted<W> {
    fn extend<I: IntoIterator<Item = W>>(&mut self, futures: I) {
        for future in futures {
            self.push(future);
        }
    }
}

impl<W: Waitable> AsCompleted<W> {
    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<W>, TimedOut> {
        if self.left() == 0 {
            return Ok(None);
        }
        match self.completions.await_end(deadline) {
            Ok(()) => Ok(Some(self.completions.take_next())),
            Err(Unfinished::TimedOut) => Err(TimedOut::new(self.left(), self.completions.total())),
            Err(Unfinished::Deadlock(deadlock)) => panic!("{deadlock}"),
        }
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
        (self.left(), Some(self.left()))
    }
}

impl<W: Waitable> ExactSizeIterator for AsCompleted<W> {}

impl<W: Waitable> fmt::Debug for AsCompleted<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("left", &self.left())
            .field("of", &self.completions.total())
            .finish()
    }
}
