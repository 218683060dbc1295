//! Everything that can go wrong, one type for each question that can be asked.
//!
//! | the question | the answer when it goes wrong |
//! |---|---|
//! | what became of this task? | [`TaskError`]: it panicked, was cancelled, was lost, or cannot be waited for |
//! | is it done within this time? | [`TimedOut`]: not yet |
//! | which of these succeeds first? | [`NoSuccess`]: none; here is what they came to |
//! | will you take this? | [`Refused`]: no, for this [`Refusal`]; here it is back |
//! | can there be such a pool? | [`BuildError`] |
//! | will you close and wait? | [`ShutdownError`]: not from one of your own workers |
//!
//! The types know nothing of futures or pools. A wait that timed out and a task that failed are
//! never the same type.

mod task;
pub use task::{Broken, CancelReason, TaskError};
mod deadlock;
pub use deadlock::Deadlock;
pub(crate) use deadlock::Link;
mod panic;
pub use panic::Panic;
pub(crate) use panic::message_of;
mod timed_out;
pub use timed_out::TimedOut;
mod no_success;
pub use no_success::NoSuccess;
mod refused;
pub use refused::{Refusal, Refused};
mod pool;
pub use pool::{BuildError, ShutdownError};
