//! Futures in the order in which they end.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::repeat_n;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Future, Shutdown, Task, as_completed, task};

use crate::support::{Drops, Gate, LONG, Tally, held_pool, limit, pool, words};
use crate::told::{assert_it_counts_from_the_call, heard, heard_and_held};

fn three() -> ([Task; 3], [Future<u8>; 3]) {
    let [(t1, f1), (t2, f2), (t3, f3)] = [1, 2, 3].map(|n| task(move || n));
    ([t1, t2, t3], [f1, f2, f3])
}

fn value(future: &Future<u8>) -> u8 {
    *future.result().unwrap()
}

#[test]
fn each_future_is_handed_over_once_whatever_it_came_to() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let futures = [
        pool.submit(|| 1),
        pool.submit(|| panic!("boom")),
        pool.submit(|| 3),
        pool.submit(|| 4),
        pool.submit(|| panic!("bang")),
    ];
    assert!(futures[3].cancel());
    let mut ended = as_completed(&futures);
    gate.open();
    let mut told = Vec::new();
    for left in (0..5).rev() {
        told.push(words(ended.next().unwrap().result()));
        assert_eq!((ended.len(), ended.size_hint()), (left, (left, Some(left))));
    }
    assert!(ended.next().is_none() && ended.next().is_none());
    let panics = ["task panicked: boom", "task panicked: bang"];
    assert_eq!(told, ["task cancelled by the caller", "1", panics[0], "3", panics[1]]);
}

#[test]
fn ten_thousand_futures_of_several_pools_and_producers_all_come() {
    let _limit = limit();
    let (pools, runs) = ([pool(2), pool(3)], Tally::default());
    let submit = |producer: usize| {
        let submit = |n: usize| {
            let runs = runs.clone();
            pools[n % 2].submit(move || {
                runs.add();
                n
            })
        };
        (0..2_500).map(|n| submit(4 * n + producer)).collect::<Vec<_>>()
    };
    let futures = thread::scope(|threads| {
        let submit = &submit;
        let producing = [0, 1, 2, 3].map(|producer| threads.spawn(move || submit(producer)));
        producing.map(|thread| thread.join().unwrap())
    });
    let ended = as_completed(futures.into_iter().flatten());
    let seen: BTreeSet<_> = ended.map(|future| future.into_result().unwrap()).collect();
    assert!(seen.into_iter().eq(0..10_000));
    assert_eq!(runs.count(), 10_000);
}

#[test]
fn each_future_comes_as_soon_as_it_ends() {
    let _limit = limit();
    let (pool, log) = heard(3);
    let gates = [(); 3].map(|()| Gate::closed());
    let futures = [1, 2, 3].map(|n: u8| pool.submit(gates[usize::from(n) - 1].then(move || n)));
    let mut ended = as_completed(&futures);
    for n in [3, 1, 2] {
        thread::scope(|threads| {
            let next = threads.spawn(|| value(ended.next().unwrap()));
            log.wait_for_asleep(1);
            gates[usize::from(n) - 1].open();
            assert_eq!(next.join().unwrap(), n);
        });
    }
    assert!(ended.next().is_none());
}

/// Those that had ended before the call come first, in whatever order they have ended.
#[test]
fn futures_come_in_the_order_given_and_then_in_the_order_in_which_they_end() {
    let _limit = limit();
    let (tasks, futures): (Vec<_>, Vec<_>) = (0..6).map(|n| task(move || n)).unzip();
    let [t0, t1, t2, t3, t4, t5]: [Task; 6] = tasks.try_into().unwrap();
    [t5, t3, t1].into_iter().for_each(Task::run);
    let ended = as_completed(&futures);
    [t4, t0, t2].into_iter().for_each(Task::run);
    assert!(ended.map(value).eq([1, 3, 5, 4, 0, 2]));
}

#[test]
fn futures_may_come_from_any_iterator_owned_borrowed_boxed_or_shared() {
    let _limit = limit();
    let finished = || {
        let ([t1, t2, t3], futures) = three();
        [t1, t2, t3].into_iter().for_each(Task::run);
        futures
    };
    assert_eq!(as_completed(finished()).count(), 3);
    assert_eq!(as_completed(&finished()).count(), 3);
    assert_eq!(as_completed(finished().map(Box::new)).count(), 3);
    assert_eq!(as_completed(finished().map(Rc::new)).count(), 3);
    assert_eq!(as_completed(finished().map(Arc::new)).count(), 3);
    let deep = finished().map(|future| Rc::new((7, Box::new(future))));
    assert_eq!(as_completed(deep).count(), 3);
    assert_eq!(as_completed(finished().into_iter().next()).count(), 1);
    let by_key: BTreeMap<_, _> = (1..).zip(finished()).collect();
    assert!(as_completed(&by_key).all(|(key, future)| value(future) == *key));
    assert!(as_completed(by_key).all(|(key, future)| value(&future) == key));
}

