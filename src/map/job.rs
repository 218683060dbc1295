//! The side of a map that runs: a job with a cell for each item.
//!
//! A map is not a row of submitted tasks. The job holds the items' cells side by side; *runners*, as
//! many as the executor has workers, are tasks that take items until none is left. So a map of a
//! million tiny items makes a handful of allocations, and the queue holds a handful of entries.
//!
//! **Who takes what.** A runner takes a [`Chunk`] of items from the front of those not taken. Its
//! chunks grow while items prove fast, and fall back to one item as soon as they do not. Taking only
//! says who should be first: an item begins when somebody claims it, one by one. So an item that one
//! runner has taken and not begun can still be claimed by another runner that has run out of its
//! own, or be cancelled.
//!
//! **Why no item is forgotten.** Chunks are taken under one lock, so at any time an item is untaken,
//! or in a chunk that everyone can see, or has been claimed. A runner leaves when nothing is untaken
//! and it has looked through every chunk. If the last runner leaves without having run (every task
//! for one was dropped), the items are cancelled.

use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::kernel::cell::Cell;
use crate::kernel::error::{CancelReason, Refusal, TaskError};
use crate::kernel::meta::{Common, TaskMeta};
use crate::kernel::panics::discard;
use crate::kernel::queue::Queue;
use crate::kernel::seams::{Await, EventKind, Listener, Origin};
use crate::kernel::state::Outcome;
use crate::sync::{Mutex, ThreadId, current_thread};

/// A chunk that takes longer than this is too long.
const LONG: Duration = Duration::from_micros(50);

/// However fast the items are, a chunk is never longer, so that the reader sees them come.
const LONGEST_CHUNK: usize = 256;

pub(super) struct Job<'a, I, T, F> {
    cells: Box<[Cell<'a, I, T>]>,
    /// The runners keep it, so what it captured goes when the last of them has done its part.
    function: Weak<F>,
    progress: Mutex<Progress<I>>,
    home: Option<Arc<Queue<'a>>>,
    submitted_at: &'static Location<'static>,
}

struct Progress<I> {
    /// The first item that no runner has taken.
    untaken: usize,
    /// What each runner has taken last.
    chunks: Vec<Chunk>,
    /// Chunks with items that were cancelled, and owe a `finish_cancel`.
    cancelled: Vec<Chunk>,
    /// Runners that have neither left nor been dropped unrun.
    runners_left: usize,
    /// The pool whose listeners listen to the items.
    heard_by: Option<usize>,
    /// A pool has taken a runner.
    is_taken: bool,
    /// Items that threads have claimed with their runner, and not begun.
    claimed: Vec<(ThreadId, usize, I)>,
}

/// Some neighbouring items: from the first up to, and without, the last.
#[derive(Clone, Copy)]
struct Chunk {
    from: usize,
    to: usize,
}

/// What the reading side can do, whatever the items and the function are.
pub(super) trait Items<T>: Send + Sync {
    fn len(&self) -> usize;

    fn cell(&self, place: usize) -> &dyn Await;

    fn collect(&self, place: usize) -> Option<Outcome<T>>;

    /// Nobody will read this item. Returns what it came to, if it has ended.
    fn drop_handle(&self, place: usize) -> Option<Outcome<T>>;

    /// Claims the item and runs it in this thread. Returns `false` if it is too late for that.
    fn run_inline(&self, place: usize) -> bool;

    /// First half: cancels every item that has not begun, and tells everyone who waits.
    fn cancel(&self, reason: &CancelReason);

    /// Second half, which is user code.
    fn finish_cancel(&self);

    fn submitted_at(&self) -> &'static Location<'static>;
}

