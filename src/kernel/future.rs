//! The half that is read: a handle on an outcome that may not be there yet.
//!
//! The outcome is in one place at a time: first in the [`Cell`], and from the
//! first read on in this handle, which can lend it for as long as it lives. So a value needs to be
//! `Send` and no more, and the handle is `Sync` where the value is.
//!
//! A reader waits first and moves the outcome then; nothing blocks inside the once-cell.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cell::Cell;
use super::error::{CancelReason, TaskError, TimedOut, Unfinished};
use super::event::EventKind;
use super::seams::{Await, StopHook, Wait};
use super::state::{Outcome, Status};
use super::waiters::{Callback, lend};
use crate::sync::{OnceLock, deadline_after};

/// What a handle sees of a cell, whatever its closure is.
pub(crate) trait Read<T>: Await {
    fn as_await(&self) -> &dyn Await;

    fn name(&self) -> Option<&str>;

    fn submitted_at(&self) -> &'static Location<'static>;

    fn stop(&self) -> Option<&StopHook>;

    /// Returns the outcome to the first caller after the end.
    fn collect(&self) -> Option<Outcome<T>>;

    /// Adds a callback, or returns it if the task has ended.
    fn add_callback(&self, callback: Callback<T>) -> Option<Callback<T>>;

    /// Runs a callback that came after the end.
    fn call_late(&self, callback: Callback<T>, outcome: &Outcome<T>);

    /// Claims the task before its turn and runs it in this thread. Returns `false` if it is too
    /// late.
    fn run_inline(&self) -> bool;

    /// The handle is dropped. Returns the outcome that it had not collected.
    fn drop_handle(&self) -> Option<Outcome<T>>;
}

impl<F, T> Read<T> for Cell<'_, F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn as_await(&self) -> &dyn Await {
        self
    }

    fn name(&self) -> Option<&str> {
        self.meta.name()
    }

    fn submitted_at(&self) -> &'static Location<'static> {
        self.meta.submitted_at
    }

    fn stop(&self) -> Option<&StopHook> {
        self.meta.stop()
    }

    fn collect(&self) -> Option<Outcome<T>> {
        self.collect()
    }

    fn add_callback(&self, callback: Callback<T>) -> Option<Callback<T>> {
        self.add_callback(callback)
    }

    fn call_late(&self, callback: Callback<T>, outcome: &Outcome<T>) {
        self.call_late(callback, outcome);
    }

    fn run_inline(&self) -> bool {
        self.run_inline()
    }

    fn drop_handle(&self) -> Option<Outcome<T>> {
        self.drop_handle()
    }
}

/// The answer to a submitted task, which may not be there yet.
///
/// A future is only ever made together with the task that will end it, by [`task`](crate::task) or
/// by an executor's `submit`. It is read as often as one likes, by every thread that shares the
/// handle. Dropping it lets the task run; the value is then dropped by whoever ends the task. If
/// that has ended already, it is dropped with the handle, here and now.
///
/// ```
/// use glasspool::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(2)?;
/// let future = pool.submit(|| "value".to_owned());
/// assert_eq!(future.result()?, "value"); // waits, and lends
/// assert_eq!(future.result()?, "value"); // as often as you like
/// assert_eq!(future.into_result()?, "value"); // and moves out
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `Display` prints what Python prints; `Debug` has the state, the name, and where the task was
/// submitted.
///
/// ```
/// let (task, future) = glasspool::task(|| 7_u64);
/// assert!(future.to_string().starts_with("<Future at 0x"));
/// assert!(future.to_string().ends_with(" state=pending>"));
/// task.run();
/// assert!(future.to_string().ends_with(" state=finished returned u64>"));
/// ```
///
/// Sharing a handle between threads shares its value, so that must be `Sync`; sending the handle
/// needs only `Send`:
///
/// ```compile_fail,E0277
/// let (task, future) = glasspool::task(|| std::cell::Cell::new(1));
/// std::thread::scope(|scope| {
///     scope.spawn(|| future.done());
/// });
/// ```
#[must_use = "a dropped future lets its task run, unread; say so with `drop` or `let _ =`"]
pub struct ScopedFuture<'a, T> {
    /// `None` once the outcome has been moved out.
    cell: Option<Arc<dyn Read<T> + 'a>>,
    /// Where the outcome is from the first read on.
    outcome: OnceLock<Outcome<T>>,
}

/// The answer to a submitted task that borrows nothing: what an executor's `submit` returns.
///
/// All that can be done with it is a [`ScopedFuture`]'s.
///
/// ```
/// use glasspool::{Future, ThreadPoolExecutor};
///
/// fn length_of(text: String, pool: &ThreadPoolExecutor) -> Future<usize> {
///     pool.submit(move || text.len())
/// }
/// let pool = ThreadPoolExecutor::new(1)?;
/// assert_eq!(length_of("four".to_owned(), &pool).into_result()?, 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Future<T> = ScopedFuture<'static, T>;

impl<'a, T> ScopedFuture<'a, T> {
    pub(crate) fn new(cell: Arc<dyn Read<T> + 'a>) -> Self {
        Self { cell: Some(cell), outcome: OnceLock::new() }
    }

