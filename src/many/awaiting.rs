//! Waiting without a thread: a future of ours as one of [`std::future`]'s.
//!
//! Any runtime will do: all that is asked of it is a [`Waker`](std::task::Waker), which the cell
//! keeps. Whoever stops awaiting takes the waker back.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::num::NonZeroU64;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::waitable::Waitable;
use crate::kernel::error::{Deadlock, TaskError};
use crate::kernel::future::ScopedFuture;
use crate::nesting::blocker::waits_for_itself;
use crate::sync::process_wide::{AtomicU64, Relaxed};

/// A [`Future`](crate::Future) that is being awaited, by value or by reference: what `.await` makes
/// of it.
///
/// It needs no runtime of ours: any will do. Dropping it stops awaiting, and harms nobody; the task
/// goes on. A task that awaits its own future gets [`TaskError::Deadlock`].
///
/// ```
/// use std::pin::pin;
/// use std::task::{Context, Waker};
/// use glasspool::ThreadPoolExecutor;
/// # /// The smallest runtime there is: it looks again and again.
/// # fn block_on<F: IntoFuture>(future: F) -> F::Output {
/// #     let mut future = pin!(future.into_future());
/// #     loop {
/// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
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
    /// `None` once its value has been moved out.
    future: Option<W>,
    /// The number by which the cell knows the waker of this one, if it has any.
    caller: Option<NonZeroU64>,
}

impl<W: Waitable> Awaiting<W> {
    fn of(future: W) -> Self {
        Self { future: Some(future), caller: None }
    }

    /// Returns the future if it has ended, or never will for this task; or else has the waker woken
    /// when it ends.
    fn poll_end(&mut self, cx: &Context<'_>) -> Poll<Result<&mut Option<W>, Deadlock>> {
        let future = self.future.as_ref().expect("polled after its value was moved out");
        let cell = future.watched().0;
        if self.caller.is_none() && cell.runs_here() {
            return Poll::Ready(Err(waits_for_itself(cell)));
        }
        static CALLERS: AtomicU64 = AtomicU64::new(1);
        let next = || NonZeroU64::new(CALLERS.fetch_add(1, Relaxed));
        let Some(caller) = self.caller.or_else(next) else { unreachable!("it counts from 1") };
        self.caller = Some(caller).filter(|caller| cell.set_waker(caller.get(), cx.waker()));
        if self.caller.is_some() { Poll::Pending } else { Poll::Ready(Ok(&mut self.future)) }
    }
}

// Nothing in it is ever pinned.
impl<W: Waitable> Unpin for Awaiting<W> {}

// A waker that panics is contained.
impl<W: Waitable + UnwindSafe> UnwindSafe for Awaiting<W> {}
impl<W: Waitable + RefUnwindSafe> RefUnwindSafe for Awaiting<W> {}

impl<T> Future for Awaiting<ScopedFuture<'_, T>> {
    type Output = Result<T, TaskError>;

    /// # Panics
    ///
    /// If it is polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_end(cx).map(|end| {
            let future = end.map_err(TaskError::Deadlock)?.take();
            future.expect("it was there to be polled").into_result()
        })
    }
}

impl<'f, T> Future for Awaiting<&'f ScopedFuture<'_, T>> {
    type Output = Result<&'f T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_end(cx).map(|end| {
            let future = end.map_err(TaskError::Deadlock)?;
            future.expect("it is only lent, so it is always there").result()
        })
    }
}

/// Moves the value out when it is there: `future.await?`.
impl<T> IntoFuture for ScopedFuture<'_, T> {
    type Output = Result<T, TaskError>;
    type IntoFuture = Awaiting<Self>;

    fn into_future(self) -> Awaiting<Self> {
        Awaiting::of(self)
    }
}

/// Lends the value when it is there: `(&future).await?`.
impl<'f, T> IntoFuture for &'f ScopedFuture<'_, T> {
    type Output = Result<&'f T, TaskError>;
    type IntoFuture = Awaiting<Self>;

    fn into_future(self) -> Awaiting<Self> {
        Awaiting::of(self)
    }
}

impl<W: Waitable> Drop for Awaiting<W> {
    fn drop(&mut self) {
        if let (Some(future), Some(caller)) = (&self.future, self.caller) {
            future.watched().0.remove_waker(caller.get());
        }
    }
}

impl<W: Waitable> fmt::Debug for Awaiting<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.future.as_ref().map(|future| future.watched().0.status());
        f.debug_struct("Awaiting").field("status", &status).finish_non_exhaustive()
    }
}