impl<'a, I, T, F> Job<'a, I, T, F>
where
    I: Send + 'a,
    T: Send + 'a,
    F: Fn(I) -> T + Send + Sync + 'a,
{
    pub(super) fn new(
        items: Vec<I>,
        function: &Arc<F>,
        runners: usize,
        submitted_at: &'static Location<'static>,
        common: &Arc<Common<'a>>,
    ) -> Arc<Self> {
        let meta = || TaskMeta { submitted_at, common: Some(Arc::clone(common)) };
        let cells = items.into_iter().map(|item| Cell::new(item, meta())).collect();
        let progress = Progress {
            untaken: 0,
            chunks: Vec::new(),
            cancelled: Vec::new(),
            runners_left: runners,
            heard_by: None,
            is_taken: false,
            claimed: Vec::new(),
        };
        let (function, progress) = (Arc::downgrade(function), Mutex::new(progress));
        Arc::new(Self { cells, function, progress, home: common.home.clone(), submitted_at })
    }

    /// Takes items until there are none, and helps those who still have some.
    fn take_part(&self, function: &F) {
        if let Some((place, item)) = self.take_claimed() {
            self.cells[place].run_claimed(|| function(item), |_| ());
        }
        let runner = {
            let mut progress = self.progress.lock();
            progress.chunks.push(Chunk { from: 0, to: 0 });
            progress.chunks.len() - 1
        };
        let mut len = 1;
        while let Some(chunk) = self.take(runner, len) {
            let began = Instant::now();
            for cell in self.cells_in(chunk) {
                Self::run_item(cell, function);
            }
            len = if began.elapsed() < LONG { (len * 2).min(LONGEST_CHUNK) } else { 1 };
        }
        let chunks = self.progress.lock().chunks.clone();
        for chunk in chunks {
            // From the back: what its owner would come to last.
            for cell in self.cells_in(chunk).iter().rev() {
                Self::run_item(cell, function);
            }
        }
    }

    /// Claims an item together with its runner: so whoever hired a worker for the runner sees the
    /// item running.
    fn claim_first(&self) {
        let mut progress = self.progress.lock();
        let place = progress.untaken;
        if place < self.cells.len() {
            progress.untaken += 1;
            drop(progress);
            if let Some(item) = self.cells[place].claim(false) {
                self.progress.lock().claimed.push((current_thread(), place, item));
            }
        }
    }

    /// Returns the item that this thread has claimed with its runner.
    fn take_claimed(&self) -> Option<(usize, I)> {
        let me = current_thread();
        let mut progress = self.progress.lock();
        let at = progress.claimed.iter().position(|(thread, ..)| *thread == me)?;
        let (_, place, item) = progress.claimed.swap_remove(at);
        Some((place, item))
    }

    /// The worker that had claimed a runner ends before it ran it.
    fn lose_claimed(&self) {
        if let Some((place, item)) = self.take_claimed() {
            discard(item);
            let cause = match self.home.as_ref().and_then(|home| home.refusal()) {
                Some(Refusal::Broken(broken)) => Some(broken),
                _ => None,
            };
            self.cells[place].complete(Err(TaskError::Lost(cause)), |_| ());
        }
    }

    /// Takes at most so many of the items that nobody has taken; none if there are none.
    fn take(&self, runner: usize, len: usize) -> Option<Chunk> {
        let mut progress = self.progress.lock();
        let from = progress.untaken;
        let chunk = Chunk { from, to: (from + len).min(self.cells.len()) };
        progress.untaken = chunk.to;
        progress.chunks[runner] = chunk;
        (chunk.from < chunk.to).then_some(chunk)
    }

    fn run_item(cell: &Cell<'a, I, T>, function: &F) -> bool {
        let work = cell.claim(false);
        let was_pending = work.is_some();
        if let Some(item) = work {
            cell.run_claimed(|| function(item), |_| ());
        }
        was_pending
    }

    /// A runner is at its end, or was dropped unrun.
    fn runner_left(&self) {
        let mut progress = self.progress.lock();
        progress.runners_left -= 1;
        let forgotten = progress.runners_left == 0 && progress.untaken < self.cells.len();
        drop(progress);
        if forgotten {
            self.cancel(&CancelReason::TaskDropped);
            self.finish_cancel();
        }
    }

    fn cells_in(&self, chunk: Chunk) -> &[Cell<'a, I, T>] {
        &self.cells[chunk.from..chunk.to]
    }
}

