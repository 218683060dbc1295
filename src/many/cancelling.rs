//! Cancelling many futures that nobody will read.
//!
//! Everyone who waits for one of them is told before the work of any is dropped, because a drop is
//! user code, which may wait for another of them.

use crate::kernel::error::CancelReason;
use crate::kernel::future::ScopedFuture;
use crate::kernel::panics::discard;

/// Cancels those that have not begun, and drops them all: what they left unread, or captured, is
/// dropped in this thread, and one whose drop panics keeps no other from being dropped.
pub(crate) fn cancel_all<'a, T>(futures: impl IntoIterator<Item = ScopedFuture<'a, T>>) {
    cancel_each(futures, |_| {});
}

/// As [`cancel_all`], and asks those that run to stop.
pub(crate) fn stop_all<'a, T>(futures: impl IntoIterator<Item = ScopedFuture<'a, T>>) {
    cancel_each(futures, |running| {
        running.request_stop();
    });
}

fn cancel_each<'a, T>(
    futures: impl IntoIterator<Item = ScopedFuture<'a, T>>,
    too_late: impl Fn(&ScopedFuture<'a, T>),
) {
    let told = futures.into_iter().map(|future| {
        let won = future.as_await().cancel(CancelReason::ByCaller);
        (won, future)
    });
    for (won, future) in told.collect::<Vec<_>>() {
        if won {
            future.as_await().finish_cancel();
        } else if !future.cancelled() {
            too_late(&future);
        }
        discard(future);
    }
}
