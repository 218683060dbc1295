//! What an executor says when it does not take something: why, and the thing itself back.

use std::error::Error;
use std::fmt;
use std::io;

use super::Broken;

/// Something an executor did not take, with the reason; the thing comes back unharmed.
///
/// [`try_submit`](crate::ThreadPoolExecutor::try_submit) gives back the closure,
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
    /// For an [`Executor`](crate::Executor) of your own.
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
    /// assert_eq!(closed.try_submit(|| 1).unwrap_err().to_string(), "cannot submit: the executor was shut down");
    /// ```
    pub fn new(work: W, why: Refusal) -> Self {
        Self { work, why }
    }

    /// Why it was refused. Never blocks.
    ///
    /// ```
    /// # use glasspool::{Refusal, Refused};
    /// assert!(matches!(Refused::new((), Refusal::ShutDown).why(), Refusal::ShutDown));
    /// ```
    pub fn why(&self) -> &Refusal {
        &self.why
    }

    /// What was refused, back. Never blocks.
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

    pub(crate) fn map<V>(self, change: impl FnOnce(W) -> V) -> Refused<V> {
        Refused { work: change(self.work), why: self.why }
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
    /// It was shut down.
    ShutDown,
    /// It broke: its initializer panicked.
    Broken(Broken),
    /// It has no room for another pending task. A pool without a bound never says so.
    Full,
    /// It has no worker, and the system gave it no thread for one.
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
