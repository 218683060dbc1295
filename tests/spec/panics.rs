//! A panic is a value: it reaches the handle, whole, and harms nobody else.

use std::any::Any;
use std::hint::black_box;
use std::panic::{catch_unwind, panic_any};
use std::thread;
use std::time::Duration;

use glasspool::{Future, Panic, Shutdown, TaskError, ThreadPoolExecutor};

use crate::support::{Gate, alone, at_once, eventually, limit, pool, words};
use crate::told::heard;

fn panic_in<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Panic {
    match pool(1).submit(work).into_result() {
        Err(TaskError::Panicked(panic)) => panic,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it returned"),
    }
}

/// A `String`, as every `panic!` with something in braces makes one.
fn formatted() {
    let number = black_box(1);
    panic!("boom {number}");
}

#[test]
fn the_payload_arrives_as_it_was_thrown() {
    let _limit = limit();
    let payload = |work: fn()| panic_in(work).take_payload().unwrap();
    assert_eq!(payload(|| panic!("boom")).downcast_ref(), Some(&"boom"));
    assert_eq!(payload(formatted).downcast_ref(), Some(&String::from("boom 1")));
    assert_eq!(payload(|| panic_any(418_u16)).downcast_ref(), Some(&418_u16));
    let boxed = payload(|| panic_any(Box::new(7) as Box<dyn Any + Send>));
    let inside = boxed.downcast::<Box<dyn Any + Send>>().unwrap();
    assert_eq!(inside.downcast_ref(), Some(&7));
}

#[test]
fn the_text_of_a_panic_is_in_display_and_debug() {
    let _limit = limit();
    let panics = [panic_in(|| panic!("boom")), panic_in(formatted), panic_in(|| panic_any(418))];
    let texts = panics.each_ref().map(Panic::message);
    assert_eq!(texts, ["boom", "boom 1", "a value that is not text"]);
    for (panic, text) in panics.iter().zip(texts) {
        assert_eq!(panic.to_string(), format!("task panicked: {text}"));
        let place = panic.submitted_at().to_string();
        let error = TaskError::Panicked(panic.clone());
        assert_eq!(error.to_string(), panic.to_string());
        for debug in [format!("{panic:?}"), format!("{error:?}")] {
            assert!(debug.contains(text) && debug.contains(&place), "{debug}");
        }
    }
}

#[test]
fn a_panic_that_is_resumed_throws_its_payload_and_its_text_if_that_was_taken() {
    let _limit = limit();
    let panic = panic_in(|| panic_any(vec![4, 1, 8]));
    let again = panic.clone();
    let payload = catch_unwind(|| panic.resume()).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&vec![4, 1, 8]));
    let text = catch_unwind(|| again.resume()).unwrap_err();
    assert_eq!(text.downcast_ref(), Some(&String::from("a value that is not text")));
}

#[test]
fn every_reader_has_the_text_and_one_has_the_payload() {
    let _limit = limit();
    let (task, future) = glasspool::task(|| panic!("boom"));
    task.run();
    let [one, other] = [(); 2].map(|()| match future.result() {
        Err(TaskError::Panicked(panic)) => panic,
        other => panic!("{other:?}"),
    });
    assert!(one.take_payload().is_some());
    assert!(other.take_payload().is_none());
    assert_eq!([one.message(), other.message()], ["boom"; 2]);
    assert_eq!(words::<&()>(future.result()), "task panicked: boom");
}

#[test]
fn workers_survive_a_panic_on_each_of_them() {
    let _limit = limit();
    let (pool, gate) = (pool(4), Gate::closed());
    let panics: [Future<()>; 4] = [(); 4].map(|()| pool.submit(gate.then(|| panic!("boom"))));
    gate.wait_for(4);
    gate.open();
    assert!(panics.into_iter().all(|future| future.into_result().is_err()));
    at_once(&pool, 4, || ());
    assert_eq!((pool.stats().workers, pool.stats().panicked), (4, 4));
}

#[test]
fn each_task_of_a_mix_is_reported_as_itself_and_no_worker_is_lost() {
    let _limit = limit();
    let pool = pool(3);
    at_once(&pool, 3, || ());
    let third_panics = |n: u32| move || if n % 3 == 0 { panic!("no {n}") } else { n };
    let futures: Vec<_> = (0..10).map(|n| pool.submit(third_panics(n))).collect();
    for (n, future) in futures.into_iter().enumerate() {
        let expected = if n % 3 == 0 { format!("task panicked: no {n}") } else { n.to_string() };
        assert_eq!(words(future.into_result()), expected);
    }
    eventually(|| pool.stats().idle == 3);
    let stats = pool.stats();
    assert_eq!((stats.workers, stats.returned, stats.panicked), (3, 3 + 6, 4));
}

#[test]
fn a_pool_that_is_being_dropped_does_not_mind_panics() {
    let _limit = limit();
    let ((pool, log), gate) = (heard(4), Gate::closed());
    let panics: [Future<()>; 6] = [(); 6].map(|()| pool.submit(gate.then(|| panic!("boom"))));
    let dropping = thread::spawn(move || drop(pool));
    log.wait_for_asleep(1);
    gate.open();
    dropping.join().unwrap();
    assert!(panics.iter().all(|future| future.done() && future.result().is_err()));
}

#[test]
fn tasks_may_panic_after_their_pool_is_gone() {
    let _limit = limit();
    let (pool, gate) = (pool(4), Gate::closed());
    let panics: [Future<()>; 4] =
        [(); 4].map(|()| pool.submit(gate.then(|| panic!("after the drop"))));
    assert_eq!(
        pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap().still_running.len(),
        4
    );
    drop(pool);
    gate.open();
    for future in panics {
        assert_eq!(words(future.into_result()), "task panicked: after the drop");
    }
}

#[test]
fn the_message_on_stderr_names_the_worker() {
    let said = alone(|| {
        let pool = ThreadPoolExecutor::builder().thread_name_prefix("baker").build().unwrap();
        let error = pool.submit(|| -> u8 { panic!("burnt") }).into_result().unwrap_err();
        assert_eq!(error.to_string(), "task panicked: burnt");
    });
    assert!(said.contains("thread 'baker_0'") && said.contains("burnt"), "{said}");
}
