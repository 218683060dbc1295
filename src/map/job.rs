//! The side of a map that runs: a job with a cell for each item.
//!
//! A map is not a row of submitted tasks. The job holds the items' cells side by side; *runners*, as
//! many as the executor has workers, are tasks that take items until none is left. So a map of a
//! million tiny items makes a handful of allocations, and the queue holds a handful of entries.
//!
//! **Who takes what.** A runner takes a chunk of neighbouring items from the front of those not
//! taken. Its chunks grow while items prove fast, and fall back to one item as soon as they do not.
//! Taking says who should be first: an item begins when somebody claims it, one by one. So an item
//! that one runner has taken and not begun can still be claimed by another runner that has run out
//! of its own, or be cancelled.
//!
//! **Why no item is forgotten.** Chunks are taken under one lock, so at any time an item is untaken,
//! or in a chunk that everyone can see, or has been claimed. A runner leaves when nothing is untaken
//! and it has looked through every chunk. If the last runner leaves without having run (every task
//! for one was dropped), the items are cancelled.

use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;
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

pub(super) type Function<'a, I, T> = Arc<dyn Fn(I) -> T + Send + Sync + 'a>;

pub(super) struct Job<'a, I, T> {
    cells: Box<[Cell<'a, I, T>]>,
    home: Option<Arc<Queue<'a>>>,
    progress: Mutex<Progress<'a, I, T>>,
}

struct Progress<'a, I, T> {
    /// What is applied to the items; `None` when no runner is left.
    function: Option<Function<'a, I, T>>,
    /// Runners that have neither run nor been dropped; whoever starts the map counts as one.
    runners_left: usize,
    /// The first item that no runner has taken.
    untaken: usize,
    /// The chunk that each runner has taken last.
    chunks: Vec<Range<usize>>,
    /// Items that threads have claimed with their runner, and not begun.
    claimed: Vec<(ThreadId, usize, I)>,
    /// Items that were cancelled, and are owed a `finish_cancel`.
    cancelled: Vec<usize>,
    /// The pool whose listeners listen to the items.
    heard_by: Option<usize>,
    /// A pool has taken a runner.
    is_taken: bool,
}

/// What the reading side can do, whatever the items and the function are.
pub(super) trait Items<T>: Send + Sync {
    fn cell(&self, place: usize) -> &dyn Await;

    fn collect(&self, place: usize) -> Option<Outcome<T>>;

    /// Nobody will read this item. Returns its outcome, if it has ended.
    fn drop_handle(&self, place: usize) -> Option<Outcome<T>>;

    /// Claims the item and runs it in this thread. Returns `false` if it is too late for that.
    fn run_inline(&self, place: usize) -> bool;

    /// First half: cancels every item that has not begun, and tells everyone who waits.
    fn cancel(&self, reason: &CancelReason);

    /// Second half, which is user code.
    fn finish_cancel(&self);
}

impl<'a, I: Send + 'a, T: Send + 'a> Job<'a, I, T> {
    pub(super) fn new(
        items: impl Iterator<Item = I>,
        function: Function<'a, I, T>,
        runners: usize,
        submitted_at: &'static Location<'static>,
        common: &Arc<Common<'a>>,
    ) -> Arc<Self> {
        let meta = || TaskMeta { submitted_at, common: Some(Arc::clone(common)) };
        let progress = Progress {
            function: Some(function),
            runners_left: runners + 1,
            untaken: 0,
            chunks: vec![0..0; runners],
            claimed: Vec::new(),
            cancelled: Vec::new(),
            heard_by: None,
            is_taken: false,
        };
        Arc::new(Self {
            cells: items.map(|item| Cell::new(item, meta())).collect(),
            home: common.home.clone(),
            progress: Mutex::new(progress),
        })
    }

