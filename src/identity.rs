//! Which pool is which, which task of those that are observed, and which worker of which pool a
//! thread is.

use std::fmt;

use crate::sync::{Cell, process_wide::AtomicU64, process_wide::Relaxed, thread_local};

thread_local! {
    /// The worker that this thread is.
    #[allow(clippy::missing_const_for_thread_local, reason = "the model checker's has no such form")]
    static ME: Cell<Option<Worker>> = Cell::new(None);
}

/// Which pool, in this process: they count from 0, as Python's do in their threads' names.
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
    /// Its number. Never blocks.
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

    /// Whether the caller is one of this pool's workers.
    pub(crate) fn employs_me(self) -> bool {
        current_worker().is_some_and(|me| me.pool == self)
    }
}

impl fmt::Display for PoolId {
    /// As in the default names of a pool's threads (a scope's begin with `scope-`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pool-{}", self.0)
    }
}

/// Which task, in this process: those that an [`Observer`](crate::Observer) is told of count from
/// 0, in the order in which they are submitted.
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
    /// Its number, as a trace's file has it. Never blocks.
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

impl fmt::Display for TaskId {
    /// `F` is for the future that it is read by.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "F{}", self.0)
    }
}

/// One worker of one pool: see [`current_worker`].
///
/// ```
/// use glasspool::{ThreadPoolExecutor, current_worker};
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// let me = pool.submit(|| current_worker().unwrap()).into_result()?;
/// assert_eq!(me.to_string(), format!("worker 0 of {}", pool.id()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Worker {
    pool: PoolId,
    index: usize,
}

impl Worker {
    pub(crate) fn new(pool: PoolId, index: usize) -> Self {
        Self { pool, index }
    }

    /// From now on, the caller's thread is this worker.
    pub(crate) fn becomes_this_thread(self) {
        ME.with(|me| me.set(Some(self)));
    }

    /// Its number in its pool: from 0, and below the pool's `max_workers`, but for those that are
    /// [added](crate::NestedWait::RunInline) while others wait. Never blocks.
    ///
    /// No two workers have the same number while they run tasks; but one that has left, and is
    /// still in its [exit hook](crate::Builder::exit_hook), may have its successor beside it.
    ///
    /// ```
    /// # use glasspool::{ThreadPoolExecutor, current_worker};
    /// let pool = ThreadPoolExecutor::new(3)?;
    /// assert!(pool.submit(|| current_worker().unwrap().index()).into_result()? < 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn index(&self) -> usize {
        self.index
    }

    /// The pool it works for. Never blocks.
    ///
    /// ```
    /// # use glasspool::{ThreadPoolExecutor, current_worker};
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// assert_eq!(pool.submit(|| current_worker().unwrap().pool()).into_result()?, pool.id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pool(&self) -> PoolId {
        self.pool
    }
}

impl fmt::Display for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {} of {}", self.index, self.pool)
    }
}

/// Which worker the calling thread is: in a task, in a callback that a worker runs, in a hook.
/// `None` in every other thread, also in those that a task starts. Never blocks.
///
/// ```
/// use glasspool::{ThreadPoolExecutor, current_worker};
///
/// assert!(current_worker().is_none());
/// let pool = ThreadPoolExecutor::new(1)?;
/// assert!(pool.submit(current_worker).into_result()?.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn current_worker() -> Option<Worker> {
    ME.with(Cell::get)
}
