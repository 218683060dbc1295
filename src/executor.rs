//! Who takes a task: the one method that makes an executor.
//!
//! This file knows no pool: [`ThreadPoolExecutor`](crate::ThreadPoolExecutor) is one executor, [`Inline`] another, and yours may
//! be a third. What comes with every executor is in [`submit`](crate::submit).

use crate::error::{Refusal, Refused};
use crate::future::task::Task;

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
    /// The task back, that very one and not run, with the reason why it was not taken. (`try_submit` takes the closure out of
    /// it, and panics if it is another.)
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

    /// How many tasks it may run at the same time: as many runners take part in a `map`. One, unless it says otherwise.
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

    /// Why it would refuse a task now, if it knows. A `map` asks before it touches its items. Never blocks.
    ///
    /// ```
    /// use glasspool::{Executor, Refusal, Shutdown, ThreadPoolExecutor};
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// assert!(pool.refusal().is_none());
    /// pool.close(Shutdown::Drain);
    /// assert!(matches!(pool.refusal(), Some(Refusal::ShutDown)));
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    fn refusal(&self) -> Option<Refusal> {
        None
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
