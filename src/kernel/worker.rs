//! A worker: hired for a task, it runs tasks until there are no more, and leaves.
//!
//! **The hand-off.** A task that is queued for a thread that has just been started would be seen
//! pending for a while, by luck. So the submitter keeps the task, starts the thread, and returns
//! when the thread has claimed it. The claim is the thread's first act: no user code runs before
//! it, so the submitter waits for a thread to start and for nothing else, whatever locks it holds.
//!
//! ```text
//! submitter                           new worker's thread
//! offer the task
//! start the thread ────────────────▶  take the offer, claim the task
//! sleep until `claimed` ◀───────────  announce `claimed`
//! return: the future is running       initializer, then the task
//! ```
//!
//! (`CPython` prints "running" by the same means: its `Thread.start` returns when the thread has
//! begun.) If the system refuses the thread, nobody has taken the offer, and it is taken back.
//!
//! A worker survives all that a task does: a panic is the future's outcome, and a panicking
//! callback or drop is contained where it happens. It does not survive its own initializer; then
//! the pool is broken.

use std::io;
use std::sync::Arc;

use super::error::Broken;
use super::event::EventKind;
use super::panics::{catch, contain, discard, message_of};
use super::pool::Pool;
use super::queue::{ClaimedTask, QueuedTask};
use super::seams::set_blocker;
use super::staff::{Slot, WorkerContext, WorkerPhase};
use crate::sync::process_wide::Relaxed;
use crate::sync::{Builder, Condvar, Mutex, Thread};

/// Starts a worker for this task, and returns when the worker has claimed it. If the system refuses
/// the thread, the task comes back, and the queue has still to be told.
pub(crate) fn hire<'a>(
    pool: &Arc<Pool<'a>>,
    task: QueuedTask<'a>,
    slot: &Arc<Slot>,
) -> Result<(), (QueuedTask<'a>, io::Error)> {
    let handoff = Arc::new(Handoff::offering(task));
    let mut thread = Builder::new().name(pool.settings.thread_name(slot.index));
    if let Some(bytes) = pool.settings.stack_size {
        thread = thread.stack_size(bytes);
    }
    let body = {
        let (pool, slot, handoff) = (Arc::clone(pool), Arc::clone(slot), Arc::clone(&handoff));
        move || work(&pool, &slot, &handoff)
    };
    match (pool.spawn)(thread, Box::new(body)) {
        Ok(thread) => {
            // Kept before the hire counts as settled: whoever closes the pool joins every thread.
            pool.threads.keep(Arc::clone(slot), thread);
            handoff.wait_until_claimed();
            pool.queue.hired();
            handoff.settle();
            Ok(())
        }
        Err(cause) => Err((handoff.take_back(), cause)),
    }
}

/// A first task, on its way from hand to hand.
struct Handoff<'a> {
    offer: Mutex<Offer<'a>>,
    /// Announced when the offer becomes `Claimed`.
    claimed: Condvar,
    /// Announced when the offer becomes `Settled`.
    settled: Condvar,
}

enum Offer<'a> {
    Made(QueuedTask<'a>),
    Taken,
    Claimed,
    /// The submitter has no more to do.
    Settled,
}

impl<'a> Handoff<'a> {
    fn offering(task: QueuedTask<'a>) -> Self {
        let offer = Mutex::new(Offer::Made(task));
        Self { offer, claimed: Condvar::new(), settled: Condvar::new() }
    }

    /// The new thread's first act. `None` means that somebody has cancelled the task or run it
    /// inline meanwhile.
    fn claim(&self, slot: &Slot) -> Option<ClaimedTask<'a>> {
        let claimed = self.take_back().claim(slot);
        *self.offer.lock() = Offer::Claimed;
        // The submitter looks under the lock before it sleeps: it sees the claim, or is woken.
        self.claimed.notify_one();
        claimed
    }

    fn wait_until_claimed(&self) {
        let mut offer = self.offer.lock();
        while !matches!(*offer, Offer::Claimed) {
            self.claimed.wait(&mut offer);
        }
    }

    fn settle(&self) {
        *self.offer.lock() = Offer::Settled;
        self.settled.notify_one();
    }

    /// A worker's end may come very early. The submitter shall not be the last to know of a pool:
    /// it would have to drop the hooks, which are user code.
    fn wait_until_settled(&self) {
        let mut offer = self.offer.lock();
        while !matches!(*offer, Offer::Settled) {
            self.settled.wait(&mut offer);
        }
    }

    fn take_back(&self) -> QueuedTask<'a> {
        match std::mem::replace(&mut *self.offer.lock(), Offer::Taken) {
            Offer::Made(task) => task,
            _ => unreachable!("an offer is taken once"),
        }
    }
}

