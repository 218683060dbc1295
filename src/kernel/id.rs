//! The numbers by which pools and tasks are told apart in this process.

use std::fmt;

use crate::sync::process_wide::{AtomicU64, Relaxed};

/// Identifies a pool in this process. Pools count from 0, as Python's do in their threads' names.
///
/// ```
/// use glasspool::{ThreadPoolExecutor, current_worker};
///
/// let (mine, other) = (ThreadPoolExecutor::new(1)?, ThreadPoolExecutor::new(1)?);
/// assert_ne!(mine.id(), other.id());
/// let there = mine.submit(|| current_worker().unwrap().pool());
/// assert_eq!(there.into_result()?, mine.id());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PoolId(pub(crate) u64);

impl PoolId {
    /// Returns the pool's number. Never blocks.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let id = ThreadPoolExecutor::new(1)?.id();
    /// assert_eq!(id.to_string(), format!("pool-{}", id.number()));
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn next() -> Self {
        static POOLS: AtomicU64 = AtomicU64::new(0);
        Self(POOLS.fetch_add(1, Relaxed))
    }
}

/// As in the default names of a pool's threads (a scope's begin with `scope-`).
impl fmt::Display for PoolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pool-{}", self.0)
    }
}

/// Identifies a task in this process. Tasks that an [`Observer`](crate::Observer) hears of count
/// from 0, in the order in which they are submitted.
///
/// ```
/// use glasspool::{Event, ThreadPoolExecutor};
///
/// let observer = |event: &Event<'_>| {
///     if let Some(task) = event.task {
///         println!("{}: {:?}", task.id, event.kind); // F0: Submitted
///     }
/// };
/// let pool = ThreadPoolExecutor::builder().observer(observer).build()?;
/// # assert_eq!(pool.submit(|| 1).into_result()?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub(crate) u64);

impl TaskId {
    /// Returns the task's number, as a trace's file has it. Never blocks.
    ///
    /// ```
    /// use glasspool::{Event, ThreadPoolExecutor};
    ///
    /// let prints = |event: &Event<'_>| {
    ///     if let Some(task) = event.task {
    ///         assert_eq!(task.id.to_string(), format!("F{}", task.id.number()));
    ///     }
    /// };
    /// let pool = ThreadPoolExecutor::builder().observer(prints).build()?;
    /// # assert_eq!(pool.submit(|| 1).into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn next() -> Self {
        static TASKS: AtomicU64 = AtomicU64::new(0);
        Self(TASKS.fetch_add(1, Relaxed))
    }
}

/// `F` stands for the future by which the task is read.
impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "F{}", self.0)
    }
}
