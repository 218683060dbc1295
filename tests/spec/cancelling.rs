//! Cancelling wins or loses against starting, in one step, and everybody learns of it.

use std::sync::{Arc, OnceLock, mpsc};
use std::thread;

use glasspool::{CancelReason, Future, ReturnWhen, Shutdown, TaskError, as_completed, task, wait};

use crate::support::{
    Drops, Gate, LONG, PanicsWhenDropped, Tally, held_pool, let_others_block, pool, shows, within,
    words,
};

/// CAN-01.
#[test]
fn a_cancelled_task_never_runs() {
    within(|| {
        let (pool, gate) = held_pool();
        let runs = Tally::default();
        let future = pool.submit({
            let runs = runs.clone();
            move || runs.add()
        });
        assert!(future.cancel());
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap(); // the worker has passed it
        assert_eq!(runs.count(), 0);
    });
}

/// CAN-02.
#[test]
fn a_running_task_cannot_be_cancelled_and_its_outcome_stands() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let future = pool.submit(gate.then(|| 7));
        assert!(!future.cancel());
        gate.open();
        assert_eq!(future.result().unwrap(), &7);
        assert!(!future.cancel());
    });
}

/// CAN-11.
#[test]
fn a_task_that_is_about_to_panic_panics() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let future = pool.submit(gate.then(|| panic!("boom")));
        assert!(!future.cancel());
        gate.open();
        assert_eq!(words::<&()>(future.result()), "task panicked: boom");
    });
}

/// CAN-05.
#[test]
fn a_cancelled_future_says_so_whenever_it_is_read() {
    within(|| {
        let (_task, future) = task(|| 7);
        future.cancel();
        for _ in ["once", "and again"] {
            assert_eq!(words(future.result()), "task cancelled by the caller");
            assert_eq!(words(future.result_timeout(LONG).unwrap()), "task cancelled by the caller");
        }
        assert!(matches!(future.into_result(), Err(TaskError::Cancelled(CancelReason::ByCaller))));
    });
}

/// RES-07: while the worker that would have run it is busy with something else.
#[test]
fn every_kind_of_waiter_learns_of_a_cancellation_at_once() {
    within(|| {
        let (pool, _gate) = held_pool();
        let future = pool.submit(|| 7);
        let all = ReturnWhen::AllCompleted;
        thread::scope(|scope| {
            let waiters = [
                scope.spawn(|| words(future.result())),
                scope.spawn(|| words(future.result())),
                scope.spawn(|| words(future.result_timeout(LONG).unwrap())),
                scope.spawn(|| words(as_completed([&future]).next().unwrap().result())),
                scope.spawn(|| {
                    words(as_completed([&future]).timeout(LONG).next().unwrap().unwrap().result())
                }),
                scope.spawn(|| words(wait([&future], None, all).done[0].result())),
                scope.spawn(|| words(wait([&future], Some(LONG), all).done[0].result())),
            ];
            let_others_block();
            assert!(future.cancel());
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), "task cancelled by the caller");
            }
        });
    });
}

#[test]
fn what_a_cancelled_task_has_captured_is_dropped_before_cancel_returns() {
    within(|| {
        let (pool, _gate) = held_pool();
        let drops = Drops::default();
        let future = pool.submit(drops.with(|| 7));
        assert_eq!(drops.count(), 0);
        assert!(future.cancel());
        assert_eq!(drops.count(), 1);
    });
}

/// So the waiters are woken before the closure is dropped.
#[test]
fn what_a_cancelled_task_has_captured_may_wait_for_a_waiter_when_it_is_dropped() {
    struct Waits(mpsc::Receiver<()>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.0.recv().unwrap();
        }
    }
    within(|| {
        let (tell, told) = mpsc::channel();
        let waits = Waits(told);
        let (_task, future) = task(move || drop(waits));
        thread::scope(|scope| {
            scope.spawn(|| {
                assert!(future.result().is_err());
                tell.send(()).unwrap();
            });
            let_others_block();
            assert!(future.cancel());
        });
    });
}

