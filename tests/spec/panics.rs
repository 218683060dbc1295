//! A panic is a value: it reaches the handle, whole, and harms nobody else.

use std::any::Any;
use std::hint::black_box;
use std::panic::{catch_unwind, panic_any};
use std::sync::{Arc, Barrier};
use std::thread;

use glasspool::{Future, Panic, TaskError, task};

use crate::support::{Gate, PanicsWhenDropped, alone, held_pool, pool, shows, within, words};

fn panic_in<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Panic {
    let (task, future) = task(work);
    task.run();
    panic_of(future)
}

/// A `String`, as every `panic!` with something in braces makes one.
fn formatted() {
    let number = black_box(1);
    panic!("boom {number}");
}

fn panic_of<T>(future: Future<T>) -> Panic {
    match future.into_result() {
        Err(TaskError::Panicked(panic)) => panic,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it returned"),
    }
}

/// PAN-01.
#[test]
fn the_payload_arrives_as_it_was_thrown() {
    within(|| {
        let text = panic_in(|| panic!("boom")).take_payload().unwrap();
        let owned = panic_in(formatted).take_payload().unwrap();
        let number = panic_in(|| panic_any(418_u16)).take_payload().unwrap();
        let boxed =
            panic_in(|| panic_any(Box::new(7) as Box<dyn Any + Send>)).take_payload().unwrap();
        assert_eq!(text.downcast_ref(), Some(&"boom"));
        assert_eq!(owned.downcast_ref(), Some(&String::from("boom 1")));
        assert_eq!(number.downcast_ref(), Some(&418_u16));
        let inside = boxed.downcast::<Box<dyn Any + Send>>().unwrap();
        assert_eq!(inside.downcast_ref(), Some(&7));
    });
}

/// PAN-11.
#[test]
fn the_text_is_in_display_and_debug() {
    within(|| {
        let panics =
            [panic_in(|| panic!("boom")), panic_in(formatted), panic_in(|| panic_any(418))];
        let texts = panics.each_ref().map(Panic::message);
        assert_eq!(texts, ["boom", "boom 1", "a value that is not text"]);
        for (panic, text) in panics.iter().zip(texts) {
            assert_eq!(panic.to_string(), format!("task panicked: {text}"));
            assert!(format!("{panic:?}").contains(text));
            assert!(format!("{panic:?}").contains(&panic.submitted_at().to_string()));
        }
    });
}

#[test]
fn every_reader_has_the_text_and_one_has_the_payload() {
    within(|| {
        let (task, future) = task(|| panic!("boom"));
        task.run();
        let [one, other] = [(); 2].map(|()| match future.result() {
            Err(TaskError::Panicked(panic)) => panic,
            other => panic!("{other:?}"),
        });
        assert!(one.take_payload().is_some());
        assert!(other.take_payload().is_none());
        assert_eq!([one.message(), other.message()], ["boom"; 2]);
        assert_eq!(words::<&()>(future.result()), "task panicked: boom");
    });
}

/// PAN-13.
#[test]
fn resuming_throws_the_payload_again() {
    within(|| {
        let panic = panic_in(|| panic_any(418_u16));
        let again = panic.clone();
        let payload = catch_unwind(|| panic.resume()).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&418_u16));
        let text = catch_unwind(|| again.resume()).unwrap_err(); // the payload is gone
        assert_eq!(text.downcast_ref(), Some(&String::from("a value that is not text")));
    });
}

/// PAN-02: a barrier that only so many tasks at the same time can pass.
#[test]
fn workers_survive_panics() {
    within(|| {
        let pool = pool(4);
        let meet = || {
            let barrier = Arc::new(Barrier::new(4));
            [(); 4].map(|()| Arc::clone(&barrier))
        };
        let panicking = meet().map(|barrier| {
            pool.submit(move || {
                barrier.wait();
                panic!("boom");
            })
        });
        assert!(panicking.map(Future::<()>::into_result).iter().all(Result::is_err));
        assert!(shows(&pool, "workers: 4"));
        let meeting = meet().map(|barrier| pool.submit(move || barrier.wait()));
        assert!(meeting.map(Future::into_result).iter().all(Result::is_ok));
        assert!(shows(&pool, "workers: 4"));
    });
}

/// PAN-03, PAN-10.
#[test]
fn each_task_fails_for_itself() {
    within(|| {
        let pool = pool(2);
        let futures: Vec<_> = (0..10)
            .map(|n| pool.submit(move || if n % 5 < 3 { n } else { panic!("no {n}") }))
            .collect();
        let outcomes: Vec<_> =
            futures.into_iter().map(|future| words(future.into_result())).collect();
        let expected = ["0", "1", "2", "task panicked: no 3", "task panicked: no 4", "5", "6", "7"];
        assert_eq!(outcomes[..8], expected);
        assert_eq!(outcomes[8..], ["task panicked: no 8", "task panicked: no 9"]);
    });
}

/// PAN-05.
#[test]
fn a_pool_that_is_being_dropped_does_not_mind_panics() {
    within(|| {
        let (pool, gate) = (pool(2), Gate::closed());
        let futures = [(); 4].map(|()| pool.submit(gate.then(|| panic!("boom"))));
        let dropping = thread::spawn(move || drop(pool));
        gate.open();
        dropping.join().unwrap();
        assert!(futures.map(Future::<()>::into_result).iter().all(Result::is_err));
    });
}

/// Nobody reads it, so the worker drops it.
#[test]
fn a_payload_that_panics_when_it_is_dropped_harms_no_worker() {
    within(|| {
        let (pool, gate) = held_pool();
        for _ in 0..3 {
            drop(pool.submit(|| panic_any(PanicsWhenDropped)));
        }
        gate.open();
        assert_eq!(pool.submit(|| 7).into_result().unwrap(), 7);
        assert!(shows(&pool, "workers: 1"));
    });
}

/// PAN-15.
#[test]
fn the_message_on_stderr_names_the_worker() {
    let said = alone(|| {
        let pool =
            glasspool::ThreadPoolExecutor::builder().thread_name_prefix("baker").build().unwrap();
        assert!(
            pool.submit(|| panic!("burnt"))
                .into_result()
                .is_err_and(|error: TaskError| error.to_string().contains("burnt"))
        );
    });
    assert!(said.contains("thread 'baker_0'") && said.contains("burnt"), "{said}");
}
