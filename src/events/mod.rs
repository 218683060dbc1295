//! What can be seen of a pool while it works: one stream of events, to one observer.
//!
//! An [`event`] says what has happened, to which task, when, and on which thread; whoever wants to
//! hear of it is an [`Observer`](event::Observer). Each pool that has one has a [`watch`], through
//! which it tells; each of that pool's tasks has a witness there, which is all that a future knows
//! of this folder.
//!
//! It knows no pool and no queue. What can be made of a stream of events is in `timeline`.

pub(crate) mod event;
pub(crate) mod watch;
