//! Where a task waits for its turn, and who runs it.
//!
//! In the order of the story: the [`queue`], which alone decides who waits for what; the [`handover`], by which a new worker gets its
//! first task; the [`threads`] that workers are; the [`core`], which puts these together with its [`settings`]; a
//! [`worker`], which takes tasks until there are no more; and the handles on all this, of which any number may
//! [submit](submitter) and one [owns](executor) it. A [`builder`] makes that one.
//!
//! Nothing below knows of this folder.

pub(crate) mod queue;
pub(crate) mod handover;
pub(crate) mod threads;
pub(crate) mod identity;
pub(crate) mod settings;
pub(crate) mod shutdown;
pub(crate) mod core;
pub(crate) mod worker;
pub(crate) mod submitter;
pub(crate) mod executor;
pub(crate) mod builder;
