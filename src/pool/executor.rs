//! The executor: the one handle that owns the pool.
//!
//! It has exactly one owner, so leaving scope can mean what it means in Python's `with`: drain and
//! join. Whoever else wants to submit gets a [`Submitter`]. How one is made is in
//! [`builder`](super::builder).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::Core;
use super::report::ShutdownReport;
use super::stats::Stats;
use super::submitter::Submitter;
use crate::error::{Refusal, Refused, ShutdownError};
use crate::executor::Executor;
use crate::future::handle::Future;
use crate::future::task::Task;
use crate::identity::PoolId;
use crate::many::map::Map;
use crate::many::map::buffered::BufferedMap;
use crate::shutdown::Shutdown;
use crate::stop::StopToken;
use crate::submit::Named;

/// A pool of worker threads that run what is submitted to it.
///
/// Workers start on demand and are reused; idle ones come first. A submit that starts a worker
/// hands its task to it and returns when the worker has claimed it, so on a fresh pool of three,
/// five submits show three futures running and two pending:
///
/// ```
/// use std::sync::{Arc, Barrier};
/// use glasspool::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(3)?;
/// let gate = Arc::new(Barrier::new(4));
/// let submit = |_| {
///     let gate = Arc::clone(&gate);
///     pool.submit(move || gate.wait())
/// };
/// let futures: Vec<_> = (0..3).map(submit).collect();
/// assert!(futures.iter().all(|future| future.running()));
/// let waiting = pool.submit(|| ());
/// assert!(!waiting.running() && !waiting.done());
/// gate.wait();
/// # Ok::<(), glasspool::BuildError>(())
/// ```
///
/// (On a warm pool a task may be seen pending for a moment although a worker is on its way to it.)
///
/// **Dropping it** closes it, waits until all that was submitted has run, and joins its threads:
/// leaving scope blocks until then. Dropped by one of its own workers, or after a [closing with a
/// deadline](Self::shutdown_timeout) that did not see the end, it does not wait. If it has been
/// asked to close [when it is idle](Shutdown::WhenIdle), it still takes what its tasks submit until
/// then. There is one owner:
///
/// ```compile_fail,E0599
/// let pool = glasspool::ThreadPoolExecutor::new(1).unwrap();
/// let another = pool.clone();
/// ```
#[must_use = "a pool that is dropped is closed"]
pub struct ThreadPoolExecutor {
    submitter: Submitter,
}

impl ThreadPoolExecutor {
    pub(super) fn of(core: Arc<Core<'static>>) -> Self {
        Self { submitter: Submitter::of(core) }
    }

