//! ANY: all of several, and any of them.

use std::error::Error;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{
    Future, NoSuccess, ReturnWhen, Shutdown, TaskError, first_success, scope, task, wait,
};

use crate::common::{PROMPT, listen, trickling};
use crate::support::{
    Drops, Gate, LONG, Tally, alone, held_pool, let_others_block, panic_of, pool, within, words,
};

fn ended<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Future<T> {
    let (task, future) = task(work);
    task.run();
    future
}

fn failures<T: std::fmt::Debug>(error: NoSuccess<T>) -> Vec<String> {
    error.into_failures().into_iter().map(words).collect()
}

/// There is no invoke-all of its own: it is a loop of submits, and a wait.
#[test]
fn any_01_all_come_back_done_in_the_order_given() {
    within(|| {
        let pool = pool(3);
        let futures = (0..20).map(|n| pool.submit(move || n));
        let split = wait(futures, None, ReturnWhen::AllCompleted);
        assert!(split.not_done.is_empty() && split.done.iter().all(Future::done));
        assert!(split.done.into_iter().map(|future| future.into_result().unwrap()).eq(0..20));
    });
}

#[test]
fn any_01_nothing_gives_nothing_and_a_failure_is_its_own_futures_only() {
    within(|| {
        let pool = pool(2);
        assert!(wait(Vec::<Future<u8>>::new(), None, ReturnWhen::AllCompleted).done.is_empty());
        let submit = |n: u32| {
            pool.submit(move || {
                assert!(n != 1, "no {n}");
                n
            })
        };
        let split = wait((0..3).map(submit), None, ReturnWhen::AllCompleted);
        let told: Vec<_> =
            split.done.into_iter().map(|future| words(future.into_result())).collect();
        assert_eq!(told, ["0", "task panicked: no 1", "2"]);
        assert!(pool.map(0..3, |n| n).map(Result::unwrap).eq(0..3));
    });
}

#[test]
fn any_03_a_success_is_given_if_there_is_one() {
    within(|| {
        let (pool, gate) = (pool(2), Gate::closed());
        let futures = [
            pool.submit(gate.then(|| "too late")),
            pool.submit(|| panic!("boom")),
            pool.submit(|| "value"),
            pool.submit(|| panic!("bang")),
        ];
        assert_eq!(first_success(futures, None, |_| true).unwrap(), "value");
    });
}

