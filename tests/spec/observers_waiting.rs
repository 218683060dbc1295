//! Observers that wait for something themselves, in the middle of an event: no thread waits twice
//! for that, and no reader sleeps longer.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Event, EventKind, Future, NestedWait, ThreadPoolExecutor};

use crate::nesting::{is_deadlock, pool_of, there};
use crate::support::{Gate, PROMPT, eventually, limit, pool};
use crate::told::observed_by;

type Shared<T> = Arc<OnceLock<Arc<Future<T>>>>;

fn observed(
    workers: usize,
    observer: impl Fn(&Event<'_>) + Send + Sync + 'static,
) -> ThreadPoolExecutor {
    observed_by(observer).max_workers(workers).build().unwrap()
}

#[test]
fn an_observer_that_is_slow_to_hear_of_a_reader_keeps_no_other_reader_waiting() {
    let _limit = limit();
    let gate = Gate::closed();
    let way = gate.way();
    let pool = observed(1, move |event| {
        if event.kind == EventKind::Collected {
            way.pass();
        }
    });
    let future = Arc::new(pool.submit(|| 1));
    eventually(|| future.done());
    let other = Arc::clone(&future);
    let reader = thread::spawn(move || *other.result().unwrap());
    gate.wait_for(1);
    assert_eq!(future.try_result().unwrap().unwrap(), &1, "while the other's observer is busy");
    gate.open();
    assert_eq!(reader.join().unwrap(), 1);
}

#[test]
fn an_observer_that_reads_a_result_that_is_just_being_read_is_answered() {
    let _limit = limit();
    let future: Shared<u8> = Arc::default();
    let (inside, tell) = (Arc::clone(&future), Arc::new(AtomicBool::new(false)));
    let told = Arc::clone(&tell);
    let pool = observed(1, move |event| {
        if let (EventKind::Collected, Some(future)) = (&event.kind, inside.get()) {
            assert_eq!(future.result().unwrap(), &1);
            told.store(true, SeqCst);
        }
    });
    let submitted = Arc::new(pool.submit(|| 1));
    eventually(|| submitted.done());
    assert!(future.set(Arc::clone(&submitted)).is_ok());
    assert_eq!(submitted.result().unwrap(), &1);
    assert!(tell.load(SeqCst));
}

/// An observer that waits when it hears of a sleep does not put its thread into the graph of waits
/// twice. (If it did, the next thread to leave would take the wrong entry along.) Whichever of the
/// two begins to wait last is told; the rounds make that `b` often.
#[test]
fn a_cycle_is_found_also_if_an_observer_has_waited_on_its_way() {
    let _limit = limit();
    for _ in 0..20 {
        let others = pool(4);
        let gates = [(); 2].map(|()| Gate::closed());
        let [first, second] = gates.each_ref().map(|gate| others.submit(gate.then(|| ())));
        let stranger = others.submit(move || first.into_result().is_ok());
        eventually(|| others.stats().blocked == 1); // the stranger is the first who waits
        let (second, (tell, told)) = (Mutex::new(Some(second)), mpsc::channel());
        let pool = observed(2, move |event| {
            if event.worker.is_some() && matches!(event.kind, EventKind::Blocked(_)) {
                if let Some(second) = second.lock().unwrap().take() {
                    tell.send(()).unwrap();
                    let _ = second.into_result();
                    tell.send(()).unwrap();
                }
            }
        });
        let (slot, go): (Shared<_>, _) = (Arc::default(), Gate::closed());
        let closes = Arc::clone(&slot);
        let b = pool.submit(go.then(move || there(&closes).result().cloned()));
        go.wait_for(1);
        let b = Arc::new(b);
        let waited_for = Arc::clone(&b);
        let a = Arc::new(pool.submit(move || waited_for.result().map(drop)));
        assert!(slot.set(Arc::clone(&a)).is_ok());
        let [open_first, open_second] = gates;
        told.recv().unwrap();
        open_first.open();
        assert!(stranger.into_result().unwrap());
        open_second.open();
        told.recv().unwrap();
        go.open();
        let found = b.result_timeout(PROMPT).expect("it does not hang").unwrap();
        let of_a = a.result().unwrap();
        assert!(is_deadlock(found) || is_deadlock(of_a), "{found:?} {of_a:?}");
    }
}

/// A worker whose observer waits is not counted twice: then it would seem that all of them wait.
#[test]
fn no_deadlock_is_told_because_an_observer_waits() {
    let _limit = limit();
    let held: Arc<Mutex<Option<Future<()>>>> = Arc::default();
    let (taken, (tell, told)) = (Arc::clone(&held), mpsc::channel());
    let others = observed(8, move |event| {
        let of_another_pool = event.worker.is_some_and(|worker| worker.pool() != event.pool);
        if of_another_pool && matches!(event.kind, EventKind::Blocked(_)) {
            if let Some(future) = taken.lock().unwrap().take() {
                tell.send(()).unwrap();
                let _ = future.into_result();
            }
        }
    });
    let last: Shared<u8> = Arc::default();
    let waits_for_last = || {
        let last = Arc::clone(&last);
        move || drop(there(&last).result().cloned())
    };
    let b = others.submit(waits_for_last());
    *held.lock().unwrap() = Some(others.submit(waits_for_last()));
    let (pool, gate) = (pool_of(2, NestedWait::Block), Gate::closed());
    let busy = pool.submit(gate.then(|| ()));
    let waits = pool.submit(move || b.into_result().is_ok());
    let pending = pool.submit(|| 7);
    told.recv().unwrap(); // the observer goes to wait
    let asks = Arc::new(others.submit(move || pending.into_result().unwrap_or(0)));
    assert!(last.set(Arc::clone(&asks)).is_ok());
    eventually(|| others.stats().blocked == 3);
    gate.open();
    assert_eq!(asks.result().unwrap(), &7, "a worker comes for it");
    assert!(busy.into_result().is_ok() && waits.into_result().unwrap());
}

#[test]
fn a_deadline_does_not_hurry_an_observer() {
    let _limit = limit();
    let slow = Duration::from_millis(50);
    let pool = observed(1, move |event| {
        if matches!(event.kind, EventKind::Blocked(_)) {
            thread::sleep(slow); // as a slow observer does
        }
    });
    let gate = Gate::closed();
    let future = pool.submit(gate.then(|| ()));
    let began = Instant::now();
    assert!(future.result_timeout(Duration::from_millis(1)).is_err());
    assert!(began.elapsed() >= slow);
    gate.open();
    assert!(future.into_result().is_ok());
}
