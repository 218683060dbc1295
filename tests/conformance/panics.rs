//! PAN: panics.

use std::any::Any;
use std::hint::black_box;
use std::panic::{catch_unwind, panic_any};
use std::thread;
use std::time::Duration;

use glasspool::{Future, Panic, Shutdown, TaskError, ThreadPoolExecutor, unobserved_panics};

use crate::common::{at_once, listen};
use crate::support::{Gate, alone, eventually, let_others_block, pool, within, words};

fn panic_in(pool: &ThreadPoolExecutor, work: impl FnOnce() + Send + 'static) -> Panic {
    match pool.submit(work).into_result() {
        Err(TaskError::Panicked(panic)) => panic,
        other => panic!("{other:?}"),
    }
}

/// A `String`, as every `panic!` with something in braces makes one.
fn owned_text() {
    let number = black_box(418);
    panic!("owned {number}");
}

#[test]
fn pan_01_the_original_payload_is_on_the_handle_whatever_its_type() {
    within(|| {
        let pool = pool(1);
        let payload = |work: fn()| panic_in(&pool, work).take_payload().unwrap();
        assert_eq!(payload(|| panic!("static string")).downcast_ref(), Some(&"static string"));
        assert_eq!(payload(owned_text).downcast_ref(), Some(&String::from("owned 418")));
        assert_eq!(payload(|| panic_any(418_u16)).downcast_ref(), Some(&418_u16));
        let nested = payload(|| panic_any(Box::new(413_u16) as Box<dyn Any + Send>));
        let inside = nested.downcast::<Box<dyn Any + Send>>().unwrap();
        assert_eq!(inside.downcast_ref(), Some(&413_u16));
    });
}

#[test]
fn pan_02_after_a_panic_on_every_worker_all_of_them_still_work_at_the_same_time() {
    within(|| {
        let (pool, gate) = (pool(4), Gate::closed());
        let panics: Vec<Future<()>> = (0..4)
            .map(|_| pool.submit(gate.then(|| panic!("ignore this panic, it must occur"))))
            .collect();
        gate.wait_for(4);
        gate.open();
        assert!(panics.into_iter().all(|future| future.into_result().is_err()));
        at_once(&pool, 4, || ());
        assert_eq!((pool.stats().workers, pool.stats().panicked), (4, 4));
    });
}

#[test]
fn pan_03_in_a_mix_each_is_reported_as_itself_and_no_worker_is_lost() {
    within(|| {
        let pool = pool(3);
        at_once(&pool, 3, || ());
        let third_panics = |n: u32| move || if n % 3 == 0 { panic!("no {n}") } else { n };
        let futures: Vec<_> = (0..10).map(|n| pool.submit(third_panics(n))).collect();
        for (n, future) in futures.into_iter().enumerate() {
            let expected =
                if n % 3 == 0 { format!("task panicked: no {n}") } else { n.to_string() };
            assert_eq!(words(future.into_result()), expected);
        }
        eventually(|| pool.stats().idle == 3);
        let stats = pool.stats();
        assert_eq!((stats.workers, stats.returned, stats.panicked), (3, 3 + 6, 4));
    });
}

/// Other than in rayon, nobody aborts.
#[test]
fn pan_04_a_panic_of_what_nobody_looks_at_is_given_to_the_hook_and_the_process_goes_on() {
    let said = alone(|| {
        let pool = pool(1);
        drop(pool.submit(|| panic!("without a hook")));
        eventually(|| unobserved_panics() == 1);
        let heard = listen();
        drop(pool.submit(|| panic!("with a hook")));
        assert_eq!(heard.recv().unwrap(), "with a hook");
        assert_eq!((unobserved_panics(), pool.submit(|| 7).into_result().unwrap()), (2, 7));
    });
    assert!(said.contains("without a hook") && said.contains("with a hook"), "{said}");
}

#[test]
fn pan_05_tasks_that_panic_while_the_pool_is_dropped_do_not_make_the_drop_panic() {
    within(|| {
        let (pool, gate) = (pool(4), Gate::closed());
        let panics: [Future<()>; 6] =
            [(); 6].map(|()| pool.submit(gate.then(|| panic!("while dropping"))));
        let dropping = thread::spawn(move || drop(pool));
        let_others_block();
        gate.open();
        dropping.join().unwrap();
        assert!(panics.iter().all(|future| future.done() && future.result().is_err()));
    });
}

#[test]
fn pan_05_tasks_may_panic_after_the_pool_is_gone() {
    within(|| {
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
    });
}

#[test]
fn pan_08_what_tasks_submit_is_covered_by_the_same_hook() {
    alone(|| {
        let heard = listen();
        let pool = pool(2);
        let submitter = pool.submitter();
        drop(pool.submit(move || {
            for _ in 0..3 {
                drop(submitter.submit(|| panic!("Hello, world!")));
            }
        }));
        assert!(heard.iter().take(3).eq(["Hello, world!"; 3]));
        assert_eq!(unobserved_panics(), 3);
    });
}

#[test]
fn pan_10_each_failed_future_carries_an_error_of_its_own() {
    within(|| {
        let pool = pool(2);
        let futures = [1, 2, 3].map(|n| pool.submit(move || -> u8 { panic_any(n) }));
        let payloads = futures.map(|future| match future.into_result() {
            Err(TaskError::Panicked(panic)) => {
                *panic.take_payload().unwrap().downcast::<i32>().unwrap()
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(payloads, [1, 2, 3]);
    });
}

#[test]
fn pan_11_the_message_is_in_the_errors_texts_or_a_stand_in_for_it() {
    within(|| {
        let pool = pool(1);
        let works: [(fn(), &str); 3] = [
            (|| panic!("boom"), "boom"),
            (owned_text, "owned 418"),
            (|| panic_any(418), "a value that is not text"),
        ];
        for (work, text) in works {
            let error = pool.submit(work).into_result().unwrap_err();
            assert_eq!(error.to_string(), format!("task panicked: {text}"));
            assert!(format!("{error:?}").contains(text), "{error:?}");
        }
    });
}

#[test]
fn pan_13_a_panic_can_be_thrown_again_with_its_payload() {
    within(|| {
        let panic = panic_in(&pool(1), || panic_any(vec![4, 1, 8]));
        let again = catch_unwind(|| panic.resume()).unwrap_err();
        assert_eq!(again.downcast_ref(), Some(&vec![4, 1, 8]));
    });
}

#[test]
#[should_panic(expected = "Hello, world!")]
fn pan_13_a_panic_thrown_again_comes_out_as_it_went_in() {
    within(|| panic_in(&pool(1), || panic!("Hello, world!")).resume());
}

#[test]
fn pan_15_the_default_message_names_the_worker() {
    let said = alone(|| {
        let pool = ThreadPoolExecutor::builder().thread_name_prefix("named").build().unwrap();
        assert_eq!(panic_in(&pool, || panic!("boom")).message(), "boom");
    });
    assert!(said.contains("thread 'named_0'") && said.contains("boom"), "{said}");
}
