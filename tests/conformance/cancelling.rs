//! CAN: cancelling.
//!
//! CAN-17 stands beside the closings that ask tasks to stop, in `closing.rs`.

use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use glasspool::{
    CancelReason, Future, ReturnWhen, TaskError, ThreadPoolExecutor, as_completed, task, wait,
};

use crate::common::{PROMPT, held_with_room_for};
use crate::support::{Drops, Gate, LONG, Tally, held_pool, let_others_block, pool, within, words};

#[test]
fn can_01_a_cancelled_pending_task_never_runs() {
    within(|| {
        let ((pool, gate), runs) = (held_pool(), Tally::default());
        let ran = runs.clone();
        let future = pool.submit(move || ran.add());
        assert!(future.cancel() && future.cancelled() && future.done() && !future.running());
        gate.open();
        // The only worker has passed it when it comes to this.
        pool.submit(|| ()).result().unwrap();
        assert_eq!(runs.count(), 0);
        assert!(matches!(future.into_result(), Err(TaskError::Cancelled(CancelReason::ByCaller))));
    });
}

/// While the worker is still busy with something else.
#[test]
fn can_01_what_it_captured_is_dropped_by_the_cancel_and_not_later() {
    within(|| {
        let ((pool, gate), drops) = (held_pool(), Drops::default());
        let future = pool.submit(drops.with(|| ()));
        let stoppable = pool.submit_stoppable({
            let captured = drops.one();
            move |_| drop(captured)
        });
        assert_eq!(drops.count(), 0);
        assert!(future.cancel());
        assert_eq!(drops.count(), 1);
        assert!(stoppable.cancel());
        assert_eq!(drops.count(), 2);
        gate.open();
        drop(pool);
        assert_eq!(drops.count(), 2);
    });
}

/// Either it never runs, or the cancel fails: nothing in between, whoever is first.
#[test]
fn can_01_of_a_cancel_and_a_start_exactly_one_wins() {
    within(|| {
        let mut wins = [0, 0];
        for _ in 0..2_000 {
            let runs = Tally::default();
            let ran = runs.clone();
            let (task, future) = task(move || ran.add());
            let barrier = Arc::new(Barrier::new(2));
            let meet = Arc::clone(&barrier);
            let running = thread::spawn(move || {
                meet.wait();
                task.run();
            });
            barrier.wait();
            let cancelled = future.cancel();
            running.join().unwrap();
            assert_eq!(runs.count(), usize::from(!cancelled));
            assert_eq!(future.cancelled(), cancelled);
            assert_eq!(future.into_result().is_err(), cancelled);
            wins[usize::from(cancelled)] += 1;
        }
        assert_eq!(wins[0] + wins[1], 2_000);
    });
}

#[test]
fn can_02_a_running_task_goes_on_undisturbed() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let future = pool.submit(gate.then(|| 7));
        gate.wait_for(1);
        for _ in 0..3 {
            assert!(!future.cancel());
            assert!(future.running() && !future.cancelled() && !future.done());
        }
        gate.open();
        assert_eq!(future.into_result().unwrap(), 7);
        assert_eq!(pool.stats().cancelled, 0);
    });
}

#[test]
fn can_02_a_task_cannot_cancel_itself() {
    within(|| {
        let pool = pool(1);
        let (give, take) = mpsc::channel::<Arc<Future<bool>>>();
        let future = Arc::new(pool.submit(move || take.recv().unwrap().cancel()));
        give.send(Arc::clone(&future)).unwrap();
        assert_eq!(future.result().unwrap(), &false);
    });
}

#[test]
fn can_03_what_has_finished_keeps_its_outcome() {
    within(|| {
        let pool = pool(1);
        let value = pool.submit(|| 7);
        let fails = pool.submit(|| -> i32 { panic!("boom") });
        wait([&value, &fails], None, ReturnWhen::AllCompleted);
        for _ in 0..2 {
            assert!(!value.cancel() && !fails.cancel());
            assert!(!value.cancelled() && !fails.cancelled());
            assert_eq!(words(value.result()), "7");
            assert_eq!(words(fails.result()), "task panicked: boom");
        }
    });
}

#[test]
fn can_04_cancelling_again_is_true_again_and_tells_nobody_twice() {
    within(|| {
        let ((pool, gate), calls) = (held_pool(), Tally::default());
        let future = pool.submit(|| ());
        for _ in 0..3 {
            let called = calls.clone();
            future.add_done_callback(move |_| called.add());
        }
        for _ in 0..4 {
            assert!(future.cancel());
            assert_eq!(calls.count(), 3);
        }
        gate.open();
        drop(pool);
        assert!(future.cancel());
        assert_eq!(calls.count(), 3);
    });
}

#[test]
fn can_04_of_several_who_cancel_at_once_all_are_told_that_it_is_cancelled() {
    within(|| {
        let ((pool, _gate), calls) = (held_pool(), Tally::default());
        for round in 1..=200 {
            let future = pool.submit(|| ());
            let called = calls.clone();
            future.add_done_callback(move |_| called.add());
            let barrier = Barrier::new(3);
            let all = thread::scope(|threads| {
                let cancel = || {
                    barrier.wait();
                    future.cancel()
                };
                [(); 3].map(|()| threads.spawn(cancel)).map(|thread| thread.join().unwrap())
            });
            assert_eq!((all, calls.count()), ([true; 3], round));
        }
    });
}

