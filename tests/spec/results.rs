//! How the value is had: waited for, lent as often as one likes, moved out once.

use std::cell::Cell;
use std::ptr;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Future, TaskError, task};

use crate::support::{Gate, LONG, held_pool, let_others_block, pool, state, within, words};

/// RES-01.
#[test]
fn a_result_asked_for_early_is_waited_for() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let future = pool.submit(gate.then(|| 256));
        let reader = thread::spawn(move || words(future.result()));
        let_others_block();
        assert!(!reader.is_finished());
        gate.open();
        assert_eq!(reader.join().unwrap(), "256");
    });
}

#[test]
fn a_value_is_lent_as_often_as_one_likes_from_one_place() {
    within(|| {
        let (task, future) = task(|| String::from("lent"));
        task.run();
        let first = future.result().unwrap();
        assert_eq!(first, "lent");
        assert!(ptr::eq(first, future.result().unwrap()));
        assert!(ptr::eq(first, future.try_result().unwrap().unwrap()));
        assert!(ptr::eq(first, future.result_timeout(LONG).unwrap().unwrap()));
    });
}

#[test]
fn a_value_is_moved_out_and_not_copied() {
    within(|| {
        let (task, future) = task(|| {
            let boxed = Box::new(7);
            (&raw const *boxed as usize, boxed)
        });
        task.run();
        assert_eq!(*future.result().unwrap().1, 7); // having read it does not matter
        let (address, boxed) = future.into_result().unwrap();
        assert_eq!(&raw const *boxed as usize, address);
    });
}

/// RES-14, RES-15.
#[test]
fn looking_takes_nothing_away() {
    within(|| {
        let (task, future) = task(|| 7);
        assert!(future.try_result().is_none());
        task.run();
        for _ in ["once", "and again"] {
            assert_eq!(future.try_result().unwrap().unwrap(), &7);
        }
        assert_eq!(future.into_result().unwrap(), 7);
    });
}

/// RES-08.
#[test]
fn all_who_wait_are_woken_whether_they_would_have_given_up_or_not() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let future = pool.submit(gate.then(|| 7));
        thread::scope(|scope| {
            let waiters: Vec<_> = (0..8)
                .map(|n| match n % 2 {
                    0 => scope.spawn(|| words(future.result())),
                    _ => scope.spawn(|| words(future.result_timeout(LONG).unwrap())),
                })
                .collect();
            let_others_block();
            gate.open();
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), "7");
            }
        });
    });
}

/// RES-05.
#[test]
fn a_timed_wait_never_gives_up_early() {
    within(|| {
        let (_task, future) = task(|| 7);
        for timeout in [1, 999_999, 1_000_000, 20_000_000].map(Duration::from_nanos) {
            let began = Instant::now();
            assert!(future.result_timeout(timeout).is_err());
            assert!(began.elapsed() >= timeout);
        }
    });
}

#[test]
fn a_wait_that_timed_out_leaves_the_future_as_it_was() {
    within(|| {
        let (pool, gate) = held_pool();
        let pending = pool.submit(|| 7);
        let timed_out = pending.result_timeout(Duration::from_millis(1)).unwrap_err();
        assert_eq!((timed_out.unfinished(), state(&pending).as_str()), (1, "pending"));
        gate.open();
        assert_eq!(pending.into_result().unwrap(), 7);
    });
}

/// RES-06.
#[test]
fn a_long_timeout_is_not_waited_for_if_the_value_is_there() {
    within(|| {
        let (task, future) = task(|| 7);
        task.run();
        assert_eq!(future.result_timeout(LONG).unwrap().unwrap(), &7);
    });
}

/// TIM-01, RES-09: as long as the clock can tell, longer than it can, and on the way from one to
/// the other.
#[test]
fn a_timeout_may_be_of_any_length() {
    within(|| {
        for secs in [1 << 31, 1 << 32, 1 << 62, i64::MAX as u64 - (1 << 32), 1 << 63, u64::MAX] {
            let (task, future) = task(|| 7);
            let reader = thread::spawn(move || {
                words(future.result_timeout(Duration::from_secs(secs)).unwrap())
            });
            thread::yield_now();
            task.run();
            assert_eq!(reader.join().unwrap(), "7");
        }
        let (_task, future) = task(|| 7);
        assert!(future.result_timeout(Duration::ZERO).is_err());
        assert!(future.result_timeout(Duration::from_nanos(1)).is_err());
    });
}