    /// Returns `true` if the task has ended: returned, panicked, lost or cancelled. Never blocks.
    ///
    /// ```
    /// let (task, future) = glasspool::task(|| 1);
    /// assert!(!future.done());
    /// task.run();
    /// assert!(future.done());
    /// ```
    pub fn done(&self) -> bool {
        self.status().is_done()
    }

    /// Returns `true` if the task has begun and not ended. Never blocks.
    ///
    /// ```
    /// let (task, future) = glasspool::task(|| 1);
    /// assert!(!future.running());
    /// # drop(task);
    /// ```
    pub fn running(&self) -> bool {
        self.status() == Status::Running
    }

    /// Returns `true` if the task was cancelled. Never blocks.
    ///
    /// ```
    /// let (_task, future) = glasspool::task(|| 1);
    /// assert!(!future.cancelled());
    /// future.cancel();
    /// assert!(future.cancelled());
    /// ```
    pub fn cancelled(&self) -> bool {
        self.status() == Status::Cancelled
    }

    /// Cancels the task if it has not begun. Returns `true` if the task is cancelled now.
    ///
    /// A task that has begun goes on, and its own outcome stands: as in Python, there is no way to
    /// interrupt it. If cancelling wins, every waiter learns of it at once; the closure is dropped
    /// and the callbacks run in this thread, before this returns. Does not wait for anyone else.
    ///
    /// ```
    /// let (task, future) = glasspool::task(|| println!("never"));
    /// assert!(future.cancel());
    /// assert!(future.cancel()); // still is
    /// task.run();
    /// assert_eq!(future.result().unwrap_err().to_string(), "task cancelled by the caller");
    /// ```
    pub fn cancel(&self) -> bool {
        if self.cell().cancel(CancelReason::ByCaller) {
            self.cell().finish_cancel();
        }
        self.cancelled()
    }

    /// Waits until the task has ended, and lends the value.
    ///
    /// Blocks until the task has ended. Any number of threads may call it, any number of times. A
    /// task that calls it for another of its own pool, which is pending, runs that meanwhile: see
    /// [`NestedWait`](crate::NestedWait).
    ///
    /// # Errors
    ///
    /// Why there is no value, if there is none. If waiting would never end, because the task waits
    /// in turn for whoever asks, or is in the hands of this very thread (it is asked by the task
    /// itself, by a callback or a drop of its captures before the end), the answer is
    /// [`TaskError::Deadlock`].
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.submit(|| vec![1, 2, 3]);
    /// let total: i32 = future.result()?.iter().sum();
    /// assert_eq!(total, 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// What it lends lives no longer than the handle:
    ///
    /// ```compile_fail,E0505
    /// let (task, future) = glasspool::task(|| String::from("lent"));
    /// task.run();
    /// let lent = future.result().unwrap();
    /// let owned = future.into_result();
    /// println!("{lent}");
    /// ```
    pub fn result(&self) -> Result<&T, TaskError> {
        self.wait()?;
        lend(self.collected())
    }

    /// Waits until the task has ended, and moves the value out.
    ///
    /// # Errors
    ///
    /// As [`result`](Self::result).
    ///
    /// ```
    /// let (task, future) = glasspool::task(|| String::from("mine"));
    /// task.run();
    /// let mine: String = future.into_result()?;
    /// # assert_eq!(mine, "mine");
    /// # Ok::<(), glasspool::TaskError>(())
    /// ```
    pub fn into_result(mut self) -> Result<T, TaskError> {
        self.wait()?;
        let Some(cell) = self.cell.take() else { unreachable!("this moves the handle") };
        if let Some(outcome) = self.outcome.take() {
            return outcome;
        }
        let outcome = cell.collect();
        cell.tell(&EventKind::Collected);
        let Some(outcome) = outcome else {
            unreachable!("this is the only reader of an ended task")
        };
        outcome
    }

    /// Lends the value if the task has ended, without waiting for it. Never blocks.
    ///
    /// `None` means that the task has not ended yet; the future is as it was.
    ///
    /// ```
    /// let (task, future) = glasspool::task(|| 1);
    /// assert!(future.try_result().is_none());
    /// task.run();
    /// assert_eq!(future.try_result().unwrap()?, &1);
    /// # Ok::<(), glasspool::TaskError>(())
    /// ```
    pub fn try_result(&self) -> Option<Result<&T, TaskError>> {
        self.done().then(|| lend(self.collected()))
    }

