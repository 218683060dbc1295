//! Who works for a pool: how many workers there may be, and what each of them runs.
//!
//! Nothing here has a lifetime, so a thread can keep it in a thread-local, whatever its tasks
//! borrow. [`Staff`] is a pool's, a [`Slot`] is a worker's, and a [`WorkerContext`] is what a
//! thread knows of itself while it is a worker.
//!
//! **Compensation.** A worker that blocks in a task counts itself first and then looks whether a
//! task waits for which a spare worker is needed; a submitter asks with the queue locked how many
//! workers there [may be](Staff::most). One of the two comes second and sees what the first has
//! done, so no task is left waiting for workers that wait. (Java's `ForkJoinPool` compensates in
//! this way.)

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::backlog::Place;
use super::id::PoolId;
use super::panics::Label;
use super::seams::StopHook;
use super::state::Status;
use crate::sync::process_wide::{AtomicBool, AtomicU8, Relaxed};
use crate::sync::{AtomicUsize, Cell, Mutex, OnceLock, RefCell, SeqCst, thread_local};

/// Hires a spare worker, if a task waits that needs one; for the wanted task if it is that one.
type HireSpare = Box<dyn Fn(Option<Place>) + Send + Sync>;

pub(crate) struct Staff {
    pub(crate) id: PoolId,
    pub(crate) max_workers: usize,
    /// How many spare workers there may be at a time.
    max_spares: usize,
    /// Worker slots that are taken, by workers and by those that are being hired.
    workers: AtomicUsize,
    /// Workers that block, each with a spare worker in its place if one is needed.
    compensated: AtomicUsize,
    /// Workers that block until another worker of the pool has ended its task.
    uncompensated: AtomicUsize,
    /// A pool whose tasks borrow has none: a thread-local cannot lead to such a pool.
    hire_spare: OnceLock<HireSpare>,
}

/// How a blocked worker is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    Compensated,
    Uncompensated,
}

impl Staff {
    pub(crate) fn new(id: PoolId, max_workers: usize, max_spares: usize) -> Arc<Self> {
        let (workers, compensated, uncompensated) =
            (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let hire_spare = OnceLock::new();
        Arc::new(Self {
            id,
            max_workers,
            max_spares,
            workers,
            compensated,
            uncompensated,
            hire_spare,
        })
    }

    pub(crate) fn hires_spares_by(&self, hire: HireSpare) {
        self.hire_spare.get_or_init(|| hire);
    }

    /// Returns how many worker slots may be taken now: as many as `max_workers` beside the
    /// compensated workers, and at least one beside the uncompensated.
    pub(crate) fn most(&self) -> usize {
        let (compensated, uncompensated) =
            (self.compensated.load(SeqCst), self.uncompensated.load(SeqCst));
        let most = compensated.saturating_add(self.max_workers.max(uncompensated + 1));
        most.min(self.most_ever())
    }

    pub(crate) fn workers(&self) -> usize {
        self.workers.load(SeqCst)
    }

    pub(crate) fn is_spare(&self, slot: usize) -> bool {
        slot >= self.max_workers
    }

    /// Returns `true` if a worker that waits for a pending task of the pool runs it inline, and a
    /// spare worker may stand beside one that blocks.
    pub(crate) fn compensates(&self) -> bool {
        self.max_spares > 0
    }

    /// Returns `true` if no spare worker can be added, whoever blocks.
    pub(crate) fn is_complete(&self) -> bool {
        self.workers() >= self.most_ever()
    }

    fn most_ever(&self) -> usize {
        let spares = if self.hire_spare.get().is_some() { self.max_spares } else { 0 };
        self.max_workers.saturating_add(spares)
    }

    pub(crate) fn blocked(&self) -> usize {
        self.compensated.load(SeqCst) + self.uncompensated.load(SeqCst)
    }

    pub(super) fn slot_taken(&self) {
        self.workers.fetch_add(1, SeqCst);
    }

    pub(super) fn slot_freed(&self) {
        self.workers.fetch_sub(1, SeqCst);
    }

    fn count(&self, how: Blocked) -> &AtomicUsize {
        match how {
            Blocked::Compensated => &self.compensated,
            Blocked::Uncompensated => &self.uncompensated,
        }
    }

    /// Counts the calling worker as blocked, until the guard is dropped; hires a spare worker first
    /// if a task waits for one.
    pub(crate) fn block(self: &Arc<Self>, how: Blocked, wanted: Option<Place>) -> BlockedGuard {
        self.count(how).fetch_add(1, SeqCst);
        if let Some(hire) = self.hire_spare.get().filter(|_| self.compensates()) {
            hire(wanted);
        }
        BlockedGuard { staff: Arc::clone(self), how }
    }
}

pub(crate) struct BlockedGuard {
    staff: Arc<Staff>,
    how: Blocked,
}

impl Drop for BlockedGuard {
    fn drop(&mut self) {
        self.staff.count(self.how).fetch_sub(1, SeqCst);
    }
}

/// No task has ended that was not counted.
const NOT_ENDED: u8 = u8::MAX;

/// What one worker runs: its task, and inside it the tasks that it runs inline, each because the
/// one before waits for it.
pub(crate) struct Slot {
    pub(crate) index: usize,
    stack: Mutex<Stack>,
    /// How the last task ended that was taken from the queue, until that is counted.
    ended: AtomicU8,
    /// The worker has come to its last act.
    pub(super) has_ended: AtomicBool,
}

#[derive(Default)]
struct Stack {
    tasks: Vec<RunningTask>,
    /// Whatever runs here is asked to stop, and so is what has been taken from the queue and is
    /// only about to run.
    is_stopping: bool,
}

/// A task that a worker runs.
#[derive(Clone)]
pub(crate) struct RunningTask {
    pub(crate) address: usize,
    pub(crate) label: Label,
    pub(crate) stop: Option<StopHook>,
    pub(crate) since: Instant,
}

impl Slot {
    pub(crate) fn new(index: usize) -> Arc<Self> {
        let stack = Mutex::new(Stack::default());
        let (ended, has_ended) = (AtomicU8::new(NOT_ENDED), AtomicBool::new(false));
        Arc::new(Self { index, stack, ended, has_ended })
    }

