//! MAP: maps that read ahead so far and no further.

use std::collections::BTreeSet;
use std::iter::FusedIterator;
use std::ops::RangeFrom;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{BufferedMap, Executor, Inline, Shutdown, TaskError, ThreadPoolExecutor, scope};

use crate::common::{CountsClones, counted, counts_from_the_call, gated};
use crate::support::{
    Drops, LONG, Tally, broken_pool, eventually, held_pool, let_others_block, panic_of, pool,
    within, words,
};

const LEN: usize = 10;
const SIZES: [usize; 6] = [1, 2, 3, LEN, LEN + 1, 2 * LEN];

#[test]
fn map_08_every_size_of_buffer_gives_the_same_results() {
    within(|| {
        for workers in [1, 2, 5] {
            let pool = pool(workers);
            for size in SIZES.into_iter().chain([1000, usize::MAX]) {
                let mut results = pool.map_buffered(0..LEN, size, |n| n * n);
                assert!(results.by_ref().map(Result::unwrap).eq((0..LEN).map(|n| n * n)), "{size}");
                assert!((0..3).all(|_| results.next().is_none()));
                let results = pool.map_buffered(0..LEN, size, |n| n * n).unordered();
                let values: BTreeSet<_> = results.map(Result::unwrap).collect();
                assert!(values.into_iter().eq((0..LEN).map(|n| n * n)), "{size}");
            }
        }
    });
}

/// By every way in.
#[test]
fn map_08_a_buffer_of_nothing_is_refused_before_any_item_is_touched() {
    within(|| {
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
            assert!(!said.is_empty());
        }
        assert_eq!((touched.count(), pool.stats().submitted), (0, 0));
        // The pool is none the worse for it.
        assert_eq!(pool.map_buffered(0..3, 1, |n| n).flatten().sum::<u32>(), 3);
    });
}

#[test]
fn map_08_without_items_it_ends_at_once() {
    within(|| {
        let pool = pool(2);
        for size in SIZES {
            let mut results = pool.map_buffered(Vec::<u8>::new(), size, |n| n);
            assert!((0..3).all(|_| results.next().is_none()));
            let mut results = pool
                .map_buffered(Vec::<u8>::new(), size, |n| n)
                .unordered()
                .timeout(Duration::ZERO);
            assert!((0..3).all(|_| results.next().is_none()));
        }
        assert_eq!(pool.stats().submitted, 0);
    });
}

/// Everything in flight has ended before the reader comes for the next.
#[test]
fn map_08_exactly_so_many_are_in_flight_when_the_reader_is_slow() {
    within(|| {
        for (size, in_order) in SIZES.into_iter().flat_map(|size| [(size, true), (size, false)]) {
            let (pool, (items, taken)) = (pool(3), counted(LEN));
            let mut results = pool.map_buffered(items, size, |n| n);
            if !in_order {
                results = results.unordered();
            }
            for handed_over in 0..LEN {
                let in_all = |handed_over| usize::min(handed_over + size, LEN);
                eventually(|| pool.stats().returned == in_all(handed_over) as u64);
                assert_eq!(taken.count(), in_all(handed_over));
                assert!(results.next().unwrap().is_ok_and(|n| n == handed_over || !in_order));
                // Before it came back it has taken the next, and submitted it.
                assert_eq!(taken.count(), in_all(handed_over + 1));
                assert_eq!(pool.stats().submitted, in_all(handed_over + 1) as u64);
            }
            assert!(results.next().is_none());
        }
    });
}

#[test]
fn map_08_never_one_more_is_in_flight_when_the_reader_is_fast() {
    within(|| {
        for (size, in_order) in [(1, true), (1, false), (3, true), (3, false)] {
            let (pool, most) = (pool(6), Arc::new(AtomicUsize::new(0)));
            let (running, peak) = (AtomicUsize::new(0), Arc::clone(&most));
            let mut results = pool.map_buffered(0..500, size, move |n| {
                peak.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                thread::yield_now();
                running.fetch_sub(1, SeqCst);
                n
            });
            if !in_order {
                results = results.unordered();
            }
            assert_eq!(results.flatten().sum::<usize>(), (0..500).sum());
            assert!((1..=size).contains(&most.load(SeqCst)), "{most:?} of {size}");
        }
    });
}

