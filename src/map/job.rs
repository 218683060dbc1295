//! The side of a map that runs: a job with a cell for each item.
//!
//! A map is not a row of submitted tasks. The job holds the items' cells side by side; *runners*,
//! as many as the executor has workers, are tasks that take items until none is left. So a map of a
//! million tiny items makes a handful of allocations, and the queue holds a handful of entries.
//!
//! **Who takes what.** A runner takes a chunk of neighbouring items from the front of those not
//! taken. Its chunks grow while items prove fast, and fall back to one item as soon as they do not.
//! Taking says who should be first: an item begins when somebody claims it, one by one. So an item
//! that one runner has taken and not begun can still be claimed by another runner that has run out
//! of its own, or be cancelled.
//!
//! **Why no item is forgotten.** Chunks are taken under one lock, so at any time an item is
//! untaken, or in a chunk that everyone can see, or has been claimed. A runner ends when nothing is
//! untaken and it has looked through every chunk. If no runner has run (every task for one was
//! dropped), the last that is dropped cancels the items.

use std::mem::{replace, take};
use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::kernel::cell::Cell;
use crate::kernel::error::{CancelReason, Refusal, TaskError};
use crate::kernel::event::EventKind;
use crate::kernel::meta::{Common, TaskMeta};
use crate::kernel::panics::discard;
use crate::kernel::queue::Queue;
use crate::kernel::seams::{Await, Listener, Origin};
use crate::kernel::state::Outcome;
use crate::sync::process_wide::{AtomicBool, Relaxed};
use crate::sync::{AtomicUsize, Mutex, SeqCst};

/// A chunk that takes longer than this is too long.
const LONG: Duration = Duration::from_micros(50);

/// However fast the items are, a chunk is never longer, so that the reader sees them come.
const LONGEST_CHUNK: usize = 256;

pub(super) type Function<'a, I, T> = Arc<dyn Fn(I) -> T + Send + Sync + 'a>;

pub(super) struct Job<'a, I, T> {
    cells: Box<[Cell<'a, I, T>]>,
    home: Option<Arc<Queue<'a>>>,
    /// What is applied to the items; `None` when no runner is left.
    function: Mutex<Option<Function<'a, I, T>>>,
    /// Number of runners that have neither run nor been dropped.
    runners_left: AtomicUsize,
    /// First the items that no runner has taken; then, for each runner, the chunk that it has taken
    /// last.
    chunks: Mutex<Vec<Range<usize>>>,
    /// Items that were cancelled, and are owed a `finish_cancel`.
    cancelled: Mutex<Vec<usize>>,
    /// The pool whose listeners listen to the items.
    heard_by: Mutex<Option<usize>>,
    /// A pool has taken a runner.
    is_taken: AtomicBool,
}

/// What the reading side can do, whatever the items and the function are.
pub(super) trait Items<T>: Send + Sync {
    fn cell(&self, place: usize) -> &dyn Await;

    fn collect(&self, place: usize) -> Option<Outcome<T>>;

    /// Gives an item up that nobody will read. Returns its outcome, if it has ended.
    fn drop_handle(&self, place: usize) -> Option<Outcome<T>>;

    /// Claims the item and runs it in this thread. Returns `false` if it is too late for that.
    fn run_inline(&self, place: usize) -> bool;

    /// First half of a cancellation: cancels every item that has not begun, and tells everyone who
    /// waits.
    fn cancel(&self, reason: &CancelReason);

    /// Second half, which runs user code.
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
        let cells: Box<[_]> = items.map(|item| Cell::new(item, meta())).collect();
        let mut chunks = vec![0..0; runners + 1];
        chunks[0] = 0..cells.len();
        Arc::new(Self {
            cells,
            home: common.home.clone(),
            function: Mutex::new(Some(function)),
            runners_left: AtomicUsize::new(runners),
            chunks: Mutex::new(chunks),
            cancelled: Mutex::new(Vec::new()),
            heard_by: Mutex::new(None),
            is_taken: AtomicBool::new(false),
        })
    }

    /// Takes at most `len` of the items that nobody has taken.
    fn take(&self, runner: usize, len: usize) -> Range<usize> {
        let mut chunks = self.chunks.lock();
        let untaken = chunks[0].clone();
        let chunk = untaken.start..untaken.end.min(untaken.start + len);
        chunks[0].start = chunk.end;
        chunks[runner] = chunk.clone();
        chunk
    }

    fn function(&self) -> Option<Function<'a, I, T>> {
        self.function.lock().clone()
    }

    /// Claims an item, and returns it with its place.
    fn claim(&self, place: usize) -> Option<(usize, I)> {
        Some((place, self.cells[place].claim(false)?))
    }

    /// Counts runners that have ended or were dropped unrun. The last one drops the function, and
    /// cancels the items if no runner has run.
    pub(super) fn leave(&self, runners: usize) {
        if self.runners_left.fetch_sub(runners, SeqCst) == runners {
            let function = self.function.lock().take();
            discard(function);
            self.cancel(&CancelReason::TaskDropped);
            self.finish_cancel();
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
        let claimed = self.claim(place);
        let ran = claimed.map(|(_, item)| self.cells[place].run_inside(|| function(item)));
        discard(function);
        ran.is_some()
    }

    fn cancel(&self, reason: &CancelReason) {
        let mut chunks = self.chunks.lock();
        let all = chunks.clone();
        chunks[0] = 0..0;
        drop(chunks);
        let places = all.into_iter().flatten();
        let won = places.filter(|&place| self.cells[place].cancel(reason.clone()));
        let won: Vec<usize> = won.collect();
        self.cancelled.lock().extend(won);
    }

    fn finish_cancel(&self) {
        let cancelled = take(&mut *self.cancelled.lock());
        for place in cancelled {
            self.cells[place].finish_cancel();
        }
    }
}

