//! A pool that has ended leaves no thread behind, and no captures of its hooks.

use std::cell::RefCell;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use glasspool::{Builder, Shutdown, Submitter, ThreadPoolExecutor};

use crate::support::{
    Bomb, Counted, Drops, Gate, Tally, Way, alone, eventually, limit, threads_named,
};

/// A value that takes its time to be dropped, at the very end of a thread.
struct SlowToGo(#[expect(dead_code, reason = "its drop is what counts")] Counted);

impl Drop for SlowToGo {
    fn drop(&mut self) {
        thread::sleep(Duration::from_millis(2));
    }
}

/// A pool whose threads are counted when they begin, and just before they end.
fn counting_its_threads(builder: Builder) -> (ThreadPoolExecutor, Tally, Drops) {
    thread_local!(static OF_THREAD: RefCell<Option<SlowToGo>> = const { RefCell::new(None) });
    let (began, ended) = (Tally::default(), Drops::default());
    let (begins, ends) = (began.clone(), ended.clone());
    let builder = builder.initializer(move || {
        begins.add();
        OF_THREAD.set(Some(SlowToGo(ends.one())));
    });
    (builder.build().unwrap(), began, ended)
}

/// Joined, and not just told to go.
#[test]
fn threads_of_a_pool_have_ended_when_its_shutdown_returns() {
    let _limit = limit();
    let (pool, began, ended) = counting_its_threads(ThreadPoolExecutor::builder().max_workers(3));
    let gate = Gate::closed();
    let _futures = [(); 3].map(|()| pool.submit(gate.then(|| ())));
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!((began.count(), ended.count()), (3, 3));
}

/// Whichever workers have come after them.
#[test]
fn threads_of_retired_workers_have_ended_when_a_shutdown_returns() {
    let _limit = limit();
    for _ in 0..50 {
        let fleeting = ThreadPoolExecutor::builder().max_workers(2).keep_alive(Duration::ZERO);
        let (pool, began, ended) = counting_its_threads(fleeting);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| [(); 3].map(|()| assert!(pool.submit(|| ()).into_result().is_ok())));
            }
        });
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(ended.count(), began.count());
    }
}

/// Has its thread stand at a gate when that ends.
struct AtAGate(Arc<Way>);

impl Drop for AtAGate {
    fn drop(&mut self) {
        self.0.pass();
    }
}

thread_local!(static AT_THE_END: RefCell<Option<AtAGate>> = const { RefCell::new(None) });

/// The first worker's thread has still to end when its successor's has ended already.
#[test]
fn a_thread_that_takes_its_time_to_end_is_waited_for_though_it_has_a_successor() {
    let _limit = limit();
    let builder = ThreadPoolExecutor::builder().max_workers(1).keep_alive(Duration::ZERO);
    let pool = builder.build().unwrap();
    let gate = Gate::closed();
    let way = gate.way();
    pool.submit(move || AT_THE_END.set(Some(AtAGate(way)))).into_result().unwrap();
    gate.wait_for(1);
    assert_eq!(pool.submit(|| 7).into_result().unwrap(), 7);
    thread::scope(|scope| {
        let closing = scope.spawn(|| pool.shutdown(Shutdown::Drain));
        // No observer hears of this wait. A shutdown that is right passes whatever the pause;
        // one that does not wait needs it to be caught.
        thread::sleep(Duration::from_millis(10));
        assert!(!closing.is_finished());
        gate.open();
        closing.join().unwrap().unwrap();
    });
}

/// A hundred workers come and go while the thread of the first stands at its end.
#[cfg(target_os = "linux")]
#[test]
fn threads_do_not_pile_up_behind_one_that_is_slow_to_end() {
    let _limit = limit();
    let builder = ThreadPoolExecutor::builder().max_workers(1).thread_name_prefix("lingers");
    let pool = builder.keep_alive(Duration::from_millis(1)).build().unwrap();
    let gate = Gate::closed();
    let way = gate.way();
    pool.submit(move || AT_THE_END.set(Some(AtAGate(way)))).into_result().unwrap();
    gate.wait_for(1);
    for _ in 0..100 {
        pool.submit(|| ()).into_result().unwrap();
        eventually(|| pool.stats().workers == 0);
    }
    eventually(|| threads_named("lingers_") <= 4);
    gate.open();
}

/// By their names, as other tests have threads too.
#[cfg(target_os = "linux")]
#[test]
fn no_thread_is_left_of_a_pool_that_has_ended() {
    let _limit = limit();
    let (pool, gate) = (
        ThreadPoolExecutor::builder().thread_name_prefix("leaves").max_workers(22),
        Gate::closed(),
    );
    let (pool, gate) = (pool.build().unwrap(), gate);
    let _futures = [(); 30].map(|()| pool.submit(gate.then(|| ())));
    assert_eq!(threads_named("leaves_"), 22);
    gate.open();
    drop(pool);
    // The system takes a joined thread off its list a moment later.
    eventually(|| threads_named("leaves_") == 0);

    let broken = ThreadPoolExecutor::builder()
        .thread_name_prefix("breaks")
        .initializer(|| panic!("no database"));
    assert!(broken.build().unwrap().submit(|| ()).into_result().is_err());
    eventually(|| threads_named("breaks_") == 0);
}

/// The pool's handle is still there, and one of the captures is a handle on the pool itself.
#[test]
fn captures_of_hooks_are_dropped_when_the_last_worker_has_gone() {
    let _limit = limit();
    let drops = Drops::default();
    let (first, second) = (drops.one(), drops.one());
    let slot: Arc<std::sync::Mutex<Option<Submitter>>> = Arc::default();
    let inside = Arc::clone(&slot);
    let pool = ThreadPoolExecutor::builder()
        .initializer(move || {
            let _ = (&first, &inside);
        })
        .exit_hook(move || {
            let _ = &second;
        })
        .build()
        .unwrap();
    *slot.lock().unwrap() = Some(pool.submitter());
    pool.submit(|| ()).into_result().unwrap();
    assert_eq!(drops.count(), 0);
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!((drops.count(), Arc::strong_count(&slot)), (2, 1));

    let never_used = drops.one();
    let pool = ThreadPoolExecutor::builder().exit_hook(move || {
        let _ = &never_used;
    });
    pool.build().unwrap().close(Shutdown::Drain);
    assert_eq!(drops.count(), 3);
}

/// A submitter may hold any lock, so no user code runs on its thread.
#[test]
fn captures_of_a_hook_are_not_dropped_by_a_submitter() {
    struct TellsWhere(mpsc::Sender<thread::ThreadId>);
    impl Drop for TellsWhere {
        fn drop(&mut self) {
            self.0.send(thread::current().id()).unwrap();
        }
    }
    let _limit = limit();
    for _ in 0..300 {
        let (tell, told) = mpsc::channel();
        let captured = TellsWhere(tell);
        let builder = ThreadPoolExecutor::builder().max_workers(1);
        let pool = Arc::new(builder.exit_hook(move || _ = &captured).build().unwrap());
        let inside = Arc::clone(&pool);
        let closes = pool.submit(move || inside.close(Shutdown::Drain));
        assert_ne!(told.recv().unwrap(), thread::current().id());
        drop(closes);
    }
}

#[test]
fn hooks_are_dropped_one_by_one() {
    alone(|| {
        let (first, second) = (Bomb, Bomb);
        let builder = ThreadPoolExecutor::builder().max_workers(1);
        let builder = builder.initializer(move || _ = &first).exit_hook(move || _ = &second);
        let pool = builder.build().unwrap();
        pool.submit(|| ()).into_result().unwrap();
    });
}
