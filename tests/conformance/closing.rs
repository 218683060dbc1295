//! SHD: shutdown, drop, termination; and CAN-17, by which a running task learns of it.

use std::io::{self, Write};
use std::sync::{Arc, mpsc};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use glasspool::{Future, Refusal, Shutdown, StopToken, Submitter, ThreadPoolExecutor};

use crate::common::{PROMPT, at_once};
use crate::support::{
    Drops, Gate, LONG, Tally, alone, eventually, held_pool, let_others_block, panic_of, pool,
    within, words,
};

const EVERY_WAY: [Shutdown; 4] =
    [Shutdown::Drain, Shutdown::WhenIdle, Shutdown::CancelPending, Shutdown::Stop];

#[test]
fn shd_01_after_a_shutdown_every_way_in_refuses_and_gives_back() {
    within(|| {
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
                refused.into_inner()();
            }
            assert_eq!((runs.count(), drops.count()), (5, 5));
        }
    });
}

#[test]
fn shd_01_what_does_not_give_back_panics_and_drops() {
    within(|| {
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
    });
}

/// The tasks take a moment each, so that most of them are still to come when the shutdown does.
#[test]
fn shd_02_a_waiting_shutdown_finishes_all_queued_work_first() {
    within(|| {
        let pool = pool(5);
        let work = |n| {
            move || {
                thread::sleep(Duration::from_millis(1));
                n
            }
        };
        let futures: Vec<_> = (0..50).map(|n| pool.submit(work(n))).collect();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert!(futures.iter().all(Future::done));
        assert!(futures.into_iter().map(|future| future.into_result().unwrap()).eq(0..50));
    });
}

/// The last to be cancelled opens the gate for those that run.
#[test]
fn shd_03_a_cancelling_shutdown_leaves_no_future_pending() {
    within(|| {
        for how in [Shutdown::CancelPending, Shutdown::Stop] {
            let (pool, gate) = (pool(5), Gate::closed());
            let futures: Vec<_> = (0..50).map(|n| pool.submit(gate.then(move || n))).collect();
            futures[49].add_done_callback(move |_| gate.open());
            pool.shutdown(how).unwrap();
            assert!(futures.iter().all(Future::done));
            let (cancelled, others): (Vec<_>, Vec<_>) =
                futures.into_iter().partition(Future::cancelled);
            assert_eq!((cancelled.len(), others.len()), (45, 5));
            assert!(others.into_iter().all(|future| future.into_result().is_ok()));
            for future in cancelled {
                assert_eq!(
                    words(future.into_result()),
                    "task cancelled by the shutdown of its pool"
                );
            }
        }
    });
}

#[test]
fn shd_04_a_closing_that_does_not_wait_lets_queued_work_complete() {
    within(|| {
        let pool = pool(5);
        let results = pool.map(-5..5_i32, i32::abs);
        pool.close(Shutdown::Drain);
        assert!(results.map(Result::unwrap).eq([5, 4, 3, 2, 1, 0, 1, 2, 3, 4]));

        let (held, gate) = held_pool();
        let queued = held.submit(|| 7);
        held.close(Shutdown::Drain); // though its worker stands at the gate
        assert!(!queued.done());
        gate.open();
        assert_eq!(queued.into_result().unwrap(), 7);
    });
}

#[test]
fn shd_05_of_a_cancelling_close_only_what_runs_is_left() {
    let said = alone(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        drop(pool.submit(gate.then(|| io::stderr().write_all(b"apple\n"))));
        gate.wait_for(1);
        drop(pool.submit(|| io::stderr().write_all(b"pear\n")));
        pool.close(Shutdown::CancelPending);
        let stats = pool.stats();
        assert_eq!((stats.queued, stats.running, stats.cancelled), (0, 1, 1));
        gate.open();
    });
    assert!(said.contains("apple") && !said.contains("pear"), "{said}");
}

/// What runs never ends here, and the gate is never opened.
#[test]
fn shd_05_the_process_can_exit_though_a_task_runs_for_ever() {
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
        assert_eq!(
            pool.shutdown_timeout(Shutdown::CancelPending, Duration::ZERO).unwrap().threads_left,
            2
        );
    });
}

