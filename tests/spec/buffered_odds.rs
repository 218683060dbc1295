//! A map of items without end against executors without room, time that runs out, and drops that
//! panic.

use std::iter;
use std::panic::panic_any;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Executor, Inline, Refusal, Refused, Shutdown, Task, ThreadPoolExecutor, scope};

use crate::support::{
    Bomb, Gate, PanicsWhenDropped, Tally, alone, eventually, held_pool, let_others_block, panic_of,
    pool, within, words,
};

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

/// Nobody waits for room that an executor does not wait for.
#[test]
fn an_executor_that_is_full_and_does_not_wait_refuses_for_good() {
    within(|| {
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
    });
}

/// Also one that comes while something waits for room: here the room comes only when the result has
/// been read.
#[test]
fn a_result_does_not_wait_for_room_that_another_needs() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build().unwrap();
        let (gate, read) = (Gate::closed(), Gate::closed());
        let way = gate.way();
        let mut results = pool.map_buffered(0.., 2, move |n| {
            if n == 1 {
                way.pass();
            }
            n
        });
        gate.wait_for(1);
        let until_read = pool.submit(read.then(|| ()));
        assert_eq!(results.next().unwrap().unwrap(), 0); // and the next item has found no room
        thread::scope(|scope| {
            let other = scope.spawn(|| pool.submit(|| ()).into_result());
            scope.spawn(|| {
                let_others_block();
                gate.open();
            });
            assert_eq!(results.next().unwrap().unwrap(), 1);
            read.open();
            assert!(other.join().unwrap().is_ok());
        });
        assert!(results.take(5).map(Result::unwrap).eq(2..7) && until_read.into_result().is_ok());
    });
}

#[test]
fn without_room_as_many_are_in_flight_as_with_it() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build().unwrap();
        let taken = Tally::default();
        let count = taken.clone();
        let mut results = pool.map_buffered((0..).inspect(move |_| count.add()), 4, |n| n);
        eventually(|| results.to_string().contains(": 4 finished") || pool.stats().queued == 0);
        let gate = Gate::closed();
        let held = pool.submit(gate.then(|| ()));
        gate.wait_for(1);
        let full = pool.submit(|| ());
        let ready = results.to_string().matches("finished").count();
        for n in 0..ready {
            assert_eq!((results.next().unwrap().unwrap(), taken.count()), (n, n + 5));
            assert!(results.to_string().contains(" 4 futures in flight"), "{results}");
        }
        gate.open();
        assert!(results.take(20).map(Result::unwrap).eq(ready..ready + 20));
        assert!(held.into_result().is_ok() && full.into_result().is_ok());
    });
}

/// Or else a reader who is slower than the workers would never be told.
#[test]
fn when_the_time_is_up_no_more_items_are_taken_though_there_is_always_a_result() {
    within(|| {
        let (executor, taken): (&dyn Executor, _) = (&Inline, Tally::default());
        for unordered in [false, true] {
            let count = taken.clone();
            let before = taken.count();
            let results = executor.map_buffered((0..).inspect(move |_| count.add()), 3, |n| n);
            let results = if unordered { results.unordered() } else { results };
            let mut results = results.timeout(Duration::ZERO);
            assert!(results.by_ref().take(3).map(|result| result.unwrap().unwrap()).eq(0..3));
            assert_eq!(
                results.next().unwrap().unwrap_err().to_string(),
                "0 (of 3) futures unfinished"
            );
            assert!(results.next().is_none());
            assert_eq!(taken.count() - before, 3);
        }
    });
}

#[test]
fn the_call_waits_for_room_for_the_first_and_no_other() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build().unwrap();
        let gate = Gate::closed();
        drop(pool.submit(gate.then(|| ())));
        gate.wait_for(1);
        let called = Instant::now();
        let mut results = pool.map_buffered(0..4, 3, |n| n).timeout(Duration::from_millis(20));
        assert!(called.elapsed() < Duration::from_secs(20));
        assert_eq!(pool.stats().queued, 1);
        assert_eq!(results.next().unwrap().unwrap_err().to_string(), "3 (of 3) futures unfinished");
        gate.open();
    });
}

#[test]
fn what_is_unfinished_is_counted_and_not_what_is_unread() {
    within(|| {
        let (pool, gate) = (pool(3), Gate::closed());
        let slow_first = || {
            let way = gate.way();
            move |n| {
                if n == 0 {
                    way.pass();
                }
            }
        };
        let results = pool.map(0..10, slow_first());
        eventually(|| results.to_string().contains(" 9 finished, 1 running"));
        let mut results = results.timeout(Duration::ZERO);
        assert_eq!(
            results.next().unwrap().unwrap_err().to_string(),
            "1 (of 10) futures unfinished"
        );

        let results = pool.map_buffered(0..10, 5, slow_first());
        eventually(|| results.to_string().contains(" 4 finished, 1 running"));
        let mut results = results.timeout(Duration::ZERO);
        assert_eq!(results.next().unwrap().unwrap_err().to_string(), "1 (of 5) futures unfinished");
    });
}

#[test]
fn what_waits_for_room_when_the_items_iterator_panics_still_runs() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build().unwrap();
        let gate = Gate::closed();
        drop(pool.submit(gate.then(|| ())));
        gate.wait_for(1);
        let items = (0..).inspect(|&n| assert!(n < 3, "no more items"));
        let mut results = pool.map_buffered(items, 5, |n| n);
        assert_eq!(pool.stats().queued, 1);
        gate.open();
        assert!(results.by_ref().take(3).map(Result::unwrap).eq(0..3));
        assert_eq!(panic_of(|| results.next()), "no more items");
    });
}

/// In both orders: or else a reader who stops at the first error would lose what was in flight.
#[test]
fn what_was_refused_comes_last() {
    within(|| {
        for unordered in [false, true] {
            let (pool, gate) = (pool(1), Gate::closed());
            let way = gate.way();
            let results = pool.map_buffered(0.., 3, move |n| {
                if n > 0 {
                    way.pass();
                }
                n
            });
            let mut results = if unordered { results.unordered() } else { results };
            gate.wait_for(1);
            pool.close(Shutdown::Drain);
            assert_eq!(results.next().unwrap().unwrap(), 0);
            gate.open();
            let rest: Vec<_> = results.map(words).collect();
            assert_eq!(rest, ["1", "2", "task cancelled by the shutdown of its pool"]);
        }
    });
}

/// As of an eager map: the value has been returned, whoever drops the function last.
#[test]
fn a_function_whose_drop_panics_costs_no_item_its_value() {
    within(|| {
        for _ in 0..20 {
            let (pool, captured) = (pool(1), PanicsWhenDropped);
            let results = pool.map_buffered(0..3, 2, move |n| {
                let _captured = &captured;
                n
            });
            assert!(results.map(Result::unwrap).eq(0..3));
        }
    });
}

/// As of an eager map: a scope minds panics of tasks that somebody submitted.
#[test]
fn items_that_nobody_reads_do_not_come_out_of_a_scope() {
    within(|| {
        let first_three = scope(1, |s| {
            let items = s.map_buffered(0.., 4, |n| {
                assert!(n < 3, "nobody reads this one");
                n
            });
            items.take(3).map(Result::unwrap).collect::<Vec<_>>()
        });
        assert_eq!(first_three.unwrap(), [0, 1, 2]);
    });
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
