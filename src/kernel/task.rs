//! The half that runs: a closure meets its promise.
//!
//! [`task`] makes both halves at once, and there is no other way to make either: a future without a
//! task that will end it cannot be written. A [`Task`] that is dropped unrun cancels its future, so
//! no reader is ever stranded.
//!
//! Whoever holds a task is its executor. A pool's queue holds cells and not tasks, since a queue
//! looks after what it holds: it runs it or cancels it.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Instant;

use super::backlog::Ticket;
use super::cell::Cell;
use super::error::{Broken, CancelReason, TaskError};
use super::event::EventKind;
use super::future::{Read, ScopedFuture};
use super::meta::TaskMeta;
use super::panics::{Label, Panic, catch, contain, discard};
use super::queue::{ClaimedTask, Queue, QueuedTask, Run};
use super::seams::{Await, Listener, Origin};
use super::staff::{RunningTask, Slot, WorkerContext};
use super::state::Status;

/// Makes a task and its future, for an executor of your own: whoever holds the [`Task`] is its
/// executor. Never blocks; the closure runs when [`run`](ScopedTask::run) is called.
///
/// ```
/// use glasspool::task;
///
/// let (task, future) = task(|| 2 + 2);
/// let worker = std::thread::spawn(move || task.run());
/// assert_eq!(future.result()?, &4);
/// # worker.join().unwrap();
/// # Ok::<(), glasspool::TaskError>(())
/// ```
///
/// The closure may borrow, and then both halves live no longer than what it borrows:
///
/// ```
/// let local = String::from("on this stack");
/// let (task, future) = glasspool::task(|| local.as_str());
/// std::thread::scope(|scope| {
///     scope.spawn(|| task.run());
/// });
/// assert_eq!(future.result()?, &"on this stack");
/// # Ok::<(), glasspool::TaskError>(())
/// ```
///
/// So an executor that outlives the caller does not take it, because nobody knows when it will run:
///
/// ```compile_fail,E0373
/// use glasspool::{Executor, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::new(1).unwrap();
/// let local = String::from("on this stack");
/// let (task, future) = glasspool::task(|| local.len());
/// pool.execute(task);
/// ```
///
/// It must be able to change threads:
///
/// ```compile_fail,E0277
/// let count = std::rc::Rc::new(1);
/// let (task, future) = glasspool::task(move || *count);
/// ```
///
/// ```compile_fail,E0277
/// let (task, future) = glasspool::task(|| std::rc::Rc::new(1));
/// ```
#[track_caller]
pub fn task<'a, F, T>(work: F) -> (ScopedTask<'a>, ScopedFuture<'a, T>)
where
    F: FnOnce() -> T + Send + 'a,
    T: Send + 'a,
{
    let (cell, future) = halves(work, TaskMeta::here());
    (ScopedTask::new(cell), future)
}

/// Makes a task's cell, which is the half that runs, and its future.
pub(crate) fn halves<'a, F, T>(
    work: F,
    meta: TaskMeta<'a>,
) -> (Arc<Cell<'a, F, T>>, ScopedFuture<'a, T>)
where
    F: FnOnce() -> T + Send + 'a,
    T: Send + 'a,
{
    let cell = Arc::new(Cell::new(work, meta));
    let future = ScopedFuture::new(Arc::clone(&cell) as Arc<dyn Read<T> + 'a>);
    (cell, future)
}

impl<W: Send, T: Send> Cell<'_, W, T> {
    /// Runs work that this thread has claimed. Every task of every kind runs here.
    pub(crate) fn run_claimed(
        &self,
        work: impl FnOnce() -> T,
        at_end: impl FnOnce(Status),
    ) -> Status {
        self.tell(&EventKind::Started);
        let panicked = |payload| TaskError::Panicked(Panic::new(payload, self.meta.label()));
        self.complete(catch(work).map_err(panicked), at_end)
    }

    /// Runs claimed work inside the task that this thread runs.
    pub(crate) fn run_inside(&self, work: impl FnOnce() -> T) -> Status {
        let slot = WorkerContext::with(|context| Arc::clone(&context.slot));
        slot.iter().for_each(|slot| slot.push(self.running_task()));
        self.run_claimed(work, |_| slot.iter().for_each(|slot| slot.pop()))
    }

    fn running_task(&self) -> RunningTask {
        let stop = self.meta.stop().cloned();
        let (address, label) = (self.place().address, self.meta.label());
        RunningTask { address, label, stop, since: Instant::now() }
    }
}

