//! Closing: tasks that were accepted end, and no more are accepted.

use std::io::{self, Write};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Executor, Future, Refusal, Shutdown, ThreadPoolExecutor, task};

use crate::support::{
    Drops, Gate, LONG, NO_SUCH_STACK, PROMPT, Tally, about_to_break, alone, at_once, eventually,
    held_pool, limit, panic_of, pool, shows, state, words,
};
use crate::told::heard_and_held;

const BY_SHUTDOWN: &str = "task cancelled by the shutdown of its pool";

const EVERY_WAY: [Shutdown; 4] =
    [Shutdown::Drain, Shutdown::WhenIdle, Shutdown::CancelPending, Shutdown::Stop];

#[test]
fn a_closed_pool_refuses_at_every_way_in_and_gives_back() {
    let _limit = limit();
    for how in EVERY_WAY {
        let (pool, drops, runs) = (pool(1), Drops::default(), Tally::default());
        let submitter = pool.submitter();
        pool.shutdown(how).unwrap();
        let work = || {
            let runs = runs.clone();
            drops.with(move || runs.add())
        };
        let refusals = [
            pool.try_submit(work()).unwrap_err(),
            pool.try_submit_timeout(LONG, work()).unwrap_err(),
            pool.named("late").try_submit(work()).unwrap_err(),
            submitter.try_submit(work()).unwrap_err(),
            submitter.try_submit_timeout(LONG, work()).unwrap_err(),
        ];
        assert_eq!((runs.count(), drops.count()), (0, 0));
        for refused in refusals {
            assert!(matches!(refused.why(), Refusal::ShutDown));
            assert_eq!(refused.to_string(), "cannot submit: the executor was shut down");
            refused.into_inner()();
        }
        assert_eq!((runs.count(), drops.count()), (5, 5));
    }
}

#[test]
fn a_submit_to_a_closed_pool_panics_and_drops_its_closure() {
    let _limit = limit();
    let (pool, drops) = (pool(1), Drops::default());
    pool.shutdown(Shutdown::Drain).unwrap();
    let (plain, stoppable) = (drops.with(|| ()), drops.with(|| ()));
    let refusals = [
        panic_of(|| pool.submit(plain)),
        panic_of(|| pool.submit_stoppable(|_| stoppable())),
        panic_of(|| pool.map([drops.one()], drop)),
    ];
    assert_eq!(refusals, ["cannot submit: the executor was shut down"; 3]);
    assert_eq!(drops.count(), 3);
}

#[test]
fn a_drain_runs_pending_tasks_first() {
    let _limit = limit();
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
}

/// Also if it is left by a panic.
#[test]
fn leaving_scope_is_a_drain() {
    let _limit = limit();
    for panics in [false, true] {
        let (tell, told) = mpsc::channel();
        let text = panic_of(move || {
            let (pool, gate) = (pool(2), Gate::closed());
            let futures: Vec<_> = (0..50).map(|n| pool.submit(gate.then(move || n))).collect();
            tell.send((futures, pool.map(0..10, |n| n))).unwrap();
            assert!(!panics, "on the way out");
            drop((gate, pool));
            panic!("behind it");
        });
        assert_eq!(text, if panics { "on the way out" } else { "behind it" });
        let (futures, results) = told.recv().unwrap();
        assert!(futures.iter().all(Future::done));
        assert!(futures.into_iter().map(|future| future.into_result().unwrap()).eq(0..50));
        assert!(results.to_string().ends_with(" 10 futures: 10 finished>"));
        assert!(results.map(Result::unwrap).eq(0..10));
    }
}

#[test]
fn a_cancelling_shutdown_cancels_pending_tasks_and_lets_the_others_end() {
    let _limit = limit();
    for how in [Shutdown::CancelPending, Shutdown::Stop] {
        let (pool, gate) = (pool(2), Gate::closed());
        let futures: Vec<_> = (0..50).map(|n| pool.submit(gate.then(move || n))).collect();
        thread::scope(|scope| {
            let closing = scope.spawn(|| pool.shutdown(how));
            for pending in &futures[2..] {
                // At once, while the others still run.
                assert_eq!(words(pending.result()), BY_SHUTDOWN);
            }
            assert_eq!([state(&futures[0]), state(&futures[1])], ["running"; 2]);
            assert!(!closing.is_finished());
            gate.open();
            closing.join().unwrap().unwrap();
        });
        assert_eq!([words(futures[0].result()), words(futures[1].result())], ["0", "1"]);
    }
}

