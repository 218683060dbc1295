//! Closing: what was taken ends, nothing more is taken, and when it is over nothing is left.

use std::cell::RefCell;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{
    Builder, Executor, Future, Refusal, ReturnWhen, Shutdown, Submitter, ThreadPoolExecutor, as_completed,
    task, wait,
};

use crate::support::{
    Counted, Drops, Gate, LONG, Tally, Way, eventually, held_pool, let_others_block, panic_of, pool, shows,
    state, within, words,
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

/// What a thread drops at its very end, in no hurry.
struct SlowToGo(#[expect(dead_code, reason = "its drop is what counts")] Counted);

impl Drop for SlowToGo {
    fn drop(&mut self) {
        thread::sleep(Duration::from_millis(2));
    }
}

/// A pool whose threads are counted when they begin, and when they have as good as ended.
fn counting_its_threads(builder: Builder) -> (ThreadPoolExecutor, Tally, Drops) {
    thread_local!(static OF_THREAD: RefCell<Option<SlowToGo>> = const { RefCell::new(None) });
    let (began, ended) = (Tally::default(), Drops::default());
    let (begins, ends) = (began.clone(), ended.clone());
    let builder = builder.initializer(move || {
        begins.add();
        OF_THREAD.set(Some(SlowToGo(ends.one())));
    });
    (builder.build().unwrap(), began, ended)
}

/// SHD-10: joined, and not just told to go.
#[test]
fn when_a_shutdown_returns_every_thread_of_the_pool_has_ended() {
    within(|| {
        let (pool, began, ended) = counting_its_threads(ThreadPoolExecutor::builder().max_workers(3));
        let gate = Gate::closed();
        let _futures = [(); 3].map(|()| pool.submit(gate.then(|| ())));
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!((began.count(), ended.count()), (3, 3));
    });
}

/// SHD-10, INI-04: also those of workers that retired before, whoever has come after them.
#[test]
fn when_a_shutdown_returns_every_thread_there_ever_was_has_ended() {
    within(|| {
        for _ in 0..50 {
            let fleeting = ThreadPoolExecutor::builder().max_workers(2).keep_alive(Duration::ZERO);
            let (pool, began, ended) = counting_its_threads(fleeting);
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| [(); 3].map(|()| assert!(pool.submit(|| ()).into_result().is_ok())));
                }
            });
            pool.shutdown(Shutdown::Drain).unwrap();
            assert_eq!(ended.count(), began.count());
        }
    });
}

/// The first worker's thread has still to end when its successor's has ended already.
#[test]
fn a_thread_that_takes_its_time_to_end_is_waited_for_though_it_has_a_successor() {
    struct AtAGate(Arc<Way>);
    impl Drop for AtAGate {
        fn drop(&mut self) {
            self.0.pass();
        }
    }
    thread_local!(static OF_THREAD: RefCell<Option<AtAGate>> = const { RefCell::new(None) });
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).keep_alive(Duration::ZERO).build().unwrap();
        let gate = Gate::closed();
        let way = gate.way();
        pool.submit(move || OF_THREAD.set(Some(AtAGate(way)))).into_result().unwrap();
        gate.wait_for(1);
        assert_eq!(pool.submit(|| 7).into_result().unwrap(), 7);
        thread::scope(|scope| {
            let closing = scope.spawn(|| pool.shutdown(Shutdown::Drain));
            let_others_block();
            assert!(!closing.is_finished());
            gate.open();
            closing.join().unwrap().unwrap();
        });
    });
}

/// SHD-10, INI-03: by their names, as other tests have threads too.
#[cfg(target_os = "linux")]
#[test]
fn no_thread_is_left_of_a_pool_that_has_ended() {
    use crate::support::threads_named;
    within(|| {
        let (pool, gate) =
            (ThreadPoolExecutor::builder().thread_name_prefix("leaves").max_workers(3), Gate::closed());
        let (pool, gate) = (pool.build().unwrap(), gate);
        let _futures = [(); 6].map(|()| pool.submit(gate.then(|| ())));
        assert_eq!(threads_named("leaves_"), 3);
        gate.open();
        drop(pool);
        // The system takes a joined thread off its list a moment after it has told us.
        eventually(|| threads_named("leaves_") == 0);

        let broken =
            ThreadPoolExecutor::builder().thread_name_prefix("breaks").initializer(|| panic!("no database"));
        assert!(broken.build().unwrap().submit(|| ()).into_result().is_err());
        eventually(|| threads_named("breaks_") == 0);
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
        futures[0].add_done_callback(move |_| tell.send(submitter.try_submit(|| 8).is_err()).unwrap());
        futures[1].add_done_callback(|_| panic!("a callback panics"));
        pool.close(Shutdown::CancelPending);
        assert!(told.try_recv().unwrap());
        assert!(futures.iter().all(Future::cancelled));
        gate.open();
    });
}

