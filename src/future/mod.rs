//! The life of one answer, from the question to whoever reads it.
//!
//! In the order of the story: its [life](state), as one enum; who is [told](watchers) when it ends,
//! by an [`alarm`] if it has no thread to wait; the [place](shared) where two threads share it; and
//! its two halves, the [`Future`](handle) that is read, of what can be [`asked`] there, and the
//! [`Task`](task) that is run, at once or after it was [`claimed`]. How one [waits](waiting) for
//! one depends on whether that is inside a task. What comes of user code that panics is caught in
//! [`contain`]; a panic that nobody looked at ends in [`unobserved`], unless the task has a
//! [`keeper`]. Whoever wants to know all that becomes of a task is its [`witness`].
//!
//! Nothing in here knows of workers, queues or pools: whoever holds a [`Task`](task::Task) is its
//! executor.

pub(crate) mod state;
pub(crate) mod watchers;
pub(crate) mod alarm;
pub(crate) mod contain;
pub(crate) mod shared;
pub(crate) mod unobserved;
pub(crate) mod keeper;
pub(crate) mod witness;
pub(crate) mod waiting;
pub(crate) mod asked;
pub(crate) mod claimed;
pub(crate) mod task;
pub(crate) mod handle;