#[test]
fn close_does_not_wait() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let queued = pool.submit(|| 7);
    pool.close(Shutdown::Drain);
    assert!(pool.try_submit(|| 8).is_err());
    assert_eq!(state(&queued), "pending");
    gate.open();
    assert_eq!(queued.into_result().unwrap(), 7);
}

#[test]
fn a_second_closing_may_cancel_tasks_that_were_to_be_drained() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let queued = pool.submit(|| 7);
    pool.close(Shutdown::Drain);
    pool.close(Shutdown::CancelPending);
    assert_eq!(words(queued.result()), BY_SHUTDOWN);
    gate.open();
}

/// Two run for ever here, and three are cancelled.
#[test]
fn the_process_can_exit_though_a_task_runs_for_ever() {
    alone(|| {
        let pool = pool(2);
        for _ in 0..5 {
            drop(pool.submit(|| {
                loop {
                    thread::park();
                }
            }));
        }
        pool.close(Shutdown::CancelPending);
        let stats = pool.stats();
        assert_eq!((stats.queued, stats.running, stats.cancelled), (0, 2, 3));
        assert_eq!(
            pool.shutdown_timeout(Shutdown::CancelPending, Duration::ZERO).unwrap().threads_left,
            2
        );
    });
}

#[test]
fn closing_again_is_harmless() {
    let _limit = limit();
    for first in EVERY_WAY {
        for second in EVERY_WAY {
            let pool = pool(2);
            let future = pool.submit(|| 7);
            pool.shutdown(first).unwrap();
            let stats = pool.stats();
            assert_eq!((stats.workers, stats.idle, stats.running, stats.queued), (0, 0, 0, 0));
            pool.close(second);
            pool.shutdown(second).unwrap();
            assert!(pool.shutdown_timeout(second, Duration::ZERO).unwrap().is_complete());
            assert_eq!(future.into_result().unwrap(), 7);
        }
    }
}

#[test]
fn several_threads_may_close_at_once_and_each_returns_when_all_is_over() {
    let _limit = limit();
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
}

/// A callback or a drop of one may need the end of another.
#[test]
fn tasks_are_cancelled_before_any_callback_or_drop_of_theirs_runs() {
    struct Waits(Arc<Future<u8>>, mpsc::Sender<String>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.1.send(words(self.0.result())).unwrap();
        }
    }
    let _limit = limit();
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
}

/// Also for a thread that closes while another still runs callbacks of cancelled tasks.
#[test]
fn no_future_is_pending_when_a_shutdown_returns() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
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
        log.wait_for_sleeps(1);
        slow.open();
        assert_eq!(closing.join().unwrap(), "cancelled");
    });
}

#[test]
fn a_pool_that_was_never_used_closes_at_once() {
    let _limit = limit();
    let began = Instant::now();
    for how in EVERY_WAY {
        pool(22).shutdown(how).unwrap();
        assert!(pool(22).shutdown_timeout(how, Duration::ZERO).unwrap().is_complete());
    }
    drop(pool(22));
    assert!(began.elapsed() < PROMPT);
}

#[test]
fn sleeping_workers_are_woken_by_a_shutdown() {
    let _limit = limit();
    let asleep = pool(22);
    at_once(&asleep, 22, || ());
    eventually(|| asleep.stats().idle == 22);
    let began = Instant::now();
    asleep.shutdown(Shutdown::Drain).unwrap();
    assert!(began.elapsed() < PROMPT);
    assert_eq!(asleep.stats().workers, 0);
}

#[test]
fn a_task_that_submits_to_its_closed_pool_is_refused_and_the_queue_still_runs() {
    let _limit = limit();
    let (pool, gate) = (pool(1), Gate::closed());
    let submitter = pool.submitter();
    let late = pool.submit(gate.then(move || {
        assert!(submitter.try_submit(|| 1).is_err());
        assert!(submitter.try_submit_timeout(LONG, || 2).is_err());
        assert!(submitter.named("late").try_submit(|| 3).is_err());
        panic_of(|| submitter.submit(|| 4))
    }));
    gate.wait_for(1);
    let queued: Vec<_> = (0..5).map(|n| pool.submit(move || n)).collect();
    pool.close(Shutdown::Drain);
    gate.open();
    assert_eq!(late.into_result().unwrap(), "cannot submit: the executor was shut down");
    assert!(queued.into_iter().map(|future| future.into_result().unwrap()).eq(0..5));
}

#[test]
fn a_worker_may_close_its_own_pool_but_not_wait_for_it() {
    let _limit = limit();
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
}

