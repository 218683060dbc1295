//! Buffered maps: exactly as many items are in flight as the buffer has places.

use std::collections::BTreeSet;
use std::iter::{self, FusedIterator};
use std::ops::RangeFrom;
use std::panic::panic_any;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{
    BufferedMap, Executor, Inline, Refusal, Refused, Shutdown, Task, TaskError, ThreadPoolExecutor,
    scope,
};

use crate::support::{
    Bomb, Drops, Gate, PanicsWhenDropped, Tally, alone, counted, eventually, gated, held_pool,
    limit, ordered, panic_of, pool, words,
};
use crate::told::{assert_it_counts_from_the_call, heard_and_held};

const LEN: usize = 10;

const SIZES: [usize; 6] = [1, 2, 3, LEN, LEN + 1, 2 * LEN];

#[test]
fn buffers_of_every_size_give_the_same_results_without_an_order() {
    let _limit = limit();
    for workers in [1, 2, 5] {
        let pool = pool(workers);
        for size in SIZES.into_iter().chain([1000, usize::MAX]) {
            let results = pool.map_buffered(0..LEN, size, |n| n * n).unordered();
            let values: BTreeSet<_> = results.map(Result::unwrap).collect();
            assert!(values.into_iter().eq((0..LEN).map(|n| n * n)), "{size}");
        }
    }
}

/// By every way in.
#[test]
fn a_buffer_of_nothing_is_refused_before_any_item_is_touched() {
    let _limit = limit();
    let pool = pool(1);
    let (submitter, executor): (_, &dyn Executor) = (pool.submitter(), &pool);
    let touched = Tally::default();
    let items = || (0..5).inspect(|_| touched.add());
    for said in [
        panic_of(|| pool.map_buffered(items(), 0, |n| n)),
        panic_of(|| submitter.map_buffered(items(), 0, |n| n)),
        panic_of(|| pool.named("BR").map_buffered(items(), 0, |n| n)),
        panic_of(|| executor.map_buffered(items(), 0, |n| n)),
        panic_of(|| pool.map_buffered(Vec::<u8>::new(), 0, |n| n)),
    ] {
        assert_eq!(said, "a buffered map has no buffer for a single item");
    }
    assert_eq!((touched.count(), pool.stats().submitted), (0, 0));
    assert_eq!(pool.map_buffered(0..3, 1, |n| n).flatten().sum::<u32>(), 3);
}

#[test]
fn a_buffered_map_without_items_ends_at_once() {
    let _limit = limit();
    let pool = pool(2);
    for size in SIZES {
        let mut results = pool.map_buffered(Vec::<u8>::new(), size, |n| n);
        assert_eq!(results.size_hint(), (0, Some(0)));
        assert!((0..3).all(|_| results.next().is_none()));
        let results = pool.map_buffered(Vec::<u8>::new(), size, |n| n).unordered();
        let mut results = results.timeout(Duration::ZERO);
        assert!((0..3).all(|_| results.next().is_none()));
    }
    assert_eq!(pool.stats().submitted, 0);
}

/// cpython#131466: there is never one more, and there are as many while the reader works.
#[test]
fn exactly_so_many_items_are_in_flight() {
    let _limit = limit();
    for (size, in_order) in SIZES.into_iter().flat_map(|size| [(size, true), (size, false)]) {
        let (pool, (items, taken), given) = (pool(3), counted(LEN), Tally::default());
        let seen = given.clone();
        // Before an item is taken, results have been handed over that make room for it.
        let items = items.inspect(move |&n| assert!(n < size + seen.count() + 1));
        let mut results = ordered(pool.map_buffered(items, size, |n| n), in_order);
        for handed_over in 0..LEN {
            let in_all = |handed_over| usize::min(handed_over + size, LEN);
            eventually(|| pool.stats().returned == in_all(handed_over) as u64);
            assert_eq!(taken.count(), in_all(handed_over));
            let in_flight = format!(" {} futures in flight", in_all(handed_over) - handed_over);
            assert!(results.to_string().contains(&in_flight), "{results}");
            assert!(results.next().unwrap().is_ok_and(|n| n == handed_over || !in_order));
            given.add();
            // The reader has taken the next item, and submitted it.
            assert_eq!(taken.count(), in_all(handed_over + 1));
            assert_eq!(pool.stats().submitted, in_all(handed_over + 1) as u64);
        }
        assert!(results.next().is_none());
    }
}

