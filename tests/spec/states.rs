//! A future in every state, asked every question.

use std::any::Any;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use glasspool::{Executor, Future, Inline, ReturnWhen, Shutdown, task, wait};

use crate::support::{
    Gate, Tally, about_to_break, eventually, held_pool, limit, pool, state, words,
};

/// A future in one of its states, with what there is to know of it.
struct Example {
    future: Future<u64>,
    shown: &'static str,
    /// Its outcome in words, if it has ended.
    outcome: Option<String>,
    _keeps_it_so: Box<dyn Any>,
}

impl Example {
    fn new(future: Future<u64>, shown: &'static str, outcome: &str, keeper: impl Any) -> Self {
        let outcome = (!outcome.is_empty()).then(|| outcome.to_owned());
        Self { future, shown, outcome, _keeps_it_so: Box::new(keeper) }
    }
}

/// One future in each state; those of the cancelled ones are told apart by who has cancelled them.
fn every_state() -> Vec<Example> {
    let (kept, pending) = task(|| 7);
    let (busy, gate) = (pool(1), Gate::closed());
    let running = busy.submit(gate.then(|| 7));
    gate.wait_for(1);
    let ended = |work: fn() -> u64| (&Inline as &dyn Executor).submit(work);
    let (_unrun, by_caller) = task(|| 7);
    assert!(by_caller.cancel());
    let (held, opens) = held_pool();
    let by_shutdown = held.submit(|| 7);
    held.close(Shutdown::CancelPending);
    drop(opens);
    let (dropped, by_executor) = task(|| 7);
    drop(dropped);
    let (breaking, breaks) = about_to_break();
    let [lost, by_breaking] = [(); 2].map(|()| breaking.submit(|| 7));
    breaks.open();
    wait([&lost, &by_breaking], None, ReturnWhen::AllCompleted);

    let broken = "the pool is broken: its initializer panicked: no database";
    let cancelled = |future, by: &str| Example::new(future, "cancelled", &format!("task {by}"), ());
    vec![
        Example::new(pending, "pending", "", kept),
        Example::new(running, "running", "", (gate, busy)),
        Example::new(ended(|| 7), "finished returned u64", "7", ()),
        Example::new(ended(|| panic!("boom")), "finished panicked", "task panicked: boom", ()),
        Example::new(lost, "finished lost", &format!("task lost with its worker: {broken}"), ()),
        cancelled(by_caller, "cancelled by the caller"),
        cancelled(by_shutdown, "cancelled by the shutdown of its pool"),
        cancelled(by_executor, "cancelled because its executor dropped it"),
        cancelled(by_breaking, &format!("cancelled because {broken}")),
    ]
}

fn in_every_state(look: impl Fn(&Example, &Future<u64>)) {
    for example in every_state() {
        look(&example, &example.future);
    }
}

#[test]
fn a_future_answers_without_waiting_what_its_state_is_and_what_there_is() {
    let _limit = limit();
    in_every_state(|example, future| {
        for _ in ["once", "and again"] {
            let shown = example.shown;
            assert_eq!(future.running(), shown == "running", "{shown}");
            assert_eq!(future.cancelled(), shown == "cancelled", "{shown}");
            assert_eq!(future.done(), example.outcome.is_some(), "{shown}");
            assert_eq!(future.try_result().map(words), example.outcome);
            let in_no_time = match future.result_timeout(Duration::ZERO) {
                Err(timed_out) => timed_out.to_string(),
                Ok(outcome) => words(outcome),
            };
            let not_yet = || "1 (of 1) futures unfinished".to_owned();
            assert_eq!(in_no_time, example.outcome.clone().unwrap_or_else(not_yet));
        }
    });
}

#[test]
fn a_cancel_wins_against_pending_and_is_true_again_for_a_cancelled_future() {
    let _limit = limit();
    in_every_state(|example, future| {
        let wins = matches!(example.shown, "pending" | "cancelled");
        for _ in ["once", "and again"] {
            assert_eq!((future.cancel(), future.cancelled()), (wins, wins), "{future}");
        }
    });
}

#[test]
fn a_callback_that_comes_after_the_end_is_called_at_once_by_its_registrar() {
    let _limit = limit();
    in_every_state(|example, future| {
        for _ in ["once", "and again"] {
            let (tell, told) = mpsc::channel();
            future.add_done_callback(move |outcome| {
                let _ = tell.send((words(outcome), thread::current().id()));
            });
            let here = |outcome: String| (outcome, thread::current().id());
            assert_eq!(told.try_recv().ok(), example.outcome.clone().map(here));
        }
    });
}

/// Every question, asked around attempts to change the answers.
#[test]
fn an_end_is_for_ever() {
    let _limit = limit();
    in_every_state(|example, future| {
        let Some(outcome) = &example.outcome else { return };
        let facts = || (future.done(), future.running(), future.cancelled(), state(future));
        let before = facts();
        for _ in 0..3 {
            assert_eq!(words(future.result()), *outcome);
            assert_eq!(future.cancel(), future.cancelled());
            assert_eq!(future.request_stop(), future.cancelled());
            assert_eq!(facts(), before);
        }
    });
}