impl<F, T> Cell<'_, F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    /// Claims the task before its turn, and runs it inside the task that waits for it. Returns
    /// `false` if it is too late for that.
    pub(super) fn run_inline(&self) -> bool {
        let Some(work) = self.claim(true) else { return false };
        let status = self.run_inside(work);
        // The worker that comes for the task in its turn finds it claimed, and does not count it.
        if let Some(queue) = self.queue() {
            queue.count_inline(status);
        }
        true
    }

    /// Claims the task for the worker in this slot.
    fn claim_for(&self, slot: &Slot) -> Option<F> {
        let work = self.claim(false);
        if work.is_some() {
            slot.push(self.running_task());
        } else if self.status() == Status::Cancelled {
            slot.set_ended(Status::Cancelled);
        }
        work
    }
}

impl<'a, F, T> Run<'a> for Cell<'a, F, T>
where
    F: FnOnce() -> T + Send + 'a,
    T: Send + 'a,
{
    fn run(&self, slot: &Slot) {
        if let Some(work) = self.claim_for(slot) {
            self.run_claimed(work, |status| slot.pop_last(status));
        }
    }

    fn claim(self: Arc<Self>, slot: &Slot) -> Option<ClaimedTask<'a>> {
        let work = self.claim_for(slot)?;
        Some(Box::new(move |slot: &Slot, lost: Option<&Broken>| {
            let at_end = |status| slot.pop_last(status);
            if let Some(cause) = lost {
                discard(work);
                self.complete(Err(TaskError::Lost(Some(cause.clone()))), at_end);
            } else {
                self.run_claimed(work, at_end);
            }
        }))
    }

    fn set_ticket(&self, ticket: Ticket) {
        self.set_ticket(ticket);
    }

    fn listen(&self, listener: Arc<dyn Listener + 'a>) -> bool {
        self.listen(listener)
    }

    fn followers(&self) -> Vec<Arc<dyn Listener + 'a>> {
        self.followers()
    }

    fn introduce(&self, pool: &[Arc<dyn Listener>], origin: Origin) {
        self.introduce(pool, origin);
    }

    fn set_home(&self, home: Option<Arc<Queue<'a>>>) {
        self.set_home(home);
    }
}

/// The half of a task that runs; its closure may borrow for `'a`. Whoever holds it is the executor
/// of its future.
///
/// ```
/// use glasspool::{Task, task};
///
/// // The smallest executor there is: a list.
/// let mut later: Vec<Task> = Vec::new();
/// let (first, future) = task(|| "done");
/// later.push(first);
/// assert!(!future.done());
/// for task in later {
///     task.run();
/// }
/// assert_eq!(future.into_result()?, "done");
/// # Ok::<(), glasspool::TaskError>(())
/// ```
///
/// A task runs at most once, and the compiler sees to that:
///
/// ```compile_fail,E0382
/// let (task, future) = glasspool::task(|| 1);
/// task.run();
/// task.run();
/// ```
#[must_use = "a task that is dropped is cancelled"]
pub struct ScopedTask<'a> {
    /// `None` when the task has been run or given away.
    cell: Option<QueuedTask<'a>>,
}

/// A task that borrows nothing.
///
/// ```
/// use glasspool::{Task, task};
///
/// let mut later: Vec<Task> = Vec::new();
/// let (task, future) = task(|| 1);
/// later.push(task);
/// later.into_iter().for_each(Task::run);
/// assert!(future.done());
/// ```
pub type Task = ScopedTask<'static>;

impl<'a> ScopedTask<'a> {
    pub(crate) fn new(cell: QueuedTask<'a>) -> Self {
        Self { cell: Some(cell) }
    }

    /// Takes the cell out, which is the caller's now to run or to cancel.
    pub(crate) fn into_cell(mut self) -> Option<QueuedTask<'a>> {
        self.cell.take()
    }

    fn label(&self) -> Option<Label> {
        self.cell.as_ref().map(|cell| cell.label())
    }
}

// What the closure has captured is touched when it runs, and that is contained.
impl UnwindSafe for ScopedTask<'_> {}
impl RefUnwindSafe for ScopedTask<'_> {}

impl Drop for ScopedTask<'_> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.take() {
            contain(move || {
                if cell.cancel(CancelReason::TaskDropped) {
                    cell.finish_cancel();
                }
            });
        }
    }
}

impl fmt::Debug for ScopedTask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = self.label().map(|label| label.to_string()).unwrap_or_default();
        f.debug_struct("Task").field("label", &format_args!("{label}")).finish_non_exhaustive()
    }
}
