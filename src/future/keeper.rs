//! Whoever has a task wait in a place of theirs, and wants to know two things of it.
//!
//! A bounded queue wants to know when it has room again, and a scope which panics nobody looked at.
//! Most tasks have no keeper: then there is nobody to tell.

use std::sync::Arc;

use super::unobserved;
use crate::error::Panic;

pub(crate) trait Keeper: Send + Sync {
    /// The task has been claimed or cancelled, by whomever: told once. No lock is held, and
    /// nobody's code may be run here.
    fn no_longer_pending(&self) {}

    /// The task has panicked, and nobody will ever look at its future.
    fn panicked_unobserved(&self, panic: &Panic) {
        unobserved::report(panic);
    }
}

/// Tells each keeper there is that a task of theirs no longer waits.
pub(crate) fn release(keeper: impl IntoIterator<Item = Arc<dyn Keeper>>) {
    for keeper in keeper {
        keeper.no_longer_pending();
    }
}

/// Reports a panic that nobody looked at: to the keeper, or else to the whole process.
pub(crate) fn report(panic: &Panic, keeper: Option<Arc<dyn Keeper>>) {
    match keeper {
        Some(keeper) => keeper.panicked_unobserved(panic),
        None => unobserved::report(panic),
    }
}
