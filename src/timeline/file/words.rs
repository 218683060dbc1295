//! The words in a file for what can happen.

use std::sync::Arc;

use crate::kernel::error::{Broken, CancelReason};
use crate::kernel::event::{BlockedOn, EventKind, Shutdown};
use crate::kernel::state::Ending;

pub(super) const ENDINGS: [(&str, Ending); 3] =
    [("returned", Ending::Returned), ("panicked", Ending::Panicked), ("lost", Ending::Lost)];

pub(super) const SHUTDOWNS: [(&str, Shutdown); 4] = [
    ("drain", Shutdown::Drain),
    ("when-idle", Shutdown::WhenIdle),
    ("cancel-pending", Shutdown::CancelPending),
    ("stop", Shutdown::Stop),
];

/// Returns the word for a value.
pub(super) fn word_for<T: PartialEq>(words: &[(&'static str, T)], wanted: &T) -> &'static str {
    words.iter().find(|(_, thing)| thing == wanted).map_or("unknown", |(word, _)| word)
}

/// Returns the value that a word stands for.
pub(super) fn meaning_of<T: Copy>(words: &[(&str, T)], word: &str) -> Option<T> {
    words.iter().find(|(known, _)| *known == word).map(|&(_, thing)| thing)
}

pub(super) fn event(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Submitted => "submitted",
        EventKind::Refused => "refused",
        EventKind::Started => "started",
        EventKind::Finished(_) => "finished",
        EventKind::Cancelled(_) => "cancelled",
        EventKind::Collected => "collected",
        EventKind::CallbackBegan => "callback-began",
        EventKind::CallbackEnded => "callback-ended",
        EventKind::Blocked(_) => "blocked",
        EventKind::Unblocked { .. } => "unblocked",
        EventKind::WorkerBorn => "worker-born",
        EventKind::WorkerIdle => "worker-idle",
        EventKind::WorkerGone => "worker-gone",
        EventKind::Closed(_) => "closed",
    }
}

pub(super) fn blocked_on(on: BlockedOn) -> &'static str {
    match on {
        BlockedOn::Task => "task",
        BlockedOn::AnyOf(_) => "any-of",
        BlockedOn::Room => "room",
        BlockedOn::Shutdown => "shutdown",
    }
}

/// Returns the word for a reason, and its message if it has one.
pub(super) fn reason(reason: &CancelReason) -> (&'static str, Option<&str>) {
    match reason {
        CancelReason::ByCaller => ("by-caller", None),
        CancelReason::ByShutdown => ("by-shutdown", None),
        CancelReason::TaskDropped => ("task-dropped", None),
        CancelReason::PoolBroke(broken) => ("pool-broke", Some(broken.message())),
        CancelReason::Refused(why) => ("refused", Some(why)),
    }
}

pub(super) fn reason_of(word: &str, because: &str) -> Option<CancelReason> {
    Some(match word {
        "by-caller" => CancelReason::ByCaller,
        "by-shutdown" => CancelReason::ByShutdown,
        "task-dropped" => CancelReason::TaskDropped,
        "pool-broke" => CancelReason::PoolBroke(Broken::new(because.to_owned())),
        "refused" => CancelReason::Refused(Arc::new(because.to_owned())),
        _ => return None,
    })
}
