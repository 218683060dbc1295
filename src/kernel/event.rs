//! What happens to a task and to a pool, in words that a listener hears.

use super::error::CancelReason;
use super::id::TaskId;
use super::state::Ending;

/// What a shutdown does with tasks that have not ended. Running tasks go on to their end in any
/// case; whether the call waits for that is said at the call.
///
/// ```
/// use glasspool::{Shutdown, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// let last = pool.submit(|| "last");
/// pool.shutdown(Shutdown::Drain)?;
/// assert!(last.done());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shutdown {
    /// Pending tasks are run first. No more are taken, from running tasks either.
    Drain,
    /// Pending tasks are run first, and so are those that are submitted meanwhile, by tasks or by
    /// anyone else. The pool closes in the moment in which no task is pending or running.
    WhenIdle,
    /// Pending tasks are cancelled, and whoever waits for them learns of it at once.
    CancelPending,
    /// Pending tasks are cancelled, and running tasks that were given a
    /// [`StopToken`](crate::StopToken) are asked to stop.
    Stop,
}

/// A step in the life of a task or of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// The task is given to the pool, and is pending.
    Submitted,
    /// The pool did not take the task, and the submitter has it back. (A [`Task`](crate::Task) that
    /// was refused for want of room may be given to the pool again, as a
    /// [`BufferedMap`](crate::BufferedMap) does; then this event comes when it is given elsewhere.)
    Refused,
    /// This thread begins to run the task: a worker in the task's turn, or a thread that waits for
    /// the task inside another. (A [`Task`](crate::Task) that is run by hand has no events. The
    /// first task of a new worker counts as pending in the events until the worker is initialized,
    /// although its future is running since it was claimed.)
    Started,
    /// The task has ended and the callbacks that were registered have run; waiters are told next. A
    /// task that was [`Lost`](Ending::Lost) had not started.
    Finished(Ending),
    /// The task was cancelled and will not run.
    Cancelled(CancelReason),
    /// A reader has read the task's result.
    Collected,
    /// A callback of the task begins in this thread.
    CallbackBegan,
    /// A callback of the task has returned.
    CallbackEnded,
    /// This thread goes to sleep until something happens. (If that could never happen, the thread
    /// [goes on](Self::Unblocked) at once, with an error.)
    Blocked(BlockedOn),
    /// This thread goes on.
    Unblocked {
        /// The task whose end the thread waited for; `None` if the wait was for something else, or
        /// timed out.
        by: Option<TaskId>,
    },
    /// This thread is a worker of the pool from now on.
    WorkerBorn,
    /// The worker found no task and goes to sleep. (It may be woken for a task that was cancelled
    /// or run inline meanwhile, and be idle again without having started anything.)
    WorkerIdle,
    /// The worker has run its last task and its exit hook. Its thread-locals are dropped after
    /// that.
    WorkerGone,
    /// The pool is closed in this way.
    Closed(Shutdown),
}

/// What a sleeping thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockedOn {
    /// The end of the task that the event is about.
    Task,
    /// The end of any of so many tasks. If they are of several pools, the pool of the first that is
    /// observed tells; that is the pool that had the task when the wait began.
    AnyOf(usize),
    /// Room in the pool's queue, for the task that this thread has just submitted.
    Room,
    /// The end of the pool.
    Shutdown,
}
