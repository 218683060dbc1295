//! An observer that keeps its events, and pools that tell it when a thread goes to sleep, so that
//! no test sleeps and hopes.
//!
//! An observer hears of a sleep just before it begins, so a test that goes on then may still be
//! ahead of the sleeper. Both orders are right, and the test must hold in both.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use glasspool::{
    BlockedOn, Builder, CancelReason, Ending, Event, EventKind, Future, Observer, PoolId, TaskId,
    ThreadPoolExecutor, Worker,
};

use crate::support::{Gate, breaks_at_a_gate, eventually, hold};

/// One event, and in which thread it was told.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) at: Instant,
    pub(crate) heard_at: Instant,
    pub(crate) thread: ThreadId,
    pub(crate) pool: PoolId,
    pub(crate) worker: Option<Worker>,
    pub(crate) task: Option<TaskId>,
    pub(crate) name: Option<String>,
    pub(crate) item: Option<usize>,
    pub(crate) site: Option<&'static Location<'static>>,
    pub(crate) depth: usize,
    pub(crate) kind: EventKind,
}

/// An observer that keeps all it is told.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Told>>>);

impl Observer for Log {
    fn observe(&self, event: &Event<'_>) {
        let mut told = self.0.lock().unwrap();
        told.push(Told {
            at: event.at,
            heard_at: Instant::now(),
            thread: thread::current().id(),
            pool: event.pool,
            worker: event.worker,
            task: event.task.map(|task| task.id),
            name: event.task.and_then(|task| task.name).map(str::to_owned),
            item: event.task.and_then(|task| task.item),
            site: event.task.map(|task| task.submitted_at),
            depth: event.queue_depth,
            kind: event.kind.clone(),
        });
    }
}

impl Log {
    pub(crate) fn all(&self) -> Vec<Told> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, is_meant: impl Fn(&Told) -> bool) -> usize {
        self.0.lock().unwrap().iter().filter(|told| is_meant(told)).count()
    }

    /// Number of events of this kind.
    pub(crate) fn count_of(&self, kind: &EventKind) -> usize {
        self.count(|told| told.kind == *kind)
    }

    /// Number of sleeps that have been told, by whichever thread.
    pub(crate) fn sleeps(&self) -> usize {
        self.count(|told| matches!(told.kind, EventKind::Blocked(_)))
    }

    /// Waits until this number of sleeps has been told in all.
    #[track_caller]
    pub(crate) fn wait_for_sleeps(&self, sleeps: usize) {
        eventually(|| self.sleeps() >= sleeps);
    }

    /// Waits until this number of threads sleep at the same time.
    #[track_caller]
    pub(crate) fn wait_for_asleep(&self, threads: usize) {
        let awoken = || self.count(|told| matches!(told.kind, EventKind::Unblocked { .. }));
        eventually(|| self.sleeps() >= threads + awoken());
    }

    /// The events of each task, in words and in the order of the task ids.
    pub(crate) fn lives(&self) -> Vec<String> {
        self.lives_by_id().into_values().collect()
    }

    pub(crate) fn lives_by_id(&self) -> BTreeMap<TaskId, String> {
        let mut lives: BTreeMap<TaskId, Vec<Told>> = BTreeMap::new();
        for told in self.all() {
            if let (Some(id), false) = (told.task, matches!(told.kind, EventKind::Blocked(_))) {
                lives.entry(id).or_default().push(told);
            }
        }
        let in_words = |mut life: Vec<Told>| {
            // A cancellation may be told when others know of it already; its time is that of its
            // happening.
            if life.iter().any(|told| matches!(told.kind, EventKind::Cancelled(_))) {
                life.sort_by_key(|told| told.at);
            }
            life.iter().map(|told| word(&told.kind)).collect::<Vec<_>>().join(" ")
        };
        lives.into_iter().map(|(id, life)| (id, in_words(life))).collect()
    }

    /// The events of this thread, in words.
    pub(crate) fn story_of(&self, thread: ThreadId) -> Vec<&'static str> {
        self.all()
            .iter()
            .filter(|told| told.thread == thread)
            .map(|told| word(&told.kind))
            .collect()
    }

    /// The events of this thread that begin and end a sleep.
    pub(crate) fn sleeps_of(&self, thread: ThreadId) -> Vec<&'static str> {
        let story = self.story_of(thread);
        story
            .into_iter()
            .filter(|word| word.starts_with("blocked") || word.starts_with("unblocked"))
            .collect()
    }

    pub(crate) fn my_sleeps(&self) -> Vec<&'static str> {
        self.sleeps_of(thread::current().id())
    }

    /// Asserts what holds of all events of pools that have ended.
    #[track_caller]
    pub(crate) fn assert_it_is_sound(&self) {
        let all = self.all();
        for (id, life) in self.lives_by_id() {
            let is_end = |word: &&str| {
                ["refused", "returned", "panicked", "lost"].contains(word)
                    || word.starts_with("cancelled")
            };
            assert_eq!(life.split(' ').filter(is_end).count(), 1, "{id}: {life}");
            assert!(life.starts_with("submitted"), "{id}: {life}");
        }
        let mut threads: BTreeMap<String, Vec<&Told>> = BTreeMap::new();
        for told in &all {
            assert!(told.at <= told.heard_at, "{told:?}");
            assert!(told.depth <= all.len(), "{told:?}");
            threads.entry(format!("{:?}", told.thread)).or_default().push(told);
        }
        for (thread, story) in threads {
            assert_thread_is_sound(&thread, &story);
        }
    }
}

