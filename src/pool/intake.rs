//! A pool takes a task: to an idle worker, or to a new one, or to wait for whoever is ready first.
//!
//! Which of these is decided by the [`queue`](super::queue); here it is done. If the system refuses
//! the thread for a new worker, the queue is asked once more, and told so: then the task waits for
//! those who are there, or if nobody is, comes back.

use std::sync::Arc;

use super::core::Core;
use super::queue::{Admitted, Submit};
use super::worker::hire;
use crate::error::{Refusal, Refused};
use crate::executor::{Patience, Takes};
use crate::future::task::ScopedTask;
use crate::future::witness::may_be_any;
use crate::label::Label;
use crate::nesting::crew::Recruiter;

impl<'a> Takes<'a> for Arc<Core<'a>> {
    fn take(
        &self,
        task: ScopedTask<'a>,
        patience: Patience,
    ) -> Result<(), Refused<ScopedTask<'a>>> {
        // What an observer submits is not observed: or else there would be no end to it.
        let watch = self.settings.watch.as_ref().filter(|watch| watch.is_heard());
        match watch {
            Some(watch) => task.be_witnessed(watch),
            // Another pool may have given it back for want of room. It is not that pool's any more.
            None if may_be_any() => task.be_refused(),
            None => {}
        }
        take_in(self, task, patience).map_err(|refused| match refused.why() {
            // For want of room: it may be given to this pool again, and is the same task then.
            Refusal::Full => refused,
            _ if watch.is_none() => refused,
            _ => refused.map(|task| {
                task.be_refused();
                task
            }),
        })
    }

    fn max_workers(&self) -> usize {
        self.settings.max_workers
    }

    fn refusal(&self) -> Option<Refusal> {
        self.queue.refusal()
    }
}

#[inline]
fn take_in<'a>(
    core: &Arc<Core<'a>>,
    mut task: ScopedTask<'a>,
    patience: Patience,
) -> Result<(), Refused<ScopedTask<'a>>> {
    let from_inside = core.settings.id.employs_me();
    let mut submit = Submit { patience, from_inside, thread_refused: None };
    loop {
        match core.queue.admit(task, &mut submit)? {
            Admitted::Queued => return Ok(()),
            Admitted::NeedsWorker(first_task, seat) => match hire(core, first_task, seat) {
                Ok(()) => return Ok(()),
                Err((refused, cause)) => {
                    core.queue.hire_failed(seat);
                    task = refused;
                    submit.thread_refused = Some(cause);
                }
            },
        }
    }
}

/// For workers that wait for other tasks. (Only a pool whose tasks borrow nothing can be known to
/// its workers' threads.)
impl Recruiter for Core<'static> {
    fn fill_in(self: Arc<Self>, wanted: Option<usize>) {
        if let Some((task, seat)) = self.queue.stand_in(wanted) {
            if let Err((task, _)) = hire(&self, task, seat) {
                self.queue.stand_in_failed(task, seat);
            }
        }
    }

    fn in_hand(&self, index: usize) -> Option<Label> {
        self.queue.label_in_hand(index)
    }
}
