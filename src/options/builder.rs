//! The options of a pool, their defaults, and the one check of them all.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::bounded::Semaphore;
use crate::kernel::pool::{Pool, Settings, ThreadPoolExecutor};
use crate::kernel::seams::{Listener, PoolId, Seams, WorkerHooks};
use crate::nesting::blocker::block;
use crate::nesting::policy::NestedWait;
use crate::observe::event::Observer;
use crate::observe::observer::PoolListener;
use crate::sync::{Spawn, available_cores, free_threads};

/// Python's ceiling for the default number of workers.
const MOST_BY_DEFAULT: usize = 32;

/// What Python adds to the number of cores, so that a small machine, too, has workers that wait
/// while others compute.
const MORE_THAN_CORES: usize = 4;

/// Makes a [`ThreadPoolExecutor`] with options, or a [`scope`](Self::scope); [`build`](Self::build)
/// checks them all at once.
///
/// | option | default |
/// |---|---|
/// | [`max_workers`](Self::max_workers) | min(32, cores + 4), as in Python |
/// | [`queue_capacity`](Self::queue_capacity) | any number of tasks may wait, as in Python |
/// | [`thread_name_prefix`](Self::thread_name_prefix) | `pool-0`, `pool-1`, … in the order in which pools and scopes are made |
/// | [`stack_size`](Self::stack_size) | the system's for threads |
/// | [`keep_alive`](Self::keep_alive) | idle workers stay until the pool is closed, as in Python |
/// | [`nested_wait`](Self::nested_wait) | [`NestedWait::RunInline`] |
/// | [`initializer`](Self::initializer), [`exit_hook`](Self::exit_hook) | none |
/// | [`observer`](Self::observer) | none |
///
/// ```
/// use glasspool::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::builder().max_workers(2).thread_name_prefix("flags").build()?;
/// let name = pool.submit(|| std::thread::current().name().map(str::to_owned));
/// assert_eq!(name.into_result()?.as_deref(), Some("flags_0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    max_workers: Option<usize>,
    queue_capacity: Option<usize>,
    thread_name_prefix: Option<String>,
    stack_size: Option<usize>,
    keep_alive: Option<Duration>,
    nested_wait: NestedWait,
    hooks: WorkerHooks,
    observer: Option<Arc<dyn Observer>>,
}

