//! Futures in the order in which they end.

use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Future, Task, as_completed, task};

use crate::support::{Gate, LONG, Tally, held_pool, panic_of, pool, within, words};

fn three() -> ([Task; 3], [Future<u8>; 3]) {
    let [(t1, f1), (t2, f2), (t3, f3)] = [1, 2, 3].map(|n| task(move || n));
    ([t1, t2, t3], [f1, f2, f3])
}

/// ASC-01, ASC-13.
#[test]
fn each_future_is_handed_over_once_whatever_it_came_to() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures = [
            pool.submit(|| 1),
            pool.submit(|| panic!("boom")),
            pool.submit(|| 3),
            pool.submit(|| 4),
        ];
        assert!(futures[3].cancel());
        let ended = as_completed(&futures);
        assert_eq!(ended.len(), 4);
        gate.open();
        let ended: Vec<_> = ended.map(|future| words(future.result())).collect();
        assert_eq!(ended, ["task cancelled by the caller", "1", "task panicked: boom", "3"]);
    });
}

/// ASC-02.
#[test]
fn they_come_in_the_order_in_which_they_end() {
    within(|| {
        let ([t1, t2, t3], futures) = three();
        let ended = as_completed(&futures);
        for task in [t3, t1, t2] {
            task.run();
        }
        assert!(ended.map(|future| *future.result().unwrap()).eq([3, 1, 2]));
    });
}

#[test]
fn each_comes_as_soon_as_it_ends() {
    within(|| {
        let pool = pool(3);
        let gates = [(); 3].map(|()| Gate::closed());
        let futures: Vec<_> =
            gates.iter().zip(1..).map(|(gate, n)| pool.submit(gate.then(move || n))).collect();
        let mut ended = as_completed(&futures);
        for n in [3, 1, 2] {
            gates[n - 1].open();
            assert_eq!(ended.next().unwrap().result().unwrap(), &n);
        }
        assert!(ended.next().is_none());
    });
}

#[test]
fn those_that_had_ended_before_come_first_in_the_order_given() {
    within(|| {
        let ([t1, t2, t3], futures) = three();
        t3.run();
        t2.run();
        let ended = as_completed(&futures);
        t1.run();
        assert!(ended.map(|future| *future.result().unwrap()).eq([2, 3, 1]));
    });
}

#[test]
fn a_key_may_stand_beside_each() {
    within(|| {
        let ([t1, t2, t3], futures) = three();
        for task in [t2, t3, t1] {
            task.run();
        }
        let by_key = as_completed(["one", "two", "three"].into_iter().zip(&futures));
        assert!(by_key.map(|(key, future)| (key, *future.result().unwrap())).eq([
            ("one", 1),
            ("two", 2),
            ("three", 3)
        ]));
        let owned = as_completed((10..).zip(futures));
        assert!(owned.map(|(key, future)| key + future.into_result().unwrap()).eq([11, 13, 15]));
    });
}

#[test]
fn futures_may_be_owned_borrowed_boxed_or_shared() {
    within(|| {
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
        assert_eq!(
            as_completed(finished().map(|future| Rc::new((7, Box::new(future))))).count(),
            3
        );
    });
}

/// A future that is given twice is two entries: see the head of this suite.
#[test]
fn a_future_that_is_given_twice_is_handed_over_twice() {
    within(|| {
        let (task, future) = task(|| 7);
        let ended = as_completed([("done", &future), ("done", &future), ("or", &future)]);
        task.run();
        assert!(ended.map(|(key, _)| key).eq(["done", "done", "or"]));
    });
}

#[test]
fn futures_of_several_executors_may_be_mixed() {
    within(|| {
        let (one, other) = (pool(1), pool(1));
        let (task, by_hand) = task(|| 3);
        let futures = [one.submit(|| 1), other.submit(|| 2), by_hand];
        let mut ended = as_completed(futures);
        let first_two =
            [ended.next(), ended.next()].map(|future| future.unwrap().into_result().unwrap());
        assert_eq!(first_two[0] + first_two[1], 3);
        task.run();
        assert_eq!(ended.next().unwrap().into_result().unwrap(), 3);
    });
}

