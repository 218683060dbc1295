//! One function, items without end: so many in flight, and no more.

use std::cell::RefCell;
use std::iter;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Executor, Inline, Refused, Shutdown, Task, TaskError, ThreadPoolExecutor};

use crate::support::{
    Drops, Gate, PanicsWhenDropped, Tally, broken_pool, eventually, held_pool, let_others_block,
    panic_of, pool, within, words,
};

/// Numbers without end, and how many have been taken.
fn numbers() -> (impl Iterator<Item = usize> + Send + 'static, Tally) {
    let taken = Tally::default();
    let count = taken.clone();
    ((0..).inspect(move |_| count.add()), taken)
}

/// MAP-01, MAP-08: whatever the buffer, the results are the same and in the order of the items.
#[test]
fn results_come_in_the_order_of_the_items() {
    within(|| {
        let pool = pool(3);
        for buffer_size in [1, 2, 7, 20, 40, usize::MAX] {
            let results = pool.map_buffered(0..20, buffer_size, |n| n * 10);
            assert!(results.map(Result::unwrap).eq((0..20).map(|n| n * 10)), "{buffer_size}");
        }
    });
}

#[test]
fn items_without_end_are_read_as_far_as_somebody_asks() {
    within(|| {
        let (pool, (items, taken)) = (pool(2), numbers());
        let mut results = pool.map_buffered(items, 10, |n| n);
        assert!(results.by_ref().take(1000).map(Result::unwrap).eq(0..1000));
        assert_eq!(taken.count(), 1010);
    });
}

/// cpython#131466: there is never one more, not even for a moment; and none less while the reader
/// works.
#[test]
fn exactly_so_many_are_in_flight() {
    within(|| {
        for buffer_size in [1, 2, 5] {
            let (pool, (items, taken)) = (pool(2), numbers());
            let handed_over = Tally::default();
            let seen = handed_over.clone();
            // Before an item is taken, as many results have been given away as make room for it.
            let items = items.inspect(move |&n| assert!(n < buffer_size + seen.count() + 1));
            let mut results = pool.map_buffered(items, buffer_size, |n| n);
            for n in 0..50 {
                assert_eq!(taken.count(), n + buffer_size);
                assert!(
                    results.to_string().contains(&format!(" {buffer_size} futures in flight")),
                    "{results}"
                );
                assert_eq!(results.next().unwrap().unwrap(), n);
                handed_over.add();
            }
        }
    });
}

/// So the reader and the workers work at the same time, even with a buffer of one.
#[test]
fn the_next_item_runs_while_the_reader_works_on_a_result() {
    within(|| {
        let (pool, (items, _)) = (pool(1), numbers());
        let (tell, told) = mpsc::channel();
        let mut results = pool.map_buffered(items, 1, move |n| tell.send(n).unwrap());
        results.next().unwrap().unwrap();
        assert_eq!([told.recv().unwrap(), told.recv().unwrap()], [0, 1]);
    });
}

#[test]
fn an_item_that_fails_is_an_error_in_its_place() {
    within(|| {
        let pool = pool(2);
        let mut results = pool.map_buffered(0..5, 2, |n| 60 / (n - 2));
        let all: Vec<_> = results.by_ref().map(words).collect();
        assert_eq!(all, ["-30", "-60", "task panicked: attempt to divide by zero", "60", "30"]);
        assert!(iter::repeat_with(|| results.next()).take(3).all(|end| end.is_none()));
    });
}

#[test]
fn without_room_for_a_single_item_or_on_a_closed_pool_no_item_is_touched() {
    within(|| {
        let (items, taken) = numbers();
        let message = "a buffered map has no buffer for a single item";
        assert_eq!(panic_of(|| pool(1).map_buffered(items, 0, |n| n)), message);

        let (items, closed) = (iter::repeat_with(|| taken.add()), pool(1));
        closed.close(Shutdown::Drain);
        let message = "cannot submit: the executor was shut down";
        assert_eq!(panic_of(|| closed.map_buffered(items, 1, |()| ())), message);
        let broken =
            panic_of(|| broken_pool().map_buffered(iter::repeat_with(|| taken.add()), 1, |()| ()));
        assert!(broken.starts_with("cannot submit: the pool is broken"), "{broken}");
        assert_eq!(taken.count(), 0);
    });
}

