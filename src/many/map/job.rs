//! The side of a map that is run: one job with a state for each item.
//!
//! A map is not a row of submitted tasks. The job holds the function once and a [`Shared`] for each
//! item, side by side; *runners* take part in it, as many as the executor has workers, and each
//! takes items until none is left. So a map of a million tiny items does not make a million
//! allocations, and the queue holds a handful of entries.
//!
//! **Who takes what.** A runner takes a [`Stride`] of items from the front of those not yet taken.
//! Its strides grow while items prove fast, and fall back to a single item as soon as they do not.
//! Taking only says who should be first: an item begins when somebody claims it, one by one, so
//! what one runner has taken but not begun can still be claimed by another that has run out of its
//! own, or be cancelled.
//!
//! **Why no item is forgotten.** Strides are taken under one lock, so at any time an item is
//! untaken, or in a stride that everyone can see, or has been claimed. A runner leaves only when
//! nothing is untaken and it has looked through every stride. What nobody will come for (because
//! the job is cancelled, or every task for a runner was dropped unrun) is cancelled.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Broken, CancelReason, TaskError};
use crate::future::claimed::ClaimedWork;
use crate::future::contain::{contain, discard, outcome_of};
use crate::future::keeper::{Keeper, release};
use crate::future::shared::{Answer, Shared};
use crate::future::state::{Ending, Status};
use crate::future::task::Runnable;
use crate::future::witness::{Moment, Witness, Witnesses, tell};
use crate::identity::PoolId;
use crate::label::Label;
use crate::nesting::whereabouts::Home;
use crate::sync::Mutex;

/// A stride that takes longer than this is too long.
const LONG: Duration = Duration::from_micros(50);

/// However fast the items are, a stride is never longer, so that the reader sees them come.
const LONGEST_STRIDE: usize = 256;

pub(crate) struct Job<I, T, F> {
    items: Box<[Shared<I, T>]>,
    takings: Mutex<Takings<F>>,
    home: Home,
}

struct Takings<F> {
    /// The first item that no runner has taken.
    untaken: usize,
    /// What each runner has taken last.
    strides: Vec<Stride>,
    /// What may hold items that were cancelled and not yet cleared away.
    cancelled: Vec<Stride>,
    /// Runners that have neither left nor been dropped unrun.
    runners_left: usize,
    /// Of these, those that have signed up.
    taking_part: usize,
    /// One for each runner that waits for its turn in a keeper's place.
    kept: Vec<Arc<dyn Keeper>>,
    /// For runners that are still to come; `None` once everything has been begun. Each has a
    /// reference of its own, so what the function has captured goes when the last of them has done
    /// its part, whatever becomes of the [`Map`](super::Map).
    function: Option<Arc<F>>,
    /// That, when the job was cancelled before its time, to be cleared away.
    unwanted: Option<Arc<F>>,
    was_cancelled: bool,
    /// The pool whose witnesses the items have.
    seen_by: Option<PoolId>,
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

/// One who takes part.
struct Runner<F> {
    /// Its place among the strides.
    place: usize,
    function: Arc<F>,
}

impl<I, T, F> Job<I, T, F> {
    pub(super) fn new(items: Vec<I>, function: F, runners: usize) -> Self {
        let function = if runners > 0 {
            Some(Arc::new(function))
        } else {
            // Nobody will come for it.
            discard(function);
            None
        };
        Self {
            items: items.into_iter().map(|item| Shared::pending(item, ())).collect(),
            takings: Mutex::new(Takings {
                untaken: 0,
                strides: Vec::new(),
                cancelled: Vec::new(),
                runners_left: runners,
                taking_part: 0,
                kept: Vec::new(),
                function,
                unwanted: None,
                was_cancelled: false,
                seen_by: None,
            }),
            home: Home::none(),
        }
    }

    /// `None` if there is nothing left to begin.
    fn sign_up(&self) -> Option<Runner<F>> {
        let mut takings = self.takings.lock();
        let function = Arc::clone(takings.function.as_ref()?);
        takings.strides.push(Stride::EMPTY);
        takings.taking_part += 1;
        Some(Runner { place: takings.strides.len() - 1, function })
    }

    /// Takes at most so many of the items that nobody has taken; none if there are none, or if all
    /// has been cancelled.
    fn take_stride(&self, runner: &Runner<F>, len: usize) -> Option<Stride> {
        let mut takings = self.takings.lock();
        let from = takings.untaken;
        let to = (from + len).min(self.items.len());
        let stride = Stride { from, to };
        takings.untaken = to;
        takings.strides[runner.place] = stride;
        (from < to).then_some(stride)
    }

    /// What becomes of a runner for whom nothing is left to begin: it is cancelled with the job, or
    /// else has done all there was to do.
    fn too_late(&self) -> Status {
        if self.takings.lock().was_cancelled {
            Status::Cancelled
        } else {
            Status::Finished(Ending::Returned)
        }
    }

    /// A runner that was kept has been called to its turn.
    fn release_one(&self) {
        let keeper = self.takings.lock().kept.pop();
        release(keeper);
    }

