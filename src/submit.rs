//! One family of methods by which work is submitted, on every handle: a pool, a [`Submitter`], a
//! [`Scope`](crate::Scope), a `dyn Executor`, and each of these under a name.
//!
//! The macro below writes the family once, and each handle has it as methods of its own, so no
//! trait has to be imported. What differs is the handle's private `entry`: it returns an [`Entry`]
//! into a pool, or a [`Named`] executor. Both of them have a `submit_task` for one task, and a
//! `target` for a map, which makes its tasks itself.
//!
//! Invariant: the closure of a refused task goes back to the submitter as it came.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Instant;

use crate::executor::Executor;
use crate::kernel::error::Refusal;
use crate::kernel::meta::{Common, TaskMeta};
use crate::kernel::panics::discard;
use crate::kernel::pool::{Pool, ThreadPoolExecutor};
use crate::kernel::queue::Queue;
use crate::kernel::seams::{StopHook, WaitPolicy};
use crate::kernel::task::{ScopedTask, Task, halves};
use crate::options::stats::pool_facts;
use crate::{Future, Refused, ScopedBufferedMap, ScopedFuture, ScopedMap, StopToken};

/// Writes the family for a handle whose tasks live for `$task`, and whose buffered maps may borrow
/// the handle for `$handle`. A module that uses it imports the types that it names.
macro_rules! submit_family {
    ($task:lifetime, $handle:lifetime) => {
        /// Submits work and returns the future of its result.
        ///
        /// On a pool, the task goes to an idle worker, or to a new one, or else it waits for the
        /// worker that is ready first. The call blocks while a worker's thread starts (for this
        /// task or, if the pool has no other worker yet, for another one), until that worker has
        /// claimed its task. No user code runs before that, and on this thread only the
        /// pool's observer, if it has one; so the caller of an unbounded pool without an observer
        /// may hold any lock. On a
        /// [bounded](crate::Builder::queue_capacity) pool the call waits for room, unless one of
        /// the pool's own workers makes it. On an executor of your own it blocks as
        /// [`execute`](crate::Executor::execute) does.
        ///
        /// # Panics
        ///
        /// Panics where Python raises: if the pool was shut down, or is broken, or has no worker
        /// and gets no thread for one. The work is dropped first.
        /// [`try_submit`](#method.try_submit) returns an error instead.
        ///
        /// ```
        /// use glasspool::ThreadPoolExecutor;
        ///
        /// let pool = ThreadPoolExecutor::new(1)?;
        /// let future = pool.submit(|| 6 * 7);
        /// assert_eq!(future.result()?, &42);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        ///
        /// ```should_panic
        /// use glasspool::{Shutdown, ThreadPoolExecutor};
        ///
        /// let pool = ThreadPoolExecutor::new(1).unwrap();
        /// pool.shutdown(Shutdown::Drain).unwrap();
        /// let _ = pool.submit(|| 1); // panics: cannot submit: the executor was shut down
        /// ```
        #[track_caller]
        pub fn submit<F, T>(&self, work: F) -> ScopedFuture<$task, T>
        where
            F: FnOnce() -> T + Send + $task,
            T: Send + $task,
        {
            $crate::submit::or_raise(self.entry().submit_task(work, &WaitPolicy::Forever, None))
        }

        /// Submits work if the executor takes it now. Does not wait for room; blocks while a
        /// worker's thread starts. Never panics.
        ///
        /// # Errors
        ///
        /// Returns the work and the reason why it was refused.
        ///
        /// ```
        /// use glasspool::{Refusal, Shutdown, ThreadPoolExecutor};
        ///
        /// let pool = ThreadPoolExecutor::new(1)?;
        /// let future = pool.try_submit(|| 1)?;
        /// pool.shutdown(Shutdown::Drain)?;
        /// let refused = pool.try_submit(|| 2).unwrap_err();
        /// assert!(matches!(refused.why(), Refusal::ShutDown));
        /// # assert_eq!(future.into_result()?, 1);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[track_caller]
        pub fn try_submit<F, T>(&self, work: F) -> Result<ScopedFuture<$task, T>, Refused<F>>
        where
            F: FnOnce() -> T + Send + $task,
            T: Send + $task,
        {
            self.entry().submit_task(work, &WaitPolicy::Never, None)
        }

        /// Submits work if the executor takes it within this time. Blocks for at most `timeout`
        /// until there is room, and while a worker's thread starts. Never panics. A timeout too
        /// long for the clock waits without limit.
        ///
        /// # Errors
        ///
        /// Returns the work and the reason why it was refused.
        ///
        /// ```
        /// use std::time::Duration;
        /// use glasspool::{Refusal, ThreadPoolExecutor};
        /// # use std::sync::{Arc, Barrier};
        ///
        /// let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build()?;
        /// # let gate = Arc::new(Barrier::new(2));
        /// # let inside = Arc::clone(&gate);
        /// # let busy = pool.submit(move || inside.wait());
        /// // While its one worker is busy:
        /// let waits = pool.try_submit(|| 1)?;
        /// let refused = pool.try_submit_timeout(Duration::from_millis(5), || 2).unwrap_err();
        /// assert!(matches!(refused.why(), Refusal::Full));
        /// assert_eq!(refused.into_inner()(), 2); // so we run it ourselves
        /// # gate.wait();
        /// # assert_eq!(waits.into_result()?, 1);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[track_caller]
        pub fn try_submit_timeout<F, T>(
            &self,
            timeout: std::time::Duration,
            work: F,
        ) -> Result<ScopedFuture<$task, T>, Refused<F>>
        where
            F: FnOnce() -> T + Send + $task,
            T: Send + $task,
        {
            let deadline = $crate::sync::deadline_after(timeout);
            self.entry().submit_task(work, &WaitPolicy::until(deadline), None)
        }

        /// Submits work that can be asked to stop. The closure is given a
        /// [`StopToken`](crate::StopToken), which tells it of a
        /// [`request_stop`](crate::ScopedFuture::request_stop) and of a shutdown with
        /// [`Shutdown::Stop`](crate::Shutdown::Stop). Blocks as [`submit`](#method.submit) does.
        ///
        /// # Panics
        ///
        /// Panics as [`submit`](#method.submit) does.
        ///
        /// ```
        /// use glasspool::{Shutdown, ThreadPoolExecutor};
        /// use std::time::Duration;
        ///
        /// let pool = ThreadPoolExecutor::new(1)?;
        /// let future = pool.submit_stoppable(|stop| {
        ///     let mut polls = 0;
        ///     while !stop.wait_timeout(Duration::from_millis(1)) {
        ///         polls += 1; // look whether there is something to do
        ///     }
        ///     polls
        /// });
        /// pool.shutdown(Shutdown::Stop)?; // which waits for it, and does not wait long
        /// assert!(future.done());
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[track_caller]
        pub fn submit_stoppable<F, T>(&self, work: F) -> ScopedFuture<$task, T>
        where
            F: FnOnce(StopToken) -> T + Send + $task,
            T: Send + $task,
        {
            let stop = StopToken::new();
            let (hook, work) = (Some(stop.hook()), move || work(stop));
            $crate::submit::or_raise(self.entry().submit_task(work, &WaitPolicy::Forever, hook))
        }

        /// Applies `f` to each item, on as many workers as there are, and returns the results in
        /// the order of the items, or [as they come](crate::ScopedMap::unordered).
        ///
        /// The call takes all items and starts at once. It blocks while workers' threads start,
        /// and on a [bounded](crate::Builder::queue_capacity) pool until there is room for the
        /// first of the workers that take part. For its reader, each item is a task (it is pending,
        /// runs, and fails by itself), but an item costs much less than a submit.
        ///
        /// # Panics
        ///
        /// Panics if the executor is closed or broken; then no item was touched. Panics if the
        /// executor closes while the items are taken, or gets no thread; then the items are
        /// dropped. A panic of the iterator of items comes out here; then no item has begun.
        ///
        /// ```
        /// use glasspool::ThreadPoolExecutor;
        ///
        /// let pool = ThreadPoolExecutor::new(3)?;
        /// for (n, square) in pool.map(0..100_u32, |n| n * n).enumerate() {
        ///     assert_eq!(square?, (n * n) as u32);
        /// }
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[track_caller]
        pub fn map<I, F, T>(&self, items: I, f: F) -> ScopedMap<$task, T>
        where
            I: IntoIterator<Item: Send + $task>,
            F: Fn(I::Item) -> T + Send + Sync + $task,
            T: Send + $task,
        {
            ScopedMap::start(&self.entry().target(), items, f, Location::caller())
        }

        /// Applies `f` to each item, with `buffer_size` items in flight at a time, so the items may
        /// be endlessly many.
        ///
        /// An item is in flight from when it is taken until its result is handed over. As many as
        /// the buffer holds are taken and submitted at once, and then one for each result that is
        /// handed over. The results come in the order of the items, or [as they
        /// come](crate::ScopedBufferedMap::unordered). Each item is a task of its own, so tiny
        /// items cost more than in a [`map`](#method.map).
        ///
        /// The call blocks while workers' threads start, and on a
        /// [bounded](crate::Builder::queue_capacity) pool until there is room for the first item;
        /// for the others the iteration waits. [`ScopedBufferedMap`](crate::ScopedBufferedMap) says
        /// what happens when an item fails, when the pool is closed, or when the iterator of items
        /// panics.
        ///
        /// # Panics
        ///
        /// Panics if `buffer_size` is zero, or if the executor is closed or broken; then no item
        /// was touched. Panics if the executor refuses the first item.
        ///
        /// ```
        /// use glasspool::ThreadPoolExecutor;
        ///
        /// let pool = ThreadPoolExecutor::new(3)?;
        /// let squares = pool.map_buffered(1_u64.., 6, |n| n * n);
        /// let below_a_hundred: Result<Vec<_>, _> =
        ///     squares.take_while(|square| !matches!(square, Ok(100..))).collect();
        /// assert_eq!(below_a_hundred?, [1, 4, 9, 16, 25, 36, 49, 64, 81]);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[track_caller]
        pub fn map_buffered<I, F, T>(
            &self,
            items: I,
            buffer_size: usize,
            f: F,
        ) -> ScopedBufferedMap<$handle, I::IntoIter, T>
        where
            I: IntoIterator<Item: Send + $task>,
            F: Fn(I::Item) -> T + Send + Sync + $task,
            T: Send + $task,
        {
            let (target, here) = (self.entry().target(), Location::caller());
            ScopedBufferedMap::start(target, items, buffer_size, f, here)
        }
    };
}
pub(crate) use submit_family;

