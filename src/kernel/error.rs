//! What can go wrong with a task, a wait or a submit: one type for each question.
//!
//! | question | answer when it goes wrong |
//! |---|---|
//! | what became of this task? | [`TaskError`]: panicked, cancelled, lost, or a deadlock |
//! | is the task done within this time? | [`TimedOut`]: not yet |
//! | does the executor take this? | [`Refused`]: no, for this [`Refusal`]; here it is back |
//! | is the pool closed and empty? | [`ShutdownError`]: its own worker cannot wait for that |
//!
//! A wait that timed out and a task that failed are never the same type. Every reader of a future
//! gets a copy of its error, and every task has room for one: so a [`TaskError`] is cheap to clone
//! and is two words long.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use super::panics::Panic;

/// Why a future has no value to give.
///
/// ```
/// use glasspool::{TaskError, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// let future = pool.submit(|| -> u32 { panic!("no flag for {}", "XX") });
/// let error = future.result().unwrap_err();
/// assert!(matches!(error, TaskError::Panicked(_)));
/// assert_eq!(error.to_string(), "task panicked: no flag for XX");
/// # Ok::<(), glasspool::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TaskError {
    /// The closure panicked; the [`Panic`] has the text and the payload.
    Panicked(Panic),
    /// The task was cancelled before it began.
    Cancelled(CancelReason),
    /// A worker had claimed the task and ended before it ran it; with the cause, if it is known.
    Lost(Option<Broken>),
    /// Waiting here can never end. This is about the wait: the task itself goes on.
    Deadlock(Deadlock),
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => panic.fmt(f),
            Self::Cancelled(reason) => write!(f, "task cancelled {reason}"),
            Self::Lost(None) => f.write_str("task lost with its worker"),
            Self::Lost(Some(broken)) => write!(f, "task lost with its worker: {broken}"),
            Self::Deadlock(deadlock) => deadlock.fmt(f),
        }
    }
}

impl Error for TaskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Cancelled(CancelReason::PoolBroke(broken)) | Self::Lost(Some(broken)) => {
                Some(broken)
            }
            _ => None,
        }
    }
}

/// Why a task was cancelled.
///
/// ```
/// use glasspool::{CancelReason, TaskError, task};
///
/// let (task, future) = task(|| 1);
/// drop(task); // whoever holds the task is its executor, and this one will not run it
/// assert!(matches!(future.result(), Err(TaskError::Cancelled(CancelReason::TaskDropped))));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelReason {
    /// Somebody called [`cancel`](crate::ScopedFuture::cancel) or
    /// [`request_stop`](crate::ScopedFuture::request_stop); or the [`Map`](crate::Map) or
    /// [`BufferedMap`](crate::BufferedMap) of the task was dropped or timed out; or
    /// [`first_success`](crate::first_success()) had returned.
    ByCaller,
    /// The pool was shut down with [`CancelPending`](crate::Shutdown::CancelPending) or
    /// [`Stop`](crate::Shutdown::Stop), or with a deadline that passed; or the body of the
    /// [`scope`](crate::scope()) panicked; or the pool was closed in any way before a
    /// [`BufferedMap`](crate::BufferedMap) could submit the item.
    ByShutdown,
    /// The pool broke while the task was pending, or before the task could be submitted.
    PoolBroke(Broken),
    /// The executor refused an item that a [`BufferedMap`](crate::BufferedMap) had taken, for
    /// another reason: this one, in words.
    Refused(Arc<String>),
    /// The [`Task`](crate::Task) was dropped without being run.
    TaskDropped,
}

impl CancelReason {
    /// Returns the reason for a task that an executor has refused for good.
    pub(crate) fn of_refusal(why: &Refusal) -> Self {
        match why {
            Refusal::ShutDown => Self::ByShutdown,
            Refusal::Broken(broken) => Self::PoolBroke(broken.clone()),
            Refusal::Full | Refusal::Thread(_) => Self::Refused(Arc::new(why.to_string())),
        }
    }
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByCaller => f.write_str("by the caller"),
            Self::ByShutdown => f.write_str("by the shutdown of its pool"),
            Self::PoolBroke(broken) => write!(f, "because {broken}"),
            Self::Refused(why) => write!(f, "because it was refused: {why}"),
            Self::TaskDropped => f.write_str("because its executor dropped it"),
        }
    }
}