/// All are cancelled before anything of any is dropped or called back: a callback that waits for a later one does not hang.
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

/// The same of a pool that breaks; and the task whose worker broke it is lost before that, so it can be waited for too.
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
        assert!(cancelled.starts_with("task cancelled because the pool is broken: "), "{cancelled}");
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

/// SHD-12.
#[test]
fn a_closing_with_a_deadline_that_sees_the_end_says_so() {
    within(|| {
        let pool = pool(2);
        let futures: Vec<_> = (0..20).map(|n| pool.submit(move || assert!(n % 5 != 0))).collect();
        let report = pool.shutdown_timeout(Shutdown::Drain, LONG).unwrap();
        assert!(report.is_complete());
        assert!(futures.iter().all(Future::done));
        // What ended before the call is not the report's.
        assert!(report.returned <= 16 && report.panicked <= 4 && report.cancelled == 0);
        assert_eq!((report.still_running.len(), report.threads_left), (0, 0));
        let again = pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap();
        assert_eq!(again.to_string(), "returned 0, panicked 0, cancelled 0, still running 0");
        drop(futures.into_iter().map(|future| future.add_done_callback(|_| ())));
    });
}

/// SHD-12, SHD-13.
#[test]
fn a_closing_with_a_deadline_gives_up_in_time_and_reports() {
    within(|| {
        let (pool, gate) = (pool(2), Gate::closed());
        let stuck = pool.named("stuck").submit(gate.then(|| 1));
        let here = stuck.submitted_at();
        let panics = pool.submit(|| panic!("boom"));
        panics.add_done_callback(|_| ());
        let asked = pool.submit_stoppable(|stop| stop.wait_timeout(LONG));
        eventually(|| asked.running());
        let pending: Vec<_> = (0..5).map(|_| pool.submit(|| ())).collect();
        let (patience, began) = (Duration::from_millis(30), Instant::now());
        let report = pool.shutdown_timeout(Shutdown::Drain, patience).unwrap();
        assert!(began.elapsed() >= patience);
        assert!(!report.is_complete());
        assert_eq!((report.cancelled, report.lost), (5, 0));
        assert!(pending.iter().all(Future::cancelled));
        assert!(asked.into_result().unwrap()); // when the time was up
        let still = &report.still_running[0];
        assert_eq!((still.name.as_deref(), still.submitted_at), (Some("stuck"), here));
        assert!(still.running_for >= patience && still.worker.ends_with("_0"));
        let text = report.to_string();
        assert!(text.contains("cancelled 5, still running "), "{text}");
        assert!(
            text.contains(&format!("\ntask 'stuck' (submitted at {here}) runs on {}, for ", still.worker)),
            "{text}"
        );
        drop(pool); // and this does not wait either
        assert!(stuck.running());
        gate.open();
        assert_eq!(stuck.into_result().unwrap(), 1);
    });
}

#[test]
fn what_a_deadline_leaves_behind_can_still_be_waited_for() {
    within(|| {
        let (pool, gate) = held_pool();
        let report = pool.shutdown_timeout(Shutdown::CancelPending, Duration::ZERO).unwrap();
        assert_eq!((report.still_running.len(), report.threads_left), (1, 1));
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        let report = pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap();
        assert!(report.is_complete());
    });
}

/// What has ended is not reported as running, though its worker has not come back from it yet.
#[test]
fn a_report_does_not_call_running_what_was_seen_to_be_done() {
    within(|| {
        for _ in 0..300 {
            let pool = pool(1);
            let future = pool.submit(|| 1);
            future.result().unwrap();
            let report = pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap();
            assert_eq!(report.still_running, []);
        }
    });
}

#[test]
fn what_was_submitted_is_in_the_report_or_was_over_before() {
    within(|| {
        for round in 0..100_u64 {
            let pool = pool(2);
            let total = 50;
            for _ in 0..total {
                drop(pool.submit(|| ()));
            }
            let report = pool.shutdown_timeout(Shutdown::Drain, Duration::from_micros(round)).unwrap();
            let now = report.returned + report.cancelled + report.still_running.len() as u64;
            assert!(now <= total, "{report}");
            pool.shutdown(Shutdown::Drain).unwrap();
            assert_eq!(pool.stats().returned + pool.stats().cancelled, total);
        }
    });
}

