//! Recorders: they keep all events up to a bound, and count the others.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::timeline::{Entry, Recorder, Trace};
use glasspool::{Event, EventKind, Observer, Shutdown, Submitter};

use crate::support::{Gate, alone, kib_grown, limit};
use crate::told::{Log, observed_by, word};

/// A recorder, and beside it how much it was told.
#[derive(Clone)]
struct Counted {
    recorder: Arc<Recorder>,
    told: Arc<AtomicUsize>,
}

impl Counted {
    fn with_capacity(events: usize) -> Self {
        Self { recorder: Arc::new(Recorder::with_capacity(events)), told: Arc::default() }
    }

    fn told(&self) -> usize {
        self.told.load(SeqCst)
    }

    /// The trace, whose counts are checked.
    #[track_caller]
    fn trace(&self) -> Trace {
        let trace = self.recorder.trace();
        let dropped = usize::try_from(trace.dropped()).unwrap();
        assert_eq!(trace.entries().len() + dropped, self.told());
        assert!(trace.entries().is_sorted_by_key(|entry| entry.at));
        assert!(trace.entries().iter().all(|entry| entry.thread < trace.threads().len()));
        assert!(!trace.breaks_off());
        trace
    }
}

impl Observer for Counted {
    fn observe(&self, event: &Event<'_>) {
        self.told.fetch_add(1, SeqCst);
        self.recorder.observe(event);
    }
}

