//! Observers that wait for something themselves, in the middle of what they are told of: of no wait
//! does that make another, and of no reader a sleeper.
use crate::support::within;
use glasspool::{Event, EventKind, Future, NestedWait, TaskError, ThreadPoolExecutor};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

type Shared<T> = Arc<OnceLock<Arc<Future<T>>>>;

fn observed(
    workers: usize,
    observer: impl Fn(&Event<'_>) + Send + Sync + 'static,
) -> ThreadPoolExecutor {
    ThreadPoolExecutor::builder().max_workers(workers).observer(observer).build().unwrap()
}

fn wait_for<T>(future: &Future<T>) {
    while !future.done() {
        thread::yield_now();
    }
}

#[test]
fn an_observer_that_is_slow_to_hear_of_a_reader_keeps_no_other_reader_waiting() {
    within(|| {
        let (tell, told) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let pool = observed(1, move |event| {
            if event.kind == EventKind::Collected {
                tell.send(()).unwrap();
                let _ = gate.lock().unwrap().recv();
            }
        });
        let future = Arc::new(pool.submit(|| 1));
        wait_for(&future);
        let other = Arc::clone(&future);
        let reader = thread::spawn(move || *other.result().unwrap());
        told.recv().unwrap();
        assert_eq!(future.try_result().unwrap().unwrap(), &1, "while the other's observer is busy");
        drop(open);
        assert_eq!(reader.join().unwrap(), 1);
    });
}

#[test]
fn an_observer_that_reads_a_result_that_is_just_being_read_is_answered() {
    within(|| {
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
        wait_for(&submitted);
        assert!(future.set(Arc::clone(&submitted)).is_ok());
        assert_eq!(submitted.result().unwrap(), &1);
        assert!(tell.load(SeqCst));
    });
}

/// One that waits when it is told that a task's thread goes to sleep: that thread does not stand
/// among those who wait twice. (If it did, whoever leaves next would take the wrong one of the two
/// along.)
#[test]
fn a_cycle_is_found_also_if_an_observer_has_waited_on_its_way() {
    within(|| {
        let others = ThreadPoolExecutor::new(4).unwrap();
        let gate = || {
            let (open, gate) = mpsc::channel::<()>();
            (open, others.submit(move || gate.recv().is_err()))
        };
        let (open_first, first) = gate();
        let (open_second, second) = gate();
        let stranger = others.submit(move || first.into_result().is_ok());
        thread::sleep(Duration::from_millis(20)); // for the stranger to be the first who waits
        let second = Mutex::new(Some(second));
        let (waits, waiting) = mpsc::channel();
        let pool = observed(2, move |event| {
            if event.worker.is_some() && matches!(event.kind, EventKind::Blocked(_)) {
                if let Some(second) = second.lock().unwrap().take() {
                    waits.send(()).unwrap();
                    let _ = second.into_result();
                }
            }
        });
        let slot: Shared<Result<(), TaskError>> = Arc::default();
        let (go, gone) = mpsc::channel::<()>();
        let closes = Arc::clone(&slot);
        let b = Arc::new(pool.submit(move || {
            gone.recv().unwrap();
            closes.get().unwrap().result().map(drop)
        }));
        let waited_for = Arc::clone(&b);
        let a = Arc::new(pool.submit(move || waited_for.result().map(drop)));
        slot.set(a).unwrap();
        waiting.recv().unwrap();
        drop(open_first);
        stranger.into_result().unwrap();
        drop(open_second);
        thread::sleep(Duration::from_millis(20)); // for a to wait for b
        go.send(()).unwrap();
        let found = b.result_timeout(Duration::from_secs(20)).expect("it does not hang").unwrap();
        assert!(matches!(found, Err(TaskError::Deadlock(_))), "{found:?}");
    });
}

/// Nor is its worker counted twice, so that it would seem that all wait.
#[test]
fn no_deadlock_is_told_because_an_observer_waits() {
    within(|| {
        let held: Arc<Mutex<Option<Future<()>>>> = Arc::default();
        let taken = Arc::clone(&held);
        let others = observed(8, move |event| {
            let of_another_pool = event.worker.is_some_and(|worker| worker.pool() != event.pool);
            if of_another_pool && matches!(event.kind, EventKind::Blocked(_)) {
                let future = taken.lock().unwrap().take();
                drop(future.map(Future::into_result));
            }
        });
        let last: Shared<u8> = Arc::default();
        let waits_for_last = |last: Shared<u8>| {
            move || {
                let last = loop {
                    match last.get() {
                        Some(last) => break last,
                        None => thread::yield_now(),
                    }
                };
                let _ = last.result();
            }
        };
        let b = others.submit(waits_for_last(Arc::clone(&last)));
        *held.lock().unwrap() = Some(others.submit(waits_for_last(Arc::clone(&last))));
        let pool = ThreadPoolExecutor::builder()
            .max_workers(2)
            .nested_wait(NestedWait::Block)
            .build()
            .unwrap();
        let (open, gate) = mpsc::channel::<()>();
        let busy = pool.submit(move || gate.recv().is_err());
        let waits = pool.submit(move || b.into_result().is_ok());
        let pending = pool.submit(|| 7);
        thread::sleep(Duration::from_millis(50)); // for the observer to wait
        let asks = Arc::new(others.submit(move || pending.into_result().unwrap_or(0)));
        assert!(last.set(Arc::clone(&asks)).is_ok());
        thread::sleep(Duration::from_millis(50)); // for that to wait, too
        drop(open);
        assert_eq!(asks.result().unwrap(), &7, "a worker comes for it");
        busy.into_result().unwrap();
        waits.into_result().unwrap();
    });
}

#[test]
fn a_deadline_does_not_hurry_an_observer() {
    within(|| {
        let slow = Duration::from_millis(50);
        let pool = observed(1, move |event| {
            if matches!(event.kind, EventKind::Blocked(_)) {
                thread::sleep(slow);
            }
        });
        let (open, gate) = mpsc::channel::<()>();
        let future = pool.submit(move || gate.recv().is_err());
        let began = Instant::now();
        assert!(future.result_timeout(Duration::from_millis(1)).is_err());
        assert!(began.elapsed() >= slow);
        drop(open);
        assert!(future.into_result().unwrap());
    });
}
