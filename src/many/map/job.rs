//! The side of a map that is run: one job with a state for each item.
//!
//! A map is not a row of submitted tasks. The job holds the function once and a [`Shared`] for each item; *runners* take part
//! in it, as many as the executor has workers, and each takes items until none is left. So a map of a million tiny items makes
//! one allocation and not a million, and the queue holds a handful of entries.
//!
//! **Who takes what.** A runner takes a [`Stride`] of items from the front of those not yet taken. Its strides grow while items
//! prove fast, and fall back to a single item as soon as they do not. Taking only says who should be first: an item begins
//! when somebody claims it, one by one, so what one runner has taken but not begun can still be claimed by another that has run
//! out of its own, or be cancelled.
//!
//! **Why no item is forgotten.** Strides are taken under one lock, so at any time an item is untaken, or in a stride that everyone
//! can see, or has been claimed. A runner leaves only when nothing is untaken and it has looked through every stride.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Broken, CancelReason, TaskError};
use crate::future::contain::discard;
use crate::future::shared::{Answer, Shared};
use crate::future::task::{Claimed, Runnable, outcome_of};
use crate::label::Label;
use crate::sync::Mutex;

/// A stride that takes longer than this is too long.
const LONG: Duration = Duration::from_micros(50);

/// However fast the items are, a stride is never longer, so that the reader sees them come.
const LONGEST_STRIDE: usize = 256;

pub(crate) struct Job<I, T, F> {
    function: F,
    items: Box<[Shared<I, T>]>,
    takings: Mutex<Takings>,
}

struct Takings {
    /// The first item that no runner has taken.
    untaken: usize,
    /// What each runner has taken last.
    strides: Vec<Stride>,
    /// Runners that have neither left nor been dropped unrun.
    runners_left: usize,
}

/// Some neighbouring items: from the first up to, and without, the last.
#[derive(Clone, Copy)]
struct Stride {
    from: usize,
    to: usize,
}

impl Stride {
    const EMPTY: Self = Self { from: 0, to: 0 };
}

/// The place of a runner among the strides: the proof that it has signed up.
#[derive(Clone, Copy)]
struct Runner(usize);

impl<I, T, F> Job<I, T, F> {
    pub(super) fn new(items: Vec<I>, function: F, runners: usize) -> Self {
        Self {
            function,
            items: items.into_iter().map(Shared::pending).collect(),
            takings: Mutex::new(Takings { untaken: 0, strides: Vec::new(), runners_left: runners }),
        }
    }

    fn sign_up(&self) -> Runner {
        let mut takings = self.takings.lock();
        takings.strides.push(Stride::EMPTY);
        Runner(takings.strides.len() - 1)
    }

    /// Takes at most so many of the items that nobody has taken; none if there are none, or if all has been cancelled.
    fn take_stride(&self, runner: Runner, len: usize) -> Option<Stride> {
        let mut takings = self.takings.lock();
        let from = takings.untaken;
        let to = (from + len).min(self.items.len());
        let stride = Stride { from, to };
        takings.untaken = to;
        takings.strides[runner.0] = stride;
        (from < to).then_some(stride)
    }

    fn items_in(&self, stride: Stride) -> &[Shared<I, T>] {
        &self.items[stride.from..stride.to]
    }
}

impl<I: Send, T: Send, F> Job<I, T, F> {
    /// Cancels what nobody has begun, taken or not.
    fn cancel_unbegun(&self, reason: &CancelReason) {
        let mut takings = self.takings.lock();
        let untaken = Stride { from: takings.untaken, to: self.items.len() };
        takings.untaken = self.items.len();
        let strides = takings.strides.clone();
        drop(takings);
        for item in strides.into_iter().chain([untaken]).flat_map(|stride| self.items_in(stride)) {
            item.cancel(reason.clone());
        }
    }
}

/// What the reading side can do, whatever the items and the function are.
pub(super) trait Answers<T>: Send + Sync {
    fn len(&self) -> usize;

    fn answer(&self, place: usize) -> &dyn Answer<T>;

    /// Cancels every item that has not begun.
    fn cancel_pending(&self, reason: &CancelReason);
}

impl<I, T, F> Answers<T> for Job<I, T, F>
where
    I: Send,
    T: Send,
    F: Send + Sync,
{
    fn len(&self) -> usize {
        self.items.len()
    }

    fn answer(&self, place: usize) -> &dyn Answer<T> {
        &self.items[place]
    }

    fn cancel_pending(&self, reason: &CancelReason) {
        self.cancel_unbegun(reason);
    }
}