/// Returns what the executor has taken, or panics where Python raises.
#[track_caller]
pub(crate) fn or_raise<T, W>(submitted: Result<T, Refused<W>>) -> T {
    match submitted {
        Ok(taken) => taken,
        Err(refused) => raise(refused),
    }
}

/// Panics with the reason of the refusal. The work is dropped before that: a panic of its drop
/// during another panic would end the process.
#[track_caller]
pub(crate) fn raise<W>(refused: Refused<W>) -> ! {
    let message = refused.to_string();
    discard(refused);
    panic!("{message}");
}

/// How a handle takes the tasks that a map makes.
pub(crate) struct Target<'handle, 'task> {
    pub(crate) accept: Box<Accept<'handle, 'task>>,
    pub(crate) common: Arc<Common<'task>>,
    pub(crate) max_workers: usize,
    /// The queue of the pool, if the handle is a pool's.
    pub(crate) home: Option<Arc<Queue<'task>>>,
    pub(crate) refusal: Box<dyn Fn() -> Option<Refusal> + Send + Sync + 'handle>,
    /// Whether `accept` wakes up for [`WaitPolicy::UntilWoken`].
    pub(crate) can_be_woken: bool,
}

type Accept<'h, 't> = dyn Fn(ScopedTask<'t>, WaitPolicy) -> Taken<'t> + Send + Sync + 'h;
type Taken<'t> = Result<(), Refused<ScopedTask<'t>>>;

/// A handle's way into its pool.
pub(crate) struct Entry<'handle, 'task> {
    pub(crate) pool: &'handle Arc<Pool<'task>>,
    pub(crate) common: &'handle Arc<Common<'task>>,
}

impl<'a> Entry<'_, 'a> {
    /// Submits one task, whose work looks at the stop token of the hook, if there is one.
    #[track_caller]
    pub(crate) fn submit_task<F, T>(
        &self,
        work: F,
        policy: &WaitPolicy,
        stop: Option<StopHook>,
    ) -> Result<ScopedFuture<'a, T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'a,
        T: Send + 'a,
    {
        let own = stop.map(|stop| Common { stop: Some(stop), ..Common::clone(self.common) });
        let own = own.map(Arc::new);
        let common = own.as_ref().unwrap_or(self.common);
        self.pool.submit(common, Location::caller(), work, policy)
    }

    pub(crate) fn target(&self) -> Target<'a, 'a> {
        let (pool, queue) = (Arc::clone(self.pool), Arc::clone(&self.pool.queue));
        Target {
            // A task of a map gets its home when the pool takes the task.
            common: Arc::new(Common { home: None, ..Common::clone(self.common) }),
            max_workers: pool.settings.max_workers,
            home: Some(Arc::clone(&queue)),
            refusal: Box::new(move || queue.refusal()),
            accept: Box::new(move |task, policy| pool.adopt(task, &policy)),
            can_be_woken: true,
        }
    }
}