/// The value comes out whole: it is neither cloned nor printed.
#[test]
fn any_03_the_value_is_moved_out() {
    struct Opaque(Drops, std::cell::Cell<u8>);
    within(|| {
        let drops = Drops::default();
        let makes = drops.clone();
        let future =
            pool(1).submit(move || (Opaque(makes.clone(), std::cell::Cell::new(7)), makes.one()));
        let value =
            first_success([future], Some(LONG), |(opaque, _)| opaque.1.get() == 7).ok().unwrap();
        assert_eq!((value.0.0.count(), value.0.1.get()), (0, 7));
        drop(value);
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn any_03_what_had_ended_before_comes_first_in_the_order_given() {
    within(|| {
        let (pool, gate) = held_pool();
        let pending = pool.submit(|| 0);
        let (late, second) = task(|| 2);
        let first = ended(|| 1);
        late.run();
        // Not in the order in which they ended.
        let futures = [pending, second, first, ended(|| 3)];
        let asked = std::cell::RefCell::new(Vec::new());
        let value = first_success(futures, None, |n| {
            asked.borrow_mut().push(*n);
            *n == 3
        });
        assert_eq!((value.unwrap(), asked.into_inner()), (3, vec![2, 1, 3]));
        gate.open();
    });
}

#[test]
fn any_03_the_others_come_in_the_order_of_their_ends() {
    within(|| {
        let pool = pool(3);
        let gates = [(); 3].map(|()| Gate::closed());
        let futures = [0, 1, 2].map(|n| pool.submit(gates[n].then(move || n)));
        let (tell, asked) = mpsc::channel();
        thread::scope(|threads| {
            let asking = threads.spawn(move || {
                first_success(futures, None, |n| {
                    tell.send(*n).unwrap();
                    *n == 1
                })
            });
            for n in [2, 0, 1] {
                gates[n].open();
                assert_eq!(asked.recv().unwrap(), n);
            }
            assert_eq!(asking.join().unwrap().unwrap(), 1);
        });
    });
}

#[test]
fn any_03_it_is_an_error_only_if_all_fail_and_then_it_has_all_failures_in_the_order_of_their_ends()
{
    within(|| {
        let (pool, gate) = held_pool();
        let futures = [
            pool.submit(|| 1),
            pool.submit(|| panic!("boom")),
            pool.submit(|| 3),
            ended(|| panic!("before")),
            pool.submit(|| 5),
            ended(|| 0),
        ];
        futures[2].cancel();
        let asks = |n: &i32| {
            // Asked for the first time when all that had ended before have been found.
            gate.open();
            *n > 5
        };
        let error = first_success(futures, None, asks).unwrap_err();
        assert_eq!(error.timed_out(), None);
        assert_eq!(
            failures(error),
            [
                "task cancelled by the caller",
                "task panicked: before",
                "0",
                "1",
                "task panicked: boom",
                "5"
            ]
        );
    });
}

#[test]
fn any_03_nothing_has_no_success_and_no_failures() {
    within(|| {
        for timeout in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
            let error = first_success(Vec::<Future<u8>>::new(), timeout, |_| true).unwrap_err();
            assert_eq!((error.timed_out(), error.into_failures().len()), (None, 0));
        }
    });
}

#[test]
fn any_03_the_losers_that_have_not_begun_are_cancelled() {
    within(|| {
        let ((pool, gate), runs, drops) = (held_pool(), Tally::default(), Drops::default());
        let (tell, told) = mpsc::channel();
        let submit = |_| {
            let ran = runs.clone();
            let future = pool.submit(drops.with(move || ran.add()));
            let tell = tell.clone();
            future.add_done_callback(move |outcome| tell.send(words(outcome)).unwrap());
            future
        };
        let mut futures: Vec<_> = (0..5).map(submit).collect();
        futures.insert(2, ended(|| ()));
        first_success(futures, None, |()| true).unwrap();
        // At once: the only worker is still at its gate.
        assert_eq!((drops.count(), pool.stats().queued), (5, 0));
        assert!(told.try_iter().eq(["task cancelled by the caller"; 5]));
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!((runs.count(), pool.stats().cancelled), (0, 5));
    });
}

#[test]
fn any_03_the_losers_that_run_are_asked_to_stop_and_not_waited_for() {
    within(|| {
        let (pool, gate) = (pool(2), Gate::closed());
        let (tell, began) = mpsc::channel();
        let (tell_stopped, stopped) = mpsc::channel();
        let stoppable = pool.submit_stoppable(move |stop| {
            tell.send(()).unwrap();
            tell_stopped.send(stop.wait_timeout(LONG)).unwrap();
            1
        });
        let deaf = pool.submit(gate.then(|| 2));
        began.recv().unwrap();
        gate.wait_for(1);
        let began = Instant::now();
        assert_eq!(first_success([stoppable, deaf, ended(|| 3)], None, |_| true).unwrap(), 3);
        assert!(began.elapsed() < PROMPT);
        assert!(stopped.recv().unwrap());
        // The other knows nothing of it, and goes on.
        assert_eq!(pool.stats().cancelled, 0);
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(pool.stats().returned, 2);
    });
}

#[test]
fn any_03_when_the_time_is_up_the_rest_is_cancelled_and_what_failed_is_told() {
    within(|| {
        let (pool, gate) = (pool(2), Gate::closed());
        let (tell, began) = mpsc::channel();
        let running = pool.submit_stoppable(move |stop| {
            tell.send(()).unwrap();
            u32::from(stop.wait_timeout(LONG))
        });
        let stands = pool.submit(gate.then(|| 2));
        began.recv().unwrap();
        gate.wait_for(1);
        let ((pending, runs), timeout) =
            ((Tally::default(), Tally::default()), Duration::from_nanos(1_999_999));
        let ran = runs.clone();
        let never = pool.submit(move || {
            ran.add();
            3
        });
        never.add_done_callback({
            let pending = pending.clone();
            move |_| pending.add()
        });
        let futures = [running, stands, never, ended(|| 4), ended(|| panic!("boom"))];
        let clock = Instant::now();
        let error = first_success(futures, Some(timeout), |n| *n > 10).unwrap_err();
        assert!(clock.elapsed() >= timeout);
        let timed_out = error.timed_out().unwrap();
        assert_eq!((timed_out.unfinished(), pending.count()), (3, 1));
        assert_eq!(timed_out.to_string(), "3 (of 5) futures unfinished");
        assert_eq!(failures(error), ["4", "task panicked: boom"]);
        // So the first has been asked to stop: its worker is free for this, while the other still
        // stands at the gate.
        assert_eq!(pool.submit(|| 6).into_result().unwrap(), 6);
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(runs.count(), 0);
    });
}

/// That something has ended gives no more of it. The last of them never does.
#[test]
fn any_03_the_time_is_one_for_all() {
    within(|| {
        let in_time = |_| {
            let pool = pool(1);
            let (_never_run, never) = task(|| 0);
            let futures = trickling(&pool, 20).into_iter().chain([never]);
            let error =
                first_success(futures, Some(Duration::from_millis(12)), |_| false).unwrap_err();
            assert!(error.timed_out().is_some());
            error.into_failures().len()
        };
        // The best of three, as this thread may be held up meanwhile.
        assert!((0..3).map(in_time).min().unwrap() < 20);
    });
}

#[test]
fn any_03_with_no_time_at_all_only_what_has_ended_may_win() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures = [pool.submit(|| 1), ended(|| 2)];
        assert_eq!(first_success(futures, Some(Duration::ZERO), |_| true).unwrap(), 2);
        let error = first_success([pool.submit(|| 3)], Some(Duration::ZERO), |_| true).unwrap_err();
        assert_eq!((error.timed_out().unwrap().unfinished(), error.into_failures().len()), (1, 0));
        gate.open();
        for timeout in [LONG, Duration::MAX] {
            assert_eq!(first_success([pool.submit(|| 4)], Some(timeout), |_| true).unwrap(), 4);
        }
    });
}