#[test]
fn a_fast_reader_never_has_one_more_item_in_flight() {
    let _limit = limit();
    for (size, in_order) in [(1, true), (1, false), (3, true), (3, false)] {
        let (pool, most) = (pool(6), Arc::new(AtomicUsize::new(0)));
        let (running, peak) = (AtomicUsize::new(0), Arc::clone(&most));
        let mut results = pool.map_buffered(0..500, size, move |_| {
            peak.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            thread::yield_now();
            running.fetch_sub(1, SeqCst);
        });
        results = ordered(results, in_order);
        assert_eq!(results.flatten().count(), 500);
        assert!((1..=size).contains(&most.load(SeqCst)), "{most:?} of {size}");
    }
}

/// No item of a batch ends before all of it is in flight; one less would hang.
#[test]
fn a_buffered_map_never_has_one_item_less_in_flight() {
    let _limit = limit();
    for size in 1..=4 {
        let (pool, barrier) = (pool(4), Barrier::new(size));
        let results = pool.map_buffered(0..size * 50, size, move |n| {
            barrier.wait();
            n
        });
        assert!(results.map(Result::unwrap).eq(0..size * 50));
    }
}

#[test]
fn items_without_end_are_taken_as_far_as_they_are_asked_for() {
    let _limit = limit();
    let pool = pool(2);
    let squares: BufferedMap<RangeFrom<u64>, u64> = pool.map_buffered(1.., 4, |n| n * n);
    assert!(squares.take(1000).map(Result::unwrap).eq((1..=1000).map(|n| n * n)));
    for executor in [&pool as &dyn Executor, &Inline] {
        let squares = executor.map_buffered(1_u64.., 4, |n| n * n);
        assert!(squares.take(1000).map(Result::unwrap).eq((1..=1000).map(|n| n * n)));
    }
}

/// So the reader and the workers work at the same time, even with a buffer of one.
#[test]
fn the_next_item_runs_while_the_reader_works_on_a_result() {
    let _limit = limit();
    let pool = pool(1);
    let (tell, told) = mpsc::channel();
    let mut results = pool.map_buffered(0.., 1, move |n| tell.send(n).unwrap());
    results.next().unwrap().unwrap();
    assert_eq!([told.recv().unwrap(), told.recv().unwrap()], [0, 1]);
}

/// Otherwise a reader that always finds a result would never be told.
#[test]
fn ready_results_come_though_the_time_is_up_and_no_more_items_are_taken() {
    let _limit = limit();
    for in_order in [true, false] {
        let (pool, (gates, function)) = (pool(1), gated(4));
        for gate in &gates[..3] {
            gate.open();
        }
        let mut results = pool.map_buffered(0..LEN, 4, function);
        gates[3].wait_for(1);
        results = ordered(results, in_order);
        let mut timed = results.timeout(Duration::ZERO);
        assert!(timed.by_ref().take(3).map(|result| result.unwrap().unwrap()).eq(0..3));
        let timed_out = timed.next().unwrap().unwrap_err();
        assert_eq!(timed_out.to_string(), "1 (of 4) futures unfinished");
        assert!(timed.next().is_none());
        drop(gates);
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!((pool.stats().returned, pool.stats().cancelled), (4, 0));
    }
}