/// The submit family.
impl ThreadPoolExecutor {
    submit_family!('static, 'static);

    /// Returns a handle that gives a name to each task it submits, for error messages and `Debug`.
    /// Never blocks.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.named("BR").submit(|| panic!("no flag"));
    /// assert_eq!(future.result().unwrap_err().to_string(), "task 'BR' panicked: no flag");
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn named(&self, name: impl Into<String>) -> Submitter {
        self.submitter().named(name)
    }

    /// Returns a handle that submits to this pool, can be cloned, and can go into tasks. Never
    /// blocks.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let submitter = pool.submitter();
    /// let future = std::thread::spawn(move || submitter.submit(|| 1)).join().unwrap();
    /// assert_eq!(future.into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submitter(&self) -> Submitter {
        Submitter { pool: Arc::clone(&self.pool), common: Arc::clone(&self.pool.common) }
    }

    fn entry(&self) -> Entry<'_, 'static> {
        Entry { pool: &self.pool, common: &self.pool.common }
    }
}

/// Submits to a [`ThreadPoolExecutor`] that somebody else owns.
///
/// A submitter can be cloned and goes where the owner cannot: into tasks. It does not keep the pool
/// open: when the owner has closed the pool, the submitter's tasks are refused.
///
/// ```
/// use glasspool::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// let submitter = pool.submitter();
/// assert_eq!((submitter.id(), submitter.max_workers()), (pool.id(), 1));
/// let outer = pool.submit(move || submitter.submit(|| "submitted by a task"));
/// let inner = outer.into_result()?;
/// assert_eq!(inner.result()?, &"submitted by a task");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a handle does nothing until something is submitted by it"]
pub struct Submitter {
    pool: Arc<Pool<'static>>,
    common: Arc<Common<'static>>,
}