/// A worker cannot join itself; and pending tasks still run.
#[test]
fn a_worker_may_drop_its_own_pool() {
    let _limit = limit();
    let (pool, gate) = (Arc::new(pool(1)), Gate::closed());
    let inside = Arc::clone(&pool);
    let dropping = pool.submit(gate.then(move || drop(inside)));
    let queued = pool.submit(|| 7);
    drop(pool);
    gate.open();
    dropping.into_result().unwrap();
    assert_eq!(queued.into_result().unwrap(), 7);
}

#[test]
fn a_worker_of_one_pool_may_close_another() {
    let _limit = limit();
    let (one, other) = (pool(1), pool(1));
    let future = other.submit(|| 7);
    one.submit(move || other.shutdown(Shutdown::Drain)).into_result().unwrap().unwrap();
    assert!(future.done());
}

#[test]
fn a_submitter_keeps_nothing_open() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let submitter = pool.submitter();
    let queued = submitter.submit(|| 7);
    gate.open();
    drop(pool);
    assert!(queued.done());
    assert!(matches!(submitter.try_submit(|| 8).unwrap_err().why(), Refusal::ShutDown));
    assert!(submitter.execute(task(|| 9).0).is_err());
}

/// The task whose worker broke the pool is lost before the others are cancelled, so it can be
/// waited for too.
#[test]
fn callbacks_in_a_broken_pool_may_wait_for_all_of_its_tasks() {
    let _limit = limit();
    let (pool, gate) = about_to_break();
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
    assert!(cancelled.starts_with("task cancelled because the pool is broken: "), "{cancelled}");
}

#[test]
fn no_future_is_lost_while_a_pool_is_dropped_by_another_thread() {
    let _limit = limit();
    for _ in 0..5 {
        let (pool, runs) = (pool(4), Tally::default());
        let futures: Vec<_> = (0..10_000)
            .map(|_| {
                let runs = runs.clone();
                pool.submit(move || runs.add())
            })
            .collect();
        let dropping = thread::spawn(move || drop(pool));
        assert!(futures.into_iter().all(|future| future.into_result().is_ok()));
        dropping.join().unwrap();
        assert_eq!(runs.count(), 10_000);
    }
}

#[test]
fn a_pool_without_threads_that_is_closed_meanwhile_panics_nowhere() {
    let _limit = limit();
    for _ in 0..500 {
        let pool = ThreadPoolExecutor::builder().stack_size(NO_SUCH_STACK).build().unwrap();
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
}

/// Pending ones are cancelled then, and running ones asked to stop.
#[test]
fn tasks_go_on_until_the_deadline_of_a_closing() {
    const TIMEOUT: Duration = Duration::from_millis(20);
    let _limit = limit();
    let pool = pool(1);
    let running = pool.submit_stoppable(|stop| {
        stop.wait_timeout(LONG);
        Instant::now()
    });
    let pending = pool.submit(|| ());
    let (tell, told) = mpsc::channel();
    pending.add_done_callback(move |_| tell.send(Instant::now()).unwrap());
    let began = Instant::now();
    let _ = pool.shutdown_timeout(Shutdown::Drain, TIMEOUT).unwrap();
    assert!(pending.cancelled());
    assert!(told.recv().unwrap() - began >= TIMEOUT);
    assert!(running.into_result().unwrap() - began >= TIMEOUT);
}

/// Tasks that never ran are not handed back but cancelled.
#[test]
fn a_shutdown_that_stops_accounts_for_every_task() {
    let _limit = limit();
    let (pool, ran) = (pool(2), Tally::default());
    let until_asked = |_| {
        let ran = ran.clone();
        pool.submit_stoppable(move |stop| {
            ran.add();
            stop.wait_timeout(LONG)
        })
    };
    let futures: Vec<_> = (0..5).map(until_asked).collect();
    let report = pool.shutdown_timeout(Shutdown::Stop, LONG).unwrap();
    assert!(report.is_complete());
    assert_eq!((ran.count(), report.returned, report.cancelled), (2, 2, 3));
    assert_eq!(pool.stats().submitted, 5);
    let outcomes: Vec<_> = futures.into_iter().map(|future| words(future.into_result())).collect();
    assert_eq!(outcomes, ["true", "true", BY_SHUTDOWN, BY_SHUTDOWN, BY_SHUTDOWN]);
}

#[test]
fn pending_tasks_at_the_end_of_main_run_before_the_process_exits() {
    let said = alone(|| {
        let (pool, gate) = held_pool();
        for fruit in ["apple\n", "pear\n", "quince\n"] {
            drop(pool.submit(|| io::stderr().write_all(fruit.as_bytes())));
        }
        gate.open();
    });
    assert!(["apple", "pear", "quince"].iter().all(|fruit| said.contains(fruit)), "{said}");
}
