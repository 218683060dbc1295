//! All that comes with an executor: making a task and its future, giving a refused closure back,
//! naming, mapping.
//!
//! It is the same for all of them and stands here, once. From here a task goes to
//! [`Executor::execute`]; for a pool, that is [`Submitter`](crate::Submitter)'s.

use std::fmt;
use std::time::Duration;

use crate::error::Refused;
use crate::executor::{Executor, Patience, Takes, raise};
use crate::future::handle::{Future, ScopedFuture};
use crate::future::task::halves;
use crate::label::{Label, Name};
use crate::many::map::Map;
use crate::many::map::buffered::ScopedBufferedMap;
use crate::stop::StopToken;

impl dyn Executor + '_ {
    /// Has `work` run, and returns the future of what it returns. Waits as long as
    /// [`execute`](Executor::execute) does.
    ///
    /// # Panics
    ///
    /// If the executor refuses it, as Python raises; `try_submit` returns instead.
    ///
    /// ```
    /// use glasspool::{Executor, Inline};
    ///
    /// let executor: &dyn Executor = &Inline;
    /// assert_eq!(executor.submit(|| 2 + 2).result()?, &4);
    /// # Ok::<(), glasspool::TaskError>(())
    /// ```
    #[track_caller]
    pub fn submit<F, T>(&self, work: F) -> Future<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(self, work, Label::here())
    }

    /// Has `work` run, if the executor takes it now. Waits no longer than
    /// [`try_execute`](Executor::try_execute) does.
    ///
    /// # Errors
    ///
    /// The closure back, with the reason why it was not taken.
    ///
    /// ```
    /// use glasspool::{Executor, Inline};
    ///
    /// let executor: &dyn Executor = &Inline;
    /// let future = executor.try_submit(|| 2 + 2)?;
    /// # assert_eq!(future.result()?, &4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn try_submit<F, T>(&self, work: F) -> Result<Future<T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        try_submit(self, Patience::None, work, Label::here())
    }

    /// Has `work` run, if the executor takes it within this time.
    ///
    /// # Errors
    ///
    /// The closure back, with the reason why it was not taken.
    ///
    /// ```
    /// use std::time::Duration;
    /// use glasspool::{Executor, Inline};
    ///
    /// let executor: &dyn Executor = &Inline;
    /// let future = executor.try_submit_timeout(Duration::from_secs(1), || 2 + 2)?;
    /// # assert_eq!(future.result()?, &4);
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

    /// Has `work` run, and gives it a token by which its future can [ask it to
    /// stop](Future::request_stop).
    ///
    /// # Panics
    ///
    /// If the executor refuses it, as [`submit`](#method.submit) does.
    ///
    /// ```
    /// use glasspool::{Executor, Inline};
    ///
    /// let executor: &dyn Executor = &Inline;
    /// assert_eq!(executor.submit_stoppable(|stop| stop.stop_requested()).result()?, &false);
    /// # Ok::<(), glasspool::TaskError>(())
    /// ```
    #[track_caller]
    pub fn submit_stoppable<F, T>(&self, work: F) -> Future<T>
    where
        F: FnOnce(StopToken) -> T + Send + 'static,
        T: Send + 'static,
    {
        submit_stoppable(self, work, Label::here())
    }

    /// Applies `f` to each item; see [`ThreadPoolExecutor::map`](crate::ThreadPoolExecutor::map).
    ///
    /// # Panics
    ///
    /// If the executor refuses the work, as Python raises.
    ///
    /// ```
    /// use glasspool::{Executor, Inline};
    ///
    /// let executor: &dyn Executor = &Inline;
    /// let lengths: Result<Vec<_>, _> = executor.map(["a", "bb"], str::len).collect();
    /// assert_eq!(lengths?, [1, 2]);
    /// # Ok::<(), glasspool::TaskError>(())
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

    /// Applies `f` to each item, with so many in flight at a time; see
    /// [`ThreadPoolExecutor::map_buffered`](crate::ThreadPoolExecutor::map_buffered).
    ///
    /// # Panics
    ///
    /// If the buffer has no room, or the executor refuses the work, as Python raises.
    ///
    /// ```
    /// use glasspool::{Executor, Inline};
    ///
    /// let executor: &dyn Executor = &Inline;
    /// let mut halves = executor.map_buffered((0..).step_by(2), 1, |n| n / 2);
    /// assert_eq!(halves.next().unwrap()?, 0);
    /// assert_eq!(halves.next().unwrap()?, 1);
    /// # Ok::<(), glasspool::TaskError>(())
    /// ```
    #[track_caller]
    pub fn map_buffered<I, F, T>(
        &self,
        items: I,
        buffer_size: usize,
        f: F,
    ) -> ScopedBufferedMap<'_, I::IntoIter, T>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        ScopedBufferedMap::start(self, items, buffer_size, f, Label::here())
    }

    /// The same executor, under which what is submitted has a name.
    ///
    /// ```
    /// use glasspool::{Executor, Inline};
    ///
    /// let executor: &dyn Executor = &Inline;
    /// let future = executor.named("BR").submit(|| panic!("no flag"));
    /// assert_eq!(future.result().unwrap_err().to_string(), "task 'BR' panicked: no flag");
    /// ```
    pub fn named(&self, name: impl Into<String>) -> Named<'_> {
        Named::new(self, name)
    }
}

/// An executor that gives what is submitted to it a name, for error messages and `Debug`.
///
/// ```
/// use glasspool::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// let future = pool.named("BR").submit(|| "br.gif");
/// assert!(format!("{future:?}").contains(r#"name: "BR""#));
/// # assert_eq!(future.into_result()?, "br.gif");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a name does nothing until something is submitted under it"]
pub struct Named<'a> {
    executor: &'a dyn Executor,
    name: Name,
}