#[track_caller]
fn assert_thread_is_sound(thread: &str, story: &[&Told]) {
    let (mut asleep, mut last) = (None, story[0].at);
    let mut at_work = 0_usize;
    for told in story {
        match told.kind {
            EventKind::Cancelled(_) => continue,
            EventKind::Blocked(_) => {
                assert!(
                    asleep.replace(told.pool).is_none(),
                    "{thread} goes to sleep twice: {story:?}"
                );
            }
            EventKind::Unblocked { .. } => {
                assert_eq!(asleep.take(), Some(told.pool), "{thread} wakes for another: {story:?}");
            }
            EventKind::Started => at_work += 1,
            EventKind::Finished(Ending::Returned | Ending::Panicked) => {
                at_work = at_work.checked_sub(1).expect("what ends has started in this thread");
            }
            EventKind::WorkerIdle | EventKind::WorkerGone => {
                assert_eq!(at_work, 0, "{thread} is at work: {story:?}");
            }
            _ => {}
        }
        assert!(told.at >= last, "{thread} goes back in time: {story:?}");
        last = told.at;
    }
    assert!(asleep.is_none() && at_work == 0, "{thread} breaks off: {story:?}");
}

pub(crate) fn word(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Submitted => "submitted",
        EventKind::Refused => "refused",
        EventKind::Started => "started",
        EventKind::Finished(Ending::Returned) => "returned",
        EventKind::Finished(Ending::Panicked) => "panicked",
        EventKind::Finished(Ending::Lost) => "lost",
        EventKind::Cancelled(CancelReason::ByCaller) => "cancelled-by-caller",
        EventKind::Cancelled(CancelReason::ByShutdown) => "cancelled-by-shutdown",
        EventKind::Cancelled(CancelReason::PoolBroke(_)) => "cancelled-with-pool",
        EventKind::Cancelled(CancelReason::TaskDropped) => "cancelled-dropped",
        EventKind::Cancelled(CancelReason::Refused(_)) => "cancelled-refused",
        EventKind::Collected => "collected",
        EventKind::CallbackBegan => "callback",
        EventKind::CallbackEnded => "called",
        EventKind::Blocked(BlockedOn::Task) => "blocked-task",
        EventKind::Blocked(BlockedOn::AnyOf(_)) => "blocked-any",
        EventKind::Blocked(BlockedOn::Room) => "blocked-room",
        EventKind::Blocked(BlockedOn::Shutdown) => "blocked-shutdown",
        EventKind::Unblocked { by: Some(_) } => "unblocked-by",
        EventKind::Unblocked { by: None } => "unblocked",
        EventKind::WorkerBorn => "born",
        EventKind::WorkerIdle => "idle",
        EventKind::WorkerGone => "gone",
        EventKind::Closed(_) => "closed",
        _ => "something else",
    }
}

pub(crate) fn observed_by(observer: impl Observer + 'static) -> Builder {
    ThreadPoolExecutor::builder().observer(observer)
}

/// A pool of so many workers that tells the log.
pub(crate) fn observed(max_workers: usize, log: &Log) -> ThreadPoolExecutor {
    observed_by(log.clone()).max_workers(max_workers).build().unwrap()
}

/// A pool of so many workers, and the log of its observer.
pub(crate) fn heard(max_workers: usize) -> (ThreadPoolExecutor, Log) {
    let log = Log::default();
    (observed(max_workers, &log), log)
}

/// A pool whose only worker stands at a gate, and the log of its observer.
pub(crate) fn heard_and_held() -> (ThreadPoolExecutor, Gate, Log) {
    let (pool, log) = heard(1);
    let gate = hold(&pool);
    (pool, gate, log)
}

/// As [`about_to_break`](crate::support::about_to_break), and the log of its observer.
pub(crate) fn heard_and_about_to_break() -> (ThreadPoolExecutor, Gate, Log) {
    let log = Log::default();
    let (pool, gate) = breaks_at_a_gate(observed_by(log.clone()));
    (pool, gate, log)
}

/// A bounded pool, and the log of its observer.
pub(crate) fn heard_and_bounded(workers: usize, capacity: usize) -> (ThreadPoolExecutor, Log) {
    let log = Log::default();
    let builder = observed_by(log.clone()).max_workers(workers).queue_capacity(capacity);
    (builder.build().unwrap(), log)
}

/// A full pool: its worker stands at a gate, and as many tasks are pending as it has room for.
pub(crate) fn heard_and_full(capacity: usize) -> (ThreadPoolExecutor, Gate, Vec<Future<()>>, Log) {
    let (pool, log) = heard_and_bounded(1, capacity);
    let gate = hold(&pool);
    let pending = (0..capacity).map(|_| pool.submit(|| ())).collect();
    (pool, gate, pending, log)
}

/// Asserts that a time counts from the call and not from the question: if it is up before the
/// question, the reader does not go to sleep.
#[track_caller]
pub(crate) fn assert_it_counts_from_the_call<I>(
    log: &Log,
    call: impl FnOnce() -> I,
    times_out: impl FnOnce(I, Duration) -> bool,
) {
    const TIME: Duration = Duration::from_millis(5);
    let made = call();
    thread::sleep(TIME); // for the time to pass
    let before = log.my_sleeps().len();
    assert!(times_out(made, TIME));
    assert_eq!(log.my_sleeps().len(), before, "it sleeps, so its time begins with the question");
}
