//! Asking a running task to stop: an agreement between whoever holds its future and its closure.

use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Executor, Future, Inline, Shutdown, StopToken, ThreadPoolExecutor, task};

use crate::support::{Gate, LONG, limit, pool};

/// A task that runs until it is asked to stop, and says that it was.
fn until_asked(pool: &ThreadPoolExecutor) -> Future<bool> {
    pool.submit_stoppable(|stop| stop.wait_timeout(LONG))
}

#[test]
fn a_running_task_that_waits_or_looks_learns_that_it_is_asked_to_stop() {
    let ways: [fn(StopToken) -> bool; 2] = [
        |stop| stop.wait_timeout(LONG),
        |stop| {
            while !stop.stop_requested() {
                thread::yield_now();
            }
            true
        },
    ];
    let _limit = limit();
    let pool = pool(1);
    for way in ways {
        let (tell, began) = mpsc::channel();
        let future = pool.submit_stoppable(move |stop| {
            tell.send(()).unwrap();
            way(stop)
        });
        began.recv().unwrap();
        assert!(future.request_stop());
        assert!(future.request_stop() || future.done()); // asking again changes nothing
        assert!(future.result().unwrap());
        assert!(!future.cancelled()); // its own outcome stands
    }
}

#[test]
fn a_task_without_a_token_cannot_be_asked() {
    let _limit = limit();
    let (pool, gate) = (pool(1), Gate::closed());
    let future = pool.submit(gate.then(|| 1));
    assert!(future.running() && !future.request_stop());
    gate.open();
    assert_eq!(future.result().unwrap(), &1);
    assert!(!future.request_stop());
    let (task, future) = task(|| 1);
    task.run();
    assert!(!future.request_stop());
}

#[test]
fn a_request_comes_too_late_for_a_task_that_has_ended() {
    let _limit = limit();
    let pool = pool(1);
    let future = pool.submit_stoppable(|stop| stop);
    let token = future.result().unwrap().clone();
    assert!(!future.request_stop());
    assert!(!token.stop_requested());
}

#[test]
fn a_wait_for_a_request_ends_in_time_and_not_before() {
    let _limit = limit();
    let patience = Duration::from_millis(20);
    let future = (&Inline as &dyn Executor).submit_stoppable(move |stop| {
        let began = Instant::now();
        (stop.wait_timeout(patience), stop.wait_timeout(Duration::ZERO), began.elapsed())
    });
    let (asked, asked_still, took) = future.into_result().unwrap();
    assert!(!asked && !asked_still && took >= patience);
}

/// Some of them sleep by then, and some come later.
#[test]
fn each_waiter_for_a_request_is_woken() {
    let _limit = limit();
    let pool = pool(1);
    for _ in 0..100 {
        let start = Arc::new(Barrier::new(4));
        let meet = Arc::clone(&start);
        let future = pool.submit_stoppable(move |stop: StopToken| {
            thread::scope(|scope| {
                let wait = || {
                    meet.wait();
                    stop.wait_timeout(LONG)
                };
                [(); 3].map(|()| scope.spawn(wait)).map(|helper| helper.join().unwrap())
            })
        });
        start.wait();
        assert!(future.request_stop());
        assert_eq!(future.into_result().unwrap(), [true; 3]);
    }
}

#[test]
fn a_token_can_go_to_what_the_task_starts_in_turn() {
    let _limit = limit();
    let pool = pool(2);
    let own = pool.submitter();
    let outer = pool.submit_stoppable(move |stop| {
        let inherited = stop.clone();
        own.submit(move || inherited.wait_timeout(LONG)).into_result().unwrap()
            && stop.stop_requested()
    });
    assert!(outer.request_stop());
    assert!(outer.into_result().unwrap());
}

#[test]
fn a_token_says_whether_it_has_been_raised() {
    let _limit = limit();
    let pool = pool(1);
    let (tell, told) = mpsc::channel();
    let future = pool.named("BR").submit_stoppable(move |stop| {
        tell.send(format!("{stop:?}")).unwrap();
        stop.wait_timeout(LONG);
        (format!("{stop:?}"), stop.clone() == stop)
    });
    assert_eq!(future.name(), Some("BR"));
    assert_eq!(told.recv().unwrap(), "StopToken { stop_requested: false }");
    assert!(future.request_stop());
    assert_eq!(
        future.into_result().unwrap(),
        ("StopToken { stop_requested: true }".to_owned(), true)
    );
}

#[test]
fn a_shutdown_that_stops_asks_everyone_and_waits_for_them() {
    let _limit = limit();
    let (pool, gate) = (pool(3), Gate::closed());
    let asked = [until_asked(&pool), until_asked(&pool)];
    let without = pool.submit(gate.then(|| "ran to its end"));
    let pending = until_asked(&pool);
    thread::scope(|scope| {
        let closing = scope.spawn(|| pool.shutdown(Shutdown::Stop));
        assert!(pending.result().is_err() && pending.cancelled());
        for future in &asked {
            assert!(future.result().unwrap());
        }
        assert!(!closing.is_finished());
        gate.open();
        closing.join().unwrap().unwrap();
    });
    assert_eq!(without.into_result().unwrap(), "ran to its end");
}

#[test]
fn the_other_shutdowns_ask_nobody() {
    let _limit = limit();
    for how in [Shutdown::Drain, Shutdown::CancelPending, Shutdown::WhenIdle] {
        let (pool, gate) = (pool(1), Gate::closed());
        let (way, (tell, told)) = (gate.way(), mpsc::channel());
        let future = pool.submit_stoppable(move |stop| {
            way.pass();
            tell.send(stop.stop_requested()).unwrap();
            stop.wait_timeout(LONG)
        });
        pool.close(how);
        gate.open();
        assert!(!told.recv().unwrap());
        assert!(future.request_stop());
        assert!(future.into_result().unwrap());
    }
}

#[test]
fn a_stopped_task_may_still_panic_and_a_token_outlives_everything() {
    let _limit = limit();
    let pool = pool(1);
    let future = pool.submit_stoppable(|stop| -> StopToken {
        stop.wait_timeout(LONG);
        panic!("as asked")
    });
    assert!(future.request_stop());
    assert_eq!(future.result().unwrap_err().to_string(), "task panicked: as asked");

    let token = pool.submit_stoppable(|stop| stop).into_result().unwrap();
    drop(pool);
    assert!(!token.stop_requested() && !token.wait_timeout(Duration::ZERO));
}