/// When it is up, no more items are taken, and pending ones are cancelled.
#[test]
fn the_time_of_a_buffered_map_counts_from_the_call() {
    let _limit = limit();
    let ((pool, gate, log), (items, taken)) = (heard_and_held(), counted(LEN));
    let began = Instant::now();
    let mut timed = pool.map_buffered(items, 3, |n| n).timeout(Duration::from_nanos(1_999_999));
    let timed_out = timed.next().unwrap().unwrap_err();
    assert!(began.elapsed() >= Duration::from_nanos(1_999_999));
    assert_eq!(timed_out.to_string(), "3 (of 3) futures unfinished");
    assert!((0..3).all(|_| timed.next().is_none()));
    assert_eq!(taken.count(), 3);

    assert_it_counts_from_the_call(
        &log,
        || pool.map_buffered(0..LEN, 3, |n| n).unordered(),
        |results, time| results.timeout(time).next().unwrap().is_err(),
    );
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!((pool.stats().returned, pool.stats().cancelled), (1, 3 * 2));
}

#[test]
fn a_reader_that_panics_leaves_the_pool_as_good_as_ever() {
    let _limit = limit();
    let pool = pool(2);
    let said = panic_of(|| {
        for result in pool.map_buffered(0.., 4, |n: u32| n) {
            assert!(result.unwrap() < 7, "enough");
        }
    });
    assert_eq!(said, "enough");
    assert!(pool.map_buffered(0..100, 4, |n| n).map(Result::unwrap).eq(0..100));
}

/// cpython#136578: also before the first result is asked for, and on any thread.
#[test]
fn dropping_a_buffered_map_cancels_pending_items_at_once() {
    let _limit = limit();
    for read in [0, 1, 3] {
        let (pool, gate) = (pool(1), Gate::closed());
        let (calls, drops) = (Tally::default(), Drops::default());
        let (way, count, make) = (gate.way(), calls.clone(), drops.clone());
        let items = iter::repeat_with(move || make.one()).enumerate();
        let mut results = pool.map_buffered(items, 4, move |(n, _item)| {
            if n == read {
                way.pass();
            }
            count.add();
        });
        assert_eq!(results.by_ref().take(read).count(), read);
        gate.wait_for(1);
        thread::spawn(move || drop(results)).join().unwrap();
        assert_eq!((drops.count(), pool.stats().queued), (read + 3, 0));
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!((calls.count(), drops.count()), (read + 1, read + 4));
        assert_eq!(pool.stats().cancelled, 3);
    }
}

/// The iterator stays with the reader, and its items go to other threads.
#[test]
fn items_need_not_be_sent_and_a_map_can_be_if_they_can() {
    fn sends<I: Send + FusedIterator>(_: &I) {}
    let _limit = limit();
    let pool = pool(2);
    let here = Rc::new(2);
    let results = pool.map_buffered((0..5).map(|n| n * *here), 2, |n| n);
    assert!(results.map(Result::unwrap).eq([0, 2, 4, 6, 8]));
    let results = pool.map_buffered(0..5, 2, |n| n).unordered();
    sends(&results);
    assert_eq!(thread::spawn(move || results.flatten().sum::<u32>()).join().unwrap(), 10);
}

/// All of them on one pool, which has little room.
#[test]
fn a_map_may_read_from_another() {
    let _limit = limit();
    for capacity in [1, 2, 10] {
        let builder = ThreadPoolExecutor::builder().max_workers(2).queue_capacity(capacity);
        let pool = builder.build().unwrap();
        let squares = pool.map_buffered(0_u64.., 3, |n| n * n).map(Result::unwrap);
        let even =
            pool.map_buffered(squares, 2, |n| (n % 2 == 0).then_some(n)).filter_map(Result::unwrap);
        let halves = pool.map_buffered(even, 4, |n| n / 2);
        assert!(halves.take(100).map(Result::unwrap).eq((0..100).map(|n| 2 * n * n)));
    }
}

