//! Somebody runs it: the life of one worker, from its hiring to its leaving.
//!
//! A worker survives everything that a task does: a panic is the future's outcome, and a panicking callback or drop is
//! contained where it happens. What it does not survive is its own initializer: then the pool is broken.

use std::sync::Arc;

use super::core::Core;
use super::handover::{Handover, Offer};
use super::queue::SeatNumber;
use super::threads::join;
use crate::error::{Broken, Refused, message_of};
use crate::future::contain::{catch, discard};
use crate::future::task::Task;
use crate::sync::Builder;

/// Starts a worker for this task, and returns when the worker has claimed it.
pub(super) fn hire(core: &Arc<Core>, first_task: Task, seat: SeatNumber) -> Result<(), Refused<Task>> {
    let predecessor = core.threads.take(seat);
    let handover = Arc::new(Handover::of(Offer { first_task, predecessor }));
    let mut thread = Builder::new().name(core.settings.thread_name(seat));
    if let Some(bytes) = core.settings.stack_size {
        thread = thread.stack_size(bytes);
    }
    let started = thread.spawn({
        let (core, handover) = (Arc::clone(core), Arc::clone(&handover));
        move || work(&core, seat, &handover)
    });
    match started {
        Ok(thread) => {
            handover.wait_until_claimed();
            core.threads.keep(seat, Some(thread));
            core.queue.hire_succeeded(seat);
            Ok(())
        }
        Err(cause) => {
            let offer = handover.take_back().expect("without a thread, nobody has taken it");
            core.threads.keep(seat, offer.predecessor);
            core.queue.hire_failed(seat, offer.first_task, cause)
        }
    }
}

/// What a worker's thread does.
pub(crate) fn work(core: &Arc<Core>, seat: SeatNumber, handover: &Handover) {
    core.queue.arrive();
    let (first_task, predecessor) = handover.claim();
    core.settings.id.employ_me();
    match initialize(core) {
        Ok(()) => {
            if let Some(claimed) = first_task {
                claimed.run();
            }
            while let Some(task) = core.queue.next(seat, core.settings.keep_alive) {
                task.run();
            }
        }
        Err(broken) => {
            let husks = core.queue.break_down(&broken);
            if let Some(claimed) = first_task {
                claimed.lose(&broken);
            }
            husks.clear_away();
            core.queue.leave(seat);
        }
    }
    if let Some(thread) = predecessor {
        join(thread);
    }
}

fn initialize(core: &Core) -> Result<(), Broken> {
    let Some(initializer) = &core.settings.initializer else { return Ok(()) };
    catch(|| initializer()).map_err(|payload| {
        let broken = Broken::new(message_of(&*payload));
        discard(payload);
        broken
    })
}
