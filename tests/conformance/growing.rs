//! ASC: completion queues and join sets, which are streams of ends that grow while they are read.

use std::collections::{BTreeSet, VecDeque};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{AsCompleted, Future, Shutdown, TaskError, as_completed, task};

use crate::common::PROMPT;
use crate::support::{
    Drops, Gate, LONG, Tally, eventually, held_pool, let_others_block, panic_of, pool, within,
    words,
};

fn ended(n: u32) -> Future<u32> {
    let (task, future) = task(move || n);
    task.run();
    future
}

fn nothing() -> AsCompleted<Future<u32>> {
    as_completed([])
}

fn value(future: Future<u32>) -> u32 {
    future.into_result().unwrap()
}

#[test]
fn asc_11_what_it_gives_back_is_what_was_put_in_and_is_done() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures = [1, 2, 3].map(|n| pool.submit(move || n));
        let mut queue = as_completed([&futures[0]]);
        queue.push(&futures[1]);
        queue.extend([&futures[2]]);
        gate.open();
        for future in &futures {
            let taken = queue.next().unwrap();
            assert!(std::ptr::eq(taken, future) && taken.done());
        }
        assert!(queue.next().is_none());
    });
}

#[test]
fn asc_11_a_key_goes_in_and_comes_out_with_its_future() {
    within(|| {
        let pool = pool(2);
        let mut queue = as_completed([("BR", pool.submit(|| "br".to_owned()))]);
        queue.extend(["CN", "IN"].map(|code| (code, pool.submit(|| code.to_lowercase()))));
        let codes: BTreeSet<_> = queue
            .map(|(code, future)| {
                assert_eq!(future.into_result().unwrap(), code.to_lowercase());
                code
            })
            .collect();
        assert_eq!(codes, BTreeSet::from(["BR", "CN", "IN"]));
    });
}

#[test]
fn asc_12_before_the_end_there_is_nothing_to_take_and_asking_changes_nothing() {
    within(|| {
        let (pool, gate) = held_pool();
        let mut queue = as_completed([pool.submit(|| 1), pool.submit(|| 2)]);
        for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::ZERO] {
            let timed_out = queue.next_timeout(timeout).unwrap_err();
            assert_eq!((timed_out.unfinished(), queue.len()), (2, 2));
        }
        queue.push(ended(3));
        assert_eq!(queue.next_timeout(Duration::ZERO).unwrap().map(value), Some(3));
        assert!(queue.next_timeout(Duration::ZERO).is_err());
        gate.open();
        assert_eq!(queue.next_timeout(LONG).unwrap().map(value), Some(1));
        assert_eq!(queue.next_timeout(Duration::MAX).unwrap().map(value), Some(2));
        assert!(queue.next_timeout(Duration::ZERO).unwrap().is_none());
        assert!(queue.next_timeout(Duration::MAX).unwrap().is_none() && queue.next().is_none());
    });
}

#[test]
fn asc_12_a_timed_take_waits_its_time_from_now_and_no_less() {
    within(|| {
        let (pool, gate) = held_pool();
        let mut queue = as_completed([pool.submit(|| 1)]);
        // Were the time counted from the call of `as_completed`, only the first of these would
        // wait.
        for nanos in [4_999_999, 1, 999_999, 1_000_001, 4_999_999] {
            let (timeout, began) = (Duration::from_nanos(nanos), Instant::now());
            assert!(queue.next_timeout(timeout).is_err());
            assert!(began.elapsed() >= timeout);
        }
        thread::scope(|threads| {
            let taking = threads.spawn(|| queue.next_timeout(LONG).unwrap().map(value));
            let_others_block();
            gate.open();
            assert_eq!(taking.join().unwrap(), Some(1));
        });
    });
}

#[test]
fn asc_12_what_there_is_nothing_of_is_not_waited_for() {
    within(|| {
        let began = Instant::now();
        let mut queue = nothing();
        assert!(queue.next_timeout(LONG).unwrap().is_none());
        queue.push(ended(1));
        assert_eq!(queue.next_timeout(LONG).unwrap().map(value), Some(1));
        assert!(queue.next_timeout(LONG).unwrap().is_none());
        assert!(began.elapsed() < PROMPT);
    });
}

#[test]
fn asc_13_successes_and_failures_are_both_delivered() {
    within(|| {
        let (pool, mut queue) = (pool(2), nothing());
        for _ in 0..2 {
            queue.push(pool.submit(|| 1));
            queue.extend((0..2).map(|_| pool.submit(|| panic!("boom"))));
        }
        let (failures, successes): (Vec<_>, Vec<_>) =
            queue.by_ref().map(Future::into_result).partition(Result::is_err);
        assert_eq!((successes.len(), failures.len()), (2, 4));
        assert!(queue.next().is_none() && queue.next_timeout(LONG).unwrap().is_none());
    });
}