#[test]
fn every_executor_has_a_buffered_map() {
    let _limit = limit();
    let (pool, executor) = (pool(1), &Inline as &dyn Executor);
    let first = |mut results: BufferedMap<_, i32>| results.next().unwrap().unwrap();
    assert_eq!(first(pool.map_buffered(1.., 2, |n| n)), 1);
    assert_eq!(first(pool.submitter().map_buffered(1.., 2, |n| n)), 1);
    assert_eq!(pool.named("n").map_buffered(1.., 2, |n| n).next().unwrap().unwrap(), 1);
    assert_eq!(executor.map_buffered(1.., 2, |n| n).next().unwrap().unwrap(), 1);
    assert_eq!(executor.named("n").map_buffered(1.., 2, |n| n).nth(1).unwrap().unwrap(), 2);
    let words = [String::from("to"), String::from("be")];
    let initials = scope(2, |s| {
        let endless = words.iter().cycle();
        let initials = s.map_buffered(endless, 3, |word| &word[..1]);
        initials.map(Result::unwrap).take(3).collect::<Vec<_>>()
    });
    assert_eq!(initials.unwrap(), ["t", "b", "t"]);
}

#[test]
fn each_item_is_a_task_of_its_own_and_knows_where_it_comes_from() {
    let _limit = limit();
    let pool = pool(2);
    let results = pool.named("thirds").map_buffered(0..9, 2, |n| assert!(n % 3 != 0, "no {n}"));
    let line = line!() - 1;
    for (n, result) in results.enumerate() {
        let Err(TaskError::Panicked(panic)) = result else {
            assert!(result.is_ok() && n % 3 != 0);
            continue;
        };
        let place = panic.submitted_at();
        assert_eq!((panic.task_name(), place.line()), (Some("thirds"), line));
        assert_eq!((place.file(), n % 3), (file!(), 0));
    }
    pool.shutdown(Shutdown::Drain).unwrap();
    let stats = pool.stats();
    assert_eq!((stats.submitted, stats.returned, stats.panicked), (9, 6, 3));
}

#[test]
fn a_drop_that_panics_keeps_nothing_else_from_being_dropped() {
    let _limit = limit();
    let (pool, drops) = (pool(1), Drops::default());
    let make = drops.clone();
    let results =
        pool.map_buffered(0..5, 5, move |n| (make.one(), (n == 2).then(|| PanicsWhenDropped)));
    pool.shutdown(Shutdown::Drain).unwrap();
    drop(results);
    assert_eq!(drops.count(), 5);
}

/// The value has been returned, whichever thread drops the function last.
#[test]
fn a_function_whose_drop_panics_costs_no_item_its_value() {
    let _limit = limit();
    for _ in 0..20 {
        let (pool, captured) = (pool(1), PanicsWhenDropped);
        let results = pool.map_buffered(0..3, 2, move |n| {
            let _captured = &captured;
            n
        });
        assert!(results.map(Result::unwrap).eq(0..3));
    }
}

/// A scope passes on panics of its tasks, and not those of the items of a map.
#[test]
fn panics_of_unread_items_do_not_come_out_of_a_scope() {
    let _limit = limit();
    let first_three = scope(1, |s| {
        let items = s.map_buffered(0.., 4, |n| {
            assert!(n < 3, "an unread item");
            n
        });
        items.take(3).map(Result::unwrap).collect::<Vec<_>>()
    });
    assert_eq!(first_three.unwrap(), [0, 1, 2]);
}

#[test]
fn unfinished_items_are_counted_and_not_unread_ones() {
    let _limit = limit();
    let pool = pool(3);
    let (gates, function) = gated(1);
    let results = pool.map_buffered(0..10, 5, function);
    eventually(|| results.to_string().contains(" 4 finished, 1 running"));
    let timed_out = results.timeout(Duration::ZERO).next().unwrap().unwrap_err();
    assert_eq!(timed_out.to_string(), "1 (of 5) futures unfinished");

    let (more_gates, function) = gated(1);
    let results = pool.map(0..10, function);
    eventually(|| results.to_string().contains(" 9 finished, 1 running"));
    let timed_out = results.timeout(Duration::ZERO).next().unwrap().unwrap_err();
    assert_eq!(timed_out.to_string(), "1 (of 10) futures unfinished");
    drop((gates, more_gates));
}

