//! The threads that workers are: who starts them, and who waits for their end.
//!
//! A worker that has gone has still to end its thread: the thread-locals that user code has set
//! there are dropped on the way. Whoever closes the pool waits for that too, so that when closing
//! returns, none of the pool's threads is left, and what they held is gone.
//!
//! A worker that retires cannot wait for itself, and a submitter should not. So its thread is
//! handed to its successor on the same seat, which joins it as its last act. There are never more
//! threads to be joined than seats, and behind each those that were there before it.

use std::io;

use super::seats::SeatNumber;
use crate::sync::{Body, Builder, Condvar, Mutex, Nursery, Thread};

pub(crate) struct Threads<'a> {
    nursery: Box<dyn Nursery<'a> + 'a>,
    roll: Mutex<Roll<'a>>,
    all_joined: Condvar,
}

struct Roll<'a> {
    /// By seat.
    threads: Vec<Option<Thread<'a>>>,
    /// How many closers are joining what they took from here.
    joining: usize,
}

impl<'a> Threads<'a> {
    pub(super) fn of(nursery: impl Nursery<'a> + 'a) -> Self {
        Self {
            nursery: Box::new(nursery),
            roll: Mutex::new(Roll { threads: Vec::new(), joining: 0 }),
            all_joined: Condvar::new(),
        }
    }

    pub(super) fn start(&self, builder: Builder, body: Body<'a>) -> io::Result<Thread<'a>> {
        self.nursery.start(builder, body)
    }

    /// Keeps the thread of the worker on this seat, or nobody's. A worker does so itself, before it
    /// leaves the seat: so whoever takes it next finds its predecessor's here, and so does whoever
    /// has seen everyone go.
    pub(super) fn keep(&self, seat: SeatNumber, thread: Option<Thread<'a>>) {
        let mut roll = self.roll.lock();
        if roll.threads.len() <= seat.0 {
            roll.threads.resize_with(seat.0 + 1, || None);
        }
        roll.threads[seat.0] = thread;
    }

    /// The thread of whoever has had this seat.
    pub(super) fn take(&self, seat: SeatNumber) -> Option<Thread<'a>> {
        self.roll.lock().threads.get_mut(seat.0)?.take()
    }

    /// Whether there is none that somebody has still to join.
    pub(super) fn are_joined(&self) -> bool {
        let roll = self.roll.lock();
        roll.joining == 0 && roll.threads.iter().all(Option::is_none)
    }

    /// Blocks until every thread has ended, whoever joins it.
    pub(super) fn join_all(&self) {
        let mut roll = self.roll.lock();
        let threads = std::mem::take(&mut roll.threads);
        roll.joining += 1;
        drop(roll);
        // No lock is held meanwhile: what a thread drops on its way out is user code.
        threads.into_iter().flatten().for_each(Thread::join);
        let mut roll = self.roll.lock();
        roll.joining -= 1;
        self.all_joined.notify_all();
        while roll.joining > 0 {
            self.all_joined.wait(&mut roll);
        }
    }
}