#[test]
fn a_worker_may_close_with_a_deadline_but_not_wait() {
    within(|| {
        let pool = Arc::new(pool(1));
        let inside = Arc::clone(&pool);
        let future = pool.submit(move || inside.shutdown_timeout(Shutdown::Drain, LONG).map(|_| ()));
        let error = future.into_result().unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the pool is closed, but one of its own workers cannot wait for it to end"
        );
    });
}

#[test]
fn a_deadline_holds_while_another_closer_has_none() {
    within(|| {
        let (pool, gate) = held_pool();
        thread::scope(|scope| {
            let patient = scope.spawn(|| pool.shutdown(Shutdown::Drain));
            let_others_block();
            let report = pool.shutdown_timeout(Shutdown::Drain, Duration::from_millis(5)).unwrap();
            assert_eq!(report.still_running.len(), 1);
            assert!(!patient.is_finished());
            gate.open();
            patient.join().unwrap().unwrap();
        });
    });
}

#[test]
fn a_deadline_holds_for_workers_that_take_their_time_to_leave() {
    within(|| {
        let gate = Gate::closed();
        let way = gate.way();
        let pool =
            ThreadPoolExecutor::builder().max_workers(1).exit_hook(move || way.pass()).build().unwrap();
        pool.submit(|| ()).into_result().unwrap();
        let report = pool.shutdown_timeout(Shutdown::Drain, Duration::from_millis(10)).unwrap();
        assert_eq!((report.still_running.len(), report.threads_left), (0, 1));
        assert!(report.to_string().ends_with("still running 0, threads still ending 1"));
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
    });
}

#[test]
fn closing_when_idle_takes_what_tasks_submit_meanwhile() {
    fn link(own: Submitter, left: u32, ran: Tally) {
        ran.add();
        if left > 0 {
            drop(own.clone().submit(move || link(own, left - 1, ran)));
        }
    }
    within(|| {
        for workers in [1, 2, 8] {
            let (pool, ran) = (pool(workers), Tally::default());
            for _ in 0..4 {
                let (own, ran) = (pool.submitter(), ran.clone());
                drop(pool.submit(move || link(own, 100, ran)));
            }
            pool.shutdown(Shutdown::WhenIdle).unwrap();
            assert_eq!(ran.count(), 404);
            assert!(pool.try_submit(|| ()).is_err());
        }
    });
}

#[test]
fn closing_when_idle_can_be_hastened() {
    within(|| {
        let (pool, gate) = held_pool();
        pool.close(Shutdown::WhenIdle);
        let accepted = pool.submit(|| 1);
        pool.close(Shutdown::WhenIdle); // again, and nothing changes
        assert!(!accepted.done() && pool.try_submit(|| ()).is_ok());
        pool.close(Shutdown::CancelPending);
        assert!(accepted.cancelled() && pool.try_submit(|| ()).is_err());
        gate.open();
        drop(pool);

        let idle = crate::support::pool(1);
        idle.close(Shutdown::WhenIdle);
        assert!(idle.try_submit(|| ()).is_err());
    });
}

/// What a hook captured goes with the last worker, though the pool's handle is still there, and even if it is a handle on the
/// pool itself.
#[test]
fn hooks_are_let_go_of_when_the_last_worker_has_gone() {
    within(|| {
        let drops = Drops::default();
        let (first, second) = (drops.one(), drops.one());
        let slot: Arc<std::sync::Mutex<Option<Submitter>>> = Arc::default();
        let inside = Arc::clone(&slot);
        let pool = ThreadPoolExecutor::builder()
            .initializer(move || {
                let _ = (&first, &inside);
            })
            .exit_hook(move || {
                let _ = &second;
            })
            .build()
            .unwrap();
        *slot.lock().unwrap() = Some(pool.submitter());
        pool.submit(|| ()).into_result().unwrap();
        assert_eq!(drops.count(), 0);
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!((drops.count(), Arc::strong_count(&slot)), (2, 1));

        let never_used = drops.one();
        let pool = ThreadPoolExecutor::builder().exit_hook(move || {
            let _ = &never_used;
        });
        pool.build().unwrap().close(Shutdown::Drain);
        assert_eq!(drops.count(), 3);
    });
}

