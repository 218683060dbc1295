//! Where a task is, for those who wait for it inside another: waiting for a pool, in the hands of a
//! thread, or ended.
//!
//! It is made when somebody first waits so, and from then on the task keeps it up to date, in the
//! critical section in which its own state changes. It has no type and borrows nothing, so it can
//! lie where all threads look: in the [graph](super::graph). Its lock is held for a moment only,
//! and no other is taken under it.

use std::sync::Arc;

use crate::identity::PoolId;
use crate::sync::process_wide::{AtomicU64, Relaxed};
use crate::sync::{Mutex, ThreadId};

pub(crate) struct Whereabouts(Mutex<Place>);

/// The pool that has taken a task, for good: whoever got the future from that pool's submit finds
/// it set.
pub(crate) struct Home(AtomicU64);

impl Home {
    const NONE: u64 = u64::MAX;

    pub(crate) fn none() -> Self {
        Self(AtomicU64::new(Self::NONE))
    }

    pub(crate) fn set(&self, pool: PoolId) {
        self.0.store(pool.0, Relaxed);
    }

    pub(crate) fn get(&self) -> Option<PoolId> {
        let pool = self.0.load(Relaxed);
        (pool != Self::NONE).then_some(PoolId(pool))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nobody has begun it. One of this pool's workers will, if a pool has taken it.
    Waiting(Option<PoolId>),
    /// That thread will end it, and nobody else can.
    InHands(ThreadId),
    Ended,
}

impl Whereabouts {
    pub(crate) fn at(place: Place) -> Self {
        Self(Mutex::new(place))
    }

    pub(crate) fn of_what_has_ended() -> Arc<Self> {
        Arc::new(Self::at(Place::Ended))
    }

    pub(crate) fn move_to(&self, place: Place) {
        *self.0.lock() = place;
    }

    /// The thread that has it in hand, if one has.
    pub(super) fn holder(&self) -> Option<ThreadId> {
        match self.now() {
            Place::InHands(thread) => Some(thread),
            Place::Waiting(_) | Place::Ended => None,
        }
    }

    pub(super) fn now(&self) -> Place {
        *self.0.lock()
    }
}