/// Other than in Python, as each may have a key of its own.
#[test]
fn a_future_that_is_given_several_times_is_handed_over_as_often() {
    let _limit = limit();
    let (task, future) = task(|| 7);
    let ended = as_completed(["done", "done", "or"].into_iter().zip(repeat_n(&future, 3)));
    assert_eq!(ended.len(), 3);
    task.run();
    assert!(ended.map(|(key, _)| key).eq(["done", "done", "or"]));
}

#[test]
fn an_iterator_over_no_futures_ends_at_once() {
    let _limit = limit();
    assert!(as_completed::<Future<u8>>([]).next().is_none());
    assert!(as_completed::<Future<u8>>([]).timeout(LONG).next().is_none());
}

#[test]
fn an_iterator_without_time_hands_over_the_ended_futures_and_counts_the_rest() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let ([t1, _t2, _t3], [f1, f2, f3]) = three();
    t1.run();
    f2.cancel();
    let pending = pool.submit(|| 4);
    let mut ended = as_completed([&pending, &f1, &f2, &f3]).timeout(Duration::ZERO);
    assert_eq!(value(ended.next().unwrap().unwrap()), 1);
    assert!(ended.next().unwrap().unwrap().cancelled());
    let timed_out = ended.next().unwrap().unwrap_err();
    assert_eq!(
        (timed_out.unfinished(), timed_out.to_string()),
        (2, "2 (of 4) futures unfinished".into())
    );
    assert!(ended.next().is_none() && ended.next().is_none());
    gate.open();
    // The wait has timed out, and not the future.
    assert_eq!(pending.result().unwrap(), &4);
}

/// Whoever asks when the time has passed does not sleep.
#[test]
fn the_time_of_an_iterator_counts_from_the_call_and_is_never_up_early() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    let pending = pool.submit(|| 7);
    for nanos in [1, 999_999, 1_000_001, 20_000_000] {
        let timeout = Duration::from_nanos(nanos);
        let began = Instant::now();
        assert!(as_completed([&pending]).timeout(timeout).next().unwrap().is_err());
        assert!(began.elapsed() >= timeout);
    }
    assert_it_counts_from_the_call(
        &log,
        || as_completed([&pending]),
        |ended, time| ended.timeout(time).next().unwrap().is_err(),
    );
    gate.open();
}

#[test]
fn the_futures_that_a_dropped_iterator_leaves_work_as_ever() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let futures: Vec<_> = (0..10_u8).map(|n| pool.submit(move || n)).collect();
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
}

#[test]
fn a_result_that_was_handed_over_is_freed_as_soon_as_its_reader_lets_go() {
    let _limit = limit();
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
}

/// A task runs though its handle is dropped, and so it does here.
#[test]
fn an_iterator_that_is_dropped_cancels_nothing() {
    let _limit = limit();
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
}

#[test]
fn the_debug_text_of_an_iterator_says_how_far_it_is() {
    let _limit = limit();
    let ([t1, ..], futures) = three();
    t1.run();
    let mut ended = as_completed(&futures);
    let _first = ended.next();
    assert_eq!(format!("{ended:?}"), "AsCompleted { left: 2, of: 3 }");
}

#[test]
fn an_iterator_may_grow_while_it_is_iterated() {
    let _limit = limit();
    let pool = pool(3);
    let mut jobs = 3..1000_u64;
    let submit = |n| pool.submit(move || n);
    let mut ended = as_completed((0..3).map(submit));
    let mut all = Vec::new();
    while let Some(future) = ended.next() {
        ended.extend(jobs.next().map(submit));
        assert_eq!(ended.len(), 3.min(1000 - all.len() - 1));
        all.push(future.into_result().unwrap());
    }
    all.sort_unstable();
    assert!(all.into_iter().eq(0..1000));
}