/// Of forty, nearly all: one that has not come to where it waits when the pool closes is refused, and rightly.
#[test]
fn closing_when_idle_waits_for_whoever_waits_for_room() {
    within(|| {
        let refused: usize = (0..40)
            .map(|_| {
                let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build().unwrap();
                let gate = Gate::closed();
                drop(pool.submit(gate.then(|| ())));
                drop(pool.submit(|| ()));
                thread::scope(|scope| {
                    let (tell, told) = mpsc::channel();
                    let submitter = pool.submitter();
                    let late = scope.spawn(move || {
                        tell.send(()).unwrap();
                        submitter.try_submit_timeout(LONG, || ()).is_err()
                    });
                    told.recv().unwrap();
                    let_others_block();
                    pool.close(Shutdown::WhenIdle);
                    gate.open();
                    usize::from(late.join().unwrap())
                })
            })
            .sum();
        assert!(refused <= 3, "{refused} of 40 were refused");
    });
}

#[test]
fn leaving_scope_after_the_last_call_does_not_cut_it_short() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let own = pool.submitter();
        let outer = pool.submit(gate.then(move || own.submit(|| "accepted")));
        pool.close(Shutdown::WhenIdle);
        thread::scope(|scope| {
            let leaving = scope.spawn(move || drop(pool));
            let_others_block();
            gate.open();
            leaving.join().unwrap();
        });
        assert_eq!(outer.into_result().unwrap().into_result().unwrap(), "accepted");
    });
}

/// A submitter may hold any lock, so nothing of the user's is dropped on its thread.
#[test]
fn what_a_hook_captured_is_not_dropped_by_a_submitter() {
    struct TellsWhere(mpsc::Sender<thread::ThreadId>);
    impl Drop for TellsWhere {
        fn drop(&mut self) {
            self.0.send(thread::current().id()).unwrap();
        }
    }
    within(|| {
        for _ in 0..300 {
            let (tell, told) = mpsc::channel();
            let captured = TellsWhere(tell);
            let builder = ThreadPoolExecutor::builder().max_workers(1);
            let pool = Arc::new(builder.exit_hook(move || _ = &captured).build().unwrap());
            let inside = Arc::clone(&pool);
            let closes = pool.submit(move || inside.close(Shutdown::Drain));
            assert_ne!(told.recv().unwrap(), thread::current().id());
            drop(closes);
        }
    });
}

#[test]
fn a_report_is_complete_only_when_all_has_ended() {
    within(|| {
        for _ in 0..5 {
            let (pool, gate) = held_pool();
            let pending: Vec<_> = (0..20_000).map(|_| pool.submit(|| ())).collect();
            thread::scope(|scope| {
                let cancelling = scope.spawn(|| pool.close(Shutdown::CancelPending));
                gate.open();
                while !pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap().is_complete() {}
                assert!(pending.iter().all(Future::done));
                cancelling.join().unwrap();
            });
        }
    });
}

#[test]
fn a_pool_without_threads_that_is_closed_meanwhile_panics_nowhere() {
    within(|| {
        for _ in 0..500 {
            let pool =
                ThreadPoolExecutor::builder().stack_size(crate::support::NO_SUCH_STACK).build().unwrap();
            let submitter = pool.submitter();
            thread::scope(|scope| {
                let submitting = scope.spawn(move || submitter.try_submit(|| 1).map(Future::into_result));
                pool.close(Shutdown::CancelPending);
                match submitting.join().unwrap() {
                    Ok(outcome) => assert_eq!(words(outcome), BY_SHUTDOWN),
                    Err(refused) => assert_eq!(refused.into_inner()(), 1),
                }
            });
        }
    });
}

/// The only worker may have retired when the last submit comes in, and that one hires: the pool is not over before.
#[test]
fn the_last_call_against_a_retiring_worker_and_a_bound() {
    within(|| {
        for round in 0..2_000_u64 {
            let initialized = Arc::new(std::sync::atomic::AtomicUsize::new(0));
            let counted = Arc::clone(&initialized);
            let pool = ThreadPoolExecutor::builder()
                .max_workers(1)
                .queue_capacity(1)
                .keep_alive(Duration::ZERO)
                .initializer(move || _ = counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
                .build()
                .unwrap();
            thread::scope(|scope| {
                for _ in 0..2 {
                    let submitter = pool.submitter();
                    scope.spawn(move || drop(submitter.try_submit_timeout(LONG, || ())));
                }
                thread::sleep(Duration::from_micros(round % 50));
                pool.shutdown(Shutdown::WhenIdle).unwrap();
                assert!(pool.try_submit(|| ()).is_err());
                let stats = pool.stats();
                assert_eq!((stats.workers, stats.queued, stats.running), (0, 0, 0));
                assert_eq!(stats.submitted, stats.returned);
            });
        }
    });
}
