//! The option that says what a worker does when its task waits for another task of its pool.

/// What a pool does about tasks that wait for other tasks: an option of the
/// [builder](crate::Builder::nested_wait).
///
/// A task may wait for futures, of its own pool too. A worker whose task waits does no other work.
/// So if every worker waits for a task that needs a worker, a plain pool hangs; Python's
/// documentation warns of that twice. Here such a wait ends, or returns an error:
///
/// ```
/// use glasspool::{NestedWait, TaskError, ThreadPoolExecutor};
///
/// // One worker, and a task on it that waits for another of the same pool.
/// let nested = |policy| {
///     let pool = ThreadPoolExecutor::builder().max_workers(1).nested_wait(policy);
///     let pool = pool.build().unwrap();
///     let submitter = pool.submitter();
///     pool.submit(move || submitter.submit(|| 5 * 5).into_result()).into_result().unwrap()
/// };
/// assert_eq!(nested(NestedWait::RunInline).unwrap(), 25);
/// assert!(matches!(nested(NestedWait::Block), Err(TaskError::Deadlock(_))));
/// ```
///
/// # What is the same under both
///
/// - A wait that would close a **cycle** (each task waits for the next, and the last for the first)
///   does not begin. It returns [`TaskError::Deadlock`](crate::TaskError::Deadlock), or panics with
///   that text where there is no error to return ([`wait()`](crate::wait()),
///   [`as_completed()`](crate::as_completed())). The other tasks of the cycle then go on, each with
///   what the task that it waits for makes of the error. Cycles are found across pools, and through
///   threads that run a [`Task`](crate::Task) by hand. A chain in which anything can still move is
///   not a cycle.
/// - The same holds if no worker can come for the task, because every worker waits
///   (**starvation**).
/// - A wait with a **deadline** is part of no cycle, because it ends by itself. (A task that waits
///   for itself gets the error at once, with a deadline too.)
/// - **Callbacks** run in the middle of the task that they belong to: while a callback waits, its
///   task waits.
/// - A wait from **outside** a pool is not helped: the caller's thread runs no tasks.
/// - Two things count as able to move although they may never do so, and then a wait for them has
///   no end: a [`Task`](crate::Task) that no pool has taken when the wait begins, and an item that
///   a runner of its map has not reached yet.
/// - What is not a future is not seen: channels, locks and barriers between tasks, room in another
///   pool's queue, the end of a pool that a task closes, an `.await` inside a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NestedWait {
    /// A worker that waits for a pending task of its own pool runs that task inline; if it cannot,
    /// the pool adds a spare worker while it waits. This is the default: a task may wait for any
    /// other, at any number of workers.
    ///
    /// - **Inline** runs a task that is waited for by itself and without a deadline: `result`,
    ///   `into_result`, and the items of a map in their order. It is that task and no other: an
    ///   unrelated task might itself wait for a task that is below it on the stack.
    /// - **A spare worker** is added for the duration of every other wait: with a deadline, for any
    ///   of several tasks, for another pool's task, in an initializer (whose worker is not ready to
    ///   run tasks), or when half of the worker's [stack](crate::Builder::stack_size) is used. None
    ///   is added for a wait for a task of the same pool that runs already, unless every worker
    ///   waits. At most [`MOST_ADDED`](Self::MOST_ADDED) are added at a time. They leave when they
    ///   are not needed any more, and [`Stats`](crate::Stats) counts them.
    /// - **If no spare worker can be added** (the limit is reached, or the system refuses a thread,
    ///   or the pool is a [`scope`](crate::scope()), which adds none), a wait for any of several
    ///   tasks runs the pending ones inline until one has ended. In a scope, a wait with a deadline
    ///   may miss the deadline that way.
    ///
    /// What it costs:
    ///
    /// - *Stack.* A task that is run inline has what is left of the stack of the task that waits
    ///   for it: at least half.
    /// - *Threads.* There may be more than `max_workers` threads for a while. More than
    ///   `max_workers` of them work for a moment at most: when a wait is over, the spare worker
    ///   first ends the task that it runs.
    /// - *Latency.* A task that is waited for overtakes the tasks before it in the queue. And a
    ///   wait lasts at least as long as the task that it runs inline, also if another worker would
    ///   have been faster.
    /// - *Surprise.* A task that waits while it holds a lock, or has something in a thread-local,
    ///   runs the other task with it. If the other task wants the same lock, it never gets it.
    ///   Release locks before you wait.
    #[default]
    RunInline,
    /// A worker that waits does nothing else. The pool has at most `max_workers` threads, and each
    /// task has a stack of its own. A nested wait that can end does; a wait that cannot, because
    /// every worker waits, is an error. Where tasks wait for futures, that error replaces Python's
    /// hang.
    ///
    /// What it costs: in a pool that is too small for its tasks some of them fail, and which may
    /// depend on timing. Choose it if tasks must not share a stack, a thread-local or a lock.
    Block,
}

impl NestedWait {
    /// Number of spare workers that a pool has at most at a time. (Java's common `ForkJoinPool` has
    /// the same bound for its spare threads.)
    ///
    /// ```
    /// # use glasspool::{NestedWait, ThreadPoolExecutor};
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// assert!(pool.stats().workers <= 2 + NestedWait::MOST_ADDED);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub const MOST_ADDED: usize = 256;
}
