//! STA: the states of a future.

use std::marker::PhantomData;
use std::sync::{Arc, mpsc};

use glasspool::{Future, Shutdown, ThreadPoolExecutor, task};

use crate::common::about_to_break;
use crate::support::{Gate, Tally, eventually, held_pool, pool, state, within, words};

/// Looks at a future in each of its states, those of the cancelled ones told apart by what
/// cancelled them.
fn in_every_state(look: impl Fn(&str, &Future<u8>)) {
    let (pool, gate) = (pool(1), Gate::closed());
    let running = pool.submit(gate.then(|| 1));
    gate.wait_for(1);
    let pending = pool.submit(|| 2);
    let by_caller = pool.submit(|| 3);
    assert!(by_caller.cancel());
    look("running", &running);
    look("pending", &pending);
    look("cancelled by the caller", &by_caller);

    let (closed, gate) = held_pool();
    let by_shutdown = closed.submit(|| 4);
    closed.close(Shutdown::CancelPending);
    look("cancelled by the shutdown of its pool", &by_shutdown);
    gate.open();

    let (unrun, by_executor) = task(|| 5);
    drop(unrun);
    look("cancelled because its executor dropped it", &by_executor);

    let (lost, broke, _broken) = of_a_broken_pool();
    look("lost", &lost);
    look("cancelled because the pool broke", &broke);

    let (run, returned) = task(|| 6);
    run.run();
    look("returned", &returned);
    let (run, panicked) = task(|| panic!("boom"));
    run.run();
    look("panicked", &panicked);
}

/// What a worker had in hand when its initializer panicked, and what was queued behind it.
fn of_a_broken_pool() -> (Future<u8>, Future<u8>, ThreadPoolExecutor) {
    let (pool, gate) = about_to_break();
    let (lost, broke) = (pool.submit(|| 7), pool.submit(|| 8));
    gate.open();
    eventually(|| lost.done() && broke.done());
    (lost, broke, pool)
}

#[test]
fn sta_01_what_cannot_start_yet_is_not_done_not_running_and_not_cancelled() {
    within(|| {
        let (pool, gate) = held_pool();
        let fresh = [
            pool.submit(|| 1),
            pool.named("by name").submit(|| 2),
            pool.submit_stoppable(|_| 3),
            pool.try_submit(|| 4).unwrap(),
        ];
        for future in &fresh {
            for _ in 0..3 {
                assert_eq!(
                    (future.done(), future.running(), future.cancelled()),
                    (false, false, false)
                );
            }
        }
        let (_task, future) = task(|| 5);
        assert_eq!((future.done(), future.running(), future.cancelled()), (false, false, false));
        gate.open();
        assert!(fresh.into_iter().zip(1..).all(|(future, n)| future.into_result().unwrap() == n));
    });
}

#[test]
fn sta_02_a_task_is_running_from_the_start_of_its_body_to_the_end() {
    within(|| {
        let (pool, before) = held_pool();
        let inside = Gate::closed();
        let future = pool.submit(inside.then(|| 7));
        assert!(!future.running());
        before.open();
        inside.wait_for(1);
        assert!(future.running() && !future.done() && !future.cancelled());
        inside.open();
        assert_eq!(future.result().unwrap(), &7);
        assert!(!future.running() && future.done());
    });
}

#[test]
fn sta_02_so_the_body_itself_sees_it() {
    within(|| {
        let pool = pool(1);
        let (give, take) = mpsc::channel::<Arc<Future<(bool, bool, bool)>>>();
        let future = Arc::new(pool.submit(move || {
            let myself = take.recv().unwrap();
            (myself.running(), myself.done(), myself.cancelled())
        }));
        give.send(Arc::clone(&future)).unwrap();
        assert_eq!(future.result().unwrap(), &(true, false, false));
    });
}

#[test]
fn sta_02_only_what_runs_is_running() {
    within(|| {
        in_every_state(|state, future| assert_eq!(future.running(), state == "running", "{state}"))
    });
}

