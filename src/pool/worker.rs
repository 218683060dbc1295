//! Somebody runs it: the life of one worker, from its first task to its leaving.
//!
//! A worker survives everything that a task does: a panic is the future's outcome, and a panicking callback or drop is
//! contained where it happens. What it does not survive is its own initializer: then the pool is broken.

use std::sync::Arc;

use super::core::Core;
use super::handover::Handover;
use super::queue::SeatNumber;
use crate::error::{Broken, message_of};
use crate::future::contain::{catch, contain, discard};
use crate::sync::{Cell, process_wide::AtomicU64, process_wide::Relaxed, thread_local};

thread_local! {
    /// The pool whose worker this thread is.
    #[allow(clippy::missing_const_for_thread_local, reason = "the model checker's has no such form")]
    static EMPLOYER: Cell<Option<PoolId>> = Cell::new(None);
}

/// Which pool, in this process: they count from 0, as Python's do in their threads' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolId(pub(super) u64);

impl PoolId {
    pub(super) fn next() -> Self {
        static POOLS: AtomicU64 = AtomicU64::new(0);
        Self(POOLS.fetch_add(1, Relaxed))
    }

    /// Whether the caller is one of this pool's workers.
    pub(super) fn employs_me(self) -> bool {
        EMPLOYER.with(Cell::get) == Some(self)
    }
}

/// What a worker's thread does.
pub(crate) fn work(core: &Arc<Core>, seat: SeatNumber, handover: &Handover) {
    core.queue.arrive();
    let first_task = handover.claim();
    EMPLOYER.with(|employer| employer.set(Some(core.id)));
    if let Err(broken) = initialize(core) {
        core.queue.break_down(&broken);
        if let Some((claimed, _)) = first_task {
            contain(|| claimed.lose(&broken));
        }
        core.queue.leave(seat);
        return;
    }
    if let Some((claimed, label)) = first_task {
        contain(|| claimed.run(&label));
    }
    while let Some(task) = core.queue.next(seat, core.settings.keep_alive) {
        task.run();
    }
}

fn initialize(core: &Core) -> Result<(), Broken> {
    let Some(initializer) = &core.settings.initializer else { return Ok(()) };
    catch(|| initializer()).map_err(|payload| {
        let broken = Broken::new(message_of(&*payload));
        discard(payload);
        broken
    })
}