impl<I, T, F> Job<I, T, F>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> T + Send + Sync + 'static,
{
    /// Takes items until there are none, and then helps those who still have some.
    fn take_part(&self, runner: Runner, label: &Label) {
        let mut len = 1;
        while let Some(stride) = self.take_stride(runner, len) {
            let began = Instant::now();
            for item in self.items_in(stride) {
                self.run_item(item, label);
            }
            len = if began.elapsed() < LONG { (len * 2).min(LONGEST_STRIDE) } else { 1 };
        }
        let strides = self.takings.lock().strides.clone();
        for stride in strides {
            // From the back: what its owner would come to last.
            for item in self.items_in(stride).iter().rev() {
                self.run_item(item, label);
            }
        }
    }

    /// Runs the item, unless somebody has begun or cancelled it.
    fn run_item(&self, item: &Shared<I, T>, label: &Label) {
        if let Some(work) = item.claim() {
            self.complete_item(item, work, label);
        }
    }

    fn complete_item(&self, item: &Shared<I, T>, work: I, label: &Label) {
        item.complete(outcome_of(|| (self.function)(work), label));
    }

    /// A runner's last act, or that of a task which would have been one. The last one out cancels what is left: that is
    /// nothing, unless every task was dropped unrun.
    fn leave(&self, reason: &CancelReason) {
        let mut takings = self.takings.lock();
        takings.runners_left -= 1;
        let last = takings.runners_left == 0;
        drop(takings);
        if last {
            self.cancel_unbegun(reason);
        }
    }
}

impl<I, T, F> Runnable for Job<I, T, F>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> T + Send + Sync + 'static,
{
    fn run(&self, label: &Label) {
        self.take_part(self.sign_up(), label);
        self.leave(&CancelReason::TaskDropped);
    }

    /// Claims the runner's first item, so that whoever hired a worker for it sees that item running.
    fn claim(self: Arc<Self>) -> Option<Box<dyn Claimed>> {
        let runner = self.sign_up();
        let first = self.take_stride(runner, 1).and_then(|stride| {
            let work = self.items[stride.from].claim()?;
            Some((stride.from, work))
        });
        Some(Box::new(ClaimedRunner { job: self, runner, first, has_left: false }))
    }

    fn abandon(&self, reason: CancelReason) {
        // A dropped task is one runner less. A pool that closes or breaks wants nothing more to begin.
        if reason != CancelReason::TaskDropped {
            self.cancel_unbegun(&reason);
        }
        self.leave(&reason);
    }

    fn cancel_pending(&self, reason: &CancelReason) {
        self.cancel_unbegun(reason);
    }
}

/// A runner that has signed up and claimed its first item, and not begun it.
struct ClaimedRunner<I, T, F>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> T + Send + Sync + 'static,
{
    job: Arc<Job<I, T, F>>,
    runner: Runner,
    /// `None` if nothing was left to claim.
    first: Option<(usize, I)>,
    has_left: bool,
}

impl<I, T, F> ClaimedRunner<I, T, F>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> T + Send + Sync + 'static,
{
    fn end_unrun(&mut self, cause: Option<&Broken>) {
        if std::mem::replace(&mut self.has_left, true) {
            return;
        }
        if let Some((place, work)) = self.first.take() {
            discard(work);
            self.job.items[place].complete(Err(TaskError::Lost(cause.cloned())));
        }
        self.job.leave(
            &cause.map_or(CancelReason::TaskDropped, |broken| CancelReason::PoolBroke(broken.clone())),
        );
    }
}

impl<I, T, F> Claimed for ClaimedRunner<I, T, F>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> T + Send + Sync + 'static,
{
    fn run(mut self: Box<Self>, label: &Label) {
        self.has_left = true;
        if let Some((place, work)) = self.first.take() {
            self.job.complete_item(&self.job.items[place], work, label);
        }
        self.job.take_part(self.runner, label);
        self.job.leave(&CancelReason::TaskDropped);
    }

    fn lose(mut self: Box<Self>, cause: &Broken) {
        self.end_unrun(Some(cause));
    }
}

impl<I, T, F> Drop for ClaimedRunner<I, T, F>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> T + Send + Sync + 'static,
{
    fn drop(&mut self) {
        self.end_unrun(None);
    }
}
