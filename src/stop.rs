//! Asking a running task to stop: a flag that the future raises and the task looks at.
//!
//! Nothing interrupts a thread in the middle of its work, here or in Python. So stopping early is
//! an agreement between the caller who asks and the closure that looks. The closure is given the
//! token when it is submitted; the kernel knows the token as a [`StopHook`], which the future and
//! the pool find beside the task.
//!
//! Invariant: the flag is raised at most once and is not lowered again.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use crate::kernel::future::ScopedFuture;
use crate::kernel::seams::StopHook;
use crate::sync::{Condvar, Mutex, deadline_after, wait_until};

/// Tells a running task that it has been asked to stop.
///
/// A task that is given one by [`submit_stoppable`](crate::ThreadPoolExecutor::submit_stoppable)
/// looks at it from time to time, and returns early, with whatever it has. Clones are the same
/// token: they can go to what the task starts in turn.
///
/// ```
/// use std::time::Duration;
/// use glasspool::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// let future = pool.submit_stoppable(|stop| {
///     let mut rounds = 0_u64;
///     while !stop.wait_timeout(Duration::from_millis(1)) {
///         rounds += 1;
///     }
///     rounds
/// });
/// assert!(future.request_stop());
/// println!("stopped after {} rounds", future.result()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct StopToken {
    shared: Arc<Shared>,
}

struct Shared {
    requested: Mutex<bool>,
    /// Notified when the flag is raised.
    request_made: Condvar,
}

impl StopToken {
    /// Makes a token of your own: to test a task's closure, or to stop several tasks together. Move
    /// clones of it into the closures, and call [`request_stop`](Self::request_stop). The futures
    /// of those tasks do not know the token.
    ///
    /// ```
    /// use glasspool::{StopToken, ThreadPoolExecutor};
    /// use std::time::Duration;
    ///
    /// let (pool, stop) = (ThreadPoolExecutor::new(2)?, StopToken::new());
    /// let stops = [stop.clone(), stop.clone()];
    /// let futures = stops.map(|stop| pool.submit(move || stop.wait_timeout(Duration::MAX)));
    /// stop.request_stop();
    /// assert!(futures.iter().all(|future| *future.result().unwrap()));
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn new() -> Self {
        let shared = Shared { requested: Mutex::new(false), request_made: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Returns `true` if the task has been asked to stop. Never blocks.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future =
    ///     pool.submit_stoppable(|stop| (1..).take_while(|_| !stop.stop_requested()).count());
    /// future.request_stop();
    /// assert!(future.into_result()? < usize::MAX);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop_requested(&self) -> bool {
        *self.shared.requested.lock()
    }

    /// Sleeps for this long, or until the task is asked to stop. Returns `true` if the task has
    /// been asked.
    ///
    /// This is how a stoppable task waits for time to pass. Zero asks without waiting; a timeout
    /// too long for the clock waits without limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.submit_stoppable(|stop| stop.wait_timeout(Duration::MAX));
    /// future.request_stop();
    /// assert!(future.into_result()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let deadline = deadline_after(timeout);
        let mut requested = self.shared.requested.lock();
        while !*requested {
            // The flag is raised under this lock, so a request is seen here or ends the sleep.
            if wait_until(&self.shared.request_made, &mut requested, deadline) {
                break;
            }
        }
        *requested
    }

    /// Returns the kernel's view of this token.
    pub(crate) fn hook(&self) -> StopHook {
        let token = self.clone();
        Arc::new(move || token.raise())
    }

    /// Raises the flag. Returns `true` if it was not raised before.
    fn raise(&self) -> bool {
        let was_raised = std::mem::replace(&mut *self.shared.requested.lock(), true);
        // A sleeper holds the lock from its look at the flag until it sleeps, so it hears this.
        self.shared.request_made.notify_all();
        !was_raised
    }

    /// Asks the tasks that look at this token to stop. Never blocks.
    ///
    /// ```
    /// let stop = glasspool::StopToken::new();
    /// stop.request_stop();
    /// assert!(stop.stop_requested());
    /// ```
    pub fn request_stop(&self) {
        self.raise();
    }
}

impl Default for StopToken {
    /// Makes a token as [`StopToken::new`] does.
    fn default() -> Self {
        Self::new()
    }
}

// The flag changes in one step, so a panic cannot leave it half-changed.
impl UnwindSafe for StopToken {}
impl RefUnwindSafe for StopToken {}

impl PartialEq for StopToken {
    /// Returns `true` if both are the same token.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for StopToken {}

impl fmt::Debug for StopToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopToken").field("stop_requested", &self.stop_requested()).finish()
    }
}

impl<T> ScopedFuture<'_, T> {
    /// Asks the task to stop. Returns `true` if the task can still heed that. Does not wait for the
    /// task.
    ///
    /// A task that has not begun is cancelled, as by [`cancel`](Self::cancel). A running task that
    /// was given a [`StopToken`] sees the request there; the task decides what to do, and its own
    /// outcome stands. `false` means that the task has returned, panicked or been lost, or runs
    /// without a token.
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
        let ask = |stop: &StopHook| {
            stop();
            true
        };
        // Cancelled, or asked: a task that is neither pending nor done is running.
        self.cancel() || (!self.done() && self.stop().is_some_and(ask))
    }
}
