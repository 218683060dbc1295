//! The half that is read: a handle on an answer that may not be there yet.
//!
//! The outcome is in one place at a time: first in the [shared place](super::shared), then, from
//! the first read on, in this handle, which can lend it for as long as it lives. So a value needs
//! to be `Send` and nothing else, and the handle is `Sync` just where the value is.
//!
//! Readers wait first and move then; nothing blocks inside the once-cell.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::asked::Asked;
use super::shared::Unfinished;
use super::state::{Cancel, Outcome, Status};
use super::waiting::await_end;
use super::watchers::{Watchable, lend, run_all};
use crate::error::{CancelReason, TaskError, TimedOut};
use crate::label::Label;
use crate::nesting::waiting::Awaited;
use crate::sync::{OnceLock, deadline_after};

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
#[must_use = "dropping a future lets its task run and its result go unread; use `drop` or `let _ =` to say so"]
pub struct ScopedFuture<'a, T> {
    answer: Arc<dyn Asked<T> + 'a>,
    /// Where the outcome is from the first read on.
    outcome: OnceLock<Outcome<T>>,
    label: Label,
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
    pub(crate) fn new(answer: Arc<dyn Asked<T> + 'a>, label: Label) -> Self {
        Self { answer, outcome: OnceLock::new(), label }
    }

    /// Whether it has ended: returned, panicked, lost or cancelled. Never blocks.
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

    /// Whether somebody has begun it and not ended it. Never blocks.
    ///
    /// ```
    /// let (task, future) = glasspool::task(|| 1);
    /// assert!(!future.running());
    /// # drop(task);
    /// ```
    pub fn running(&self) -> bool {
        self.status() == Status::Running
    }

    /// Whether it was cancelled, by whomever. Never blocks.
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

    /// Cancels the task if it has not begun; says whether it is cancelled now.
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
        let answer = self.cancel_and_tell();
        if answer == Cancel::Won {
            self.clear_away();
        }
        answer != Cancel::TooLate
    }

    /// Asks the task to stop; says whether that can come to anything. Does not wait for the task.
    ///
    /// A task that has not begun is cancelled, as by [`cancel`](Self::cancel). One that runs, and
    /// was given a [`StopToken`](crate::StopToken), can see there that it has been asked; what it
    /// does then is up to it, and its own outcome stands. `false` means that the task has returned,
    /// panicked or been lost, or runs without a token.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    /// use std::time::Duration;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.submit_stoppable(|stop| stop.wait_timeout(Duration::from_secs(100)));
    /// assert!(future.request_stop());
    /// assert_eq!(future.result()?, &true); // at once
    /// assert!(!future.request_stop()); // too late
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request_stop(&self) -> bool {
        if self.cancel() {
            return true;
        }
        match self.label.stop() {
            Some(stop) if !self.done() => {
                stop.request_stop();
                true
            }
            _ => false,
        }
    }

    /// Waits for the end and lends the value.
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
        self.await_end()?;
        lend(self.collected())
    }

    /// Waits for the end and moves the value out. Blocks until the task has ended.
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
        self.await_end()?;
        if let Some(outcome) = self.outcome.take() {
            return outcome;
        }
        let outcome = self.collect();
        self.watchable().tell_collected();
        outcome
    }

    /// Lends the value if the task has ended, without waiting for it. Never blocks.
    ///
    /// `None` means that it has not ended yet, and changes nothing.
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

    /// Waits at most this long for the end, and lends the value.
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
        match self.await_end_until(deadline_after(timeout)) {
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
        if let Some(callback) = self.answer.call_back(Box::new(callback)) {
            let outcome = self.collected();
            run_all(vec![callback], outcome, self.watchable().witness().as_ref());
        }
    }

    /// The task's name, if it was [given one](crate::ThreadPoolExecutor::named). Never blocks.
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
        self.label.name()
    }

    /// Where the task was submitted. Never blocks.
    ///
    /// ```
    /// let (_task, future) = glasspool::task(|| 1);
    /// assert_eq!(future.submitted_at().file(), file!());
    /// ```
    pub fn submitted_at(&self) -> &'static Location<'static> {
        self.label.submitted_at
    }

    fn await_end(&self) -> Result<(), TaskError> {
        match self.await_end_until(None) {
            Err(Unfinished::Deadlock(deadlock)) => Err(TaskError::Deadlock(deadlock)),
            Ok(()) | Err(Unfinished::TimedOut) => Ok(()),
        }
    }

    pub(crate) fn await_end_until(&self, deadline: Option<Instant>) -> Result<(), Unfinished> {
        if self.outcome.get().is_some() {
            return Ok(());
        }
        await_end(
            self.answer.watchable(),
            self.answer.awaited(),
            &self.label,
            deadline,
            |deadline| self.answer.wait(deadline),
        )
    }

    /// The outcome, moved here by the first of its readers. The future must be done.
    fn collected(&self) -> &Outcome<T> {
        let mut just_now = false;
        let outcome = self.outcome.get_or_init(|| {
            just_now = true;
            self.collect()
        });
        // Behind the once-cell, where other readers would wait for whoever is told.
        if just_now {
            self.watchable().tell_collected();
        }
        outcome
    }

    fn collect(&self) -> Outcome<T> {
        self.answer.collect().expect("it is done, and this handle is its only reader")
    }

    /// The first part of [`cancel`](Self::cancel), for whoever cancels many. If it wins, the second
    /// is owed.
    pub(crate) fn cancel_and_tell(&self) -> Cancel {
        self.answer.cancel_and_tell(CancelReason::ByCaller)
    }

    /// The second.
    pub(crate) fn clear_away(&self) {
        self.answer.clear_away();
    }

    /// The same without its value.
    pub(crate) fn watchable(&self) -> &dyn Watchable {
        self.answer.watchable()
    }

    /// The same for whoever has to wait for it inside a task.
    pub(crate) fn awaited(&self) -> &dyn Awaited {
        self.answer.awaited()
    }

    pub(crate) fn label(&self) -> &Label {
        &self.label
    }

    pub(crate) fn status(&self) -> Status {
        self.answer.status()
    }
}

// No user code runs while an answer is locked, so a panic cannot leave one half-changed; and what a
// handle lends is behind `&`.
impl<T> UnwindSafe for ScopedFuture<'_, T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for ScopedFuture<'_, T> {}

impl<T> Drop for ScopedFuture<'_, T> {
    fn drop(&mut self) {
        if self.outcome.get().is_none() {
            drop(self.answer.forsake());
        }
    }
}

impl<T> fmt::Display for ScopedFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Arc::as_ptr(&self.answer).cast::<()>();
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
        facts.field("submitted_at", &format_args!("{}", self.label.submitted_at)).finish()
    }
}
