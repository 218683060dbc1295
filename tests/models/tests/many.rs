//! The races of those who wait for many, in every order within a bound on pre-emptions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use glasspool::{Shutdown, TaskError, ThreadPoolExecutor, as_completed, first_success, task};
use loom::thread;

/// As for a pool: see `pool.rs`.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(model);
}

/// Two, for models whose threads have much to do.
fn check_two(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(2));
    builder.check(model);
}

/// A stream that grows while its futures end hears of each exactly once, also of one that ends
/// while it is added.
#[test]
fn a_growing_stream_against_completion() {
    check(|| {
        let (first_task, first) = task(|| 1);
        let (second_task, second) = task(|| 2);
        let runner = thread::spawn(move || {
            second_task.run();
            first_task.run();
        });
        let mut ended = as_completed([first]);
        ended.push(second);
        let mut values: Vec<i32> = ended.map(|future| future.into_result().unwrap()).collect();
        values.sort_unstable();
        assert_eq!(values, [1, 2]);
        runner.join().unwrap();
    });
}

/// One is done and wins, the other starts meanwhile: it is cancelled and does not run, or it runs;
/// it is not done twice, and nobody waits.
#[test]
fn first_success_against_a_losers_start() {
    check(|| {
        let (winning, winner) = task(|| 1);
        let runs = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&runs);
        let (losing, loser) = task(move || {
            count.fetch_add(1, SeqCst);
            2
        });
        winning.run();
        let runner = thread::spawn(move || losing.run());
        assert_eq!(first_success([loser, winner], None, |n| *n == 1).unwrap(), 1);
        let had_run = runs.load(SeqCst);
        runner.join().unwrap();
        // Cancelled it cannot start any more; but it may have been about to end.
        assert!(runs.load(SeqCst) - had_run <= 1);
        assert_eq!(Arc::strong_count(&runs), 1);
    });
}

/// Both may win: the one whose end is known first does, and the search does not sleep through it.
#[test]
fn first_success_against_two_ends() {
    check(|| {
        let (one, first) = task(|| 1);
        let (two, second) = task(|| 2);
        let runners = [one, two].map(|task| thread::spawn(move || task.run()));
        assert!([1, 2].contains(&first_success([first, second], None, |_| true).unwrap()));
        runners.into_iter().for_each(|runner| runner.join().unwrap());
    });
}

/// An unordered map against a close that cancels: of each item its reader is told, whether it has
/// run or was cancelled.
#[test]
fn an_unordered_map_against_a_cancelling_close() {
    check(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let results = pool.map([1, 2], |n| n);
        let closer = thread::spawn(move || pool.shutdown(Shutdown::CancelPending).unwrap());
        for result in results.unordered() {
            assert!(matches!(result, Ok(1 | 2) | Err(TaskError::Cancelled(_))));
        }
        closer.join().unwrap();
    });
}

/// Its reader drops an unordered map while the items end: no harm to either, and the pool closes.
#[test]
fn an_unordered_map_against_its_drop() {
    check(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let mut results = pool.map([1, 2], |n| n).unordered();
        assert_eq!(results.next().unwrap().unwrap(), 1);
        drop(results);
    });
}

/// A map that reads ahead against a close: what it has taken comes, the last as an error if it was
/// refused; nothing is lost.
#[test]
fn a_buffered_map_against_closing() {
    check(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let mut results = pool.map_buffered(1..=3, 1, |n| n);
        let closer = thread::spawn(move || pool.shutdown(Shutdown::Drain).unwrap());
        for (expected, result) in (1..).zip(results.by_ref()) {
            match result {
                Ok(n) => assert_eq!(n, expected),
                Err(error) => assert!(matches!(error, TaskError::Cancelled(_)) && expected > 1),
            }
        }
        assert!(results.next().is_none());
        closer.join().unwrap();
    });
}

/// A map that reads ahead on a queue with room for one, and another that wants that room: both come
/// to their ends.
#[test]
fn a_buffered_map_against_another_for_room() {
    check_two(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build().unwrap();
        let submitter = pool.submitter();
        let other = thread::spawn(move || submitter.submit(|| 10).into_result().unwrap());
        let sum: i32 = pool.map_buffered([1, 2], 2, |n| n).map(Result::unwrap).sum();
        assert_eq!(sum + other.join().unwrap(), 13);
    });
}

/// A task that begins when another has been seen to be done comes after that in each stream, also
/// if one stream is told of the other before another stream is.
#[test]
fn an_end_that_is_seen_against_the_next() {
    check(|| {
        let [(one, first), (two, second)] = [1, 2].map(|n| task(move || n));
        let mut told_before = as_completed([&first]).timeout(Duration::ZERO);
        let mut ended = as_completed([&first, &second]);
        let runner = thread::spawn(move || one.run());
        let seen = told_before.next().is_some_and(|next| next.is_ok()) && first.done();
        two.run();
        let earliest = *ended.next().unwrap().result().unwrap();
        assert!(earliest == 1 || !seen);
        runner.join().unwrap();
    });
}