impl Submitter {
    submit_family!('static, 'static);

    pool_facts!();

    /// Returns the same handle, which gives this name to each task it submits. Never blocks.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// assert_eq!(pool.submitter().named("BR").submit(|| 1).name(), Some("BR"));
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn named(&self, name: impl Into<String>) -> Self {
        Self { common: self.pool.named(name.into()), ..self.clone() }
    }

    fn entry(&self) -> Entry<'_, 'static> {
        Entry { pool: &self.pool, common: &self.common }
    }
}

// No user code runs while the pool is locked, so a panic cannot leave it half-changed.
impl UnwindSafe for Submitter {}
impl RefUnwindSafe for Submitter {}

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitter")
            .field("task_name", &self.common.name)
            .field("name", &self.pool.settings.name)
            .finish_non_exhaustive()
    }
}

/// Makes an executor of each of a pool's handles.
macro_rules! pool_executors {
    ($($handle:ident),+) => {$(
        impl Executor for $handle {
            fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
                self.pool.adopt(task, &WaitPolicy::Forever)
            }

            fn try_execute(&self, task: Task) -> Result<(), Refused<Task>> {
                self.pool.adopt(task, &WaitPolicy::Never)
            }

            fn execute_until(&self, task: Task, deadline: Instant) -> Result<(), Refused<Task>> {
                self.pool.adopt(task, &WaitPolicy::Until(deadline))
            }

            fn max_workers(&self) -> usize {
                self.pool.settings.max_workers
            }

            fn refusal(&self) -> Option<Refusal> {
                self.pool.queue.refusal()
            }
        }
    )+};
}
pool_executors!(ThreadPoolExecutor, Submitter);

