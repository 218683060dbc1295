//! CBK: callbacks.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use glasspool::{
    Future, ReturnWhen, Shutdown, TaskError, ThreadPoolExecutor, as_completed, task, wait,
};

use crate::common::about_to_break;
use crate::support::{
    Drops, Gate, LONG, PanicsWhenDropped, Tally, alone, held_pool, pool, within, words,
};

/// A callback that tells what it was given, in words, and on which thread.
fn tells(tell: Sender<(String, ThreadId)>) -> impl FnOnce(Result<&u8, TaskError>) + Send + 'static {
    move |outcome| tell.send((words(outcome), thread::current().id())).unwrap()
}

fn here() -> ThreadId {
    thread::current().id()
}

#[test]
fn cbk_01_one_that_is_added_before_the_end_runs_once_and_is_given_the_value() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let (tell, told) = mpsc::channel();
        let worker = pool.submit(here).into_result().unwrap();
        let future = pool.submit(gate.then(|| 7));
        future.add_done_callback(tells(tell));
        assert!(told.try_recv().is_err());
        gate.open();
        assert_eq!(told.recv().unwrap(), ("7".to_owned(), worker));
        // It is gone, and its sender with it.
        assert!(told.recv().is_err());
        assert_eq!(future.into_result().unwrap(), 7);
        let (tell, told) = mpsc::channel();
        pool.submit(|| 8).add_done_callback(tells(tell));
        assert_eq!(told.recv().unwrap().0, "8", "though the handle was dropped");
    });
}

#[test]
fn cbk_01_who_has_the_result_knows_that_it_has_run() {
    within(|| {
        let pool = pool(2);
        for round in 0..2_000 {
            let (calls, gate) = (Tally::default(), Gate::closed());
            let called = calls.clone();
            let future = pool.submit(gate.then(|| ()));
            future.add_done_callback(move |_| called.add());
            gate.open();
            match round % 4 {
                0 => assert!(future.result().is_ok()),
                1 => assert!(as_completed([&future]).next().is_some()),
                2 => assert_eq!(wait([&future], None, ReturnWhen::FirstCompleted).done.len(), 1),
                _ => {
                    while !future.done() {
                        thread::yield_now();
                    }
                }
            }
            assert_eq!(calls.count(), 1);
        }
    });
}

#[test]
fn cbk_02_it_runs_once_on_a_panic_too_and_sees_that() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let (tell, told) = mpsc::channel();
        let future = pool.submit(gate.then(|| -> u8 { panic!("boom") }));
        future.add_done_callback(tells(tell));
        gate.open();
        assert_eq!(told.recv().unwrap().0, "task panicked: boom");
        assert!(told.recv().is_err());
        assert_eq!(words(future.into_result()), "task panicked: boom");
    });
}

#[test]
fn cbk_03_it_runs_once_on_a_cancel_before_that_returns() {
    within(|| {
        let (pool, gate) = held_pool();
        let (tell, told) = mpsc::channel();
        let future = pool.submit(|| 7);
        future.add_done_callback(tells(tell));
        assert!(future.cancel());
        assert_eq!(told.try_recv().unwrap(), ("task cancelled by the caller".to_owned(), here()));
        gate.open();
        drop(pool);
        assert!(told.recv().is_err());
    });
}

#[test]
fn cbk_03_also_when_asking_to_stop_or_dropping_the_task_is_what_cancels_it() {
    within(|| {
        let (tell, told) = mpsc::channel();
        let (_unrun, stopped) = task(|| 7);
        stopped.add_done_callback(tells(tell.clone()));
        assert!(stopped.request_stop());
        assert_eq!(told.try_recv().unwrap(), ("task cancelled by the caller".to_owned(), here()));
        let (unrun, dropped) = task(|| 7);
        dropped.add_done_callback(tells(tell));
        drop(unrun);
        assert_eq!(
            told.try_recv().unwrap(),
            ("task cancelled because its executor dropped it".to_owned(), here())
        );
    });
}