/// None of a batch ends before all of it is in flight; were there one less, this would hang.
#[test]
fn map_08_nor_one_less() {
    within(|| {
        for size in 1..=4 {
            let (pool, barrier) = (pool(4), Barrier::new(size));
            let results = pool.map_buffered(0..size * 50, size, move |n| {
                barrier.wait();
                n
            });
            assert!(results.map(Result::unwrap).eq(0..size * 50));
        }
    });
}

/// So it takes the next item for what it hands over, and not for what has merely ended.
#[test]
fn map_08_while_the_reader_waits_nothing_is_taken() {
    within(|| {
        let pool = pool(4);
        let ((gates, function), (items, taken)) = (gated(2), counted(LEN));
        let mut results = pool.map_buffered(items, 3, function);
        eventually(|| pool.stats().returned == 1);
        thread::scope(|threads| {
            let reading = threads.spawn(|| results.next());
            let_others_block();
            assert_eq!((taken.count(), pool.stats().submitted), (3, 3));
            gates[0].open();
            assert_eq!(reading.join().unwrap().unwrap().unwrap(), 0);
        });
        assert_eq!((taken.count(), pool.stats().submitted), (4, 4));
    });
}

#[test]
fn map_08_items_without_end_are_taken_only_as_far_as_they_are_asked_for() {
    fn squares(pool: &ThreadPoolExecutor) -> BufferedMap<RangeFrom<u64>, u64> {
        pool.map_buffered(1.., 4, |n| n * n)
    }
    within(|| {
        let pool = pool(2);
        assert!(squares(&pool).take(1000).map(Result::unwrap).eq((1..=1000).map(|n| n * n)));
        for executor in [&pool as &dyn Executor, &Inline] {
            let squares = executor.map_buffered(1_u64.., 4, |n| n * n);
            assert!(squares.take(1000).map(Result::unwrap).eq((1..=1000).map(|n| n * n)));
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn map_08_items_without_end_take_no_memory() {
    use std::cell::RefCell;

    use crate::support::{alone, kib_grown};
    alone(|| {
        let pool = pool(1);
        let in_order = RefCell::new(pool.map_buffered(0_u64.., 4, |n| n));
        let unordered =
            RefCell::new((&Inline as &dyn Executor).map_buffered(0_u64.., 4, |n| n).unordered());
        let grown = kib_grown(|| {
            assert!(in_order.borrow_mut().next().unwrap().is_ok());
            assert!(unordered.borrow_mut().next().unwrap().is_ok());
        });
        assert!(grown < 1000, "{grown} KiB");
    });
}

#[test]
fn map_01_read_ahead_or_not_results_come_in_the_order_of_the_items() {
    within(|| {
        let (pool, (gates, function)) = (pool(3), gated(1));
        let results = pool.map_buffered(0..20, 5, function);
        eventually(|| pool.stats().returned == 4);
        gates[0].open();
        assert!(results.map(Result::unwrap).eq(0..20));
    });
}

#[test]
fn map_03_a_failing_item_is_told_at_its_place_and_others_are_still_taken() {
    within(|| {
        for size in SIZES {
            let pool = pool(2);
            let mut results = pool.map_buffered(0..6, size, |n| {
                assert!(n % 3 != 1, "no {n}");
                n
            });
            let told = [(); 6].map(|()| words(results.next().unwrap()));
            assert_eq!(told, ["0", "task panicked: no 1", "2", "3", "task panicked: no 4", "5"]);
            assert!((0..3).all(|_| results.next().is_none()));
        }
    });
}

#[test]
fn map_04_the_time_counts_from_the_call_and_when_it_is_up_nothing_more_is_taken() {
    within(|| {
        let ((pool, gate), (items, taken)) = (held_pool(), counted(LEN));
        let began = Instant::now();
        let mut timed = pool.map_buffered(items, 3, |n| n).timeout(Duration::from_nanos(1_999_999));
        let timed_out = timed.next().unwrap().unwrap_err();
        assert!(began.elapsed() >= Duration::from_nanos(1_999_999));
        assert_eq!(timed_out.to_string(), "3 (of 3) futures unfinished");
        assert!((0..3).all(|_| timed.next().is_none()));
        assert_eq!(taken.count(), 3);

        counts_from_the_call(
            || pool.map_buffered(0..LEN, 3, |n| n).unordered(),
            |results, time| results.timeout(time).next().unwrap().is_err(),
        );
        gate.open();
        // What had not begun has been cancelled.
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!((pool.stats().returned, pool.stats().cancelled), (1, 3 * 6));
    });
}

#[test]
fn map_04_what_is_ready_comes_though_the_time_is_up() {
    within(|| {
        for in_order in [true, false] {
            let (pool, (gates, function)) = (pool(1), gated(4));
            for gate in &gates[..3] {
                gate.open();
            }
            let mut results = pool.map_buffered(0..LEN, 4, function);
            gates[3].wait_for(1);
            if !in_order {
                results = results.unordered();
            }
            let mut timed = results.timeout(Duration::ZERO);
            assert!(timed.by_ref().take(3).map(|result| result.unwrap().unwrap()).eq(0..3));
            // But nothing more is taken: a reader who always finds a result there would never be
            // told.
            assert_eq!(
                timed.next().unwrap().unwrap_err().to_string(),
                "1 (of 4) futures unfinished"
            );
            assert!(timed.next().is_none());
            drop(gates);
            pool.shutdown(Shutdown::Drain).unwrap();
            assert_eq!((pool.stats().returned, pool.stats().cancelled), (4, 0));
        }
    });
}

#[test]
fn map_04_in_time_everything_comes() {
    within(|| {
        let pool = pool(2);
        for timeout in [LONG, Duration::MAX] {
            let results = pool.map_buffered(0..100, 3, |n| n).timeout(timeout);
            assert!(results.map(|result| result.unwrap().unwrap()).eq(0..100));
        }
    });
}

#[test]
fn map_06_a_reader_that_panics_leaves_the_pool_as_good_as_ever() {
    within(|| {
        let pool = pool(2);
        let said = panic_of(|| {
            for result in pool.map_buffered(0.., 4, |n: u32| n) {
                assert!(result.unwrap() < 7, "enough");
            }
        });
        assert_eq!(said, "enough");
        assert!(pool.map_buffered(0..100, 4, |n| n).map(Result::unwrap).eq(0..100));
    });
}

#[test]
fn map_11_each_result_is_freed_as_soon_as_whoever_got_it_lets_go() {
    within(|| {
        for in_order in [true, false] {
            let (pool, drops) = (pool(2), Drops::default());
            let makes = drops.clone();
            let mut results = pool.map_buffered(0.., 3, move |_: u32| makes.one());
            if !in_order {
                results = results.unordered();
            }
            for dropped in 1..=50 {
                drop(results.next().unwrap());
                assert_eq!(drops.count(), dropped);
            }
            pool.shutdown(Shutdown::Drain).unwrap();
            assert_eq!(drops.count(), 50);
            drop(results);
            assert_eq!(drops.count(), 53);
        }
    });
}

/// By every way in.
#[test]
fn map_12_on_a_pool_that_takes_no_work_it_fails_at_once_and_touches_no_item() {
    within(|| {
        let closed = pool(1);
        closed.close(Shutdown::Drain);
        for (pool, text) in [(closed, "shut down"), (broken_pool(), "broken")] {
            let (submitter, executor): (_, &dyn Executor) = (pool.submitter(), &pool);
            let touched = Tally::default();
            let items = || (0..5).inspect(|_| touched.add());
            let said = [
                panic_of(|| pool.map_buffered(items(), 2, |n| n)),
                panic_of(|| submitter.map_buffered(items(), 2, |n| n)),
                panic_of(|| pool.named("BR").map_buffered(items(), 2, |n| n)),
                panic_of(|| executor.map_buffered(items(), 2, |n| n)),
                panic_of(|| pool.map_buffered(Vec::<u8>::new(), 2, |n| n)),
            ];
            assert!(said.iter().all(|said| said.contains(text)), "{said:?}");
            assert_eq!(touched.count(), 0);
        }
    });
}

#[test]
fn map_14_a_shutdown_right_after_it_does_not_hang() {
    within(|| {
        for round in 0..500 {
            let (workers, runs) = (1 + round % 4, Tally::default());
            let (pool, ran) = (pool(workers), runs.clone());
            let results = pool.map_buffered(0..=workers, workers + 1, move |_| ran.add());
            match round % 3 {
                0 => drop(pool),
                1 => pool.shutdown(Shutdown::CancelPending).unwrap(),
                _ => pool.close(Shutdown::Drain),
            }
            let values =
                results.map(|result| matches!(result, Ok(()))).filter(|value| *value).count();
            assert_eq!(runs.count(), values);
            assert!(values == workers + 1 || round % 3 == 1);
        }
    });
}

#[test]
fn map_15_the_function_is_shared_and_never_copied() {
    within(|| {
        let (pool, captured) = (pool(3), CountsClones(Tally::default()));
        let clones = captured.0.clone();
        let function = move |n: u32| {
            assert_eq!(captured.0.count(), 0);
            n
        };
        assert_eq!(pool.map_buffered(0..100, 3, function).flatten().sum::<u32>(), (0..100).sum());
        assert_eq!(clones.count(), 0);
    });
}

/// The items stay with the reader; only what they give goes to other threads.
#[test]
fn map_08_the_items_need_not_be_sent_and_if_they_can_be_so_can_the_map() {
    fn sends<I: Send + FusedIterator>(_: &I) {}
    within(|| {
        let pool = pool(2);
        let here = Rc::new(2);
        let results = pool.map_buffered((0..5).map(|n| n * *here), 2, |n| n);
        assert!(results.map(Result::unwrap).eq([0, 2, 4, 6, 8]));
        let results = pool.map_buffered(0..5, 2, |n| n).unordered();
        sends(&results);
        assert_eq!(thread::spawn(move || results.flatten().sum::<u32>()).join().unwrap(), 10);
    });
}

/// All of them on one pool, which has little room.
#[test]
fn map_08_a_map_may_read_from_another() {
    within(|| {
        for capacity in [1, 2, 10] {
            let pool = ThreadPoolExecutor::builder()
                .max_workers(2)
                .queue_capacity(capacity)
                .build()
                .unwrap();
            let squares = pool.map_buffered(0_u64.., 3, |n| n * n).map(Result::unwrap);
            let even = pool
                .map_buffered(squares, 2, |n| (n % 2 == 0).then_some(n))
                .filter_map(Result::unwrap);
            let halves = pool.map_buffered(even, 4, |n| n / 2);
            assert!(halves.take(100).map(Result::unwrap).eq((0..100).map(|n| 2 * n * n)));
        }
    });
}

#[test]
fn map_08_in_a_scope_everything_may_borrow() {
    within(|| {
        let texts = ["a", "bb", "ccc"].map(str::to_owned);
        let seen = Tally::default();
        let longest = scope(2, |s| {
            let endless = texts.iter().cycle();
            let results = s.map_buffered(endless, 3, |text| {
                seen.add();
                &text[..1]
            });
            results.take(30).map(Result::unwrap).max().unwrap()
        });
        assert_eq!(longest.unwrap(), "c");
        assert!((30..=33).contains(&seen.count()));
    });
}

#[test]
fn sub_14_each_item_is_a_task_of_its_own_and_knows_where_it_comes_from() {
    within(|| {
        let pool = pool(2);
        let results = pool.named("thirds").map_buffered(0..9, 2, |n| assert!(n % 3 != 0, "no {n}"));
        let line = line!() - 1;
        for (n, result) in results.enumerate() {
            match result {
                Ok(()) => assert!(n % 3 != 0),
                Err(TaskError::Panicked(panic)) => {
                    assert_eq!(
                        (panic.task_name(), panic.submitted_at().line()),
                        (Some("thirds"), line)
                    );
                    assert!(panic.submitted_at().file().ends_with("buffering.rs"));
                }
                Err(other) => panic!("{other}"),
            }
        }
        pool.shutdown(Shutdown::Drain).unwrap();
        let stats = pool.stats();
        assert_eq!((stats.submitted, stats.returned, stats.panicked), (9, 6, 3));
    });
}