/// The submit family, for every executor. Where `E: Executor` is a parameter, `let executor: &dyn
/// Executor = executor;` comes first.
impl dyn Executor + '_ {
    submit_family!('static, '_);

    /// Returns this executor as a handle that gives a name to each task it submits.
    ///
    /// ```
    /// use glasspool::{Executor, Inline};
    ///
    /// let executor: &dyn Executor = &Inline;
    /// let future = executor.named("BR").submit(|| panic!("no flag"));
    /// assert_eq!(future.result().unwrap_err().to_string(), "task 'BR' panicked: no flag");
    /// ```
    pub fn named(&self, name: impl Into<String>) -> Named<'_> {
        Named { executor: self, name: Some(name.into().into()) }
    }

    fn entry(&self) -> Named<'_> {
        Named { executor: self, name: None }
    }
}

/// An executor under which each submitted task has a name, for error messages and `Debug`. It is
/// what [`named`](trait.Executor.html#method.named) returns.
///
/// ```
/// use glasspool::{Executor, Inline};
///
/// let executor: &dyn Executor = &Inline;
/// let future = executor.named("BR").submit(|| "br.gif");
/// assert!(format!("{future:?}").contains(r#"name: "BR""#));
/// # assert_eq!(future.into_result()?, "br.gif");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a name does nothing until something is submitted under it"]
pub struct Named<'a> {
    executor: &'a dyn Executor,
    name: Option<Arc<str>>,
}

impl<'a> Named<'a> {
    submit_family!('static, 'a);

    fn entry(&self) -> &Self {
        self
    }

    #[track_caller]
    fn submit_task<F, T>(
        &self,
        work: F,
        policy: &WaitPolicy,
        stop: Option<StopHook>,
    ) -> Result<Future<T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let has_common = self.name.is_some() || stop.is_some();
        let common = Common { name: self.name.clone(), stop, home: None };
        let common = has_common.then(|| Arc::new(common));
        let meta = TaskMeta { submitted_at: Location::caller(), common };
        let (cell, future) = halves(work, meta);
        let task = ScopedTask::new(Arc::clone(&cell) as _);
        let Err(refused) = execute(self.executor, task, policy) else { return Ok(future) };
        let (_task, why) = refused.into_parts();
        // If a pool is behind the executor, the task is not that pool's any more.
        cell.set_home(None);
        match cell.take_back() {
            Some(work) => Err(Refused::new(work, why)),
            // The executor has run or dropped the task, and gave another back: the future says how.
            None => Ok(future),
        }
    }

    fn target(&self) -> Target<'a, 'static> {
        let executor = self.executor;
        Target {
            common: Arc::new(Common { name: self.name.clone(), ..Common::default() }),
            max_workers: executor.max_workers(),
            home: None,
            refusal: Box::new(move || executor.refusal()),
            accept: Box::new(move |task, policy| execute(executor, task, &policy)),
            can_be_woken: false,
        }
    }
}

fn execute(executor: &dyn Executor, task: Task, policy: &WaitPolicy) -> Taken<'static> {
    match policy {
        WaitPolicy::Never => executor.try_execute(task),
        WaitPolicy::Until(at) | WaitPolicy::UntilWoken(_, Some(at)) => {
            executor.execute_until(task, *at)
        }
        WaitPolicy::Forever | WaitPolicy::UntilWoken(_, None) => executor.execute(task),
    }
}

impl fmt::Debug for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("name", &self.name).finish_non_exhaustive()
    }
}
