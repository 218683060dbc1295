//! The pool: a queue, workers and seams, arranged; and the one handle that owns it.
//!
//! A pool has one owner, so leaving scope can mean what it means in Python's `with`: drain and
//! join. A [`Submitter`](crate::Submitter) submits and owns nothing.
//!
//! A [`Pool`] takes tasks that borrow for `'a`. Those of a [`ThreadPoolExecutor`] borrow nothing; a
//! [`Scope`](crate::Scope) has a pool whose tasks borrow what is around the scope.
//!
//! ```text
//! the last call (Shutdown::WhenIdle)
//!
//! Open ── close(WhenIdle) ──▶ LastCall ── no task pending or running, nobody submitting ──▶ Closed
//!    └───────────── close(Drain, CancelPending, Stop) ───────────────────────────────────────▲
//! Closed, and the last worker gone: over. Whoever waits for the end joins the threads and returns.
//! ```

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::{Refusal, Refused, ShutdownError};
use super::event::{BlockedOn, EventKind, Shutdown};
use super::future::ScopedFuture;
use super::id::PoolId;
use super::meta::{Common, TaskMeta};
use super::panics::discard;
use super::queue::{Admitted, Queue, QueuedTask, Submit};
use super::seams::{Await, Hook, Origin, Seams, WaitPolicy, WorkerHooks};
use super::staff::{Staff, current_worker};
use super::state::Status;
use super::task::{ScopedTask, halves};
use super::worker::{Threads, hire};
use crate::sync::process_wide::{AtomicBool, Relaxed};
use crate::sync::{Mutex, Spawn, default_stack_size, is_over};

/// What a pool has been told to be.
pub(crate) struct Settings {
    pub(crate) id: PoolId,
    pub(crate) max_workers: usize,
    /// How many spare workers may stand beside blocked ones.
    pub(crate) max_spares: usize,
    /// What the names of its threads begin with.
    pub(crate) name: String,
    pub(crate) stack_size: Option<usize>,
    pub(crate) keep_alive: Option<Duration>,
}

/// Linux keeps so many bytes of a thread's name, and cuts the rest.
const NAME_BYTES: usize = 15;

/// Workers up to this number have their whole number in their thread's name.
const MOST_NUMBERED: usize = 10_000;

impl Settings {
    /// Returns the size of the workers' stacks in bytes.
    pub(super) fn stack_bytes(&self) -> usize {
        self.stack_size.unwrap_or_else(default_stack_size)
    }

    /// Returns `prefix_3`, with a prefix that is cut alike for every worker of the pool.
    pub(crate) fn thread_name(&self, worker: usize) -> String {
        let number_bytes = format!("_{}", self.max_workers.min(MOST_NUMBERED) - 1).len();
        let mut end = (NAME_BYTES - number_bytes).min(self.name.len());
        while !self.name.is_char_boundary(end) {
            end -= 1;
        }
        format!("{}_{worker}", &self.name[..end])
    }
}

pub(crate) struct Pool<'a> {
    pub(crate) settings: Settings,
    pub(crate) queue: Arc<Queue<'a>>,
    /// What all tasks have in common that are submitted without a name.
    pub(crate) common: Arc<Common<'a>>,
    pub(crate) seams: Seams,
    /// Kept for as long as there may be workers: what hooks captured goes with the last of them.
    hooks: Mutex<Option<WorkerHooks>>,
    pub(super) spawn: Spawn<'a>,
    pub(super) threads: Threads<'a>,
    /// Somebody has waited for the end in vain, so the owner need not wait again.
    pub(crate) given_up: AtomicBool,
}

impl<'a> Pool<'a> {
    pub(crate) fn new(settings: Settings, mut seams: Seams, spawn: Spawn<'a>) -> Arc<Self> {
        let staff = Staff::new(settings.id, settings.max_workers, settings.max_spares);
        let hooks = Mutex::new(Some(std::mem::take(&mut seams.hooks)));
        let queue = Arc::new(Queue::new(staff, seams.bound.is_some()));
        let common = Arc::new(Common { home: Some(Arc::clone(&queue)), ..Common::default() });
        let (threads, given_up) = (Threads::new(), AtomicBool::new(false));
        Arc::new(Self { settings, queue, common, seams, hooks, spawn, threads, given_up })
    }

