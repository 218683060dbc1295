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
/// It is told of each [`Event`] in the thread in which that happens, before that thread goes on,
/// and with no lock of ours held. For one task, the events come in the order of its life; those of
/// different threads may come in any order, and at the same time, and each says when it was. Who
/// has the result of a task that has run knows that all has been told of it, up to its end. Who has
/// closed a pool and waited for its end knows that its workers have told all they had to tell; what
/// is done later with its futures is still told. A cancellation is an exception: first everyone
/// learns of it who waits, and then it is told, by whoever cancels, with the time when it was.
///
/// Two observers in a pair are one; if either panics, neither is told any more.
///
/// **It harms no task.** If it is slow, the thread that tells it is slow, and whoever waits for
/// what that thread does next, as the end of a task; nobody else. (So a wait with a deadline may
/// come back later than that.) If it panics, the panic hook says so, nothing else comes of it, and
/// this observer is told no more of this pool. (With `panic = "abort"` the process ends, as with
/// every panic.) What an observer does itself is not told, to whichever observer: or else there
/// would be no end to it. So a task that it submits has no events, and one that it cancels, or runs
/// by waiting for it, has no more.
///
/// It is kept for as long as the pool is, or one of its futures, and dropped by whoever lets go of
/// the last of these. So one that holds a handle on the pool keeps the pool's memory; hold a
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

impl<A: Observer, B: Observer> Observer for (A, B) {
    fn observe(&self, event: &Event<'_>) {
        self.0.observe(event);
        self.1.observe(event);
    }
}

/// Something that has happened, in the thread that tells of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// When, by the monotonic clock. (That of a [cancellation](EventKind::Cancelled) may be a
    /// little before it is told.)
    pub at: Instant,
    /// In which pool.
    pub pool: PoolId,
    /// Which worker this thread is, of whichever pool; `None` if it is none.
    pub worker: Option<Worker>,
    /// The task that it is about, if it is about one.
    pub task: Option<TaskInfo<'a>>,
    /// How many tasks of the pool are pending then: submitted, and neither started nor ended nor
    /// refused. Each item of a [`Map`](crate::Map) is one, and so is what a submitter waits with
    /// for room. (So it may be more than the [queue's](crate::Stats::queued).)
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
    /// If it is one of a [`Map`](crate::Map)'s: its place there, from 0.
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
    /// The pool does not take it: it is the submitter's again. (A [`Task`](crate::Task) that is
    /// given back for want of room may be given to the pool again, as a
    /// [`BufferedMap`](crate::BufferedMap) does; so that is told only when it is given elsewhere.)
    Refused,
    /// This thread runs it from now on: a worker in its turn, or somebody who waits for it inside
    /// another. (A [`Task`](crate::Task) that is run by hand has no events, but that it is refused
    /// if a pool had it before. The first task of a new worker is pending here until the worker is
    /// initialized, though its future is running since it was claimed.)
    Started,
    /// It has come to its end, and the callbacks that were registered have run: whoever waits for
    /// it is told next. If it was [`Lost`](Ending::Lost), it had not started.
    Finished(Ending),
    /// It will not be run.
    Cancelled(CancelReason),
    /// A reader has its outcome.
    Collected,
    /// A callback of the task begins in this thread.
    CallbackBegan,
    /// And ends.
    CallbackEnded,
    /// This thread goes to sleep until something has happened. (If it is found that this would
    /// never be, it [goes on](Self::Unblocked) at once, with an error.)
    Blocked(BlockedOn),
    /// And goes on, because this task has ended, if it is one that it has waited for and the time
    /// was not up.
    Unblocked {
        /// The task for which it has waited, or one of them.
        by: Option<TaskId>,
    },
    /// This thread is a worker of the pool from now on.
    WorkerBorn,
    /// The worker finds nothing to do, and goes to sleep; until it [starts](Self::Started)
    /// something, or goes. (It may be woken in between, for a task that has been cancelled or is
    /// run elsewhere already, and fall idle again.)
    WorkerIdle,
    /// The worker has run its last task and its exit hook. What its thread-locals hold is dropped
    /// after that.
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
    /// The end of any of so many tasks. Of several pools, that of the first of them that is
    /// observed tells. (It is the one that had taken the task when the wait for it was begun, or
    /// when it was added to a stream.)
    AnyOf(usize),
    /// Room in the pool's queue, for the task that this thread has just submitted. (A
    /// [`BufferedMap`](crate::BufferedMap) looks up every few milliseconds whether a result is
    /// there, and goes to sleep again.)
    Room,
    /// The end of the pool.
    Shutdown,
}
