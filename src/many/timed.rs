//! A deadline on an iterator whose items take time to come.

use std::fmt;
use std::time::{Duration, Instant};

use crate::error::TimedOut;

/// An iterator that can be asked for its next item with a deadline.
pub trait TimedIterator: Sized {
    type Item;

    /// When the iterator was made; its timeouts count from then.
    fn began(&self) -> Instant;

    /// The next item, if it comes in time.
    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<Self::Item>, TimedOut>;

    /// What is left of it when its time is up; nothing, unless there is something that can still be
    /// of use.
    fn give_up(self) -> Option<Self> {
        None
    }
}

/// An [`AsCompleted`](crate::AsCompleted), a [`Map`](crate::Map) or a
/// [`BufferedMap`](crate::BufferedMap) with a timeout: each item comes in time, or the last one is
/// [`TimedOut`].
///
/// The time counts from the call that made the iterator, not from the first item. What is there
/// already is handed over even if the time is up. After a [`TimedOut`] nothing comes.
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
    /// `None` if its time is up and nothing is left of it.
    inner: Option<I>,
    deadline: Option<Instant>,
    time_is_up: bool,
}

impl<I: TimedIterator> Timed<I> {
    pub(super) fn new(inner: I, timeout: Duration) -> Self {
        let deadline = inner.began().checked_add(timeout);
        Self { inner: Some(inner), deadline, time_is_up: false }
    }

    /// For an iterator that is not [given up](TimedIterator::give_up) when its time is.
    pub(super) fn not_given_up(&mut self) -> &mut I {
        self.inner.as_mut().expect("it is not given up when its time is")
    }

    /// As [`not_given_up`](Self::not_given_up).
    pub(super) fn into_not_given_up(self) -> I {
        self.inner.expect("it is not given up when its time is")
    }
}

impl<I: TimedIterator> Iterator for Timed<I> {
    type Item = Result<I::Item, TimedOut>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.time_is_up {
            return None;
        }
        let next = self.inner.as_mut()?.next_until(self.deadline);
        if next.is_err() {
            self.time_is_up = true;
            // Dropping a map cancels what has not begun.
            self.inner = self.inner.take().and_then(I::give_up);
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
