//! Waiting until enough have ended, and taking it back.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{DoneAndNotDone, Future, ReturnWhen, as_completed, task, wait};

use crate::support::{Gate, LONG, held_pool, let_others_block, panic_of, pool, within, words};

use ReturnWhen::{AllCompleted, FirstCompleted, FirstFailure};

/// Both parts of the split, by the places of the futures in what was given.
fn places<T>(split: &DoneAndNotDone<(usize, &Future<T>)>) -> (Vec<usize>, Vec<usize>) {
    let places = |part: &[(usize, &Future<T>)]| part.iter().map(|(place, _)| *place).collect();
    (places(&split.done), places(&split.not_done))
}

/// WAI-02.
#[test]
fn for_the_first_it_waits_until_one_has_ended() {
    within(|| {
        let (pool, gate, never) = (pool(3), Gate::closed(), Gate::closed());
        let futures = [
            pool.submit(never.then(|| 0)),
            pool.submit(gate.then(|| 1)),
            pool.submit(never.then(|| 2)),
        ];
        thread::scope(|scope| {
            let waiting = scope.spawn(|| places(&wait((0..).zip(&futures), None, FirstCompleted)));
            let_others_block();
            assert!(!waiting.is_finished());
            gate.open();
            assert_eq!(waiting.join().unwrap(), (vec![1], vec![0, 2]));
        });
    });
}

/// WAI-03.
#[test]
fn for_the_first_it_returns_at_once_all_that_have_ended() {
    within(|| {
        let [(t0, f0), (_t1, f1), (t2, f2)] = [(); 3].map(|()| task(|| ()));
        t0.run();
        t2.run();
        let split = wait((0..).zip([&f0, &f1, &f2]), None, FirstCompleted);
        assert_eq!(places(&split), (vec![0, 2], vec![1]));
    });
}

/// WAI-04: both when it fails during the wait and when it had failed before.
#[test]
fn for_the_first_failure_it_waits_past_those_that_succeed() {
    within(|| {
        let (pool, gate, never) = (pool(2), Gate::closed(), Gate::closed());
        let futures = [
            pool.submit(|| 0),
            pool.submit(never.then(|| 1)),
            pool.submit(gate.then(|| panic!("boom"))),
        ];
        thread::scope(|scope| {
            let waiting = scope.spawn(|| places(&wait((0..).zip(&futures), None, FirstFailure)));
            assert_eq!(futures[0].result().unwrap(), &0);
            let_others_block();
            assert!(!waiting.is_finished());
            gate.open();
            assert_eq!(waiting.join().unwrap(), (vec![0, 2], vec![1]));
        });
        assert_eq!(places(&wait((0..).zip(&futures), None, FirstFailure)), (vec![0, 2], vec![1]));
    });
}

/// WAI-06.
#[test]
fn being_cancelled_or_returning_an_err_is_no_failure() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures =
            [pool.submit(|| Ok(0)), pool.submit(|| Err("returned")), pool.submit(|| Ok(2))];
        assert!(futures[0].cancel());
        thread::scope(|scope| {
            let waiting = scope.spawn(|| wait(&futures, None, FirstFailure).done.len());
            let_others_block();
            assert!(!waiting.is_finished());
            gate.open();
            assert_eq!(waiting.join().unwrap(), 3);
        });
    });
}

/// WAI-07.
#[test]
fn for_all_it_returns_values_panics_and_cancellations_in_the_order_given() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures = [pool.submit(|| 1), pool.submit(|| panic!("boom")), pool.submit(|| 3)];
        assert!(futures[2].cancel());
        gate.open();
        let DoneAndNotDone { done, not_done } = wait(futures, None, AllCompleted);
        assert!(not_done.is_empty());
        let ends: Vec<_> = done.into_iter().map(|future| words(future.into_result())).collect();
        assert_eq!(ends, ["1", "task panicked: boom", "task cancelled by the caller"]);
    });
}

/// cpython#92001: CPython's never returns from this.
#[test]
fn what_was_cancelled_before_the_call_is_not_waited_for() {
    within(|| {
        for return_when in [AllCompleted, FirstCompleted, FirstFailure] {
            let (_task, future) = task(|| ());
            assert!(future.cancel());
            assert_eq!(wait([&future], None, return_when).done.len(), 1);
        }
    });
}

