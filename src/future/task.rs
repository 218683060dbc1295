//! The half that is run: a closure meets its promise.
//!
//! [`task`] makes both halves at once, which is the only way to make either: a [`Future`] without a task that will end it cannot
//! be written. A [`Task`] is run by value, so it runs at most once; dropped unrun, it cancels its future, so no reader is
//! ever stranded.
//!
//! Where the queue and the workers are is not known here. From here the story goes on to whoever takes a task: see
//! [`Executor`](crate::Executor).

use std::fmt;
use std::sync::{Arc, Weak};

use super::contain::{catch, contain, discard};
use super::handle::Future;
use super::shared::{Answer, Shared};
use super::state::Outcome;
use crate::error::{Broken, CancelReason, Panic, TaskError};
use crate::label::Label;

/// Makes a task and the future of what it will return: an executor of one's own is whoever holds the [`Task`].
///
/// Nothing blocks, and nothing runs until [`Task::run`] is called.
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
/// What the closure captures and returns must outlive any caller's frame, because nobody knows when it will run:
///
/// ```compile_fail,E0597
/// let local = String::from("on this stack");
/// let (task, future) = glasspool::task(|| local.len());
/// # drop(task);
/// # drop(local);
/// ```
///
/// and it must be able to change threads:
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
pub fn task<F, T>(work: F) -> (Task, Future<T>)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (_, task, future) = halves(work, Label::here());
    (task, future)
}

/// The two halves, and the place they share, for an executor that may have to give the closure back.
pub(crate) fn halves<F, T>(work: F, label: Label) -> (Arc<Shared<F, T>>, Task, Future<T>)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let shared = Arc::new(Shared::pending(work));
    let task = Task::new(Arc::clone(&shared) as Arc<dyn Runnable>, label.clone());
    let future = Future::new(Arc::clone(&shared) as Arc<dyn Answer<T>>, label);
    (shared, task, future)
}

/// What the running side can do, whatever the closure and its value are.
pub(crate) trait Runnable: Send + Sync {
    /// Claims it and runs it to its end, in this thread; nothing if it was cancelled.
    fn run(&self, label: &Label);

    /// Claims it now, to be run later by this thread; `None` if it was cancelled. Costs an allocation: it is for a
    /// hand-over, where user code must wait until somebody else has been told of the claim.
    fn claim(self: Arc<Self>) -> Option<Box<dyn Claimed>>;

    /// Nobody will run it.
    fn abandon(&self, reason: CancelReason);

    /// Cancels what of it has not begun, while it is in its worker's hands. A closure has nothing of the kind: it has begun.
    fn cancel_pending(&self, _reason: &CancelReason) {}
}

/// A task that this thread has claimed and not begun. Dropping it is [`lose`](Self::lose) without a cause.
pub(crate) trait Claimed {
    fn run(self: Box<Self>, label: &Label);

    /// The worker that claimed it will not run it.
    fn lose(self: Box<Self>, cause: &Broken);
}

impl<F, T> Runnable for Shared<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn run(&self, label: &Label) {
        if let Some(work) = self.claim() {
            self.complete(outcome_of(work, label));
        }
    }

    fn claim(self: Arc<Self>) -> Option<Box<dyn Claimed>> {
        let work = Shared::claim(&*self)?;
        Some(Box::new(ClaimedWork { shared: self, work: Some(work) }))
    }

    fn abandon(&self, reason: CancelReason) {
        self.cancel(reason);
    }
}

/// What the closure came to. Its captures are dropped before this returns.
pub(crate) fn outcome_of<T>(work: impl FnOnce() -> T, label: &Label) -> Outcome<T> {
    catch(work).map_err(|payload| TaskError::Panicked(Panic::new(payload, label)))
}

struct ClaimedWork<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    shared: Arc<Shared<F, T>>,
    /// `None` once it has been run or lost.
    work: Option<F>,
}

impl<F, T> ClaimedWork<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn end_unrun(&mut self, cause: Option<&Broken>) {
        if let Some(work) = self.work.take() {
            discard(work);
            self.shared.complete(Err(TaskError::Lost(cause.cloned())));
        }
    }
}

impl<F, T> Claimed for ClaimedWork<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn run(mut self: Box<Self>, label: &Label) {
        if let Some(work) = self.work.take() {
            self.shared.complete(outcome_of(work, label));
        }
    }

    fn lose(mut self: Box<Self>, cause: &Broken) {
        self.end_unrun(Some(cause));
    }
}

impl<F, T> Drop for ClaimedWork<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn drop(&mut self) {
        self.end_unrun(None);
    }
}

/// The half that is run. Whoever holds it is the executor of its future.
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
/// It runs at most once, and the compiler sees to that:
///
/// ```compile_fail,E0382
/// let (task, future) = glasspool::task(|| 1);
/// task.run();
/// task.run();
/// ```
#[must_use = "a task that is dropped is cancelled"]
pub struct Task {
    /// `None` once it has been run, claimed or abandoned.
    runnable: Option<Arc<dyn Runnable>>,
    label: Label,
}

impl Task {
    pub(crate) fn new(runnable: Arc<dyn Runnable>, label: Label) -> Self {
        Self { runnable: Some(runnable), label }
    }

    /// Runs the closure in this thread, ends the future with what it returns or panics with, and runs the future's callbacks.
    /// If the future has been cancelled, it does nothing. Blocks for as long as the closure does.
    ///
    /// A panic of the closure does not come out here: it is the future's outcome.
    ///
    /// ```
    /// let (task, future) = glasspool::task(|| 1);
    /// assert!(future.cancel());
    /// task.run(); // to no effect
    /// assert!(future.cancelled());
    /// ```
    pub fn run(mut self) {
        if let Some(runnable) = self.runnable.take() {
            runnable.run(&self.label);
            // It may hold the last reference to a value that nobody reads, and dropping that is user code.
            contain(|| drop(runnable));
        }
    }

    /// Claims the closure for this thread, without running it yet.
    pub(crate) fn claim(mut self) -> Option<(Box<dyn Claimed>, Label)> {
        let claimed = self.runnable.take()?.claim()?;
        Some((claimed, self.label.clone()))
    }

    /// For those who may want to cancel what of it has not begun, while somebody else runs it.
    pub(crate) fn in_hand(&self) -> Option<Weak<dyn Runnable>> {
        self.runnable.as_ref().map(Arc::downgrade)
    }

    /// Ends its future without running it.
    pub(crate) fn abandon(mut self, reason: CancelReason) {
        self.end_unrun(reason);
    }

    fn end_unrun(&mut self, reason: CancelReason) {
        if let Some(runnable) = self.runnable.take() {
            runnable.abandon(reason);
            contain(|| drop(runnable));
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.end_unrun(CancelReason::TaskDropped);
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("label", &format_args!("{}", self.label)).finish_non_exhaustive()
    }
}