#[test]
fn an_outcome_outlives_its_pool() {
    let _limit = limit();
    let pool = pool(1);
    let [read, unread] = [1, 2].map(|n| pool.submit(move || vec![n]));
    let address = read.result().unwrap().as_ptr();
    let fails = pool.submit(|| -> u8 { panic!("boom") });
    wait([&fails], None, ReturnWhen::AllCompleted);
    pool.shutdown(Shutdown::Stop).unwrap();
    drop(pool);
    assert_eq!(read.result().unwrap().as_ptr(), address);
    assert_eq!(
        (words(read.into_result()), words(unread.into_result())),
        ("[1]".into(), "[2]".into())
    );
    assert_eq!(words(fails.into_result()), "task panicked: boom");
}

/// `Display` is what Python prints; `Debug` has where it was submitted, too.
#[test]
fn the_texts_of_a_future_name_its_state() {
    let _limit = limit();
    in_every_state(|example, future| {
        let (text, shown) = (future.to_string(), example.shown);
        let address = text.strip_prefix("<Future at 0x").unwrap();
        let address = address.strip_suffix(&format!(" state={shown}>")).expect(&text);
        assert!(u64::from_str_radix(address, 16).is_ok_and(|address| address != 0), "{text}");
        let place = future.submitted_at();
        assert_eq!(place.file(), file!());
        let debug = format!("Future {{ state: {shown}, submitted_at: {place} }}");
        assert_eq!(format!("{future:?}"), debug);
    });
}

#[test]
fn an_address_belongs_to_one_future_and_stays() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let futures = [1, 2].map(|n| pool.submit(move || n));
    let address = |future: &Future<i32>| future.to_string().split(' ').nth(2).unwrap().to_owned();
    let before = futures.each_ref().map(address);
    assert_ne!(before[0], before[1]);
    gate.open();
    let moved = futures.map(Box::new);
    assert!(moved.iter().all(|future| future.result().is_ok()));
    assert_eq!(moved.each_ref().map(|future| address(future)), before);
}

#[test]
fn the_texts_of_a_future_need_no_debug_of_the_value_and_show_none_of_it() {
    struct Secret(&'static str);
    let _limit = limit();
    let (task, future) = task(|| vec![Some(Secret("swordfish"))]);
    task.run();
    assert_eq!(future.result().unwrap()[0].as_ref().unwrap().0, "swordfish");
    assert_eq!(state(&future), "finished returned Vec<Option<Secret>>");
    assert!(!format!("{future} {future:?}").contains("swordfish"));
}

#[test]
fn a_task_that_cannot_start_yet_is_pending_whatever_way_it_was_submitted() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let futures = [
        pool.submit(|| 1),
        pool.named("by name").submit(|| 2),
        pool.submit_stoppable(|_| 3),
        pool.try_submit(|| 4).unwrap(),
    ];
    assert!(futures.iter().all(|future| state(future) == "pending"));
    gate.open();
    assert!(futures.into_iter().zip(1..).all(|(future, n)| future.into_result().unwrap() == n));
}

#[test]
fn a_future_goes_from_pending_to_running_to_finished() {
    let _limit = limit();
    let ((pool, before), inside) = (held_pool(), Gate::closed());
    let future = pool.submit(inside.then(|| 7_u8));
    assert_eq!(state(&future), "pending");
    before.open();
    inside.wait_for(1);
    assert_eq!(state(&future), "running");
    inside.open();
    eventually(|| future.done());
    assert_eq!(state(&future), "finished returned u8");
    assert!(future.result_timeout(Duration::ZERO).is_ok() && future.try_result().is_some());
}

/// There is no promise to complete by hand; a task is used up when it is run.
#[test]
fn a_cancelled_task_that_is_run_all_the_same_does_nothing() {
    let _limit = limit();
    let (runs, calls) = (Tally::default(), Tally::default());
    let (ran, called) = (runs.clone(), calls.clone());
    let (task, future) = task(move || ran.add());
    future.add_done_callback(move |_| called.add());
    assert!(future.cancel());
    task.run();
    assert_eq!(words(future.result()), "task cancelled by the caller");
    assert_eq!((runs.count(), calls.count()), (0, 1));
}

#[test]
fn an_empty_value_is_a_value() {
    #[derive(Debug, PartialEq)]
    struct Nothing;
    let _limit = limit();
    let pool = pool(2);
    let unit = pool.submit(|| ());
    assert_eq!(unit.result().unwrap(), &());
    assert!(unit.done() && !unit.cancelled() && unit.try_result().is_some());
    assert_eq!(pool.submit(|| None::<u8>).into_result().unwrap(), None);
    assert_eq!(pool.submit(|| Nothing).into_result().unwrap(), Nothing);
    assert!(pool.submit(|| [0_u8; 0]).into_result().unwrap().is_empty());
    assert!(pool.map([(); 5], |()| None::<()>).all(|result| result.unwrap().is_none()));
}

#[test]
fn a_task_that_returns_an_error_has_returned() {
    let _limit = limit();
    let pool = pool(1);
    let future = pool.submit(|| "x".parse::<u8>());
    assert!(future.result().unwrap().is_err());
    assert_eq!(state(&future), "finished returned Result<u8, ParseIntError>");
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!((pool.stats().returned, pool.stats().panicked), (1, 0));
}
