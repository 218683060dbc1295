//! Statistics: what a pool is doing and has done, at one moment.

use std::fmt;

use crate::kernel::pool::ThreadPoolExecutor;
use crate::kernel::queue::Snapshot;
use crate::kernel::seams::PoolId;
use crate::kernel::staff::Staff;

/// A pool's numbers, all of one moment: they agree with each other.
///
/// - `workers` = `idle` + `running`
/// - `submitted` = `queued` + `running` + `nested` + `returned` + `panicked` + `cancelled` +
///   `lost`, but for workers that are just starting
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
    pub(crate) fn of(now: &Snapshot, staff: &Staff) -> Self {
        let Snapshot { queued, workers, idle, nested, totals, .. } = *now;
        Self {
            workers,
            idle,
            running: workers - idle,
            blocked: staff.blocked(),
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

/// What a pool is.
impl ThreadPoolExecutor {
    /// Returns what the pool is doing and has done: how many workers are idle, how many tasks wait,
    /// how many have ended, and how. Blocks for a moment, however many tasks wait.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// assert_eq!(pool.stats().workers, 0); // they start on demand
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn stats(&self) -> Stats {
        Stats::of(&self.pool.queue.snapshot(), &self.pool.queue.staff)
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

    /// Returns the pool's id. Never blocks.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// assert!(ThreadPoolExecutor::new(1)?.id() < ThreadPoolExecutor::new(1)?.id());
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn id(&self) -> PoolId {
        self.pool.settings.id
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workers, idle, running, queued, submitted, .. } = self;
        write!(f, "workers {workers} (idle {idle}, running {running}")?;
        if self.blocked > 0 {
            write!(f, ", of these blocked {}", self.blocked)?;
        }
        if self.added > 0 {
            write!(f, ", ever added {}", self.added)?;
        }
        write!(f, "), queued {queued}")?;
        if self.nested > 0 {
            write!(f, ", nested {}", self.nested)?;
        }
        write!(f, ", submitted {submitted}")?;
        let ended = [
            ("returned", self.returned),
            ("panicked", self.panicked),
            ("cancelled", self.cancelled),
            ("lost", self.lost),
        ];
        let mut mark = " (";
        for (how, count) in ended.into_iter().filter(|(_, count)| *count > 0) {
            write!(f, "{mark}{how} {count}")?;
            mark = ", ";
        }
        f.write_str(if mark == ", " { ")" } else { "" })
    }
}