    /// Has `work` run by a worker, and returns the future of what it returns.
    ///
    /// Blocks while a worker's thread starts, its own or, if there is no other worker yet, another
    /// submitter's: until the worker has claimed its task. No user code runs before that, and none
    /// on this thread, so on a pool without a bound it may be called with any lock held. (Only what
    /// is refused is dropped here, with the panic.) On a [bounded](crate::Builder::queue_capacity)
    /// one it waits for room, unless it is called by one of the pool's own workers.
    ///
    /// # Panics
    ///
    /// Where Python raises: if the pool was shut down, or is broken, or has no worker and gets no
    /// thread for one. [`try_submit`](Self::try_submit) returns instead.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.submit(|| 6 * 7);
    /// assert_eq!(future.result()?, &42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// ```should_panic
    /// use glasspool::{Shutdown, ThreadPoolExecutor};
    ///
    /// let pool = ThreadPoolExecutor::new(1).unwrap();
    /// pool.shutdown(Shutdown::Drain).unwrap();
    /// let _ = pool.submit(|| 1); // panics: cannot submit: the executor was shut down
    /// ```
    #[track_caller]
    pub fn submit<F, T>(&self, work: F) -> Future<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submitter.submit(work)
    }

    /// Has `work` run by a worker, if the pool takes it now. Blocks only for a worker's thread to
    /// start, never for room; never panics.
    ///
    /// # Errors
    ///
    /// The closure back, with the reason why it was not taken.
    ///
    /// ```
    /// use glasspool::{Refusal, Shutdown, ThreadPoolExecutor};
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.try_submit(|| 1)?;
    /// pool.shutdown(Shutdown::Drain)?;
    /// let refused = pool.try_submit(|| 2).unwrap_err();
    /// assert!(matches!(refused.why(), Refusal::ShutDown));
    /// # assert_eq!(future.into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn try_submit<F, T>(&self, work: F) -> Result<Future<T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submitter.try_submit(work)
    }

    /// Has `work` run by a worker, if the pool takes it within this time. Blocks for at most
    /// `timeout` until there is room, and for a worker's thread to start; never panics. A timeout
    /// too long for the clock waits without limit.
    ///
    /// # Errors
    ///
    /// The closure back, with the reason why it was not taken.
    ///
    /// ```
    /// use std::time::Duration;
    /// use glasspool::{Refusal, ThreadPoolExecutor};
    /// # use std::sync::{Arc, Barrier};
    ///
    /// let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build()?;
    /// # let gate = Arc::new(Barrier::new(2));
    /// # let inside = Arc::clone(&gate);
    /// # let busy = pool.submit(move || inside.wait());
    /// // While its one worker is busy:
    /// let waits = pool.try_submit(|| 1)?;
    /// let refused = pool.try_submit_timeout(Duration::from_millis(5), || 2).unwrap_err();
    /// assert!(matches!(refused.why(), Refusal::Full));
    /// assert_eq!(refused.into_inner()(), 2); // so we run it ourselves
    /// # gate.wait();
    /// # assert_eq!(waits.into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn try_submit_timeout<F, T>(
        &self,
        timeout: Duration,
        work: F,
    ) -> Result<Future<T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submitter.try_submit_timeout(timeout, work)
    }

    /// Has `work` run by a worker, and gives it a token by which it learns that it is asked to
    /// stop: by [`Future::request_stop`](crate::ScopedFuture::request_stop), or by a shutdown with
    /// [`Shutdown::Stop`] (and by nothing else when its future has been dropped). Blocks as
    /// [`submit`](Self::submit) does.
    ///
    /// # Panics
    ///
    /// As [`submit`](Self::submit).
    ///
    /// ```
    /// use glasspool::{Shutdown, ThreadPoolExecutor};
    /// use std::time::Duration;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.submit_stoppable(|stop| {
    ///     let mut polls = 0;
    ///     while !stop.wait_timeout(Duration::from_millis(1)) {
    ///         polls += 1; // look whether there is something to do
    ///     }
    ///     polls
    /// });
    /// pool.shutdown(Shutdown::Stop)?; // which waits for it, and does not wait long
    /// assert!(future.done());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn submit_stoppable<F, T>(&self, work: F) -> Future<T>
    where
        F: FnOnce(StopToken) -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submitter.submit_stoppable(work)
    }

    /// Applies `f` to each item, by as many workers as there are, and hands the results over in the
    /// order of the items, or [as they come](Map::unordered).
    ///
    /// It takes all items at once and starts at once; blocks only for workers' threads to start,
    /// and on a [bounded](crate::Builder::queue_capacity) pool until there is room for the first of
    /// the workers that take part. Each item is a task of its own to whoever looks (it is pending,
    /// runs, fails by itself), but costs much less than a submit.
    ///
    /// # Panics
    ///
    /// If the pool is closed or broken, before it has touched any item; if it is closed while the
    /// items are taken, or has no worker and gets no thread for one, when it has taken them, and
    /// then they are dropped. What the iterator of items panics with comes out here, and then
    /// nothing has begun.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(3)?;
    /// for (n, square) in pool.map(0..100_u32, |n| n * n).enumerate() {
    ///     assert_eq!(square?, (n * n) as u32);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn map<I, F, T>(&self, items: I, f: F) -> Map<T>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        self.submitter.map(items, f)
    }

    /// Applies `f` to each item, with `buffer_size` items in flight at a time, so that there may be
    /// any number of them: items without end, or more than there is room for.
    ///
    /// An item is in flight from when it is taken until its result is handed over. So many are
    /// taken and submitted at once, and then one for each result that is handed over: never one
    /// more, and none less while the reader works on what it has. The results come in the order of
    /// the items, or [as they come](BufferedMap::unordered). Each item is a task of its own, so
    /// tiny ones cost more than in a [`map`](Self::map).
    ///
    /// Blocks for workers' threads to start, and on a [bounded](crate::Builder::queue_capacity)
    /// pool until there is room for the first item; for the others the iteration waits. What
    /// becomes of the iteration when an item fails, when the pool is closed meanwhile, or when the
    /// iterator of items panics, is told at [`ScopedBufferedMap`](crate::ScopedBufferedMap).
    ///
    /// # Panics
    ///
    /// If `buffer_size` is zero, or the pool is closed or broken, before it has touched any item;
    /// or if the pool refuses the first.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(3)?;
    /// let squares = pool.map_buffered(1_u64.., 6, |n| n * n);
    /// let below_a_hundred: Result<Vec<_>, _> =
    ///     squares.take_while(|square| !matches!(square, Ok(100..))).collect();
    /// assert_eq!(below_a_hundred?, [1, 4, 9, 16, 25, 36, 49, 64, 81]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn map_buffered<I, F, T>(
        &self,
        items: I,
        buffer_size: usize,
        f: F,
    ) -> BufferedMap<I::IntoIter, T>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        self.submitter.map_buffered(items, buffer_size, f)
    }

    /// The same pool, under which what is submitted has a name, for error messages and `Debug`.
    /// Never blocks.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.named("BR").submit(|| panic!("no flag"));
    /// assert_eq!(future.result().unwrap_err().to_string(), "task 'BR' panicked: no flag");
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn named(&self, name: impl Into<String>) -> Named<'_> {
        self.submitter.named(name)
    }

    /// A handle that can submit, and be cloned, and go into tasks. Never blocks.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let submitter = pool.submitter();
    /// let future = std::thread::spawn(move || submitter.submit(|| 1)).join().unwrap();
    /// assert_eq!(future.into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submitter(&self) -> Submitter {
        self.submitter.clone()
    }

    /// How many workers it may have at most. Never blocks.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// assert_eq!(ThreadPoolExecutor::new(3)?.max_workers(), 3);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn max_workers(&self) -> usize {
        self.submitter.max_workers()
    }

    /// What it is doing and has done: how many workers are idle, how many tasks wait, how many have
    /// ended, and how. Blocks only for as long as the pool is counted, which is at most once
    /// through what is pending.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// assert_eq!(pool.stats().workers, 0); // they start on demand
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn stats(&self) -> Stats {
        self.submitter.stats()
    }

    /// Which pool this is. Never blocks.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// assert!(ThreadPoolExecutor::new(1)?.id() < ThreadPoolExecutor::new(1)?.id());
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn id(&self) -> PoolId {
        self.submitter.id()
    }

    /// Closes the pool and waits for its end: no more submits, pending tasks as `how` says, running
    /// ones to their end.
    ///
    /// Blocks until the last of its threads has ended, and for the drops and callbacks of what it
    /// cancels, which run here. It may be called again, and by several threads at once; each
    /// returns when no thread and no pending task is left, and a later call may still cancel what
    /// an earlier one would have drained.
    ///
    /// # Errors
    ///
    /// Called by one of the pool's own workers, it closes the pool and does not wait: nobody can
    /// wait for his own end.
    ///
    /// ```
    /// use std::sync::{Arc, Barrier};
    /// use glasspool::{Shutdown, ThreadPoolExecutor};
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let gate = Arc::new(Barrier::new(2));
    /// let inside = Arc::clone(&gate);
    /// let running = pool.submit(move || inside.wait());
    /// let pending = pool.submit(|| ());
    /// std::thread::scope(|scope| {
    ///     let closing = scope.spawn(|| pool.shutdown(Shutdown::CancelPending));
    ///     assert!(pending.result().is_err()); // at once, while the other still runs
    ///     gate.wait();
    ///     closing.join().unwrap()
    /// })?;
    /// assert!(running.result().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        self.close(how);
        self.submitter.core().join()
    }

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
        self.submitter.core().close_within(how, timeout)
    }

    /// Closes the pool and does not wait for its end. Blocks only for the drops and callbacks of
    /// what it cancels.
    ///
    /// ```
    /// use glasspool::{Shutdown, ThreadPoolExecutor};
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.submit(|| 1);
    /// pool.close(Shutdown::Drain);
    /// assert!(pool.try_submit(|| 2).is_err());
    /// assert_eq!(future.into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self, how: Shutdown) {
        self.submitter.core().close(how);
    }
}