    fn items_in(&self, stride: Stride) -> &[Shared<I, T>] {
        &self.items[stride.from..stride.to]
    }
}

impl<I: Send, T: Send, F> Job<I, T, F> {
    /// Cancels what nobody has begun, taken or not, and tells everyone who waits for that.
    fn cancel_and_tell(&self, reason: &CancelReason) {
        let mut takings = self.takings.lock();
        let untaken = Stride { from: takings.untaken, to: self.items.len() };
        takings.untaken = self.items.len();
        let mut strides = takings.strides.clone();
        strides.push(untaken);
        if let Some(function) = takings.function.take() {
            takings.unwanted = Some(function);
            takings.was_cancelled = true;
        }
        let kept = std::mem::take(&mut takings.kept);
        drop(takings);
        release(kept);
        for item in strides.iter().flat_map(|&stride| self.items_in(stride)) {
            // Whether it was too late for one is not worth knowing: all are cleared away alike.
            let _ = item.cancel_and_tell(reason.clone());
        }
        self.takings.lock().cancelled.append(&mut strides);
    }

    fn clear_away(&self) {
        let mut takings = self.takings.lock();
        let cancelled = std::mem::take(&mut takings.cancelled);
        let unwanted = takings.unwanted.take();
        drop(takings);
        contain(|| drop(unwanted));
        for item in cancelled.into_iter().flat_map(|stride| self.items_in(stride)) {
            item.clear_away();
        }
    }
}

/// What the reading side can do, whatever the items and the function are.
pub(super) trait Answers<T>: Send + Sync {
    fn len(&self) -> usize;

    fn answer(&self, place: usize) -> &dyn Answer<T>;

    /// The pool that has taken the job.
    fn home(&self) -> Option<PoolId>;

    /// As [`Awaited::run_here`](crate::nesting::waiting::Awaited::run_here), for the item in this
    /// place.
    fn run_here(&self, place: usize, label: &Label) -> bool;

