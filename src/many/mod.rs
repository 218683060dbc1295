//! Waiting for more than one.
//!
//! [`completions`] is the stream on which futures tell of their ends; [`waitable`] is what can be on it. On these stand
//! [`as_completed`](fn@as_completed::as_completed) and [`wait`](fn@wait::wait). A [`map`] asks for its answers in
//! order, and needs no stream. [`timed`] puts a deadline on either.
//!
//! Nothing in here knows who runs the tasks, but that a map needs an [`Executor`](crate::Executor) to run it.

pub(crate) mod completions;
pub(crate) mod waitable;
pub(crate) mod timed;
pub(crate) mod as_completed;
pub(crate) mod wait;
pub(crate) mod awaiting;
pub(crate) mod map;
