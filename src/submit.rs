//! One family of methods by which work is submitted, on every handle: a pool, a [`Submitter`], a
//! [`Scope`](crate::Scope), a `dyn Executor`, and each of these under a [name](Named).
//!
//! The family is written once, in the macro below, and each handle has it as methods of its own: so
//! no trait is to be imported. A handle says in two functions how its tasks are taken: `submit_task`
//! for one task, and `target` for a map, which submits many.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Instant;

use crate::executor::Executor;
use crate::kernel::error::{Refusal, Refused};
use crate::kernel::future::{Future, ScopedFuture};
use crate::kernel::meta::{Common, TaskMeta};
use crate::kernel::panics::discard;
use crate::kernel::pool::{Pool, ThreadPoolExecutor};
use crate::kernel::queue::Queue;
use crate::kernel::seams::{PoolId, StopHook, WaitPolicy};
use crate::kernel::task::{ScopedTask, Task, halves};
use crate::options::stats::Stats;

/// Writes the family for a handle whose tasks live for `$task`, and whose buffered maps may borrow
/// the handle for `$handle`.
macro_rules! submit_family {
    ($task:lifetime, $handle:lifetime) => {
        /// Submits work, and returns the future of its result.
        ///
        /// On a pool, an idle worker takes the task, or a new one, or whichever is ready first.
        /// Blocks while a worker's thread starts (for this task or, if the pool has no other worker
        /// yet, for another), until that worker has claimed its task. No user code runs before
        /// that, and none on this thread, so on an unbounded pool it may be called with any lock
        /// held. On a [bounded](crate::Builder::queue_capacity) pool it waits for room, unless it
        /// is called by one of the pool's own workers. On an executor of your own it blocks as
        /// [`execute`](crate::Executor::execute) does.
        ///
        /// # Panics
        ///
        /// Where Python raises: if the pool was shut down, or is broken, or has no worker and gets
        /// no thread for one; the work is dropped first. [`try_submit`](Self::try_submit) returns
        /// instead.
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
        pub fn submit<F, T>(&self, work: F) -> $crate::ScopedFuture<$task, T>
        where
            F: FnOnce() -> T + Send + $task,
            T: Send + $task,
        {
            let here = std::panic::Location::caller();
            let policy = $crate::kernel::seams::WaitPolicy::Forever;
            match self.submit_task(work, here, None, policy) {
                Ok(future) => future,
                Err(refused) => $crate::submit::raise(refused),
            }
        }

        /// Submits work, if the executor takes it now. Does not wait for room; blocks while a
        /// worker's thread starts. Never panics.
        ///
        /// # Errors
        ///
        /// The work back, with the reason.
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
        pub fn try_submit<F, T>(
            &self,
            work: F,
        ) -> Result<$crate::ScopedFuture<$task, T>, $crate::Refused<F>>
        where
            F: FnOnce() -> T + Send + $task,
            T: Send + $task,
        {
            let here = std::panic::Location::caller();
            self.submit_task(work, here, None, $crate::kernel::seams::WaitPolicy::Never)
        }

        /// Submits work, if the executor takes it within this time. Blocks for at most `timeout`
        /// until there is room, and while a worker's thread starts. Never panics. A timeout too long
        /// for the clock waits without limit.
        ///
        /// # Errors
        ///
        /// The work back, with the reason.
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
        ) -> Result<$crate::ScopedFuture<$task, T>, $crate::Refused<F>>
        where
            F: FnOnce() -> T + Send + $task,
            T: Send + $task,
        {
            let here = std::panic::Location::caller();
            let deadline = $crate::sync::deadline_after(timeout);
            self.submit_task(work, here, None, $crate::kernel::seams::WaitPolicy::until(deadline))
        }

        /// Submits work that can be asked to stop: it is given a [`StopToken`](crate::StopToken), by
        /// which it learns of [`request_stop`](crate::ScopedFuture::request_stop) and of a shutdown
        /// with [`Shutdown::Stop`](crate::Shutdown::Stop). Blocks as [`submit`](Self::submit) does.
        ///
        /// # Panics
        ///
        /// As [`submit`](Self::submit).
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
        pub fn submit_stoppable<F, T>(&self, work: F) -> $crate::ScopedFuture<$task, T>
        where
            F: FnOnce($crate::StopToken) -> T + Send + $task,
            T: Send + $task,
        {
            let here = std::panic::Location::caller();
            let stop = $crate::StopToken::new();
            let hook = Some(stop.hook());
            let policy = $crate::kernel::seams::WaitPolicy::Forever;
            match self.submit_task(move || work(stop), here, hook, policy) {
                Ok(future) => future,
                Err(refused) => $crate::submit::raise(refused),
            }
        }

        /// Applies `f` to each item, on as many workers as there are, and returns the results in
        /// the order of the items, or [as they come](crate::ScopedMap::unordered).
        ///
        /// It takes all items and starts at once. Blocks while workers' threads start, and on a
        /// [bounded](crate::Builder::queue_capacity) pool until there is room for the first of the
        /// workers that take part. Each item is a task to whoever looks at it (it is pending, runs,
        /// and fails by itself), but costs much less than a submit.
        ///
        /// # Panics
        ///
        /// If the executor is closed or broken, before it has touched any item; if it is closed
        /// while the items are taken, or gets no thread, when it has taken them, and then they are
        /// dropped. A panic of the iterator of items comes out here, and then no item has begun.
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
        pub fn map<I, F, T>(&self, items: I, f: F) -> $crate::ScopedMap<$task, T>
        where
            I: IntoIterator<Item: Send + $task>,
            F: Fn(I::Item) -> T + Send + Sync + $task,
            T: Send + $task,
        {
            let here = std::panic::Location::caller();
            $crate::ScopedMap::start(&self.target(), items, f, here)
        }

        /// Applies `f` to each item, with `buffer_size` items in flight at a time: so there may be
        /// any number of items, also endlessly many.
        ///
        /// An item is in flight from when it is taken until its result is handed over. As many are
        /// taken and submitted at once, and then one for each result that is handed over. The
        /// results come in the order of the items, or [as they
        /// come](crate::ScopedBufferedMap::unordered). Each item is a task of its own, so tiny items
        /// cost more than in a [`map`](Self::map).
        ///
        /// Blocks while workers' threads start, and on a [bounded](crate::Builder::queue_capacity)
        /// pool until there is room for the first item; for the others the iteration waits. What
        /// happens when an item fails, when the pool is closed, or when the iterator of items
        /// panics is said at [`ScopedBufferedMap`](crate::ScopedBufferedMap).
        ///
        /// # Panics
        ///
        /// If `buffer_size` is zero, or the executor is closed or broken, before it has touched any
        /// item; or if it refuses the first.
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
        ) -> $crate::ScopedBufferedMap<$handle, I::IntoIter, T>
        where
            I: IntoIterator<Item: Send + $task>,
            F: Fn(I::Item) -> T + Send + Sync + $task,
            T: Send + $task,
        {
            let here = std::panic::Location::caller();
            $crate::ScopedBufferedMap::start(self.target(), items, buffer_size, f, here)
        }
    };
}
pub(crate) use submit_family;

