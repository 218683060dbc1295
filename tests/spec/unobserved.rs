//! A panic that nobody looked at is not silent.
//!
//! There is one hook for the whole process, and all tests share it: it keeps every text it hears,
//! and each test listens for one of its own.

use std::future::{Future as _, IntoFuture};
use std::pin::pin;
use std::sync::{Mutex, Once};
use std::task::{Context, Waker};
use std::time::Duration;

use glasspool::{
    Future, Panic, ReturnWhen, as_completed, first_success, set_unobserved_panic_hook, task,
    unobserved_panics, wait,
};

use crate::support::{Gate, PanicsWhenDropped, Tally, alone, eventually, limit, pool};

static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn listen() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let keep = |panic: &Panic| HEARD.lock().unwrap().push(panic.message().to_owned());
        set_unobserved_panic_hook(Some(Box::new(keep)));
    });
}

fn times_heard(text: &str) -> usize {
    HEARD.lock().unwrap().iter().filter(|heard| *heard == text).count()
}

/// Does this to a future of which the task panics; says whether the panic was heard of then.
fn is_heard(text: &'static str, look: impl FnOnce(&Future<()>)) -> bool {
    listen();
    let (task, future) = task(move || panic!("{text}"));
    task.run();
    look(&future);
    drop(future);
    times_heard(text) == 1
}

fn panic_unseen() {
    let (task, future) = task(|| panic!("unseen"));
    drop(future);
    task.run();
}

#[test]
fn the_hook_hears_of_a_panic_when_the_handle_is_dropped() {
    let _limit = limit();
    assert!(is_heard("dropped without a look", |_| {}));
}

#[test]
fn the_hook_hears_of_a_panic_when_the_task_ends_if_the_handle_was_dropped_before() {
    let _limit = limit();
    listen();
    let before = unobserved_panics();
    let (task, future) = task(|| panic!("dropped before the end"));
    drop(future);
    assert_eq!(times_heard("dropped before the end"), 0);
    task.run();
    assert_eq!(times_heard("dropped before the end"), 1);
    assert!(unobserved_panics() > before);
}

#[test]
fn a_reader_a_waiter_and_a_callback_have_looked() {
    let _limit = limit();
    let now = Some(Duration::ZERO);
    assert!(!is_heard("result", |it| assert!(it.result().is_err())));
    assert!(!is_heard("try_result", |it| assert!(it.try_result().unwrap().is_err())));
    assert!(!is_heard("result_timeout", |it| assert!(
        it.result_timeout(Duration::ZERO).unwrap().is_err()
    )));
    assert!(!is_heard("callback", |it| it.add_done_callback(|_| {})));
    assert!(!is_heard("wait", |it| assert!(
        !wait([it], now, ReturnWhen::AllCompleted).done.is_empty()
    )));
    assert!(!is_heard("as_completed", |it| assert!(as_completed([it]).next().is_some())));

    let pool = pool(1);
    let futures = [(); 2].map(|()| pool.submit(|| panic!("handed over as a failure")));
    let failures = first_success(futures, None, |()| true).unwrap_err().into_failures();
    assert_eq!((failures.len(), times_heard("handed over as a failure")), (2, 0));
}

#[test]
fn a_look_before_the_end_is_a_look() {
    let _limit = limit();
    listen();
    let looks: [fn(&Future<()>); 4] = [
        |it| it.add_done_callback(|_| {}),
        |it| assert!(it.result_timeout(Duration::ZERO).is_err()),
        |it| drop(as_completed([it])),
        |it| {
            let polled = pin!(it.into_future()).poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        },
    ];
    for look in looks {
        let (task, future) = task(|| panic!("looked at early"));
        look(&future);
        drop(future);
        task.run();
    }
    assert_eq!(times_heard("looked at early"), 0);
}

#[test]
fn a_question_after_the_state_is_no_look() {
    let _limit = limit();
    assert!(is_heard("done", |it| assert!(it.done() && !it.running() && !it.cancelled())));
    assert!(is_heard("cancel", |it| assert!(!it.cancel())));
    assert!(is_heard("display", |it| assert!(it.to_string().contains("panicked"))));
}

#[test]
fn panics_of_tasks_that_tasks_submit_are_heard_of_too() {
    let _limit = limit();
    listen();
    let pool = pool(2);
    let submitter = pool.submitter();
    drop(pool.submit(move || {
        for _ in 0..3 {
            drop(submitter.submit(|| panic!("from inside")));
        }
    }));
    eventually(|| times_heard("from inside") == 3);
}

#[test]
fn panics_of_the_items_of_a_map_are_heard_of_too() {
    let _limit = limit();
    listen();
    let mut results = pool(2).map(0..4, |n| if n > 0 { panic!("item") } else { n });
    assert!(results.next().unwrap().is_ok());
    assert!(results.next().unwrap().is_err()); // this one has been looked at
    drop(results);
    eventually(|| times_heard("item") == 2);
}

/// Other than in rayon, the process goes on, with a hook and without.
#[test]
fn the_count_is_exact_and_the_hook_can_be_changed() {
    let said = alone(|| {
        let calls = Tally::default();
        let count = {
            let calls = calls.clone();
            move |_: &Panic| calls.add()
        };
        panic_unseen();
        assert!(set_unobserved_panic_hook(Some(Box::new(count))).is_none());
        panic_unseen();
        let counting = set_unobserved_panic_hook(Some(Box::new(|_| panic!("the hook panics"))));
        panic_unseen();
        assert!(set_unobserved_panic_hook(counting).is_some());
        let pool = pool(1);
        drop(pool.submit(|| panic!("unseen in a pool")));
        eventually(|| (unobserved_panics(), calls.count()) == (4, 2));
        assert_eq!(pool.submit(|| 7).into_result().unwrap(), 7);

        let (returns, unread) = task(|| 7);
        returns.run();
        drop(unread);
        drop(task(|| 7)); // cancelled
        assert_eq!((unobserved_panics(), calls.count()), (4, 2));
    });
    assert!(said.contains("unseen in a pool"), "{said}");
}

/// A hook that is replaced while it runs is dropped by whoever runs it; if that drop panics, the
/// worker lives on.
#[test]
fn a_hook_that_panics_when_it_is_dropped_harms_no_worker() {
    alone(|| {
        let pool = pool(1);
        let last_words = PanicsWhenDropped;
        let hook = move |_: &Panic| {
            let _keep = &last_words;
            set_unobserved_panic_hook(None);
        };
        set_unobserved_panic_hook(Some(Box::new(hook)));
        let gate = Gate::closed();
        drop(pool.submit(gate.then(|| panic!("unseen"))));
        gate.open();
        assert_eq!(pool.submit(|| 7).into_result().unwrap(), 7);
    });
}

#[test]
fn a_hook_that_is_taken_and_set_again_stays_what_it_was() {
    alone(|| {
        let heard = Tally::default();
        let count = heard.clone();
        set_unobserved_panic_hook(Some(Box::new(move |_| count.add())));
        for _ in 0..1_000_000 {
            set_unobserved_panic_hook(set_unobserved_panic_hook(None));
        }
        panic_unseen();
        assert_eq!(heard.count(), 1);
    });
}