#[test]
fn of_no_items_there_is_nothing_to_come() {
    within(|| {
        let (pool, _gate) = held_pool();
        let mut results = pool.map_buffered(iter::empty(), 3, |n: u8| n);
        assert!(results.next().is_none() && results.next().is_none());
        assert_eq!(results.size_hint(), (0, Some(0)));
    });
}

/// cpython#146392: what is in flight is handed over, and that there was more is not kept quiet.
#[test]
fn a_pool_that_is_closed_meanwhile_cuts_nothing_off_silently() {
    within(|| {
        let (pool, (items, taken)) = (pool(2), numbers());
        let mut results = pool.map_buffered(items, 3, |n| n);
        assert_eq!(results.next().unwrap().unwrap(), 0);
        pool.shutdown(Shutdown::Drain).unwrap();
        let rest: Vec<_> = results.by_ref().map(words).collect();
        assert_eq!(rest, ["1", "2", "3", "task cancelled by the shutdown of its pool"]);
        assert_eq!(taken.count(), 5);
        assert!(results.next().is_none());

        // If there was no more, nothing was cut off.
        let pool = ThreadPoolExecutor::new(2).unwrap();
        let results = pool.map_buffered(0..3, 3, |n| n);
        pool.shutdown(Shutdown::Drain).unwrap();
        assert!(results.map(Result::unwrap).eq(0..3));
    });
}

#[test]
fn a_pool_that_cancels_what_is_pending_cancels_what_is_in_flight() {
    within(|| {
        let (pool, gate) = held_pool();
        let mut results = pool.map_buffered(0.., 3, |n: i32| n);
        pool.close(Shutdown::CancelPending);
        let rest: Vec<_> = results.by_ref().map(words).collect();
        assert_eq!(rest, ["task cancelled by the shutdown of its pool"; 4]);
        gate.open();
    });
}

#[test]
fn a_pool_that_breaks_meanwhile_says_so_in_the_place_of_the_item() {
    within(|| {
        let fails = Arc::new(AtomicBool::new(false));
        let init = {
            let fails = Arc::clone(&fails);
            move || assert!(!fails.load(SeqCst), "no more licences")
        };
        let pool = ThreadPoolExecutor::builder().max_workers(2).initializer(init).build().unwrap();
        let gate = Gate::closed();
        let way = gate.way();
        let mut results = pool.map_buffered(0.., 1, move |n| {
            way.pass();
            n
        });
        gate.wait_for(1);
        fails.store(true, SeqCst);
        assert!(pool.submit(|| ()).result().is_err()); // needs a second worker
        gate.open();
        assert_eq!(results.next().unwrap().unwrap(), 0);
        let last = words(results.next().unwrap());
        assert!(last.starts_with("task cancelled because the pool is broken"), "{last}");
        assert!(results.next().is_none());
    });
}

/// After all the results before it, as in a loop.
#[test]
fn what_the_items_iterator_panics_with_comes_out_in_its_turn() {
    within(|| {
        let pool = pool(2);
        for (good, buffer_size) in [(0, 2), (1, 2), (2, 2), (5, 2), (5, 100)] {
            let items = (0..).inspect(move |&n| assert!(n < good, "no more items"));
            let mut results = pool.map_buffered(items, buffer_size, |n| n);
            assert!(results.by_ref().take(good).map(Result::unwrap).eq(0..good));
            assert_eq!(panic_of(|| results.next()), "no more items");
            assert!(results.next().is_none() && results.next().is_none());
        }
    });
}

/// As what it is asked for may panic, so may what it gives to.
#[test]
fn what_an_executor_of_ones_own_panics_with_comes_when_all_in_flight_has_come() {
    struct Gives(usize, Tally);
    impl Executor for Gives {
        fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
            assert!(self.1.count() < self.0, "no more tasks");
            self.1.add();
            Inline.execute(task)
        }
    }
    within(|| {
        for (takes, buffer_size) in [(0, 1), (2, 1), (3, 2)] {
            let gives = Gives(takes, Tally::default());
            let executor: &dyn Executor = &gives;
            let mut results = executor.map_buffered(0.., buffer_size, |n| n);
            assert!(results.by_ref().take(takes).map(Result::unwrap).eq(0..takes));
            let last = words(results.next().unwrap());
            assert_eq!(last, "task cancelled because its executor dropped it");
            assert_eq!(panic_of(|| results.next()), "no more tasks");
            assert!(results.next().is_none());
        }
    });
}