/// Panics where Python raises. What was refused is dropped before that: if its drop panicked during
/// another panic, the process would end.
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
    /// The queue of the pool, if this is known to be one.
    pub(crate) home: Option<Arc<Queue<'task>>>,
    pub(crate) refusal: Box<dyn Fn() -> Option<Refusal> + Send + Sync + 'handle>,
    /// Whether `accept` wakes up for [`WaitPolicy::UntilWoken`].
    pub(crate) can_be_woken: bool,
}

type Accept<'handle, 'task> = dyn Fn(ScopedTask<'task>, WaitPolicy) -> Result<(), Refused<ScopedTask<'task>>>
    + Send
    + Sync
    + 'handle;

impl<'a> Pool<'a> {
    pub(crate) fn target(self: &Arc<Self>, name: Option<Arc<str>>) -> Target<'a, 'a> {
        let pool = Arc::clone(self);
        Target {
            accept: Box::new(move |task, policy| pool.adopt(task, policy)),
            common: Arc::new(Common { name, stop: None, home: None }),
            max_workers: self.settings.max_workers,
            home: Some(Arc::clone(&self.queue)),
            refusal: {
                let queue = Arc::clone(&self.queue);
                Box::new(move || queue.refusal())
            },
            can_be_woken: true,
        }
    }

    /// Submits one task of a handle.
    pub(crate) fn submit_for<F, T>(
        self: &Arc<Self>,
        common: &Arc<Common<'a>>,
        work: F,
        here: &'static Location<'static>,
        stop: Option<StopHook>,
        policy: WaitPolicy,
    ) -> Result<ScopedFuture<'a, T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'a,
        T: Send + 'a,
    {
        match stop {
            None => self.submit(common, here, work, policy),
            Some(_) => {
                let with_stop = Arc::new(Common { stop, ..Common::clone(common) });
                self.submit(&with_stop, here, work, policy)
            }
        }
    }
}

/// The submit family.
impl ThreadPoolExecutor {
    submit_family!('static, 'static);

    /// Returns a handle under which what is submitted has a name, for error messages and `Debug`.
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

    /// Returns a handle that can submit, and be cloned, and go into tasks. Never blocks.
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

    fn submit_task<F, T>(
        &self,
        work: F,
        here: &'static Location<'static>,
        stop: Option<StopHook>,
        policy: WaitPolicy,
    ) -> Result<Future<T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.pool.submit_for(&self.pool.common, work, here, stop, policy)
    }

    fn target(&self) -> Target<'static, 'static> {
        self.pool.target(None)
    }
}