impl<'a> Named<'a> {
    pub(crate) fn new(executor: &'a dyn Executor, name: impl Into<String>) -> Self {
        Self { executor, name: Name::new(name) }
    }

    /// As the executor's own `submit`, under this name.
    ///
    /// # Panics
    ///
    /// If the executor refuses it, as Python raises.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// assert_eq!(pool.named("sum").submit(|| 2 + 2).into_result()?, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn submit<F, T>(&self, work: F) -> Future<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(self.executor, work, Label::here().named(&self.name))
    }

    /// As the executor's own `try_submit`, under this name.
    ///
    /// # Errors
    ///
    /// The closure back, with the reason why it was not taken.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// assert_eq!(pool.named("sum").try_submit(|| 2 + 2)?.into_result()?, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn try_submit<F, T>(&self, work: F) -> Result<Future<T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        try_submit(self.executor, Patience::None, work, Label::here().named(&self.name))
    }

    /// As the executor's own `try_submit_timeout`, under this name.
    ///
    /// # Errors
    ///
    /// The closure back, with the reason why it was not taken.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let sum = pool.named("sum").try_submit_timeout(Duration::from_secs(1), || 2 + 2)?;
    /// assert_eq!(sum.into_result()?, 4);
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
        try_submit(self.executor, Patience::of(timeout), work, Label::here().named(&self.name))
    }

    /// As the executor's own `submit_stoppable`, under this name.
    ///
    /// # Panics
    ///
    /// If the executor refuses it, as Python raises.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let asked = pool.named("asked?").submit_stoppable(|stop| stop.stop_requested());
    /// assert_eq!(asked.into_result()?, false);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn submit_stoppable<F, T>(&self, work: F) -> Future<T>
    where
        F: FnOnce(StopToken) -> T + Send + 'static,
        T: Send + 'static,
    {
        submit_stoppable(self.executor, work, Label::here().named(&self.name))
    }

    /// As the executor's own `map`, each item under this name.
    ///
    /// # Panics
    ///
    /// If the executor refuses the work, as Python raises.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// let results: Vec<_> = pool.named("thirds").map([1, 0], |n| 3 / n).collect();
    /// let error = results[1].as_ref().unwrap_err();
    /// assert_eq!(error.to_string(), "task 'thirds' panicked: attempt to divide by zero");
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    #[track_caller]
    pub fn map<I, F, T>(&self, items: I, f: F) -> Map<T>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        Map::start(self.executor, items, f, Label::here().named(&self.name))
    }

    /// As the executor's own `map_buffered`, each item under this name.
    ///
    /// # Panics
    ///
    /// If the buffer has no room, or the executor refuses the work, as Python raises.
    ///
    /// ```
    /// # use glasspool::ThreadPoolExecutor;
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// let mut results = pool.named("thirds").map_buffered([1, 0].into_iter().cycle(), 2, |n| 3 / n);
    /// let error = results.nth(1).unwrap().unwrap_err();
    /// assert_eq!(error.to_string(), "task 'thirds' panicked: attempt to divide by zero");
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    #[track_caller]
    pub fn map_buffered<I, F, T>(
        &self,
        items: I,
        buffer_size: usize,
        f: F,
    ) -> ScopedBufferedMap<'a, I::IntoIter, T>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        ScopedBufferedMap::start(
            self.executor,
            items,
            buffer_size,
            f,
            Label::here().named(&self.name),
        )
    }
}

impl fmt::Debug for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("name", &self.name.as_str()).finish_non_exhaustive()
    }
}

#[track_caller]
pub(crate) fn submit<'a, E, F, T>(executor: &E, work: F, label: Label) -> ScopedFuture<'a, T>
where
    E: Takes<'a> + ?Sized,
    F: FnOnce() -> T + Send + 'a,
    T: Send + 'a,
{
    match try_submit(executor, Patience::Unlimited, work, label) {
        Ok(future) => future,
        Err(refused) => raise(refused),
    }
}

/// As [`submit`], for work that is given the token by which its future asks it to stop.
#[track_caller]
pub(crate) fn submit_stoppable<'a, E, F, T>(
    executor: &E,
    work: F,
    label: Label,
) -> ScopedFuture<'a, T>
where
    E: Takes<'a> + ?Sized,
    F: FnOnce(StopToken) -> T + Send + 'a,
    T: Send + 'a,
{
    let stop = StopToken::new();
    let label = label.with_stop(stop.clone());
    submit(executor, move || work(stop), label)
}

pub(crate) fn try_submit<'a, E, F, T>(
    executor: &E,
    patience: Patience,
    work: F,
    label: Label,
) -> Result<ScopedFuture<'a, T>, Refused<F>>
where
    E: Takes<'a> + ?Sized,
    F: FnOnce() -> T + Send + 'a,
    T: Send + 'a,
{
    let (shared, task, future) = halves(work, label);
    let Err(refused) = executor.take(task, patience) else { return Ok(future) };
    shared.tell_refused();
    match shared.claim() {
        // Nobody else has seen this future, so nobody waits for the task that is claimed here and
        // never run.
        Some(work) => Err(refused.map(|task| {
            drop((future, task));
            work
        })),
        // A pool was closed while it hired a worker for this task, and cancelled it as it does with
        // all that it had taken; then the hire failed. What can be given back is not the closure
        // any more, but its future can be told.
        None => Ok(future),
    }
}