/// So many threads submit so much to a pool of so many workers.
fn hammer(observer: impl Observer + 'static, threads: usize, workers: usize, rounds: usize) {
    let pool = observed_by(observer).max_workers(workers).build().unwrap();
    thread::scope(|scope| {
        let submitting = || {
            for round in 0..rounds {
                drop(pool.named(format!("round {round}")).submit(|| ()));
            }
            assert_eq!(pool.map(0..rounds, |n| n).count(), rounds);
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(submitting)).collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_recorder_keeps_all_events_below_its_bound() {
    let _limit = limit();
    let kept = Counted::with_capacity(100_000);
    hammer(kept.clone(), 8, 4, 200);
    let trace = kept.trace();
    assert_eq!(trace.dropped(), 0);
    assert_eq!(trace.tasks().len(), 8 * 400);
    assert!(trace.threads().len() <= 8 + 4 + 1 && trace.threads().len() > 8);
}

#[test]
fn a_recorder_keeps_all_events_up_to_the_very_last_below_its_bound() {
    let _limit = limit();
    let count = Counted::with_capacity(0);
    let refused = |kept: &Counted| {
        let pool = observed_by(kept.clone()).max_workers(1).build().unwrap();
        pool.shutdown(Shutdown::Drain).unwrap();
        (0..500).for_each(|_| drop(pool.try_submit(|| ())));
    };
    refused(&count);
    let told = count.told(); // the same number every time
    for capacity in [told, told + 1] {
        let kept = Counted::with_capacity(capacity);
        refused(&kept);
        assert_eq!(kept.trace().dropped(), 0, "{capacity}");
    }
    let kept = Counted::with_capacity(told / 2);
    refused(&kept);
    assert!(kept.trace().dropped() > 0);
}

/// The first event that is dropped is one of the worker; later ones of the caller are behind the
/// cut.
#[test]
fn a_trace_that_was_cut_knows_the_tasks_that_are_in_it_and_can_be_read_back() {
    let _limit = limit();
    let recorder = Arc::new(Recorder::with_capacity(16));
    let pool = observed_by(Arc::clone(&recorder)).max_workers(1).build().unwrap();
    let (submitter, (tell, told)) = (pool.submitter(), mpsc::channel());
    drop(pool.submit(move || {
        (0..50).for_each(|n| drop(submitter.submit(move || n)));
        tell.send(()).unwrap();
    }));
    told.recv().unwrap();
    drop(pool.submit(|| ()));
    drop(pool);
    let trace = recorder.trace();
    assert!(trace.dropped() > 0);
    let is_submit = |entry: &&Entry| entry.kind == EventKind::Submitted;
    assert_eq!(trace.tasks().len(), trace.entries().iter().filter(is_submit).count());
    let mut file = Vec::new();
    trace.write(&mut file).unwrap();
    assert_eq!(Trace::read(&*file).unwrap(), trace);
}

/// A cancel is told later than it happens, so the first event that is dropped need not be the first
/// that happened. The callbacks are slow to make that so.
#[test]
fn a_full_recorder_keeps_no_event_behind_the_first_that_it_has_dropped() {
    let _limit = limit();
    for capacity in 14..34 {
        let recorder = Arc::new(Recorder::with_capacity(capacity));
        let pool = observed_by(Arc::clone(&recorder)).max_workers(1).build().unwrap();
        let gate = Gate::closed();
        drop(pool.submit(gate.then(|| ())));
        let pending: Vec<_> = (0..8).map(|_| pool.submit(|| ())).collect();
        for future in &pending {
            future.add_done_callback(|_| thread::sleep(Duration::from_micros(200)));
        }
        pool.close(Shutdown::CancelPending);
        gate.open();
        drop(pool);
        let trace = recorder.trace();
        let is_cancel = |entry: &&Entry| matches!(entry.kind, EventKind::Cancelled(_));
        let cancels = trace.entries().iter().filter(is_cancel).count();
        let is_callback = |entry: &&Entry| entry.kind == EventKind::CallbackEnded;
        let callbacks = trace.entries().iter().filter(is_callback).count();
        // All eight are cancelled before the first is called back.
        assert!(
            cancels == 8 || callbacks == 0,
            "{capacity}: {cancels} cancelled, {callbacks} called back"
        );
    }
}

#[test]
fn a_recorder_counts_the_events_past_its_bound() {
    let _limit = limit();
    for capacity in [0, 1, 2, 10, 15, 16, 17, 100, 1000] {
        let kept = Counted::with_capacity(capacity);
        hammer(kept.clone(), 3, 2, 200);
        let trace = kept.trace();
        let (entries, threads) = (trace.entries().len(), 3 + 2 + 1);
        assert!(kept.told() > 1200 && trace.dropped() > 0, "{capacity}");
        assert!(entries >= capacity, "{capacity}: {entries}");
        assert!(entries <= capacity + threads * (capacity / 16 + 1), "{capacity}: {entries}");
        assert!(trace.threads().len() <= threads);
        if capacity == 0 {
            assert_eq!((entries, trace.threads().len(), trace.tasks().len()), (0, 0, 0));
        }
    }
}

/// Log and recorder, told the same.
fn both(log: &Log, recorder: &Arc<Recorder>) -> impl Observer + use<> {
    let (log, recorder) = (log.clone(), Arc::clone(recorder));
    move |event: &Event<'_>| {
        log.observe(event);
        recorder.observe(event);
    }
}

#[test]
fn a_recorder_keeps_the_first_events_of_each_thread() {
    let _limit = limit();
    for capacity in [200, 10_000] {
        let (log, recorder) = (Log::default(), Arc::new(Recorder::with_capacity(capacity)));
        hammer(both(&log, &recorder), 1, 3, 200);
        let trace = recorder.trace();
        let mut told: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for event in log.all() {
            // This thread, and the one that submits, are no workers.
            let who = event.worker.map(|worker| worker.index());
            told.entry(who).or_default().push((word(&event.kind), event.task, event.depth));
        }
        for (number, thread) in trace.threads().iter().enumerate() {
            let Some(worker) = thread.worker else { continue };
            assert!(thread.name.ends_with(&format!("_{}", worker.index())), "{thread:?}");
            let of_it = trace.entries().iter().filter(|entry| entry.thread == number);
            let kept: Vec<_> =
                of_it.map(|entry| (word(&entry.kind), entry.task, entry.queue_depth)).collect();
            assert!(told[&Some(worker.index())].starts_with(&kept), "{capacity}");
        }
        let submitted: Vec<_> = log.all();
        for (id, task) in trace.tasks() {
            let told = submitted.iter().find(|told| told.task == Some(id)).unwrap();
            assert_eq!((told.name.as_deref(), told.item), (task.name.as_deref(), task.item));
            assert_eq!(told.site.unwrap().to_string(), *task.submitted_at);
        }
    }
}

#[test]
fn threads_that_come_and_go_by_the_thousand_fill_a_recorder_and_no_more() {
    let _limit = limit();
    let kept = Counted::with_capacity(1000);
    let pool = observed_by(kept.clone()).max_workers(1).build().unwrap();
    thread::scope(|scope| {
        for _ in 0..2000 {
            scope.spawn(|| drop(pool.submit(|| ()))).join().unwrap();
        }
    });
    drop(pool);
    let trace = kept.trace();
    let (entries, threads) = (trace.entries().len(), trace.threads().len());
    assert!(trace.dropped() > 0 && (1000..=1000 + 3 * 63).contains(&entries), "{entries}");
    assert!(threads <= 1000, "{threads}");
}

#[test]
fn workers_that_come_and_go_each_have_their_name() {
    let _limit = limit();
    let kept = Counted::with_capacity(100_000);
    let pool = observed_by(kept.clone()).max_workers(1).keep_alive(Duration::ZERO);
    let pool = pool.thread_name_prefix("short").build().unwrap();
    for _ in 0..300 {
        pool.submit(|| ()).result().unwrap();
        thread::yield_now();
    }
    drop(pool);
    let trace = kept.trace();
    assert_eq!(trace.dropped(), 0);
    let born = trace.entries().iter().filter(|entry| entry.kind == EventKind::WorkerBorn).count();
    assert_eq!(trace.threads().iter().filter(|thread| thread.name == "short_0").count(), born);
}

#[test]
fn a_recorder_can_be_asked_while_it_records() {
    let _limit = limit();
    for capacity in [1000, 1_000_000] {
        let kept = Counted::with_capacity(capacity);
        thread::scope(|scope| {
            let hammering = scope.spawn(|| hammer(kept.clone(), 3, 2, 1000));
            let mut last = kept.recorder.trace();
            while !hammering.is_finished() {
                let trace = kept.recorder.trace();
                assert!(trace.entries().len() >= last.entries().len());
                assert!(trace.dropped() >= last.dropped());
                assert_eq!(trace.threads()[..last.threads().len()], *last.threads());
                assert!(trace.entries().is_sorted_by_key(|entry| entry.at));
                last = trace;
            }
            hammering.join().unwrap();
        });
        assert_eq!(kept.trace(), kept.trace());
    }
}

#[test]
fn several_recorders_in_one_thread_do_not_mix() {
    let _limit = limit();
    let kept = [Counted::with_capacity(1000), Counted::with_capacity(1000)];
    let pools =
        kept.each_ref().map(|kept| observed_by(kept.clone()).max_workers(1).build().unwrap());
    for round in 0..20 {
        pools[round % 2].submit(|| ()).result().unwrap();
    }
    let ids = pools.each_ref().map(glasspool::ThreadPoolExecutor::id);
    drop(pools);
    for (kept, id) in kept.iter().zip(ids) {
        let trace = kept.trace();
        assert!(trace.entries().iter().all(|entry| entry.pool == id));
        assert_eq!(trace.tasks().len(), 10);
    }
    let [first, second] = kept;
    let (one, other) = (Arc::clone(&first.recorder), Arc::clone(&second.recorder));
    let before = first.recorder.trace().entries().len();
    hammer(
        move |event: &Event<'_>| {
            one.observe(event);
            other.observe(event);
        },
        1,
        1,
        3,
    );
    let added = |kept: &Counted| kept.recorder.trace().entries().len();
    assert!(added(&first) > before && added(&second) > before);
}

#[test]
fn two_pools_with_one_recorder_are_in_one_trace() {
    let _limit = limit();
    let kept = Counted::with_capacity(1000);
    let pools = [1, 2].map(|n| observed_by(kept.clone()).max_workers(n).build().unwrap());
    for pool in &pools {
        assert_eq!(pool.map(0..5, |n| n).count(), 5);
    }
    let ids = pools.each_ref().map(glasspool::ThreadPoolExecutor::id);
    drop(pools);
    let trace = kept.trace();
    for id in ids {
        assert!(trace.entries().iter().any(|entry| entry.pool == id));
    }
    assert_eq!(trace.tasks().len(), 10);
}

struct SubmitsAtExit(Submitter);

impl Drop for SubmitsAtExit {
    fn drop(&mut self) {
        for _ in 0..5 {
            drop(self.0.submit(|| ()));
        }
    }
}

thread_local! {
    static AT_EXIT: RefCell<Option<SubmitsAtExit>> = const { RefCell::new(None) };
}

#[test]
fn events_of_a_thread_that_ends_are_kept_too() {
    let _limit = limit();
    for first in [true, false] {
        for capacity in [1000, 0, 1, 20] {
            let kept = Counted::with_capacity(capacity);
            let pool = observed_by(kept.clone()).max_workers(1).build().unwrap();
            let submitter = pool.submitter();
            let ending = thread::Builder::new().name("ending".to_owned()).spawn(move || {
                let at_exit = SubmitsAtExit(submitter.clone());
                // Thread-locals go in the order in which they were first used, or the other way
                // round.
                if first {
                    AT_EXIT.set(Some(at_exit));
                    drop(submitter.submit(|| ()));
                } else {
                    drop(submitter.submit(|| ()));
                    AT_EXIT.set(Some(at_exit));
                }
            });
            ending.unwrap().join().unwrap();
            drop(pool);
            let trace = kept.trace();
            if capacity == 1000 {
                assert_eq!((trace.dropped(), trace.tasks().len()), (0, 6));
                let named = trace.threads().iter().filter(|thread| thread.name == "ending");
                assert_eq!(named.count(), 1, "it is one thread: {:?}", trace.threads());
            }
        }
    }
}

#[test]
fn a_recorder_that_goes_before_its_pool_leaves_nothing_behind_in_the_way() {
    let _limit = limit();
    let current = Arc::new(Mutex::new(Some(Arc::new(Recorder::default()))));
    let told = Arc::clone(&current);
    let pool = observed_by(move |event: &Event<'_>| {
        let recorder = told.lock().unwrap().clone();
        if let Some(recorder) = recorder {
            recorder.observe(event);
        }
    });
    let pool = pool.max_workers(2).build().unwrap();
    for round in 0..10 {
        assert_eq!(pool.map(0..20, |n| n).count(), 20);
        let next = (round % 3 > 0).then(Arc::default);
        let last = std::mem::replace(&mut *current.lock().unwrap(), next);
        assert!(last.is_none_or(|recorder| recorder.trace().tasks().len() == 20));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_memory_of_one_recorder_is_bounded_and_that_of_many() {
    alone(|| {
        let kept = Counted::with_capacity(10_000);
        let pool = observed_by(kept.clone()).max_workers(1).build().unwrap();
        assert_eq!(pool.map(0..20_000, |n| n).count(), 20_000);
        let grown = kib_grown(|| drop(pool.named("name").submit(|| ()).result()));
        assert!(grown < 4096, "a full one grows by {grown} KiB");
        let current = Arc::new(Mutex::new(Recorder::with_capacity(1000)));
        let told = Arc::clone(&current);
        let closed = observed_by(move |event: &Event<'_>| told.lock().unwrap().observe(event));
        let closed = closed.max_workers(1).build().unwrap();
        closed.close(Shutdown::Drain);
        let grown = kib_grown(|| {
            *current.lock().unwrap() = Recorder::with_capacity(1000);
            drop(closed.try_submit(|| ()));
        });
        assert!(grown < 4096, "one after the other, they grow by {grown} KiB");
    });
}

#[test]
fn keeping_an_event_costs_little() {
    let _limit = limit();
    let kept = Counted::with_capacity(1_000_000);
    let pool = observed_by(kept.clone()).max_workers(1).build().unwrap();
    pool.close(Shutdown::Drain);
    let began = Instant::now();
    (0..50_000).for_each(|_| drop(pool.try_submit(|| ())));
    // Far more than it takes: this is a debug build, on a machine that is busy.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
