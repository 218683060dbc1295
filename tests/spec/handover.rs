//! A new worker gets its first task from hand to hand: a task that a submit has started is seen
//! running, every time.
//!
//! (A warm pool makes no such promise: a task may be seen pending although a worker is on its way
//! to it.)

use std::sync::{Arc, Mutex};

use glasspool::{Future, ThreadPoolExecutor};

use crate::support::{Gate, limit, pool, state};

const FIVE: [(); 5] = [(); 5];

const SEEN: [&str; 5] = ["running", "running", "running", "pending", "pending"];

/// A race that is lost once in a hundred times is lost here.
fn every_time(it: impl Fn()) {
    for _ in 0..200 {
        it();
    }
}

#[test]
fn five_submits_to_three_fresh_workers_show_three_running_and_two_pending() {
    let _limit = limit();
    every_time(|| {
        let (pool, gate) = (pool(3), Gate::closed());
        let futures = FIVE.map(|()| pool.submit(gate.then(|| ())));
        assert_eq!(futures.each_ref().map(state), SEEN);
        gate.open();
        assert!(futures.map(Future::into_result).iter().all(Result::is_ok));
    });
}

/// No user code runs before the submitter goes on: here the submitter lets the initializers end.
#[test]
fn three_of_five_show_running_while_the_initializer_takes_its_time() {
    let _limit = limit();
    every_time(|| {
        let gate = Gate::closed();
        let way = gate.way();
        let slow = ThreadPoolExecutor::builder().max_workers(3).initializer(move || way.pass());
        let (pool, gate) = (slow.build().unwrap(), gate);
        let futures = FIVE.map(|()| pool.submit(|| ()));
        assert_eq!(futures.each_ref().map(state), SEEN);
        assert!(!futures[0].cancel(), "a task in the hands of a new worker");
        gate.open();
        assert!(futures.map(Future::into_result).iter().all(Result::is_ok));
    });
}

#[test]
fn three_of_five_show_running_while_the_submitter_holds_a_lock_that_they_need() {
    let _limit = limit();
    every_time(|| {
        let (pool, lock) = (pool(3), Arc::new(Mutex::new(0)));
        let held = lock.lock().unwrap();
        let futures = FIVE.map(|()| {
            let lock = Arc::clone(&lock);
            pool.submit(move || *lock.lock().unwrap() += 1)
        });
        assert_eq!(futures.each_ref().map(state), SEEN);
        drop(held);
        assert!(futures.map(Future::into_result).iter().all(Result::is_ok));
        assert_eq!(*lock.lock().unwrap(), 5);
    });
}

#[test]
fn a_map_on_a_fresh_pool_shows_as_many_running_as_there_are_workers() {
    let _limit = limit();
    every_time(|| {
        let (pool, gate) = (pool(3), Gate::closed());
        let way = gate.way();
        let results = pool.map(0..5, move |_| way.pass());
        assert!(results.to_string().ends_with(" 5 futures: 3 running, 2 pending>"), "{results}");
        gate.open();
    });
}