#[test]
fn cbk_04_one_that_is_added_after_the_end_runs_here_and_now() {
    within(|| {
        let (pool, gate) = held_pool();
        let cancelled = pool.submit(|| 1);
        cancelled.cancel();
        gate.open();
        let (value, fails) = (pool.submit(|| 7), pool.submit(|| -> u8 { panic!("boom") }));
        wait([&value, &fails], None, ReturnWhen::AllCompleted);
        let ended = [
            (&value, "7"),
            (&fails, "task panicked: boom"),
            (&cancelled, "task cancelled by the caller"),
        ];
        for (future, expected) in ended {
            for _ in 0..2 {
                let (tell, told) = mpsc::channel();
                future.add_done_callback(tells(tell));
                assert_eq!(told.try_recv().unwrap(), (expected.to_owned(), here()));
            }
            // And whoever reads it still finds it there.
            assert_eq!(words(future.result()), expected);
        }
    });
}

#[test]
fn cbk_04_added_while_the_task_ends_it_runs_once_all_the_same() {
    within(|| {
        for _ in 0..1_000 {
            let (task, future) = task(|| 7);
            let running = thread::spawn(move || task.run());
            let calls = Tally::default();
            for _ in 0..3 {
                let called = calls.clone();
                future.add_done_callback(move |outcome| {
                    assert_eq!(outcome.unwrap(), &7);
                    called.add();
                });
            }
            running.join().unwrap();
            assert_eq!((calls.count(), future.into_result().unwrap()), (3, 7));
        }
    });
}

#[test]
fn cbk_05_they_run_in_the_order_in_which_they_were_added() {
    within(|| {
        let (pool, gate) = held_pool();
        let (tell, told) = mpsc::channel();
        let add = |future: &Future<u8>| {
            for n in 0..20 {
                let tell = tell.clone();
                future.add_done_callback(move |_| tell.send(n).unwrap());
            }
        };
        let (runs, cancelled) = (pool.submit(|| 7), pool.submit(|| 8));
        add(&runs);
        add(&cancelled);
        cancelled.cancel();
        assert!(told.try_iter().eq(0..20));
        gate.open();
        runs.result().unwrap();
        assert!(told.try_iter().eq(0..20));
        add(&runs);
        assert!(told.try_iter().eq(0..20));
    });
}

/// Whatever it panics in: a task that returns, one that fails, one that is cancelled, or one that
/// has long ended.
#[test]
fn cbk_06_one_that_panics_harms_nobody() {
    within(|| {
        let (pool, gate) = held_pool();
        let (value, fails) = (pool.submit(|| 7), pool.submit(|| -> u8 { panic!("boom") }));
        let cancelled = pool.submit(|| 9);
        let calls = Tally::default();
        let futures = [&value, &fails, &cancelled];
        for future in futures {
            for n in 0..4 {
                let called = calls.clone();
                future.add_done_callback(move |_| {
                    called.add();
                    assert!(n % 2 == 1, "a callback that must panic");
                });
            }
        }
        assert!(cancelled.cancel());
        assert_eq!(calls.count(), 4);
        gate.open();
        assert_eq!(words(value.result()), "7");
        assert_eq!(words(fails.result()), "task panicked: boom");
        assert_eq!(words(cancelled.result()), "task cancelled by the caller");
        assert_eq!(calls.count(), 12);
        for future in futures {
            future.add_done_callback(|_| panic!("a callback that must panic"));
        }
        assert_eq!(words(value.result()), "7");
        assert_eq!(pool.submit(|| 10).into_result().unwrap(), 10);
        pool.shutdown(Shutdown::Drain).unwrap();
        let stats = pool.stats();
        assert_eq!((stats.returned, stats.panicked, stats.cancelled), (3, 1, 1));
    });
}

#[test]
fn cbk_06_nor_does_one_whose_captures_panic_when_they_are_dropped() {
    within(|| {
        let (pool, gate) = held_pool();
        let (value, cancelled) = (pool.submit(|| 7), pool.submit(|| 8));
        let calls = Tally::default();
        for future in [&value, &cancelled] {
            let (captured, called) = (PanicsWhenDropped, calls.clone());
            future.add_done_callback(move |_| drop(captured));
            future.add_done_callback(move |_| called.add());
        }
        assert!(cancelled.cancel());
        gate.open();
        assert_eq!((value.result().unwrap(), calls.count()), (&7, 2));
        value.add_done_callback({
            let captured = PanicsWhenDropped;
            move |_| drop(captured)
        });
        assert_eq!(pool.submit(|| 10).into_result().unwrap(), 10);
    });
}

