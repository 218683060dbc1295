//! What an observer hears: events, and what they say of pool, worker and task.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

use crate::kernel::event::EventKind;
use crate::kernel::id::{PoolId, TaskId};
use crate::kernel::staff::Worker;

/// Hears what a pool does: an option of the [builder](crate::Builder::observer).
///
/// An observer is told of each [`Event`] in the thread in which it happens, before that thread goes
/// on, and with no lock of the pool held. Events of one task come in the order of its life. Events
/// of different threads may come in any order and at the same time; each has the time at which it
/// happened. When a reader has the result of a task, the observer has heard of everything up to
/// that task's end. When a pool was closed and its end waited for, the observer has heard
/// everything from its workers; what is done with its futures later is still told. A cancellation
/// is an exception: everyone who waits is told first, and then the thread that cancels tells the
/// observer, with the time of the cancellation.
///
/// Two observers in a pair are one; if either panics, neither is told any more.
///
/// **An observer harms no task.** A slow observer slows down the thread that tells it, and whoever
/// waits for that thread, for example for the end of a task. (So a wait with a deadline may return
/// after it.) If an observer panics, the panic hook reports that, and the observer hears no more of
/// this pool. (With `panic = "abort"` the process ends, as with every panic.) What an observer does
/// itself is told to no observer, because that would never end: a task that it submits has no
/// events, and a task that it cancels, or runs by waiting for it, has no further events.
///
/// An observer is kept as long as the pool or one of its futures, and the thread that drops the
/// last of these drops the observer. An observer that holds a handle on the pool keeps the pool's
/// memory; let it hold a [`Submitter`](crate::Submitter) in a `Weak`, or none.
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
    /// Hears an event, in the thread in which it happens.
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

/// Something that happened in a pool, as the observer hears it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// When it happened, by the monotonic clock. (A [cancellation](EventKind::Cancelled) may be
    /// told a little later.)
    pub at: Instant,
    /// The pool in which it happened.
    pub pool: PoolId,
    /// The worker whose thread tells the event, of any pool; `None` if the thread is no worker.
    pub worker: Option<Worker>,
    /// The task that the event is about, if it is about one.
    pub task: Option<TaskInfo<'a>>,
    /// Number of pending tasks of the pool at that time: submitted and neither started nor ended
    /// nor refused. Each item of a [`Map`](crate::Map) counts, and so does the task of a submitter
    /// that waits for room. (So it may be more than [`Stats::queued`](crate::Stats::queued).)
    pub queue_depth: usize,
    /// What happened.
    pub kind: EventKind,
}

/// The task that an event is about.
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
