//! The life of one task, as one enum and its transitions.
//!
//! ```text
//!                        held by the cell      held by the worker's thread     held by the cell
//! Pending ── claim ──▶ Running ── finish ──▶ Finished ── collect ──▶ Collected (by the handle)
//!    │
//!    └───── cancel ──▶ Finished(Err(Cancelled)), which every reader may collect
//! ```
//!
//! `W` is the work of a pending task (a closure, or an item of a map) and `T` the value that the
//! work returns. Each is in one place at a time, so neither has to be `Sync` or `Clone`.
//!
//! No function here locks, waits or wakes: [`Cell`](super::cell::Cell) holds the lock.

use std::any::type_name;
use std::fmt;

use super::error::{CancelReason, TaskError};
use crate::sync::ThreadId;

/// What a task came to.
pub(crate) type Outcome<T> = Result<T, TaskError>;

pub(crate) enum State<W, T> {
    /// Nobody has claimed the task yet; the work is here.
    Pending(W),
    /// That thread has the work, and keeps the outcome until the callbacks have seen it.
    Running(ThreadId),
    /// The task has ended, and the outcome waits for its reader.
    Finished(Outcome<T>),
    /// The reader has the outcome.
    Collected,
}

impl<W, T> State<W, T> {
    /// Pending → running. Returns the work, or `None` if the task is not pending.
    pub(crate) fn claim(&mut self, by: ThreadId) -> Option<W> {
        self.leave_pending(Self::Running(by))
    }

    /// Running → finished.
    pub(crate) fn finish(&mut self, outcome: Outcome<T>) {
        debug_assert!(matches!(self, Self::Running(_)), "a task finishes after it was claimed");
        *self = Self::Finished(outcome);
    }

    /// Pending → cancelled. Returns the work, or `None` if the task is not pending.
    pub(crate) fn cancel(&mut self, reason: CancelReason) -> Option<W> {
        self.leave_pending(Self::Finished(Err(TaskError::Cancelled(reason))))
    }

    /// Finished → collected. Returns the outcome to the first caller; a cancelled task stays, and
    /// returns its error to every caller.
    pub(crate) fn collect(&mut self) -> Option<Outcome<T>> {
        if let Some(reason) = self.cancel_reason() {
            return Some(Err(TaskError::Cancelled(reason.clone())));
        }
        match std::mem::replace(self, Self::Collected) {
            Self::Finished(outcome) => Some(outcome),
            other => {
                *self = other;
                None
            }
        }
    }

    pub(crate) fn cancel_reason(&self) -> Option<&CancelReason> {
        match self {
            Self::Finished(Err(TaskError::Cancelled(reason))) => Some(reason),
            _ => None,
        }
    }

    pub(crate) fn is_pending(&self) -> bool {
        matches!(self, Self::Pending(_))
    }

    fn leave_pending(&mut self, next: Self) -> Option<W> {
        if !self.is_pending() {
            return None;
        }
        match std::mem::replace(self, next) {
            Self::Pending(work) => Some(work),
            _ => None,
        }
    }
}

/// How a task that was claimed came to its end.
///
/// ```
/// use glasspool::{Ending, Event, EventKind, ThreadPoolExecutor};
///
/// let observer = |event: &Event<'_>| {
///     if event.kind == EventKind::Finished(Ending::Panicked) {
///         eprintln!("a task has panicked: {:?}", event.task);
///     }
/// };
/// let pool = ThreadPoolExecutor::builder().observer(observer).build()?;
/// # assert_eq!(pool.submit(|| 1).into_result()?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The closure returned.
    Returned,
    /// The closure panicked.
    Panicked,
    /// The worker ended before it ran the closure.
    Lost,
}

impl Ending {
    pub(super) fn of<T>(outcome: &Outcome<T>) -> Self {
        match outcome {
            Ok(_) => Self::Returned,
            Err(TaskError::Lost(_)) => Self::Lost,
            Err(_) => Self::Panicked,
        }
    }
}

/// A state without what it holds: it is kept in an atomic, so looking at it takes no lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    Running,
    Cancelled,
    Finished(Ending),
}

impl Status {
    const ALL: [Self; 6] = [
        Self::Pending,
        Self::Running,
        Self::Cancelled,
        Self::Finished(Ending::Returned),
        Self::Finished(Ending::Panicked),
        Self::Finished(Ending::Lost),
    ];