    /// Returns what all tasks have in common that are submitted under this name.
    pub(crate) fn named(&self, name: String) -> Arc<Common<'a>> {
        Arc::new(Common { name: Some(name.into()), ..Common::clone(&self.common) })
    }

    /// Makes a task of the work and takes it, or gives the work back.
    pub(crate) fn submit<F, T>(
        self: &Arc<Self>,
        common: &Arc<Common<'a>>,
        submitted_at: &'static Location<'static>,
        work: F,
        policy: &WaitPolicy,
    ) -> Result<ScopedFuture<'a, T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'a,
        T: Send + 'a,
    {
        let meta = TaskMeta { submitted_at, common: Some(Arc::clone(common)) };
        let (cell, future) = halves(work, meta);
        cell.introduce(&self.seams.listeners, Origin::Submitted);
        let Err((_, why)) = self.accept(Arc::clone(&cell) as QueuedTask<'a>, policy) else {
            return Ok(future);
        };
        cell.tell(&EventKind::Refused);
        // Nobody else has seen this future, so nobody waits for the task that is claimed here.
        let work = cell.take_back().expect("a refused task is pending");
        Err(Refused::new(work, why))
    }

    /// Takes a task that was made without this pool, or gives it back.
    pub(crate) fn adopt(
        self: &Arc<Self>,
        task: ScopedTask<'a>,
        policy: &WaitPolicy,
    ) -> Result<(), Refused<ScopedTask<'a>>> {
        let Some(cell) = task.into_cell() else { return Ok(()) };
        if cell.home() != Some(self.settings.id) {
            cell.set_home(Some(Arc::clone(&self.queue)));
            cell.introduce(&self.seams.listeners, Origin::Adopted);
            cell.followers().iter().for_each(|follower| self.queue.follow(follower));
        }
        match self.accept(Arc::clone(&cell), policy) {
            Ok(()) => {
                cell.followers().iter().for_each(|follower| follower.taken());
                // Whoever cancelled the task before it had its ticket has not found it in the
                // queue.
                if cell.status() == Status::Cancelled {
                    self.queue.remove(cell.place(), true);
                }
                Ok(())
            }
            Err((cell, why)) => {
                // For want of room, the task may be given to this pool again, and is the same then.
                if !matches!(why, Refusal::Full) {
                    cell.set_home(None);
                }
                Err(Refused::new(ScopedTask::new(cell), why))
            }
        }
    }

    /// Takes a task: to an idle worker, or to a new one, or to wait for whichever is ready first.
    fn accept(
        self: &Arc<Self>,
        mut task: QueuedTask<'a>,
        policy: &WaitPolicy,
    ) -> Result<(), (QueuedTask<'a>, Refusal)> {
        let bound = self.seams.bound.as_ref();
        match self.queue.put(task) {
            Ok(()) => return Ok(()),
            Err(back) => task = back,
        }
        let mut submit = Submit::new(bound.is_some());
        loop {
            match (self.queue.admit(task, &mut submit), bound) {
                (Admitted::Queued, _) => return Ok(()),
                (Admitted::Hire(first, slot), _) => match hire(self, first, &slot) {
                    Ok(()) => return Ok(()),
                    Err((first, cause)) => {
                        self.queue.hire_failed(&slot, &mut submit);
                        submit.thread_refused = Some(cause);
                        task = first;
                    }
                },
                (Admitted::NeedsPermit(waits), Some(bound)) => {
                    task = waits;
                    if !bound.admit(policy, self.employs_me()) {
                        self.queue.give_up(&mut submit);
                        return Err((task, Refusal::Full));
                    }
                    // It is released when the task is claimed or cancelled, which may have been.
                    if !task.listen(Arc::clone(bound) as _) {
                        bound.give_back();
                    }
                    submit.needs_permit = false;
                    // That may have taken long: the system may have a thread for it now.
                    submit.thread_refused = None;
                }
                (Admitted::NeedsPermit(task), None) => return Err((task, Refusal::Full)),
                (Admitted::Refused(task, why), bound) => {
                    // A task that was cancelled meanwhile has released its permit itself.
                    if let Some(bound) = bound.filter(|bound| task.unwatch(bound)) {
                        bound.give_back();
                    }
                    return Err((task, why));
                }
            }
        }
    }

    /// Hires a spare worker, if a task waits that needs one.
    pub(crate) fn hire_spare(self: &Arc<Self>, wanted: Option<super::backlog::Place>) {
        if let Some((task, slot)) = self.queue.hire_spare(wanted) {
            if let Err((task, _)) = hire(self, task, &slot) {
                self.queue.spare_failed(task, &slot);
            }
        }
    }

    pub(crate) fn employs_me(&self) -> bool {
        current_worker().is_some_and(|me| me.pool == self.settings.id)
    }

    /// Takes no more tasks, and does with the others as `how` says. Does not wait.
    pub(crate) fn close(&self, how: Shutdown) {
        let at = Instant::now();
        let (is_news, cancelled) = self.queue.close(how);
        if how != Shutdown::WhenIdle {
            self.close_bound();
        }
        if is_news {
            self.tell_at(&EventKind::Closed(how), at);
        }
        cancelled.finish();
        self.dismiss_hooks_if_over();
    }

    /// Nobody waits for room any more: it is the queue that refuses.
    pub(super) fn close_bound(&self) {
        if let Some(bound) = &self.seams.bound {
            bound.closed();
        }
    }

    /// Blocks until the last of its threads has ended. Returns `false` if the deadline came first.
    pub(crate) fn wait_until_over(&self, deadline: Option<Instant>) -> bool {
        let has_ended = self.queue.is_over() && self.threads.are_joined();
        let waits = !has_ended && !is_over(deadline);
        if waits {
            self.tell(&EventKind::Blocked(BlockedOn::Shutdown));
        }
        let in_time = self.queue.wait_until_over(deadline);
        if in_time {
            self.threads.join_all();
            self.dismiss_hooks_if_over();
        }
        if waits {
            self.tell(&EventKind::Unblocked { by: None });
        }
        in_time
    }

    /// Closes the pool and waits for its end.
    pub(crate) fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        self.close(how);
        if self.employs_me() {
            return Err(ShutdownError);
        }
        self.wait_until_over(None);
        Ok(())
    }

    pub(super) fn is_heard(&self) -> bool {
        !self.seams.listeners.is_empty()
    }

    pub(crate) fn tell(&self, step: &EventKind) {
        if self.is_heard() {
            self.tell_at(step, Instant::now());
        }
    }

    fn tell_at(&self, step: &EventKind, at: Instant) {
        self.seams.listeners.iter().for_each(|listener| listener.hear(step, at));
    }

    pub(super) fn hook(&self, which: impl FnOnce(&WorkerHooks) -> &Option<Hook>) -> Option<Hook> {
        self.hooks.lock().as_ref().and_then(|hooks| which(hooks).clone())
    }

    /// Drops the hooks after the pool's last act. (A submitter does not: their drop is user code.)
    pub(super) fn dismiss_hooks_if_over(&self) {
        if self.queue.is_over() {
            let hooks = self.hooks.lock().take();
            if let Some(WorkerHooks { begin, end }) = hooks {
                discard(begin);
                discard(end);
            }
        }
    }
}

