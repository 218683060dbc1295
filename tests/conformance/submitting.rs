//! SUB: submitting work.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::thread;

use glasspool::Submitter;

use crate::support::{Counted, Drops, Tally, eventually, held_pool, pool, within, words};

#[test]
fn sub_01_a_task_runs_once_and_its_future_has_the_value() {
    within(|| {
        let (pool, runs) = (pool(2), Tally::default());
        let count = runs.clone();
        let future = pool.submit(move || {
            count.add();
            2_u64.pow(8)
        });
        assert_eq!(future.into_result().unwrap(), 256);
        drop(pool);
        assert_eq!(runs.count(), 1);
    });
}

#[test]
fn sub_02_a_task_without_a_value_resolves_to_unit_and_is_done() {
    within(|| {
        let (pool, ran) = (pool(1), Tally::default());
        let sets = ran.clone();
        let future = pool.submit(move || sets.add());
        assert!(matches!(future.result(), Ok(())));
        assert_eq!((ran.count(), future.done(), future.cancelled()), (1, true, false));
    });
}

#[test]
fn sub_03_work_runs_though_nobody_keeps_its_future() {
    within(|| {
        let pool = pool(4);
        let (tell, told) = mpsc::channel();
        for _ in 0..8 {
            let tell = tell.clone();
            drop(pool.submit(move || tell.send(1).unwrap()));
        }
        assert_eq!(told.iter().take(8).sum::<u32>(), 8);
    });
}

/// By every way in, and whether the task goes to a new worker or waits for its turn.
#[test]
fn sub_04_what_is_captured_is_moved_and_never_copied() {
    struct CountsClones(Tally);
    impl Clone for CountsClones {
        fn clone(&self) -> Self {
            self.0.add();
            Self(self.0.clone())
        }
    }
    within(|| {
        let (pool, clones) = (pool(1), Tally::default());
        let submitter = pool.submitter();
        for way_in in 0..5 {
            let (boxed, counts) = (Box::new(7), CountsClones(clones.clone()));
            let address = (&raw const *boxed).addr();
            let work = move || {
                drop(counts);
                (&raw const *boxed).addr()
            };
            let future = match way_in {
                0 => pool.submit(work),
                1 => pool.try_submit(work).unwrap(),
                2 => submitter.submit(work),
                3 => pool.named("by name").submit(work),
                _ => submitter.submit_stoppable(move |_| work()),
            };
            assert_eq!(future.into_result().unwrap(), address);
        }
        let counts = CountsClones(clones.clone());
        assert!(pool.map([(); 5], move |()| _ = &counts).all(|result| result.is_ok()));
        assert_eq!(clones.count(), 0);
    });
}

#[test]
fn sub_05_no_task_runs_on_the_thread_that_submits_it() {
    within(|| {
        let pool = pool(3);
        let futures: Vec<_> = (0..60).map(|_| pool.submit(|| thread::current().id())).collect();
        let ids: BTreeSet<_> = futures
            .into_iter()
            .map(|future| format!("{:?}", future.into_result().unwrap()))
            .collect();
        assert!((1..=3).contains(&ids.len()));
        assert!(!ids.contains(&format!("{:?}", thread::current().id())));
    });
}

#[test]
fn sub_06_of_a_very_large_batch_every_task_runs_once_and_none_is_left_running() {
    const TASKS: usize = 100_000;
    within(|| {
        let (pool, runs) = (pool(4), Tally::default());
        for _ in 0..TASKS {
            let runs = runs.clone();
            drop(pool.submit(move || runs.add()));
        }
        eventually(|| pool.stats().idle == pool.stats().workers && runs.count() == TASKS);
        let stats = pool.stats();
        assert_eq!((stats.running, stats.queued), (0, 0));
        assert_eq!((stats.submitted, stats.returned), (TASKS as u64, TASKS as u64));
        drop(pool);
        assert_eq!(runs.count(), TASKS);
    });
}

#[test]
fn sub_08_a_task_may_submit_to_its_own_pool_of_one_worker() {
    within(|| {
        let pool = pool(1);
        let submitter = pool.submitter();
        let outer = pool.submit(move || submitter.submit(|| 22));
        let inner = outer.into_result().unwrap();
        assert_eq!(inner.into_result().unwrap(), 22);
    });
}