    pub(super) fn to_byte(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Running => 1,
            Self::Cancelled => 2,
            Self::Finished(ending) => 3 + ending as u8,
        }
    }

    pub(super) fn from_byte(byte: u8) -> Self {
        Self::ALL[usize::from(byte)]
    }

    pub(crate) fn is_done(self) -> bool {
        self.to_byte() >= Self::Cancelled.to_byte()
    }

    /// Returns `true` if the task panicked or was lost; a cancelled task has not failed.
    pub(crate) fn has_failed(self) -> bool {
        matches!(self, Self::Finished(Ending::Panicked | Ending::Lost))
    }

    /// Returns the words with which Python's futures print their state, for a task that returns
    /// `T`.
    pub(crate) fn words<T>(self) -> String {
        match self {
            Self::Pending => "pending".to_owned(),
            Self::Running => "running".to_owned(),
            Self::Cancelled => "cancelled".to_owned(),
            Self::Finished(Ending::Returned) => {
                format!("finished returned {}", ShortTypeName(type_name::<T>()))
            }
            Self::Finished(Ending::Panicked) => "finished panicked".to_owned(),
            Self::Finished(Ending::Lost) => "finished lost".to_owned(),
        }
    }
}

/// A type's name without the paths: `Result<String, Error>` for
/// `core::result::Result<alloc::string::String, std::io::Error>`.
struct ShortTypeName(&'static str);

impl fmt::Display for ShortTypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A path is a run of identifiers and `::`; its last identifier is printed.
        let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let mut rest = self.0;
        while !rest.is_empty() {
            let (path, after) = rest.split_at(rest.find(|c| !is_path(c)).unwrap_or(rest.len()));
            f.write_str(path.rsplit("::").next().unwrap_or(path))?;
            let mark = after.chars().next().map_or(0, char::len_utf8);
            f.write_str(&after[..mark])?;
            rest = &after[mark..];
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_panic() -> TaskError {
        let submitted_at = std::panic::Location::caller();
        let label = crate::kernel::panics::Label { name: None, submitted_at };
        TaskError::Panicked(crate::kernel::panics::Panic::new(Box::new("boom"), label))
    }

    /// Every state there is, with work and value that are easy to recognise.
    fn every_state() -> [State<&'static str, u8>; 6] {
        let me = crate::sync::current_thread();
        [
            State::Pending("work"),
            State::Running(me),
            State::Finished(Ok(7)),
            State::Finished(Err(a_panic())),
            State::Finished(Err(TaskError::Cancelled(CancelReason::ByCaller))),
            State::Collected,
        ]
    }

    #[test]
    fn a_pending_task_alone_can_be_claimed() {
        let me = crate::sync::current_thread();
        let claimed = every_state().map(|mut state| state.claim(me));
        assert_eq!(claimed, [Some("work"), None, None, None, None, None]);
    }

    #[test]
    fn a_pending_task_alone_can_be_cancelled() {
        let cancelled = every_state().map(|mut state| state.cancel(CancelReason::ByShutdown));
        assert_eq!(cancelled, [Some("work"), None, None, None, None, None]);
    }

    #[test]
    fn an_outcome_is_collected_once_and_a_cancellation_by_everyone() {
        let twice =
            every_state().map(|mut state| (state.collect().is_some(), state.collect().is_some()));
        let (never, once, always) = ((false, false), (true, false), (true, true));
        assert_eq!(twice, [never, never, once, once, always, never]);
    }

    #[test]
    fn a_status_survives_its_byte() {
        for status in Status::ALL {
            assert_eq!(Status::from_byte(status.to_byte()), status);
        }
    }

    #[test]
    fn a_type_name_loses_its_paths_and_no_more() {
        let cases = [
            ("u64", "u64"),
            ("()", "()"),
            ("&str", "&str"),
            ("alloc::string::String", "String"),
            (
                "core::result::Result<alloc::vec::Vec<u8>, std::io::error::Error>",
                "Result<Vec<u8>, Error>",
            ),
            ("[core::option::Option<i32>; 3]", "[Option<i32>; 3]"),
            ("alloc::boxed::Box<dyn core::any::Any + core::marker::Send>", "Box<dyn Any + Send>"),
        ];
        for (full, short) in cases {
            assert_eq!(ShortTypeName(full).to_string(), short);
        }
    }
}