/// What broke a pool: the text of the panic in its initializer.
///
/// ```
/// use glasspool::{Refusal, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::builder().initializer(|| panic!("no database")).build()?;
/// let first = pool.submit(|| 1);
/// assert_eq!(
///     first.result().unwrap_err().to_string(),
///     "task lost with its worker: the pool is broken: its initializer panicked: no database"
/// );
/// let refused = pool.try_submit(|| 2).unwrap_err();
/// assert!(matches!(refused.why(), Refusal::Broken(broken) if broken.message() == "no database"));
/// # Ok::<(), glasspool::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    message: Arc<String>,
}

impl Broken {
    pub(crate) fn new(message: String) -> Self {
        Self { message: Arc::new(message) }
    }

    /// Returns the text of the initializer's panic. Never blocks.
    ///
    /// ```
    /// # use glasspool::{Refusal, ThreadPoolExecutor};
    /// # let pool = ThreadPoolExecutor::builder().initializer(|| panic!("no database")).build()?;
    /// # let _ = pool.submit(|| 1).result();
    /// match pool.try_submit(|| 2).unwrap_err().why() {
    ///     Refusal::Broken(broken) => assert_eq!(broken.message(), "no database"),
    ///     other => panic!("{other}"),
    /// }
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the pool is broken: its initializer panicked: {}", self.message)
    }
}

impl Error for Broken {}

/// A wait that could never end: it would close a cycle of tasks that wait for each other, or no
/// worker can come for the task that it waits for.
///
/// It is found when the last of these waits would begin. That wait returns this error, and the
/// others go on; see [`NestedWait`](crate::NestedWait). `Display` prints the chain: each task,
/// where it was submitted, which worker runs it, and what it waits for, back to the start.
///
/// ```
/// use std::sync::{Arc, mpsc};
/// use glasspool::{Future, TaskError, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::new(2)?;
/// let (give, take) = mpsc::channel::<Future<Result<u32, TaskError>>>();
/// let chicken = pool.named("chicken").submit(move || take.recv().unwrap().into_result()?);
/// let chicken = Arc::new(chicken);
/// let theirs = Arc::clone(&chicken);
/// let egg = pool.named("egg").submit(move || theirs.result()?.clone());
/// give.send(egg)?;
///
/// let Err(TaskError::Deadlock(deadlock)) = chicken.result()? else { unreachable!() };
/// let text = deadlock.to_string();
/// assert!(text.starts_with("deadlock: task '"), "{text}");
/// assert!(text.contains("waits for task 'egg' (submitted at"), "{text}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlock {
    chain: Arc<String>,
}

impl Deadlock {
    pub(crate) fn new(chain: String) -> Self {
        Self { chain: Arc::new(chain) }
    }
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deadlock: {}", self.chain)
    }
}

impl Error for Deadlock {}

/// Why a wait ended before the task did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfinished {
    TimedOut,
    Deadlock(Deadlock),
}

/// A wait whose time was up before everything that it waited for had ended.
///
/// The wait has changed nothing; but a map cancels what has not begun, and so does
/// [`first_success`](crate::first_success()). `Display` counts as Python's `as_completed` does.
///
/// ```
/// use std::time::Duration;
/// use glasspool::{as_completed, task};
///
/// let (_t1, one) = task(|| 1);
/// let (t2, two) = task(|| 2);
/// t2.run();
/// let mut ended = as_completed([&one, &two]).timeout(Duration::ZERO);
/// assert!(ended.next().unwrap().is_ok());
/// assert_eq!(ended.next().unwrap().unwrap_err().to_string(), "1 (of 2) futures unfinished");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut {
    unfinished: usize,
    of: usize,
}

impl TimedOut {
    pub(crate) fn new(unfinished: usize, of: usize) -> Self {
        Self { unfinished, of }
    }

    /// Returns how many of the futures had not ended when the time was up. Never blocks.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let (_task, future) = glasspool::task(|| 1);
    /// let timed_out = future.result_timeout(Duration::ZERO).unwrap_err();
    /// assert_eq!(timed_out.unfinished(), 1);
    /// ```
    pub fn unfinished(&self) -> usize {
        self.unfinished
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (of {}) futures unfinished", self.unfinished, self.of)
    }
}

