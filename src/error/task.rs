//! Why a task has no value: it panicked, was cancelled, was lost with its worker, or waiting for it
//! would never end.
//!
//! Everyone who reads the future gets a copy, so all of it is cheap to clone; and every future has
//! room for one, so none of it is larger than two words.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::{Deadlock, Panic, Refusal};

/// Why a future has no value to give.
///
/// ```
/// use glasspool::{TaskError, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// let future = pool.submit(|| -> u32 { panic!("no flag for {}", "XX") });
/// let error = future.result().unwrap_err();
/// assert!(matches!(error, TaskError::Panicked(_)));
/// assert_eq!(error.to_string(), "task panicked: no flag for XX");
/// # Ok::<(), glasspool::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TaskError {
    /// Its closure panicked; the [`Panic`] has the text and the payload.
    Panicked(Panic),
    /// It never began, and never will.
    Cancelled(CancelReason),
    /// A worker had claimed it, and ended before running it; the cause, if it is known.
    Lost(Option<Broken>),
    /// Waiting here can never end. The task itself goes on: this is about the wait.
    Deadlock(Deadlock),
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => panic.fmt(f),
            Self::Cancelled(reason) => write!(f, "task cancelled {reason}"),
            Self::Lost(None) => f.write_str("task lost with its worker"),
            Self::Lost(Some(broken)) => write!(f, "task lost with its worker: {broken}"),
            Self::Deadlock(deadlock) => deadlock.fmt(f),
        }
    }
}

impl Error for TaskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Cancelled(CancelReason::PoolBroke(broken)) | Self::Lost(Some(broken)) => {
                Some(broken)
            }
            _ => None,
        }
    }
}

/// Why a task was cancelled.
///
/// ```
/// use glasspool::{CancelReason, TaskError, task};
///
/// let (task, future) = task(|| 1);
/// drop(task); // whoever holds the task is its executor, and this one will not run it
/// assert!(matches!(future.result(), Err(TaskError::Cancelled(CancelReason::TaskDropped))));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelReason {
    /// Somebody called [`cancel`](crate::ScopedFuture::cancel) or
    /// [`request_stop`](crate::ScopedFuture::request_stop), or the [`Map`](crate::Map) or
    /// [`BufferedMap`](crate::BufferedMap) it belongs to was dropped or out of time, or
    /// [`first_success`](crate::first_success()) was over.
    ByCaller,
    /// The pool was shut down with [`CancelPending`](crate::Shutdown::CancelPending) or
    /// [`Stop`](crate::Shutdown::Stop), or with a deadline that has passed; or the body of its
    /// [`scope`](crate::scope()) panicked. Or it was closed, however, before a
    /// [`BufferedMap`](crate::BufferedMap) could submit its item.
    ByShutdown,
    /// The pool broke while the task was waiting for its turn, or before it could be submitted.
    PoolBroke(Broken),
    /// The executor refused an item that a [`BufferedMap`](crate::BufferedMap) had taken, for
    /// another reason: that one, in words.
    Refused(Arc<String>),
    /// The [`Task`](crate::Task) was dropped without being run.
    TaskDropped,
}

impl CancelReason {
    /// That of a task which an executor has refused for good.
    pub(crate) fn of_refusal(why: &Refusal) -> Self {
        match why {
            Refusal::ShutDown => Self::ByShutdown,
            Refusal::Broken(broken) => Self::PoolBroke(broken.clone()),
            Refusal::Full | Refusal::Thread(_) => Self::Refused(Arc::new(why.to_string())),
        }
    }
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByCaller => f.write_str("by the caller"),
            Self::ByShutdown => f.write_str("by the shutdown of its pool"),
            Self::PoolBroke(broken) => write!(f, "because {broken}"),
            Self::Refused(why) => write!(f, "because it was refused: {why}"),
            Self::TaskDropped => f.write_str("because its executor dropped it"),
        }
    }
}

/// What broke a pool: the text of the panic in its initializer.
///
/// ```
/// use glasspool::{Refusal, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::builder().initializer(|| panic!("no database")).build()?;
/// let first = pool.submit(|| 1);
/// assert_eq!(
///     first.result().unwrap_err().to_string(),
///     "task lost with its worker: the pool is broken: its initializer panicked: no database"
/// );
/// let refused = pool.try_submit(|| 2).unwrap_err();
/// assert!(matches!(refused.why(), Refusal::Broken(broken) if broken.message() == "no database"));
/// # Ok::<(), glasspool::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    message: Arc<String>,
}

impl Broken {
    pub(crate) fn new(message: String) -> Self {
        Self { message: Arc::new(message) }
    }

    /// The text of the initializer's panic. Never blocks.
    ///
    /// ```
    /// # use glasspool::{Refusal, ThreadPoolExecutor};
    /// # let pool = ThreadPoolExecutor::builder().initializer(|| panic!("no database")).build()?;
    /// # let _ = pool.submit(|| 1).result();
    /// match pool.try_submit(|| 2).unwrap_err().why() {
    ///     Refusal::Broken(broken) => assert_eq!(broken.message(), "no database"),
    ///     other => panic!("{other}"),
    /// }
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the pool is broken: its initializer panicked: {}", self.message)
    }
}

impl Error for Broken {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_two_words() {
        assert!(size_of::<TaskError>() <= 2 * size_of::<usize>());
    }
}