#[test]
fn shd_06_closing_again_is_harmless() {
    within(|| {
        for first in EVERY_WAY {
            for second in EVERY_WAY {
                let pool = pool(2);
                let future = pool.submit(|| 7);
                pool.shutdown(first).unwrap();
                pool.close(second);
                pool.shutdown(second).unwrap();
                assert!(pool.shutdown_timeout(second, Duration::ZERO).unwrap().is_complete());
                assert_eq!(future.into_result().unwrap(), 7);
            }
        }
    });
}

#[test]
fn shd_08_a_pool_that_was_never_used_closes_at_once() {
    within(|| {
        let began = Instant::now();
        for how in EVERY_WAY {
            pool(22).shutdown(how).unwrap();
            assert!(pool(22).shutdown_timeout(how, Duration::ZERO).unwrap().is_complete());
        }
        drop(pool(22));
        assert!(began.elapsed() < PROMPT);
    });
}

#[test]
fn shd_08_sleeping_workers_are_woken_by_a_shutdown() {
    within(|| {
        let asleep = pool(22);
        at_once(&asleep, 22, || ());
        eventually(|| asleep.stats().idle == 22);
        let_others_block();
        let began = Instant::now();
        asleep.shutdown(Shutdown::Drain).unwrap();
        assert!(began.elapsed() < PROMPT);
        assert_eq!(asleep.stats().workers, 0);
    });
}

#[test]
fn shd_09_leaving_scope_waits_and_results_stay_readable() {
    within(|| {
        let (results, future) = {
            let pool = pool(5);
            (pool.map(-5..5_i32, i32::abs), pool.submit(|| 7))
        };
        assert!(results.to_string().ends_with(" 10 futures: 10 finished>") && future.done());
        assert!(results.map(Result::unwrap).eq([5, 4, 3, 2, 1, 0, 1, 2, 3, 4]));
        assert_eq!(future.into_result().unwrap(), 7);
    });
}

/// By their names, as other tests have threads too.
#[cfg(target_os = "linux")]
#[test]
fn shd_10_when_a_waiting_shutdown_returns_no_thread_is_left() {
    use crate::support::threads_named;
    within(|| {
        let pool = ThreadPoolExecutor::builder()
            .max_workers(22)
            .thread_name_prefix("going")
            .build()
            .unwrap();
        let gate = Gate::closed();
        let _held: Vec<_> = (0..30).map(|_| pool.submit(gate.then(|| ()))).collect();
        assert_eq!(threads_named("going_"), 22);
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        // The system takes a joined thread off its list a moment after it has told us.
        eventually(|| threads_named("going_") == 0);
    });
}

#[test]
fn shd_10_a_pool_that_has_ended_has_no_workers() {
    within(|| {
        for how in EVERY_WAY {
            let pool = pool(3);
            at_once(&pool, 3, || ());
            assert_eq!(pool.stats().workers, 3);
            pool.shutdown(how).unwrap();
            let stats = pool.stats();
            assert_eq!((stats.workers, stats.idle, stats.running, stats.queued), (0, 0, 0, 0));
        }
    });
}

#[test]
fn shd_12_a_closing_with_a_deadline_is_never_early_and_says_whether_all_has_ended() {
    within(|| {
        let (pool, gate) = held_pool();
        for timeout in [Duration::ZERO, Duration::from_nanos(999_999), Duration::from_millis(12)] {
            let began = Instant::now();
            let report = pool.shutdown_timeout(Shutdown::Drain, timeout).unwrap();
            assert!(began.elapsed() >= timeout);
            assert!(!report.is_complete());
            assert_eq!((report.still_running.len(), report.threads_left), (1, 1));
        }
        gate.open();
        for timeout in [LONG, Duration::ZERO] {
            let report = pool.shutdown_timeout(Shutdown::Drain, timeout).unwrap();
            assert!(report.is_complete());
            assert_eq!((report.still_running.len(), report.threads_left), (0, 0));
        }
    });
}

/// Only then is what is pending cancelled, and what runs asked to stop.
#[test]
fn shd_12_until_the_deadline_all_goes_on() {
    const TIMEOUT: Duration = Duration::from_millis(20);
    within(|| {
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
    });
}

