//! What each thread and each task did, put together from the events of a trace.
//!
//! A thread is a [`Lane`] with a [`Span`] for each thing that it did; spans nest as calls do. A
//! task is a [`Life`]. They refer to each other by index. A span without an end in the trace goes
//! on to the end of the run, and says so.
//!
//! [`build`](mod@build) puts a run together; [`figures`] computes its figures.

mod build;
pub(crate) mod figures;
pub(crate) mod what_if;

use super::trace::{TaskName, Trace};
use crate::kernel::error::CancelReason;
use crate::kernel::event::{BlockedOn, Shutdown};
use crate::kernel::id::{PoolId, TaskId};
use crate::kernel::staff::Worker;
use crate::kernel::state::Ending;

/// A run put together. Times are nanoseconds as in the trace; `from` and `to` are the first and the
/// last.
pub(super) struct Run<'a> {
    pub(super) trace: &'a Trace,
    pub(super) from: u64,
    pub(super) to: u64,
    /// Threads other than workers first, then the workers of each pool by their numbers.
    pub(super) lanes: Vec<Lane>,
    /// In order of submission.
    pub(super) lives: Vec<Life>,
    /// Number of pending tasks of all pools, from each of these times on.
    pub(super) queue: Vec<(u64, usize)>,
}

/// What one thread did.
pub(super) struct Lane {
    /// The thread's number in the trace.
    pub(super) thread: usize,
    pub(super) worker: Option<Worker>,
    /// Name to show; not empty.
    pub(super) name: String,
    /// A worker's lifetime; for other threads, from the first event to the last.
    pub(super) from: u64,
    pub(super) to: u64,
    /// Ordered by begin; an inner span comes behind the span around it.
    pub(super) spans: Vec<Span>,
    /// Ordered by time.
    pub(super) marks: Vec<Mark>,
    /// How long the thread ran tasks, without the time they were blocked.
    pub(super) busy: u64,
    /// How long the thread was blocked, inside a task or not.
    pub(super) blocked: u64,
}

/// Something that took a thread some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: u64,
    pub(super) to: u64,
    /// Number of spans of the lane that this span is inside.
    pub(super) level: usize,
    pub(super) doing: Doing,
    /// Whether the end of the span is missing from the trace.
    pub(super) open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
/// What a thread does in a span. Tasks are given by their index in [`Run::lives`].
pub(super) enum Doing {
    /// A task's own code, or tasks and waits inside it.
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

/// What became of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) id: TaskId,
    pub(super) pool: PoolId,
    pub(super) submitted: Option<Moment>,
    pub(super) started: Option<Moment>,
    pub(super) ended: Option<Moment>,
    pub(super) end: End,
    pub(super) collected: Option<Moment>,
    /// Position in the order in which tasks ended, from 1.
    pub(super) rank: Option<usize>,
    /// Position in the order in which results were read, from 1.
    pub(super) collected_rank: Option<usize>,
    /// How long the task ran, without waits and without tasks that were run inside it.
    pub(super) worked: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
/// A time, and the lane where something happened then.
pub(super) struct Moment {
    pub(super) at: u64,
    pub(super) lane: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The end is missing from the trace.
    Unknown,
    Finished(Ending),
    Cancelled(CancelReason),
    Refused,
}

impl Run<'_> {
    pub(super) fn length(&self) -> u64 {
        self.to - self.from
    }

    /// A task's id and name as far as they are known: `F3 loiter[3]`.
    pub(super) fn name_of(&self, life: usize) -> TaskName<'_> {
        self.trace.name_of(self.lives[life].id)
    }

    /// The lanes of workers, each with its index.
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
    /// When the task was pending: until it started, or ended without having started, or to the end
    /// of the run.
    pub(super) fn pending(&self, run_ends: u64) -> Option<(u64, u64)> {
        let from = self.submitted?.at;
        let to = self.started.or(self.ended).map_or(run_ends, |moment| moment.at);
        Some((from, to.max(from)))
    }

    /// How long the task was pending; `None` for a refused task, which was not in the queue.
    pub(super) fn queue_wait(&self, run_ends: u64) -> Option<u64> {
        let (from, to) = self.pending(run_ends).filter(|_| self.end != End::Refused)?;
        Some(to - from)
    }

    pub(super) fn running(&self, run_ends: u64) -> Option<(u64, u64)> {
        let from = self.started?.at;
        Some((from, self.ended.map_or(run_ends, |moment| moment.at).max(from)))
    }
}
