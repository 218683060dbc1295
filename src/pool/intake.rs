//! A pool takes a task: to an idle worker, or to a new one, or to wait for whoever is ready first.
//!
//! Which of these is decided by the [`queue`](super::queue); here it is done. If the system refuses the thread for a new worker, the
//! queue is asked once more, and told so: then the task waits for those who are there, or if nobody is, comes back.

use std::sync::Arc;

use super::core::Core;
use super::queue::{Admitted, Submit};
use super::worker::hire;
use crate::error::{Refusal, Refused};
use crate::executor::{Patience, Takes};
use crate::future::task::ScopedTask;

impl<'a> Takes<'a> for Arc<Core<'a>> {
    fn take(&self, mut task: ScopedTask<'a>, patience: Patience) -> Result<(), Refused<ScopedTask<'a>>> {
        let from_inside = self.settings.id.employs_me();
        let mut submit = Submit { patience, from_inside, thread_refused: None };
        loop {
            match self.queue.admit(task, &mut submit)? {
                Admitted::Queued => return Ok(()),
                Admitted::NeedsWorker(first_task, seat) => match hire(self, first_task, seat) {
                    Ok(()) => return Ok(()),
                    Err((refused, cause)) => {
                        task = refused;
                        submit.thread_refused = Some(cause);
                    }
                },
            }
        }
    }

    fn max_workers(&self) -> usize {
        self.settings.max_workers
    }

    fn refusal(&self) -> Option<Refusal> {
        self.queue.refusal()
    }
}
