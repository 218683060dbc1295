//! The options of a pool, their defaults, and the one check of them all.
//!
//! Invariant: options that fail the check make no pool, and none of a pool's threads starts here.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::bounded::Semaphore;
use crate::kernel::id::PoolId;
use crate::kernel::pool::{Pool, Settings, ThreadPoolExecutor};
use crate::kernel::seams::{Listener, Seams, WorkerHooks};
use crate::nesting::blocker::block;
use crate::nesting::policy::NestedWait;
use crate::observe::event::Observer;
use crate::observe::observer::PoolListener;
use crate::sync::{Spawn, available_cores, free_threads};

/// Python's upper limit for the default number of workers.
const MOST_BY_DEFAULT: usize = 32;

/// What Python adds to the number of cores, so that a small machine also has workers that can wait
/// while others compute.
const MORE_THAN_CORES: usize = 4;

/// Makes a [`ThreadPoolExecutor`] or a [`scope`](Self::scope) with options.
///
/// [`build`](Self::build) checks all options at once.
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
    pub(crate) queue_capacity: Option<usize>,
    thread_name_prefix: Option<String>,
    stack_size: Option<usize>,
    keep_alive: Option<Duration>,
    nested_wait: NestedWait,
    hooks: WorkerHooks,
    observer: Option<Arc<dyn Observer>>,
}

