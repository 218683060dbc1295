//! Who asked to be told is told: once, in order, with no lock held, before anybody else sees the
//! end.

use std::panic::panic_any;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use glasspool::{
    Future, ReturnWhen, Shutdown, TaskError, ThreadPoolExecutor, as_completed, task, wait,
};

use crate::support::{
    Drops, Gate, LONG, PanicsWhenDropped, Tally, eventually, held_pool, pool, state, thread_name,
    within, words,
};

/// Has the outcome sent, in words, whatever it is.
fn told_of(future: &Future<u8>) -> mpsc::Receiver<String> {
    let (tell, told) = mpsc::channel();
    future.add_done_callback(move |outcome| tell.send(words(outcome)).unwrap());
    told
}

/// CBK-01, CBK-02: once, because the channel is closed after one message.
#[test]
fn a_callback_is_called_once_with_the_outcome() {
    within(|| {
        let pool = pool(1);
        let value = told_of(&pool.submit(|| 7));
        let panic = told_of(&pool.submit(|| panic!("boom")));
        assert_eq!(value.iter().collect::<Vec<_>>(), ["7"]);
        assert_eq!(panic.iter().collect::<Vec<_>>(), ["task panicked: boom"]);
    });
}

/// CBK-03.
#[test]
fn on_cancel_it_is_called_before_cancel_returns_by_whoever_cancels() {
    within(|| {
        let (pool, _gate) = held_pool();
        let future = pool.submit(|| 7);
        let (tell, told) = mpsc::channel();
        future.add_done_callback(move |outcome| {
            tell.send((words(outcome), thread::current().id())).unwrap()
        });
        assert!(future.cancel());
        assert_eq!(
            told.try_recv().unwrap(),
            ("task cancelled by the caller".into(), thread::current().id())
        );
        assert!(future.cancel());
        assert!(told.try_recv().is_err());
    });
}

/// CBK-05.
#[test]
fn callbacks_are_called_in_the_order_of_their_registration() {
    within(|| {
        for end in [|| 7, || panic!("boom")] {
            let (task, future) = task(end);
            let (tell, told) = mpsc::channel();
            for n in 0..5 {
                let tell = tell.clone();
                future.add_done_callback(move |_| tell.send(n).unwrap());
            }
            task.run();
            assert_eq!(told.try_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        }
    });
}

#[test]
fn an_early_callback_is_called_by_the_worker() {
    within(|| {
        let pool = ThreadPoolExecutor::builder()
            .max_workers(1)
            .thread_name_prefix("teller")
            .build()
            .unwrap();
        let gate = Gate::closed();
        let (tell, told) = mpsc::channel();
        let future = pool.submit(gate.then(|| ()));
        future.add_done_callback(move |_| tell.send(thread_name()).unwrap());
        gate.open();
        assert_eq!(told.recv().unwrap(), "teller_0");
    });
}

/// A callback that takes its time: nobody sees the end before it has returned.
#[test]
fn whoever_has_the_result_knows_that_the_callbacks_have_run() {
    within(|| {
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
    });
}

#[test]
fn a_callback_may_register_another_which_runs_before_the_end_too() {
    within(|| {
        let (task, future) = task(|| 7);
        let future = Arc::new(future);
        let (tell, told) = mpsc::channel();
        future.add_done_callback({
            let (myself, tell) = (Arc::clone(&future), tell.clone());
            move |_| {
                let then = tell.clone();
                let me_again = Arc::clone(&myself);
                myself.add_done_callback(move |outcome| {
                    then.send((2, outcome.copied().unwrap(), me_again.done())).unwrap();
                });
                tell.send((1, 0, myself.done())).unwrap();
            }
        });
        task.run();
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [(1, 0, false), (2, 7, false)]);
    });
}

#[test]
fn a_callback_registered_while_those_of_a_cancellation_run_comes_after_them() {
    within(|| {
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
    });
}

/// CBK-06.
#[test]
fn a_callback_that_panics_harms_nobody() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let future = pool.submit(gate.then(|| 7));
        future.add_done_callback(|_| panic!("a callback panics"));
        future.add_done_callback(|_| panic_any(PanicsWhenDropped));
        let after = told_of(&future);
        gate.open();
        assert_eq!(after.recv().unwrap(), "7");
        assert_eq!(future.result().unwrap(), &7);
        assert_eq!(pool.submit(|| 8).result().unwrap(), &8);
        future.add_done_callback(|_| panic!("a late callback panics")); // and it does not come out here
    });
}

/// CBK-09, but for the one answer that cannot be had: the outcome is the callback's argument.
#[test]
fn reading_a_future_in_its_own_callback_is_an_error_and_no_hang() {
    within(|| {
        let (task, future) = task(|| 7);
        let future = Arc::new(future);
        let (tell, told) = mpsc::channel();
        future.add_done_callback({
            let myself = Arc::clone(&future);
            move |_| {
                assert!(myself.try_result().is_none());
                for asked in [myself.result(), myself.result_timeout(LONG).unwrap()] {
                    tell.send(matches!(asked, Err(TaskError::Deadlock(_)))).unwrap();
                }
            }
        });
        task.run();
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [true, true]);
        assert_eq!(future.result().unwrap(), &7);
    });
}

