//! The life of an answer: one enum, and its transitions as verbs.
//!
//! ```text
//! Pending ── claim ──▶ Running ── finish ──▶ Finished ── collect ──▶ Collected
//!    │
//!    └───── cancel ──▶ Cancelled
//! ```
//!
//! There is no other way from one state to the next. `W` is the work that a pending task still
//! holds (a closure, or an item of a map), `T` the value it is to become; each is in one place
//! only, so neither has to be `Sync` or `Clone`.
//!
//! Nothing here locks, waits or wakes: [`Shared`](super::shared::Shared) holds the lock around it.

use std::any::type_name;
use std::fmt;

use crate::error::{CancelReason, TaskError};
use crate::sync::ThreadId;

/// What a task came to.
pub(crate) type Outcome<T> = Result<T, TaskError>;

pub(crate) enum State<W, T> {
    /// Waiting for somebody to claim it, with its work still in its hands.
    Pending(W),
    /// Claimed: that thread has the work, and will have the outcome until its callbacks have seen
    /// it.
    Running(ThreadId),
    /// Ended, with the outcome waiting for its reader.
    Finished(Outcome<T>),
    /// Ended before it began; with its work, until whoever cancelled it has taken that away.
    Cancelled(CancelReason, Option<W>),
    /// Ended, and its reader has the outcome. How it ended stays known.
    Collected(Ending),
}

/// How a task that somebody had in hand came to its end.
///
/// ```
/// use glasspool::{Ending, Event, EventKind, ThreadPoolExecutor};
///
/// let alarm = |event: &Event<'_>| {
///     if event.kind == EventKind::Finished(Ending::Panicked) {
///         eprintln!("a task has panicked: {:?}", event.task);
///     }
/// };
/// let pool = ThreadPoolExecutor::builder().observer(alarm).build()?;
/// # assert_eq!(pool.submit(|| 1).into_result()?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Its closure has returned.
    Returned,
    /// Its closure has panicked.
    Panicked,
    /// Its worker ended before running it.
    Lost,
}

/// What [`State::cancel`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Cancel {
    /// It is, and whoever did it takes away what is left of it.
    Won,
    AlreadyCancelled,
    TooLate,
}

impl<W, T> State<W, T> {
    /// Makes a transition: a plain function from the old state to the new one and an answer.
    fn step<A>(&mut self, transition: impl FnOnce(Self) -> (Self, A)) -> A {
        let old = std::mem::replace(self, Self::Collected(Ending::Lost));
        let (new, answer) = transition(old);
        *self = new;
        answer
    }

    /// Pending → running, with the work to whoever claims it. `None` if it is too late for that.
    pub(crate) fn claim(&mut self, by: ThreadId) -> Option<W> {
        self.step(|old| match old {
            Self::Pending(work) => (Self::Running(by), Some(work)),
            other => (other, None),
        })
    }

    /// Pending → cancelled.
    pub(crate) fn cancel(&mut self, reason: CancelReason) -> Cancel {
        self.step(|old| match old {
            Self::Pending(work) => (Self::Cancelled(reason, Some(work)), Cancel::Won),
            Self::Cancelled(..) => (old, Cancel::AlreadyCancelled),
            Self::Running(_) | Self::Finished(_) | Self::Collected(_) => (old, Cancel::TooLate),
        })
    }

    /// The work that a cancelled task was to do, to whoever asks first.
    pub(crate) fn take_work_left(&mut self) -> Option<W> {
        match self {
            Self::Cancelled(_, work) => work.take(),
            _ => None,
        }
    }

    /// Running → finished.
    pub(crate) fn finish(&mut self, outcome: Outcome<T>) {
        debug_assert!(matches!(self, Self::Running(_)), "only a running task finishes");
        *self = Self::Finished(outcome);
    }

    /// Finished → collected, with the outcome to whoever asks first. A cancelled task has its error
    /// for everyone.
    pub(crate) fn collect(&mut self) -> Option<Outcome<T>> {
        self.step(|old| match old {
            Self::Finished(outcome) => (Self::Collected(Ending::of(&outcome)), Some(outcome)),
            Self::Cancelled(ref reason, _) => {
                let error = TaskError::Cancelled(reason.clone());
                (old, Some(Err(error)))
            }
            Self::Pending(_) | Self::Running(_) | Self::Collected(_) => (old, None),
        })
    }

    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Pending(_) => Status::Pending,
            Self::Running(_) => Status::Running,
            Self::Finished(outcome) => Status::Finished(Ending::of(outcome)),
            Self::Cancelled(..) => Status::Cancelled,
            Self::Collected(ending) => Status::Finished(*ending),
        }
    }
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

/// A state without what it holds: what can be said of a future without touching its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    Running,
    Finished(Ending),
    Cancelled,
}

impl Status {
    pub(crate) fn is_done(self) -> bool {
        matches!(self, Self::Finished(_) | Self::Cancelled)
    }

    /// A cancelled task has not failed: it was not wanted.
    pub(crate) fn has_failed(self) -> bool {
        matches!(self, Self::Finished(Ending::Panicked | Ending::Lost))
    }

    /// The words in which Python's futures print their state, for a task that returns `T`.
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
        let mut rest = self.0;
        while !rest.is_empty() {
            // A path is a run of identifiers and `::`; only its last identifier is printed.
            let path_len = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
                .unwrap_or(rest.len());
            let (path, after) = rest.split_at(path_len);
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
        TaskError::Panicked(crate::error::Panic::new(
            Box::new("boom"),
            &crate::label::Label::here(),
        ))
    }

    /// Every state there is, with work and value that are easy to recognise.
    fn every_state() -> [State<&'static str, u8>; 6] {
        let me = crate::sync::current_thread();
        [
            State::Pending("work"),
            State::Running(me),
            State::Finished(Ok(7)),
            State::Finished(Err(a_panic())),
            State::Cancelled(CancelReason::ByCaller, None),
            State::Collected(Ending::Returned),
        ]
    }

    #[test]
    fn only_a_pending_task_can_be_claimed() {
        let me = crate::sync::current_thread();
        let claimed = every_state().map(|mut state| state.claim(me));
        assert_eq!(claimed, [Some("work"), None, None, None, None, None]);
    }

    #[test]
    fn only_a_pending_task_can_be_cancelled_and_cancelling_again_says_so() {
        let answers = every_state()
            .map(|mut state| (state.cancel(CancelReason::ByCaller), state.take_work_left()));
        let too_late = (Cancel::TooLate, None);
        let already = (Cancel::AlreadyCancelled, None);
        assert_eq!(
            answers,
            [(Cancel::Won, Some("work")), too_late, too_late, too_late, already, too_late]
        );
    }

    #[test]
    fn an_outcome_is_collected_once_and_a_cancellation_by_everyone() {
        let twice =
            every_state().map(|mut state| (state.collect().is_some(), state.collect().is_some()));
        let (never, once, always) = ((false, false), (true, false), (true, true));
        assert_eq!(twice, [never, never, once, once, always, never]);
    }

    #[test]
    fn asking_changes_nothing_about_how_it_ended() {
        for mut state in every_state() {
            let before = state.status();
            state.collect();
            assert_eq!(state.status(), before);
        }
    }

    #[test]
    fn type_names_lose_their_paths_and_nothing_else() {
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
