//! One function, many items: the results come in the order of the items. Tests that hold for every
//! map stand here; those of buffered maps are in `buffered.rs`.

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{CancelReason, Executor, Inline, Map, Shutdown, TaskError, ThreadPoolExecutor};

use crate::support::{
    CountsClones, Drops, Gate, LONG, Tally, broken_pool, eventually, held_pool, limit, panic_of,
    pool, words,
};
use crate::told::{assert_it_counts_from_the_call, heard_and_held};

type Results<T> = Box<dyn Iterator<Item = Result<T, TaskError>>>;

/// The results of an eager map, and of buffered ones of several sizes.
fn every_map<T: Send + 'static>(
    pool: &ThreadPoolExecutor,
    items: usize,
    function: impl Fn(usize) -> T + Send + Sync + Clone + 'static,
) -> Vec<Results<T>> {
    let mut maps: Vec<Results<T>> = vec![Box::new(pool.map(0..items, function.clone()))];
    for size in [1, 2, 3, items, items + 1, 2 * items, usize::MAX] {
        maps.push(Box::new(pool.map_buffered(0..items, size.max(1), function.clone())));
    }
    maps
}

#[test]
fn results_come_in_the_order_of_the_items() {
    let _limit = limit();
    for workers in [1, 2, 5] {
        for mut results in every_map(&pool(workers), 20, |n: usize| n * n) {
            assert!(results.by_ref().map(Result::unwrap).eq((0..20).map(|n| n * n)));
            assert!((0..3).all(|_| results.next().is_none()));
        }
    }
}

/// The first item ends last.
#[test]
fn results_come_in_the_order_of_the_items_whatever_ends_first() {
    let _limit = limit();
    for buffer in [None, Some(5)] {
        let (pool, gate, ends) = (pool(3), Gate::closed(), Tally::default());
        let (way, ended) = (gate.way(), ends.clone());
        let function = move |n: usize| {
            if n == 0 {
                way.pass();
            }
            ended.add();
            n * 10
        };
        let results: Results<usize> = match buffer {
            None => Box::new(pool.map(0..100, function)),
            Some(size) => Box::new(pool.map_buffered(0..100, size, function)),
        };
        eventually(|| ends.count() == buffer.unwrap_or(100) - 1);
        gate.open();
        assert!(results.map(Result::unwrap).eq((0..100).map(|n| n * 10)));
    }
}

#[test]
fn a_result_is_handed_over_as_soon_as_it_is_its_turn() {
    let _limit = limit();
    let (pool, gates) = (pool(1), [(); 3].map(|()| Gate::closed()));
    let ways = gates.each_ref().map(Gate::way);
    let mut results = pool.map(0..3, move |n: usize| {
        ways[n].pass();
        n
    });
    for (n, gate) in gates.iter().enumerate() {
        gate.open();
        assert_eq!((results.next().unwrap().unwrap(), results.len()), (n, 2 - n));
    }
}

#[test]
fn a_map_without_a_pool_is_a_loop() {
    let _limit = limit();
    let executor: &dyn Executor = &Inline;
    let here = thread::current().id();
    let mut results = executor.map(0..5, |n| (n, thread::current().id()));
    assert!((0..5).all(|n| results.next().unwrap().unwrap() == (n, here)));
    assert!(results.next().is_none());
    assert!(executor.map(0..0_u8, |n| n).next().is_none());
}

#[test]
fn a_map_calls_its_function_once_for_each_item() {
    let _limit = limit();
    let (pool, calls) = (pool(4), Tally::default());
    let count = calls.clone();
    let results = pool.map(0..20_000, move |n| {
        count.add();
        n
    });
    assert_eq!(results.len(), 20_000);
    assert!(results.map(Result::unwrap).eq(0..20_000));
    assert_eq!(calls.count(), 20_000);
}

#[test]
fn a_map_submits_at_the_call_and_needs_no_reader() {
    let _limit = limit();
    let ((pool, gate), runs, taken) = (held_pool(), Tally::default(), Tally::default());
    let ran = runs.clone();
    let results = pool.map((0..50).inspect(|_| taken.add()), move |n| {
        ran.add();
        n
    });
    assert_eq!((taken.count(), runs.count()), (50, 0));
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(runs.count(), 50);
    drop(pool);
    assert!(results.map(Result::unwrap).eq(0..50));
}