/// Submits to a [`ThreadPoolExecutor`] that somebody else owns.
///
/// It can be cloned and goes where the owner cannot: into tasks. It keeps nothing open: the owner
/// closes the pool without asking it, and from then on it is refused.
///
/// ```
/// use glasspool::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// let submitter = pool.submitter();
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

    /// Returns the same handle, under which what is submitted has this name. Never blocks.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// assert_eq!(pool.submitter().named("BR").submit(|| 1).name(), Some("BR"));
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn named(&self, name: impl Into<String>) -> Self {
        Self { pool: Arc::clone(&self.pool), common: self.pool.named(name.into()) }
    }

    /// Returns how many workers the pool may have. Never blocks.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// assert_eq!(ThreadPoolExecutor::new(3)?.submitter().max_workers(), 3);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn max_workers(&self) -> usize {
        self.pool.settings.max_workers
    }

    /// Returns what the pool is doing and has done; see
    /// [`ThreadPoolExecutor::stats`](crate::ThreadPoolExecutor::stats).
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// assert_eq!(ThreadPoolExecutor::new(3)?.submitter().stats().workers, 0);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn stats(&self) -> Stats {
        Stats::of(&self.pool.queue.snapshot(), &self.pool.queue.staff)
    }

    /// Returns the pool's id. Never blocks.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// assert_eq!(pool.submitter().id(), pool.id());
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn id(&self) -> PoolId {
        self.pool.settings.id
    }

    fn submit_task<F, T>(
        &self,
        work: F,
        here: &'static Location<'static>,
        stop: Option<StopHook>,
        policy: WaitPolicy,
    ) -> Result<Future<T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.pool.submit_for(&self.common, work, here, stop, policy)
    }

    fn target(&self) -> Target<'static, 'static> {
        self.pool.target(self.common.name.clone())
    }
}

// No user code runs while the pool is locked, so a panic cannot leave it half-changed.
impl UnwindSafe for Submitter {}
impl RefUnwindSafe for Submitter {}

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut facts = f.debug_struct("Submitter");
        if let Some(name) = &self.common.name {
            facts.field("task_name", name);
        }
        facts.field("name", &self.pool.settings.name).finish_non_exhaustive()
    }
}

