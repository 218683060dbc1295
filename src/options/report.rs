//! What a closing with a deadline came to.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::kernel::error::ShutdownError;
use crate::kernel::panics::Label;
use crate::kernel::pool::{Pool, Settings, ThreadPoolExecutor};
use crate::kernel::queue::{Snapshot, Totals};
use crate::kernel::seams::Shutdown;
use crate::sync::deadline_after;
use crate::sync::process_wide::Relaxed;

/// What [`shutdown_timeout`](crate::ThreadPoolExecutor::shutdown_timeout) has seen: how many tasks
/// ended during the call, and which go on.
///
/// A map counts as one task for each worker that takes part in it, and its cancelled items are not
/// counted: the map says how many. What ended before the call is in
/// [`stats`](crate::ThreadPoolExecutor::stats) only.
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
    /// How many tasks returned during the call.
    pub returned: u64,
    /// How many panicked.
    pub panicked: u64,
    /// How many were cancelled before they had begun.
    pub cancelled: u64,
    /// How many were lost with a worker whose initializer panicked.
    pub lost: u64,
    /// What goes on, on threads that nobody waits for any more.
    pub still_running: Vec<StillRunning>,
    /// How many of the pool's threads had not ended: those of tasks that still run, and those that
    /// were just coming (an initializer) or going (an exit hook).
    pub threads_left: usize,
    everyone_gone: bool,
}

/// A task that a [closing with a deadline](crate::ThreadPoolExecutor::shutdown_timeout) did not see
/// the end of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StillRunning {
    /// Its name, if it was [given one](crate::ThreadPoolExecutor::named).
    pub name: Option<String>,
    /// Where it was submitted.
    pub submitted_at: &'static Location<'static>,
    /// The name of the thread it runs on.
    pub worker: String,
    /// For how long it had been running, counted from when its worker took it: an initializer that
    /// ran before it is part of that.
    pub running_for: Duration,
    label: Label,
}

impl ShutdownReport {
    fn new(before: &Totals, now: Snapshot, settings: &Settings) -> Self {
        let Snapshot { mut totals, slots, threads, is_over, .. } = now;
        let mut still_running = Vec::new();
        for slot in slots {
            // What has just ended is counted here; its worker has not come back yet to say so.
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
        let (now, everyone_gone, threads) = (totals, is_over, threads);
        // Saturating, as what had just ended is counted by what is known of it, and then by what
        // its worker says.
        Self {
            returned: now.returned.saturating_sub(before.returned),
            panicked: now.panicked.saturating_sub(before.panicked),
            cancelled: now.cancelled.saturating_sub(before.cancelled),
            lost: now.lost.saturating_sub(before.lost),
            still_running,
            threads_left: threads,
            everyone_gone,
        }
    }

    /// Whether all of it has ended: every task, whoever is just cancelling it, and every thread.
    /// Never blocks.
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

/// Closing with a deadline.
impl ThreadPoolExecutor {
    /// Closes the pool, waits at most this long for its end, and reports what came of its tasks.
    ///
    /// If the time is up before all has ended, it goes on as [`Shutdown::Stop`] would (what is
    /// still pending is cancelled, and what runs is asked to stop) and returns without waiting any
    /// longer. What still runs then does so on threads that nobody waits for: dropping the pool
    /// does not either. They end with their tasks, or with the process. (Whoever does want to wait
    /// calls [`shutdown`](Self::shutdown).)
    ///
    /// Blocks for at most `timeout`; and, as these are user code that runs here or that nobody can
    /// wait for by the clock, for the drops and callbacks of what it cancels, or if all has ended
    /// in time, for the drops of what its threads had in thread-locals. Zero does not wait; a
    /// timeout too long for the clock waits without limit.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
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
        close_within(&self.pool, how, timeout)
    }
}

fn close_within(
    pool: &Pool<'_>,
    how: Shutdown,
    timeout: Duration,
) -> Result<ShutdownReport, ShutdownError> {
    let deadline = deadline_after(timeout);
    let before = pool.queue.snapshot().totals;
    pool.close(how);
    if pool.employs_me() {
        return Err(ShutdownError);
    }
    if !pool.wait_until_over(deadline) {
        pool.close(Shutdown::Stop);
    }
    let report = ShutdownReport::new(&before, pool.queue.snapshot(), &pool.settings);
    if !report.is_complete() {
        pool.given_up.store(true, Relaxed);
    }
    Ok(report)
}
