//! The executor is only these, arranged: a queue, settings, threads.
//!
//! What every handle on a pool has in common stands here: how a task is placed, and how the pool is closed. Workers hold the core
//! too, so it lives until the last of all these has gone.

use std::sync::Arc;

use super::builder::Settings;
use super::executor::Shutdown;
use super::handover::Handover;
use super::queue::{Admitted, Queue, SeatNumber};
use super::threads::Threads;
use super::worker::{PoolId, work};
use crate::error::{CancelReason, Refused, ShutdownError};
use crate::future::task::Task;
use crate::sync::Builder;

pub(crate) struct Core {
    pub(super) id: PoolId,
    pub(super) settings: Settings,
    pub(super) queue: Queue,
    threads: Threads,
}

impl Core {
    pub(super) fn new(id: PoolId, settings: Settings) -> Self {
        let queue = Queue::new(settings.max_workers);
        Self { id, settings, queue, threads: Threads::none() }
    }

    /// Gives the task to an idle worker, or to a new one, or lets it wait. Blocks only for a thread to start.
    pub(super) fn place(self: &Arc<Self>, task: Task) -> Result<(), Refused<Task>> {
        match self.queue.admit(task)? {
            Admitted::Queued => Ok(()),
            Admitted::NeedsWorker(task, seat) => self.hire(task, seat),
        }
    }

    fn hire(self: &Arc<Self>, first_task: Task, seat: SeatNumber) -> Result<(), Refused<Task>> {
        let handover = Arc::new(Handover::of(first_task));
        let mut thread = Builder::new().name(self.settings.thread_name(seat));
        if let Some(bytes) = self.settings.stack_size {
            thread = thread.stack_size(bytes);
        }
        let started = thread.spawn({
            let (core, handover) = (Arc::clone(self), Arc::clone(&handover));
            move || work(&core, seat, &handover)
        });
        match started {
            Ok(thread) => {
                handover.wait_until_claimed();
                self.threads.add(thread);
                self.queue.hire_succeeded();
                Ok(())
            }
            Err(cause) => {
                let task = handover.take_back().expect("without a thread, nobody has taken it");
                self.queue.hire_failed(seat, task, cause)
            }
        }
    }

    pub(super) fn close(&self, how: Shutdown) {
        match how {
            Shutdown::Drain => self.queue.close(None),
            Shutdown::CancelPending => self.queue.close(Some(&CancelReason::ByShutdown)),
        }
    }

    /// Blocks until every worker's thread has ended. The pool must have been closed.
    pub(super) fn join(&self) -> Result<(), ShutdownError> {
        if self.id.employs_me() {
            return Err(ShutdownError);
        }
        self.queue.wait_until_everyone_left();
        self.threads.join_all();
        Ok(())
    }
}
