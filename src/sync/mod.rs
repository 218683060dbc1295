//! The one door through which locks, condition variables, channels, atomics and threads come in.
//!
//! No other file names `parking_lot`, `crossbeam_channel` or `std::thread`, so a model checker can
//! take their place without another file knowing: the models build this same source with
//! `glasspool_loom` set, and then `model` stands here with the shapes of `real`.
//!
//! Only `Arc` comes in by another door, on purpose: it is `std`'s everywhere, because no other can
//! hold a trait object in safe Rust.

#[cfg(not(glasspool_loom))]
mod real;
#[cfg(not(glasspool_loom))]
pub(crate) use real::*;

#[cfg(glasspool_loom)]
mod model;
#[cfg(glasspool_loom)]
pub(crate) use model::*;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a thread does.
pub(crate) type Body<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Starts a thread that may borrow for `'a`, unless the system refuses one.
pub(crate) type Spawn<'a> =
    Box<dyn Fn(Builder, Body<'a>) -> io::Result<Thread<'a>> + Send + Sync + 'a>;

/// When a wait of `timeout` that begins now is over; `None` means never, which is also what a
/// timeout too long for the clock comes to.
pub(crate) fn deadline_after(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

/// Whether there is no time left to wait.
pub(crate) fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| deadline <= Instant::now())
}

/// For what belongs to the process and outlives every model's run: a `static` is made before any
/// model begins, so these are the real ones in both worlds.
pub(crate) mod process_wide {
    pub(crate) use parking_lot::Mutex;
    pub(crate) use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize};
}

/// One sleep of one thread.
pub(crate) struct Parker {
    woken: Mutex<bool>,
    /// Announced when `woken` is set.
    wake: Condvar,
}

impl Parker {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { woken: Mutex::new(false), wake: Condvar::new() })
    }

    pub(crate) fn wake(&self) {
        *self.woken.lock() = true;
        self.wake.notify_one();
    }

    /// Sleeps until it is woken. Returns `false` if the deadline came first.
    pub(crate) fn park(&self, deadline: Option<Instant>) -> bool {
        let mut woken = self.woken.lock();
        // The flag is set under this lock, so a wake is seen here or ends the sleep.
        while !*woken {
            if wait_until(&self.wake, &mut woken, deadline) {
                break;
            }
        }
        std::mem::take(&mut *woken)
    }
}
