//! The threads that workers are, for whoever waits for their end.
//!
//! A worker that has left its seat has still to end its thread. Whoever closes the pool waits for that too, so that when closing
//! returns, none of the pool's threads is left, and what they held is gone.

use crate::sync::{Condvar, JoinHandle, Mutex, is_over};

pub(super) struct Threads {
    roll: Mutex<Roll>,
    all_joined: Condvar,
}

struct Roll {
    handles: Vec<JoinHandle<()>>,
    /// How many are being joined, each by somebody who has taken its handle.
    being_joined: usize,
}

impl Threads {
    pub(super) fn none() -> Self {
        Self { roll: Mutex::new(Roll { handles: Vec::new(), being_joined: 0 }), all_joined: Condvar::new() }
    }

    pub(super) fn add(&self, thread: JoinHandle<()>) {
        let mut roll = self.roll.lock();
        // Those of workers that have retired.
        roll.handles.retain(|handle| !is_over(handle));
        roll.handles.push(thread);
    }

    /// Blocks until every thread has ended, whoever joins it. No lock is held meanwhile: a thread that ends runs the
    /// destructors of its thread-locals, and those are user code.
    pub(super) fn join_all(&self) {
        let mut roll = self.roll.lock();
        while let Some(thread) = roll.handles.pop() {
            roll.being_joined += 1;
            drop(roll);
            // A worker's thread does not panic; if one of its thread-locals did, the thread has ended all the same.
            let _ = thread.join();
            roll = self.roll.lock();
            roll.being_joined -= 1;
        }
        if roll.being_joined == 0 {
            self.all_joined.notify_all();
        }
        while roll.being_joined > 0 {
            self.all_joined.wait(&mut roll);
        }
    }
}
