//! Shutdown with a deadline, and its report.
//!
//! Invariant: a pool whose report is not complete is given up, and dropping it does not wait.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::kernel::error::ShutdownError;
use crate::kernel::event::Shutdown;
use crate::kernel::panics::Label;
use crate::kernel::pool::{Settings, ThreadPoolExecutor};
use crate::kernel::queue_state::{Snapshot, Totals};
use crate::sync::deadline_after;
use crate::sync::process_wide::Relaxed;

/// Report of a [`shutdown_timeout`](crate::ThreadPoolExecutor::shutdown_timeout): how many tasks
/// ended during the call, and which tasks go on.
///
/// A map counts as one task for each worker that takes part in it, and its cancelled items are not
/// counted: the map says how many there are. Tasks that ended before the call are counted in
/// [`stats`](crate::ThreadPoolExecutor::stats).
///
/// ```
/// use std::time::Duration;
/// use glasspool::{Shutdown, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// # let (open, gate) = std::sync::mpsc::channel::<()>();
/// # let endless = move || gate.recv();
/// let _stuck = pool.named("endless").submit(endless);
/// let _never = pool.submit(|| ());
/// let report = pool.shutdown_timeout(Shutdown::Drain, Duration::from_millis(20))?;
/// assert!(!report.is_complete());
/// assert_eq!(report.cancelled, 1);
/// assert_eq!(report.still_running[0].name.as_deref(), Some("endless"));
/// println!("{report}");
/// // returned 0, panicked 0, cancelled 1, still running 1
/// // task 'endless' (submitted at src/main.rs:5:36) runs on pool-0_0, for 20.1ms now
/// # drop(open);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says what still runs"]
pub struct ShutdownReport {
    /// Number of tasks that returned during the call.
    pub returned: u64,
    /// Number of tasks that panicked.
    pub panicked: u64,
    /// Number of tasks that were cancelled before they began.
    pub cancelled: u64,
    /// Number of tasks that were lost with a worker whose initializer panicked.
    pub lost: u64,
    /// The tasks that go on, on threads that nobody waits for any more.
    pub still_running: Vec<StillRunning>,
    /// Number of the pool's threads that had not ended: those of tasks that still run, and those
    /// that were just coming (an initializer) or going (an exit hook).
    pub threads_left: usize,
    everyone_gone: bool,
}

/// A task that still ran at the end of a [shutdown with a
/// deadline](crate::ThreadPoolExecutor::shutdown_timeout).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StillRunning {
    /// The task's name, if it was [given one](crate::ThreadPoolExecutor::named).
    pub name: Option<String>,
    /// Where the task was submitted.
    pub submitted_at: &'static Location<'static>,
    /// Name of the thread that runs the task.
    pub worker: String,
    /// For how long the task had been running, counted from when its worker claimed it. (An
    /// initializer that ran before the task is part of that.)
    pub running_for: Duration,
    label: Label,
}

impl ShutdownReport {
    fn new(before: &Totals, now: Snapshot, settings: &Settings) -> Self {
        let Snapshot { mut totals, slots, threads: threads_left, is_over: everyone_gone, .. } = now;
        let mut still_running = Vec::new();
        for slot in slots {
            // A task that has just ended is counted here: its worker has not come back to do it.
            if let Some(ended) = slot.ended() {
                totals.count(ended);
            }
            still_running.extend(slot.running().into_iter().next().map(|task| StillRunning {
                name: task.label.name.as_deref().map(str::to_owned),
                submitted_at: task.label.submitted_at,
                worker: settings.thread_name(slot.index),
                running_for: task.since.elapsed(),
                label: task.label,
            }));
        }
        Self {
            returned: totals.returned - before.returned,
            panicked: totals.panicked - before.panicked,
            cancelled: totals.cancelled - before.cancelled,
            lost: totals.lost - before.lost,
            still_running,
            threads_left,
            everyone_gone,
        }
    }

    /// Returns `true` if the whole pool has ended: every task, every cancellation that was under
    /// way, and every thread. Never blocks.
    ///
    /// ```
    /// use std::time::Duration;
    /// use glasspool::{Shutdown, ThreadPoolExecutor};
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.submit(|| 1);
    /// assert!(pool.shutdown_timeout(Shutdown::Drain, Duration::MAX)?.is_complete());
    /// # assert_eq!(future.into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_complete(&self) -> bool {
        self.everyone_gone
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { returned, panicked, cancelled, lost, still_running, threads_left, .. } = self;
        write!(f, "returned {returned}, panicked {panicked}, cancelled {cancelled}")?;
        if *lost > 0 {
            write!(f, ", lost {lost}")?;
        }
        write!(f, ", still running {}", still_running.len())?;
        let only_threads = threads_left.saturating_sub(still_running.len());
        if only_threads > 0 {
            write!(f, ", threads still ending {only_threads}")?;
        }
        still_running.iter().try_for_each(|task| write!(f, "\n{task}"))
    }
}

impl fmt::Display for StillRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} runs on {}, for {:.1?} now", self.label, self.worker, self.running_for)
    }
}

/// Shutdown with a deadline.
impl ThreadPoolExecutor {
    /// Closes the pool, waits at most this long for its end, and reports what became of its tasks.
    ///
    /// If the time is up before the pool has ended, the call goes on as [`Shutdown::Stop`] does
    /// (pending tasks are cancelled, and running tasks are asked to stop) and returns without
    /// waiting any longer. Tasks that still run then do so on threads that nobody waits for; a drop
    /// of the pool does not wait for them either. They end with their tasks, or with the process.
    /// (To wait after all, call [`shutdown`](Self::shutdown).)
    ///
    /// Blocks for at most `timeout`, and then for user code that no clock can bound: for the drops
    /// and callbacks of the tasks that the call cancels or, if the pool has ended in time, for the
    /// drops of its threads' thread-locals. Zero does not wait; a timeout too long for the clock
    /// waits without limit.
    ///
    /// # Errors
    ///
    /// Returns an error where [`shutdown`](Self::shutdown) does.
    ///
    /// ```
    /// use std::time::Duration;
    /// use glasspool::{Shutdown, ThreadPoolExecutor};
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.submit(|| 1);
    /// let report = pool.shutdown_timeout(Shutdown::Drain, Duration::from_secs(10))?;
    /// assert!(report.is_complete() && report.still_running.is_empty());
    /// # assert_eq!(future.into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown_timeout(
        &self,
        how: Shutdown,
        timeout: Duration,
    ) -> Result<ShutdownReport, ShutdownError> {
        let deadline = deadline_after(timeout);
        let pool = &self.pool;
        let before = pool.queue.snapshot().totals;
        pool.close(how);
        // A worker that waited for the end of its pool would wait for itself.
        if pool.employs_me() {
            return Err(ShutdownError);
        }
        if !pool.wait_until_over(deadline) {
            pool.close(Shutdown::Stop);
        }
        let report = ShutdownReport::new(&before, pool.queue.snapshot(), &pool.settings);
        pool.given_up.fetch_or(!report.is_complete(), Relaxed);
        Ok(report)
    }
}