/// WAI-08.
#[test]
fn that_the_time_is_up_is_no_error() {
    within(|| {
        let [(t0, f0), (_t1, f1)] = [(); 2].map(|()| task(|| ()));
        t0.run();
        for timeout in [Duration::ZERO, Duration::from_millis(20)] {
            let began = Instant::now();
            let split = wait((0..).zip([&f0, &f1]), Some(timeout), AllCompleted);
            assert_eq!(places(&split), (vec![0], vec![1]));
            assert!(began.elapsed() >= timeout);
        }
    });
}

#[test]
fn a_timeout_may_be_of_any_length() {
    within(|| {
        for timeout in [LONG, Duration::from_secs(1 << 62), Duration::MAX] {
            let (task, future) = task(|| ());
            let waiting =
                thread::spawn(move || wait([future], Some(timeout), AllCompleted).done.len());
            thread::yield_now();
            task.run();
            assert_eq!(waiting.join().unwrap(), 1);
        }
    });
}

/// WAI-09.
#[test]
fn for_nothing_it_does_not_wait() {
    within(|| {
        for return_when in [AllCompleted, FirstCompleted, FirstFailure] {
            let split = wait::<Future<u8>>([], None, return_when);
            assert!(split.done.is_empty() && split.not_done.is_empty());
        }
    });
}

/// WAI-01.
#[test]
fn a_future_that_is_given_twice_does_not_confuse_it() {
    within(|| {
        let (task, future) = task(|| ());
        let runs = thread::spawn(|| task.run());
        let split = wait([&future, &future], None, AllCompleted);
        assert_eq!((split.done.len(), split.not_done.len()), (2, 0));
        runs.join().unwrap();
    });
}

/// WAI-14.
#[test]
fn futures_of_several_pools_may_be_mixed() {
    within(|| {
        let pools = [pool(1), pool(2)];
        let futures: Vec<_> = (0..10).map(|n| pools[n % 2].submit(move || n)).collect();
        let values: Vec<_> = wait(futures, None, AllCompleted)
            .done
            .into_iter()
            .map(|it| it.into_result().unwrap())
            .collect();
        assert!(values.into_iter().eq(0..10));
    });
}

#[test]
fn those_given_by_value_come_back_and_go_on() {
    within(|| {
        let (pool, gate) = held_pool();
        let pending = pool.submit(|| 7);
        let mut split = wait([pending], Some(Duration::ZERO), FirstCompleted);
        gate.open();
        assert_eq!(split.not_done.remove(0).into_result().unwrap(), 7);
    });
}

/// A wait that timed out, an iterator that was dropped: in a process of its own, where nobody
/// else's memory is counted.
#[cfg(target_os = "linux")]
#[test]
fn waits_that_are_over_leave_nothing_behind() {
    crate::support::alone(|| {
        let (_task, future) = task(|| ());
        let poll = || {
            assert!(wait([&future], Some(Duration::ZERO), FirstCompleted).done.is_empty());
            assert!(as_completed([&future]).timeout(Duration::ZERO).next().unwrap().is_err());
            drop(as_completed([&future]));
            assert!(future.result_timeout(Duration::ZERO).is_err());
        };
        let grown = crate::support::kib_grown(poll);
        assert!(grown < 4096, "{grown} KiB");
    });
}

#[test]
fn a_task_that_waits_for_itself_is_told_so_when_nothing_else_is_left() {
    within(|| {
        let (pool, gate) = (pool(2), Gate::closed());
        let (give, take) = mpsc::channel::<[Future<String>; 2]>();
        let (tell, told) = mpsc::channel();
        let myself = pool.submit(move || {
            let both = take.recv().unwrap();
            tell.send(wait(&both, None, FirstCompleted).done.len()).unwrap();
            assert_eq!(wait(&both, Some(Duration::ZERO), AllCompleted).not_done.len(), 1);
            tell.send(usize::from(
                panic_of(|| wait(&both, None, AllCompleted)).ends_with(" waits for itself"),
            ))
            .unwrap();
            String::new()
        });
        give.send([myself, pool.submit(gate.then(String::new))]).unwrap();
        let_others_block();
        gate.open();
        assert_eq!(told.iter().collect::<Vec<_>>(), [1, 1]);
    });
}