impl Builder {
    /// How many workers there are at most. They start on demand. Zero is an error of
    /// [`build`](Self::build).
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::builder().max_workers(3).build()?;
    /// assert_eq!(pool.max_workers(), 3);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn max_workers(mut self, workers: usize) -> Self {
        self.max_workers = Some(workers);
        self
    }

    /// How many tasks may be pending at most: then a submit from outside waits for room, and
    /// `try_submit` is refused. Zero is an error of [`build`](Self::build).
    ///
    /// It counts tasks and not places in a queue: cancelling one makes room at once, and a task
    /// that is handed to a new worker takes none. A map takes room for each of its workers that has
    /// to wait for its turn, and not for its items; of a
    /// [`map_buffered`](ThreadPoolExecutor::map_buffered) each item is a task, and what finds no
    /// room stays with its reader.
    ///
    /// **What a pool's own workers submit is always accepted**, above the bound if need be, because
    /// room is made by workers only, and a pool whose workers all waited for it would hang. A task
    /// that would rather hold back uses [`try_submit`](ThreadPoolExecutor::try_submit), which is
    /// refused inside as outside. (There is no such exception for two bounded pools whose tasks
    /// submit to each other, nor for a thread that a task starts and waits for: there, do that.)
    ///
    /// ```
    /// use glasspool::{Refusal, ThreadPoolExecutor};
    /// # use std::sync::{Arc, Barrier};
    ///
    /// let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build()?;
    /// # let gate = Arc::new(Barrier::new(2));
    /// # let inside = Arc::clone(&gate);
    /// # let busy = pool.submit(move || inside.wait());
    /// // While its one worker is busy:
    /// let first = pool.try_submit(|| 1)?;
    /// assert!(matches!(pool.try_submit(|| 2).unwrap_err().why(), Refusal::Full));
    /// first.cancel();
    /// assert!(pool.try_submit(|| 2).is_ok());
    /// # gate.wait();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn queue_capacity(mut self, tasks: usize) -> Self {
        self.queue_capacity = Some(tasks);
        self
    }

    /// What the names of the workers' threads begin with; `_0`, `_1`, … is added, as in Python.
    ///
    /// Linux keeps 15 bytes of a name, so a longer prefix is cut there, for every worker of the
    /// pool alike; the number is whole (of up to 10,000 workers). A NUL byte in it is an error of
    /// [`build`](Self::build).
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::builder().max_workers(1).thread_name_prefix("thumbnail-maker").build()?;
    /// let name = pool.submit(|| std::thread::current().name().map(str::to_owned));
    /// assert_eq!(name.into_result()?.as_deref(), Some("thumbnail-mak_0"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn thread_name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.thread_name_prefix = Some(prefix.into());
        self
    }

    /// How many bytes of stack each worker has. The system may round it up, or refuse a thread that
    /// asks too much; the submit that needs the thread says so.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::builder().stack_size(64 << 20).build()?;
    /// pool.submit(|| std::hint::black_box([0_u8; 8 << 20]).len()).result()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// How long an idle worker stays, be it the last or not. Then it leaves, and a later submit
    /// starts another when it needs one.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// use std::time::Duration;
    ///
    /// let pool = ThreadPoolExecutor::builder().keep_alive(Duration::from_secs(10)).build()?;
    /// # assert_eq!(pool.submit(|| 1).into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep_alive(mut self, idle: Duration) -> Self {
        self.keep_alive = Some(idle);
        self
    }

    /// What each worker runs once, before its first task.
    ///
    /// If it panics, the pool is broken: the worker's first task is lost, what is pending is
    /// cancelled, later submits are refused, and each says why. It may submit to the pool. If it
    /// waits for that, a worker is [added](NestedWait::RunInline), which has its own initializer to
    /// run first: so if every worker waits in its initializer, that comes to an end only as an
    /// error. What it has captured is dropped when the pool has been closed and its last worker has
    /// gone.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// use std::cell::Cell;
    /// thread_local!(static CONNECTION: Cell<u32> = const { Cell::new(0) });
    ///
    /// let pool = ThreadPoolExecutor::builder().initializer(|| CONNECTION.set(7)).build()?;
    /// assert_eq!(pool.submit(|| CONNECTION.get()).into_result()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn initializer(mut self, initializer: impl Fn() + Send + Sync + 'static) -> Self {
        self.hooks.begin = Some(Arc::new(initializer));
        self
    }

    /// What each worker runs when it leaves: because the pool is closed, or because it was idle for
    /// as long as its [`keep_alive`](Self::keep_alive).
    ///
    /// It runs once on every worker whose initializer has run to its end, after the worker's last
    /// task, and before the thread-locals that user code has set there are dropped; closing waits
    /// for it. The worker has left its seat by then, so a new one may be starting beside it. If it
    /// panics, that is told by the panic hook and goes no further.
    ///
    /// ```
    /// # use glasspool::{Shutdown, ThreadPoolExecutor};
    /// use std::sync::mpsc;
    ///
    /// let (tell, told) = mpsc::channel();
    /// let pool = ThreadPoolExecutor::builder().exit_hook(move || tell.send("bye").unwrap()).build()?;
    /// pool.submit(|| ()).result()?;
    /// pool.shutdown(Shutdown::Drain)?;
    /// assert_eq!(told.try_recv()?, "bye");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn exit_hook(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.hooks.end = Some(Arc::new(hook));
        self
    }

    /// Who is told of all that happens in the pool. There is one at most: the last that was given.
    ///
    /// What it is told, when, and by whom, is at [`Observer`]. A pool without one pays for the look
    /// whether it has, and no more.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::sync::Mutex;
    /// use glasspool::{Event, ThreadPoolExecutor};
    ///
    /// let (tell, told) = mpsc::channel();
    /// let pool = ThreadPoolExecutor::builder()
    ///     .max_workers(1)
    ///     .observer(move |event: &Event<'_>| {
    ///         let _ = tell.send(format!("{:?}", event.kind));
    ///     })
    ///     .build()?;
    /// pool.submit(|| 1).into_result()?;
    /// drop(pool);
    /// let story: Vec<String> = told.iter().collect();
    /// assert_eq!(story[0], "Submitted");
    /// assert_eq!(story.last().unwrap(), "Unblocked { by: None }"); // whoever has waited for the end of the pool
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Makes the pool; its workers start when there is work. Never blocks.
    ///
    /// # Errors
    ///
    /// If no pool can be made of these options, and then none is.
    ///
    /// ```
    /// use glasspool::{BuildError, ThreadPoolExecutor};
    ///
    /// let error = ThreadPoolExecutor::builder().thread_name_prefix("a\0b").build().unwrap_err();
    /// assert_eq!(error, BuildError::NulInName);
    /// ```
    pub fn build(self) -> Result<ThreadPoolExecutor, BuildError> {
        let pool = self.make("pool", Vec::new(), free_threads())?;
        let weak = Arc::downgrade(&pool);
        pool.queue.staff.hires_spares_by(Box::new(move |wanted| {
            if let Some(pool) = weak.upgrade() {
                pool.hire_spare(wanted);
            }
        }));
        Ok(ThreadPoolExecutor { pool })
    }

    /// What a worker does whose task waits for another of the pool; see [`NestedWait`], also for
    /// what each choice costs.
    ///
    /// ```
    /// use glasspool::{NestedWait, ThreadPoolExecutor};
    ///
    /// let pool = ThreadPoolExecutor::builder().nested_wait(NestedWait::Block).build()?;
    /// # assert_eq!(pool.submit(|| 1).into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn nested_wait(mut self, policy: NestedWait) -> Self {
        self.nested_wait = policy;
        self
    }

    pub(crate) fn is_bounded(&self) -> bool {
        self.queue_capacity.is_some()
    }

    /// Checks all options, fills in their defaults, and makes a pool of them.
    pub(crate) fn make<'a>(
        self,
        kind: &str,
        mut listeners: Vec<Arc<dyn Listener>>,
        spawn: Spawn<'a>,
    ) -> Result<Arc<Pool<'a>>, BuildError> {
        let by_default = || (available_cores() + MORE_THAN_CORES).min(MOST_BY_DEFAULT);
        let max_workers = self.max_workers.unwrap_or_else(by_default);
        if max_workers == 0 {
            return Err(BuildError::NoWorkers);
        }
        if self.queue_capacity == Some(0) {
            return Err(BuildError::NoCapacity);
        }
        if self.thread_name_prefix.as_ref().is_some_and(|prefix| prefix.contains('\0')) {
            return Err(BuildError::NulInName);
        }
        let id = PoolId::next();
        let settings = Settings {
            id,
            max_workers,
            max_spares: match self.nested_wait {
                NestedWait::RunInline => NestedWait::MOST_ADDED,
                NestedWait::Block => 0,
            },
            name: self.thread_name_prefix.unwrap_or_else(|| format!("{kind}-{}", id.number())),
            stack_size: self.stack_size,
            keep_alive: self.keep_alive,
        };
        if let Some(observer) = self.observer {
            listeners.push(PoolListener::new(id, observer));
        }
        let semaphore = |capacity| Semaphore::new(capacity, listeners.clone());
        let bound = self.queue_capacity.map(|capacity| semaphore(capacity) as Arc<dyn Listener>);
        let seams = Seams { listeners, bound, blocker: Some(block), hooks: self.hooks };
        Ok(Pool::new(settings, seams, spawn))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("max_workers", &self.max_workers)
            .field("queue_capacity", &self.queue_capacity)
            .field("thread_name_prefix", &self.thread_name_prefix)
            .field("stack_size", &self.stack_size)
            .field("keep_alive", &self.keep_alive)
            .field("nested_wait", &self.nested_wait)
            .field("initializer", &self.hooks.begin.as_ref().map(|_| "…"))
            .field("exit_hook", &self.hooks.end.as_ref().map(|_| "…"))
            .field("observer", &self.observer.as_ref().map(|_| "…"))
            .finish()
    }
}

