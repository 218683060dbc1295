//! Who asked to be told is told: once, in order, with no lock held, before anybody else sees the
//! end.

use std::panic::panic_any;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, ThreadId};
use std::time::Duration;

use glasspool::{Future, ReturnWhen, Shutdown, Task, ThreadPoolExecutor, as_completed, task, wait};

use crate::support::{
    Drops, Gate, PanicsWhenDropped, Tally, alone, held_pool, limit, pool, state, words,
};

type Work = fn() -> u8;

/// Has the outcome sent, in words, and the thread that calls back.
fn told_of(future: &Future<u8>) -> Receiver<(String, ThreadId)> {
    let (tell, told) = mpsc::channel();
    future.add_done_callback(move |outcome| {
        tell.send((words(outcome), thread::current().id())).unwrap();
    });
    told
}

/// Once, because the channel is closed after one message.
#[test]
fn a_callback_is_called_once_by_the_worker_with_the_outcome_whoever_keeps_the_handle() {
    let _limit = limit();
    let ends: [(Work, &str); 2] = [(|| 7, "7"), (|| panic!("boom"), "task panicked: boom")];
    for (work, expected) in ends {
        let (pool, gate) = (pool(1), Gate::closed());
        let worker = pool.submit(|| thread::current().id()).into_result().unwrap();
        let kept = pool.submit(gate.then(work));
        let calls = [told_of(&kept), told_of(&pool.submit(work))];
        assert!(calls[0].try_recv().is_err(), "called before the end");
        gate.open();
        for told in calls {
            assert_eq!(told.iter().collect::<Vec<_>>(), [(expected.to_owned(), worker)]);
        }
        assert_eq!(words(kept.into_result()), expected);
    }
}

/// Before the cancel returns, and not again. (`CPython` calls none of those
/// whose tasks a shutdown cancels.)
#[test]
fn a_callback_of_a_cancelled_task_is_called_by_whoever_cancels() {
    type Cancel = fn(&ThreadPoolExecutor, &Future<u8>);
    let ways: [(Cancel, &str); 5] = [
        (|_, future| assert!(future.cancel()), "by the caller"),
        (|_, future| assert!(future.request_stop()), "by the caller"),
        (|pool, _| pool.close(Shutdown::CancelPending), "by the shutdown of its pool"),
        (|pool, _| pool.close(Shutdown::Stop), "by the shutdown of its pool"),
        (
            |pool, _| {
                let report = pool.shutdown_timeout(Shutdown::Drain, Duration::from_millis(1));
                assert!(!report.unwrap().is_complete());
            },
            "by the shutdown of its pool",
        ),
    ];
    let _limit = limit();
    for (cancel, by) in ways {
        let (pool, gate) = held_pool();
        let future = pool.submit(|| 7);
        let calls = [told_of(&future), told_of(&future)];
        cancel(&pool, &future);
        assert!(future.cancel(), "it is cancelled already");
        let expected = (format!("task cancelled {by}"), thread::current().id());
        for told in &calls {
            assert_eq!(told.try_recv().as_ref(), Ok(&expected));
        }
        gate.open();
        drop(pool);
        assert!(future.cancel());
        assert!(calls.iter().all(|told| told.try_recv().is_err()), "called twice");
    }
    let (task, future) = task(|| 7);
    let told = told_of(&future);
    drop(task);
    let text = "task cancelled because its executor dropped it".to_owned();
    assert_eq!(told.try_recv().unwrap(), (text, thread::current().id()));
}

#[test]
fn ten_thousand_callbacks_are_called_in_the_order_of_their_registration() {
    const CALLBACKS: usize = 10_000;
    type End = fn(Task, &Future<u8>);
    let ends: [(Work, End); 3] = [
        (|| 7, |task, _| task.run()),
        (|| panic!("boom"), |task, _| task.run()),
        (|| 7, |_task, future| assert!(future.cancel())),
    ];
    let _limit = limit();
    for (work, end) in ends {
        let (task, future) = task(work);
        let (tell, told) = mpsc::channel();
        let add = || {
            for n in 0..CALLBACKS {
                let tell = tell.clone();
                future.add_done_callback(move |_| tell.send(n).unwrap());
            }
        };
        add();
        end(task, &future);
        assert!(told.try_iter().eq(0..CALLBACKS));
        add();
        assert!(told.try_iter().eq(0..CALLBACKS), "those that come late");
    }
}

/// The callback takes its time, and nobody sees the end before it has returned.
#[test]
fn a_reader_that_has_the_result_knows_that_the_callbacks_have_run() {
    let _limit = limit();
    let (pool, start, end) = (pool(1), Gate::closed(), Gate::closed());
    let future = pool.submit(start.then(|| 7));
    let called = Tally::default();
    let call = end.then({
        let called = called.clone();
        move || called.add()
    });
    future.add_done_callback(|_| call());
    start.open();
    end.wait_for(1);

    assert_eq!(state(&future), "running");
    assert!(future.try_result().is_none());
    assert!(future.result_timeout(Duration::from_millis(1)).is_err());
    assert!(wait([&future], Some(Duration::ZERO), ReturnWhen::FirstCompleted).done.is_empty());
    assert!(as_completed([&future]).timeout(Duration::ZERO).next().unwrap().is_err());
    end.open();
    assert_eq!((future.result().unwrap(), called.count()), (&7, 1));
}

