//! Of several tasks the first that succeeds; the others need not go on.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt::Debug;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Executor, Future, Inline, NoSuccess, Shutdown, first_success, scope, task};

use crate::support::{
    Bomb, Drops, Gate, LONG, Tally, alone, held_pool, limit, panic_of, pool, while_futures_trickle,
    words,
};
use crate::told::{Log, heard_and_held, observed_by};

fn ended<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Future<T> {
    (&Inline as &dyn Executor).submit(work)
}

fn any<T>(_: &T) -> bool {
    true
}

fn failures<T: Debug>(error: NoSuccess<T>) -> Vec<String> {
    error.into_failures().into_iter().map(words).collect()
}

/// It is neither cloned nor printed.
#[test]
fn the_value_of_the_winner_is_moved_out() {
    struct Opaque(Cell<u8>);
    let _limit = limit();
    let drops = Drops::default();
    let makes = drops.clone();
    let future = pool(1).submit(move || (Opaque(Cell::new(7)), makes.one()));
    let value = first_success([future], Some(LONG), |(opaque, _)| opaque.0.get() == 7).ok();
    assert_eq!(drops.count(), 0);
    drop(value.unwrap());
    assert_eq!(drops.count(), 1);
}

#[test]
fn futures_that_had_ended_are_asked_first_in_the_order_given() {
    let _limit = limit();
    let (_unrun, pending) = task(|| 0);
    let (late, second) = task(|| 2);
    let first = ended(|| 1);
    late.run();
    let asked = RefCell::new(Vec::new());
    let value = first_success([pending, second, first, ended(|| 3)], Some(Duration::ZERO), |n| {
        asked.borrow_mut().push(*n);
        *n == 3
    });
    assert_eq!((value.unwrap(), asked.into_inner()), (3, vec![2, 1, 3]));
}

