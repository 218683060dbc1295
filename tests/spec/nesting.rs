//! Tasks that wait for other tasks: they finish at any number of workers, or are told why they cannot.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::Duration;

use glasspool::{
    Future, NestedWait, ReturnWhen, Submitter, TaskError, ThreadPoolExecutor, as_completed, current_worker,
    scope, wait,
};

use crate::support::within;

type Value = Result<u64, TaskError>;

fn pool_with(workers: usize, policy: NestedWait) -> ThreadPoolExecutor {
    ThreadPoolExecutor::builder().max_workers(workers).nested_wait(policy).build().unwrap()
}

fn fib(n: u64, pool: &Submitter) -> u64 {
    if n < 2 {
        return n;
    }
    let halves = [n - 1, n - 2].map(|n| {
        let inner = pool.clone();
        pool.submit(move || fib(n, &inner))
    });
    halves.into_iter().map(|half| half.into_result().unwrap()).sum()
}

#[test]
fn fibonacci_by_nested_futures_finishes_on_one_two_and_eight_workers() {
    within(|| {
        for workers in [1, 2, 8] {
            let pool = ThreadPoolExecutor::new(workers).unwrap();
            assert_eq!(fib(18, &pool.submitter()), 2584);
        }
    });
}

fn chain(left: u64, pool: &Submitter) -> u64 {
    if left == 0 {
        return 0;
    }
    let inner = pool.clone();
    pool.submit(move || chain(left - 1, &inner)).into_result().unwrap() + 1
}

#[test]
fn a_chain_of_ten_thousand_waits_finishes_on_one_worker_with_the_default_stack() {
    within(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        assert_eq!(chain(10_000, &pool.submitter()), 10_000);
        println!("{}", pool.stats());
    });
}