#[test]
fn an_item_that_fails_is_an_error_in_its_place() {
    let _limit = limit();
    for workers in 1..=3 {
        for mut results in every_map(&pool(workers), 6, |n| assert!(n % 3 != 1, "no {n}")) {
            let told = [(); 6].map(|()| words(results.next().unwrap()));
            let failed = [1, 4].map(|n| format!("task panicked: no {n}"));
            assert_eq!(told, ["()", &failed[0], "()", "()", &failed[1], "()"]);
            assert!((0..3).all(|_| results.next().is_none()));
        }
    }
}

#[test]
fn a_map_of_nothing_ends_at_once() {
    let _limit = limit();
    let (pool, _gate) = held_pool();
    let drops = Drops::default();
    let captured = drops.one();
    let mut results = pool.map(iter::empty(), move |n: u8| (n, &captured).0);
    assert_eq!((results.len(), drops.count()), (0, 1)); // its captures are dropped
    assert!(results.next().is_none());
}

#[test]
fn ready_results_come_though_the_time_is_up_and_a_running_item_goes_on() {
    let _limit = limit();
    let (pool, gate, runs) = (pool(1), Gate::closed(), Tally::default());
    let (way, ran) = (gate.way(), runs.clone());
    let results = pool.map(0..10, move |n| {
        if n == 3 {
            way.pass();
        }
        ran.add();
        n
    });
    gate.wait_for(1);
    let mut timed = results.timeout(Duration::ZERO);
    assert!(timed.by_ref().take(3).map(|result| result.unwrap().unwrap()).eq(0..3));
    assert_eq!(timed.next().unwrap().unwrap_err().to_string(), "7 (of 10) futures unfinished");
    assert!(timed.next().is_none());
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(runs.count(), 4);
}

/// When it is up, pending items are cancelled.
#[test]
fn the_time_of_a_map_counts_from_the_call_and_is_never_up_early() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    let runs = Tally::default();
    for nanos in [1, 999_999, 1_000_001, 3_000_000] {
        let timeout = Duration::from_nanos(nanos);
        let began = Instant::now();
        let ran = runs.clone();
        let mut results = pool.map([1, 2], move |_| ran.add()).timeout(timeout);
        let timed_out = results.next().unwrap().unwrap_err();
        assert!(began.elapsed() >= timeout);
        assert_eq!(timed_out.to_string(), "2 (of 2) futures unfinished");
        assert!((0..3).all(|_| results.next().is_none()));
    }
    assert_it_counts_from_the_call(
        &log,
        || pool.map([1, 2], |n| n),
        |results, time| results.timeout(time).next().unwrap().is_err(),
    );
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(runs.count(), 0);
}

#[test]
fn results_that_are_in_time_all_come() {
    let _limit = limit();
    let (pool, inline): (_, &dyn Executor) = (pool(2), &Inline);
    for timeout in [LONG, Duration::MAX] {
        let results = pool.map(0..100, |n| n).timeout(timeout);
        assert!(results.map(|result| result.unwrap().unwrap()).eq(0..100));
        let results = pool.map_buffered(0..100, 3, |n| n).timeout(timeout);
        assert!(results.map(|result| result.unwrap().unwrap()).eq(0..100));
    }
    let results = inline.map(0..3, |n| n).timeout(Duration::ZERO);
    assert!(results.map(|result| result.unwrap().unwrap()).eq(0..3));
}

/// While the worker is busy.
#[test]
fn dropping_a_map_cancels_pending_items_at_once() {
    let _limit = limit();
    let (pool, gate, drops, calls) = (pool(1), Gate::closed(), Drops::default(), Tally::default());
    let (way, count) = (gate.way(), calls.clone());
    let items = [(); 5].map(|()| drops.one());
    let results = pool.map(items, move |item| {
        count.add();
        way.pass();
        drop(item);
    });
    gate.wait_for(1);
    drop(results);
    assert_eq!(drops.count(), 4);
    gate.open();
    drop(pool);
    assert_eq!((calls.count(), drops.count()), (1, 5));
}

#[test]
fn a_result_belongs_to_its_reader_and_unread_ones_go_with_the_map() {
    let _limit = limit();
    for kind in 0..4 {
        let (pool, drops) = (pool(2), Drops::default());
        let makes = drops.clone();
        let function = move |_| Arc::new(makes.one());
        let mut results: Box<dyn Iterator<Item = Result<Arc<_>, _>>> = match kind {
            0 => Box::new(pool.map(0..53, function)),
            1 => Box::new(pool.map(0..53, function).unordered()),
            2 => Box::new(pool.map_buffered(0.., 3, function)),
            _ => Box::new(pool.map_buffered(0.., 3, function).unordered()),
        };
        for dropped in 1..=50 {
            let result = results.next().unwrap().unwrap();
            let watch = Arc::downgrade(&result);
            drop(result);
            assert!(watch.upgrade().is_none());
            assert_eq!(drops.count(), dropped);
        }
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(drops.count(), 50);
        drop(results);
        assert_eq!(drops.count(), 53);
    }
}

