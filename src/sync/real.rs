//! What a program runs on: `parking_lot`'s locks, `crossbeam`'s channels, the system's threads.

use std::thread::{JoinHandle, ScopedJoinHandle};
use std::time::Instant;

use super::Spawn;

pub(crate) use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
pub(crate) use std::cell::{Cell, RefCell};
pub(crate) use std::sync::OnceLock;
pub(crate) use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
pub(crate) use std::thread::{Builder, Scope as ThreadScope, ThreadId, scope as thread_scope};
pub(crate) use std::thread_local;

/// A lock that all threads see.
macro_rules! global {
    ($(#[$attribute:meta])* static $name:ident: Mutex<$held:ty> = $first:expr;) => {
        $(#[$attribute])*
        static $name: Mutex<$held> = Mutex::new($first);
    };
}
pub(crate) use global;

thread_local! {
    // `thread::current()` clones a reference-counted handle; every task asks for the id, so it is
    // kept.
    static ME: ThreadId = std::thread::current().id();
}

/// Which thread this is.
pub(crate) fn current_thread() -> ThreadId {
    ME.with(|me| *me)
}

/// What it is called, if it has a name.
#[cfg(feature = "timeline")]
pub(crate) fn current_thread_name() -> Option<String> {
    std::thread::current().name().map(str::to_owned)
}

/// A thread that somebody may join.
pub(crate) enum Thread<'a> {
    Free(JoinHandle<()>),
    Scoped(ScopedJoinHandle<'a, ()>),
}

impl Thread<'_> {
    /// Blocks until it has ended.
    pub(crate) fn join(self) {
        // An error would be the panic of a worker's thread, and that does not panic.
        let _ = match self {
            Self::Free(thread) => thread.join(),
            Self::Scoped(thread) => thread.join(),
        };
    }
}

/// Starts threads that may live for ever, so they borrow nothing.
pub(crate) fn free_threads() -> Spawn<'static> {
    Box::new(|thread, body| thread.spawn(body).map(Thread::Free))
}

/// Starts threads that end before the scope does.
pub(crate) fn scoped_threads<'scope>(scope: &'scope ThreadScope<'scope, '_>) -> Spawn<'scope> {
    Box::new(|thread, body| thread.spawn_scoped(scope, body).map(Thread::Scoped))
}

/// Waits for `event`, at most until `deadline`; says whether it gave up. A wake-up may be spurious:
/// callers look again.
pub(crate) fn wait_until<T>(
    event: &Condvar,
    guard: &mut MutexGuard<'_, T>,
    deadline: Option<Instant>,
) -> bool {
    match deadline {
        Some(deadline) => event.wait_until(guard, deadline).timed_out(),
        None => {
            event.wait(guard);
            false
        }
    }
}

/// Takes the next message, if there is one.
pub(crate) fn receive_now<T>(from: &Receiver<T>) -> Option<T> {
    from.try_recv().ok()
}

/// Takes the next message, waiting at most until `deadline`.
pub(crate) fn receive_until<T>(
    from: &Receiver<T>,
    deadline: Option<Instant>,
) -> Result<T, RecvTimeoutError> {
    match deadline {
        // What only asks does not wait: crossbeam would spin for a while before it looks at the
        // clock.
        Some(deadline) if deadline <= Instant::now() => {
            receive_now(from).ok_or(RecvTimeoutError::Timeout)
        }
        Some(deadline) => from.recv_deadline(deadline),
        None => from.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}

/// How large the stack of a thread is that was not given a size, in bytes.
pub(crate) fn default_stack_size() -> usize {
    let given = std::env::var("RUST_MIN_STACK").ok().and_then(|bytes| bytes.parse().ok());
    given.unwrap_or(2 << 20)
}

/// How many threads this process can run at once, by its affinity and quota.
pub(crate) fn available_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