impl Error for TimedOut {}

/// Something that an executor did not take, with the reason. The thing comes back unharmed.
///
/// [`try_submit`](crate::ThreadPoolExecutor::try_submit) gives back the closure, and
/// [`Executor::execute`](crate::Executor::execute) the task.
///
/// ```
/// use glasspool::{Refusal, Shutdown, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// pool.shutdown(Shutdown::Drain)?;
/// let refused = pool.try_submit(|| 6 * 7).unwrap_err();
/// assert!(matches!(refused.why(), Refusal::ShutDown));
/// let closure = refused.into_inner();
/// assert_eq!(closure(), 42); // so we run it ourselves
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Refused<W> {
    work: W,
    why: Refusal,
}

impl<W> Refused<W> {
    /// Makes a refusal, for an [`Executor`](crate::Executor) of your own.
    ///
    /// ```
    /// use glasspool::{Executor, Refusal, Refused, Task};
    ///
    /// struct Closed;
    /// impl Executor for Closed {
    ///     fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
    ///         Err(Refused::new(task, Refusal::ShutDown))
    ///     }
    /// }
    /// let closed: &dyn Executor = &Closed;
    /// let refused = closed.try_submit(|| 1).unwrap_err();
    /// assert_eq!(refused.to_string(), "cannot submit: the executor was shut down");
    /// ```
    pub fn new(work: W, why: Refusal) -> Self {
        Self { work, why }
    }

    /// Returns the reason. Never blocks.
    ///
    /// ```
    /// # use glasspool::{Refusal, Refused};
    /// assert!(matches!(Refused::new((), Refusal::ShutDown).why(), Refusal::ShutDown));
    /// ```
    pub fn why(&self) -> &Refusal {
        &self.why
    }

    /// Returns what was refused. Never blocks.
    ///
    /// ```
    /// # use glasspool::{Refusal, Refused};
    /// assert_eq!(Refused::new("mine", Refusal::ShutDown).into_inner(), "mine");
    /// ```
    pub fn into_inner(self) -> W {
        self.work
    }

    pub(crate) fn into_parts(self) -> (W, Refusal) {
        (self.work, self.why)
    }
}

/// Why an executor did not take something.
///
/// ```
/// use glasspool::Refusal;
///
/// assert_eq!(Refusal::ShutDown.to_string(), "the executor was shut down");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// The executor was shut down.
    ShutDown,
    /// The pool broke: its initializer panicked.
    Broken(Broken),
    /// The queue has no room for another pending task. (An unbounded pool is never full.)
    Full,
    /// The pool has no worker, and the system gave it no thread for one.
    Thread(io::Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShutDown => f.write_str("the executor was shut down"),
            Self::Broken(broken) => broken.fmt(f),
            Self::Full => f.write_str("the executor's queue is full"),
            Self::Thread(cause) => {
                write!(f, "the pool has no worker, and the system refused it a thread: {cause}")
            }
        }
    }
}

impl<W> fmt::Display for Refused<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot submit: {}", self.why)
    }
}

// By hand, so that it needs no `W: Debug`: closures have none.
impl<W> fmt::Debug for Refused<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("why", &self.why).finish_non_exhaustive()
    }
}

impl<W> Error for Refused<W> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.why {
            Refusal::Thread(cause) => Some(cause),
            Refusal::Broken(broken) => Some(broken),
            Refusal::ShutDown | Refusal::Full => None,
        }
    }
}

/// The pool is closed, but the caller did not wait for its end: the caller is one of the pool's own
/// workers, and a thread cannot wait for its own end.
///
/// ```
/// use std::sync::Arc;
/// use glasspool::{Shutdown, ThreadPoolExecutor};
///
/// let pool = Arc::new(ThreadPoolExecutor::new(1)?);
/// let inside = Arc::clone(&pool);
/// let future = pool.submit(move || inside.shutdown(Shutdown::Drain));
/// assert!(future.into_result()?.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutdownError;

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool is closed, but one of its own workers cannot wait for it to end")
    }
}

impl Error for ShutdownError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_error_is_two_words_long() {
        assert!(size_of::<TaskError>() <= 2 * size_of::<usize>());
    }
}