/// RES-11.
#[test]
fn four_kilobytes_arrive_as_they_were() {
    within(|| {
        let page: [u8; 4096] = std::array::from_fn(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]);
        let future = pool(1).submit(move || page);
        assert!(*future.result().unwrap() == page);
        assert!(future.into_result().unwrap() == page);
    });
}

/// RES-12: `Cell` is not `Sync`, and `Bare` neither `Clone` nor `Debug`.
#[test]
fn a_value_needs_to_be_send_and_nothing_else() {
    struct Bare(Cell<i32>);
    within(|| {
        let future = pool(1).submit(|| Bare(Cell::new(7)));
        future.result().unwrap().0.set(8);
        let elsewhere = thread::spawn(move || future.into_result().unwrap().0.get());
        assert_eq!(elsewhere.join().unwrap(), 8);
    });
}

/// SUB-02, STA-10.
#[test]
fn nothing_is_a_value_too() {
    #[derive(Debug, PartialEq)]
    struct Nothing;
    within(|| {
        let pool = pool(1);
        assert_eq!(pool.submit(|| ()).result().unwrap(), &());
        assert_eq!(pool.submit(|| None::<u8>).result().unwrap(), &None);
        assert_eq!(pool.submit(|| Nothing).result().unwrap(), &Nothing);
    });
}

#[test]
fn an_err_that_is_returned_is_a_value() {
    within(|| {
        let future = pool(1).submit(|| "x".parse::<u8>());
        assert!(future.result().unwrap().is_err());
        assert_eq!(state(&future), "finished returned Result<u8, ParseIntError>");
    });
}

#[test]
fn a_value_outlives_its_pool() {
    within(|| {
        let pool = pool(1);
        let [read, unread] = [1, 2].map(|n| pool.submit(move || n));
        let one = read.result().unwrap();
        drop(pool);
        assert_eq!((one, unread.result().unwrap()), (&1, &2));
    });
}

/// SUB-09.
#[test]
fn a_task_may_wait_for_another() {
    within(|| {
        let pool = pool(2);
        let first = pool.submit(|| 20);
        let second = pool.submit(move || first.into_result().unwrap() + 1);
        assert_eq!(second.into_result().unwrap(), 21);
    });
}

/// REE-01, as far as a thread can tell by itself.
#[test]
fn a_task_that_waits_for_itself_is_told_so() {
    type Ask = fn(Future<String>) -> Result<String, TaskError>;
    let ways: [Ask; 3] = [
        |myself| myself.result().cloned(),
        |myself| myself.result_timeout(LONG).unwrap().cloned(),
        |myself| myself.into_result(),
    ];
    for ask in ways {
        within(move || {
            let pool = pool(1);
            let (give, take) = mpsc::channel();
            let (tell, told) = mpsc::channel();
            let future = pool.submit(move || {
                tell.send(words(ask(take.recv().unwrap()))).unwrap();
                String::new()
            });
            let place = future.submitted_at();
            give.send(future).unwrap();
            let told = told.recv().unwrap();
            assert_eq!(told, format!("deadlock: task submitted at {place} waits for itself"));
        });
    }
}

#[test]
fn a_wait_that_could_never_end_harms_nobody_elses() {
    within(|| {
        let pool = pool(1);
        let (give, take) = mpsc::channel::<Arc<Future<bool>>>();
        let future = Arc::new(pool.submit(move || {
            let myself = take.recv().unwrap();
            matches!(myself.result(), Err(TaskError::Deadlock(_)))
        }));
        give.send(Arc::clone(&future)).unwrap();
        assert_eq!(future.result().unwrap(), &true);
    });
}
