//! Waiting without a thread: this crate's futures as [`std::future`]'s.
//!
//! Any runtime will do: it passes a [`Waker`](std::task::Waker), which the cell keeps until the
//! task ends or the awaiting is dropped.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::waitable::Waitable;
use crate::kernel::error::TaskError;
use crate::kernel::future::ScopedFuture;
use crate::nesting::blocker::waits_for_itself;
use crate::sync::process_wide::{AtomicU64, Relaxed};

/// A [`Future`](crate::Future) that is being awaited, by value or by reference.
///
/// `.await` makes it, in any runtime. Dropping it takes its waker back, and the task goes on. A
/// task that awaits its own future gets [`TaskError::Deadlock`].
///
/// ```
/// use std::pin::pin;
/// use std::task::{Context, Waker};
/// use glasspool::ThreadPoolExecutor;
/// # /// The smallest runtime there is: it looks again and again.
/// # fn block_on<F: IntoFuture>(future: F) -> F::Output {
/// #     let mut future = pin!(future.into_future());
/// #     loop {
/// #         let mut context = Context::from_waker(Waker::noop());
/// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
/// #             return output;
/// #         }
/// #         std::thread::yield_now();
/// #     }
/// # }
///
/// let pool = ThreadPoolExecutor::new(2)?;
/// let future = pool.submit(|| String::from("value"));
/// block_on(async {
///     assert_eq!((&future).await?, "value"); // lends
///     assert_eq!(future.await?, "value"); // moves out
///     Ok::<_, glasspool::TaskError>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "futures do nothing unless they are awaited"]
pub struct Awaiting<W: Waitable> {
    /// `None` once the value has been moved out.
    future: Option<W>,
    /// The number by which the cell knows this awaiting's waker.
    caller: u64,
}

impl<W: Waitable> Awaiting<W> {
    fn of(future: W) -> Self {
        static CALLERS: AtomicU64 = AtomicU64::new(0);
        Self { future: Some(future), caller: CALLERS.fetch_add(1, Relaxed) }
    }

    /// Returns the future if it has ended, or has the waker woken when it ends. It is an error to
    /// poll a task that this very thread runs.
    fn poll_end(&mut self, cx: &Context<'_>) -> Poll<Result<&mut Option<W>, TaskError>> {
        let future = self.future.as_ref().expect("polled after its value was moved out");
        let cell = future.watched().0;
        if cell.runs_here() {
            return Poll::Ready(Err(TaskError::Deadlock(waits_for_itself(cell))));
        }
        if cell.set_waker(self.caller, cx.waker()) {
            return Poll::Pending;
        }
        Poll::Ready(Ok(&mut self.future))
    }
}

// No field is pinned.
impl<W: Waitable> Unpin for Awaiting<W> {}

// A waker that panics is contained.
impl<W: Waitable + UnwindSafe> UnwindSafe for Awaiting<W> {}
impl<W: Waitable + RefUnwindSafe> RefUnwindSafe for Awaiting<W> {}

impl<T> Future for Awaiting<ScopedFuture<'_, T>> {
    type Output = Result<T, TaskError>;

    /// # Panics
    ///
    /// Panics if it is polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let taken = |future: &mut Option<_>| future.take().expect("it was there to be polled");
        self.poll_end(cx).map(|ended| taken(ended?).into_result())
    }
}

impl<'f, T> Future for Awaiting<&'f ScopedFuture<'_, T>> {
    type Output = Result<&'f T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_end(cx).map(|ended| ended?.expect("it was there to be polled").result())
    }
}

/// `future.await?` moves the value out.
impl<T> IntoFuture for ScopedFuture<'_, T> {
    type Output = Result<T, TaskError>;
    type IntoFuture = Awaiting<Self>;

    fn into_future(self) -> Awaiting<Self> {
        Awaiting::of(self)
    }
}

/// `(&future).await?` lends the value.
impl<'f, T> IntoFuture for &'f ScopedFuture<'_, T> {
    type Output = Result<&'f T, TaskError>;
    type IntoFuture = Awaiting<Self>;

    fn into_future(self) -> Awaiting<Self> {
        Awaiting::of(self)
    }
}

impl<W: Waitable> Drop for Awaiting<W> {
    fn drop(&mut self) {
        if let Some(future) = &self.future {
            future.watched().0.remove_waker(self.caller);
        }
    }
}

impl<W: Waitable> fmt::Debug for Awaiting<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.future.as_ref().map(|future| future.watched().0.status());
        f.debug_struct("Awaiting").field("status", &status).finish_non_exhaustive()
    }
}
