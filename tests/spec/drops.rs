//! Everything is dropped once, and no later than one would expect.

use std::sync::Arc;
use std::thread;

use glasspool::{Executor, Task};

use crate::executors::Later;
use crate::support::{Drops, Gate, PanicsWhenDropped, eventually, held_pool, limit, pool};

/// Before the future is done, and before its callbacks run.
#[test]
fn the_captures_of_a_task_are_dropped_before_its_end_is_seen() {
    let _limit = limit();
    let (pool, drops) = (pool(2), Drops::default());
    for n in 1..=2000 {
        let (gate, seen) = (Gate::closed(), drops.clone());
        let future = pool.submit(drops.with(gate.then(|| ())));
        future.add_done_callback(move |_| assert_eq!(seen.count(), n));
        assert_eq!(drops.count(), n - 1);
        gate.open();
        if n % 2 == 0 {
            future.result().unwrap();
        } else {
            while !future.done() {
                thread::yield_now();
            }
        }
        assert_eq!(drops.count(), n);
    }
}

#[test]
fn a_task_runs_though_its_handle_is_dropped() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let drops = Drops::default();
    for _ in 0..100 {
        drop(pool.submit(drops.with(|| ())));
    }
    gate.open();
    eventually(|| drops.count() == 100);
    assert_eq!(pool.submit(|| 7).into_result().unwrap(), 7);
    assert_eq!((pool.stats().workers, pool.stats().cancelled), (1, 0));
}

#[test]
fn a_capture_that_tasks_share_lives_until_the_last_of_them_has_ended() {
    let _limit = limit();
    let (pool, gate) = (pool(4), Gate::closed());
    let shared = Arc::new(());
    let watch = Arc::downgrade(&shared);
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let shared = Arc::clone(&shared);
            pool.submit(move || _ = Arc::strong_count(&shared))
        })
        .collect();
    let last = pool.submit(gate.then(move || _ = Arc::strong_count(&shared)));
    assert!(tasks.into_iter().all(|future| future.into_result().is_ok()));
    assert_eq!(watch.strong_count(), 1);
    gate.open();
    last.result().unwrap();
    assert!(watch.upgrade().is_none());
}

/// For all anyone can see, the drop is the end of the task.
#[test]
fn a_capture_that_panics_when_it_is_dropped_is_a_panic_of_the_task() {
    let _limit = limit();
    let pool = pool(1);
    let captured = PanicsWhenDropped;
    let future = pool.submit(move || {
        let _captured = &captured;
        7
    });
    assert_eq!(future.result().unwrap_err().to_string(), "task panicked: the drop panics");
    assert_eq!(pool.submit(|| 8).into_result().unwrap(), 8);
}

/// A submitter may hold any lock, so nothing of the user's may be left for it to drop: not even of
/// a map that nobody reads, and of which something is still in a queue.
#[test]
fn the_unread_values_of_a_dropped_map_go_with_it_though_somebody_holds_its_tasks() {
    let _limit = limit();
    let (later, gate, drops) = (Later::default(), Gate::closed(), Drops::default());
    let (way, values) = (gate.way(), drops.clone());
    let executor: &dyn Executor = &later;
    let mut results = executor.map(0..4, move |n| {
        if n == 3 {
            way.pass();
        }
        values.one()
    });
    let [first, second, third]: [Task; 3] = later.tasks().try_into().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| first.run());
        gate.wait_for(1);
        drop(results.next().unwrap().unwrap());
        assert_eq!(drops.count(), 1);
        drop(results); // with two values unread, and one to come
        assert_eq!(drops.count(), 3);
        gate.open();
    });
    assert_eq!(drops.count(), 4);
    drop((second, third));
}