/// What a worker's thread does.
fn work<'a>(pool: &Arc<Pool<'a>>, slot: &Arc<Slot>, handoff: &Handoff<'a>) {
    pool.queue.arrive();
    let first = handoff.claim(slot);
    WorkerContext::enter(
        Arc::clone(&pool.queue.staff),
        Arc::clone(slot),
        pool.settings.stack_bytes(),
    );
    set_blocker(pool.seams.blocker);
    pool.tell(&EventKind::WorkerBorn);
    match begin(pool) {
        Ok(()) => {
            WorkerContext::set_phase(WorkerPhase::Ready);
            run_until_closed(pool, slot, first);
            WorkerContext::set_phase(WorkerPhase::Leaving);
            if let Some(hook) = pool.hook(|hooks| &hooks.end) {
                contain(move || hook());
            }
        }
        Err(broken) => break_pool(pool, slot, first, &broken),
    }
    pool.tell(&EventKind::WorkerGone);
    handoff.wait_until_settled();
    pool.queue.gone();
    pool.dismiss_hooks_if_over();
    pool.threads.retire(slot);
}

/// Runs the first task and then one after the other.
fn run_until_closed<'a>(pool: &Arc<Pool<'a>>, slot: &Slot, first: Option<ClaimedTask<'a>>) {
    if let Some(claimed) = first {
        claimed(slot, None);
    }
    let idle = || pool.is_heard().then_some(|| pool.tell(&EventKind::WorkerIdle));
    while let Some(task) = pool.queue.take(slot, pool.settings.keep_alive, idle()) {
        // All user code is caught further in. The worker's life should not hang on that.
        contain(move || task.run(slot));
    }
}

fn begin(pool: &Pool<'_>) -> Result<(), Broken> {
    let Some(hook) = pool.hook(|hooks| &hooks.begin) else { return Ok(()) };
    catch(move || hook()).map_err(|payload| {
        let broken = Broken::new(message_of(&*payload));
        discard(payload);
        broken
    })
}

/// The initializer has panicked: the first task is lost, and what is pending is cancelled.
fn break_pool<'a>(
    pool: &Arc<Pool<'a>>,
    slot: &Slot,
    first: Option<ClaimedTask<'a>>,
    broken: &Broken,
) {
    let cancelled = pool.queue.break_down(broken);
    pool.close_bound();
    if let Some(claimed) = first {
        claimed(slot, Some(broken));
    }
    cancelled.finish();
    pool.queue.leave_early(slot);
}

/// The threads of a pool's workers, for whoever waits for their end.
///
/// A worker that is gone has still to end its thread: thread-locals of the user are dropped on the
/// way. Closing waits for that too. Meanwhile a worker that retires joins those that retired before
/// it, unless another one is doing that: so a thread that is slow to end holds up one other thread.
pub(crate) struct Threads<'a> {
    kept: Mutex<Kept<'a>>,
    /// Announced when a thread that was joining others has joined them.
    joined: Condvar,
}

struct Kept<'a> {
    threads: Vec<(Arc<Slot>, Thread<'a>)>,
    /// Threads that are joining others now.
    joining: usize,
}

impl<'a> Threads<'a> {
    pub(super) fn new() -> Self {
        let kept = Mutex::new(Kept { threads: Vec::new(), joining: 0 });
        Self { kept, joined: Condvar::new() }
    }

    fn keep(&self, slot: Arc<Slot>, thread: Thread<'a>) {
        self.kept.lock().threads.push((slot, thread));
    }

    /// The last act of a worker.
    fn retire(&self, slot: &Slot) {
        let mut kept = self.kept.lock();
        if kept.joining == 0 {
            let threads = std::mem::take(&mut kept.threads);
            let has_ended = |(slot, _): &(Arc<Slot>, _)| slot.has_ended.load(Relaxed);
            let (ended, others) = threads.into_iter().partition::<Vec<_>, _>(has_ended);
            kept.threads = others;
            if !ended.is_empty() {
                kept.joining += 1;
                drop(kept);
                ended.into_iter().for_each(|(_, thread)| thread.join());
                kept = self.kept.lock();
                kept.joining -= 1;
                self.joined.notify_all();
            }
        }
        slot.has_ended.store(true, Relaxed);
    }

    pub(super) fn are_joined(&self) -> bool {
        let kept = self.kept.lock();
        kept.joining == 0 && kept.threads.is_empty()
    }

    /// Blocks until every thread has ended. Nobody may be hired any more.
    pub(super) fn join_all(&self) {
        let mut kept = self.kept.lock();
        let threads = std::mem::take(&mut kept.threads);
        kept.joining += 1;
        drop(kept);
        // No lock is held: what a thread drops on its way out is user code.
        threads.into_iter().for_each(|(_, thread)| thread.join());
        let mut kept = self.kept.lock();
        kept.joining -= 1;
        self.joined.notify_all();
        while kept.joining > 0 {
            self.joined.wait(&mut kept);
        }
    }
}