#[test]
fn sta_03_only_what_was_cancelled_is_cancelled() {
    within(|| {
        in_every_state(|state, future| {
            assert_eq!(future.cancelled(), state.starts_with("cancelled"), "{state}");
        });
    });
}

/// Asking in vain is not cancelling.
#[test]
fn sta_03_a_cancel_that_fails_leaves_it_uncancelled() {
    within(|| {
        in_every_state(|state, future| {
            if state != "pending" {
                assert_eq!(future.cancel(), state.starts_with("cancelled"), "{state}");
                assert_eq!(future.cancelled(), state.starts_with("cancelled"), "{state}");
            }
        });
    });
}

#[test]
fn sta_04_what_has_ended_is_done_in_whatever_way_it_ended() {
    within(|| {
        in_every_state(|state, future| {
            assert_eq!(future.done(), !["pending", "running"].contains(&state), "{state}");
        });
    });
}

#[test]
fn sta_05_what_is_done_stays_as_it_is() {
    within(|| {
        in_every_state(|name, future| {
            if !future.done() {
                return;
            }
            let facts = || {
                (
                    future.cancelled(),
                    future.running(),
                    future.done(),
                    state(future),
                    words(future.result()),
                )
            };
            let before = facts();
            for _ in 0..3 {
                assert_eq!(future.cancel(), future.cancelled(), "{name}");
                assert_eq!(future.request_stop(), future.cancelled(), "{name}");
                assert_eq!(facts(), before, "{name}");
            }
        });
    });
}

#[test]
fn sta_05_what_is_done_outlives_whatever_becomes_of_its_pool() {
    within(|| {
        let pool = pool(1);
        let value = pool.submit(|| vec![1, 2, 3]);
        let address = value.result().unwrap().as_ptr();
        let fails = pool.submit(|| -> u8 { panic!("boom") });
        assert_eq!(words(fails.result()), "task panicked: boom");
        pool.shutdown(Shutdown::Stop).unwrap();
        drop(pool);
        assert_eq!(value.result().unwrap().as_ptr(), address);
        assert_eq!(words(value.into_result()), "[1, 2, 3]");
        assert_eq!(words(fails.into_result()), "task panicked: boom");
    });
}

/// There is no promise to complete by hand: whoever runs the task ends its future, and a task that
/// has run is gone.
#[test]
fn sta_06_running_what_has_ended_already_changes_nothing() {
    within(|| {
        let (runs, calls) = (Tally::default(), Tally::default());
        let (ran, called) = (runs.clone(), calls.clone());
        let (task, future) = task(move || ran.add());
        future.add_done_callback(move |_| called.add());
        assert!(future.cancel());
        task.run();
        assert_eq!(words(future.result()), "task cancelled by the caller");
        assert_eq!((runs.count(), calls.count()), (0, 1));
    });
}

#[test]
fn sta_09_what_does_not_wait_says_whether_there_is_a_value_an_error_or_neither() {
    within(|| {
        in_every_state(|state, future| {
            for _ in 0..2 {
                let found = future.try_result().map(words);
                let expected = match state {
                    "pending" | "running" => None,
                    "returned" => Some("6".to_owned()),
                    "panicked" => Some("task panicked: boom".to_owned()),
                    "lost" => Some(
                        "task lost with its worker: the pool is broken: its initializer panicked: no database".into(),
                    ),
                    "cancelled because the pool broke" => Some(
                        "task cancelled because the pool is broken: its initializer panicked: no database".into(),
                    ),
                    cancelled => Some(format!("task {cancelled}")),
                };
                assert_eq!(found, expected, "{state}");
            }
        });
    });
}