#[test]
fn asc_15_it_counts_right_though_putting_and_taking_alternate() {
    within(|| {
        let (pool, mut queue) = (pool(2), nothing());
        let (mut sum, mut len) = (0, 0);
        for n in 0..200 {
            queue.push(pool.submit(move || n));
            len += 1;
            assert_eq!((queue.len(), queue.size_hint()), (len, (len, Some(len))));
            if n % 3 != 0 {
                sum += value(queue.next().unwrap());
                len -= 1;
            }
        }
        sum += queue.by_ref().map(value).sum::<u32>();
        assert_eq!((sum, queue.len()), ((0..200).sum(), 0));
        assert!(queue.next().is_none());
    });
}

#[test]
fn asc_15_after_its_end_it_can_be_used_again() {
    within(|| {
        let (pool, mut queue) = (pool(2), nothing());
        for round in 0..20 {
            assert!(queue.next().is_none());
            queue.extend((0..round).map(|n| pool.submit(move || n)));
            assert_eq!(queue.by_ref().map(value).sum::<u32>(), (0..round).sum());
            assert!(queue.next().is_none());
            queue.push(ended(round));
            assert_eq!(queue.next().map(value), Some(round));
        }
    });
}

#[test]
fn asc_15_so_many_in_flight_whatever_there_is_to_do() {
    within(|| {
        let (pool, mut jobs) = (pool(6), 0..300_u32);
        let (began, ends) = (Tally::default(), Tally::default());
        let submit = |n| {
            let (began, ends) = (began.clone(), ends.clone());
            pool.submit(move || {
                began.add();
                assert!(began.count() <= ends.count() + 3);
                ends.add();
                n
            })
        };
        let mut queue = as_completed(jobs.by_ref().take(3).map(submit));
        let mut values = BTreeSet::new();
        while let Some(future) = queue.next() {
            assert!(values.insert(value(future)));
            queue.extend(jobs.next().map(submit));
            assert!(queue.len() <= 3);
        }
        assert!(values.into_iter().eq(0..300));
    });
}

/// A crawl that finds more as it goes.
#[test]
fn asc_15_what_is_found_in_the_loop_is_put_in_from_the_loop() {
    within(|| {
        let pool = pool(3);
        let visit = |node: u32| {
            pool.submit(move || {
                [2 * node, 2 * node + 1].map(|child| (child < 512).then_some(child))
            })
        };
        let mut visited = 0;
        let mut queue = as_completed([visit(1)]);
        while let Some(future) = queue.next() {
            visited += 1;
            for child in future.into_result().unwrap().into_iter().flatten() {
                queue.push(visit(child));
            }
        }
        assert_eq!(visited, 511);
    });
}

#[test]
fn asc_02_what_has_ended_when_it_is_put_in_comes_before_what_has_not() {
    within(|| {
        let (pool, gate) = held_pool();
        let mut queue = as_completed([pool.submit(|| 7)]);
        queue.extend([1, 2, 3].map(ended));
        assert!(queue.by_ref().take(3).map(value).eq(1..=3));
        gate.open();
        assert!(queue.map(value).eq([7]));
    });
}

#[test]
fn asc_02_what_was_put_in_comes_in_the_order_in_which_it_ends() {
    within(|| {
        let (mut tasks, futures): (VecDeque<_>, Vec<_>) =
            (0..6_u32).map(|n| task(move || n)).unzip();
        let mut futures = futures.into_iter();
        let mut queue = as_completed(futures.by_ref().take(2));
        queue.extend(futures);
        while let Some(last) = tasks.pop_back() {
            last.run();
        }
        assert!(queue.map(value).eq((0..6).rev()));
    });
}

/// One that had ended before it was put in stands behind those that had ended before that.
#[test]
fn asc_02_what_has_ended_before_is_not_overtaken() {
    within(|| {
        let (first, one) = task(|| 1);
        let (second, two) = task(|| 2);
        let mut queue = as_completed([one, two]);
        second.run();
        queue.push(ended(3));
        first.run();
        queue.push(ended(4));
        assert!(queue.map(value).eq([2, 3, 1, 4]));
    });
}

#[test]
fn asc_03_one_that_is_put_in_several_times_comes_out_as_often() {
    within(|| {
        let (pool, gate) = held_pool();
        let (pending, done) = (pool.submit(|| 1), ended(2));
        let mut queue = as_completed([&pending, &done]);
        queue.extend([&done, &pending, &done]);
        assert_eq!(
            queue.by_ref().take(3).filter(|future| std::ptr::eq(*future, &raw const done)).count(),
            3
        );
        gate.open();
        assert_eq!(queue.map(|future| future.result().unwrap()).sum::<u32>(), 2);
    });
}

