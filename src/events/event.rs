//! What is told: an event, and to whom.

use std::fmt;
use std::panic::Location;
use std::time::Instant;

use crate::error::CancelReason;
use crate::future::state::Ending;
use crate::identity::{PoolId, TaskId, Worker};
use crate::shutdown::Shutdown;

/// Whoever wants to know what a pool does: an option of the [builder](crate::Builder::observer).
///
/// It is told of each [`Event`] in the thread in which that happens, before that thread goes on, and with no lock of ours held. For one task,
/// the events come in the order of its life; those of different threads may come in any order, and at the same time, and each says when it
/// was. Who has a task's result knows that all events of that task have been told, up to its end; who has closed a pool and waited for
/// its end, that all of that pool's have.
///
/// **It harms no task.** If it is slow, the thread that tells it is, and nobody else; a recorder that only keeps what it is told costs little. If it
/// panics, the panic hook says so, nothing else comes of it, and this observer is told no more of this pool. What it does itself, as submitting to the pool that it
/// observes, is not told: or else there would be no end to it.
///
/// It is kept for as long as the pool or one of its futures is. So one that holds a handle on the pool keeps the pool's memory; hold a
/// [`Submitter`](crate::Submitter) in a `Weak`, or not at all.
///
/// Closures are observers, and so are `Arc`s of them:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
/// use glasspool::{Event, EventKind, ThreadPoolExecutor};
///
/// let started = Arc::new(AtomicUsize::new(0));
/// let count = Arc::clone(&started);
/// let pool = ThreadPoolExecutor::builder()
///     .max_workers(2)
///     .observer(move |event: &Event<'_>| {
///         if matches!(event.kind, EventKind::Started) {
///             count.fetch_add(1, Relaxed);
///         }
///     })
///     .build()?;
/// pool.map(0..10, |n| n * n).for_each(drop);
/// assert_eq!(started.load(Relaxed), 10);
/// # Ok::<(), glasspool::BuildError>(())
/// ```
pub trait Observer: Send + Sync {
    /// Hears of an event, in the thread in which it happens.
    fn observe(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync> Observer for F {
    fn observe(&self, event: &Event<'_>) {
        self(event);
    }
}

impl<O: Observer + ?Sized> Observer for std::sync::Arc<O> {
    fn observe(&self, event: &Event<'_>) {
        (**self).observe(event);
    }
}

/// Something that has happened, in the thread that tells of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// When, by the monotonic clock. (That of a [cancellation](EventKind::Cancelled) may be a little before it is told.)
    pub at: Instant,
    /// In which pool.
    pub pool: PoolId,
    /// Which worker this thread is, of whichever pool; `None` if it is none.
    pub worker: Option<Worker>,
    /// The task that it is about, if it is about one.
    pub task: Option<TaskInfo<'a>>,
    /// How many tasks of the pool are pending then. Each item of a [`Map`](crate::Map) is one.
    pub queue_depth: usize,
    /// What has happened.
    pub kind: EventKind,
}

/// What there is to know of a task, wherever it is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TaskInfo<'a> {
    /// It is this one.
    pub id: TaskId,
    /// The [name](crate::Named) that it was given.
    pub name: Option<&'a str>,
    /// If it is one of a [`Map`](crate::Map)'s: the how-manieth, from 0.
    pub item: Option<usize>,
    /// Where it was submitted.
    pub submitted_at: &'static Location<'static>,
}

impl fmt::Display for TaskInfo<'_> {
    /// `F3 loiter[3]`, or as much of that as there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        match (self.name, self.item) {
            (Some(name), Some(item)) => write!(f, " {name}[{item}]"),
            (Some(name), None) => write!(f, " {name}"),
            (None, Some(item)) => write!(f, " [{item}]"),
            (None, None) => Ok(()),
        }
    }
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// Somebody gives the task to the pool. It is pending from now on.
    Submitted,
    /// The pool does not take it: it is the submitter's again.
    Refused,
    /// This thread runs it from now on: a worker in its turn, or somebody who waits for it inside another.
    Started,
    /// It has come to its end, and its callbacks have run: whoever waits for it is told next. If it was
    /// [`Lost`](Ending::Lost), it had not started.
    Finished(Ending),
    /// It will not be run.
    Cancelled(CancelReason),
    /// A reader has its outcome.
    Collected,
    /// A callback of the task begins in this thread.
    CallbackBegan,
    /// And ends.
    CallbackEnded,
    /// This thread goes to sleep until something has happened.
    Blocked(BlockedOn),
    /// And goes on, because this task has ended, if it is one that it has waited for and the time was not up.
    Unblocked {
        /// The task for which it has waited, or one of them.
        by: Option<TaskId>,
    },
    /// This thread is a worker of the pool from now on.
    WorkerBorn,
    /// The worker finds nothing to do, and goes to sleep; until it [starts](Self::Started) something, or goes.
    WorkerIdle,
    /// The worker has run the last of its user code.
    WorkerGone,
    /// Somebody closes the pool.
    Closed(Shutdown),
}

/// What a thread waits for, asleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockedOn {
    /// The end of the task that the event is about.
    Task,
    /// The end of any of so many tasks.
    AnyOf(usize),
    /// Room in the pool's queue, for the task that this thread has just submitted.
    Room,
    /// The end of the pool.
    Shutdown,
}
