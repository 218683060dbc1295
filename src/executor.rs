//! An executor of your own: the one method that makes it, and how a task is run by hand.
//!
//! [`ThreadPoolExecutor`](crate::ThreadPoolExecutor) is one executor, [`Inline`] another one, and
//! yours may be a third. [`submit`](crate::submit) has what comes with every executor.
//!
//! Invariant: an executor runs a task that it takes, or gives it back unrun; a task that is dropped
//! instead is cancelled, so no reader waits for ever.

use std::time::Instant;

use crate::kernel::error::{Refusal, Refused};
use crate::kernel::task::{ScopedTask, Task};
use crate::nesting::blocker::run_by_hand;

/// Takes tasks and has them run.
///
/// The trait is small, so that an executor of your own is a few lines. It is `dyn`-compatible, so
/// that a program can choose between sequential and pooled work while it runs. `submit`,
/// `try_submit`, `try_submit_timeout`, `submit_stoppable`, `map`, `map_buffered` and `named` come
/// with every `dyn Executor`. Where `E: Executor` is a parameter, write `let executor: &dyn
/// Executor = executor;` first.
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
    /// Takes a task, to run it now or later, here or elsewhere. Blocks for as long as the executor
    /// has no room for the task.
    ///
    /// # Errors
    ///
    /// Returns the very task, not run, with the reason why it was not taken. (`try_submit` takes
    /// the closure out of it.) The refusal is final, whatever the reason: [`Refusal::Full`] from
    /// here means that the executor does not wait for room.
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

    /// Takes a task if there is room for it now. An executor that waits for room in
    /// [`execute`](Self::execute) does not wait here but refuses with [`Refusal::Full`]. The
    /// provided method calls `execute`, which is right for an executor that does not wait.
    ///
    /// # Errors
    ///
    /// Returns the task as [`execute`](Self::execute) does, or because there is no room.
    ///
    /// ```
    /// use glasspool::{Executor, Refusal, ThreadPoolExecutor, task};
    /// # use std::sync::{Arc, Barrier};
    ///
    /// let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build()?;
    /// # let gate = Arc::new(Barrier::new(2));
    /// # let inside = Arc::clone(&gate);
    /// # let busy = pool.submit(move || inside.wait());
    /// // While its one worker is busy:
    /// let (first, _waits) = task(|| 1);
    /// let (second, _is_refused) = task(|| 2);
    /// assert!(pool.try_execute(first).is_ok());
    /// assert!(matches!(pool.try_execute(second).unwrap_err().why(), Refusal::Full));
    /// # gate.wait();
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    fn try_execute(&self, task: Task) -> Result<(), Refused<Task>> {
        self.execute(task)
    }

    /// Takes a task as [`execute`](Self::execute) does, but blocks at most until `deadline`. The
    /// provided method calls `execute`, which is right for an executor that does not wait.
    ///
    /// # Errors
    ///
    /// Returns the task as [`execute`](Self::execute) does, or because there was no room in time.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use glasspool::{Executor, Inline, task};
    ///
    /// let (task, future) = task(|| 1);
    /// Inline.execute_until(task, Instant::now() + Duration::from_secs(1))?;
    /// assert!(future.done());
    /// # Ok::<(), glasspool::Refused<glasspool::Task>>(())
    /// ```
    fn execute_until(&self, task: Task, deadline: Instant) -> Result<(), Refused<Task>> {
        let _ = deadline;
        self.execute(task)
    }

    /// Returns how many tasks the executor may run at the same time. At most as many runners take
    /// part in a `map`. The provided method returns 1.
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

    /// Returns why the executor would refuse a task now, if it knows. A `map` asks before it
    /// touches its items. Never blocks. The provided method returns `None`.
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

/// A borrowed executor is an executor too.
impl<E: Executor + ?Sized> Executor for &E {
    fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
        (**self).execute(task)
    }

    fn try_execute(&self, task: Task) -> Result<(), Refused<Task>> {
        (**self).try_execute(task)
    }

    fn execute_until(&self, task: Task, deadline: Instant) -> Result<(), Refused<Task>> {
        (**self).execute_until(task, deadline)
    }

    fn max_workers(&self) -> usize {
        (**self).max_workers()
    }

    fn refusal(&self) -> Option<Refusal> {
        (**self).refusal()
    }
}

/// Runs each task at once, in the thread that submits it.
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

impl ScopedTask<'_> {
    /// Runs the task in this thread, which is how an executor of your own does its work. A panic of
    /// the task is its future's outcome. Blocks until the task and its callbacks have run; does
    /// nothing if the task was cancelled.
    ///
    /// ```
    /// let (task, future) = glasspool::task(|| 1);
    /// task.run();
    /// assert!(future.done());
    /// ```
    pub fn run(self) {
        let Some(cell) = self.into_cell() else { return };
        // A pool that had no room for the task has left its home in it.
        cell.set_home(None);
        run_by_hand(&cell);
    }
}
