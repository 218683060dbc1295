//! How many workers a pool has and may have, and how many of them wait.
//!
//! It knows no queue and no threads. Whoever blocks is counted here first, and then looks into the
//! queue whether a task waits there for which a worker has to be [added](Recruiter::fill_in);
//! whoever submits asks here, with the queue locked, how many there [may be](Crew::most). One of
//! the two comes second, and sees what the first has done: so no task is left waiting for workers
//! who wait.

use std::sync::{Arc, Weak};

use super::policy::NestedWait;
use crate::identity::{PoolId, Worker};
use crate::label::Label;
use crate::sync::{AtomicUsize, OnceLock, SeqCst};

pub(crate) struct Crew {
    pub(crate) id: PoolId,
    pub(crate) policy: NestedWait,
    pub(crate) max_workers: usize,
    /// Seats that are taken: by workers, and by those that are just being hired.
    seated: AtomicUsize,
    /// Workers that have a seat and wait for what may need a worker of this pool.
    away: AtomicUsize,
    /// Workers that have a seat and wait for what another of them is running.
    behind: AtomicUsize,
    /// Who adds workers. A pool whose tasks borrow has nobody, because a thread cannot know anyone
    /// who does.
    recruiter: OnceLock<Weak<dyn Recruiter>>,
}

/// Whoever can add a worker to a pool.
pub(crate) trait Recruiter: Send + Sync {
    /// Adds a worker, if a task waits for whom nobody is there, and there may be one more. It
    /// begins with the `wanted` task if that waits there, and else with the first. Blocks while the
    /// thread starts.
    fn fill_in(self: Arc<Self>, wanted: Option<usize>);

    /// What the worker with this number has in hand.
    fn in_hand(&self, index: usize) -> Option<Label>;
}

/// How a wait is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// Another worker stands in for the one that waits.
    Away,
    /// What it waits for is run by another of its pool; it only has to be seen to that not all do
    /// so.
    Behind,
}

impl Crew {
    pub(crate) fn new(id: PoolId, policy: NestedWait, max_workers: usize) -> Self {
        Self {
            id,
            policy,
            max_workers,
            seated: AtomicUsize::new(0),
            away: AtomicUsize::new(0),
            behind: AtomicUsize::new(0),
            recruiter: OnceLock::new(),
        }
    }

    pub(crate) fn recruited_by(&self, recruiter: Weak<dyn Recruiter>) {
        self.recruiter.get_or_init(|| recruiter);
    }

    /// How many seats may be taken now: so that as many as the pool has workers can work beside
    /// those who are away, and one at least beside those who wait.
    pub(crate) fn most(&self) -> usize {
        if self.policy == NestedWait::Block {
            return self.max_workers;
        }
        let (away, behind) = (self.away.load(SeqCst), self.behind.load(SeqCst));
        away.saturating_add(self.max_workers.max(behind + 1)).min(self.most_ever())
    }

    fn most_ever(&self) -> usize {
        self.max_workers.saturating_add(NestedWait::MOST_ADDED)
    }

    /// Whether nobody can be added, whoever waits.
    pub(super) fn is_complete(&self) -> bool {
        self.recruiter.get().is_none() || self.seated() >= self.most_ever()
    }

    pub(crate) fn blocked(&self) -> usize {
        self.away.load(SeqCst) + self.behind.load(SeqCst)
    }

    pub(crate) fn seat_taken(&self) {
        self.seated.fetch_add(1, SeqCst);
    }

    pub(crate) fn seat_left(&self) {
        self.seated.fetch_sub(1, SeqCst);
    }

    pub(super) fn seated(&self) -> usize {
        self.seated.load(SeqCst)
    }

    fn count(&self, absence: Absence) -> &AtomicUsize {
        match absence {
            Absence::Away => &self.away,
            Absence::Behind => &self.behind,
        }
    }

    pub(super) fn in_hand(&self, worker: Worker) -> Option<Label> {
        self.recruiter.get()?.upgrade()?.in_hand(worker.index())
    }

    /// Sees to it that somebody is there for what waits. To be called when an absence has been
    /// counted.
    fn fill_in(&self, wanted: Option<usize>) {
        if let Some(recruiter) = self.recruiter.get().and_then(Weak::upgrade) {
            recruiter.fill_in(wanted);
        }
    }
}

/// One worker's absence, for as long as this lives.
pub(super) struct Absent {
    crew: Arc<Crew>,
    absence: Absence,
}

impl Absent {
    pub(super) fn from(crew: Arc<Crew>, absence: Absence, wanted: Option<usize>) -> Self {
        crew.count(absence).fetch_add(1, SeqCst);
        if crew.policy == NestedWait::RunInline {
            crew.fill_in(wanted);
        }
        Self { crew, absence }
    }
}

impl Drop for Absent {
    fn drop(&mut self) {
        self.crew.count(self.absence).fetch_sub(1, SeqCst);
    }
}
