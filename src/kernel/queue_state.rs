//! What the queue's lock protects: who works, what waits, and what follows from that.
//!
//! No function here locks, waits or wakes: [`Queue`](super::queue::Queue) holds the lock. So each
//! question ("is it over?", "is somebody owed a wake-up?") has one answer, derived from the state.

use std::sync::Arc;

use super::backlog::Backlog;
use super::error::{Broken, Refusal};
use super::staff::{Slot, Staff};
use super::state::{Ending, Status};

/// What the lock protects.
pub(super) struct State<T> {
    /// The inbox is open. Closed, it is empty.
    pub(super) inbox_is_open: bool,
    pub(super) phase: Phase,
    pub(super) workers: Workers,
    pub(super) tasks: Backlog<T>,
    pub(super) slots: Vec<Option<Arc<Slot>>>,
    /// Submitters that wait for room or for a hire to be settled, or whose own hire has failed.
    pub(super) submitting: usize,
    pub(super) cancelling: Cancelling,
    pub(super) totals: Totals,
}

/// The pool's own life, which goes down this list.
pub(super) enum Phase {
    Open,
    /// Closes by itself, in the moment in which no task is pending or running.
    LastCall,
    Closed,
    Broken(Broken),
}

#[derive(Default)]
pub(super) struct Workers {
    /// Have come, and have not left their slot.
    pub(super) present: usize,
    /// Hires that are not settled.
    pub(super) hiring: usize,
    /// Have left their slot, and still have user code to run.
    pub(super) leaving: usize,
    /// Of those present, the ones that sleep, or have been woken and have not got the lock yet.
    pub(super) asleep: usize,
    /// Somebody has been notified and has not got the lock yet.
    pub(super) waking: bool,
    /// Tasks that they run inline.
    pub(super) nested: usize,
}

/// Cancellations of all that waits, of which not everyone has been told.
#[derive(Default)]
pub(super) struct Cancelling {
    pub(super) closers: usize,
    /// What they have taken out of the line.
    pub(super) tasks: usize,
}

/// How many tasks there have been, and how they ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) submitted: u64,
    pub(crate) returned: u64,
    pub(crate) panicked: u64,
    pub(crate) cancelled: u64,
    pub(crate) lost: u64,
    pub(crate) spares: u64,
}

impl Totals {
    /// Counts the task that this worker has ended last.
    pub(crate) fn count_ended(&mut self, slot: &Slot) {
        if let Some(status) = slot.take_ended() {
            self.count(status);
        }
    }

    pub(crate) fn count(&mut self, status: Status) {
        match status {
            Status::Finished(Ending::Returned) => self.returned += 1,
            Status::Finished(Ending::Panicked) => self.panicked += 1,
            Status::Finished(Ending::Lost) => self.lost += 1,
            Status::Cancelled => self.cancelled += 1,
            Status::Pending | Status::Running => {}
        }
    }
}

/// All that can be said of a queue in one moment.
pub(crate) struct Snapshot {
    pub(crate) queued: usize,
    pub(crate) workers: usize,
    pub(crate) idle: usize,
    pub(crate) nested: usize,
    /// Threads that may still run user code of a hook or a task.
    pub(crate) threads: usize,
    pub(crate) totals: Totals,
    pub(crate) slots: Vec<Arc<Slot>>,
    pub(crate) is_open: bool,
    pub(crate) is_over: bool,
}

/// Where tasks are put while nobody has to be told of them: all workers there may be are awake.
///
/// So submitters and workers do not fight over one lock. A worker that has run out of tasks takes
/// all that is here; a worker that is about to sleep closes the inbox first, in one critical
/// section with looking into it. So a task is seen by that worker, or its submitter finds the inbox
/// closed.
pub(super) struct Inbox<T> {
    pub(super) is_open: bool,
    pub(super) tasks: Backlog<T>,
    pub(super) submitted: u64,
}

impl<T> State<T> {
    /// Returns `true` if a task that comes now wakes nobody and starts no worker.
    pub(super) fn needs_no_wake_up(&self, staff: &Staff) -> bool {
        let Workers { present, asleep, .. } = self.workers;
        matches!(self.phase, Phase::Open)
            && asleep == 0
            && present > 0
            && staff.workers() >= staff.most()
    }

    pub(super) fn take_from(&mut self, inbox: &mut Inbox<T>) {
        self.tasks.append(&mut inbox.tasks);
        self.totals.submitted += std::mem::take(&mut inbox.submitted);
    }

    /// Returns `true` if a task waits, a worker sleeps, and no wake-up is under way.
    pub(super) fn owes_a_wake_up(&self) -> bool {
        !self.tasks.is_empty() && self.workers.asleep > 0 && !self.workers.waking
    }

    /// After the last call: closes if no task is pending, running or on its way.
    pub(super) fn close_if_idle(&mut self) {
        let Workers { present, hiring, asleep, .. } = self.workers;
        let is_idle = self.tasks.is_empty() && self.submitting == 0 && hiring == 0;
        if matches!(self.phase, Phase::LastCall) && is_idle && present == asleep {
            self.phase = Phase::Closed;
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed | Phase::Broken(_))
    }

    /// Returns `true` if it is closed and nobody is left or will come: while it is open, the last
    /// worker to retire is not the last of all.
    pub(super) fn is_over(&self) -> bool {
        let Workers { present, hiring, leaving, .. } = self.workers;
        self.is_closed() && present + hiring + leaving + self.cancelling.closers == 0
    }

    pub(super) fn refusal(&self) -> Option<Refusal> {
        match &self.phase {
            Phase::Open | Phase::LastCall => None,
            Phase::Closed => Some(Refusal::ShutDown),
            Phase::Broken(broken) => Some(Refusal::Broken(broken.clone())),
        }
    }

    /// Takes a slot for a new worker, if there may be one more.
    pub(super) fn hire(&mut self, staff: &Staff) -> Option<Arc<Slot>> {
        if staff.workers() >= staff.most() {
            return None;
        }
        let index = self.slots.iter().position(Option::is_none).unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let slot = Slot::new(index);
        self.slots[index] = Some(Arc::clone(&slot));
        staff.slot_taken();
        self.workers.hiring += 1;
        self.totals.spares += u64::from(staff.is_spare(index));
        Some(slot)
    }

    pub(super) fn unhire(&mut self, slot: &Slot, staff: &Staff) {
        self.free(slot, staff);
        self.workers.hiring -= 1;
        self.totals.spares -= u64::from(staff.is_spare(slot.index));
    }

    pub(super) fn free(&mut self, slot: &Slot, staff: &Staff) {
        self.slots[slot.index] = None;
        staff.slot_freed();
    }
}