/// There is no value, so the state changes first.
#[test]
fn a_cancelled_future_can_be_read_in_its_own_callback() {
    within(|| {
        let (_task, future) = task(|| 7);
        let future = Arc::new(future);
        let (tell, told) = mpsc::channel();
        future.add_done_callback({
            let myself = Arc::clone(&future);
            move |_| tell.send((myself.cancelled(), words(myself.result()))).unwrap()
        });
        future.cancel();
        assert_eq!(told.try_recv().unwrap(), (true, "task cancelled by the caller".into()));
    });
}

#[test]
fn no_lock_is_held_while_a_callback_runs() {
    within(|| {
        let (pool, gate) = (Arc::new(pool(1)), Gate::closed());
        let (tell, told) = mpsc::channel();
        let future = Arc::new(pool.submit(gate.then(|| 7)));
        future.add_done_callback({
            let (myself, pool) = (Arc::clone(&future), Arc::clone(&pool));
            move |_| {
                let sight = (myself.cancel(), state(&*myself), format!("{myself:?}").is_empty());
                let next = pool.submit(|| 8);
                pool.close(Shutdown::Drain);
                tell.send((sight, next)).unwrap();
            }
        });
        gate.open();
        let (sight, next) = told.recv().unwrap();
        assert_eq!(sight, (false, "running".into(), false));
        assert_eq!(next.result().unwrap(), &8);
    });
}

/// CBK-12.
#[test]
fn callbacks_of_what_a_pool_cancels_are_called() {
    within(|| {
        let (pool, gate) = held_pool();
        let told = told_of(&pool.submit(|| 7));
        pool.close(Shutdown::CancelPending);
        assert_eq!(told.try_recv().unwrap(), "task cancelled by the shutdown of its pool");
        gate.open();
    });
}

#[test]
fn callbacks_of_what_a_broken_pool_loses_are_called() {
    within(|| {
        let gate = Gate::closed();
        let way = gate.way();
        let broken = ThreadPoolExecutor::builder().max_workers(1).initializer(move || {
            way.pass();
            panic!("no database");
        });
        let (pool, gate) = (broken.build().unwrap(), gate);
        let told = [(); 2].map(|()| told_of(&pool.submit(|| 7)));
        gate.open();
        let why = "the pool is broken: its initializer panicked: no database";
        let [lost, cancelled] = told.map(|told| told.recv().unwrap());
        assert_eq!(lost, format!("task lost with its worker: {why}"));
        assert_eq!(cancelled, format!("task cancelled because {why}"));
    });
}

#[test]
fn callbacks_of_a_task_that_is_dropped_are_called() {
    within(|| {
        let (task, future) = task(|| 7);
        let told = told_of(&future);
        drop(task);
        assert_eq!(told.try_recv().unwrap(), "task cancelled because its executor dropped it");
    });
}

/// CBK-13: and before the end is seen.
#[test]
fn what_a_callback_has_captured_is_dropped_when_it_has_run() {
    within(|| {
        let (pool, gate, drops) = (pool(1), Gate::closed(), Drops::default());
        let future = pool.submit(gate.then(|| 7));
        let call = drops.with(|| ());
        future.add_done_callback(|_| call());
        assert_eq!(drops.count(), 0);
        gate.open();
        assert_eq!((future.result().unwrap(), drops.count()), (&7, 1));
    });
}

/// CBK-14.
#[test]
fn ten_thousand_callbacks_are_called() {
    within(|| {
        let (task, future) = task(|| 7);
        let calls = Tally::default();
        for _ in 0..10_000 {
            let calls = calls.clone();
            future.add_done_callback(move |_| calls.add());
        }
        task.run();
        assert_eq!(calls.count(), 10_000);
    });
}

#[test]
fn a_callback_is_called_though_the_handle_is_gone() {
    within(|| {
        let (pool, gate) = held_pool();
        let told = told_of(&pool.submit(|| 7));
        gate.open();
        assert_eq!(told.recv().unwrap(), "7");
    });
}

/// The last handle there is, dropped where the outcome is being told.
#[test]
fn a_callback_may_drop_its_own_future() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let (give, take) = mpsc::channel::<Future<u8>>();
        let dropped = Tally::default();
        let future = pool.submit(gate.then(|| 7));
        future.add_done_callback({
            let dropped = dropped.clone();
            move |_| {
                drop(take.recv().unwrap());
                dropped.add();
            }
        });
        give.send(future).unwrap();
        gate.open();
        eventually(|| dropped.count() == 1);
        assert_eq!(pool.submit(|| 8).into_result().unwrap(), 8);
    });
}