/// For hours, as far as the shutdown can know.
#[test]
fn shd_13_a_closing_with_a_deadline_returns_though_a_task_runs_for_hours() {
    within(|| {
        for timeout in [Duration::from_millis(100), Duration::ZERO] {
            let builder = ThreadPoolExecutor::builder().max_workers(1).thread_name_prefix("stuck");
            let (pool, gate) = (builder.build().unwrap(), Gate::closed());
            let stuck = pool.named("hours").submit(gate.then(|| 7));
            gate.wait_for(1);
            let pending = [(); 3].map(|()| pool.submit(|| 8));

            let began = Instant::now();
            let report = pool.shutdown_timeout(Shutdown::Drain, timeout).unwrap();
            drop(pool); // does not wait any more either
            assert!((timeout..timeout + PROMPT).contains(&began.elapsed()));

            assert!(!report.is_complete());
            assert_eq!(
                (report.returned, report.panicked, report.cancelled, report.lost),
                (0, 0, 3, 0)
            );
            assert!(pending.iter().all(Future::cancelled));
            let [hours] = &report.still_running[..] else { panic!("{report}") };
            assert_eq!((hours.name.as_deref(), hours.worker.as_str()), (Some("hours"), "stuck_0"));
            assert_eq!(hours.submitted_at, stuck.submitted_at());
            assert!(hours.running_for >= timeout);
            assert_eq!(report.to_string().lines().count(), 2);

            assert!(stuck.running());
            gate.open();
            assert_eq!(stuck.into_result().unwrap(), 7);
        }
    });
}

/// They are not handed back but cancelled; those and the ones that ran are all there were.
#[test]
fn shd_14_stopping_now_accounts_for_every_task() {
    within(|| {
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
        let outcomes: Vec<_> =
            futures.into_iter().map(|future| words(future.into_result())).collect();
        let cancelled = "task cancelled by the shutdown of its pool";
        assert_eq!(outcomes, ["true", "true", cancelled, cancelled, cancelled]);
    });
}

#[test]
fn shd_21_what_is_queued_at_the_end_of_main_is_done_before_the_process_exits() {
    let said = alone(|| {
        let (pool, gate) = held_pool();
        for fruit in ["apple\n", "pear\n", "quince\n"] {
            drop(pool.submit(|| io::stderr().write_all(fruit.as_bytes())));
        }
        gate.open();
    });
    assert!(["apple", "pear", "quince"].iter().all(|fruit| said.contains(fruit)), "{said}");
}

/// The pending task, when it is cancelled, opens the gate for the one that runs.
#[test]
fn shd_22_what_a_shutdown_cancels_is_dropped_before_it_returns() {
    within(|| {
        for how in [Shutdown::CancelPending, Shutdown::Stop] {
            let (pool, gate) = held_pool();
            let captured = Arc::new(());
            let capture = Arc::clone(&captured);
            let pending = pool.submit(move || drop(capture));
            pending.add_done_callback(move |_| gate.open());
            assert_eq!(Arc::strong_count(&captured), 2);
            pool.shutdown(how).unwrap();
            assert_eq!(Arc::strong_count(&captured), 1);
        }
    });
}

#[test]
fn shd_22_what_a_drained_pool_ran_is_dropped_when_it_has_ended() {
    within(|| {
        for _ in 0..200 {
            let captured = Arc::new(());
            {
                let pool = pool(2);
                for _ in 0..4 {
                    let capture = Arc::clone(&captured);
                    drop(pool.submit(move || drop(capture)));
                }
            }
            assert_eq!(Arc::strong_count(&captured), 1);
        }
    });
}

