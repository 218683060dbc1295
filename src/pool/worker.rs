//! Somebody runs it: the life of one worker, from its hiring to its end.
//!
//! A worker survives everything that a task does: a panic is the future's outcome, and a panicking
//! callback or drop is contained where it happens. What it does not survive is its own initializer:
//! then the pool is broken.

use std::io;
use std::sync::Arc;

use super::core::Core;
use super::handover::{Handover, Offer};
use super::seats::SeatNumber;
use crate::events::event::EventKind;
use crate::future::state::{Ending, Status};
use crate::future::task::{Ran, ScopedTask};
use crate::identity::Worker;
use crate::nesting::inside::Employment;
use crate::nesting::policy::NestedWait;
use crate::sync::Builder;

/// Starts a worker for this task, and returns when the worker has claimed it. If the system refuses
/// the thread, the task comes back, and the queue is still to be told.
pub(super) fn hire<'a>(
    core: &Arc<Core<'a>>,
    first_task: ScopedTask<'a>,
    seat: SeatNumber,
) -> Result<(), (ScopedTask<'a>, io::Error)> {
    let predecessor = core.threads.take(seat);
    let handover = Arc::new(Handover::of(Offer { first_task, predecessor }));
    let mut thread = Builder::new().name(core.settings.thread_name(seat));
    if let Some(bytes) = core.settings.stack_size {
        thread = thread.stack_size(bytes);
    }
    let body = {
        let (core, handover) = (Arc::clone(core), Arc::clone(&handover));
        move || work(&core, seat, &handover)
    };
    match core.threads.start(thread, Box::new(body)) {
        Ok(thread) => {
            handover.wait_until_claimed(thread);
            Ok(())
        }
        Err(cause) => {
            let offer = handover.take_back();
            core.threads.keep(seat, offer.predecessor);
            Err((offer.first_task, cause))
        }
    }
}

/// What a worker's thread does.
pub(crate) fn work<'a>(core: &Arc<Core<'a>>, seat: SeatNumber, handover: &Handover<'a>) {
    core.queue.arrive();
    let (first_task, predecessor) = handover.claim(core.crew.id);
    Worker::new(core.settings.id, seat.0).becomes_this_thread();
    let employment = Employment::with(Arc::clone(&core.crew));
    core.tell(EventKind::WorkerBorn);
    match core.hooks.initialize() {
        Ok(()) => {
            if core.settings.nested_wait == NestedWait::RunInline {
                employment.is_ready(core.settings.stack_bytes());
            }
            let mut last =
                first_task.map_or_else(|too_late| too_late, |claimed| Ran::Ended(claimed.run()));
            core.threads.keep(seat, Some(handover.take_handle()));
            while let Some(task) = core.queue.next(seat, last, core.settings.keep_alive) {
                last = task.run_to_its_end();
            }
            employment.is_over();
            core.hooks.exit();
        }
        Err(broken) => {
            let husks = core.queue.break_down(&broken);
            let first = first_task.map_or_else(
                |too_late| too_late,
                |claimed| {
                    claimed.lose(&broken);
                    Ran::Ended(Status::Finished(Ending::Lost))
                },
            );
            husks.clear_away();
            core.threads.keep(seat, Some(handover.take_handle()));
            core.queue.leave(seat, first);
        }
    }
    core.tell(EventKind::WorkerGone);
    core.queue.go();
    core.let_go_if_over();
    if let Some(thread) = predecessor {
        thread.join();
    }
}