#[test]
fn a_callback_may_add_another_which_is_called_behind_all_others_and_before_the_end() {
    let _limit = limit();
    let (task, future) = task(|| 7);
    let future = Arc::new(future);
    let (tell, told) = mpsc::channel();
    let then = tell.clone();
    let myself = Arc::clone(&future);
    future.add_done_callback(move |_| {
        let (tell, own) = (then.clone(), Arc::clone(&myself));
        myself.add_done_callback(move |outcome| {
            tell.send((3, outcome.copied().unwrap(), own.done())).unwrap();
        });
        then.send((1, 0, myself.done())).unwrap();
    });
    future.add_done_callback(move |_| tell.send((2, 0, false)).unwrap());
    task.run();
    assert!(told.try_iter().eq([(1, 0, false), (2, 0, false), (3, 7, false)]));
}

#[test]
fn a_callback_registered_while_those_of_a_cancellation_run_comes_after_them() {
    let _limit = limit();
    let (_task, future) = task(|| 7);
    let future = Arc::new(future);
    let (tell, told) = mpsc::channel();
    for n in [1, 2] {
        let (myself, tell) = (Arc::clone(&future), tell.clone());
        future.add_done_callback(move |_| {
            let then = tell.clone();
            myself.add_done_callback(move |_| then.send(n + 2).unwrap());
            tell.send(n).unwrap();
        });
    }
    assert!(future.cancel());
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [1, 2, 3, 4]);
}

/// Of a task that returns, fails, is cancelled or has long ended.
#[test]
fn a_callback_that_panics_harms_nobody() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let (value, fails) = (pool.submit(|| 7), pool.submit(|| -> u8 { panic!("boom") }));
    let cancelled = pool.submit(|| 9);
    let futures = [&value, &fails, &cancelled];
    let calls = Tally::default();
    for future in futures {
        let (called, captured) = (calls.clone(), PanicsWhenDropped);
        future.add_done_callback(|_| panic!("a callback that must panic"));
        future.add_done_callback(|_| panic_any(PanicsWhenDropped));
        future.add_done_callback(move |_| drop(captured));
        future.add_done_callback(move |_| called.add());
    }
    assert!(cancelled.cancel());
    assert_eq!(calls.count(), 1);
    gate.open();
    assert_eq!(words(value.result()), "7");
    assert_eq!(words(fails.result()), "task panicked: boom");
    assert_eq!(words(cancelled.result()), "task cancelled by the caller");
    assert_eq!(calls.count(), 3);
    for future in futures {
        let captured = PanicsWhenDropped;
        future.add_done_callback(|_| panic!("a late callback that must panic"));
        future.add_done_callback(move |_| drop(captured));
    }
    assert_eq!(words(value.result()), "7");
    assert_eq!(pool.submit(|| 10).into_result().unwrap(), 10);
    pool.shutdown(Shutdown::Drain).unwrap();
    let stats = pool.stats();
    assert_eq!((stats.returned, stats.panicked, stats.cancelled), (3, 1, 1));
}

/// A callback has no future of its own, so its panic goes to the panic hook.
#[test]
fn the_panic_of_a_callback_is_reported_on_stderr() {
    let said = alone(|| {
        let builder = ThreadPoolExecutor::builder().max_workers(1).thread_name_prefix("told");
        let (pool, gate) = (builder.build().unwrap(), Gate::closed());
        let future = pool.submit(gate.then(|| 7));
        future.add_done_callback(|_| panic!("while calling back"));
        gate.open();
        assert_eq!(future.into_result().unwrap(), 7);
    });
    assert!(said.contains("thread 'told_0'") && said.contains("while calling back"), "{said}");
}

/// Before the end is seen.
#[test]
fn the_captures_of_a_callback_are_dropped_when_it_has_run() {
    let _limit = limit();
    let ((pool, gate), drops) = (held_pool(), Drops::default());
    let (runs, cancelled) = (pool.submit(|| 7), pool.submit(|| 8));
    for future in [&runs, &cancelled] {
        let call = drops.with(|| ());
        future.add_done_callback(|_| call());
    }
    assert_eq!(drops.count(), 0);
    cancelled.cancel();
    assert_eq!(drops.count(), 1);
    gate.open();
    assert_eq!((runs.result().unwrap(), drops.count()), (&7, 2));
    let call = drops.with(|| ());
    runs.add_done_callback(|_| call());
    assert_eq!(drops.count(), 3);
}

#[test]
fn a_callback_that_holds_its_own_future_lets_go_of_it() {
    let _limit = limit();
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
}