impl Builder {
    /// Sets how many workers there are at most. They start on demand. Zero is an error of
    /// [`build`](Self::build).
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::builder().max_workers(3).build()?;
    /// assert_eq!(pool.max_workers(), 3);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn max_workers(self, workers: usize) -> Self {
        Self { max_workers: Some(workers), ..self }
    }

    /// Bounds the queue: sets how many tasks may be pending at most. In a full queue, a submit from
    /// outside waits for room, and `try_submit` is refused. Zero is an error of
    /// [`build`](Self::build).
    ///
    /// The bound counts pending tasks and not places in a queue: cancelling a task makes room at
    /// once, and a task that is handed to a new worker needs none. A map needs room for each of its
    /// workers that has to wait for its turn, and none for its items. Each item of a
    /// [`map_buffered`](ThreadPoolExecutor::map_buffered) is a task; an item that finds no room
    /// stays with the reader.
    ///
    /// **A pool's own workers can submit above the bound.** Workers make the room, so a pool whose
    /// workers all waited for room would hang. A task that wants to hold back uses
    /// [`try_submit`](ThreadPoolExecutor::try_submit), which is refused inside as outside. (Two
    /// bounded pools whose tasks submit to each other have no such exception, nor has a thread that
    /// a task starts and waits for: use `try_submit` there.)
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
    pub fn queue_capacity(self, tasks: usize) -> Self {
        Self { queue_capacity: Some(tasks), ..self }
    }

    /// Sets what the names of the workers' threads begin with. The pool adds `_0`, `_1`, …, as
    /// Python does.
    ///
    /// Linux keeps 15 bytes of a name, so the pool cuts a longer prefix, alike for all its workers;
    /// the number stays whole (for up to 10,000 workers). A NUL byte in the prefix is an error of
    /// [`build`](Self::build).
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let builder = ThreadPoolExecutor::builder().max_workers(1);
    /// let pool = builder.thread_name_prefix("thumbnail-maker").build()?;
    /// let name = pool.submit(|| std::thread::current().name().map(str::to_owned));
    /// assert_eq!(name.into_result()?.as_deref(), Some("thumbnail-mak_0"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn thread_name_prefix(self, prefix: impl Into<String>) -> Self {
        Self { thread_name_prefix: Some(prefix.into()), ..self }
    }

    /// Sets how many bytes of stack each worker has. The system may round the number up, or refuse
    /// the thread if it is too large; then the submit that needs the thread says so.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::builder().stack_size(64 << 20).build()?;
    /// pool.submit(|| std::hint::black_box([0_u8; 8 << 20]).len()).result()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stack_size(self, bytes: usize) -> Self {
        Self { stack_size: Some(bytes), ..self }
    }

    /// Sets how long an idle worker stays, the last one included. Then the worker leaves, and a
    /// later submit starts another one if it needs to.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// use std::time::Duration;
    ///
    /// let pool = ThreadPoolExecutor::builder().keep_alive(Duration::from_secs(10)).build()?;
    /// # assert_eq!(pool.submit(|| 1).into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep_alive(self, idle: Duration) -> Self {
        Self { keep_alive: Some(idle), ..self }
    }

    /// Sets what a worker does whose task waits for another task of the pool. [`NestedWait`] says
    /// what each choice costs.
    ///
    /// ```
    /// use glasspool::{NestedWait, ThreadPoolExecutor};
    ///
    /// let pool = ThreadPoolExecutor::builder().nested_wait(NestedWait::Block).build()?;
    /// # assert_eq!(pool.submit(|| 1).into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn nested_wait(self, nested_wait: NestedWait) -> Self {
        Self { nested_wait, ..self }
    }

    /// Sets what each worker runs once, before its first task.
    ///
    /// If the initializer panics, the pool is broken: the worker's first task is lost, pending
    /// tasks are cancelled, later submits are refused, and each error says why. The initializer may
    /// submit to the pool. If it waits for what it has submitted, the pool gets a [spare
    /// worker](NestedWait::RunInline), which runs its own initializer first; so if every worker
    /// waits in its initializer, those waits end with an error. What the initializer has captured
    /// is dropped when the pool is closed and its last worker has gone.
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

    /// Sets what each worker runs when it leaves: because the pool is closed, or because the worker
    /// was idle for as long as its [`keep_alive`](Self::keep_alive).
    ///
    /// The hook runs once on every worker whose initializer has returned, after the worker's last
    /// task, and before the thread-locals that user code has set there are dropped. A shutdown
    /// waits for it. The worker has left its slot by then, so a new worker may start beside it. A
    /// panic of the exit hook is reported by the panic hook and goes no further.
    ///
    /// ```
    /// # use glasspool::{Shutdown, ThreadPoolExecutor};
    /// use std::sync::mpsc;
    ///
    /// let (tell, told) = mpsc::channel();
    /// let hook = move || tell.send("bye").unwrap();
    /// let pool = ThreadPoolExecutor::builder().exit_hook(hook).build()?;
    /// pool.submit(|| ()).result()?;
    /// pool.shutdown(Shutdown::Drain)?;
    /// assert_eq!(told.try_recv()?, "bye");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn exit_hook(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.hooks.end = Some(Arc::new(hook));
        self
    }

    /// Sets the observer, which hears of each event in the pool. A pool has one at most: the last
    /// that was set.
    ///
    /// [`Observer`] says what the observer hears, when, and in which thread. A pool without an
    /// observer pays for the look whether there is one.
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
    /// // The drop waited for the end of the pool.
    /// assert_eq!(story.last().unwrap(), "Unblocked { by: None }");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observer(self, observer: impl Observer + 'static) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }

    /// Makes the pool. Its workers start when there is work. Never blocks.
    ///
    /// # Errors
    ///
    /// Returns an error if no pool can be made of these options.
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

    fn check(&self) -> Result<(), BuildError> {
        match self {
            Self { max_workers: Some(0), .. } => Err(BuildError::NoWorkers),
            Self { queue_capacity: Some(0), .. } => Err(BuildError::NoCapacity),
            Self { thread_name_prefix: Some(prefix), .. } if prefix.contains('\0') => {
                Err(BuildError::NulInName)
            }
            _ => Ok(()),
        }
    }

    /// Checks all options, fills in their defaults, and makes a pool of them.
    pub(crate) fn make<'a>(
        self,
        kind: &str,
        mut listeners: Vec<Arc<dyn Listener>>,
        spawn: Spawn<'a>,
    ) -> Result<Arc<Pool<'a>>, BuildError> {
        self.check()?;
        let id = PoolId::next();
        let by_default = || (available_cores() + MORE_THAN_CORES).min(MOST_BY_DEFAULT);
        let may_add = self.nested_wait == NestedWait::RunInline;
        let settings = Settings {
            id,
            max_workers: self.max_workers.unwrap_or_else(by_default),
            max_spares: if may_add { NestedWait::MOST_ADDED } else { 0 },
            name: self.thread_name_prefix.unwrap_or_else(|| format!("{kind}-{}", id.number())),
            stack_size: self.stack_size,
            keep_alive: self.keep_alive,
        };
        if let Some(observer) = self.observer {
            listeners.push(PoolListener::new(id, observer));
        }
        let bound = self.queue_capacity.map(|capacity| {
            // A wait for room is an event, so the bound knows who hears of events.
            Semaphore::new(capacity, listeners.clone()) as Arc<dyn Listener>
        });
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
    /// Makes a pool of at most so many workers, with the default [options](Builder). Never blocks.
    ///
    /// # Errors
    ///
    /// Returns [`BuildError::NoWorkers`] for zero.
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

    /// Returns a builder, for a pool with options.
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
    /// Makes a pool with the default [options](Builder).
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
    /// `max_workers` is zero.
    NoWorkers,
    /// `queue_capacity` is zero: no task could wait for its turn.
    NoCapacity,
    /// `queue_capacity` is set for a scope, which has no bound.
    BoundedScope,
    /// `thread_name_prefix` has a NUL byte in it, which no system takes in a thread's name.
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
