//! Cancelling many futures that nobody will read.
//!
//! Everyone who waits for one of them is told before any of them is cleared away, because that runs
//! user code, which may wait for another of them.

use crate::future::contain::discard;
use crate::future::handle::ScopedFuture;
use crate::future::state::Cancel;

/// Cancels those that have not begun, and drops them all: what they left unread, or captured, is
/// dropped in this thread, and one whose drop panics keeps no other from being dropped.
pub(super) fn cancel_all<'a, T>(futures: impl IntoIterator<Item = ScopedFuture<'a, T>>) {
    settle(futures, |_| {});
}

/// As [`cancel_all`], and asks those that run to stop.
pub(crate) fn stop_all<'a, T>(futures: impl IntoIterator<Item = ScopedFuture<'a, T>>) {
    settle(futures, |running| {
        running.request_stop();
    });
}

fn settle<'a, T>(
    futures: impl IntoIterator<Item = ScopedFuture<'a, T>>,
    too_late: impl Fn(&ScopedFuture<'a, T>),
) {
    let told = futures.into_iter().map(|future| (future.cancel_and_tell(), future));
    for (answer, future) in told.collect::<Vec<_>>() {
        match answer {
            Cancel::Won => future.clear_away(),
            Cancel::TooLate => too_late(&future),
            Cancel::AlreadyCancelled => {}
        }
        discard(future);
    }
}
