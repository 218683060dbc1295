//! Nested waits in odd places: without anybody who could stand in, with full queues, in great
//! numbers.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use glasspool::{
    Future, ReturnWhen, TaskError, ThreadPoolExecutor, as_completed, current_worker, scope, wait,
};

use crate::support::within;

#[test]
fn in_a_scope_a_task_may_wait_for_one_that_waits_for_any() {
    within(|| {
        for _ in 0..100 {
            let told = scope(2, |s| {
                let (inner, busy) = (s.clone(), Arc::new(AtomicBool::new(true)));
                let over = Arc::clone(&busy);
                let any = s.submit(move || {
                    let both = [1, 2].map(|n| inner.submit(move || n));
                    over.store(false, SeqCst);
                    wait(&both, None, ReturnWhen::AllCompleted).done.len()
                });
                let behind = s.submit(move || {
                    while busy.load(SeqCst) {
                        std::thread::yield_now();
                    }
                    any.into_result()
                });
                behind.into_result().unwrap()
            });
            assert_eq!(told.unwrap().unwrap(), 2);
        }
    });
}

#[test]
fn a_map_that_reads_ahead_inside_a_pool_that_is_full_comes_to_its_end() {
    within(|| {
        for workers in [1, 2] {
            let pool = ThreadPoolExecutor::builder()
                .max_workers(workers)
                .queue_capacity(1)
                .build()
                .unwrap();
            let submitter = pool.submitter();
            let outer = pool.submit(move || {
                let ordered: u64 =
                    submitter.map_buffered(0..20, 3, |n| n).map(Result::unwrap).sum();
                let unordered: u64 =
                    submitter.map_buffered(0..20, 3, |n| n).unordered().map(Result::unwrap).sum();
                (ordered, unordered)
            });
            assert_eq!(outer.into_result().unwrap(), (190, 190));
        }
    });
}

#[test]
fn as_many_workers_as_can_be_written_are_not_too_many_to_add_one() {
    within(|| {
        let pool = ThreadPoolExecutor::new(usize::MAX).unwrap();
        let submitter = pool.submitter();
        let outer = pool.submit(move || {
            let both = [1, 2].map(|n| submitter.submit(move || n));
            as_completed(both).map(|future| future.into_result().unwrap()).sum::<u64>()
        });
        assert_eq!(outer.into_result().unwrap(), 3);
    });
}

/// Each waits for the one before, and none may begin to: the cost of looking for cycles must not
/// grow faster than their number allows.
#[test]
fn hundreds_that_wait_for_each_other_in_a_row_are_not_slow() {
    within(|| {
        let pool = ThreadPoolExecutor::new(400).unwrap();
        let (open, gate) = mpsc::channel::<()>();
        let mut last: Future<u64> = pool.submit(move || u64::from(gate.recv().is_ok()));
        for _ in 0..399 {
            last = pool.submit(move || last.into_result().unwrap() + 1);
        }
        while pool.stats().blocked < 399 {
            std::thread::yield_now();
        }
        drop(open);
        assert_eq!(last.into_result().unwrap(), 399);
    });
}

#[test]
fn a_wait_for_the_only_one_that_is_left_needs_no_worker_more() {
    within(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let submitter = pool.submitter();
        let outer = pool.submit(move || {
            let one = submitter.submit(|| 7);
            wait([one], None, ReturnWhen::AllCompleted).done.remove(0).into_result()
        });
        assert_eq!(outer.into_result().unwrap().unwrap(), 7);
        assert_eq!(pool.stats().added, 0);
    });
}

/// One that waits for any of several closes a cycle when all of them lead back to it, and not
/// before.
#[test]
fn a_wait_for_any_is_told_of_a_cycle_when_nothing_else_is_left() {
    within(|| {
        let pool = ThreadPoolExecutor::new(3).unwrap();
        let (give, take) = mpsc::channel::<Vec<Future<Result<u64, TaskError>>>>();
        let (tell, told) = mpsc::channel();
        let first = Arc::new(pool.named("any").submit(move || {
            let mut ended = as_completed(take.recv().unwrap());
            tell.send(ended.next().unwrap().into_result().unwrap()).unwrap();
            let next =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ended.next().map(|_| ())));
            next.unwrap_err().downcast_ref::<String>().unwrap().clone()
        }));
        let theirs = Arc::clone(&first);
        let back = pool.named("back").submit(move || theirs.result().map(|text| text.len() as u64));
        let free = pool.submit(|| Ok(7));
        give.send(vec![back, free]).unwrap();
        assert_eq!(told.recv().unwrap().unwrap(), 7);
        // Whoever of the two comes second is told.
        match first.result() {
            Ok(text) => {
                assert!(text.starts_with("deadlock: ") && text.contains("'back'"), "{text}")
            }
            Err(error) => assert!(error.to_string().contains("deadlock: "), "{error}"),
        }
    });
}

#[test]
fn a_wait_with_a_deadline_is_in_no_cycle_so_whoever_waits_for_it_gets_what_it_comes_to() {
    within(|| {
        let pool = ThreadPoolExecutor::new(2).unwrap();
        let (give, take) = mpsc::channel::<Future<u64>>();
        let timed = Arc::new(pool.submit(move || {
            let other = take.recv().unwrap();
            u64::from(other.result_timeout(Duration::from_millis(50)).is_err())
        }));
        let theirs = Arc::clone(&timed);
        let other = pool.submit(move || *theirs.result().unwrap() + 1);
        give.send(other).unwrap();
        assert_eq!(timed.result().unwrap(), &1);
    });
}

#[test]
fn another_pools_task_is_run_by_that_pool() {
    within(|| {
        let (mine, theirs) =
            (ThreadPoolExecutor::new(1).unwrap(), ThreadPoolExecutor::new(1).unwrap());
        let (open, gate) = mpsc::channel::<()>();
        let busy = theirs.submit(move || gate.recv().is_err());
        let there = theirs.submit(|| current_worker().unwrap().pool());
        let outer = mine.submit(move || {
            drop(open);
            there.into_result().unwrap()
        });
        assert_eq!(outer.into_result().unwrap(), theirs.id());
        assert!(busy.into_result().unwrap());
    });
}

#[test]
fn what_is_added_to_a_stream_while_it_is_waited_for_inside_a_task_is_waited_for_too() {
    within(|| {
        let pool = ThreadPoolExecutor::new(3).unwrap();
        let submitter = pool.submitter();
        let outer = pool.submit(move || {
            let slow = |n: u64| {
                let slowly = move || std::thread::sleep(Duration::from_millis(5 * n));
                submitter.submit(move || (slowly(), n).1)
            };
            let mut ended = as_completed([slow(1), slow(2)]);
            let mut values = vec![ended.next().unwrap().into_result().unwrap()];
            ended.push(slow(4));
            values.extend(ended.map(|future| future.into_result().unwrap()));
            values.sort_unstable();
            values
        });
        assert_eq!(outer.into_result().unwrap(), [1, 2, 4]);
    });
}
