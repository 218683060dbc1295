//! Statistics: what a pool is doing and has done, at one moment.
//!
//! Invariant: the numbers of one [`Stats`] are read in one critical section of the queue, `blocked`
//! aside.

use std::fmt;

use crate::kernel::pool::{Pool, ThreadPoolExecutor};
use crate::kernel::queue_state::Snapshot;

/// Statistics of a pool. The numbers are of one moment and agree with each other.
///
/// - `workers` = `idle` + `running`
/// - `submitted` = `queued` + `running` + `nested` + `returned` + `panicked` + `cancelled` +
///   `lost`, except while workers are starting
///
/// A task that has ended counts as running until its worker has come back for the next, so the
/// totals may lag behind what futures say, and never lead. A map counts as one task for each worker
/// that takes part in it.
///
/// ```
/// use glasspool::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(2)?;
/// let futures = [1, 2, 3].map(|n| pool.submit(move || n));
/// let stats = pool.stats();
/// assert_eq!(stats.submitted, 3);
/// assert!(stats.workers <= 2 && stats.workers == stats.idle + stats.running);
/// println!("{stats}"); // workers 2 (idle 1, running 1), queued 0, submitted 3 (returned 2)
/// # drop(futures);
/// # Ok::<(), glasspool::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Number of threads that have started and not left.
    pub workers: usize,
    /// Number of workers that have nothing to do.
    pub idle: usize,
    /// Number of workers that run a task, or their initializer.
    pub running: usize,
    /// Number of running workers that wait for another task. For each, the pool may have a [spare
    /// worker](crate::NestedWait::RunInline) above its `max_workers`.
    pub blocked: usize,
    /// Number of tasks that run inline, inside another task that waits for them.
    pub nested: usize,
    /// Number of spare workers there have ever been, to replace blocked workers.
    pub added: u64,
    /// Number of tasks that wait for a worker. A cancelled task does not wait.
    pub queued: usize,
    /// Number of tasks that the pool has ever taken.
    pub submitted: u64,
    /// Number of tasks that have returned.
    pub returned: u64,
    /// Number of tasks that have panicked.
    pub panicked: u64,
    /// Number of tasks that were cancelled before they began.
    pub cancelled: u64,
    /// Number of tasks that were lost with a worker whose initializer panicked.
    pub lost: u64,
}

impl Stats {
    pub(crate) fn of(pool: &Pool<'_>) -> Self {
        let Snapshot { queued, workers, idle, nested, totals, .. } = pool.queue.snapshot();
        Self {
            workers,
            idle,
            running: workers - idle,
            blocked: pool.queue.staff.blocked(),
            nested,
            added: totals.spares,
            queued,
            submitted: totals.submitted,
            returned: totals.returned,
            panicked: totals.panicked,
            cancelled: totals.cancelled,
            lost: totals.lost,
        }
    }
}

/// Writes what each handle of a pool can say of the pool.
macro_rules! pool_facts {
    () => {
        /// Returns what the pool is doing and has done: how many workers are idle, how many tasks
        /// wait, how many have ended, and how. Blocks for a moment, however many tasks wait.
        ///
        /// ```
        /// use glasspool::ThreadPoolExecutor;
        ///
        /// let pool = ThreadPoolExecutor::new(2)?;
        /// assert_eq!(pool.stats().workers, 0); // they start on demand
        /// # Ok::<(), glasspool::BuildError>(())
        /// ```
        pub fn stats(&self) -> $crate::Stats {
            $crate::Stats::of(&self.pool)
        }

        /// Returns how many workers the pool may have. Never blocks.
        ///
        /// ```
        /// # use glasspool::ThreadPoolExecutor;
        /// assert_eq!(ThreadPoolExecutor::new(3)?.max_workers(), 3);
        /// # Ok::<(), glasspool::BuildError>(())
        /// ```
        pub fn max_workers(&self) -> usize {
            self.pool.settings.max_workers
        }

        /// Returns the pool's id, by which its [workers](crate::current_worker) know it. Never
        /// blocks.
        ///
        /// ```
        /// # use glasspool::ThreadPoolExecutor;
        /// assert!(ThreadPoolExecutor::new(1)?.id() < ThreadPoolExecutor::new(1)?.id());
        /// # Ok::<(), glasspool::BuildError>(())
        /// ```
        pub fn id(&self) -> $crate::PoolId {
            self.pool.settings.id
        }
    };
}
pub(crate) use pool_facts;

/// What a pool says of itself.
impl ThreadPoolExecutor {
    pool_facts!();
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workers, idle, running, queued, submitted, .. } = self;
        // A count of zero says nothing here, so it is left out.
        let more =
            |what, count| if count > 0 { format!(", {what} {count}") } else { String::new() };
        let blocked = more("of these blocked", self.blocked as u64);
        let (added, nested) = (more("ever added", self.added), more("nested", self.nested as u64));
        write!(f, "workers {workers} (idle {idle}, running {running}{blocked}{added}), ")?;
        write!(f, "queued {queued}{nested}, submitted {submitted}")?;
        let ended = [
            more("returned", self.returned),
            more("panicked", self.panicked),
            more("cancelled", self.cancelled),
            more("lost", self.lost),
        ]
        .concat();
        ended.strip_prefix(", ").map_or(Ok(()), |ended| write!(f, " ({ended})"))
    }
}
