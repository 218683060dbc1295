//! Where a task waits for its turn, and who runs it.
//!
//! In the order of the story: the [`queue`], which alone decides who waits for what; a [`worker`], which takes tasks from it until
//! there are no more; the [`handover`], by which a new worker gets its first task; the [`threads`] that workers are; the
//! [`core`], which puts these together; and the handles on it, of which one [owns](executor) it and any number may
//! [submit](submitter) to it. A [`builder`] has the options.
//!
//! Nothing below knows of this folder.

pub(crate) mod queue;
pub(crate) mod handover;
pub(crate) mod worker;
pub(crate) mod threads;
pub(crate) mod core;
pub(crate) mod builder;
pub(crate) mod submitter;
pub(crate) mod executor;
