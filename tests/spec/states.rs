//! A future in every state, asked every question.
//!
//! Each answer is a row: pending, running, returned, panicked, lost, cancelled.

use std::any::Any;
use std::ops::Deref;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use glasspool::{Future, ReturnWhen, ThreadPoolExecutor, task, wait};

use crate::support::{Gate, eventually, pool, state, within, words};

/// A future, with whatever keeps it in its state.
struct Example {
    future: Future<u64>,
    _keeper: Box<dyn Any>,
}

impl Deref for Example {
    type Target = Future<u64>;

    fn deref(&self) -> &Future<u64> {
        &self.future
    }
}

fn example(future: Future<u64>, keeper: impl Any) -> Example {
    Example { future, _keeper: Box::new(keeper) }
}

fn pending() -> Example {
    let (task, future) = task(|| 7);
    example(future, task)
}

fn running() -> Example {
    let (pool, gate) = (pool(1), Gate::closed());
    let future = pool.submit(gate.then(|| 7));
    gate.wait_for(1);
    example(future, (gate, pool))
}

fn ended(work: fn() -> u64) -> Example {
    let (task, future) = task(work);
    task.run();
    example(future, ())
}

fn lost() -> Example {
    let pool = ThreadPoolExecutor::builder().initializer(|| panic!("no database")).build().unwrap();
    let future = pool.submit(|| 7);
    assert_eq!(wait([&future], None, ReturnWhen::AllCompleted).done.len(), 1);
    example(future, pool)
}

fn cancelled() -> Example {
    let example = pending();
    assert!(example.cancel());
    example
}

fn every_state() -> [Example; 6] {
    [pending(), running(), ended(|| 7), ended(|| panic!("boom")), lost(), cancelled()]
}

const LOST: &str =
    "task lost with its worker: the pool is broken: its initializer panicked: no database";
const CANCELLED: &str = "task cancelled by the caller";

/// STA-01, STA-04.
#[test]
fn done_is_said_of_every_end() {
    within(|| {
        assert_eq!(every_state().map(|it| it.done()), [false, false, true, true, true, true])
    });
}

#[test]
fn running_is_said_of_what_has_begun_and_not_ended() {
    within(|| {
        assert_eq!(every_state().map(|it| it.running()), [false, true, false, false, false, false])
    });
}

/// STA-03.
#[test]
fn cancelled_is_said_of_what_was_cancelled() {
    within(|| {
        assert_eq!(
            every_state().map(|it| it.cancelled()),
            [false, false, false, false, false, true]
        )
    });
}

/// CAN-01, CAN-02, CAN-03, CAN-04.
#[test]
fn cancel_wins_against_pending_and_says_yes_again_to_cancelled() {
    within(|| {
        let examples = every_state();
        for _ in ["once", "and again"] {
            assert_eq!(
                examples.each_ref().map(|it| it.cancel()),
                [true, false, false, false, false, true]
            );
        }
    });
}

/// STA-09.
#[test]
fn try_result_has_what_there_is() {
    within(|| {
        let there_is = every_state().map(|it| it.try_result().map_or("nothing yet".into(), words));
        assert_eq!(
            there_is,
            ["nothing yet", "nothing yet", "7", "task panicked: boom", LOST, CANCELLED]
        );
    });
}

/// RES-02, RES-03.
#[test]
fn result_timeout_of_zero_has_what_there_is() {
    within(|| {
        let there_is = every_state().map(|it| match it.result_timeout(Duration::ZERO) {
            Err(timed_out) => timed_out.to_string(),
            Ok(outcome) => words(outcome),
        });
        let not_yet = "1 (of 1) futures unfinished";
        assert_eq!(there_is, [not_yet, not_yet, "7", "task panicked: boom", LOST, CANCELLED]);
    });
}

#[test]
fn result_has_every_end() {
    within(|| {
        let [_, _, ended @ ..] = every_state();
        let ends = ended.map(|it| words(it.result()));
        assert_eq!(ends, ["7", "task panicked: boom", LOST, CANCELLED]);
    });
}

/// CBK-04.
#[test]
fn a_callback_is_called_at_once_on_every_end_and_only_then() {
    within(|| {
        let called = every_state().map(|it| {
            let (tell, told) = mpsc::channel();
            it.add_done_callback(move |outcome| {
                let _ = tell.send((words(outcome), thread::current().id()));
            });
            told.try_recv().map_or("not called".into(), |(outcome, by)| {
                assert_eq!(by, thread::current().id());
                outcome
            })
        });
        assert_eq!(
            called,
            ["not called", "not called", "7", "task panicked: boom", LOST, CANCELLED]
        );
    });
}

/// STA-13.
#[test]
fn display_says_what_python_says() {
    within(|| {
        for (it, state) in every_state().into_iter().zip([
            "pending",
            "running",
            "finished returned u64",
            "finished panicked",
            "finished lost",
            "cancelled",
        ]) {
            let text = it.to_string();
            let address = text.strip_prefix("<Future at 0x").unwrap();
            let address = address.strip_suffix(&format!(" state={state}>")).expect(&text);
            assert!(u64::from_str_radix(address, 16).is_ok_and(|address| address != 0), "{text}");
        }
    });
}

#[test]
fn debug_says_the_same_and_where_it_was_submitted() {
    within(|| {
        for it in every_state() {
            let place = it.submitted_at();
            assert_eq!(place.file(), file!());
            let debug = format!("Future {{ state: {}, submitted_at: {place} }}", state(&it.future));
            assert_eq!(format!("{it:?}", it = it.future), debug);
        }
    });
}

/// STA-05: every question, asked twice, around a reader and a cancel that changes nothing.
#[test]
fn an_end_is_for_ever() {
    within(|| {
        let [_, _, ends @ ..] = every_state();
        for it in ends {
            let facts =
                || (it.done(), it.running(), it.cancelled(), it.to_string(), words(it.result()));
            let before = facts();
            assert_eq!(it.cancel(), it.cancelled());
            assert_eq!(facts(), before);
        }
    });
}

#[test]
fn an_address_is_a_futures_own() {
    within(|| {
        let (one, other) = (pending(), pending());
        assert_eq!(one.to_string(), one.to_string());
        assert_ne!(one.to_string(), other.to_string());
    });
}

#[test]
fn display_needs_nothing_of_the_value() {
    struct Opaque;
    within(|| {
        let (task, future) = task(|| vec![Some(Opaque)]);
        task.run();
        assert_eq!(state(&future), "finished returned Vec<Option<Opaque>>");
    });
}

/// STA-02, STA-12.
#[test]
fn a_future_goes_from_pending_to_running_to_finished() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let first = pool.submit(gate.then(|| 1_u8));
        let second = pool.submit(|| 2_u8);
        assert_eq!([state(&first), state(&second)], ["running", "pending"]);
        gate.open();
        eventually(|| first.done() && second.done());
        assert_eq!([state(&first), state(&second)], ["finished returned u8"; 2]);
    });
}