#[test]
fn what_a_cancelled_task_has_captured_may_read_it_when_it_is_dropped() {
    struct Reads(Arc<OnceLock<Future<()>>>, mpsc::Sender<String>);
    impl Drop for Reads {
        fn drop(&mut self) {
            let _ = self.1.send(words(self.0.get().unwrap().result()));
        }
    }
    within(|| {
        let myself = Arc::new(OnceLock::new());
        let (tell, told) = mpsc::channel();
        let reads = Reads(Arc::clone(&myself), tell);
        let (_task, future) = task(move || drop(reads));
        assert!(myself.get_or_init(|| future).cancel());
        assert_eq!(told.recv().unwrap(), "task cancelled by the caller");
    });
}

#[test]
fn what_a_cancelled_task_has_captured_may_panic_when_it_is_dropped() {
    within(|| {
        let (_task, future) = task({
            let captured = PanicsWhenDropped;
            move || drop(captured)
        });
        let called = Tally::default();
        future.add_done_callback({
            let called = called.clone();
            move |_| called.add()
        });
        assert!(future.cancel());
        assert_eq!((called.count(), future.cancelled()), (1, true));
    });
}

/// CAN-07.
#[test]
fn cancelled_tasks_keep_nobody_waiting() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures: Vec<_> = (0..1000).map(|n| pool.submit(move || n)).collect();
        let (last, others) = futures.split_last().unwrap();
        assert!(others.iter().all(Future::cancel));
        gate.open();
        assert_eq!(last.result().unwrap(), &999);
    });
}

/// CAN-09.
#[test]
fn cancelled_tasks_do_not_count_as_queued() {
    within(|| {
        let (pool, _gate) = held_pool();
        let futures: Vec<_> = (0..1000).map(|n| pool.submit(move || n)).collect();
        assert!(shows(&pool, "queued: 1000,"));
        assert!(futures[1..].iter().all(Future::cancel));
        assert!(shows(&pool, "queued: 1,"));
    });
}

/// CAN-09: nor does a pool keep them for long.
#[cfg(target_os = "linux")]
#[test]
fn what_is_submitted_and_cancelled_again_and_again_takes_no_more_room() {
    crate::support::alone(|| {
        let (pool, _gate) = held_pool();
        let grown = crate::support::kib_grown(|| assert!(pool.submit(|| ()).cancel()));
        assert!(grown < 4096, "{grown} KiB");
    });
}

/// CAN-15.
#[test]
fn of_tasks_of_which_every_second_is_cancelled_half_have_a_value() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures: Vec<_> = (0..16).map(|n| pool.submit(move || n)).collect();
        assert!(futures.iter().step_by(2).all(Future::cancel));
        gate.open();
        let values: Vec<_> =
            futures.into_iter().filter_map(|future| future.into_result().ok()).collect();
        assert_eq!(values, [1, 3, 5, 7, 9, 11, 13, 15]);
    });
}

#[test]
fn a_task_may_cancel_another() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let (give, take) = mpsc::channel::<Future<u8>>();
        let first = pool.submit(gate.then(move || take.recv().unwrap().cancel()));
        give.send(pool.submit(|| 7)).unwrap();
        gate.open();
        assert!(first.into_result().unwrap());
    });
}

#[test]
fn a_cancellation_has_its_reason() {
    within(|| {
        let (by_caller, by_shutdown) = {
            let (pool, gate) = held_pool();
            let futures = [pool.submit(|| 1), pool.submit(|| 2)];
            futures[0].cancel();
            pool.close(Shutdown::CancelPending);
            gate.open();
            futures.into()
        };
        let (dropped, by_drop) = task(|| 3);
        drop(dropped);
        let reasons = [by_caller, by_shutdown, by_drop].map(|future| match future.into_result() {
            Err(TaskError::Cancelled(reason)) => reason,
            other => panic!("{other:?}"),
        });
        assert_eq!(
            reasons,
            [CancelReason::ByCaller, CancelReason::ByShutdown, CancelReason::TaskDropped]
        );
    });
}
