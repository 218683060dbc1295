//! Observers that panic, are slow, block, or hold on to things: no task is the worse for it.

use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use glasspool::{
    CancelReason, Event, EventKind, Future, Observer, ReturnWhen, Shutdown, as_completed, wait,
};

use crate::support::{Drops, Gate, PROMPT, PanicsWhenDropped, Tally, Way, eventually, hold, limit};
use crate::told::{Log, Told, observed_by, word};

/// Kinds of events that a pool tells in one short life, by [`lead_a_life`].
pub(crate) const WORDS: &str = "submitted refused started returned panicked cancelled-by-caller collected callback \
    called blocked-task blocked-any blocked-shutdown unblocked born idle gone closed";

/// Far longer than it takes to go to sleep.
const TRY: Duration = Duration::from_millis(20);

/// Has one of everything happen, and checks that all comes out as it would without an observer.
fn lead_a_life(observer: impl Observer + 'static) {
    let pool = observed_by(observer).max_workers(1).build().unwrap();
    let gate = Gate::closed();
    let first = pool.submit(gate.then(|| 1));
    let called = Tally::default();
    let call = called.clone();
    first.add_done_callback(move |_| call.add());
    let panics = pool.submit(|| panic!("boom"));
    let cancelled = pool.submit(|| 3);
    assert!(cancelled.cancel());
    assert!(first.result_timeout(TRY).is_err());
    assert!(wait([&first], Some(TRY), ReturnWhen::AllCompleted).done.is_empty());
    gate.open();
    assert_eq!(first.into_result().unwrap(), 1);
    assert!(panics.result().unwrap_err().to_string().ends_with("boom"));
    assert_eq!(as_completed([&cancelled]).count(), 1);
    assert_eq!(pool.map(0..10, |n| n).map(Result::unwrap).sum::<i32>(), 45);
    assert_eq!(pool.map(0..10, |n| n).unordered().map(Result::unwrap).sum::<i32>(), 45);
    let submitter = pool.submitter();
    let nested = pool.submit(move || submitter.submit(|| 7).into_result().unwrap());
    assert_eq!(nested.into_result().unwrap(), 7);
    eventually(|| pool.stats().idle == 1);
    pool.shutdown(Shutdown::Drain).unwrap();
    assert!(pool.try_submit(|| ()).is_err());
    let stats = pool.stats();
    assert_eq!((stats.panicked, stats.cancelled, stats.lost), (1, 1, 0));
    assert_eq!(stats.submitted, stats.returned + 2);
    assert_eq!(called.count(), 1);
}

#[test]
fn a_life_has_an_event_of_every_kind() {
    let _limit = limit();
    let log = Log::default();
    lead_a_life(log.clone());
    for wanted in WORDS.split(' ') {
        assert!(log.all().iter().any(|told| word(&told.kind) == wanted), "{wanted}");
    }
    log.assert_it_is_sound();
}

#[test]
fn an_observer_that_panics_harms_no_task_and_is_told_no_more_of_that_pool() {
    let _limit = limit();
    for wanted in WORDS.split(' ') {
        let (log, has_panicked) = (Log::default(), Arc::new(AtomicBool::new(false)));
        let (kept, panicked) = (log.clone(), Arc::clone(&has_panicked));
        let shared = Arc::new(move |event: &Event<'_>| {
            kept.observe(event);
            let now = word(&event.kind) == wanted && !panicked.swap(true, SeqCst);
            assert!(!now, "an observer that panics at {wanted}");
        });
        let other = observed_by(Arc::clone(&shared)).max_workers(1).build().unwrap();
        lead_a_life(Arc::clone(&shared));
        assert!(has_panicked.load(SeqCst), "{wanted}");
        let before = log.all().len();
        assert_eq!(other.submit(|| 1).into_result().unwrap(), 1);
        assert!(log.all().len() > before, "the same observer goes on hearing of the other pool");
        drop(other);
    }
}

#[test]
fn an_observer_that_has_panicked_is_told_no_more() {
    let _limit = limit();
    let told = Tally::default();
    let count = told.clone();
    let pool = observed_by(move |_: &Event<'_>| {
        count.add();
        panic!("at the first event");
    });
    let pool = pool.max_workers(1).build().unwrap();
    for n in 0..3 {
        assert_eq!(pool.submit(move || n).into_result().unwrap(), n);
    }
    drop(pool);
    assert_eq!(told.count(), 1);
}

