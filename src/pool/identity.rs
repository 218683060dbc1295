//! Which pool is which, and whose worker a thread is.

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

    /// From now on, the caller's thread is one of this pool's workers.
    pub(super) fn employ_me(self) {
        EMPLOYER.with(|employer| employer.set(Some(self)));
    }
}