#[test]
fn can_05_every_later_question_is_answered_with_cancelled() {
    within(|| {
        let (pool, _gate) = held_pool();
        let future = pool.submit(|| 7);
        assert!(future.cancel());
        let began = std::time::Instant::now();
        for _ in 0..2 {
            let answers = [
                words(future.result()),
                words(future.result_timeout(LONG).unwrap()),
                words(future.result_timeout(Duration::ZERO).unwrap()),
                words(future.try_result().unwrap()),
                words(as_completed([&future]).next().unwrap().result()),
                words(wait([&future], None, ReturnWhen::AllCompleted).done[0].result()),
            ];
            assert_eq!(answers, ["task cancelled by the caller"; 6]);
        }
        assert_eq!(words(future.into_result()), "task cancelled by the caller");
        assert!(began.elapsed() < PROMPT);
    });
}

#[test]
fn can_07_what_was_cancelled_is_passed_over() {
    const TASKS: usize = 1000;
    within(|| {
        let ((pool, gate), runs) = (held_pool(), Tally::default());
        let submit = |_| {
            let ran = runs.clone();
            pool.submit(move || {
                ran.add();
                let_others_block();
            })
        };
        let futures: Vec<_> = (0..TASKS).map(submit).collect();
        let (last, others) = futures.split_last().unwrap();
        assert!(others.iter().all(Future::cancel));
        assert_eq!(pool.stats().queued, 1);
        gate.open();
        last.result().unwrap();
        assert_eq!(runs.count(), 1);
        pool.shutdown(glasspool::Shutdown::Drain).unwrap();
        let stats = pool.stats();
        assert_eq!((stats.returned, stats.cancelled), (2, TASKS as u64 - 1));
    });
}

#[test]
fn can_07_what_was_cancelled_starts_no_worker() {
    within(|| {
        let (pool, gate) = (pool(3), Gate::closed());
        let running = [(); 3].map(|()| pool.submit(gate.then(|| ())));
        gate.wait_for(3);
        let pending: Vec<_> = (0..50).map(|_| pool.submit(|| ())).collect();
        assert!(pending.iter().all(Future::cancel));
        assert_eq!((pool.stats().queued, pool.stats().workers), (0, 3));
        gate.open();
        assert!(running.iter().all(|future| future.result().is_ok()));
    });
}

/// There is nothing to purge: cancelling takes a task out of the queue there and then.
#[test]
fn can_09_what_is_cancelled_leaves_the_queue_at_once_and_what_runs_cannot() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let drops = Drops::default();
        let running = pool.submit(gate.then(|| ()));
        gate.wait_for(1);
        let pending: Vec<_> = (0..5).map(|_| pool.submit(drops.with(|| ()))).collect();
        assert_eq!(pool.stats().queued, 5);
        assert!(!running.cancel());
        assert_eq!((pool.stats().queued, pool.stats().running), (5, 1));
        for (n, future) in pending.iter().enumerate() {
            assert!(future.cancel());
            assert_eq!((pool.stats().queued, drops.count()), (4 - n, n + 1));
        }
        gate.open();
    });
}

#[test]
fn can_09_and_makes_room_in_a_queue_that_is_full() {
    within(|| {
        let (pool, _gate) = held_with_room_for(2);
        for _ in 0..100 {
            let pending = [pool.try_submit(|| ()).unwrap(), pool.try_submit(|| ()).unwrap()];
            assert!(pool.try_submit(|| ()).is_err());
            assert!(pending.iter().all(Future::cancel));
        }
    });
}

#[test]
fn can_11_what_panics_after_a_cancel_that_failed_has_panicked() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let future = pool.submit(gate.then(|| -> u8 { panic!("after all") }));
        gate.wait_for(1);
        assert!(!future.cancel());
        gate.open();
        assert_eq!(words(future.result()), "task panicked: after all");
        assert!(!future.cancelled() && !future.cancel());
    });
}

#[test]
fn can_15_of_a_set_of_which_every_second_is_cancelled_half_have_a_value() {
    const TASKS: usize = 16;
    within(|| {
        let (pool, gate) = held_pool();
        let futures: Vec<_> = (0..TASKS).map(|n| pool.submit(move || n)).collect();
        assert!(futures.iter().step_by(2).all(Future::cancel));
        gate.open();
        let ended = as_completed(&futures).partition::<Vec<_>, _>(|future| future.cancelled());
        assert_eq!((ended.0.len(), ended.1.len()), (TASKS / 2, TASKS / 2));
        for (n, future) in futures.into_iter().enumerate() {
            let expected =
                if n % 2 == 0 { "task cancelled by the caller".into() } else { n.to_string() };
            assert_eq!(words(future.into_result()), expected);
        }
    });
}

/// With two workers at it, who take from the front while this takes from the back.
#[test]
fn can_15_so_it_is_while_workers_are_at_it() {
    within(|| {
        let pool = ThreadPoolExecutor::new(2).unwrap();
        let runs = Tally::default();
        for _ in 0..20 {
            let before = runs.count();
            let submit = |_| {
                let ran = runs.clone();
                pool.submit(move || ran.add())
            };
            let futures: Vec<_> = (0..100).map(submit).collect();
            let cancelled = futures.iter().rev().filter(|future| future.cancel()).count();
            wait(&futures, None, ReturnWhen::AllCompleted);
            assert_eq!(futures.iter().filter(|future| future.cancelled()).count(), cancelled);
            assert_eq!(runs.count() - before, 100 - cancelled);
        }
    });
}
