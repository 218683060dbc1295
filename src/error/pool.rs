//! What can be wrong with a pool as a whole: its settings, and closing it from the inside.

use std::error::Error;
use std::fmt;

/// Settings from which no pool can be made.
///
/// ```
/// use glasspool::{BuildError, ThreadPoolExecutor};
///
/// let error = ThreadPoolExecutor::new(0).unwrap_err();
/// assert_eq!(error, BuildError::NoWorkers);
/// assert_eq!(error.to_string(), "max_workers must be greater than 0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// `max_workers` was zero.
    NoWorkers,
    /// `queue_capacity` was zero: no task could ever wait its turn.
    NoCapacity,
    /// `queue_capacity` was given for a scope, which has no bound.
    BoundedScope,
    /// The thread-name prefix has a NUL byte in it, which no system takes in a name.
    NulInName,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoWorkers => "max_workers must be greater than 0",
            Self::NoCapacity => "queue_capacity must be greater than 0",
            Self::BoundedScope => "a scope has no queue_capacity",
            Self::NulInName => "thread_name_prefix must not contain a NUL byte",
        })
    }
}

impl Error for BuildError {}

/// The pool has been closed, but it was not waited for: the caller is one of its own workers, and a
/// thread cannot wait for its own end.
///
/// ```
/// use std::sync::Arc;
/// use glasspool::{Shutdown, ThreadPoolExecutor};
///
/// let pool = Arc::new(ThreadPoolExecutor::new(1)?);
/// let inside = Arc::clone(&pool);
/// let future = pool.submit(move || inside.shutdown(Shutdown::Drain));
/// assert!(future.into_result()?.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutdownError;

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool is closed, but one of its own workers cannot wait for it to end")
    }
}

impl Error for ShutdownError {}