/// By the panic hook, as any other: a callback has no future of its own.
#[test]
fn cbk_06_its_panic_is_reported() {
    let said = alone(|| {
        let pool = ThreadPoolExecutor::builder()
            .max_workers(1)
            .thread_name_prefix("told")
            .build()
            .unwrap();
        let gate = Gate::closed();
        let future = pool.submit(gate.then(|| 7));
        future.add_done_callback(|_| panic!("while calling back"));
        gate.open();
        assert_eq!(future.into_result().unwrap(), 7);
    });
    assert!(said.contains("thread 'told_0'") && said.contains("while calling back"), "{said}");
}

/// Other than in Java and Python: the callbacks come first, and what ends is done when they have
/// run. Asking it then is an error, as the answer is in the callback's hand already.
#[test]
fn cbk_09_inside_one_that_was_added_before_the_end_its_future_is_not_done_yet() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let future = Arc::new(pool.submit(gate.then(|| 7)));
        let (tell, told) = mpsc::channel();
        let own = Arc::clone(&future);
        future.add_done_callback(move |outcome| {
            let reads = |outcome| matches!(outcome, Err(TaskError::Deadlock(_)));
            let found = (
                own.done(),
                own.running(),
                own.cancelled(),
                own.cancel(),
                own.try_result().is_none(),
            );
            let asked = (reads(own.result()), reads(own.result_timeout(Duration::ZERO).unwrap()));
            tell.send((*outcome.unwrap(), found, asked)).unwrap();
        });
        gate.open();
        let (value, found, asked) = told.recv().unwrap();
        assert_eq!((value, asked), (7, (true, true)));
        let (done, _running, cancelled, cancel, nothing_yet) = found;
        assert_eq!((done, cancelled, cancel, nothing_yet), (false, false, false, true));
        assert_eq!(future.result().unwrap(), &7);
    });
}

#[test]
fn cbk_09_inside_one_that_was_added_later_or_that_a_cancel_calls_it_is_done() {
    within(|| {
        let (tell, told) = mpsc::channel();
        let look = |future: &Arc<Future<u8>>| {
            let (own, tell) = (Arc::clone(future), tell.clone());
            future.add_done_callback(move |_| {
                let read = words(own.result_timeout(Duration::ZERO).unwrap());
                tell.send((own.done(), read, words(own.result()))).unwrap();
            });
        };
        let (_unrun, cancelled) = task(|| 7);
        let cancelled = Arc::new(cancelled);
        look(&cancelled);
        cancelled.cancel();
        let text = "task cancelled by the caller".to_owned();
        assert_eq!(told.try_recv().unwrap(), (true, text.clone(), text));

        let (run, value) = task(|| 8);
        run.run();
        look(&Arc::new(value));
        assert_eq!(told.try_recv().unwrap(), (true, "8".to_owned(), "8".to_owned()));
    });
}

#[test]
fn cbk_09_one_may_add_another_and_use_the_pool_as_no_lock_is_held() {
    within(|| {
        let (pool, gate) = held_pool();
        let (submitter, other) = (pool.submitter(), pool.submit(|| 8));
        let future = Arc::new(pool.submit(|| 7));
        let order = Arc::new(Mutex::new(Vec::new()));
        let push = |what: &'static str| {
            let order = Arc::clone(&order);
            move || order.lock().unwrap().push(what)
        };
        let (own, first, last) = (Arc::clone(&future), push("first"), push("added by the first"));
        let second = push("second");
        let (tell, told) = mpsc::channel();
        future.add_done_callback(move |_| {
            first();
            own.add_done_callback(move |_| last());
            let cancelled = other.cancel();
            let ninth = submitter.submit(|| 9);
            tell.send((cancelled, format!("{own}"), submitter.stats().workers, ninth)).unwrap();
        });
        future.add_done_callback(move |_| second());
        gate.open();
        let (cancelled, _text, workers, ninth) = told.recv().unwrap();
        // The other one stood before it in the queue of the only worker, so it has run.
        assert_eq!((cancelled, workers, ninth.into_result().unwrap()), (false, 1, 9));
        assert_eq!(*order.lock().unwrap(), ["first", "second", "added by the first"]);
    });
}

