//! Cancelling wins or loses against starting, in one step, and everybody learns of it.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{
    CancelReason, Executor, Future, ReturnWhen, Shutdown, TaskError, as_completed, scope, task,
    wait,
};

use crate::support::{Drops, Gate, Tally, held_pool, limit, pool, words};
use crate::told::{heard_and_full, heard_and_held};

#[test]
fn a_cancelled_task_never_runs() {
    let _limit = limit();
    let ((pool, gate), runs) = (held_pool(), Tally::default());
    let ran = runs.clone();
    let future = pool.submit(move || ran.add());
    assert!(future.cancel() && future.cancelled() && future.done() && !future.running());
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap(); // the worker has passed it
    assert_eq!(runs.count(), 0);
    assert!(matches!(future.into_result(), Err(TaskError::Cancelled(CancelReason::ByCaller))));
}

#[test]
fn a_running_task_cannot_be_cancelled_and_its_own_outcome_stands() {
    let _limit = limit();
    let works: [fn() -> u8; 2] = [|| 7, || panic!("after all")];
    for (work, expected) in works.into_iter().zip(["7", "task panicked: after all"]) {
        let (pool, gate) = (pool(1), Gate::closed());
        let future = pool.submit(gate.then(work));
        for _ in 0..3 {
            assert!(!future.cancel() && future.running());
        }
        gate.open();
        assert_eq!(words(future.result()), expected);
        assert!(!future.cancel() && !future.cancelled());
        assert_eq!(pool.stats().cancelled, 0);
    }
}

/// So a waiter that sleeps is woken before the closure is dropped.
#[test]
fn the_captures_of_a_cancelled_task_may_wait_for_a_waiter_when_they_are_dropped() {
    struct Waits(mpsc::Receiver<()>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.0.recv().unwrap();
        }
    }
    let _limit = limit();
    let (pool, _gate, log) = heard_and_held();
    let (tell, told) = mpsc::channel();
    let waits = Waits(told);
    let future = pool.submit(move || drop(waits));
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(future.result().is_err());
            tell.send(()).unwrap();
        });
        log.wait_for_asleep(1);
        assert!(future.cancel());
    });
}

/// Cancels so many pending tasks, in their order or in a scattered one; the time of one cancel.
fn time_of_a_cancel(tasks: u32, scattered: bool) -> Duration {
    let ((pool, _gate), drops) = (held_pool(), Drops::default());
    let order = |n| if scattered { n * 7919 % u64::from(tasks) } else { n };
    let submit = |n| (order(n), pool.submit(drops.with(|| ())));
    let mut futures: Vec<_> = (0..u64::from(tasks)).map(submit).collect();
    futures.sort_by_key(|(order, _)| *order);
    let began = Instant::now();
    for (left, (_, future)) in (0..tasks as usize).rev().zip(&futures) {
        assert!(future.cancel());
        assert_eq!((pool.stats().queued, drops.count()), (left, tasks as usize - left));
    }
    began.elapsed() / tasks
}

/// A cancel that swept the queue would take a hundred times as long among as many tasks. The
/// time of the statistics is in it, too.
#[test]
fn a_cancel_among_many_pending_tasks_takes_no_longer_than_among_few() {
    let _limit = limit();
    for scattered in [false, true] {
        let few = (0..5).map(|_| time_of_a_cancel(1000, scattered)).max().unwrap();
        let many = time_of_a_cancel(100_000, scattered);
        assert!(many < 20 * few, "scattered: {scattered}, {many:?} and {few:?}");
    }
}

#[test]
fn a_task_that_is_run_inline_leaves_the_queue_at_once() {
    let _limit = limit();
    let queued = scope(1, |s| {
        let inner = s.clone();
        let outer = s.submit(move || {
            let ask = |()| {
                let asked = inner.clone();
                inner.submit(move || asked.stats().queued)
            };
            let three = [(); 3].map(ask);
            let before = inner.stats().queued;
            [before, *three[1].result().unwrap(), inner.stats().queued]
        });
        outer.into_result().unwrap()
    });
    assert_eq!(queued.unwrap(), [3, 2, 2]);
}

/// Whether the cancel comes before the task is in the queue or after it, and whether the task has
/// to wait for room before.
#[test]
fn a_cancel_that_races_the_way_into_the_queue_leaves_nothing_there() {
    let _limit = limit();
    let (pool, _gate) = held_pool();
    for _ in 0..2000 {
        let (task, future) = task(|| ());
        thread::scope(|threads| {
            threads.spawn(|| assert!(future.cancel()));
            pool.execute(task).unwrap();
        });
        assert_eq!(pool.stats().queued, 0);
    }

    let (full, _gate, pending, log) = heard_and_full(1);
    let (late, future) = task(|| ());
    thread::scope(|threads| {
        let waiting = threads.spawn(|| full.execute(late));
        log.wait_for_sleeps(1);
        assert!(future.cancel());
        assert!(pending[0].cancel());
        waiting.join().unwrap().unwrap();
    });
    assert_eq!(full.stats().queued, 0);
    assert!(full.try_submit(|| ()).is_ok(), "the cancelled task keeps its room");
}

#[test]
fn half_of_a_set_of_which_every_second_task_is_cancelled_has_values() {
    const TASKS: usize = 16;
    let _limit = limit();
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
}

/// Two workers take from the front of the queue while this cancels from the back.
#[test]
fn tasks_that_are_cancelled_while_workers_run_others_are_either_cancelled_or_run() {
    let _limit = limit();
    let pool = pool(2);
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
}
