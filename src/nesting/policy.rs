//! What a worker does that would have to wait for a task of its own pool: the choice, and what each
//! costs.

/// What a pool does about tasks that wait for other tasks: an option of the
/// [builder](crate::Builder::nested_wait).
///
/// A task may wait for futures, also of its own pool. While it does, its worker does not work; so
/// if every worker waits for tasks that wait for a worker, nothing ever goes on. Python's
/// documentation warns of that twice; here it ends well, or is found out:
///
/// ```
/// use glasspool::{NestedWait, TaskError, ThreadPoolExecutor};
///
/// // One worker, and a task on it that waits for another of the same pool.
/// let nested = |policy| {
///     let builder = ThreadPoolExecutor::builder().max_workers(1).nested_wait(policy);
///     let pool = builder.build().unwrap();
///     let submitter = pool.submitter();
///     pool.submit(move || submitter.submit(|| 5 * 5).into_result()).into_result().unwrap()
/// };
/// assert_eq!(nested(NestedWait::RunInline).unwrap(), 25);
/// assert!(matches!(nested(NestedWait::Block), Err(TaskError::Deadlock(_))));
/// ```
///
/// # What is the same under both
///
/// - A wait that would close a **cycle** (each waits for the next, and the last for the first) does
///   not begin: it returns [`TaskError::Deadlock`](crate::TaskError::Deadlock), or panics with its
///   text where there is no error to return ([`wait()`](crate::wait()),
///   [`as_completed()`](crate::as_completed())). The others in the cycle then go on, each with what
///   the one after it makes of that error. Cycles are seen across pools, and through threads that
///   run a [`Task`](crate::Task) by hand. A chain of which anything can still move is not a cycle.
/// - The same if no worker can ever come for what is waited for, because every one of them waits
///   (**starvation**).
/// - A wait with a **deadline** is in no cycle: it ends by itself. (A task that waits for itself is
///   told at once, deadline or not.)
/// - **Callbacks** run in the middle of the task that they belong to: what they wait for, it waits
///   for.
/// - A wait from **outside** a pool is never helped: the caller's thread runs no tasks.
/// - Two things count as moving, though it may be that nothing comes of them, and then a wait for
///   them never ends: a [`Task`](crate::Task) that is given to a pool only when another waits for
///   it already, and an item that a runner of its map has still before it.
/// - What is not a future is not seen: channels, locks and barriers between tasks, room in another
///   pool's queue, the end of a pool that a task closes, an `.await` inside a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NestedWait {
    /// A worker that waits for a pending task of its own pool runs that very task itself; if it
    /// cannot, it waits, and the pool adds a worker in its stead. The default: so a task may wait
    /// for whatever it likes, at any number of workers.
    ///
    /// - **Inline** goes what one waits for alone and without a deadline: `result`, `into_result`,
    ///   the items of a map in their order. Only that very task, never another: one that has
    ///   nothing to do with the wait might itself wait for whoever is below it on the stack.
    /// - **A worker is added** for the duration of every other wait: with a deadline, for any of
    ///   several, for another pool's task, in an initializer (whose worker is not ready to run
    ///   tasks), or past the depth at which half of the worker's
    ///   [stack](crate::Builder::stack_size) is used. It is not for a task of its own pool that is
    ///   running already, as long as one worker is left that does not wait. At most
    ///   [`MOST_ADDED`](Self::MOST_ADDED) are added at a time; they leave when they are not needed
    ///   any more, and [`Stats`](crate::Stats) counts them.
    /// - **If none can be added** (those are there, or the system gives no thread, or the pool is a
    ///   [`scope`](crate::scope()), which adds none), a wait for any of several runs those of them
    ///   that are pending inline, until one has ended. In a scope a wait with a deadline may so
    ///   miss it.
    ///
    /// What it costs:
    ///
    /// - *Stack.* A task that is run inline has the rest of that of the one that waits for it: at
    ///   least half, and not the whole.
    /// - *Threads.* There may be more than `max_workers` for a while, though not more that *work*,
    ///   but for a moment: when a wait is over, the added worker first ends the task it has in
    ///   hand.
    /// - *Latency.* A task that is waited for overtakes those before it in the queue. And a wait
    ///   lasts at least as long as what is run for it, also if another worker could have been
    ///   faster.
    /// - *Surprise.* Whoever waits with a lock held, or with something in a thread-local, runs the
    ///   other task with it: one that wants the same lock never gets it. Let go of locks before you
    ///   wait.
    #[default]
    RunInline,
    /// A worker that waits, waits: the pool never has more than `max_workers` threads, and each
    /// task a stack of its own. A nested wait that can come to an end does; one that cannot,
    /// because every worker waits, is an error. As far as it is futures that are waited for, that
    /// error stands in the place of Python's hang.
    ///
    /// What it costs: a pool that is too small for its tasks fails them, and whether it does can
    /// depend on timing. Choose it if tasks must not share a stack, a thread-local or a lock with
    /// one another.
    Block,
}

impl NestedWait {
    /// So many workers at most are added to a pool at a time. (Java's common `ForkJoinPool` has the
    /// same bound for its spare threads.)
    ///
    /// ```
    /// # use glasspool::{NestedWait, ThreadPoolExecutor};
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// assert!(pool.stats().workers <= 2 + NestedWait::MOST_ADDED);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub const MOST_ADDED: usize = 256;
}