/// How a pool is made.
impl ThreadPoolExecutor {
    /// A pool of at most so many workers, with the default [options](Builder). Never blocks.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoWorkers`] for zero.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(3)?;
    /// # assert_eq!(pool.submit(|| 1).into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(max_workers: usize) -> Result<Self, BuildError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// For a pool with options.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::builder().thread_name_prefix("io").build()?;
    /// # assert_eq!(pool.submit(|| 1).into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Default for ThreadPoolExecutor {
    /// A pool with the default [options](Builder).
    fn default() -> Self {
        Self::builder().build().expect("the defaults make a pool")
    }
}

/// Options from which no pool can be made.
///
/// ```
/// use glasspool::{BuildError, ThreadPoolExecutor};
///
/// let error = ThreadPoolExecutor::new(0).unwrap_err();
/// assert_eq!(error, BuildError::NoWorkers);
/// assert_eq!(error.to_string(), "max_workers must be greater than 0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// `max_workers` was zero.
    NoWorkers,
    /// `queue_capacity` was zero: no task could ever wait its turn.
    NoCapacity,
    /// `queue_capacity` was given for a scope, which has no bound.
    BoundedScope,
    /// The thread-name prefix has a NUL byte in it, which no system takes in a name.
    NulInName,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoWorkers => "max_workers must be greater than 0",
            Self::NoCapacity => "queue_capacity must be greater than 0",
            Self::BoundedScope => "a scope has no queue_capacity",
            Self::NulInName => "thread_name_prefix must not contain a NUL byte",
        })
    }
}

impl Error for BuildError {}