#[test]
fn shd_24_what_a_running_task_submits_to_a_closed_pool_is_refused_and_the_queue_still_runs() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let submitter = pool.submitter();
        let late = pool.submit(gate.then(move || {
            let refused = [
                submitter.try_submit(|| 1).is_err(),
                submitter.try_submit_timeout(LONG, || 2).is_err(),
                submitter.named("late").try_submit(|| 3).is_err(),
            ];
            (refused, panic_of(|| submitter.submit(|| 4)))
        }));
        gate.wait_for(1);
        let queued: Vec<_> = (0..5).map(|n| pool.submit(move || n)).collect();
        pool.close(Shutdown::Drain);
        gate.open();
        let (refused, panicked) = late.into_result().unwrap();
        assert_eq!(
            (refused, panicked.as_str()),
            ([true; 3], "cannot submit: the executor was shut down")
        );
        assert!(queued.into_iter().map(|future| future.into_result().unwrap()).eq(0..5));
    });
}

#[test]
fn shd_26_no_future_is_lost_while_the_pool_is_dropped_by_another_thread() {
    const TASKS: usize = 10_000;
    within(|| {
        for _ in 0..5 {
            let (pool, (tell, told)) = (pool(4), mpsc::channel());
            let futures: Vec<_> = (0..TASKS)
                .map(|n| {
                    let tell = tell.clone();
                    pool.submit(move || tell.send(n).unwrap())
                })
                .collect();
            drop(tell);
            let dropping = thread::spawn(move || drop(pool));
            assert!(futures.into_iter().all(|future| future.into_result().is_ok()));
            dropping.join().unwrap();
            let mut ran: Vec<_> = told.into_iter().collect();
            ran.sort_unstable();
            assert!(ran.into_iter().eq(0..TASKS));
        }
    });
}

/// Those that tasks submit meanwhile are waited for too, and so by everyone who waits.
#[test]
fn shd_27_several_may_wait_until_a_pool_is_idle() {
    fn chain(submitter: &Submitter, ran: Tally, left: u32) {
        ran.add();
        if left > 0 {
            let next = submitter.clone();
            drop(submitter.submit(move || chain(&next, ran, left - 1)));
        }
    }
    within(|| {
        let (pool, gate, ran) = (pool(2), Gate::closed(), Tally::default());
        for _ in 0..4 {
            let (submitter, ran) = (pool.submitter(), ran.clone());
            drop(pool.submit(gate.then(move || chain(&submitter, ran, 49))));
        }
        let early = thread::scope(|threads| {
            let waiting = [(); 3].map(|()| {
                threads.spawn(|| {
                    pool.shutdown(Shutdown::WhenIdle).unwrap();
                    ran.count()
                })
            });
            let_others_block();
            let early = waiting.iter().any(ScopedJoinHandle::is_finished);
            gate.open();
            assert_eq!(waiting.map(|thread| thread.join().unwrap()), [4 * 50; 3]);
            early
        });
        assert!(!early);
        pool.shutdown(Shutdown::WhenIdle).unwrap();
        assert!(matches!(pool.try_submit(|| ()).unwrap_err().why(), Refusal::ShutDown));
    });
}

/// Runs until it is asked to stop; whether it was.
fn runs_on(stop: &StopToken, gate: &mpsc::Sender<()>) -> bool {
    gate.send(()).unwrap();
    stop.wait_timeout(LONG) && stop.stop_requested()
}

#[test]
fn can_17_a_running_task_learns_that_it_was_asked_to_stop() {
    within(|| {
        let pool = pool(1);
        let (tell, began) = mpsc::channel();
        let again = tell.clone();
        let asked = pool.submit_stoppable(move |stop| runs_on(&stop, &tell));
        began.recv().unwrap();
        assert!(!asked.cancel() && asked.request_stop());
        assert!(asked.into_result().unwrap());

        let shut_down = pool.submit_stoppable(move |stop| runs_on(&stop, &again));
        began.recv().unwrap();
        pool.shutdown(Shutdown::Stop).unwrap();
        assert!(shut_down.into_result().unwrap());
    });
}

/// A request to stop says whether there is anybody to hear it.
#[test]
fn can_17_asking_to_stop_cancels_what_is_pending_and_tells_whether_it_can_help() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let running = pool.submit(gate.then(|| 7));
        let pending = pool.submit(|| 8);
        assert!(!running.request_stop());
        assert!(pending.request_stop() && pending.cancelled() && pending.request_stop());
        gate.open();
        assert_eq!(running.result().unwrap(), &7);
        assert!(!running.request_stop());
    });
}