#[test]
fn an_iterator_may_grow_when_it_has_come_to_its_end() {
    let _limit = limit();
    let ([first, second, third], [f1, f2, f3]) = three();
    let mut ended = as_completed([]);
    assert!(ended.next().is_none());
    ended.push(&f1);
    first.run();
    assert!(std::ptr::eq(ended.next().unwrap(), &raw const f1));
    assert!(ended.next().is_none());
    ended.extend([&f2, &f3]);
    third.run();
    second.run();
    let order: Vec<u8> = ended.map(|future| *future.result().unwrap()).collect();
    assert_eq!(order, [3, 2]);
}

/// Or else whoever goes on adding such would never come to the others.
#[test]
fn a_future_that_had_ended_when_it_was_added_comes_behind_those_whose_ends_are_known() {
    let _limit = limit();
    let ([first, second, third], [f1, f2, f3]) = three();
    let mut ended = as_completed([&f1, &f2]);
    second.run();
    third.run();
    ended.push(&f3);
    first.run();
    let order: Vec<u8> = ended.map(|future| *future.result().unwrap()).collect();
    assert_eq!(order, [2, 3, 1]);
}

#[test]
fn the_next_future_can_be_asked_for_with_a_timeout_again_and_again() {
    let _limit = limit();
    let ([first, second, third], [f1, f2, f3]) = three();
    let mut ended = as_completed([f1, f2]);
    let timeout = Duration::from_millis(5);
    for _ in 0..3 {
        let asked = Instant::now();
        let late = ended.next_timeout(timeout).unwrap_err();
        assert_eq!(late.to_string(), "2 (of 2) futures unfinished");
        assert!(asked.elapsed() >= timeout);
    }
    second.run();
    assert_eq!(ended.next_timeout(Duration::ZERO).unwrap().unwrap().into_result().unwrap(), 2);
    ended.push(f3);
    let late = ended.next_timeout(Duration::ZERO).unwrap_err();
    assert_eq!(late.to_string(), "2 (of 3) futures unfinished");
    first.run();
    third.run();
    for n in [1, 3] {
        let next = ended.next_timeout(Duration::MAX).unwrap().unwrap();
        assert_eq!(next.into_result().unwrap(), n);
    }
    assert!(ended.next_timeout(Duration::MAX).unwrap().is_none());
}

#[test]
fn an_iterator_with_a_timeout_may_grow_and_gives_back_what_is_left() {
    let _limit = limit();
    let ([first, second, third], [f1, f2, f3]) = three();
    let mut ended = as_completed([f1]).timeout(LONG);
    first.run();
    assert_eq!(ended.next().unwrap().unwrap().into_result().unwrap(), 1);
    assert!(ended.next().is_none());
    ended.push(f2);
    second.run();
    assert_eq!(ended.next().unwrap().unwrap().into_result().unwrap(), 2);
    assert!(ended.into_inner().next().is_none());

    let mut late = as_completed([f3]).timeout(Duration::ZERO);
    assert!(late.next().unwrap().is_err() && late.next().is_none());
    let [f3] = <[_; 1]>::try_from(late.into_inner().into_rest()).unwrap();
    third.run();
    assert_eq!(f3.into_result().unwrap(), 3);
}

/// One that is put in several times comes out as often.
#[test]
fn a_stream_gives_back_the_futures_that_were_put_in() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let futures = [1, 2, 3].map(|n| pool.submit(move || n));
    let mut stream = as_completed([&futures[0]]);
    stream.push(&futures[1]);
    stream.extend([&futures[2], &futures[0]]);
    gate.open();
    for place in [0, 0, 1, 2] {
        let taken = stream.next().unwrap();
        assert!(std::ptr::eq(taken, &raw const futures[place]) && taken.done());
    }
    assert!(stream.next().is_none());
}

/// A hundred are in flight, and a seed says which of them ends next.
#[test]
fn keys_stay_with_their_futures_in_whatever_order_they_end() {
    let _limit = limit();
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
}

#[test]
fn no_end_is_lost_when_putting_in_races_it() {
    let _limit = limit();
    let (pool, mut queue) = (pool(2), as_completed([]));
    for round in 0..3_000 {
        queue.push(pool.submit(move || round));
        if round % 2 == 0 {
            assert_eq!(queue.next().unwrap().into_result().unwrap(), round);
        } else {
            assert_eq!(queue.next_timeout(LONG).unwrap().unwrap().into_result().unwrap(), round);
        }
    }
    assert!(queue.next().is_none());
}