#[test]
fn the_payload_of_an_observer_may_panic_when_it_is_dropped() {
    let _limit = limit();
    lead_a_life(|_: &Event<'_>| panic_any(PanicsWhenDropped));
    let log = Log::default();
    lead_a_life(log.clone());
    assert!(!log.all().is_empty(), "this thread still tells others");
}

#[test]
fn an_observer_that_panics_while_a_panic_goes_past_does_not_end_the_process() {
    let _limit = limit();
    let outcome = thread::spawn(|| {
        let pool = observed_by(|event: &Event<'_>| {
            assert!(!matches!(event.kind, EventKind::Closed(_)), "at the end");
        });
        let pool = pool.max_workers(1).build().unwrap();
        drop(pool.submit(|| ()));
        panic!("which drops the pool");
    });
    assert!(outcome.join().is_err());
}

struct Holder<D>(#[allow(dead_code)] D, Drops);

impl<D: Send + Sync> Observer for Holder<D> {
    fn observe(&self, _: &Event<'_>) {}
}

impl<D> Drop for Holder<D> {
    fn drop(&mut self) {
        drop(self.1.one());
    }
}

#[test]
fn an_observer_whose_drop_panics_harms_nobody() {
    let _limit = limit();
    for keep_future in [false, true] {
        let drops = Drops::default();
        let builder = observed_by(Holder(PanicsWhenDropped, drops.clone())).max_workers(1);
        let pool = builder.build().unwrap();
        let future = pool.submit(|| 1);
        if keep_future {
            drop(pool);
            assert_eq!(drops.count(), 0);
            drop(future);
        } else {
            drop(future);
            drop(pool);
        }
        assert_eq!(drops.count(), 1);
    }
}

/// A stream of ends keeps no observer of futures that it has handed over.
#[test]
fn an_observer_goes_with_the_pool_and_the_last_of_its_futures() {
    let _limit = limit();
    let drops = Drops::default();
    let pool = observed_by(Holder((), drops.clone())).max_workers(2).build().unwrap();
    let (future, submitter) = (pool.submit(|| 1), pool.submitter());
    let mut ends = as_completed([pool.submit(|| 2)]);
    drop(ends.next());
    let unread = pool.map(0..3, |n| n);
    drop((pool, submitter, unread));
    assert_eq!(drops.count(), 0);
    assert_eq!(future.into_result().unwrap(), 1);
    assert_eq!(drops.count(), 1);
    assert!(ends.next().is_none());
}

/// Blocks at events of this kind until the gate opens.
fn stops_at(wanted: &'static str, way: Arc<Way>) -> impl Observer {
    move |event: &Event<'_>| {
        if word(&event.kind) == wanted {
            way.pass();
        }
    }
}

#[test]
fn an_observer_that_blocks_a_fresh_worker_does_not_block_the_submitter() {
    let _limit = limit();
    for stop in ["born", "started"] {
        let gate = Gate::closed();
        let pool = observed_by(stops_at(stop, gate.way())).max_workers(2).build().unwrap();
        let futures = [0, 1, 2].map(|n| pool.submit(move || n));
        assert!(futures[0].running() && futures[1].running(), "{stop}");
        assert!(!futures[2].running());
        assert!(futures[2].cancel());
        gate.open();
        assert_eq!(futures[0].result().unwrap(), &0);
        drop(pool);
    }
}

#[test]
fn an_observer_that_blocks_an_idle_worker_does_not_block_another() {
    let _limit = limit();
    let (gate, first) = (Gate::closed(), AtomicBool::new(true));
    let way = gate.way();
    let observer = move |event: &Event<'_>| {
        if event.kind == EventKind::WorkerIdle && first.swap(false, SeqCst) {
            way.pass();
        }
    };
    let pool = observed_by(observer).max_workers(2).build().unwrap();
    pool.submit(|| ()).result().unwrap();
    gate.wait_for(1);
    let future = pool.submit(|| ());
    let in_time = future.result_timeout(PROMPT).is_ok();
    gate.open();
    assert!(in_time, "there could have been another worker");
}

