//! Cancelling many futures that nobody will read.
//!
//! Everyone who waits for one of them is told before the work of any is dropped, because a drop is
//! user code, which may wait for another of them.

use crate::kernel::error::CancelReason;
use crate::kernel::future::ScopedFuture;
use crate::kernel::panics::discard;

/// Cancels the tasks that have not begun, and drops all futures in this thread. A drop that panics
/// does not keep the others from being dropped.
pub(crate) fn cancel_all<'a, T>(futures: impl IntoIterator<Item = ScopedFuture<'a, T>>) {
    let cancel = |future: ScopedFuture<'a, T>| {
        let won = future.as_await().cancel(CancelReason::ByCaller);
        (won, future)
    };
    for (won, future) in futures.into_iter().map(cancel).collect::<Vec<_>>() {
        if won {
            future.as_await().finish_cancel();
        }
        discard(future);
    }
}

/// As [`cancel_all`], and asks the tasks that run to stop.
pub(crate) fn stop_all<'a, T>(futures: impl Iterator<Item = ScopedFuture<'a, T>>) {
    // Raising a stop token runs no user code.
    cancel_all(futures.inspect(|future| {
        if let Some(stop) = future.stop().filter(|_| !future.done()) {
            stop();
        }
    }));
}
