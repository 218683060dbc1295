//! Who takes a task: the one method that makes an executor, and all that comes with it.
//!
//! An executor is whoever takes [`Task`]s and sees to it that they are run. Everything else (making the task and its
//! future, giving a refused closure back, mapping) is the same for all of them and stands here, once.
//!
//! This file knows no pool: [`ThreadPoolExecutor`](crate::ThreadPoolExecutor) is one executor, [`Inline`] another, and yours may
//! be a third.

use crate::error::{CancelReason, Refused};
use crate::future::handle::Future;
use crate::future::task::{Task, halves};
use crate::label::Label;
use crate::many::map::Map;

/// Whoever takes tasks and sees to it that they are run.
///
/// It is small, so that an executor of one's own is a few lines, and `dyn`-compatible, so that a program can choose between
/// sequential and pooled work while it runs. `submit`, `try_submit` and `map` come with every `dyn Executor`.
///
/// ```
/// use glasspool::{Executor, Inline, ThreadPoolExecutor};
///
/// fn squares(executor: &dyn Executor) -> Vec<u32> {
///     executor.map(1..=4, |n| n * n).map(Result::unwrap).collect()
/// }
///
/// assert_eq!(squares(&Inline), [1, 4, 9, 16]);
/// assert_eq!(squares(&ThreadPoolExecutor::new(3)?), [1, 4, 9, 16]);
/// # Ok::<(), glasspool::BuildError>(())
/// ```
pub trait Executor: Send + Sync {
    /// Takes a task, to be run now or later, here or elsewhere.
    ///
    /// # Errors
    ///
    /// The task back, with the reason why it was not taken.
    ///
    /// ```
    /// use glasspool::{Executor, Inline, task};
    ///
    /// let (task, future) = task(|| 1);
    /// Inline.execute(task)?;
    /// assert!(future.done());
    /// # Ok::<(), glasspool::Refused<glasspool::Task>>(())
    /// ```
    fn execute(&self, task: Task) -> Result<(), Refused<Task>>;

    /// How many tasks it may run at the same time: what a [`map`](ThreadPoolExecutor::map) divides its items by. At least 1.
    ///
    /// [`ThreadPoolExecutor::map`]: crate::ThreadPoolExecutor::map
    /// [`map`]: crate::ThreadPoolExecutor::map
    ///
    /// ```
    /// use glasspool::{Executor, Inline, ThreadPoolExecutor};
    ///
    /// assert_eq!(Inline.max_workers(), 1);
    /// assert_eq!(ThreadPoolExecutor::new(3)?.max_workers(), 3);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    fn max_workers(&self) -> usize {
        1
    }
}

impl dyn Executor + '_ {
    /// Has `work` run, and returns the future of what it returns. Waits as long as [`execute`](Executor::execute) does.
    ///
    /// # Panics
    ///
    /// If the executor refuses it, as Python raises; [`try_submit`](Self::try_submit) returns instead.
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
        submit(self, work)
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
        try_submit(self, work)
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
        Map::start(self, items, f)
    }
}

#[track_caller]
pub(crate) fn submit<E, F, T>(executor: &E, work: F) -> Future<T>
where
    E: Executor + ?Sized,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    match try_submit(executor, work) {
        Ok(future) => future,
        Err(refused) => panic!("{refused}"),
    }
}

#[track_caller]
pub(crate) fn try_submit<E, F, T>(executor: &E, work: F) -> Result<Future<T>, Refused<F>>
where
    E: Executor + ?Sized,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (shared, task, future) = halves(work, Label::here());
    match executor.execute(task) {
        Ok(()) => Ok(future),
        Err(refused) => Err(refused.map(|task| {
            let work = shared.withdraw(CancelReason::ByCaller).expect("a refused task has not been run");
            drop(task);
            work
        })),
    }
}

/// The executor that runs each task at once, in the thread that submits it.
///
/// ```
/// use glasspool::{Executor, Inline};
///
/// let here = std::thread::current().id();
/// let executor: &dyn Executor = &Inline;
/// let there = executor.submit(|| std::thread::current().id());
/// assert!(there.done());
/// assert_eq!(there.result()?, &here);
/// # Ok::<(), glasspool::TaskError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline;

impl Executor for Inline {
    fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
        task.run();
        Ok(())
    }
}
