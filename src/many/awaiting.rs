//! Waiting without a thread: a future of ours as one of [`std::future`]'s.
//!
//! No runtime of our own is needed, and any will do: all that is asked of it is a
//! [`Waker`](std::task::Waker), which an [`Alarm`] holds. Whoever stops awaiting takes the alarm
//! back.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::waitable::Watch;
use crate::error::{Deadlock, TaskError};
use crate::future::alarm::Alarm;
use crate::future::handle::ScopedFuture;
use crate::nesting::waiting::on_this_thread;

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
pub struct Awaiting<W: Watch> {
    /// `None` once its value has been moved out.
    future: Option<W>,
    /// Set from the first poll that did not find it done.
    alarm: Option<Arc<Alarm>>,
}

impl<W: Watch> Awaiting<W> {
    fn of(future: W) -> Self {
        Self { future: Some(future), alarm: None }
    }

    /// Whether the future is done, or never will be for us; else the waker is woken when it is.
    fn poll_end(&mut self, cx: &Context<'_>) -> Poll<Result<&mut Option<W>, Deadlock>> {
        let future = self.future.as_ref().expect("polled after its value was moved out");
        let watched = future.watched();
        match &self.alarm {
            // First the waker, then the look: see `future::alarm`.
            Some(alarm) => {
                alarm.set(cx.waker());
                if !watched.end.status().is_done() {
                    return Poll::Pending;
                }
            }
            None => {
                if watched.end.runs_here() {
                    return Poll::Ready(Err(on_this_thread(watched.awaited, watched.label)));
                }
                let alarm = Arc::new(Alarm::new());
                alarm.set(cx.waker());
                if watched.end.set_alarm(&alarm) {
                    self.alarm = Some(alarm);
                    return Poll::Pending;
                }
            }
        }
        self.alarm = None;
        Poll::Ready(Ok(&mut self.future))
    }
}

// Nothing in it is ever pinned.
impl<W: Watch> Unpin for Awaiting<W> {}

// A waker that panics is contained.
impl<W: Watch + UnwindSafe> UnwindSafe for Awaiting<W> {}
impl<W: Watch + RefUnwindSafe> RefUnwindSafe for Awaiting<W> {}

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

impl<W: Watch> Drop for Awaiting<W> {
    fn drop(&mut self) {
        if let (Some(future), Some(alarm)) = (&self.future, &self.alarm) {
            future.watched().end.take_alarm_back(alarm);
        }
    }
}

impl<W: Watch> fmt::Debug for Awaiting<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.future.as_ref().map(|future| future.watched().end.status());
        f.debug_struct("Awaiting").field("status", &status).finish_non_exhaustive()
    }
}