/// A task that returns an `Err` has returned.
#[test]
fn the_caller_says_what_a_success_is() {
    let _limit = limit();
    let pool = pool(1);
    let tries = || [Err("no route"), Ok(2), Ok(3)].map(|answer| pool.submit(move || answer));
    assert_eq!(first_success(tries(), None, Result::is_ok).unwrap(), Ok(2));
    assert_eq!(first_success(tries(), None, any).unwrap(), Err("no route"));
    assert_eq!(first_success(tries(), None, |answer| *answer == Ok(3)).unwrap(), Ok(3));
    let error = first_success(tries(), None, |answer| *answer == Ok(4)).unwrap_err();
    assert_eq!(failures(error), [r#"Err("no route")"#, "Ok(2)", "Ok(3)"]);
}

#[test]
fn an_error_has_all_failures_in_the_order_of_their_ends() {
    let _limit = limit();
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
    assert_eq!(error.to_string(), "none of 6 succeeded: the last returned what is no success");
    let (cancelled, before) = ("task cancelled by the caller", "task panicked: before");
    let expected = [cancelled, before, "0", "1", "task panicked: boom", "5"];
    assert_eq!(failures(error), expected);
}

#[test]
fn no_future_has_no_success_and_no_failures() {
    let _limit = limit();
    for timeout in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
        let error = first_success(Vec::<Future<u8>>::new(), timeout, any).unwrap_err();
        assert_eq!(error.to_string(), "none succeeded, as there was none");
        assert_eq!((error.timed_out(), error.into_failures().len()), (None, 0));
    }
}

/// While the only worker is still at its gate.
#[test]
fn losers_that_have_not_begun_are_cancelled_before_it_returns() {
    let _limit = limit();
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
    first_success(futures, None, any).unwrap();
    assert_eq!((drops.count(), pool.stats().queued), (5, 0));
    assert!(told.try_iter().eq(["task cancelled by the caller"; 5]));
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!((runs.count(), pool.stats().cancelled), (0, 5));
}

#[test]
fn losers_that_run_are_asked_to_stop_and_not_waited_for() {
    let _limit = limit();
    let (pool, gate) = (pool(2), Gate::closed());
    let (tell, told) = mpsc::channel();
    let way = gate.way();
    let deaf = pool.submit(gate.then(|| 1));
    let listens = pool.submit_stoppable(move |stop| {
        tell.send(stop.wait_timeout(LONG)).unwrap();
        way.pass();
        2
    });
    gate.wait_for(1);
    assert_eq!(first_success([deaf, listens, ended(|| 3)], None, any).unwrap(), 3);
    assert!(told.recv().unwrap());
    assert_eq!(pool.stats().cancelled, 0);
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(pool.stats().returned, 2);
}

#[test]
fn a_timeout_cancels_the_rest_and_tells_what_failed() {
    let _limit = limit();
    let (pool, gate) = (pool(2), Gate::closed());
    let (tell, began) = mpsc::channel();
    let running = pool.submit_stoppable(move |stop| {
        tell.send(()).unwrap();
        u32::from(stop.wait_timeout(LONG))
    });
    let stands = pool.submit(gate.then(|| 2));
    began.recv().unwrap();
    gate.wait_for(1);
    let (runs, calls) = (Tally::default(), Tally::default());
    let (ran, called) = (runs.clone(), calls.clone());
    let pending = pool.submit(move || {
        ran.add();
        3
    });
    pending.add_done_callback(move |_| called.add());
    let futures = [running, stands, pending, ended(|| 4), ended(|| panic!("boom"))];
    let (clock, timeout) = (Instant::now(), Duration::from_nanos(1_999_999));
    let error = first_success(futures, Some(timeout), |n| *n > 10).unwrap_err();
    assert!(clock.elapsed() >= timeout);
    assert_eq!(error.to_string(), "none succeeded in time: 3 (of 5) futures unfinished");
    let timed_out = error.timed_out().unwrap();
    assert_eq!((timed_out.unfinished(), calls.count()), (3, 1));
    assert_eq!(timed_out.to_string(), "3 (of 5) futures unfinished");
    assert_eq!(failures(error), ["4", "task panicked: boom"]);
    // The first has been asked to stop, so its worker is free, while the other is at its gate.
    assert_eq!(pool.submit(|| 6).into_result().unwrap(), 6);
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(runs.count(), 0);
}

/// An end gives no more of it.
#[test]
fn the_time_of_a_race_is_one_for_all() {
    let _limit = limit();
    let error = while_futures_trickle(|futures| {
        first_success(futures, Some(Duration::from_millis(200)), |_| false).unwrap_err()
    });
    assert!(error.timed_out().is_some());
}

/// All losers are cancelled before anything of any is dropped: here the drop of the first waits for
/// the permits of both.
#[test]
fn the_captures_of_one_loser_may_wait_for_the_end_of_another_when_they_are_dropped() {
    struct WaitsWhenDropped(mpsc::Receiver<()>);
    impl Drop for WaitsWhenDropped {
        fn drop(&mut self) {
            (0..2).for_each(|_| self.0.recv().unwrap());
        }
    }
    let _limit = limit();
    let (log, gate) = (Log::default(), Gate::closed());
    let pool = observed_by(log.clone()).max_workers(1).queue_capacity(2).build().unwrap();
    drop(pool.submit(gate.then(|| ())));
    gate.wait_for(1);
    let (tell, told) = mpsc::channel();
    let waits = WaitsWhenDropped(told);
    let losers = [pool.submit(move || drop(waits)), pool.submit(|| ())];
    thread::scope(|scope| {
        for tell in [tell.clone(), tell] {
            let pool = &pool;
            scope.spawn(move || {
                drop(pool.submit(|| ())); // when it has a permit
                tell.send(()).unwrap();
            });
        }
        log.wait_for_asleep(2);
        first_success(losers.into_iter().chain([ended(|| ())]), None, any).unwrap();
    });
    gate.open();
}

#[test]
fn values_that_are_no_success_are_dropped_one_by_one() {
    alone(|| {
        let futures = [1, 2, 3].map(|n| {
            let (task, future) = task(move || (n, Bomb));
            task.run();
            future
        });
        let (third, bomb) = first_success(futures, None, |&(n, _)| n == 3).unwrap();
        assert_eq!(third, 3);
        std::mem::forget(bomb);
    });
}

#[test]
fn the_rest_is_cancelled_too_if_the_question_or_the_iterator_panics() {
    let _limit = limit();
    let ((pool, gate), runs) = (held_pool(), Tally::default());
    let submit = || {
        let ran = runs.clone();
        pool.submit(move || ran.add())
    };
    let said = panic_of(|| first_success([ended(|| ()), submit()], None, |()| panic!("what?")));
    assert_eq!((said.as_str(), pool.stats().queued), ("what?", 0));
    let futures = (0..3).map(|n| if n < 2 { submit() } else { panic!("no third future") });
    assert_eq!(panic_of(|| first_success(futures, None, any)), "no third future");
    assert_eq!(pool.stats().queued, 0);
    gate.open();
    drop(pool);
    assert_eq!(runs.count(), 0);
}

#[test]
fn a_race_in_progress_ends_when_a_shutdown_cancels_its_futures() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    let futures = [pool.submit(|| 1), pool.submit(|| 2)];
    thread::scope(|threads| {
        let asking = threads.spawn(|| first_success(futures, None, any));
        log.wait_for_asleep(1);
        pool.close(Shutdown::CancelPending);
        let error = asking.join().unwrap().unwrap_err();
        assert_eq!(failures(error), ["task cancelled by the shutdown of its pool"; 2]);
    });
    gate.open();
}

#[test]
fn tasks_of_a_race_may_borrow() {
    let _limit = limit();
    let text = String::from("on this stack");
    let found = scope(2, |s| {
        let futures = [0, 3, 100].map(|from| {
            let text = &text;
            s.submit(move || &text[from..])
        });
        first_success(futures, None, |rest| rest.len() < 13).unwrap()
    });
    assert_eq!(found.unwrap(), "this stack");
}

#[test]
fn the_error_of_a_race_is_an_error_whatever_the_values_are() {
    struct Opaque;
    let _limit = limit();
    let fails = ended(|| panic!("no flag"));
    let error = first_success([ended(|| Opaque), fails], None, |_| false).err().unwrap();
    assert_eq!(error.to_string(), "none of 2 succeeded: the last task panicked: no flag");
    let boxed: Box<dyn Error + Send + Sync> = error.into();
    assert!(boxed.downcast_ref::<NoSuccess<Opaque>>().is_some());
    let error = first_success([ended(|| -> Opaque { panic!("boom") })], None, any).err();
    assert!(format!("{error:?}").starts_with("Some(NoSuccess { failures: [Err(Panicked("));
    let value = first_success([ended(|| Opaque)], None, |_| false).err().unwrap();
    assert!(!value.to_string().is_empty() && !format!("{value:?}").is_empty());
    assert!(matches!(value.into_failures()[..], [Ok(Opaque)]));
}

#[test]
fn no_success_is_lost_when_a_race_races_the_ends() {
    let _limit = limit();
    let pool = pool(2);
    for round in 0..500 {
        let futures = (0..6).map(|n| pool.submit(move || n));
        assert_eq!(first_success(futures, None, |n| *n == round % 6).unwrap(), round % 6);
    }
}
