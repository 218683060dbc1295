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
use super::state::{Cancel, Outcome};
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

    /// Takes the work in order to run it later, in this thread; `None` if it was cancelled. It costs an allocation: it is for a
    /// hand-over, where user code must wait until somebody else has been told of the claim.
    fn claim(self: Arc<Self>) -> Option<Box<dyn ClaimedWork>>;

    /// Cancels what of it has not begun, and tells everyone who waits for that. Runs nobody's code. Whether there was anything;
    /// then [`clear_away`](Self::clear_away) is owed.
    fn cancel_pending(&self, reason: &CancelReason) -> bool;

    /// Drops what was cancelled, and runs its callbacks.
    fn clear_away(&self);

    /// Whether nothing of it is left to do.
    fn is_husk(&self) -> bool;

    /// This task will not be run.
    fn abandon(&self) {
        if self.cancel_pending(&CancelReason::TaskDropped) {
            self.clear_away();
        }
    }
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

    fn claim(self: Arc<Self>) -> Option<Box<dyn ClaimedWork>> {
        let work = Shared::claim(&*self)?;
        Some(Box::new((self, work)))
    }

    fn cancel_pending(&self, reason: &CancelReason) -> bool {
        self.cancel_and_tell(reason.clone()) == Cancel::Won
    }

    fn clear_away(&self) {
        self.clear_away();
    }

    fn is_husk(&self) -> bool {
        self.status().is_done()
    }
}

/// What the closure came to. Its captures are dropped before this returns.
pub(crate) fn outcome_of<T>(work: impl FnOnce() -> T, label: &Label) -> Outcome<T> {
    catch(work).map_err(|payload| TaskError::Panicked(Panic::new(payload, label)))
}

/// Work that has been claimed and not begun: it is either run or lost.
pub(crate) trait ClaimedWork {
    fn run(self: Box<Self>, label: &Label);

    /// The worker that claimed it will not run it; the cause, if it is known.
    fn lose(self: Box<Self>, cause: Option<&Broken>);
}

impl<F, T> ClaimedWork for (Arc<Shared<F, T>>, F)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn run(self: Box<Self>, label: &Label) {
        let (shared, work) = *self;
        shared.complete(outcome_of(work, label));
    }

    fn lose(self: Box<Self>, cause: Option<&Broken>) {
        let (shared, work) = *self;
        discard(work);
        shared.complete(Err(TaskError::Lost(cause.cloned())));
    }
}

/// A task that this thread has claimed and not begun. Dropping it loses it.
pub(crate) struct Claimed {
    /// `None` once it has been run or lost.
    work: Option<Box<dyn ClaimedWork>>,
    label: Label,
}

impl Claimed {
    pub(crate) fn run(mut self) {
        if let Some(work) = self.work.take() {
            contain(|| work.run(&self.label));
        }
    }

    pub(crate) fn lose(mut self, cause: &Broken) {
        if let Some(work) = self.work.take() {
            contain(|| work.lose(Some(cause)));
        }
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            contain(|| work.lose(None));
        }
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
            // What is contained here is not the closure's panic, but that of a drop: this may be the last reference to a value
            // that nobody reads.
            contain(move || runnable.run(&self.label));
        }
    }

    /// Claims the closure for this thread, without running it yet.
    pub(crate) fn claim(mut self) -> Option<Claimed> {
        let work = self.runnable.take()?.claim()?;
        Some(Claimed { work: Some(work), label: self.label.clone() })
    }

    /// For those who may want to cancel what of it has not begun, while somebody else runs it.
    pub(crate) fn in_hand(&self) -> Option<Weak<dyn Runnable>> {
        self.runnable.as_ref().map(Arc::downgrade)
    }

    /// As [`Runnable::cancel_pending`].
    pub(crate) fn cancel_pending(&self, reason: &CancelReason) -> bool {
        self.runnable.as_ref().is_some_and(|runnable| runnable.cancel_pending(reason))
    }

    /// As [`Runnable::clear_away`].
    pub(crate) fn clear_away(&self) {
        if let Some(runnable) = &self.runnable {
            runnable.clear_away();
        }
    }

    /// Whether it has been cancelled, and is only taking up room.
    pub(crate) fn is_husk(&self) -> bool {
        self.runnable.as_ref().is_none_or(|runnable| runnable.is_husk())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(runnable) = self.runnable.take() {
            contain(move || runnable.abandon());
        }
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("label", &format_args!("{}", self.label)).finish_non_exhaustive()
    }
}