/// `CPython` never tells of these.
#[test]
fn cbk_12_those_of_what_a_shutdown_cancels_run_before_that_goes_on() {
    within(|| {
        for how in [Shutdown::CancelPending, Shutdown::Stop] {
            let (pool, gate) = held_pool();
            let (tell, told) = mpsc::channel();
            let futures = [(); 5].map(|()| pool.submit(|| 7));
            for future in &futures {
                future.add_done_callback(tells(tell.clone()));
            }
            pool.close(how);
            let heard: Vec<_> = told.try_iter().collect();
            assert_eq!(
                heard,
                [(); 5].map(|()| ("task cancelled by the shutdown of its pool".to_owned(), here()))
            );
            gate.open();
            pool.shutdown(how).unwrap();
            assert!(told.try_recv().is_err());
        }
    });
}

#[test]
fn cbk_12_also_those_of_what_a_passed_deadline_cancels_and_of_what_a_broken_pool_leaves() {
    within(|| {
        let (pool, gate) = held_pool();
        let (tell, told) = mpsc::channel();
        pool.submit(|| 7).add_done_callback(tells(tell.clone()));
        assert!(
            !pool
                .shutdown_timeout(Shutdown::Drain, Duration::from_millis(1))
                .unwrap()
                .is_complete()
        );
        assert_eq!(told.try_recv().unwrap().0, "task cancelled by the shutdown of its pool");
        gate.open();

        let (pool, gate) = about_to_break();
        let futures = [pool.submit(|| 8), pool.submit(|| 9)];
        for future in &futures {
            future.add_done_callback(tells(tell.clone()));
        }
        gate.open();
        let mut heard = [(); 2].map(|()| told.recv().unwrap().0);
        heard.sort();
        let broken = "the pool is broken: its initializer panicked: no database";
        assert_eq!(
            heard,
            [
                format!("task cancelled because {broken}"),
                format!("task lost with its worker: {broken}")
            ]
        );
    });
}

#[test]
fn cbk_13_what_it_captured_is_dropped_when_it_has_run() {
    within(|| {
        let ((pool, gate), drops) = (held_pool(), Drops::default());
        let (runs, cancelled) = (pool.submit(|| 7), pool.submit(|| 8));
        let shared = Arc::new(());
        let watch = Arc::downgrade(&shared);
        let (kept, counted) = (Arc::clone(&shared), drops.one());
        runs.add_done_callback(move |_| {
            assert!(Arc::strong_count(&kept) >= 1 && size_of_val(&counted) > 0)
        });
        drop(shared);
        let counted = drops.one();
        cancelled.add_done_callback(move |_| _ = size_of_val(&counted));
        assert!(watch.upgrade().is_some() && drops.count() == 0);
        cancelled.cancel();
        assert_eq!(drops.count(), 1);
        gate.open();
        runs.result().unwrap();
        assert!(watch.upgrade().is_none() && drops.count() == 2);
        let counted = drops.one();
        runs.add_done_callback(move |_| _ = size_of_val(&counted));
        assert_eq!(drops.count(), 3);
    });
}

/// A future that nobody holds any more, and that a callback of its own held, is freed with it.
#[test]
fn cbk_13_a_callback_that_holds_its_own_future_lets_go_of_it() {
    within(|| {
        let ((pool, gate), drops) = (held_pool(), Drops::default());
        let value = drops.one();
        let future = Arc::new(pool.submit(move || value));
        let (own, watch) = (Arc::clone(&future), Arc::downgrade(&future));
        future.add_done_callback(move |outcome| {
            assert!(outcome.is_ok());
            drop(own);
        });
        drop(future);
        assert!(watch.upgrade().is_some());
        gate.open();
        drop(pool);
        assert!(watch.upgrade().is_none());
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn cbk_14_a_thousand_on_one_future_all_run() {
    const CALLBACKS: usize = 1000;
    within(|| {
        let ends: [fn(&Future<u8>, &Gate); 2] =
            [|_, gate| gate.open(), |future, _| assert!(future.cancel())];
        for end in ends {
            let (pool, gate) = held_pool();
            let future = pool.submit(|| 7);
            let calls = Tally::default();
            for n in 0..CALLBACKS {
                let called = calls.clone();
                future.add_done_callback(move |_| {
                    assert_eq!(called.count(), n);
                    called.add();
                });
            }
            end(&future, &gate);
            assert!(future.result_timeout(LONG).is_ok());
            assert_eq!(calls.count(), CALLBACKS);
        }
    });
}