/// cpython#136578, MAP-06: whether or not anybody has asked for the first.
#[test]
fn dropping_it_cancels_what_has_not_begun() {
    within(|| {
        for read in [0, 1] {
            let (pool, gate) = (pool(1), Gate::closed());
            let (calls, drops) = (Tally::default(), Drops::default());
            let (way, count, make) = (gate.way(), calls.clone(), drops.clone());
            let items = iter::repeat_with(move || make.one()).enumerate();
            let mut results = pool.map_buffered(items, 4, move |(n, _item)| {
                count.add();
                if n == read {
                    way.pass();
                }
            });
            assert_eq!(results.by_ref().take(read).count(), read);
            gate.wait_for(1);
            drop(results);
            assert_eq!(drops.count(), read + 3);
            gate.open();
            drop(pool);
            assert_eq!((calls.count(), drops.count()), (read + 1, read + 4));
        }
    });
}

#[test]
fn when_the_time_is_up_what_has_not_begun_is_cancelled() {
    within(|| {
        let (pool, gate, calls) = (pool(1), Gate::closed(), Tally::default());
        let (way, count) = (gate.way(), calls.clone());
        let called = Instant::now();
        let timeout = Duration::from_millis(20);
        let results = pool.map_buffered(0.., 3, move |n| {
            count.add();
            if n == 1 {
                way.pass();
            }
        });
        let mut results = results.timeout(timeout);
        gate.wait_for(1);
        assert!(results.next().unwrap().unwrap().is_ok()); // it was there in time
        assert_eq!(results.next().unwrap().unwrap_err().to_string(), "3 (of 4) futures unfinished");
        assert!(called.elapsed() >= timeout);
        assert!(results.next().is_none());
        gate.open();
        drop(pool);
        assert_eq!(calls.count(), 2);
    });
}

/// The item that finds no room counts as in flight: it has been taken.
#[test]
fn on_a_bounded_queue_it_waits_for_room_but_no_result_does() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build().unwrap();
        let gate = Gate::closed();
        let way = gate.way();
        let (items, taken) = numbers();
        let mut results = pool.map_buffered(items, 2, move |n| {
            if n == 1 {
                way.pass();
            }
            n
        });
        gate.wait_for(1); // the first is done, the second runs, and there is room for one
        let other = pool.submit(|| "the one");
        assert_eq!(results.next().unwrap().unwrap(), 0);
        assert_eq!(taken.count(), 3);
        thread::scope(|scope| {
            scope.spawn(|| {
                let_others_block();
                gate.open();
            });
            assert!(results.by_ref().take(10).map(Result::unwrap).eq(1..11));
        });
        assert_eq!(other.into_result().unwrap(), "the one");
    });
}

#[test]
fn the_only_item_in_flight_may_have_to_wait_for_room() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build().unwrap();
        let mut results = pool.map_buffered(0.., 1, |n| n);
        eventually(|| results.to_string().ends_with(": 1 finished>"));
        let gate = Gate::closed();
        let held = pool.submit(gate.then(|| ()));
        gate.wait_for(1);
        let other = pool.submit(|| ());
        assert_eq!(results.next().unwrap().unwrap(), 0);
        thread::scope(|scope| {
            scope.spawn(|| {
                let_others_block();
                gate.open();
            });
            assert_eq!(results.next().unwrap().unwrap(), 1);
        });
        assert!(held.into_result().is_ok() && other.into_result().is_ok());
    });
}

/// While the item that has found no room waits for it.
#[test]
fn a_bounded_queue_without_room_does_not_outlast_the_time() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build().unwrap();
        let gate = Gate::closed();
        let way = gate.way();
        let results = pool.map_buffered(0.., 2, move |n| {
            if n == 1 {
                way.pass();
            }
            n
        });
        let mut results = results.timeout(Duration::from_millis(20));
        gate.wait_for(1);
        let other = pool.submit(|| ());
        assert_eq!(results.next().unwrap().unwrap().unwrap(), 0);
        assert_eq!(results.next().unwrap().unwrap_err().to_string(), "2 (of 3) futures unfinished");
        assert_eq!(pool.stats().queued, 1); // the other: what of the map has found no room will not come
        gate.open();
        assert!(other.into_result().is_ok());
    });
}

