//! Whoever is told of all that becomes of a task. Most tasks have nobody.
//!
//! A task knows its witness from when a pool that is observed has taken it, among its
//! [`Watchers`](super::watchers::Watchers); so a task without one costs nothing but the look
//! whether it has any watcher. A witness runs code of the user's: so it is told with no lock held,
//! by the thread that does what it is told of.
//!
//! **What is told when.** That it is [finished](Moment::Finished) is told before anybody else can
//! see it, as callbacks are: who has the result knows that its witness has heard of the end. That
//! it was [cancelled](Moment::Cancelled) is told when it is, because whoever cancels many tells all
//! who wait before any user code is run; so its time is [marked](Witness::mark_time) at once, and
//! told later.

use std::panic::RefUnwindSafe;
use std::sync::Arc;

use super::state::Ending;
use crate::error::CancelReason;
use crate::identity::{PoolId, TaskId};
use crate::label::Label;
use crate::sync::process_wide::{AtomicBool, Relaxed};

/// (What holds one is no less safe to unwind through for that.)
pub(crate) trait Witness: Send + Sync + RefUnwindSafe {
    fn id(&self) -> TaskId;

    /// For which pool.
    fn pool(&self) -> PoolId;

    /// Something becomes of the task in this thread. It may run anybody's code, but does not panic.
    fn tell(&self, moment: Moment<'_>);

    /// It is cancelled in this moment, which is told later. Runs nobody's code.
    fn mark_time(&self);
}

/// What becomes of a task, or of a thread that waits for it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment<'a> {
    Refused,
    Started,
    CallbackBegan,
    CallbackEnded,
    Finished(Ending),
    Cancelled(&'a CancelReason),
    Collected,
    /// This thread goes to sleep until it ends.
    Blocked,
    /// Or until any of so many do, of which it is one.
    BlockedOnAnyOf(usize),
    /// This one has ended, or the time is up.
    Unblocked(Option<TaskId>),
}

/// Whoever has a witness for each task that it takes.
pub(crate) trait Witnesses {
    fn pool(&self) -> PoolId;

    /// One for this task, or for this item of a map, who has been told that it is submitted.
    fn one_for(&self, label: &Label, item: Option<usize>) -> Arc<dyn Witness>;
}

/// Whether any task of this process may have a witness. As long as none can, nobody need look.
static ANY: AtomicBool = AtomicBool::new(false);

pub(crate) fn there_may_be_some() {
    ANY.store(true, Relaxed);
}

pub(crate) fn may_be_any() -> bool {
    ANY.load(Relaxed)
}

/// Tells it, if there is one.
#[inline]
pub(crate) fn tell(witness: Option<&Arc<dyn Witness>>, moment: Moment<'_>) {
    if let Some(witness) = witness {
        witness.tell(moment);
    }
}
