//! A thread pool you can see through.
#![forbid(unsafe_code)]

mod sync;
mod label;
mod error;
pub use error::{
    Broken, BuildError, CancelReason, Deadlock, Panic, Refusal, Refused, ShutdownError, TaskError, TimedOut,
};

mod future;
pub use future::handle::Future;
pub use future::task::{Task, task};
pub use future::unobserved::{UnobservedPanicHook, set_unobserved_panic_hook, unobserved_panics};

mod executor;
pub use executor::{Executor, Inline};

mod many;
pub use many::as_completed::{AsCompleted, as_completed};
pub use many::map::Map;
pub use many::timed::Timed;
pub use many::wait::{DoneAndNotDone, ReturnWhen, wait};
pub use many::waitable::Waitable;

mod pool;
pub use pool::builder::Builder;
pub use pool::executor::{Shutdown, ThreadPoolExecutor};
pub use pool::submitter::Submitter;