#[test]
fn asc_05_that_the_time_is_up_counts_what_was_put_in() {
    within(|| {
        let (pool, gate) = held_pool();
        let mut queue = as_completed([pool.submit(|| 1)]);
        queue.push(ended(2));
        queue.push(pool.submit(|| 3));
        assert_eq!(queue.next().map(value), Some(2));
        assert_eq!(queue.next_timeout(Duration::ZERO).unwrap_err().unfinished(), 2);
        let mut timed = queue.timeout(Duration::ZERO);
        assert_eq!(timed.next().unwrap().unwrap_err().unfinished(), 2);
        assert!(timed.next().is_none());
        gate.open();
    });
}

/// Some hundred are in flight; which of them ends next is drawn, from a seed.
#[test]
fn asc_15_keys_stay_with_their_futures_in_whatever_order_they_end() {
    within(|| {
        let (mut seed, mut tasks, mut queue) = (1_u32, Vec::new(), as_completed([]));
        let mut draw = move |below: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % below
        };
        let mut handed_over = BTreeSet::new();
        for n in 0..3_000 {
            let (task, future) = task(move || n);
            tasks.push((n, task));
            queue.push((n, future));
            if n >= 100 {
                let (next, task) = tasks.swap_remove(draw(tasks.len()));
                task.run();
                let (key, future) = queue.next().unwrap();
                assert_eq!((key, future.into_result().unwrap(), queue.len()), (next, next, 100));
                assert!(handed_over.insert(key));
            }
        }
        for (_, task) in tasks {
            task.run();
        }
        handed_over.extend(queue.map(|(key, _)| key));
        assert!(handed_over.into_iter().eq(0..3_000));
    });
}

#[test]
fn asc_09_what_it_lets_go_of_takes_no_room() {
    within(|| {
        let (pool, drops) = (pool(1), Drops::default());
        let mut queue = as_completed([]);
        for dropped in 1..=100 {
            let value = drops.one();
            queue.push(pool.submit(move || value));
            drop(queue.next().unwrap().into_result());
            assert_eq!(drops.count(), dropped);
        }
    });
}

/// Beside one that never ends, as in a program that runs for ever.
#[test]
#[cfg(target_os = "linux")]
fn asc_09_any_number_may_pass_through_it_in_the_same_memory() {
    use std::cell::RefCell;

    use crate::support::{alone, kib_grown};
    alone(|| {
        let (_task, never) = task(|| 0);
        let queue = RefCell::new(as_completed([never]));
        let grown = kib_grown(|| {
            let mut queue = queue.borrow_mut();
            let (task, future) = task(|| 1);
            queue.push(future);
            assert!(queue.next_timeout(Duration::ZERO).is_err());
            task.run();
            queue.push(ended(1));
            assert_eq!(queue.by_ref().take(2).map(value).sum::<u32>(), 2);
        });
        assert!(grown < 1000, "{grown} KiB");
    });
}

#[test]
fn asc_16_dropping_it_cancels_nothing_of_what_was_put_in() {
    within(|| {
        let ((pool, gate), runs) = (held_pool(), Tally::default());
        let mut queue = as_completed([]);
        for _ in 0..5 {
            let ran = runs.clone();
            queue.push(pool.submit(move || ran.add()));
        }
        assert!(queue.next_timeout(Duration::ZERO).is_err());
        drop(queue);
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!((runs.count(), pool.stats().cancelled), (5, 0));
    });
}

#[test]
fn wai_15_a_take_in_progress_ends_when_a_shutdown_cancels_what_was_put_in() {
    within(|| {
        let (pool, gate) = held_pool();
        let mut queue = nothing();
        queue.push(pool.submit(|| 1));
        thread::scope(|threads| {
            let taking = threads.spawn(|| words(queue.next().unwrap().into_result()));
            let_others_block();
            pool.close(Shutdown::CancelPending);
            assert_eq!(taking.join().unwrap(), "task cancelled by the shutdown of its pool");
        });
        gate.open();
    });
}

/// What is put in may end in that very moment.
#[test]
fn rac_04_nothing_is_lost_when_putting_in_races_the_end() {
    within(|| {
        let (pool, mut queue) = (pool(2), nothing());
        for round in 0..3_000 {
            queue.push(pool.submit(move || round));
            if round % 2 == 0 {
                assert_eq!(queue.next().map(value), Some(round));
            } else {
                assert_eq!(queue.next_timeout(LONG).unwrap().map(value), Some(round));
            }
        }
        assert!(queue.next().is_none());
    });
}

/// There is nothing else that could end, so it would wait for ever.
#[test]
fn ree_01_a_task_that_takes_its_own_future_is_told_so() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let (give, take) = std::sync::mpsc::channel::<std::sync::Arc<Future<String>>>();
        let future = std::sync::Arc::new(pool.submit(gate.then(move || {
            let own = take.recv().unwrap();
            let mut queue = as_completed([]);
            queue.push(own);
            panic_of(|| queue.next())
        })));
        give.send(std::sync::Arc::clone(&future)).unwrap();
        gate.open();
        assert!(!future.result().unwrap().is_empty());
        eventually(|| future.done());
        assert!(!matches!(future.result(), Err(TaskError::Panicked(_))));
    });
}