    /// Returns what the worker runs now, the task that it took from the queue first.
    pub(crate) fn running(&self) -> Vec<RunningTask> {
        self.stack.lock().tasks.clone()
    }

    pub(crate) fn push(&self, task: RunningTask) {
        let mut stack = self.stack.lock();
        let stop = task.stop.clone().filter(|_| stack.is_stopping);
        stack.tasks.push(task);
        drop(stack);
        stop.map(|stop| stop());
    }

    /// Asks all that runs here to stop. Returns `true` if that is news to any of them.
    pub(super) fn stop(&self) -> bool {
        let mut stack = self.stack.lock();
        // A task that comes later sees this, or has come before and is in the list.
        stack.is_stopping = true;
        let stops: Vec<_> = stack.tasks.iter().filter_map(|task| task.stop.clone()).collect();
        drop(stack);
        stops.iter().fold(false, |is_news, stop| stop() | is_news)
    }

    /// A task that was run inline has ended.
    pub(crate) fn pop(&self) {
        let popped = self.stack.lock().tasks.pop();
        drop(popped);
    }

    /// The task that was taken from the queue has ended.
    pub(super) fn pop_last(&self, status: Status) {
        let mut stack = self.stack.lock();
        let popped = stack.tasks.pop();
        self.set_ended(status);
        drop(stack);
        drop(popped);
    }

    pub(super) fn set_ended(&self, status: Status) {
        self.ended.store(status.to_byte(), Relaxed);
    }

    /// Returns how the last task ended, if that has not been counted. It does not change meanwhile
    /// when the worker itself asks, with the queue locked.
    pub(super) fn take_ended(&self) -> Option<Status> {
        let status = self.ended();
        self.ended.store(NOT_ENDED, Relaxed);
        status
    }

    pub(crate) fn ended(&self) -> Option<Status> {
        Some(self.ended.load(Relaxed)).filter(|byte| *byte != NOT_ENDED).map(Status::from_byte)
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
    pub(crate) pool: PoolId,
    pub(crate) index: usize,
}

impl Worker {
    /// Returns the worker's number in its pool: from 0, and below the pool's `max_workers` except
    /// for [spare workers](crate::NestedWait::RunInline). Never blocks.
    ///
    /// No two workers have the same number while they run tasks; but a worker that runs its
    /// [exit hook](crate::Builder::exit_hook) may have its successor beside it.
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

    /// Returns the pool that the worker works for. Never blocks.
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

thread_local! {
    #[allow(clippy::missing_const_for_thread_local, reason = "the model checker has no such form")]
    static WORKER: Cell<Option<Worker>> = Cell::new(None);
    #[allow(clippy::missing_const_for_thread_local, reason = "the model checker has no such form")]
    static CONTEXT: RefCell<Option<WorkerContext>> = RefCell::new(None);
}

/// Returns the worker that the calling thread is: in a task, in a callback that a worker runs, in a
/// hook. Returns `None` in every other thread, also in those that a task starts. Never blocks.
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
    WORKER.with(Cell::get)
}

/// What a thread knows of itself while it is a worker.
#[derive(Clone)]
pub(crate) struct WorkerContext {
    pub(crate) staff: Arc<Staff>,
    pub(crate) slot: Arc<Slot>,
    pub(crate) phase: WorkerPhase,
    /// Where the stack of this thread began, and its size in bytes.
    pub(crate) stack: (usize, usize),
}

/// How far a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkerPhase {
    /// Has its slot, and runs its initializer.
    Beginning,
    /// Has its slot, and runs tasks.
    Ready,
    /// Has left its slot, and runs its exit hook.
    Leaving,
}

impl WorkerContext {
    /// Makes this thread a worker, for as long as it lives.
    pub(super) fn enter(staff: Arc<Staff>, slot: Arc<Slot>, stack_bytes: usize) {
        WORKER.with(|worker| worker.set(Some(Worker { pool: staff.id, index: slot.index })));
        let stack = (stack_pointer(), stack_bytes);
        let context = Self { staff, slot, phase: WorkerPhase::Beginning, stack };
        CONTEXT.with(|current| *current.borrow_mut() = Some(context));
    }

    pub(super) fn set_phase(phase: WorkerPhase) {
        CONTEXT.with(|current| {
            if let Some(context) = &mut *current.borrow_mut() {
                context.phase = phase;
            }
        });
    }

    /// Returns `true` if the worker has used less than half of its stack.
    pub(crate) fn has_stack_left(&self) -> bool {
        let (base, bytes) = self.stack;
        base.abs_diff(stack_pointer()) < bytes - bytes / 2
    }

    /// Asks this thread's context, if it is a worker.
    pub(crate) fn with<R>(ask: impl FnOnce(&Self) -> R) -> Option<R> {
        CONTEXT.try_with(|context| context.borrow().as_ref().map(ask)).ok().flatten()
    }
}

/// Returns about where the stack of this thread has grown to.
fn stack_pointer() -> usize {
    let here = 0_u8;
    (&raw const here).addr()
}