impl Executor for Submitter {
    fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
        self.pool.adopt(task, WaitPolicy::Forever)
    }

    fn try_execute(&self, task: Task) -> Result<(), Refused<Task>> {
        self.pool.adopt(task, WaitPolicy::Never)
    }

    fn execute_until(&self, task: Task, deadline: Instant) -> Result<(), Refused<Task>> {
        self.pool.adopt(task, WaitPolicy::Until(deadline))
    }

    fn max_workers(&self) -> usize {
        self.pool.settings.max_workers
    }

    fn refusal(&self) -> Option<Refusal> {
        self.pool.queue.refusal()
    }
}

impl Executor for ThreadPoolExecutor {
    fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
        self.pool.adopt(task, WaitPolicy::Forever)
    }

    fn try_execute(&self, task: Task) -> Result<(), Refused<Task>> {
        self.pool.adopt(task, WaitPolicy::Never)
    }

    fn execute_until(&self, task: Task, deadline: Instant) -> Result<(), Refused<Task>> {
        self.pool.adopt(task, WaitPolicy::Until(deadline))
    }

    fn max_workers(&self) -> usize {
        self.pool.settings.max_workers
    }

    fn refusal(&self) -> Option<Refusal> {
        self.pool.queue.refusal()
    }
}

/// The submit family, for every executor. Where `E: Executor` is a parameter, `let executor: &dyn
/// Executor = executor;` comes first.
impl<'e> dyn Executor + 'e {
    submit_family!('static, '_);

    /// Returns the same executor, under which what is submitted has a name.
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

    fn submit_task<F, T>(
        &self,
        work: F,
        here: &'static Location<'static>,
        stop: Option<StopHook>,
        policy: WaitPolicy,
    ) -> Result<Future<T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Named { executor: self, name: None }.submit_task(work, here, stop, policy)
    }

    fn target(&self) -> Target<'_, 'static> {
        Named { executor: self, name: None }.target()
    }
}

/// An executor under which what is submitted has a name, for error messages and `Debug`: what
/// [`named`](trait.Executor.html#method.named) returns.
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

    fn submit_task<F, T>(
        &self,
        work: F,
        here: &'static Location<'static>,
        stop: Option<StopHook>,
        policy: WaitPolicy,
    ) -> Result<Future<T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let is_plain = self.name.is_none() && stop.is_none();
        let common = Common { name: self.name.clone(), stop, home: None };
        let common = (!is_plain).then(|| Arc::new(common));
        let (cell, future) = halves(work, TaskMeta { submitted_at: here, common });
        let task = ScopedTask::new(Arc::clone(&cell) as _);
        match execute(self.executor, task, policy) {
            Ok(()) => Ok(future),
            Err(refused) => {
                let (task, why) = refused.into_parts();
                // Nobody else has seen this future, and the task comes back as it went.
                let work = cell.take_back().expect("a refused task is pending");
                drop((task, future));
                Err(Refused::new(work, why))
            }
        }
    }

    fn target(&self) -> Target<'a, 'static> {
        let executor = self.executor;
        Target {
            accept: Box::new(move |task, policy| execute(executor, task, policy)),
            common: Arc::new(Common { name: self.name.clone(), stop: None, home: None }),
            max_workers: executor.max_workers(),
            home: None,
            refusal: Box::new(move || executor.refusal()),
            can_be_woken: false,
        }
    }
}

fn execute(executor: &dyn Executor, task: Task, policy: WaitPolicy) -> Result<(), Refused<Task>> {
    match policy {
        WaitPolicy::Never => executor.try_execute(task),
        WaitPolicy::Until(deadline) | WaitPolicy::UntilWoken(_, Some(deadline)) => {
            executor.execute_until(task, deadline)
        }
        WaitPolicy::Forever | WaitPolicy::UntilWoken(_, None) => executor.execute(task),
    }
}

impl fmt::Debug for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("name", &self.name).finish_non_exhaustive()
    }
}