/// By every way in.
#[test]
fn a_map_on_a_pool_that_takes_no_work_touches_no_item() {
    let _limit = limit();
    let closed = pool(1);
    closed.close(Shutdown::Drain);
    for (pool, text) in [
        (closed, "cannot submit: the executor was shut down"),
        (broken_pool(), "cannot submit: the pool is broken: "),
    ] {
        let (submitter, executor): (_, &dyn Executor) = (pool.submitter(), &pool);
        let touched = Tally::default();
        let items = || iter::repeat_with(|| touched.add());
        let said = [
            panic_of(|| pool.map(items(), drop)),
            panic_of(|| submitter.map(items(), drop)),
            panic_of(|| pool.named("BR").map(items(), drop)),
            panic_of(|| executor.map(items(), drop)),
            panic_of(|| pool.map(Vec::<u8>::new(), drop)),
            panic_of(|| pool.map_buffered(items(), 2, drop)),
            panic_of(|| submitter.map_buffered(items(), 2, drop)),
            panic_of(|| pool.named("BR").map_buffered(items(), 2, drop)),
            panic_of(|| executor.map_buffered(items(), 2, drop)),
            panic_of(|| pool.map_buffered(Vec::<u8>::new(), 2, drop)),
        ];
        assert!(said.iter().all(|said| said.starts_with(text)), "{said:?}");
        assert_eq!(touched.count(), 0);
    }
}

#[test]
fn a_panic_of_the_items_iterator_comes_out_of_the_call() {
    let _limit = limit();
    let (pool, drops, calls) = (pool(1), Drops::default(), Tally::default());
    let items = (0..3).map(|n| if n < 2 { drops.one() } else { panic!("no third item") });
    let count = calls.clone();
    assert_eq!(panic_of(|| pool.map(items, move |_| count.add())), "no third item");
    assert_eq!((drops.count(), calls.count()), (2, 0));
    assert!(pool.map(0..3, |n| n).map(Result::unwrap).eq(0..3));
}

#[test]
fn captures_of_the_function_go_with_the_last_item_though_the_map_is_kept() {
    let _limit = limit();
    let (pool, drops) = (pool(2), Drops::default());
    let function = || {
        let captured = drops.one();
        move |n| (n, &captured).0
    };
    let results = pool.map(0..10, function());
    eventually(|| drops.count() == 1);
    assert!(results.map(Result::unwrap).eq(0..10));

    let mut results = pool.map_buffered(0..3, 2, function());
    assert_eq!(results.by_ref().flatten().count(), 3);
    eventually(|| drops.count() == 2);
    assert!(results.next().is_none());

    let (held, gate) = held_pool();
    let cancelled = held.map(0..10, function());
    held.close(Shutdown::CancelPending);
    assert_eq!((drops.count(), cancelled.filter(Result::is_err).count()), (3, 10));
    gate.open();
}

/// It need not be possible to copy it.
#[test]
fn the_function_is_shared_and_not_copied() {
    let _limit = limit();
    let (pool, clones) = (pool(3), Tally::default());
    let function = || {
        let (captured, calls) = (CountsClones(clones.clone()), AtomicUsize::new(0));
        move |_: usize| {
            assert_eq!(captured.0.count(), 0);
            calls.fetch_add(1, SeqCst)
        }
    };
    assert_eq!(pool.map(0..100, function()).flatten().sum::<usize>(), 4950);
    let results = pool.map_buffered(0..100, 3, function());
    assert_eq!(results.flatten().sum::<usize>(), 4950);
    assert_eq!(clones.count(), 0);
}

/// Fast items make a worker take many at once.
#[test]
fn an_item_that_one_worker_has_taken_but_not_begun_is_taken_over_by_another() {
    let _limit = limit();
    for slow in [0, 1, 500, 998] {
        let (pool, gate) = (pool(2), Gate::closed());
        let way = gate.way();
        let results = pool.map(0..1000, move |n| {
            if n == slow {
                way.pass();
            }
        });
        eventually(|| results.to_string().ends_with(" 1000 futures: 999 finished, 1 running>"));
        gate.open();
        assert_eq!(results.flatten().count(), 1000);
    }
}

