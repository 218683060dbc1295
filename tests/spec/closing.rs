//! Closing: what was taken ends, and nothing more is taken.

use std::sync::{Arc, mpsc};
use std::thread;

use glasspool::{
    Executor, Future, Refusal, ReturnWhen, Shutdown, ThreadPoolExecutor, as_completed, task, wait,
};

use crate::support::{
    Gate, Tally, eventually, held_pool, let_others_block, panic_of, pool, shows, state, within,
    words,
};

const BY_SHUTDOWN: &str = "task cancelled by the shutdown of its pool";

/// SHD-01, SUB: at once, and the closure comes back.
#[test]
fn a_closed_pool_takes_nothing_more() {
    within(|| {
        for how in [Shutdown::Drain, Shutdown::CancelPending] {
            let pool = pool(1);
            pool.shutdown(how).unwrap();
            let refused = pool.try_submit(|| 7).unwrap_err();
            assert!(matches!(refused.why(), Refusal::ShutDown));
            assert_eq!(refused.to_string(), "cannot submit: the executor was shut down");
            assert_eq!(refused.into_inner()(), 7);
            assert_eq!(panic_of(|| pool.submit(|| 7)), "cannot submit: the executor was shut down");
        }
    });
}

/// SHD-02.
#[test]
fn a_drain_runs_what_was_submitted_first() {
    within(|| {
        let (pool, gate) = (pool(2), Gate::closed());
        let futures: Vec<_> = (0..50).map(|n| pool.submit(gate.then(move || n))).collect();
        thread::scope(|scope| {
            let closing = scope.spawn(|| pool.shutdown(Shutdown::Drain));
            eventually(|| shows(&pool, "open: false"));
            assert!(!closing.is_finished());
            gate.open();
            closing.join().unwrap().unwrap();
        });
        assert!(futures.iter().all(Future::done));
        assert!(futures.into_iter().map(|future| future.into_result().unwrap()).eq(0..50));
    });
}

/// SHD-09.
#[test]
fn leaving_scope_is_a_drain() {
    within(|| {
        let futures: Vec<_> = {
            let (pool, gate) = (pool(2), Gate::closed());
            (0..50).map(|n| pool.submit(gate.then(move || n))).collect()
        };
        assert!(futures.iter().all(Future::done));
        assert!(futures.into_iter().map(|future| future.into_result().unwrap()).eq(0..50));
    });
}

#[test]
fn leaving_scope_by_a_panic_is_a_drain_too() {
    within(|| {
        let (tell, told) = mpsc::channel();
        let text = panic_of(|| {
            let (pool, gate) = held_pool();
            tell.send(pool.submit(|| 7)).unwrap();
            gate.open();
            panic!("on the way out");
        });
        let future = told.recv().unwrap();
        assert_eq!(
            (text.as_str(), future.done(), future.into_result().unwrap()),
            ("on the way out", true, 7)
        );
    });
}

/// SHD-03.
#[test]
fn a_cancelling_shutdown_cancels_what_is_pending_and_lets_the_rest_end() {
    within(|| {
        let (pool, gate) = (pool(2), Gate::closed());
        let futures: Vec<_> = (0..50).map(|n| pool.submit(gate.then(move || n))).collect();
        thread::scope(|scope| {
            let closing = scope.spawn(|| pool.shutdown(Shutdown::CancelPending));
            for pending in &futures[2..] {
                assert_eq!(words(pending.result()), BY_SHUTDOWN); // at once, while the others still run
            }
            assert_eq!([state(&futures[0]), state(&futures[1])], ["running"; 2]);
            assert!(!closing.is_finished());
            gate.open();
            closing.join().unwrap().unwrap();
        });
        assert_eq!([words(futures[0].result()), words(futures[1].result())], ["0", "1"]);
    });
}

/// SHD-04.
#[test]
fn close_does_not_wait() {
    within(|| {
        let (pool, gate) = held_pool();
        let queued = pool.submit(|| 7);
        pool.close(Shutdown::Drain);
        assert!(pool.try_submit(|| 8).is_err());
        assert_eq!(state(&queued), "pending");
        gate.open();
        assert_eq!(queued.into_result().unwrap(), 7);
    });
}

#[test]
fn a_second_thought_may_still_cancel_what_was_to_be_drained() {
    within(|| {
        let (pool, gate) = held_pool();
        let queued = pool.submit(|| 7);
        thread::scope(|scope| {
            let draining = scope.spawn(|| pool.shutdown(Shutdown::Drain));
            eventually(|| shows(&pool, "open: false"));
            pool.close(Shutdown::CancelPending);
            assert_eq!(words(queued.result()), BY_SHUTDOWN);
            gate.open();
            draining.join().unwrap().unwrap();
        });
    });
}

/// SHD-06.
#[test]
fn closing_again_is_harmless() {
    within(|| {
        let pool = pool(1);
        let future = pool.submit(|| 7);
        for how in [Shutdown::Drain, Shutdown::CancelPending, Shutdown::Drain] {
            pool.shutdown(how).unwrap();
            pool.close(how);
        }
        assert_eq!(future.into_result().unwrap(), 7);
    });
}