#[test]
fn a_task_may_map_on_its_own_full_pool() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(2).queue_capacity(1).build().unwrap();
        let (submitter, gate) = (pool.submitter(), Gate::closed());
        let sum = pool.submit(move || {
            submitter.map_buffered(0..100, 3, |n| n).map(Result::unwrap).sum::<u32>()
        });
        assert_eq!(sum.into_result().unwrap(), 4950);
        gate.open();
    });
}

#[test]
fn the_items_stay_with_the_reader_who_may_borrow_them() {
    within(|| {
        let pool = pool(2);
        let left = Rc::new(RefCell::new(vec![3, 2, 1]));
        let stack = Rc::clone(&left);
        let results = pool.map_buffered(iter::from_fn(|| stack.borrow_mut().pop()), 2, |n| n * 10);
        assert_eq!(results.map(Result::unwrap).collect::<Vec<_>>(), [10, 20, 30]);
        assert!(left.borrow().is_empty());
    });
}

#[test]
fn the_function_is_dropped_with_the_last_item_though_the_map_is_kept() {
    within(|| {
        let (pool, drops) = (pool(2), Drops::default());
        let captured = drops.one();
        let mut results = pool.map_buffered(0..3, 2, move |_| {
            let _captured = &captured;
        });
        assert_eq!(results.by_ref().flatten().count(), 3);
        eventually(|| drops.count() == 1);
        assert!(results.next().is_none());
    });
}

#[test]
fn a_drop_that_panics_keeps_nothing_else_from_being_dropped() {
    within(|| {
        let (pool, drops) = (pool(1), Drops::default());
        let make = drops.clone();
        let results =
            pool.map_buffered(0..5, 5, move |n| (make.one(), (n == 2).then(|| PanicsWhenDropped)));
        pool.shutdown(Shutdown::Drain).unwrap();
        drop(results);
        assert_eq!(drops.count(), 5);
    });
}

#[test]
fn every_executor_has_it() {
    within(|| {
        let (pool, executor) = (pool(1), &Inline as &dyn Executor);
        let first = |mut results: glasspool::BufferedMap<_, i32>| results.next().unwrap().unwrap();
        assert_eq!(first(pool.map_buffered(1.., 2, |n| n)), 1);
        assert_eq!(first(pool.submitter().map_buffered(1.., 2, |n| n)), 1);
        assert_eq!(pool.named("n").map_buffered(1.., 2, |n| n).next().unwrap().unwrap(), 1);
        assert_eq!(executor.map_buffered(1.., 2, |n| n).next().unwrap().unwrap(), 1);
        assert_eq!(executor.named("n").map_buffered(1.., 2, |n| n).nth(1).unwrap().unwrap(), 2);
        let words = [String::from("to"), String::from("be")];
        let initials = glasspool::scope(2, |s| {
            s.map_buffered(&words, 1, |word| &word[..1]).map(Result::unwrap).collect::<Vec<_>>()
        });
        assert_eq!(initials.unwrap(), ["t", "b"]);
    });
}

/// In order, each is a wait for one that runs here; as they come, so are all that are left.
#[test]
fn a_map_that_is_read_by_its_own_function_is_told_so() {
    within(|| {
        for unordered in [false, true] {
            let pool = pool(1);
            let (give, take) = mpsc::channel::<glasspool::BufferedMap<_, ()>>();
            let (tell, told) = mpsc::channel();
            let take = Mutex::new(take);
            let results = pool.map_buffered(iter::once(()), 2, move |()| {
                let mut myself = take.lock().unwrap().recv().unwrap();
                tell.send(myself.next().unwrap()).unwrap();
            });
            give.send(if unordered { results.unordered() } else { results }).unwrap();
            assert!(matches!(told.recv().unwrap(), Err(TaskError::Deadlock(_))));
        }
    });
}

#[test]
fn display_and_debug_say_how_far_it_is() {
    within(|| {
        let executor: &dyn Executor = &Inline;
        let mut results = executor.map_buffered(0..5, 2, |n| n);
        let place = format!("{}:{}", file!(), line!() - 1);
        let _first = results.next();
        assert_eq!(results.to_string(), "<BufferedMap 2 futures in flight: 2 finished>");
        let counts = "finished: 2, running: 0, pending: 0, cancelled: 0, handed_over: 1";
        let debug = format!("{results:?}");
        assert!(
            debug.starts_with(&format!("BufferedMap {{ {counts}, submitted_at: {place}:")),
            "{debug}"
        );
        assert_eq!(results.size_hint(), (2, Some(4)));
    });
}
