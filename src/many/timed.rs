//! A deadline on an iterator whose items take time to come.

use std::fmt;
use std::time::{Duration, Instant};

use crate::kernel::error::TimedOut;

/// An iterator with a timeout: an [`AsCompleted`](crate::AsCompleted), a [`Map`](crate::Map) or a
/// [`BufferedMap`](crate::BufferedMap) whose items come in time, or else a last one that is
/// [`TimedOut`].
///
/// The time counts from the call that made the iterator, not from the first item. Items that are
/// there already are handed over even if the time is up. After a [`TimedOut`] the iterator ends.
///
/// ```
/// use std::time::Duration;
/// use glasspool::{ThreadPoolExecutor, TimedOut};
///
/// let pool = ThreadPoolExecutor::new(2)?;
/// for result in pool.map(1..=3, |n| n * 10).timeout(Duration::from_secs(10)) {
///     let value = result??; // the outer error is about time, the inner one about the item
///     println!("{value}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "iterators do nothing unless they are iterated"]
pub struct Timed<I> {
    /// `None` if the time is up and the iterator was given up.
    pub(super) inner: Option<I>,
    deadline: Option<Instant>,
    time_is_up: bool,
}

impl<I> Timed<I> {
    pub(crate) fn new(began: Instant, timeout: Duration, inner: I) -> Self {
        Self { inner: Some(inner), deadline: began.checked_add(timeout), time_is_up: false }
    }

    /// Returns the next item. When the time is up, `give_up` says what is kept of the iterator.
    pub(crate) fn next_with<T>(
        &mut self,
        next_until: impl FnOnce(&mut I, Option<Instant>) -> Result<Option<T>, TimedOut>,
        give_up: impl FnOnce(I) -> Option<I>,
    ) -> Option<Result<T, TimedOut>> {
        if self.time_is_up {
            return None;
        }
        let next = next_until(self.inner.as_mut()?, self.deadline);
        if next.is_err() {
            self.time_is_up = true;
            // Dropping a map cancels what has not begun.
            self.inner = self.inner.take().and_then(give_up);
        }
        next.transpose()
    }
}

impl<I: fmt::Debug> fmt::Debug for Timed<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timed")
            .field("inner", &self.inner)
            .field("deadline", &self.deadline)
            .finish()
    }
}