/// In order, each is a wait for one that runs here; without, for all that are left.
#[test]
fn a_buffered_map_that_is_read_by_its_own_function_is_told_so() {
    let _limit = limit();
    for unordered in [false, true] {
        let pool = pool(1);
        let (give, take) = mpsc::channel::<BufferedMap<_, ()>>();
        let (tell, told) = mpsc::channel();
        let take = Mutex::new(take);
        let results = pool.map_buffered(iter::once(()), 2, move |()| {
            let mut myself = take.lock().unwrap().recv().unwrap();
            tell.send(myself.next().unwrap()).unwrap();
        });
        give.send(if unordered { results.unordered() } else { results }).unwrap();
        assert!(matches!(told.recv().unwrap(), Err(TaskError::Deadlock(_))));
    }
}

#[test]
fn a_panic_of_an_executor_comes_out_after_all_items_in_flight() {
    struct Gives(usize, Tally);
    impl Executor for Gives {
        fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
            assert!(self.1.count() < self.0, "no more tasks");
            self.1.add();
            Inline.execute(task)
        }
    }
    let _limit = limit();
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
}

/// An executor of one's own that has no room, and does not wait for any.
struct Full(usize, Tally);

impl Executor for Full {
    fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
        self.1.add();
        if self.1.count() > self.0 {
            Err(Refused::new(task, Refusal::Full))
        } else {
            Inline.execute(task)
        }
    }
}

/// An executor that does not wait for room cannot be waited for.
#[test]
fn an_executor_that_is_full_and_does_not_wait_refuses_for_good() {
    let _limit = limit();
    let full = Full(0, Tally::default());
    let executor: &dyn Executor = &full;
    let message = "cannot submit: the executor's queue is full";
    assert_eq!(panic_of(|| executor.map_buffered(0..2, 2, |n| n)), message);

    let full = Full(2, Tally::default());
    let executor: &dyn Executor = &full;
    let mut results = executor.map_buffered(0..9, 2, |n| n);
    assert!(results.by_ref().take(2).map(Result::unwrap).eq(0..2));
    let refused = "task cancelled because it was refused: the executor's queue is full";
    assert_eq!(results.map(words).collect::<Vec<_>>(), [refused, refused]);
}

#[test]
fn display_and_debug_say_how_far_a_buffered_map_is() {
    let _limit = limit();
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
}

#[test]
fn drops_that_panic_end_no_process() {
    alone(|| {
        let (pool, gate) = held_pool();
        pool.close(Shutdown::CancelPending);
        let (bomb, bombs) = (Bomb, iter::repeat_with(|| Bomb));
        let refusal = "cannot submit: the executor was shut down";
        assert_eq!(panic_of(|| pool.submit(move || _ = &bomb)), refusal);
        let bomb = Bomb;
        assert_eq!(panic_of(|| pool.map_buffered(bombs, 1, move |_| _ = &bomb)), refusal);
        gate.open();

        let executor: &dyn Executor = &Inline;
        let items = iter::repeat_with(|| panic_any(Bomb));
        drop(executor.map_buffered(items, 1, |()| ()));
        drop(executor.map_buffered(iter::repeat_with(|| Bomb), 3, |bomb| bomb));
        drop(executor.map_buffered(0.., 3, |_| Bomb).unordered());
        let ended = [(); 3].map(|()| executor.submit(|| Bomb));
        drop(glasspool::as_completed(ended));
        let losers = [(); 3].map(|()| executor.submit(|| Bomb));
        let mut asked = 0;
        let question = |_: &Bomb| {
            asked += 1;
            assert!(asked < 3, "enough");
            false
        };
        assert_eq!(panic_of(|| glasspool::first_success(losers, None, question)), "enough");
    });
}
