//! Where a task waits for its turn, and who runs it.
//!
//! In the order of the story: the [`queue`], which alone decides who waits for what, with the
//! [`seats`] that workers take and the [`room`] that tasks have; the [`handover`], by which a new
//! worker gets its first task; the [`threads`] that workers are; the [`core`], which puts these
//! together with its [`settings`] and [`hooks`]; a [`worker`], which takes tasks until there are no
//! more; the [`intake`], by which they come in; and the handles on all this, of which any number
//! may [submit](submitter) and one [owns](executor) it. A [`builder`] makes that one. A
//! [`mod@scope`] is the same once more, for work that borrows.
//!
//! What there is to be told about it is in [`stats`] and [`report`].
//!
//! Nothing below knows of this folder.

pub(crate) mod stats;
pub(crate) mod seats;
mod husks;
pub(crate) mod room;
pub(crate) mod queue;
pub(crate) mod handover;
pub(crate) mod threads;
pub(crate) mod settings;
pub(crate) mod report;
pub(crate) mod hooks;
pub(crate) mod core;
pub(crate) mod worker;
pub(crate) mod intake;
pub(crate) mod submitter;
pub(crate) mod executor;
pub(crate) mod builder;
pub(crate) mod scope;
