//! A stream of ends that grows while it is read: a completion queue, or a join set. How it grows is
//! in `as_completed.rs`; here are its counts, its keys, and the races.

use std::collections::BTreeSet;

use glasspool::{AsCompleted, Future, as_completed, task};

use crate::support::{LONG, held_pool, limit, pool};

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

#[test]
fn a_stream_counts_right_though_putting_and_taking_alternate() {
    let _limit = limit();
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
}

/// One that is put in when it has ended comes behind those that had ended before.
#[test]
fn a_future_that_has_ended_is_not_overtaken() {
    let _limit = limit();
    let (first, one) = task(|| 1);
    let (second, two) = task(|| 2);
    let mut queue = as_completed([one, two]);
    second.run();
    queue.push(ended(3));
    first.run();
    queue.push(ended(4));
    assert!(queue.map(value).eq([2, 3, 1, 4]));
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
}
