//! RAC: stress and race classes.

use std::sync::mpsc;
use std::thread;

use glasspool::{Future, Shutdown, TaskError, ThreadPoolExecutor, as_completed, task};

use crate::support::{Drops, LONG, Tally, pool, within};

/// The getter has the future before or after, or while, the other thread completes it.
#[test]
fn rac_01_a_getter_racing_the_completion_always_has_the_value() {
    const ROUNDS: u32 = 10_000;
    within(|| {
        let (give, take) = mpsc::channel::<Future<u32>>();
        let getter = thread::spawn(move || {
            take.into_iter().map(|future| future.into_result().unwrap()).collect::<Vec<_>>()
        });
        for round in 0..ROUNDS {
            let (task, future) = task(move || round);
            if round % 2 == 0 {
                give.send(future).unwrap();
                task.run();
            } else {
                task.run();
                give.send(future).unwrap();
            }
        }
        drop(give);
        assert!(getter.join().unwrap().into_iter().eq(0..ROUNDS));
    });
}

#[test]
fn rac_01_so_it_does_when_a_pool_completes_it() {
    within(|| {
        let pool = pool(2);
        for round in 0..10_000 {
            let future = pool.submit(move || round);
            if round % 2 == 0 {
                assert_eq!(future.into_result().unwrap(), round);
            } else {
                assert_eq!(future.result_timeout(LONG).unwrap().unwrap(), &round);
            }
        }
    });
}

/// What runs ends when it is asked to, and not before; what is queued behind it never runs.
#[test]
fn rac_03_a_thousand_pools_come_and_go_with_work_that_never_finishes_by_itself() {
    within(|| {
        let (starts, exits, drops) = (Tally::default(), Tally::default(), Drops::default());
        let (start, exit) = (starts.clone(), exits.clone());
        let builder = ThreadPoolExecutor::builder().max_workers(1);
        let builder = builder.initializer(move || start.add()).exit_hook(move || exit.add());
        for round in 1..=1000 {
            let pool = builder.clone().build().unwrap();
            let captured = drops.one();
            let endless = pool.submit_stoppable(move |stop| {
                let _captured = &captured;
                stop.wait_timeout(LONG)
            });
            let queued = pool.submit(drops.with(|| ()));
            pool.shutdown(Shutdown::Stop).unwrap();
            assert!(endless.into_result().unwrap());
            assert!(matches!(queued.into_result(), Err(TaskError::Cancelled(_))));
            assert_eq!((starts.count(), exits.count(), drops.count()), (round, round, 2 * round));
        }
    });
}

/// Callbacks and a channel make a queue of completions.
#[test]
fn rac_04_several_producers_and_one_consumer_of_completions() {
    const PRODUCERS: u64 = 4;
    const EACH: u64 = 2_500;
    within(|| {
        let (pool, (tell, told)) = (pool(3), mpsc::channel());
        thread::scope(|threads| {
            for producer in 0..PRODUCERS {
                let (pool, tell) = (&pool, tell.clone());
                threads.spawn(move || {
                    for n in 0..EACH {
                        let tell = tell.clone();
                        let future = pool.submit(move || producer * EACH + n);
                        future.add_done_callback(move |outcome| {
                            tell.send(*outcome.unwrap()).unwrap()
                        });
                    }
                });
            }
            drop(tell);
            let (mut count, mut sum) = (0, 0);
            for value in told {
                count += 1;
                sum += value;
            }
            assert_eq!((count, sum), (PRODUCERS * EACH, (0..PRODUCERS * EACH).sum()));
        });
    });
}

#[test]
fn rac_04_ten_thousand_of_several_producers_as_they_complete() {
    within(|| {
        let pool = pool(3);
        let submit = || (0..2_500_u32).map(|n| pool.submit(move || n)).collect::<Vec<_>>();
        let futures = thread::scope(|threads| {
            let producing = [(); 4].map(|()| threads.spawn(submit));
            producing.map(|thread| thread.join().unwrap())
        });
        let ended = as_completed(futures.into_iter().flatten());
        assert_eq!(
            ended.map(|future| future.into_result().unwrap()).sum::<u32>(),
            4 * (0..2_500).sum::<u32>()
        );
    });
}
