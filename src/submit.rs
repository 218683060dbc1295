//! All that comes with an executor: making a task and its future, giving a refused closure back, naming, mapping.
//!
//! It is the same for all of them and stands here, once. From here a task goes to [`Executor::execute`]; for a pool, that is
//! [`Submitter`](crate::Submitter)'s.

use std::fmt;
use std::sync::Arc;

use crate::error::Refused;
use crate::executor::Executor;
use crate::future::handle::Future;
use crate::future::task::halves;
use crate::label::Label;
use crate::many::map::Map;

impl dyn Executor + '_ {
    /// Has `work` run, and returns the future of what it returns. Waits as long as [`execute`](Executor::execute) does.
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

    /// Has `work` run, if the executor takes it. Waits as long as [`execute`](Executor::execute) does.
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
        try_submit(self, work, Label::here())
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
        Named::new(self, name.into())
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
    name: Arc<String>,
}

impl<'a> Named<'a> {
    pub(crate) fn new(executor: &'a dyn Executor, name: String) -> Self {
        Self { executor, name: Arc::new(name) }
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
        submit(self.executor, work, self.label(Label::here()))
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
        try_submit(self.executor, work, self.label(Label::here()))
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
        Map::start(self.executor, items, f, self.label(Label::here()))
    }

    fn label(&self, mut label: Label) -> Label {
        label.name = Some(Arc::clone(&self.name));
        label
    }
}

impl fmt::Debug for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("name", &self.name).finish_non_exhaustive()
    }
}

#[track_caller]
pub(crate) fn submit<E, F, T>(executor: &E, work: F, label: Label) -> Future<T>
where
    E: Executor + ?Sized,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    match try_submit(executor, work, label) {
        Ok(future) => future,
        Err(refused) => panic!("{refused}"),
    }
}

pub(crate) fn try_submit<E, F, T>(executor: &E, work: F, label: Label) -> Result<Future<T>, Refused<F>>
where
    E: Executor + ?Sized,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (shared, task, future) = halves(work, label);
    match executor.execute(task) {
        Ok(()) => Ok(future),
        Err(refused) => Err(refused.map(|task| {
            drop(future);
            // Nobody else has seen this future, so nobody waits for the task that is claimed here and never run.
            let work = shared.claim().expect("an executor gives back the task that it refuses, unrun");
            drop(task);
            work
        })),
    }
}