impl Drop for Pool<'_> {
    fn drop(&mut self) {
        if let Some(WorkerHooks { begin, end }) = self.hooks.lock().take() {
            discard(begin);
            discard(end);
        }
    }
}

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
    pub(crate) pool: Arc<Pool<'static>>,
}

// No user code runs while the pool is locked, so a panic cannot leave it half-changed.
impl UnwindSafe for ThreadPoolExecutor {}
impl RefUnwindSafe for ThreadPoolExecutor {}

/// The end of a pool. How a pool is made is said at [`Builder`](crate::Builder).
impl ThreadPoolExecutor {
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
    /// Called by one of the pool's own workers, it closes the pool and does not wait: a thread
    /// cannot wait for its own end.
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
        self.pool.shutdown(how)
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
        self.pool.close(how);
    }
}

impl Drop for ThreadPoolExecutor {
    fn drop(&mut self) {
        if self.pool.given_up.load(Relaxed) {
            // It is closed, and what is left of it was reported.
            return;
        }
        let how =
            if self.pool.queue.is_at_last_call() { Shutdown::WhenIdle } else { Shutdown::Drain };
        // The error says that this is one of the pool's own workers: the pool ends by itself.
        let _ = self.shutdown(how);
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.pool.queue.snapshot();
        f.debug_struct("ThreadPoolExecutor")
            .field("name", &self.pool.settings.name)
            .field("max_workers", &self.pool.settings.max_workers)
            .field("workers", &now.workers)
            .field("idle", &now.idle)
            .field("queued", &now.queued)
            .field("open", &now.is_open)
            .finish()
    }
}
