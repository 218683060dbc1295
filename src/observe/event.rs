//! What an observer hears: events, and what they say.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

use crate::kernel::seams::{EventKind, PoolId, TaskId};
use crate::kernel::staff::Worker;

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

impl<O: Observer + ?Sized> Observer for Arc<O> {
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

/// Something that happened in a pool, in the thread that tells of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// When it happened, by the monotonic clock. (A [cancellation](EventKind::Cancelled) may be
    /// told a little later.)
    pub at: Instant,
    /// The pool in which it happened.
    pub pool: PoolId,
    /// The worker that this thread is, of any pool; `None` if it is no worker.
    pub worker: Option<Worker>,
    /// The task that the event is about, if it is about one.
    pub task: Option<TaskInfo<'a>>,
    /// Number of pending tasks of the pool at that time: submitted, and neither started nor ended
    /// nor refused. Each item of a [`Map`](crate::Map) is one, and so is the task of a submitter
    /// that waits for room. (So it may be more than [`Stats::queued`](crate::Stats::queued).)
    pub queue_depth: usize,
    /// What happened.
    pub kind: EventKind,
}

/// What an event says of a task.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TaskInfo<'a> {
    /// The task's id.
    pub id: TaskId,
    /// The name that the task was [given](crate::ThreadPoolExecutor::named).
    pub name: Option<&'a str>,
    /// The place of an item of a [`Map`](crate::Map), from 0; `None` for other tasks.
    pub item: Option<usize>,
    /// Where the task was submitted.
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