impl<'a, I, T, F> Items<T> for Job<'a, I, T, F>
where
    I: Send + 'a,
    T: Send + 'a,
    F: Fn(I) -> T + Send + Sync + 'a,
{
    fn len(&self) -> usize {
        self.cells.len()
    }

    fn cell(&self, place: usize) -> &dyn Await {
        &self.cells[place]
    }

    fn collect(&self, place: usize) -> Option<Outcome<T>> {
        self.cells[place].collect()
    }

    fn drop_handle(&self, place: usize) -> Option<Outcome<T>> {
        self.cells[place].drop_handle()
    }

    fn run_inline(&self, place: usize) -> bool {
        let cell = &self.cells[place];
        // As long as an item is pending, a runner has the function.
        let Some(function) = self.function.upgrade() else { return false };
        let work = cell.claim(false);
        let was_pending = work.is_some();
        if let Some(item) = work {
            cell.run_inside(|| function(item));
        }
        discard(function);
        was_pending
    }

    /// Cancels what nobody has begun, taken or not, and tells everyone who waits for that.
    fn cancel(&self, reason: &CancelReason) {
        let mut progress = self.progress.lock();
        let untaken = Chunk { from: progress.untaken, to: self.cells.len() };
        progress.untaken = self.cells.len();
        let mut chunks = progress.chunks.clone();
        drop(progress);
        chunks.push(untaken);
        for cell in chunks.iter().flat_map(|&chunk| self.cells_in(chunk)) {
            cell.cancel(reason.clone());
        }
        self.progress.lock().cancelled.append(&mut chunks);
    }

    fn finish_cancel(&self) {
        let cancelled = std::mem::take(&mut self.progress.lock().cancelled);
        for cell in cancelled.into_iter().flat_map(|chunk| self.cells_in(chunk)) {
            cell.finish_cancel();
        }
    }

    fn submitted_at(&self) -> &'static Location<'static> {
        self.submitted_at
    }
}

/// The work of a runner's task.
pub(super) struct Runner<'a, I: Send + 'a, T: Send + 'a, F: Fn(I) -> T + Send + Sync + 'a> {
    job: Arc<Job<'a, I, T, F>>,
    /// `None` while this is dropped.
    function: Option<Arc<F>>,
}

impl<'a, I: Send + 'a, T: Send + 'a, F: Fn(I) -> T + Send + Sync + 'a> Runner<'a, I, T, F> {
    pub(super) fn new(job: &Arc<Job<'a, I, T, F>>, function: &Arc<F>) -> Self {
        Self { job: Arc::clone(job), function: Some(Arc::clone(function)) }
    }

    pub(super) fn run(self) {
        if let Some(function) = &self.function {
            self.job.take_part(function);
        }
    }
}

/// A runner has run, or will not: its task was cancelled, dropped, or lost with its worker.
impl<'a, I: Send + 'a, T: Send + 'a, F: Fn(I) -> T + Send + Sync + 'a> Drop
    for Runner<'a, I, T, F>
{
    fn drop(&mut self) {
        self.job.lose_claimed();
        // It may be the last to have the function, whose drop is no failure of the runner.
        discard(self.function.take());
        self.job.runner_left();
    }
}

/// Each runner's task has the job for a listener.
impl<'a, I, T, F> Listener for Job<'a, I, T, F>
where
    I: Send + 'a,
    T: Send + 'a,
    F: Fn(I) -> T + Send + Sync + 'a,
{
    /// A runner was claimed or cancelled, or the pool is closed and cancels what is pending.
    fn left_pending(&self, cancelled: Option<&CancelReason>) {
        match cancelled {
            None => self.claim_first(),
            // The other runners can do the job; the last that is dropped cancels the items.
            Some(CancelReason::TaskDropped | CancelReason::ByCaller) => {}
            Some(reason) => self.cancel(reason),
        }
    }

    /// The pool has cancelled what is pending, runners before items.
    fn hear(&self, step: &EventKind, _: Instant) {
        if let EventKind::Closed(_) = step {
            self.finish_cancel();
        }
    }

    /// An observer hears of the items, and not of the runners.
    fn accepted(&self, pool: &[Arc<dyn Listener>]) -> bool {
        let this_pool = pool.first().map(|pool| Arc::as_ptr(pool).addr());
        let mut progress = self.progress.lock();
        if progress.is_taken || progress.heard_by == this_pool {
            return true;
        }
        progress.heard_by = this_pool;
        drop(progress);
        for (place, cell) in self.cells.iter().enumerate() {
            // If it was another pool's, that pool has refused it.
            cell.set_home(None);
            let (label, origin) = (cell.label(), Origin::Item(place));
            for listener in pool.iter().filter_map(|pool| pool.for_task(&label, origin)) {
                cell.listen_or_hear(listener);
            }
        }
        true
    }

    fn taken(&self) {
        self.progress.lock().is_taken = true;
    }

    fn follows_pool(&self) -> bool {
        true
    }
}
