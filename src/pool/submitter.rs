//! A handle that can submit and nothing else: for tasks, and for other threads.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::Core;
use super::stats::Stats;
use crate::error::{Refusal, Refused};
use crate::executor::{Executor, Patience, Takes};
use crate::future::handle::Future;
use crate::future::task::Task;
use crate::identity::PoolId;
use crate::label::Label;
use crate::many::map::Map;
use crate::many::map::buffered::BufferedMap;
use crate::stop::StopToken;
use crate::submit::{Named, submit, submit_stoppable, try_submit};

/// Submits to a [`ThreadPoolExecutor`](crate::ThreadPoolExecutor) that somebody else owns.
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
pub struct Submitter {
    core: Arc<Core<'static>>,
}

impl Submitter {
    pub(super) fn of(core: Arc<Core<'static>>) -> Self {
        Self { core }
    }

    pub(super) fn core(&self) -> &Core<'static> {
        &self.core
    }

    /// As [`ThreadPoolExecutor::submit`](crate::ThreadPoolExecutor::submit).
    ///
    /// # Panics
    ///
    /// Where Python raises: if the pool was shut down, or is broken, or has no worker and gets no
    /// thread for one.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// assert_eq!(pool.submitter().submit(|| 1).into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn submit<F, T>(&self, work: F) -> Future<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(self, work, Label::here())
    }

    /// As [`ThreadPoolExecutor::try_submit`](crate::ThreadPoolExecutor::try_submit).
    ///
    /// # Errors
    ///
    /// The closure back, with the reason why it was not taken.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let submitter = pool.submitter();
    /// drop(pool);
    /// let closure = submitter.try_submit(|| 1).unwrap_err().into_inner();
    /// assert_eq!(closure(), 1);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    #[track_caller]
    pub fn try_submit<F, T>(&self, work: F) -> Result<Future<T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        try_submit(self, Patience::None, work, Label::here())
    }

    /// As
    /// [`ThreadPoolExecutor::try_submit_timeout`](crate::ThreadPoolExecutor::try_submit_timeout).
    ///
    /// # Errors
    ///
    /// The closure back, with the reason why it was not taken.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.submitter().try_submit_timeout(Duration::from_secs(1), || 1)?;
    /// assert_eq!(future.into_result()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn try_submit_timeout<F, T>(
        &self,
        timeout: Duration,
        work: F,
    ) -> Result<Future<T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        try_submit(self, Patience::of(timeout), work, Label::here())
    }

    /// As [`ThreadPoolExecutor::submit_stoppable`](crate::ThreadPoolExecutor::submit_stoppable).
    ///
    /// # Panics
    ///
    /// As [`submit`](Self::submit).
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let asked = pool.submitter().submit_stoppable(|stop| stop.stop_requested());
    /// assert_eq!(asked.into_result()?, false);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn submit_stoppable<F, T>(&self, work: F) -> Future<T>
    where
        F: FnOnce(StopToken) -> T + Send + 'static,
        T: Send + 'static,
    {
        submit_stoppable(self, work, Label::here())
    }

    /// As [`ThreadPoolExecutor::map`](crate::ThreadPoolExecutor::map).
    ///
    /// # Panics
    ///
    /// As [`ThreadPoolExecutor::map`](crate::ThreadPoolExecutor::map).
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// let doubled: Result<Vec<_>, _> = pool.submitter().map(1..4, |n| n * 2).collect();
    /// assert_eq!(doubled?, [2, 4, 6]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn map<I, F, T>(&self, items: I, f: F) -> Map<T>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        Map::start(self, items, f, Label::here())
    }

    /// As [`ThreadPoolExecutor::map_buffered`](crate::ThreadPoolExecutor::map_buffered).
    ///
    /// # Panics
    ///
    /// As [`ThreadPoolExecutor::map_buffered`](crate::ThreadPoolExecutor::map_buffered).
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// let mut doubled = pool.submitter().map_buffered(1.., 3, |n| n * 2);
    /// assert_eq!(doubled.next().unwrap()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn map_buffered<I, F, T>(
        &self,
        items: I,
        buffer_size: usize,
        f: F,
    ) -> BufferedMap<I::IntoIter, T>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        BufferedMap::start(self.clone(), items, buffer_size, f, Label::here())
    }

    /// As [`ThreadPoolExecutor::named`](crate::ThreadPoolExecutor::named).
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// assert_eq!(pool.submitter().named("sum").submit(|| 2 + 2).into_result()?, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named(&self, name: impl Into<String>) -> Named<'_> {
        Named::new(self, name)
    }

    /// As [`ThreadPoolExecutor::max_workers`](crate::ThreadPoolExecutor::max_workers).
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// assert_eq!(ThreadPoolExecutor::new(3)?.submitter().max_workers(), 3);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn max_workers(&self) -> usize {
        self.core.settings.max_workers
    }

    /// As [`ThreadPoolExecutor::stats`](crate::ThreadPoolExecutor::stats).
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// assert_eq!(pool.submitter().stats().submitted, 0);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn stats(&self) -> Stats {
        self.core.queue.stats()
    }

    /// Which pool this submits to. Never blocks.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// assert_eq!(pool.submitter().id(), pool.id());
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn id(&self) -> PoolId {
        self.core.settings.id
    }
}

// No user code runs while the pool is locked, so a panic cannot leave it half-changed.
impl UnwindSafe for Submitter {}
impl RefUnwindSafe for Submitter {}

impl Executor for Submitter {
    fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
        self.core.take(task, Patience::Unlimited)
    }

    fn try_execute(&self, task: Task) -> Result<(), Refused<Task>> {
        self.core.take(task, Patience::None)
    }

    fn execute_until(&self, task: Task, deadline: Instant) -> Result<(), Refused<Task>> {
        self.core.take(task, Patience::Until(deadline))
    }

    fn max_workers(&self) -> usize {
        self.core.settings.max_workers
    }

    fn refusal(&self) -> Option<Refusal> {
        self.core.queue.refusal()
    }
}

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitter").field("name", &self.core.settings.name).finish_non_exhaustive()
    }
}
