//! ASC: futures as they complete.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::iter::repeat_n;
use std::time::{Duration, Instant};

use glasspool::{Future, Shutdown, as_completed, task};

use crate::common::counts_from_the_call;
use crate::support::{
    Drops, Gate, LONG, Tally, eventually, held_pool, let_others_block, pool, within, words,
};

fn value(future: &Future<u32>) -> u32 {
    *future.result().unwrap()
}

#[test]
fn asc_01_each_is_handed_over_once_and_then_it_ends() {
    const TASKS: u32 = 1000;
    within(|| {
        let pool = pool(3);
        let futures: Vec<_> = (0..TASKS).map(|n| pool.submit(move || n)).collect();
        let mut ended = as_completed(futures);
        let mut values = BTreeSet::new();
        for left in (0..TASKS as usize).rev() {
            assert!(values.insert(ended.next().unwrap().into_result().unwrap()));
            assert_eq!((ended.len(), ended.size_hint()), (left, (left, Some(left))));
        }
        assert!(values.into_iter().eq(0..TASKS));
        assert!(ended.next().is_none() && ended.next().is_none());
    });
}

#[test]
fn asc_01_whatever_they_come_to() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures = [
            pool.submit(|| 1),
            pool.submit(|| panic!("boom")),
            pool.submit(|| 3),
            pool.submit(|| 4),
        ];
        futures[2].cancel();
        let mut ended = as_completed(&futures);
        gate.open();
        let told = [(); 4].map(|()| words(ended.next().unwrap().result()));
        assert_eq!(told, ["task cancelled by the caller", "1", "task panicked: boom", "4"]);
        assert!(ended.next().is_none());
    });
}

#[test]
fn asc_02_they_come_in_the_order_in_which_they_end() {
    within(|| {
        let pool = pool(3);
        let gates = [(); 3].map(|()| Gate::closed());
        let futures = [0_u32, 1, 2].map(|n| pool.submit(gates[n as usize].then(move || n + 1)));
        let mut ended = as_completed(&futures);
        for n in [2, 0, 1] {
            gates[n].open();
            eventually(|| futures[n].done());
        }
        assert!(ended.by_ref().map(value).eq([3, 1, 2]));
        assert!(ended.next().is_none());
    });
}

#[test]
fn asc_02_each_as_soon_as_it_has_ended() {
    within(|| {
        let pool = pool(3);
        let gates = [(); 3].map(|()| Gate::closed());
        let futures = [0_u32, 1, 2].map(|n| pool.submit(gates[n as usize].then(move || n + 1)));
        let mut ended = as_completed(&futures);
        for (n, expected) in [(2, 3), (0, 1), (1, 2)] {
            std::thread::scope(|threads| {
                let next = threads.spawn(|| value(ended.next().unwrap()));
                let_others_block();
                gates[n].open();
                assert_eq!(next.join().unwrap(), expected);
            });
        }
    });
}

/// In whatever order they did.
#[test]
fn asc_02_those_that_had_ended_before_come_first_in_the_order_given() {
    within(|| {
        let (pool, gate) = held_pool();
        let (mut tasks, mut futures): (VecDeque<_>, VecDeque<_>) =
            (0..5_u32).map(|n| task(move || n)).unzip();
        futures.push_front(pool.submit(|| 7));
        while let Some(last) = tasks.pop_back() {
            last.run();
        }
        let mut ended = as_completed(&futures);
        assert!(ended.by_ref().take(5).map(value).eq(0..5));
        gate.open();
        assert!(ended.map(value).eq([7]));
    });
}

/// Other than in Python, as each may have a key of its own.
#[test]
fn asc_03_one_that_is_given_several_times_is_handed_over_as_often() {
    within(|| {
        let (pool, gate) = held_pool();
        let future = pool.submit(|| 7);
        let mut ended = as_completed(repeat_n(&future, 3));
        assert_eq!(ended.len(), 3);
        gate.open();
        assert!(ended.by_ref().map(value).eq([7; 3]));
        assert!(ended.next().is_none());
        let keyed = as_completed(["a", "b"].into_iter().zip(repeat_n(&future, 2)));
        assert_eq!(keyed.map(|(key, _)| key).collect::<String>(), "ab");
    });
}

#[test]
fn asc_03_they_may_come_from_wherever_one_can_iterate() {
    within(|| {
        let pool = pool(2);
        let submit = |n| pool.submit(move || n);
        assert_eq!(
            as_completed([1, 2, 3].map(submit)).map(|future| value(&future)).sum::<u32>(),
            6
        );
        assert_eq!(as_completed((1..=3).map(submit)).map(|future| value(&future)).sum::<u32>(), 6);
        assert_eq!(as_completed(Some(submit(6))).map(|future| value(&future)).sum::<u32>(), 6);
        let by_key: BTreeMap<_, _> = (1..=3).map(|n| (n, submit(n))).collect();
        assert!(as_completed(&by_key).all(|(key, future)| value(future) == *key));
        assert!(as_completed(by_key).all(|(key, future)| value(&future) == key));
    });
}