/// The work of a runner's task, and that task's listener.
pub(super) struct Runner<'a, I, T> {
    job: Arc<Job<'a, I, T>>,
    /// The runner's place in the job's `chunks`, from 1 on.
    number: usize,
    /// The item that was claimed together with the task, with its place.
    first: Mutex<Option<(usize, I)>>,
}

impl<'a, I: Send + 'a, T: Send + 'a> Runner<'a, I, T> {
    pub(super) fn of(job: &Arc<Job<'a, I, T>>, number: usize) -> Arc<Self> {
        Arc::new(Self { job: Arc::clone(job), number, first: Mutex::new(None) })
    }

    /// Takes items until there are none, and helps runners that still have some.
    pub(super) fn run(&self) {
        let Some(function) = self.job.function() else { return };
        let run = |(place, item): (usize, I)| {
            self.job.cells[place].run_claimed(|| function(item), |_| ());
        };
        let claim = |place| self.job.claim(place);
        let first = self.first.lock().take();
        first.into_iter().for_each(run);
        let (mut len, mut chunk) = (1, self.job.take(self.number, 1));
        while !chunk.is_empty() {
            let began = Instant::now();
            chunk.filter_map(claim).for_each(run);
            len = if began.elapsed() < LONG { (len * 2).min(LONGEST_CHUNK) } else { 1 };
            chunk = self.job.take(self.number, len);
        }
        let chunks = self.job.chunks.lock().clone();
        // From the back: what its owner would come to last.
        chunks.into_iter().flat_map(Iterator::rev).filter_map(claim).for_each(run);
        discard(function);
    }

    /// Ends the item that came with a task whose worker ended before it ran the task.
    fn lose_first(&self) {
        let first = self.first.lock().take();
        if let Some((place, item)) = first {
            discard(item);
            let cause = match self.job.home.as_ref().and_then(|home| home.refusal()) {
                Some(Refusal::Broken(broken)) => Some(broken),
                _ => None,
            };
            self.job.cells[place].complete(Err(TaskError::Lost(cause)), |_| ());
        }
    }
}

impl<'a, I: Send + 'a, T: Send + 'a> Listener for Runner<'a, I, T> {
    /// The runner was claimed or cancelled, or the pool is closed and cancels what is pending.
    fn left_pending(&self, cancelled: Option<&CancelReason>) {
        match cancelled {
            // Whoever hired a worker for this runner sees an item running when the call returns.
            None => {
                let first = self.job.take(self.number, 1).next();
                *self.first.lock() = first.and_then(|place| self.job.claim(place));
            }
            // The other runners can do the job; the last that is dropped cancels the items.
            Some(CancelReason::TaskDropped | CancelReason::ByCaller) => {}
            Some(reason) => self.job.cancel(reason),
        }
    }

    fn hear(&self, step: &EventKind, _: Instant) {
        match step {
            EventKind::Finished(_) => {
                self.lose_first();
                self.job.leave(1);
            }
            EventKind::Cancelled(_) => self.job.leave(1),
            // The pool has cancelled what is pending, runners before items.
            EventKind::Closed(_) => self.job.finish_cancel(),
            _ => {}
        }
    }

    /// An observer hears of the items, and not of the runners.
    fn accepted(&self, pool: &[Arc<dyn Listener>]) -> bool {
        let this_pool = pool.first().map(|pool| Arc::as_ptr(pool).addr());
        let before = replace(&mut *self.job.heard_by.lock(), this_pool);
        // If it was another pool's, that pool has refused it: unless it has taken another runner.
        if before == this_pool || self.job.is_taken.load(Relaxed) {
            return true;
        }
        for (place, cell) in self.job.cells.iter().enumerate() {
            cell.set_home(None);
            let (label, origin) = (cell.label(), Origin::Item(place));
            for listener in pool.iter().filter_map(|pool| pool.for_task(&label, origin)) {
                cell.listen_or_hear(listener);
            }
        }
        true
    }

    fn taken(&self) {
        self.job.is_taken.store(true, Relaxed);
    }

    fn follows_pool(&self) -> bool {
        true
    }
}