    /// Waits at most this long until the task has ended, and lends the value.
    ///
    /// Blocks for at most `timeout`. Zero asks without waiting; a timeout too long for the clock
    /// waits without limit.
    ///
    /// # Errors
    ///
    /// The outer error is about the wait: it timed out, and the future is as it was. The inner one
    /// is about the task, as in [`result`](Self::result). Two question marks pass both on:
    ///
    /// ```
    /// use std::time::Duration;
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.submit(|| 1);
    /// let one = future.result_timeout(Duration::from_secs(10))??;
    /// assert_eq!(one, &1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn result_timeout(&self, timeout: Duration) -> Result<Result<&T, TaskError>, TimedOut> {
        match self.wait_until(deadline_after(timeout)) {
            Ok(()) => Ok(lend(self.collected())),
            Err(Unfinished::TimedOut) => Err(TimedOut::new(1, 1)),
            Err(Unfinished::Deadlock(deadlock)) => Ok(Err(TaskError::Deadlock(deadlock))),
        }
    }

    /// Has `callback` called with the outcome, exactly once.
    ///
    /// Callbacks run in the order in which they were registered, with no lock held:
    ///
    /// - if the task ends by running, or is lost with its worker, on the thread that had it in
    ///   hand, *before* the future is done: whoever has the result knows that the callbacks
    ///   registered before the end have run (Python publishes first, and calls then);
    /// - if it is cancelled, on the thread that cancelled it, when the future is done and before
    ///   that thread goes on;
    /// - if it is done already, here and now.
    ///
    /// One that is registered while others run waits for them, on their thread. What it has
    /// captured is dropped when it has run, there. A callback that panics harms neither the worker,
    /// nor the next callback, nor the value. The outcome is the callback's argument; asking the
    /// future itself for it, while it is being ended, is an error ([`TaskError::Deadlock`]) and not
    /// a hang.
    ///
    /// Blocks only for as long as the callback does, and only if the future is done already.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let (tell, told) = mpsc::channel();
    /// let future = pool.submit(|| 20);
    /// future.add_done_callback(move |outcome| tell.send(outcome.map(|n| n + 1)).unwrap());
    /// assert_eq!(told.recv()??, 21);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_done_callback<C>(&self, callback: C)
    where
        C: FnOnce(Result<&T, TaskError>) + Send + 'static,
    {
        if let Some(callback) = self.cell().add_callback(Box::new(callback)) {
            self.cell().call_late(callback, self.collected());
        }
    }

    /// Returns the task's name, if it was [given one](crate::ThreadPoolExecutor::named). Never
    /// blocks.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// assert_eq!(pool.named("BR").submit(|| ()).name(), Some("BR"));
    /// assert_eq!(pool.submit(|| ()).name(), None);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.cell().name()
    }

    /// Returns where the task was submitted. Never blocks.
    ///
    /// ```
    /// let (_task, future) = glasspool::task(|| 1);
    /// assert_eq!(future.submitted_at().file(), file!());
    /// ```
    pub fn submitted_at(&self) -> &'static Location<'static> {
        self.cell().submitted_at()
    }

    fn wait(&self) -> Result<(), TaskError> {
        match self.wait_until(None) {
            Err(Unfinished::Deadlock(deadlock)) => Err(TaskError::Deadlock(deadlock)),
            Ok(()) | Err(Unfinished::TimedOut) => Ok(()),
        }
    }

    pub(crate) fn wait_until(&self, deadline: Option<Instant>) -> Result<(), Unfinished> {
        if self.done() {
            return Ok(());
        }
        let run_inline = || self.cell().run_inline();
        Wait { cell: self.as_await(), run_inline: &run_inline, deadline }.wait()
    }

    fn cell(&self) -> &(dyn Read<T> + 'a) {
        self.cell.as_deref().expect("the handle is whole until it is moved")
    }

    /// Returns the outcome, which the first reader moves here. The task must have ended.
    fn collected(&self) -> &Outcome<T> {
        let mut just_now = false;
        let outcome = self.outcome.get_or_init(|| {
            just_now = true;
            self.collect()
        });
        // Outside the once-cell, where other readers would wait for whoever listens.
        if just_now {
            self.cell().tell(&EventKind::Collected);
        }
        outcome
    }

    fn collect(&self) -> Outcome<T> {
        self.cell().collect().expect("the task has ended, and this handle is its only reader")
    }

    pub(crate) fn run_inline(&self) -> bool {
        self.cell().run_inline()
    }

    pub(crate) fn stop(&self) -> Option<&StopHook> {
        self.cell().stop()
    }

    /// Returns this future, whatever its value is.
    pub(crate) fn as_await(&self) -> &dyn Await {
        self.cell().as_await()
    }

    pub(crate) fn status(&self) -> Status {
        self.cell().status()
    }
}

// No user code runs while a cell is locked, so a panic cannot leave one half-changed; and what a
// handle lends is behind `&`.
impl<T> UnwindSafe for ScopedFuture<'_, T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for ScopedFuture<'_, T> {}

impl<T> Drop for ScopedFuture<'_, T> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.as_ref().filter(|_| self.outcome.get().is_none()) {
            drop(cell.drop_handle());
        }
    }
}

impl<T> fmt::Display for ScopedFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = std::ptr::from_ref(self.cell()).cast::<()>();
        write!(f, "<Future at {address:p} state={}>", self.status().words::<T>())
    }
}

impl<T> fmt::Debug for ScopedFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut facts = f.debug_struct("Future");
        facts.field("state", &format_args!("{}", self.status().words::<T>()));
        if let Some(name) = self.name() {
            facts.field("name", &name);
        }
        facts.field("submitted_at", &format_args!("{}", self.submitted_at())).finish()
    }
}
