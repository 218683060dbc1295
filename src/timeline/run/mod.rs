//! What each thread and each task did, put together from the events of a trace.
//!
//! A thread is a [`Lane`], with a [`Span`] for each thing that it did: they nest as calls do. A
//! task is a [`Life`]. Each knows the other by its place in the row. It is as complete as the
//! trace: what has no end there goes on to the end of the run, and says so.
//!
//! How it is put together is in [`build`](mod@build); what can be read off, in [`figures`].

mod build;
pub(crate) mod figures;
pub(crate) mod what_if;

use super::trace::{TaskName, Trace};
use crate::kernel::error::CancelReason;
use crate::kernel::seams::BlockedOn;
use crate::kernel::seams::Shutdown;
use crate::kernel::seams::{PoolId, TaskId};
use crate::kernel::staff::Worker;
use crate::kernel::state::Ending;

/// All times are nanoseconds as in the trace; `from` and `to` are the first and the last.
pub(super) struct Run<'a> {
    pub(super) trace: &'a Trace,
    pub(super) from: u64,
    pub(super) to: u64,
    /// Those that are no workers first, then the workers of each pool by their numbers.
    pub(super) lanes: Vec<Lane>,
    /// In the order in which they were submitted.
    pub(super) lives: Vec<Life>,
    /// How many tasks of all pools were pending, from each of these times on.
    pub(super) queue: Vec<(u64, usize)>,
}

/// What one thread did.
pub(super) struct Lane {
    /// Its number in the trace.
    pub(super) thread: usize,
    pub(super) worker: Option<Worker>,
    /// As a person would call it: never empty.
    pub(super) name: String,
    /// A worker's; of other threads, from its first event to its last.
    pub(super) from: u64,
    pub(super) to: u64,
    /// By when they begin; what is inside another comes behind it.
    pub(super) spans: Vec<Span>,
    /// By their time.
    pub(super) marks: Vec<Mark>,
    /// How long it ran tasks: without what it waited for meanwhile.
    pub(super) busy: u64,
    /// How long it was blocked, in a task or not.
    pub(super) blocked: u64,
}

/// Something that took a thread some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: u64,
    pub(super) to: u64,
    /// How many others of the lane it is inside of.
    pub(super) level: usize,
    pub(super) doing: Doing,
    /// Its end is not in the trace.
    pub(super) open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// The task at this place among the lives.
    Running(usize),
    CallingBack(usize),
    Blocked {
        on: BlockedOn,
        task: Option<usize>,
        by: Option<usize>,
    },
    Idle,
}

/// Something that a thread did in no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) at: u64,
    pub(super) what: Marked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marked {
    Submitted(usize),
    Refused(usize),
    Cancelled(usize),
    Collected(usize),
    Closed(PoolId, Shutdown),
}

/// What became of one task. The threads are lanes, by their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) id: TaskId,
    pub(super) pool: PoolId,
    pub(super) submitted: Option<Moment>,
    pub(super) started: Option<Moment>,
    pub(super) ended: Option<Moment>,
    pub(super) end: End,
    pub(super) collected: Option<Moment>,
    /// Its place in the order in which tasks ended, from 1.
    pub(super) rank: Option<usize>,
    /// Its place in the order in which outcomes were collected, from 1.
    pub(super) collected_rank: Option<usize>,
    /// How long it ran itself: without what it waited for, and without tasks that were run inside
    /// it.
    pub(super) worked: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: u64,
    pub(super) lane: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is not in the trace.
    Unknown,
    Finished(Ending),
    Cancelled(CancelReason),
    Refused,
}

impl Run<'_> {
    pub(super) fn length(&self) -> u64 {
        self.to - self.from
    }

    /// `F3 loiter[3]`, or as much of that as is known.
    pub(super) fn name_of(&self, life: usize) -> TaskName<'_> {
        self.trace.name_of(self.lives[life].id)
    }

    /// Lanes of workers, each with its place.
    pub(super) fn workers(&self) -> impl Iterator<Item = (usize, &Lane)> {
        self.lanes.iter().enumerate().filter(|(_, lane)| lane.worker.is_some())
    }
}

impl Span {
    pub(super) fn is_for_room(&self) -> bool {
        matches!(self.doing, Doing::Blocked { on: BlockedOn::Room, .. })
    }
}

impl Life {
    /// From when to when it was pending: until it started, or ended without that, or to the end of
    /// the run.
    pub(super) fn pending(&self, run_ends: u64) -> Option<(u64, u64)> {
        let from = self.submitted?.at;
        let to = self.started.or(self.ended).map_or(run_ends, |moment| moment.at);
        Some((from, to.max(from)))
    }

    /// How long that was; not of those that were refused, as they never were in the queue.
    pub(super) fn queue_wait(&self, run_ends: u64) -> Option<u64> {
        let (from, to) = self.pending(run_ends).filter(|_| self.end != End::Refused)?;
        Some(to - from)
    }

    pub(super) fn running(&self, run_ends: u64) -> Option<(u64, u64)> {
        let from = self.started?.at;
        Some((from, self.ended.map_or(run_ends, |moment| moment.at).max(from)))
    }
}
