//! The executor is only these, arranged: a queue, settings, threads.
//!
//! Every handle on a pool has this in common, and so have its workers; it lives until the last of them has gone. How a task gets
//! in is [`Submitter`](super::submitter::Submitter)'s, how it is run the [`worker`](super::worker)'s; here is how it all
//! comes to its end.

use super::queue::Queue;
use super::settings::Settings;
use super::shutdown::Shutdown;
use super::threads::Threads;
use crate::error::{CancelReason, ShutdownError};

pub(crate) struct Core {
    pub(super) settings: Settings,
    pub(super) queue: Queue,
    pub(super) threads: Threads,
}

impl Core {
    pub(super) fn new(settings: Settings) -> Self {
        let queue = Queue::new(settings.max_workers);
        Self { settings, queue, threads: Threads::none() }
    }

    pub(super) fn close(&self, how: Shutdown) {
        let husks = match how {
            Shutdown::Drain => self.queue.close(None),
            Shutdown::CancelPending => self.queue.close(Some(&CancelReason::ByShutdown)),
        };
        husks.clear_away();
    }

    /// Blocks until every worker's thread has ended. The pool must have been closed.
    pub(super) fn join(&self) -> Result<(), ShutdownError> {
        if self.settings.id.employs_me() {
            return Err(ShutdownError);
        }
        self.queue.wait_until_everyone_left();
        self.threads.join_all();
        Ok(())
    }
}