#[test]
fn sub_08_a_task_may_submit_many() {
    within(|| {
        let pool = pool(1);
        let submitter = pool.submitter();
        let (tell, told) = mpsc::channel();
        drop(pool.submit(move || {
            for n in 0..200 {
                let tell = tell.clone();
                drop(submitter.submit(move || tell.send(n).unwrap()));
            }
        }));
        assert!(told.into_iter().eq(0..200));
    });
}

/// It ends when its pool does.
#[test]
fn sub_08_a_task_may_submit_its_successor_for_ever_while_other_pools_come_and_go() {
    fn again(submitter: &Submitter) {
        let next = submitter.clone();
        drop(submitter.try_submit(move || again(&next)));
    }
    within(|| {
        let perpetual = pool(1);
        again(&perpetual.submitter());
        for n in 0..50 {
            assert_eq!(pool(1).submit(move || n).into_result().unwrap(), n);
        }
        let before = perpetual.stats().returned;
        eventually(|| perpetual.stats().returned > before);
    });
}

#[test]
fn sub_09_a_task_may_wait_for_another_and_use_its_value() {
    within(|| {
        let pool = pool(2);
        let base = pool.submit(|| 2_u64);
        let power = pool.submit(move || base.result().map(|base| base.pow(8)));
        assert_eq!(power.into_result().unwrap().unwrap(), 256);
    });
}

#[test]
fn sub_09_a_task_may_wait_for_one_that_it_submits() {
    within(|| {
        let pool = pool(2);
        let submitter = pool.submitter();
        let outer = pool.submit(move || submitter.submit(|| "hello").into_result());
        assert_eq!(outer.into_result().unwrap().unwrap(), "hello");
    });
}

#[test]
fn sub_10_one_worker_starts_tasks_in_the_order_of_submission() {
    within(|| {
        let (pool, gate) = held_pool();
        let (tell, told) = mpsc::channel();
        for n in 0..500 {
            let tell = tell.clone();
            drop(pool.submit(move || tell.send(n).unwrap()));
        }
        gate.open();
        drop(tell);
        assert!(told.into_iter().eq(0..500));
    });
}

/// Ten tasks submit ten each: first come, first served holds for those too.
#[test]
fn sub_10_tasks_of_tasks_queue_up_behind_each_other() {
    within(|| {
        let (pool, gate) = held_pool();
        let (tell, told) = mpsc::channel();
        for tens in 0..10 {
            let (submitter, tell) = (pool.submitter(), tell.clone());
            drop(pool.submit(move || {
                for ones in 0..10 {
                    let tell = tell.clone();
                    drop(submitter.submit(move || tell.send(10 * tens + ones).unwrap()));
                }
            }));
        }
        gate.open();
        drop(tell);
        assert!(told.into_iter().eq(0..100));
    });
}

#[test]
fn sub_11_whatever_can_be_called_can_be_submitted() {
    struct Greeter(&'static str);
    impl Greeter {
        fn greet(self) -> String {
            format!("hello, {}", self.0)
        }
    }
    fn hello() -> String {
        "hello, world".to_owned()
    }
    within(|| {
        let pool = pool(2);
        let pointer: fn() -> String = hello;
        let boxed: Box<dyn FnOnce() -> String + Send> = Box::new(hello);
        let (greeter, whom) = (Greeter("world"), String::from("world"));
        let greetings = [
            pool.submit(hello),
            pool.submit(pointer),
            pool.submit(boxed),
            pool.submit(move || format!("hello, {whom}")),
            pool.submit(move || greeter.greet()),
        ];
        for greeting in greetings {
            assert_eq!(greeting.into_result().unwrap(), "hello, world");
        }
    });
}

/// One of them fails in both.
#[test]
fn sub_14_a_map_comes_to_the_same_as_a_loop_of_submits() {
    fn square((n, _counted): (u32, Counted)) -> u32 {
        assert!(n != 7, "no {n}");
        n * n
    }
    within(|| {
        let (pool, looped, mapped) = (pool(3), Drops::default(), Drops::default());
        let one_by_one: Vec<_> = (0..40)
            .map(|n| {
                let item = (n, looped.one());
                pool.submit(move || square(item))
            })
            .collect();
        let one_by_one: Vec<_> =
            one_by_one.into_iter().map(|future| words(future.into_result())).collect();
        let items: Vec<_> = (0..40).map(|n| (n, mapped.one())).collect();
        let in_bulk: Vec<_> = pool.map(items, square).map(words).collect();
        assert_eq!(one_by_one, in_bulk);
        assert_eq!((looped.count(), mapped.count()), (40, 40));
    });
}