    /// Takes items for this runner until there are none, and helps runners that still have some.
    pub(super) fn take_part(&self, runner: usize) {
        let Some(function) = self.function() else { return };
        let run = |place: usize, item| self.cells[place].run_claimed(|| function(item), |_| ());
        let claim_and_run = |place: usize| {
            if let Some(item) = self.cells[place].claim(false) {
                run(place, item);
            }
        };
        if let Some((place, item)) = self.take_claimed() {
            run(place, item);
        }
        let mut len = 1;
        while let Some(chunk) = self.take(runner, len) {
            let began = Instant::now();
            chunk.for_each(claim_and_run);
            len = if began.elapsed() < LONG { (len * 2).min(LONGEST_CHUNK) } else { 1 };
        }
        let chunks = self.progress.lock().chunks.clone();
        // From the back: what its owner would come to last.
        chunks.into_iter().flat_map(Iterator::rev).for_each(claim_and_run);
        discard(function);
    }

    fn function(&self) -> Option<Function<'a, I, T>> {
        self.progress.lock().function.clone()
    }

    /// Takes at most `len` of the items that nobody has taken; returns `None` if there are none.
    fn take(&self, runner: usize, len: usize) -> Option<Range<usize>> {
        let mut progress = self.progress.lock();
        let chunk = progress.untaken..(progress.untaken + len).min(self.cells.len());
        progress.untaken = chunk.end;
        progress.chunks[runner] = chunk.clone();
        (!chunk.is_empty()).then_some(chunk)
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
        let claimed = &mut self.progress.lock().claimed;
        let at = claimed.iter().position(|(thread, ..)| *thread == current_thread())?;
        let (_, place, item) = claimed.swap_remove(at);
        Some((place, item))
    }

    /// The runner of this thread has ended; if it never ran, the item that came with it is lost.
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

    /// So many runners are at their end, or were dropped unrun. The last one drops the function.
    pub(super) fn leave(&self, runners: usize) {
        let mut progress = self.progress.lock();
        progress.runners_left -= runners;
        if progress.runners_left == 0 {
            let function = progress.function.take();
            let is_forgotten = progress.untaken < self.cells.len();
            drop(progress);
            discard(function);
            if is_forgotten {
                self.cancel(&CancelReason::TaskDropped);
                self.finish_cancel();
            }
        }
    }
}

impl<'a, I: Send + 'a, T: Send + 'a> Items<T> for Job<'a, I, T> {
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
        // As long as an item is pending, a runner is left, and so is the function.
        let Some(function) = self.function() else { return false };
        let item = self.cells[place].claim(false);
        let is_claimed = item.is_some();
        item.map(|item| self.cells[place].run_inside(|| function(item)));
        discard(function);
        is_claimed
    }

    fn cancel(&self, reason: &CancelReason) {
        let mut progress = self.progress.lock();
        let untaken = progress.untaken..self.cells.len();
        progress.untaken = self.cells.len();
        let chunks = progress.chunks.clone();
        drop(progress);
        // An item may be taken and not begun.
        let places = chunks.into_iter().chain([untaken]).flatten();
        let won = places.filter(|&place| self.cells[place].cancel(reason.clone()));
        let won: Vec<usize> = won.collect();
        self.progress.lock().cancelled.extend(won);
    }

    fn finish_cancel(&self) {
        let cancelled = std::mem::take(&mut self.progress.lock().cancelled);
        cancelled.into_iter().for_each(|place| self.cells[place].finish_cancel());
    }
}

/// Each runner's task has the job for a listener.
impl<'a, I: Send + 'a, T: Send + 'a> Listener for Job<'a, I, T> {
    /// A runner was claimed or cancelled, or the pool is closed and cancels what is pending.
    fn left_pending(&self, cancelled: Option<&CancelReason>) {
        match cancelled {
            None => self.claim_first(),
            // The other runners can do the job; the last that is dropped cancels the items.
            Some(CancelReason::TaskDropped | CancelReason::ByCaller) => {}
            Some(reason) => self.cancel(reason),
        }
    }

    fn hear(&self, step: &EventKind, _: Instant) {
        match step {
            EventKind::Finished(_) => {
                self.lose_claimed();
                self.leave(1);
            }
            EventKind::Cancelled(_) => self.leave(1),
            // The pool has cancelled what is pending, runners before items.
            EventKind::Closed(_) => self.finish_cancel(),
            _ => {}
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
