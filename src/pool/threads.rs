//! The threads that workers are, for whoever waits for their end.
//!
//! A worker that has left its seat has still to end its thread: the thread-locals that user code has set there are dropped on
//! the way. Whoever closes the pool waits for that too, so that when closing returns, none of the pool's threads is left, and
//! what they held is gone.
//!
//! A worker that retires cannot wait for itself, and a submitter should not. So its thread is handed to its successor on the same
//! seat, which joins it as its last act. There are never more threads to be joined than seats, and behind each those that
//! were there before it.

use super::queue::SeatNumber;
use crate::sync::{Condvar, JoinHandle, Mutex};

pub(super) struct Threads {
    roll: Mutex<Roll>,
    all_joined: Condvar,
}

struct Roll {
    /// By seat.
    handles: Vec<Option<JoinHandle<()>>>,
    /// How many are being joined by those who close the pool.
    being_joined: usize,
}

impl Threads {
    pub(super) fn none() -> Self {
        Self { roll: Mutex::new(Roll { handles: Vec::new(), being_joined: 0 }), all_joined: Condvar::new() }
    }

    /// Keeps the thread of the worker on this seat, or nobody's.
    pub(super) fn keep(&self, seat: SeatNumber, thread: Option<JoinHandle<()>>) {
        let mut roll = self.roll.lock();
        if roll.handles.len() <= seat.0 {
            roll.handles.resize_with(seat.0 + 1, || None);
        }
        roll.handles[seat.0] = thread;
    }

    /// The thread of whoever has had this seat.
    pub(super) fn take(&self, seat: SeatNumber) -> Option<JoinHandle<()>> {
        self.roll.lock().handles.get_mut(seat.0)?.take()
    }

    /// Blocks until every thread has ended, whoever joins it.
    pub(super) fn join_all(&self) {
        let mut roll = self.roll.lock();
        let handles = std::mem::take(&mut roll.handles);
        roll.being_joined += 1;
        drop(roll);
        // No lock is held meanwhile: what a thread drops on its way out is user code.
        handles.into_iter().flatten().for_each(join);
        let mut roll = self.roll.lock();
        roll.being_joined -= 1;
        self.all_joined.notify_all();
        while roll.being_joined > 0 {
            self.all_joined.wait(&mut roll);
        }
    }
}

/// Blocks until the thread has ended.
pub(super) fn join(thread: JoinHandle<()>) {
    // A worker's thread does not panic; if one of its thread-locals did, the thread has ended all the same.
    let _ = thread.join();
}