/// Of a map that a worker has in its hands.
#[test]
fn a_cancelling_shutdown_cancels_the_items_that_have_not_begun() {
    let _limit = limit();
    let (pool, gate) = (pool(2), Gate::closed());
    let way = gate.way();
    let mut results = pool.map(0..5, move |n| {
        way.pass();
        n
    });
    pool.close(Shutdown::CancelPending);
    assert!(results.to_string().ends_with(" 5 futures: 2 running, 3 cancelled>"), "{results}");
    gate.open();
    assert_eq!([results.next(), results.next()].map(|first| first.unwrap().unwrap()), [0, 1]);
    for cancelled in results {
        assert_eq!(words(cancelled), "task cancelled by the shutdown of its pool");
    }
}

#[test]
fn a_map_waits_its_turn_in_the_queue() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |text: &'static str| {
        let order = Arc::clone(&order);
        move || order.lock().unwrap().push(text)
    };
    let (before, in_map, after) = (note("before"), note("map"), note("after"));
    let before = pool.submit(before);
    let results = pool.map([(); 2], move |()| in_map());
    let after = pool.submit(after);
    assert!(results.to_string().ends_with(" 2 futures: 2 pending>"), "{results}");
    gate.open();
    assert!(before.result().is_ok() && results.flatten().count() == 2 && after.result().is_ok());
    assert_eq!(*order.lock().unwrap(), ["before", "map", "map", "after"]);
}

#[test]
fn two_maps_on_one_pool_do_not_meet() {
    let _limit = limit();
    let pool = pool(2);
    let (squares, texts) = (pool.map(0..50, |n| n * n), pool.map(0..50, |n: i32| n.to_string()));
    assert!(texts.map(Result::unwrap).eq((0..50).map(|n| n.to_string())));
    assert!(squares.map(Result::unwrap).eq((0..50).map(|n| n * n)));
}

#[test]
fn a_map_that_is_read_in_order_by_its_own_function_is_told_so() {
    let _limit = limit();
    let pool = pool(1);
    let (give, take) = mpsc::channel::<Map<()>>();
    let (tell, told) = mpsc::channel();
    let take = Mutex::new(take);
    let results = pool.map([()], move |()| {
        let mut myself = take.lock().unwrap().recv().unwrap();
        tell.send(words(myself.next().unwrap())).unwrap();
    });
    give.send(results).unwrap();
    let told = told.recv().unwrap();
    assert!(told.starts_with("deadlock: ") && told.ends_with(" waits for itself"), "{told}");
}

/// Of one item more than there are workers.
#[test]
fn a_map_and_a_shutdown_right_behind_it_do_not_hang() {
    let _limit = limit();
    for round in 0..1600 {
        let (workers, runs) = (1 + round / 8 % 4, Tally::default());
        let (pool, ran) = (pool(workers), runs.clone());
        let function = move |_| ran.add();
        let results: Results<()> = if round % 2 == 0 {
            Box::new(pool.map(0..=workers, function))
        } else {
            Box::new(pool.map_buffered(0..=workers, workers + 1, function))
        };
        let cancels = round / 2 % 4 == 3;
        match round / 2 % 4 {
            0 => drop(pool),
            1 => pool.shutdown(Shutdown::Drain).unwrap(),
            2 => pool.close(Shutdown::Drain),
            _ => pool.shutdown(Shutdown::CancelPending).unwrap(),
        }
        let (values, errors): (Vec<_>, Vec<_>) = results.partition(Result::is_ok);
        assert_eq!((runs.count(), values.len() + errors.len()), (values.len(), workers + 1));
        assert!(cancels || errors.is_empty());
        for error in errors.into_iter().map(Result::unwrap_err) {
            let by_shutdown = TaskError::Cancelled(CancelReason::ByShutdown);
            assert_eq!(error.to_string(), by_shutdown.to_string());
        }
    }
}

#[test]
fn debug_says_how_far_a_map_is() {
    let _limit = limit();
    let executor: &dyn Executor = &Inline;
    let mut results = executor.map(0..3, |n| n);
    let _first = results.next();
    let place = format!("{}:{}", file!(), line!() - 2);
    let counts = "finished: 3, running: 0, pending: 0, cancelled: 0, handed_over: 1";
    let debug = format!("{results:?}");
    assert!(debug.starts_with(&format!("Map {{ {counts}, submitted_at: {place}:")), "{debug}");
}
