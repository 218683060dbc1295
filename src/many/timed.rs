//! A deadline on an iterator whose items take time to come.

use std::fmt;
use std::iter::FusedIterator;
use std::time::{Duration, Instant};

use crate::error::TimedOut;

/// An iterator that can be asked for its next item with a deadline.
pub trait TimedIterator {
    type Item;

    /// When the iterator was made; its timeouts count from then.
    fn began(&self) -> Instant;

    /// The next item, if it comes in time.
    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<Self::Item>, TimedOut>;
}

/// An [`AsCompleted`](crate::AsCompleted) or a [`Map`](crate::Map) with a timeout: each item comes in time, or the last one is
/// [`TimedOut`].
///
/// The time counts from the call that made the iterator, not from the first item. What is there already is handed over even if
/// the time is up. After a [`TimedOut`] nothing comes.
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
    /// `None` once it has come to its end.
    inner: Option<I>,
    deadline: Option<Instant>,
}

impl<I: TimedIterator> Timed<I> {
    pub(super) fn new(inner: I, timeout: Duration) -> Self {
        let deadline = inner.began().checked_add(timeout);
        Self { inner: Some(inner), deadline }
    }
}

impl<I: TimedIterator> Iterator for Timed<I> {
    type Item = Result<I::Item, TimedOut>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.inner.as_mut()?.next_until(self.deadline).transpose();
        if !matches!(next, Some(Ok(_))) {
            // It was the last. Dropping a map cancels what has not begun.
            self.inner = None;
        }
        next
    }
}

impl<I: TimedIterator> FusedIterator for Timed<I> {}

impl<I: fmt::Debug> fmt::Debug for Timed<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timed").field("inner", &self.inner).field("deadline", &self.deadline).finish()
    }
}
