//! Of several tasks the first that succeeds; the others need not go on.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use glasspool::{Future, Task, TaskError, ThreadPoolExecutor, first_success, task};

use crate::support::{
    Bomb, Drops, Gate, LONG, PanicsWhenDropped, Tally, alone, eventually, held_pool,
    let_others_block, panic_of, pool, within, words,
};

fn three() -> ([Task; 3], [Future<u8>; 3]) {
    let [(t0, f0), (t1, f1), (t2, f2)] = [0, 1, 2].map(|n| task(move || n));
    ([t0, t1, t2], [f0, f1, f2])
}

fn any<T>(_: &T) -> bool {
    true
}

#[test]
fn the_first_to_end_wins() {
    within(|| {
        let ([first, second, third], futures) = three();
        let all = thread::spawn(move || first_success(futures, None, any));
        let_others_block();
        second.run();
        assert_eq!(all.join().unwrap().unwrap(), 1);
        first.run();
        drop(third);
    });
}

#[test]
fn those_that_had_ended_are_asked_first_in_the_order_given() {
    within(|| {
        let ([first, second, third], futures) = three();
        third.run();
        second.run();
        assert_eq!(first_success(futures, Some(Duration::ZERO), any).unwrap(), 1);
        drop(first);
    });
}

/// A task that returns an `Err` has returned: whether that is a success is for the caller to say.
#[test]
fn what_is_a_success_is_the_callers_to_say() {
    within(|| {
        let pool = pool(1);
        let tries = || [Err("no route"), Ok(2), Ok(3)].map(|answer| pool.submit(move || answer));
        assert_eq!(first_success(tries(), None, Result::is_ok).unwrap(), Ok(2));
        assert_eq!(first_success(tries(), None, any).unwrap(), Err("no route"));
        assert_eq!(first_success(tries(), None, |answer| *answer == Ok(3)).unwrap(), Ok(3));
    });
}

#[test]
fn those_that_fail_are_passed_over() {
    within(|| {
        let ([first, second, third], [f1, f2, f3]) = three();
        f1.cancel();
        drop(second);
        third.run();
        let (fails, failing) = task(|| panic!("no flag"));
        fails.run();
        assert_eq!(first_success([failing, f1, f2, f3], None, any).unwrap(), 2);
        drop(first);
    });
}

#[test]
fn if_none_succeeds_what_they_came_to_is_told_in_the_order_of_their_ends() {
    within(|| {
        let ([first, second, third], futures) = three();
        futures[2].cancel();
        second.run();
        let all = thread::spawn(move || first_success(futures, None, |n| *n > 1));
        let_others_block();
        first.run();
        third.run();
        let error = all.join().unwrap().unwrap_err();
        assert!(error.timed_out().is_none());
        assert_eq!(error.to_string(), "none of 3 succeeded: the last returned what is no success");
        let failures = error.into_failures().into_iter().map(words);
        assert_eq!(failures.collect::<Vec<_>>(), ["1", "task cancelled by the caller", "0"]);
    });
}

#[test]
fn of_none_none_succeeds() {
    within(|| {
        let nothing: [Future<u8>; 0] = [];
        let error = first_success(nothing, None, any).unwrap_err();
        assert_eq!(error.to_string(), "none succeeded, as there was none");
        assert!(error.into_failures().is_empty());
    });
}

#[test]
fn when_the_time_is_up_none_has_succeeded_and_the_rest_is_cancelled() {
    within(|| {
        let (pool, gate) = held_pool();
        let (done, ended) = task(|| 1);
        done.run();
        let ran = Tally::default();
        let count = ran.clone();
        let pending = pool.submit(move || {
            count.add();
            2
        });
        let error = first_success([ended, pending], Some(Duration::from_millis(5)), |n| *n > 1)
            .unwrap_err();
        assert_eq!(error.to_string(), "none succeeded in time: 1 (of 2) futures unfinished");
        assert_eq!(error.timed_out().unwrap().unfinished(), 1);
        assert_eq!(error.into_failures().len(), 1);
        gate.open();
        drop(pool);
        assert_eq!(ran.count(), 0);
    });
}

#[test]
fn the_losers_are_cancelled_before_it_returns() {
    within(|| {
        let (pool, gate) = held_pool();
        let (drops, ran) = (Drops::default(), Tally::default());
        let (wins, winner) = task(|| 0);
        wins.run();
        let losers = (0..5).map(|_| {
            let count = ran.clone();
            pool.submit(drops.with(move || {
                count.add();
                1
            }))
        });
        assert_eq!(
            first_success(losers.chain([winner]).collect::<Vec<_>>(), None, any).unwrap(),
            0
        );
        assert_eq!((drops.count(), pool.stats().queued), (5, 0));
        gate.open();
        drop(pool);
        assert_eq!(ran.count(), 0);
    });
}

