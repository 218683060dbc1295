//! Observers that come back in: they submit, read, cancel, ask and close, in the middle of what
//! they are told of.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;

use glasspool::{Event, EventKind, Future, Observer, Shutdown, Submitter, ThreadPoolExecutor};

use crate::observers::WORDS;
use crate::support::{Gate, Tally, eventually, limit};
use crate::told::{Log, observed_by, word};

/// An observer that can be given something to hold, once there is a pool.
struct Late<D>(Arc<OnceLock<D>>, fn(&D, &Event<'_>));

impl<D: Send + Sync> Observer for Late<D> {
    fn observe(&self, event: &Event<'_>) {
        if let Some(held) = self.0.get() {
            self.1(held, event);
        }
    }
}

#[test]
fn an_observer_that_asks_its_pool_at_every_event_is_answered() {
    let _limit = limit();
    let held = Arc::new(OnceLock::<(Submitter, Tally)>::new());
    let asks = Late(Arc::clone(&held), |(submitter, asked), _| {
        assert!(submitter.stats().workers <= 3);
        asked.add();
    });
    let pool = observed_by(asks).max_workers(2).build().unwrap();
    let asked = Tally::default();
    assert!(held.set((pool.submitter(), asked.clone())).is_ok());
    assert_eq!(pool.map(0..100, |n| n).count(), 100);
    drop(pool); // and that does not hang, although the observer has a handle
    assert!(asked.count() > 300, "{}", asked.count());
    held.get().unwrap().0.try_submit(|| ()).unwrap_err();
}

#[test]
fn events_that_an_observer_causes_are_not_told() {
    let _limit = limit();
    let held = Arc::new(OnceLock::<(Submitter, Log)>::new());
    let submits = Late(Arc::clone(&held), |(submitter, log), event| {
        log.observe(event);
        if event.kind == EventKind::Submitted {
            let _ = submitter.submit(|| ()).cancel();
        }
    });
    let pool = observed_by(submits).max_workers(1).build().unwrap();
    let log = Log::default();
    assert!(held.set((pool.submitter(), log.clone())).is_ok());
    pool.submit(|| ()).result().unwrap();
    pool.submit(|| ()).result().unwrap();
    pool.shutdown(Shutdown::Drain).unwrap();
    let told = log.lives();
    assert_eq!(log.count_of(&EventKind::Submitted), 2, "{told:?}");
    assert_eq!(log.all().last().unwrap().depth, 0);
}

#[test]
fn tasks_that_an_observer_submits_are_run() {
    let _limit = limit();
    let held = Arc::new(OnceLock::<(Submitter, Tally, AtomicUsize)>::new());
    let submits = Late(Arc::clone(&held), |(submitter, ran, submitted), _| {
        if submitted.fetch_add(1, SeqCst) < 50 {
            let ran = ran.clone();
            drop(submitter.try_submit(move || ran.add()));
        }
    });
    let pool = observed_by(submits).max_workers(2).build().unwrap();
    let ran = Tally::default();
    assert!(held.set((pool.submitter(), ran.clone(), AtomicUsize::new(0))).is_ok());
    assert_eq!(pool.map(0..10, |n| n).count(), 10);
    eventually(|| held.get().unwrap().2.load(SeqCst) >= 50 || pool.stats().idle > 0);
    let taken = usize::try_from(pool.stats().submitted).unwrap();
    pool.shutdown(Shutdown::WhenIdle).unwrap();
    assert!(ran.count() >= 10 && ran.count() + 60 >= taken, "{} {taken}", ran.count());
}

#[test]
fn an_observer_that_submits_at_every_event_comes_to_an_end() {
    let _limit = limit();
    let held = Arc::new(OnceLock::<(Submitter, AtomicUsize)>::new());
    let submits = Late(Arc::clone(&held), |(submitter, submitted), _| {
        if submitted.fetch_add(1, SeqCst) < 100_000 {
            drop(submitter.try_submit(|| ()));
        }
    });
    let pool = observed_by(submits).max_workers(1).build().unwrap();
    assert!(held.set((pool.submitter(), AtomicUsize::new(0))).is_ok());
    pool.submit(|| ()).result().unwrap();
    pool.shutdown(Shutdown::WhenIdle).unwrap();
    assert!(held.get().unwrap().1.load(SeqCst) < 100_000, "there is no end to it");
}

#[test]
fn an_observer_that_reads_cancels_and_closes_does_not_hang() {
    let _limit = limit();
    for wanted in WORDS.split(' ') {
        let held =
            Arc::new(OnceLock::<(Weak<ThreadPoolExecutor>, Mutex<Option<Future<i32>>>)>::new());
        let inner = Arc::clone(&held);
        let meddles = move |event: &Event<'_>| {
            let Some((pool, future)) = inner.get() else { return };
            if word(&event.kind) != wanted {
                return;
            }
            if let Some(future) = future.lock().unwrap().take() {
                future.cancel();
                let _ = future.result();
                if let Some(pool) = pool.upgrade() {
                    pool.close(Shutdown::Drain); // and it may be the last to have it
                }
            }
        };
        let pool = Arc::new(observed_by(meddles).max_workers(1).build().unwrap());
        let gate = Gate::closed();
        let first = pool.submit(gate.then(|| 1));
        let late = pool.submit(|| 2);
        assert!(held.set((Arc::downgrade(&pool), Mutex::new(Some(late)))).is_ok());
        let last = pool.try_submit(|| 3);
        gate.open();
        assert_eq!(first.result().unwrap(), &1);
        drop(last);
        drop(pool);
    }
}

#[test]
fn an_observer_that_drops_the_last_handle_of_its_pool_closes_it() {
    let _limit = limit();
    for wanted in ["started", "returned", "idle", "collected", "blocked-task"] {
        let held = Arc::new(Mutex::new(None::<ThreadPoolExecutor>));
        let (inner, log) = (Arc::clone(&held), Log::default());
        let kept = log.clone();
        let drops_it = move |event: &Event<'_>| {
            kept.observe(event);
            if word(&event.kind) == wanted {
                let pool = inner.lock().unwrap().take();
                drop(pool);
            }
        };
        let pool = observed_by(drops_it).max_workers(1).build().unwrap();
        let gate = Gate::closed();
        let (future, submitter) = (pool.submit(gate.then(|| 1)), pool.submitter());
        gate.wait_for(1);
        *held.lock().unwrap() = Some(pool);
        let second = submitter.submit(|| 2);
        if wanted == "blocked-task" {
            gate.open(); // its drop waits for the end
        } else {
            thread::spawn(move || gate.open());
        }
        let sum = future.into_result().unwrap() + second.into_result().unwrap();
        assert_eq!(sum, 3, "{wanted}");
        eventually(|| submitter.try_submit(|| ()).is_err() || held.lock().unwrap().is_some());
        let leftover = held.lock().unwrap().take();
        drop(leftover);
    }
}
