//! What a pool is doing and has done, at one moment.

use std::fmt;

use crate::future::state::{Ending, Status};

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
    /// Threads that have started and not left.
    pub workers: usize,
    /// Of these, those that have nothing to do.
    pub idle: usize,
    /// And those that have: a task, or what comes before its first (the initializer).
    pub running: usize,
    /// Of those that are running, those that wait for another task. For each, the pool may have
    /// [a worker more](crate::NestedWait::RunInline) than its `max_workers`.
    pub blocked: usize,
    /// Tasks that are run inside another, which waits for them.
    pub nested: usize,
    /// Workers that were ever added in the stead of others that waited.
    pub added: u64,
    /// Tasks that wait for a worker. Those that were cancelled do not wait.
    pub queued: usize,
    /// Tasks that were ever taken.
    pub submitted: u64,
    /// Of these, those that have returned.
    pub returned: u64,
    /// Those that have panicked.
    pub panicked: u64,
    /// Those that were cancelled before they began, by whomever.
    pub cancelled: u64,
    /// Those that were lost with a worker whose initializer panicked.
    pub lost: u64,
}

impl Stats {
    /// Adds what was counted elsewhere of how tasks have ended.
    pub(super) fn add(&mut self, ended: &Self) {
        self.returned += ended.returned;
        self.panicked += ended.panicked;
        self.cancelled += ended.cancelled;
        self.lost += ended.lost;
    }

    /// Counts a task that has ended, by what is known of it.
    pub(super) fn count_status(&mut self, status: Status) {
        match status {
            Status::Finished(ending) => self.count(Some(ending)),
            Status::Pending | Status::Running | Status::Cancelled => self.count(None),
        }
    }

    /// Counts a task that has ended; `None` if it was cancelled.
    pub(super) fn count(&mut self, ending: Option<Ending>) {
        *match ending {
            Some(Ending::Returned) => &mut self.returned,
            Some(Ending::Panicked) => &mut self.panicked,
            Some(Ending::Lost) => &mut self.lost,
            None => &mut self.cancelled,
        } += 1;
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