#[test]
fn sta_10_an_empty_value_is_a_value() {
    struct Nothing;
    within(|| {
        let pool = pool(2);
        let unit = pool.submit(|| ());
        let none = pool.submit(|| None::<()>);
        let nothing = pool.submit(|| Nothing);
        let phantom = pool.submit(|| PhantomData::<u8>);
        let no_bytes = pool.submit(|| [0_u8; 0]);
        let no_items = pool.submit(Vec::<u8>::new);
        assert_eq!(unit.result().unwrap(), &());
        assert_eq!(none.result().unwrap(), &None);
        assert!(nothing.result().is_ok() && nothing.done() && !nothing.cancelled());
        assert!(
            none.done() && none.try_result().is_some() && none.into_result().unwrap().is_none()
        );
        assert!(phantom.into_result().is_ok() && no_bytes.into_result().is_ok());
        assert!(no_items.into_result().unwrap().is_empty());
        assert!(pool.map([(); 5], |()| None::<()>).all(|result| result.unwrap().is_none()));
    });
}

#[test]
fn sta_10_a_task_that_returns_an_error_has_returned() {
    within(|| {
        let pool = pool(1);
        let fails = pool.submit(|| Err::<u8, _>("no such flag"));
        assert_eq!(fails.result().unwrap(), &Err("no such flag"));
        assert!(state(&fails).starts_with("finished returned"));
        drop(fails);
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!((pool.stats().returned, pool.stats().panicked), (1, 0));
    });
}

#[test]
fn sta_12_soon_after_the_body_has_ended_it_is_done_and_reading_does_not_wait() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let (tell, ended) = mpsc::channel();
        let future = pool.submit(gate.then(move || tell.send(()).unwrap()));
        gate.wait_for(1);
        assert!(!future.done());
        gate.open();
        ended.recv().unwrap();
        eventually(|| future.done());
        assert!(future.result_timeout(std::time::Duration::ZERO).is_ok());
        assert!(future.try_result().is_some());
    });
}

#[test]
fn sta_13_the_text_names_the_state() {
    within(|| {
        in_every_state(|name, future| {
            let expected = match name {
                "pending" | "running" => name,
                "returned" => "finished returned u8",
                "panicked" => "finished panicked",
                "lost" => return assert!(state(future).starts_with("finished"), "{future}"),
                _ => "cancelled",
            };
            assert!(future.to_string().starts_with("<Future at 0x"), "{future}");
            assert!(future.to_string().ends_with(&format!(" state={expected}>")), "{future}");
            assert!(format!("{future:?}").contains(expected), "{future:?}");
        });
    });
}

#[test]
fn sta_13_the_text_needs_no_debug_of_the_value_and_shows_none_of_it() {
    struct Secret(&'static str);
    within(|| {
        let pool = pool(1);
        let future = pool.submit(|| Secret("swordfish"));
        assert_eq!(future.result().unwrap().0, "swordfish");
        assert!(state(&future).starts_with("finished returned"));
        assert!(state(&future).contains("Secret"), "{future}");
        assert!(!format!("{future} {future:?}").contains("swordfish"));
    });
}

/// As in Python, one can tell the futures of a program apart by their addresses.
#[test]
fn sta_13_the_text_has_an_address_that_stays_and_that_no_other_has() {
    within(|| {
        let (pool, gate) = held_pool();
        let (one, two) = (pool.submit(|| 1), pool.submit(|| 2));
        let address =
            |future: &Future<i32>| future.to_string().split(' ').nth(2).unwrap().to_owned();
        let before = [address(&one), address(&two)];
        assert_ne!(before[0], before[1]);
        gate.open();
        let (one, two) = (Box::new(one), Box::new(two));
        assert!(one.result().is_ok() && two.result().is_ok());
        assert_eq!([address(&one), address(&two)], before);
    });
}

#[test]
fn sta_13_the_debug_text_tells_the_name_and_the_place_too() {
    within(|| {
        let pool = pool(1);
        let future = pool.named("BR").submit(|| 1);
        let line = line!() - 1;
        let text = format!("{future:?}");
        assert!(text.contains("BR") && text.contains(&format!("states.rs:{line}:")), "{text}");
        assert_eq!((future.name(), future.submitted_at().line()), (Some("BR"), line));
    });
}