/// Python waits for ever.
#[test]
fn a_task_that_waits_for_itself_is_told_so_when_nothing_else_is_left() {
    within(|| {
        let pool = pool(1);
        let (give, take) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let myself = pool.submit(move || {
            let both: [Future<()>; 2] = take.recv().unwrap();
            let mut ended = as_completed(&both);
            tell.send((ended.next().unwrap().done(), panic_of(|| ended.next()))).unwrap();
        });
        let place = myself.submitted_at();
        let (task, other) = task(|| ());
        give.send([myself, other]).unwrap();
        task.run();
        let text = format!("deadlock: task submitted at {place} waits for itself");
        assert_eq!(told.recv().unwrap(), (true, text));
    });
}

/// ASC-08.
#[test]
fn of_nothing_there_is_nothing_to_come() {
    within(|| {
        assert!(as_completed::<Future<u8>>([]).next().is_none());
        assert!(as_completed::<Future<u8>>([]).timeout(LONG).next().is_none());
    });
}

/// ASC-04, ASC-05.
#[test]
fn with_no_time_it_hands_over_what_has_ended_and_counts_the_rest() {
    within(|| {
        let ([t1, _t2, _t3], futures) = three();
        t1.run();
        let mut ended = as_completed(&futures).timeout(Duration::ZERO);
        assert_eq!(ended.next().unwrap().unwrap().result().unwrap(), &1);
        let timed_out = ended.next().unwrap().unwrap_err();
        assert_eq!(
            (timed_out.unfinished(), timed_out.to_string()),
            (2, "2 (of 3) futures unfinished".into())
        );
        assert!(ended.next().is_none() && ended.next().is_none());
        assert!(futures.iter().filter(|future| future.done()).count() == 1);
    });
}

#[test]
fn a_timeout_counts_from_the_call_and_does_not_come_early() {
    within(|| {
        let (_task, future) = task(|| 7);
        let timeout = Duration::from_millis(500);
        let called = Instant::now();
        let at_once = as_completed([&future]).timeout(Duration::from_millis(20)).next().unwrap();
        assert!(at_once.is_err() && called.elapsed() >= Duration::from_millis(20));

        let ended = as_completed([&future]);
        thread::sleep(timeout);
        let asked = Instant::now();
        assert!(ended.timeout(timeout).next().unwrap().is_err());
        assert!(asked.elapsed() < timeout);
    });
}

/// ASC-09.
#[test]
fn dropping_the_iterator_harms_no_future() {
    within(|| {
        let ([t1, t2, t3], futures) = three();
        let mut ended = as_completed(&futures);
        t1.run();
        assert!(ended.next().is_some());
        drop(ended);
        t2.run();
        let again = as_completed(&futures);
        t3.run();
        assert!(again.map(|future| *future.result().unwrap()).eq([1, 2, 3]));
    });
}

#[test]
fn debug_says_how_far_it_is() {
    within(|| {
        let ([t1, ..], futures) = three();
        t1.run();
        let mut ended = as_completed(&futures);
        let _first = ended.next();
        assert_eq!(format!("{ended:?}"), "AsCompleted { left: 2, of: 3 }");
    });
}

/// RAC-04.
#[test]
fn ten_thousand_futures_of_several_pools_all_come() {
    within(|| {
        let pools = [pool(2), pool(3)];
        let runs = Tally::default();
        let futures: Vec<_> = (0..10_000)
            .map(|n| {
                let runs = runs.clone();
                pools[n % 2].submit(move || {
                    runs.add();
                    n
                })
            })
            .collect();
        let mut seen: Vec<_> =
            as_completed(futures).map(|future| future.into_result().unwrap()).collect();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..10_000));
        assert_eq!(runs.count(), 10_000);
    });
}

#[test]
fn it_may_grow_while_it_is_iterated() {
    within(|| {
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
    });
}

#[test]
fn it_may_grow_when_it_has_come_to_its_end() {
    within(|| {
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
    });
}

/// Or else whoever goes on adding such would never come to the others.
#[test]
fn one_that_had_ended_when_it_was_added_comes_behind_those_whose_ends_are_known() {
    within(|| {
        let ([first, second, third], [f1, f2, f3]) = three();
        let mut ended = as_completed([&f1, &f2]);
        second.run();
        third.run();
        ended.push(&f3);
        first.run();
        let order: Vec<u8> = ended.map(|future| *future.result().unwrap()).collect();
        assert_eq!(order, [2, 3, 1]);
    });
}

#[test]
fn the_next_one_can_be_asked_for_with_a_timeout_again_and_again() {
    within(|| {
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
    });
}

#[test]
fn one_with_a_timeout_may_grow_and_gives_back_what_is_left() {
    within(|| {
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
    });
}
