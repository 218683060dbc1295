//! Waiting for more than one.
//!
//! [`completions`] is the stream on which futures tell of their ends; [`waitable`] is what can be
//! on it. On these stand [`as_completed`](fn@as_completed::as_completed), [`wait`](fn@wait::wait)
//! and [`first_success`](fn@first_success::first_success). A [`map`] asks for its answers in order,
//! and needs no stream unless it is to hand them over as they come. [`timed`] puts a deadline on
//! either.
//!
//! Nothing in here knows who runs the tasks, but that a map needs an [`Executor`](crate::Executor)
//! to run it.

mod places;
pub(crate) mod completions;
pub(crate) mod waitable;
pub(crate) mod timed;
pub(crate) mod as_completed;
pub(crate) mod wait;
pub(crate) mod cancelling;
pub(crate) mod first_success;
pub(crate) mod awaiting;
pub(crate) mod map;