#[test]
fn several_threads_may_close_at_once_and_each_returns_when_all_is_over() {
    within(|| {
        for _ in 0..50 {
            let (pool, gate) = (pool(2), Gate::closed());
            let last = pool.submit(gate.then(|| ()));
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        pool.shutdown(Shutdown::Drain).unwrap();
                        assert!(last.done() && shows(&pool, "workers: 0"));
                    });
                }
                gate.open();
            });
        }
    });
}

/// Waiters learn of it at once: what is done to one of them may need another.
#[test]
fn all_that_is_cancelled_is_cancelled_before_anybodys_code_runs() {
    struct Waits(Arc<Future<u8>>, mpsc::Sender<String>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.1.send(words(self.0.result())).unwrap();
        }
    }
    within(|| {
        let (pool, gate) = held_pool();
        let (tell, told) = mpsc::channel();
        let (give, take) = mpsc::channel::<Waits>();
        let futures = [pool.submit(|| ()), pool.submit(move || drop(take))];
        let last = Arc::new(pool.submit(|| 7));
        let waits = || Waits(Arc::clone(&last), tell.clone());
        let (of_first, of_second) = (waits(), waits());
        futures[0].add_done_callback(move |_| drop(of_first));
        give.send(of_second).unwrap();
        pool.close(Shutdown::CancelPending);
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [BY_SHUTDOWN; 2]);
        gate.open();
    });
}

/// SHD-03: also for those who close while somebody else is still telling of what he has cancelled.
#[test]
fn when_a_shutdown_returns_no_future_is_pending() {
    within(|| {
        let (pool, gate) = held_pool();
        let slow = Gate::closed();
        let futures = [(); 2].map(|()| pool.submit(|| 7));
        let way = slow.way();
        futures[0].add_done_callback(move |_| way.pass());
        thread::scope(|scope| {
            scope.spawn(|| pool.close(Shutdown::CancelPending));
            slow.wait_for(1);
            gate.open();
            let closing = scope.spawn(|| {
                pool.shutdown(Shutdown::Drain).unwrap();
                state(&futures[1])
            });
            let_others_block();
            slow.open();
            assert_eq!(closing.join().unwrap(), "cancelled");
        });
    });
}

/// SHD-08.
#[test]
fn a_pool_with_nothing_to_do_closes_at_once() {
    within(|| {
        pool(4).shutdown(Shutdown::Drain).unwrap();
        let asleep = pool(22);
        let gate = Gate::closed();
        let futures: Vec<_> = (0..22).map(|_| asleep.submit(gate.then(|| ()))).collect();
        gate.open();
        assert!(futures.into_iter().all(|future| future.into_result().is_ok()));
        eventually(|| shows(&asleep, "idle: 22"));
        let_others_block();
        asleep.shutdown(Shutdown::Drain).unwrap();
    });
}

/// SHD-24.
#[test]
fn a_running_task_is_refused_by_a_pool_that_has_been_closed() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let submitter = pool.submitter();
        let running = pool.submit(gate.then(move || submitter.try_submit(|| 7).is_err()));
        let queued = pool.submit(|| 8);
        pool.close(Shutdown::Drain);
        gate.open();
        assert!(running.into_result().unwrap());
        assert_eq!(queued.into_result().unwrap(), 8);
    });
}

#[test]
fn a_worker_may_close_its_own_pool_but_not_wait_for_it() {
    within(|| {
        let (pool, gate) = (Arc::new(pool(1)), Gate::closed());
        let inside = Arc::clone(&pool);
        let closing = pool.submit(gate.then(move || inside.shutdown(Shutdown::CancelPending)));
        let queued = pool.submit(|| 7);
        gate.open();
        let error = closing.into_result().unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the pool is closed, but one of its own workers cannot wait for it to end"
        );
        assert_eq!(words(queued.into_result()), BY_SHUTDOWN);
        assert!(pool.try_submit(|| 8).is_err());
    });
}

/// It cannot join itself; and what was submitted still runs.
#[test]
fn a_worker_may_drop_its_own_pool() {
    within(|| {
        let (pool, gate) = (Arc::new(pool(1)), Gate::closed());
        let inside = Arc::clone(&pool);
        let dropping = pool.submit(gate.then(move || drop(inside)));
        let queued = pool.submit(|| 7);
        drop(pool);
        gate.open();
        dropping.into_result().unwrap();
        assert_eq!(queued.into_result().unwrap(), 7);
    });
}

#[test]
fn a_worker_of_one_pool_may_close_another() {
    within(|| {
        let (one, other) = (pool(1), pool(1));
        let future = other.submit(|| 7);
        one.submit(move || other.shutdown(Shutdown::Drain)).into_result().unwrap().unwrap();
        assert!(future.done());
    });
}

