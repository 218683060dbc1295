//! Running user code so that its panic goes no further than it should.
//!
//! Closures, callbacks, initializers and drops of captured values are all user code. Each runs in
//! one of these two, and never while a lock of ours is held, so a panic can leave nothing of ours
//! half-done: that is why [`AssertUnwindSafe`] is right here. (Of what a panic leaves of the
//! *user's* shared values, `std`'s locks tell by being poisoned, as they do for any thread.)

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::state::Outcome;
use crate::error::{Panic, TaskError};
use crate::label::Label;

/// Runs it; its panic is a value.
pub(crate) fn catch<R>(user_code: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(user_code))
}

/// What the closure came to. Its captures are dropped before this returns.
pub(crate) fn outcome_of<T>(work: impl FnOnce() -> T, label: &Label) -> Outcome<T> {
    catch(work).map_err(|payload| TaskError::Panicked(Panic::new(payload, label)))
}

/// Runs it; its panic is nobody's (the panic hook has already said what there is to say).
pub(crate) fn contain(user_code: impl FnOnce()) {
    if let Err(payload) = catch(user_code) {
        discard(payload);
    }
}

/// Drops it; a panic of the drop is nobody's.
pub(crate) fn discard<D>(value: D) {
    // A payload's own drop may panic, with a payload whose drop may panic: whoever builds that
    // tower leaks its top.
    if let Err(payload) = catch(move || drop(value)) {
        if let Err(next) = catch(move || drop(payload)) {
            std::mem::forget(next);
        }
    }
}