#[test]
fn asc_04_with_no_time_at_all_what_has_ended_comes_and_then_the_time_is_up() {
    within(|| {
        let (pool, gate) = held_pool();
        let (run, done) = task(|| 1_u32);
        run.run();
        let (pending, cancelled) = (pool.submit(|| 2), pool.submit(|| 3));
        cancelled.cancel();
        let mut ended = as_completed([&pending, &done, &cancelled]).timeout(Duration::ZERO);
        assert_eq!(value(ended.next().unwrap().unwrap()), 1);
        assert!(ended.next().unwrap().unwrap().cancelled());
        assert!(ended.next().unwrap().is_err());
        assert!(ended.next().is_none() && ended.next().is_none());
        gate.open();
        // What timed out was the wait; the future is as good as ever.
        assert_eq!(pending.result().unwrap(), &2);
    });
}

#[test]
fn asc_04_the_time_counts_from_the_call_and_is_never_up_early() {
    within(|| {
        let (pool, gate) = held_pool();
        let pending = pool.submit(|| 7);
        for nanos in [1, 999_999, 1_000_001, 3_000_000] {
            let timeout = Duration::from_nanos(nanos);
            let began = Instant::now();
            assert!(as_completed([&pending]).timeout(timeout).next().unwrap().is_err());
            assert!(began.elapsed() >= timeout);
        }
        counts_from_the_call(
            || as_completed([&pending]),
            |ended, time| ended.timeout(time).next().unwrap().is_err(),
        );
        gate.open();
    });
}

#[test]
fn asc_05_that_the_time_is_up_tells_how_many_of_how_many_are_left() {
    within(|| {
        let (pool, gate) = held_pool();
        let pending = [pool.submit(|| 1), pool.submit(|| 2)];
        let done = [(); 2].map(|()| {
            let (run, future) = task(|| 3);
            run.run();
            future
        });
        let all = pending.iter().chain(&done);
        let mut ended = as_completed(all).timeout(Duration::from_millis(1));
        assert_eq!(ended.by_ref().take(2).flatten().count(), 2);
        let timed_out = ended.next().unwrap().unwrap_err();
        assert_eq!(timed_out.to_string(), "2 (of 4) futures unfinished");
        assert_eq!(timed_out.unfinished(), 2);
        gate.open();
    });
}

#[test]
fn asc_08_nothing_at_all_ends_at_once() {
    within(|| {
        let mut ended = as_completed(Vec::<Future<u8>>::new());
        assert!(ended.next().is_none() && ended.next().is_none());
        assert!(
            as_completed([0_u8; 0].map(|n| pool(1).submit(move || n)))
                .timeout(LONG)
                .next()
                .is_none()
        );
    });
}

#[test]
fn asc_09_those_that_are_left_by_a_dropped_iterator_work_as_ever() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures: Vec<_> = (0..10_u32).map(|n| pool.submit(move || n)).collect();
        let calls = Tally::default();
        for future in &futures {
            let called = calls.clone();
            future.add_done_callback(move |_| called.add());
        }
        drop(as_completed(&futures));
        let mut ended = as_completed(&futures);
        let others = as_completed(&futures);
        gate.open();
        assert_eq!(ended.by_ref().take(3).count(), 3);
        drop(ended);
        assert!(others.map(value).eq(0..10));
        assert!(futures.iter().map(value).eq(0..10));
        assert_eq!(calls.count(), 10);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn asc_09_and_nothing_is_left_of_it() {
    use crate::support::{alone, kib_grown};
    alone(|| {
        let (_task, future) = task(|| 1);
        let (run, done) = task(|| 2);
        run.run();
        let grown = kib_grown(|| {
            let mut ended = as_completed([&future, &done]);
            assert!(ended.next().unwrap().done());
        });
        assert!(grown < 1000, "{grown} KiB");
    });
}

#[test]
fn asc_09_a_result_is_freed_as_soon_as_whoever_got_it_lets_go() {
    within(|| {
        let ((pool, gate), drops) = (held_pool(), Drops::default());
        let submit = |_| {
            let value = drops.one();
            pool.submit(move || value)
        };
        let mut ended = as_completed((0..10).map(submit));
        gate.open();
        for dropped in 1..=5 {
            drop(ended.next().unwrap().into_result());
            assert_eq!(drops.count(), dropped);
        }
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(drops.count(), 5);
        drop(ended);
        assert_eq!(drops.count(), 10);
    });
}

#[test]
fn asc_13_successes_and_failures_are_both_delivered() {
    within(|| {
        let pool = pool(2);
        let assortment = |_| {
            [
                pool.submit(|| 1),
                pool.submit(|| -> u8 { panic!("boom") }),
                pool.submit(|| -> u8 { panic!("bang") }),
            ]
        };
        let mut ended = as_completed((0..2).flat_map(assortment));
        let (failures, successes): (Vec<_>, Vec<_>) =
            ended.by_ref().map(Future::into_result).partition(Result::is_err);
        assert_eq!((successes.len(), failures.len()), (2, 4));
        assert!(ended.next().is_none());
    });
}

/// What it took by value it lets go of, and that lets a task run, as ever.
#[test]
fn asc_16_dropping_it_cancels_nothing() {
    within(|| {
        let ((pool, gate), runs) = (held_pool(), Tally::default());
        let submit = |_| {
            let ran = runs.clone();
            pool.submit(move || ran.add())
        };
        drop(as_completed((0..5).map(submit)));
        let mut half = as_completed((0..5).map(submit)).timeout(LONG);
        gate.open();
        assert!(half.next().unwrap().is_ok());
        drop(half);
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!((runs.count(), pool.stats().cancelled), (10, 0));
    });
}