#[test]
fn an_observer_that_blocks_a_closing_thread_does_not_block_readers() {
    let _limit = limit();
    let (stop, log) = (Gate::closed(), Log::default());
    let (stops, kept) = (stops_at("cancelled-by-shutdown", stop.way()), log.clone());
    let both = move |event: &Event<'_>| {
        kept.observe(event);
        stops.observe(event);
    };
    let pool = observed_by(both).max_workers(1).build().unwrap();
    let gate = hold(&pool);
    let pending = [(); 3].map(|()| pool.submit(|| ()));
    thread::scope(|scope| {
        scope.spawn(|| pool.close(Shutdown::CancelPending));
        stop.wait_for(1);
        assert!(pending.iter().all(|future| future.result().is_err()));
        stop.open();
    });
    gate.open();
    let last = log.all().iter().filter_map(|told| told.task).max();
    let of_last = |told: Told| (told.task == last).then(|| word(&told.kind));
    let life: Vec<_> = log.all().into_iter().filter_map(of_last).collect();
    assert_eq!(life, ["submitted", "collected", "cancelled-by-shutdown"]);
}

#[test]
fn a_slow_observer_makes_no_outcome_wrong() {
    let _limit = limit();
    lead_a_life(|_: &Event<'_>| thread::sleep(Duration::from_micros(300)));
}

#[test]
fn each_of_many_tasks_from_eight_threads_ends_once() {
    let _limit = limit();
    let log = Log::default();
    let pool = observed_by(log.clone()).max_workers(3).queue_capacity(20);
    let pool = pool.keep_alive(Duration::from_micros(50)).build().unwrap();
    thread::scope(|scope| {
        for seed in 0..8_usize {
            let (pool, submitter) = (&pool, pool.submitter());
            scope.spawn(move || {
                for round in 0..150 {
                    match (seed + round) % 6 {
                        0 => drop(pool.submit(|| ()).cancel()),
                        1 => drop(pool.try_submit(|| panic!("boom"))),
                        2 => assert_eq!(pool.map(0..5, |n| n).take(2).count(), 2),
                        3 => {
                            let inside = submitter.clone();
                            let nested = move || inside.submit(|| 1).into_result().unwrap();
                            assert_eq!(submitter.submit(nested).into_result().unwrap(), 1);
                        }
                        4 => drop(wait(
                            [pool.submit(|| 1), pool.submit(|| 2)],
                            Some(Duration::from_micros(20)),
                            ReturnWhen::FirstCompleted,
                        )),
                        _ => assert_eq!(pool.map_buffered(0..9, 3, |n| n).count(), 9),
                    }
                }
            });
        }
    });
    pool.close(Shutdown::CancelPending);
    drop(pool);
    log.assert_it_is_sound();
    assert_eq!(log.all().last().unwrap().depth, 0);
    let born = log.count_of(&EventKind::WorkerBorn);
    assert!(born > 0 && born == log.count_of(&EventKind::WorkerGone));
    let cancelled = |told: &Told| told.kind == EventKind::Cancelled(CancelReason::ByCaller);
    assert!(log.count(cancelled) > 0);
}

#[test]
fn a_pool_has_one_observer_the_last_that_was_given() {
    let _limit = limit();
    let (first, second) = (Log::default(), Log::default());
    let pool = observed_by(first.clone()).observer(second.clone()).max_workers(1).build().unwrap();
    pool.submit(|| ()).result().unwrap();
    drop(pool);
    assert!(first.all().is_empty() && !second.all().is_empty());
    let shared: Arc<dyn Observer> = Arc::new(first.clone());
    drop(observed_by(shared).max_workers(1).build().unwrap());
    assert!(!first.all().is_empty());
}

/// The observer looks at the future whose step it is told of, which takes that future's lock.
#[test]
fn an_observer_may_look_at_the_future_that_it_is_told_of() {
    let _limit = limit();
    let (watched, looks) = (Arc::new(OnceLock::<Future<u8>>::new()), Tally::default());
    let (seen, looked) = (Arc::clone(&watched), looks.clone());
    let observer = move |event: &Event<'_>| {
        if let Some(future) = seen.get() {
            if matches!(event.kind, EventKind::Finished(_)) {
                assert!(future.running());
                looked.add();
            }
        }
    };
    let pool = observed_by(observer).max_workers(1).build().unwrap();
    let gate = Gate::closed();
    assert!(watched.set(pool.submit(gate.then(|| 7))).is_ok());
    gate.open();
    assert_eq!(watched.get().unwrap().result().unwrap(), &7);
    assert_eq!(looks.count(), 1);
}