#[test]
fn a_loser_that_runs_is_asked_to_stop_and_not_waited_for() {
    within(|| {
        let (pool, gate) = (pool(2), Gate::closed());
        let (tell, told) = mpsc::channel();
        let way = gate.way();
        let deaf = pool.submit(gate.then(|| 1));
        let listens = pool.submit_stoppable(move |stop| {
            tell.send(stop.wait_timeout(LONG)).unwrap();
            way.pass();
            1
        });
        gate.wait_for(1);
        let (wins, winner) = task(|| 0);
        let racing = thread::spawn(move || first_success([deaf, listens, winner], None, any));
        let_others_block();
        wins.run();
        assert_eq!(racing.join().unwrap().unwrap(), 0);
        assert!(told.recv().unwrap());
        gate.open();
    });
}

/// All losers are cancelled before anything of any is dropped: here the drop of the first waits for
/// the room of both.
#[test]
fn what_one_loser_has_captured_may_wait_for_the_end_of_another_when_it_is_dropped() {
    struct WaitsWhenDropped(mpsc::Receiver<()>);
    impl Drop for WaitsWhenDropped {
        fn drop(&mut self) {
            (0..2).for_each(|_| self.0.recv().unwrap());
        }
    }
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(2).build().unwrap();
        let gate = Gate::closed();
        drop(pool.submit(gate.then(|| ())));
        gate.wait_for(1);
        let (tell, told) = mpsc::channel();
        let waits = WaitsWhenDropped(told);
        let losers = [pool.submit(move || drop(waits)), pool.submit(|| ())];
        thread::scope(|scope| {
            for _ in 0..2 {
                let tell = tell.clone();
                let pool = &pool;
                scope.spawn(move || {
                    drop(pool.submit(|| ())); // when there is room
                    tell.send(()).unwrap();
                });
            }
            let_others_block();
            let (wins, winner) = task(|| ());
            wins.run();
            first_success(losers.into_iter().chain([winner]), None, any).unwrap();
        });
        gate.open();
    });
}

#[test]
fn a_drop_that_panics_costs_neither_the_winner_nor_the_others() {
    within(|| {
        let pool = pool(1);
        let drops = Drops::default();
        let answer = |n: u8| {
            let counted = drops.one();
            pool.submit(move || (n, counted, (n == 0).then(|| PanicsWhenDropped)))
        };
        let futures = [answer(0), answer(1), answer(2)];
        let (n, ..) = first_success(futures, None, |(n, ..)| *n == 1).unwrap();
        assert_eq!(n, 1);
        pool.submit(|| ()).result().unwrap();
        eventually(|| drops.count() == 3);
    });
}

#[test]
fn if_the_question_itself_panics_the_rest_is_cancelled_all_the_same() {
    within(|| {
        let (pool, gate) = held_pool();
        let (wins, winner) = task(|| 0);
        wins.run();
        let loser = pool.submit(|| 1);
        let asked = panic_of(|| first_success([winner, loser], None, |_| panic!("what?")));
        assert_eq!((asked.as_str(), pool.stats().queued), ("what?", 0));
        gate.open();
    });
}

#[test]
fn a_task_that_waits_for_itself_has_failed() {
    within(|| {
        let pool = pool(1);
        let (give, take) = mpsc::channel::<Future<()>>();
        let (tell, told) = mpsc::channel();
        let me = pool.submit(move || {
            tell.send(first_success([take.recv().unwrap()], None, any)).unwrap();
        });
        give.send(me).unwrap();
        let failures = told.recv().unwrap().unwrap_err().into_failures();
        assert!(matches!(failures[0], Err(TaskError::Deadlock(_))));
    });
}

#[test]
fn it_is_an_error_whatever_the_value() {
    struct NoDebug;
    within(|| {
        let (fails, failing) = task(|| -> NoDebug { panic!("no flag") });
        fails.run();
        let error = first_success([failing], None, any).err().unwrap();
        assert_eq!(error.to_string(), "none of 1 succeeded: the last task panicked: no flag");
        assert!(format!("{error:?}").starts_with("NoSuccess { failures: [Err(Panicked("));
    });
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
fn if_the_futures_stop_coming_by_a_panic_those_that_have_come_are_cancelled() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures =
            (0..3).map(|n| if n < 2 { pool.submit(move || n) } else { panic!("no third future") });
        assert_eq!(panic_of(|| first_success(futures, None, any)), "no third future");
        assert_eq!(pool.stats().queued, 0);
        gate.open();
    });
}