/// A task that returns an `Err` has returned; whether that is a success is for the caller to say.
#[test]
fn any_03_what_a_success_is_the_caller_says() {
    within(|| {
        let pool = pool(1);
        let fetch = |mirror: &'static str| {
            pool.submit(move || {
                if mirror == "far" { Ok(mirror) } else { Err(format!("no route to {mirror}")) }
            })
        };
        let page = first_success(["near", "far"].map(fetch), None, Result::is_ok).unwrap();
        assert_eq!(page, Ok("far"));
        let page = first_success(["near", "far"].map(fetch), None, |_| true).unwrap();
        assert_eq!(page, Err("no route to near".to_owned()));
        let error = first_success(["near", "next"].map(fetch), None, Result::is_ok).unwrap_err();
        assert_eq!(failures(error), [r#"Err("no route to near")"#, r#"Err("no route to next")"#]);
    });
}

#[test]
fn any_03_if_the_caller_panics_meanwhile_the_others_are_asked_to_stop_too() {
    within(|| {
        let ((pool, gate), runs) = (held_pool(), Tally::default());
        let ran = runs.clone();
        let pending = pool.submit(move || ran.add());
        let said = panic_of(|| {
            first_success([ended(|| ()), pending], None, |()| panic!("what is success?"))
        });
        assert_eq!((said.as_str(), pool.stats().queued), ("what is success?", 0));
        gate.open();
        drop(pool);
        assert_eq!(runs.count(), 0);
    });
}

#[test]
fn any_03_a_shutdown_ends_it_as_it_ends_every_wait() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures = [pool.submit(|| 1), pool.submit(|| 2)];
        thread::scope(|threads| {
            let asking = threads.spawn(|| first_success(futures, None, |_| true));
            let_others_block();
            pool.close(Shutdown::CancelPending);
            let error = asking.join().unwrap().unwrap_err();
            assert_eq!(failures(error), ["task cancelled by the shutdown of its pool"; 2]);
        });
        gate.open();
    });
}

#[test]
fn any_03_tasks_may_borrow() {
    within(|| {
        let text = String::from("on this stack");
        let found = scope(2, |s| {
            let futures = [0, 3, 100].map(|from| {
                let text = &text;
                s.submit(move || &text[from..])
            });
            first_success(futures, None, |rest| rest.len() < 13).unwrap()
        });
        assert_eq!(found.unwrap(), "this stack");
    });
}

#[test]
fn any_03_its_error_is_an_error_whatever_the_values_are() {
    fn crosses<E: Error + Send + Sync + 'static>(_: &E) {}
    struct Opaque;
    within(|| {
        let error = first_success([ended(|| Opaque), ended(|| panic!("boom"))], None, |_| false)
            .err()
            .unwrap();
        crosses(&error);
        assert!(error.to_string().contains("boom"), "{error}");
        assert!(!format!("{error:?}").is_empty());
        let boxed: Box<dyn Error> = error.into();
        assert!(boxed.downcast_ref::<NoSuccess<Opaque>>().is_some());
        let only_values = first_success([ended(|| Opaque)], None, |_| false).err().unwrap();
        assert!(!only_values.to_string().is_empty() && !format!("{only_values:?}").is_empty());
        assert!(matches!(only_values.into_failures()[..], [Ok(Opaque)]));
    });
}

/// It is given the failures, so they are looked at; the hook is for what nobody ever sees.
#[test]
fn pan_04_a_failure_that_it_hands_over_is_not_reported_as_unseen() {
    alone(|| {
        let heard = listen();
        let pool = pool(1);
        let futures = [pool.submit(|| panic!("boom")), pool.submit(|| panic!("bang"))];
        assert_eq!(failures(first_success(futures, None, |()| true).unwrap_err()).len(), 2);
        drop(pool.submit(|| panic!("unseen")));
        assert_eq!(heard.recv().unwrap(), "unseen");
        assert!(heard.try_recv().is_err());
    });
}

#[test]
fn ree_01_a_task_that_asks_for_its_own_success_is_told_so() {
    within(|| {
        let (give, take) = mpsc::channel::<Future<()>>();
        let (tell, told) = mpsc::channel();
        let pool = pool(1);
        let asks = pool.submit(move || {
            let error = first_success([take.recv().unwrap()], None, |()| true).unwrap_err();
            tell.send(error.into_failures()).unwrap();
        });
        give.send(asks).unwrap();
        assert!(matches!(told.recv().unwrap()[..], [Err(TaskError::Deadlock(_))]));
    });
}

#[test]
fn any_03_no_success_is_lost_when_it_races_the_ends() {
    within(|| {
        let pool = pool(2);
        for round in 0..500 {
            let futures = (0..6).map(|n| pool.submit(move || n));
            assert_eq!(first_success(futures, None, |n| *n == round % 6).unwrap(), round % 6);
        }
    });
}