    /// Cancels every item that has not begun.
    fn cancel_pending(&self, reason: &CancelReason);
}

impl<I, T, F> Answers<T> for Job<I, T, F>
where
    I: Send,
    T: Send,
    F: Fn(I) -> T + Send + Sync,
{
    fn len(&self) -> usize {
        self.items.len()
    }

    fn answer(&self, place: usize) -> &dyn Answer<T> {
        &self.items[place]
    }

    fn home(&self) -> Option<PoolId> {
        self.home.get()
    }

    fn run_here(&self, place: usize, label: &Label) -> bool {
        // As long as something is pending it is there, unless the job is just being cancelled.
        let Some(function) = self.takings.lock().function.clone() else { return false };
        let was_pending = Self::run_item(&self.items[place], &function, label);
        // It may be the last to have it by now.
        discard(function);
        was_pending
    }

    fn cancel_pending(&self, reason: &CancelReason) {
        self.cancel_and_tell(reason);
        self.clear_away();
    }
}

impl<I, T, F> Job<I, T, F>
where
    I: Send,
    T: Send,
    F: Fn(I) -> T + Send + Sync,
{
    /// Takes items until there are none, and then helps those who still have some.
    fn take_part(&self, runner: &Runner<F>, label: &Label) {
        let mut len = 1;
        while let Some(stride) = self.take_stride(runner, len) {
            let began = Instant::now();
            for item in self.items_in(stride) {
                Self::run_item(item, &runner.function, label);
            }
            len = if began.elapsed() < LONG { (len * 2).min(LONGEST_STRIDE) } else { 1 };
        }
        let strides = self.takings.lock().strides.clone();
        for stride in strides {
            // From the back: what its owner would come to last.
            for item in self.items_in(stride).iter().rev() {
                Self::run_item(item, &runner.function, label);
            }
        }
        // Every item has been begun, so whoever comes now comes too late. (The runner has the
        // function too, so this is not the last reference, and nobody's code is run under the
        // lock.)
        let mut takings = self.takings.lock();
        takings.function = None;
        let kept = std::mem::take(&mut takings.kept);
        drop(takings);
        release(kept);
    }

    /// Runs the item, unless somebody has begun or cancelled it; says whether it has.
    fn run_item(item: &Shared<I, T>, function: &F, label: &Label) -> bool {
        let work = item.claim();
        let was_pending = work.is_some();
        if let Some(work) = work {
            item.complete(outcome_of(|| function(work), label));
        }
        was_pending
    }

    /// The last act of a runner that has signed up.
    fn leave_off(&self) {
        self.takings.lock().taking_part -= 1;
        self.leave();
    }

    /// A runner's last act, or that of a task which would have been one. If it is the last, and
    /// something is left that nobody has taken (every other task was dropped unrun), nobody will.
    fn leave(&self) {
        let mut takings = self.takings.lock();
        takings.runners_left -= 1;
        let last_of_all = takings.runners_left == 0;
        let forgotten = last_of_all && takings.untaken < self.items.len();
        let function = if last_of_all && !forgotten { takings.function.take() } else { None };
        drop(takings);
        discard(function);
        if forgotten {
            Answers::cancel_pending(self, &CancelReason::TaskDropped);
        }
    }
}

impl<I, T, F> Runnable for Job<I, T, F>
where
    I: Send,
    T: Send,
    F: Fn(I) -> T + Send + Sync,
{
    fn set_home(&self, pool: PoolId) {
        self.home.set(pool);
    }

    /// Each item has its own, from when the first of the runners is given to a pool; unless that
    /// has refused it, and another takes it.
    fn be_witnessed(&self, by: &dyn Witnesses, label: &Label) {
        let mut takings = self.takings.lock();
        // Another's stay if that pool has taken one of the runners.
        let stays = |pool: PoolId| pool == by.pool() || self.home.get().is_some();
        if takings.seen_by.is_some_and(stays) {
            return;
        }
        takings.seen_by = Some(by.pool());
        drop(takings);
        for (place, item) in self.items.iter().enumerate() {
            item.tell_refused();
            item.witnessed_by(by.one_for(label, Some(place)));
        }
    }

    /// Others may come; and if none does, the items are cancelled with their map.
    fn be_refused(&self) {}

    fn keep(&self, keeper: &Arc<dyn Keeper>) -> bool {
        let mut takings = self.takings.lock();
        let pending = takings.function.is_some();
        if pending {
            takings.kept.push(Arc::clone(keeper));
        }
        pending
    }

    fn run(&self, label: &Label) -> Status {
        self.release_one();
        let Some(runner) = self.sign_up() else {
            self.leave();
            return self.too_late();
        };
        self.take_part(&runner, label);
        contain(|| drop(runner));
        self.leave_off();
        Status::Finished(Ending::Returned)
    }

    /// Claims the runner's first item, so that whoever hired its worker sees that item running.
    fn claim<'a>(self: Arc<Self>) -> Result<Box<dyn ClaimedWork + 'a>, Status>
    where
        Self: 'a,
    {
        let Some(runner) = self.sign_up() else {
            self.leave();
            return match self.too_late() {
                Status::Cancelled => Err(Status::Cancelled),
                _ => Ok(Box::new(LateRunner)),
            };
        };
        let first = self.take_stride(&runner, 1).and_then(|stride| {
            let (work, witness) = self.items[stride.from].claim_untold()?;
            Some(ClaimedItem { place: stride.from, work, witness })
        });
        Ok(Box::new(ClaimedRunner { job: self, runner, first }))
    }

    fn cancel_pending(&self, reason: &CancelReason) -> bool {
        self.cancel_and_tell(reason);
        true
    }

    fn clear_away(&self) {
        self.clear_away();
    }

    /// That of a runner: it waits for as long as there is something that nobody has begun.
    fn status(&self) -> Status {
        let takings = self.takings.lock();
        if takings.function.is_some() {
            Status::Pending
        } else if takings.taking_part > 0 {
            Status::Running
        } else if takings.was_cancelled {
            Status::Cancelled
        } else {
            Status::Finished(Ending::Returned)
        }
    }

    /// A runner that comes too late has still to say so.
    fn is_husk(&self) -> bool {
        self.status().is_done()
    }

    /// A runner less: the others can do the job.
    fn abandon(&self) {
        self.leave();
    }
}

/// A runner for whom nothing was left to begin: the job is done.
struct LateRunner;

impl ClaimedWork for LateRunner {
    fn run(self: Box<Self>, _: &Label) -> Ending {
        Ending::Returned
    }

    fn lose(self: Box<Self>, _: Option<&Broken>) {}
}

/// A runner that has signed up and claimed its first item, and not begun it.
struct ClaimedRunner<I, T, F> {
    job: Arc<Job<I, T, F>>,
    runner: Runner<F>,
    /// `None` if nothing was left to claim.
    first: Option<ClaimedItem<I>>,
}

struct ClaimedItem<I> {
    place: usize,
    work: I,
    /// Who has still to be told that it is begun.
    witness: Option<Arc<dyn Witness>>,
}

impl<I, T, F> ClaimedWork for ClaimedRunner<I, T, F>
where
    I: Send,
    T: Send,
    F: Fn(I) -> T + Send + Sync,
{
    fn run(self: Box<Self>, label: &Label) -> Ending {
        let Self { job, runner, first } = *self;
        if let Some(ClaimedItem { place, work, witness }) = first {
            tell(witness.as_ref(), Moment::Started);
            job.items[place].complete(outcome_of(|| (runner.function)(work), label));
        }
        job.take_part(&runner, label);
        contain(|| drop(runner));
        job.leave_off();
        Ending::Returned
    }

    fn lose(self: Box<Self>, cause: Option<&Broken>) {
        let Self { job, runner, first } = *self;
        contain(|| drop(runner));
        if let Some(ClaimedItem { place, work, .. }) = first {
            discard(work);
            job.items[place].complete(Err(TaskError::Lost(cause.cloned())));
        }
        job.leave_off();
    }
}