impl Executor for ThreadPoolExecutor {
    fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
        self.submitter.execute(task)
    }

    fn try_execute(&self, task: Task) -> Result<(), Refused<Task>> {
        self.submitter.try_execute(task)
    }

    fn execute_until(&self, task: Task, deadline: Instant) -> Result<(), Refused<Task>> {
        self.submitter.execute_until(task, deadline)
    }

    fn max_workers(&self) -> usize {
        self.submitter.max_workers()
    }

    fn refusal(&self) -> Option<Refusal> {
        self.submitter.refusal()
    }
}

impl Drop for ThreadPoolExecutor {
    fn drop(&mut self) {
        if self.submitter.core().has_been_given_up() {
            // It is closed, and what is left of it was reported.
            return;
        }
        let at_its_last_call = self.submitter.core().queue.is_at_its_last_call();
        let how = if at_its_last_call { Shutdown::WhenIdle } else { Shutdown::Drain };
        // The error says that this is one of the pool's own workers: the pool is closed, and ends
        // without being waited for.
        let _ = self.shutdown(how);
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = self.submitter.core();
        let now = self.stats();
        f.debug_struct("ThreadPoolExecutor")
            .field("name", &core.settings.name)
            .field("max_workers", &core.settings.max_workers)
            .field("workers", &now.workers)
            .field("idle", &now.idle)
            .field("queued", &now.queued)
            .field("open", &core.queue.is_open())
            .finish()
    }
}