#[test]
fn a_submitter_keeps_nothing_open() {
    within(|| {
        let (pool, gate) = held_pool();
        let submitter = pool.submitter();
        let queued = submitter.submit(|| 7);
        gate.open();
        drop(pool);
        assert!(queued.done());
        assert!(matches!(submitter.try_submit(|| 8).unwrap_err().why(), Refusal::ShutDown));
        assert!(submitter.execute(task(|| 9).0).is_err());
    });
}

/// WAI-15: CPython's never returns from this (cpython#87893).
#[test]
fn whoever_waits_for_what_a_shutdown_cancels_is_told() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures = [(); 3].map(|()| pool.submit(|| 7));
        thread::scope(|scope| {
            let waiting = [
                scope.spawn(|| wait(&futures, None, ReturnWhen::AllCompleted).done.len()),
                scope.spawn(|| as_completed(&futures).filter(|future| future.cancelled()).count()),
                scope.spawn(|| futures.iter().filter(|future| future.result().is_err()).count()),
            ];
            let_others_block();
            pool.close(Shutdown::CancelPending);
            assert_eq!(waiting.map(|thread| thread.join().unwrap()), [3; 3]);
        });
        gate.open();
    });
}

#[test]
fn a_callback_of_what_is_cancelled_may_use_the_pool() {
    within(|| {
        let (pool, gate) = held_pool();
        let (tell, told) = mpsc::channel();
        let submitter = pool.submitter();
        let futures = [(); 2].map(|()| pool.submit(|| 7));
        futures[0]
            .add_done_callback(move |_| tell.send(submitter.try_submit(|| 8).is_err()).unwrap());
        futures[1].add_done_callback(|_| panic!("a callback panics"));
        pool.close(Shutdown::CancelPending);
        assert!(told.try_recv().unwrap());
        assert!(futures.iter().all(Future::cancelled));
        gate.open();
    });
}

/// All are cancelled before anything of any is dropped or called back: a callback that waits for a
/// later one does not hang.
#[test]
fn a_callback_of_what_is_cancelled_may_wait_for_what_is_cancelled_after_it() {
    within(|| {
        let (pool, gate) = held_pool();
        let (tell, told) = mpsc::channel();
        let first = pool.submit(|| 7);
        let later = pool.submit(|| 8);
        first.add_done_callback(move |_| tell.send(words(later.result().copied())).unwrap());
        pool.close(Shutdown::CancelPending);
        assert_eq!(told.try_recv().unwrap(), BY_SHUTDOWN);
        gate.open();
    });
}

/// The same of a pool that breaks; and the task whose worker broke it is lost before that, so it
/// can be waited for too.
#[test]
fn what_a_broken_pool_cancels_may_wait_for_all_that_it_leaves() {
    within(|| {
        let gate = Gate::closed();
        let way = gate.way();
        let breaking = ThreadPoolExecutor::builder().max_workers(1).initializer(move || {
            way.pass();
            panic!("no database")
        });
        let pool = breaking.build().unwrap();
        let (tell, told) = mpsc::channel();
        let first = pool.submit(|| 7);
        let pending = pool.submit(|| 8);
        let later = pool.submit(|| 9);
        pending.add_done_callback(move |_| {
            tell.send([words(first.result().copied()), words(later.result().copied())]).unwrap();
        });
        gate.open();
        let [lost, cancelled] = told.recv().unwrap();
        assert!(lost.starts_with("task lost with its worker: "), "{lost}");
        assert!(
            cancelled.starts_with("task cancelled because the pool is broken: "),
            "{cancelled}"
        );
    });
}

/// SHD-26.
#[test]
fn no_handle_is_lost_while_a_pool_is_dropped_elsewhere() {
    within(|| {
        for _ in 0..5 {
            let (pool, runs) = (pool(4), Tally::default());
            let futures: Vec<_> = (0..2000)
                .map(|_| {
                    let runs = runs.clone();
                    pool.submit(move || runs.add())
                })
                .collect();
            let dropping = thread::spawn(move || drop(pool));
            assert!(futures.into_iter().all(|future| future.into_result().is_ok()));
            dropping.join().unwrap();
            assert_eq!(runs.count(), 2000);
        }
    });
}

#[test]
fn a_pool_without_threads_that_is_closed_meanwhile_panics_nowhere() {
    within(|| {
        for _ in 0..500 {
            let pool = ThreadPoolExecutor::builder()
                .stack_size(crate::support::NO_SUCH_STACK)
                .build()
                .unwrap();
            let submitter = pool.submitter();
            thread::scope(|scope| {
                let submitting =
                    scope.spawn(move || submitter.try_submit(|| 1).map(Future::into_result));
                pool.close(Shutdown::CancelPending);
                match submitting.join().unwrap() {
                    Ok(outcome) => assert_eq!(words(outcome), BY_SHUTDOWN),
                    Err(refused) => assert_eq!(refused.into_inner()(), 1),
                }
            });
        }
    });
}
