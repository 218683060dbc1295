//! Waiting until enough have ended, and taking it back.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::ReturnWhen::{self, AllCompleted, FirstCompleted, FirstFailure};
use glasspool::{DoneAndNotDone, Future, Shutdown, TaskError, ThreadPoolExecutor, task, wait};

use crate::support::{
    Gate, LONG, about_to_break, held_pool, limit, panic_of, pool, while_futures_trickle, words,
};
use crate::told::{Log, heard, heard_and_about_to_break, heard_and_held};

const EVERY: [ReturnWhen; 3] = [FirstCompleted, FirstFailure, AllCompleted];

/// Both parts of the split, by the places of the futures in the array.
fn places<'a, T: 'a>(
    split: &DoneAndNotDone<&'a Future<T>>,
    of: impl IntoIterator<Item = &'a Future<T>>,
) -> (Vec<usize>, Vec<usize>) {
    let all: Vec<_> = of.into_iter().collect();
    let place = |future: &&Future<T>| all.iter().position(|it| std::ptr::eq(*it, *future)).unwrap();
    (split.done.iter().map(place).collect(), split.not_done.iter().map(place).collect())
}

/// Three futures, each behind a gate of its own.
fn three(pool: &ThreadPoolExecutor, works: [fn() -> i32; 3]) -> ([Gate; 3], [Future<i32>; 3]) {
    let gates = [(); 3].map(|()| Gate::closed());
    let mut gate = gates.iter();
    let futures = works.map(|work| pool.submit(gate.next().unwrap().then(work)));
    (gates, futures)
}

#[test]
fn a_wait_for_the_first_end_returns_when_one_has_ended() {
    let _limit = limit();
    let (pool, log) = heard(3);
    let (gates, futures) = three(&pool, [|| 1, || 2, || 3]);
    let first = |timeout| places(&wait(&futures, timeout, FirstCompleted), &futures);
    thread::scope(|threads| {
        let waiting = threads.spawn(|| first(None));
        log.wait_for_asleep(1);
        gates[1].open();
        assert_eq!(waiting.join().unwrap(), (vec![1], vec![0, 2]));
    });
    assert_eq!(first(None), (vec![1], vec![0, 2]), "it is done already");
    let others = [&futures[0], &futures[2]];
    assert!(wait(others, Some(Duration::from_millis(2)), FirstCompleted).done.is_empty());
    gates[0].open();
    assert_eq!(places(&wait(others, None, FirstCompleted), others), (vec![0], vec![1]));
}

#[test]
fn a_wait_for_the_first_end_returns_at_once_all_that_have_ended() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    let (pending, cancelled) = (pool.submit(|| 1), pool.submit(|| 2));
    cancelled.cancel();
    let [(t3, returned), (t4, panicked)] = [task(|| 3), task(|| -> i32 { panic!("boom") })];
    t3.run();
    t4.run();
    let all = [&panicked, &pending, &returned, &cancelled];
    let split = wait(all, Some(LONG), FirstCompleted);
    assert_eq!((places(&split, all), log.sleeps()), ((vec![0, 2, 3], vec![1]), 0));
    gate.open();
}

/// Both when it fails during the wait and when it had failed before.
#[test]
fn a_wait_for_the_first_failure_goes_past_those_that_succeed() {
    let _limit = limit();
    let (pool, log) = heard(3);
    let (gates, futures) = three(&pool, [|| 0, || 1, || panic!("boom")]);
    let first = || places(&wait(&futures, None, FirstFailure), &futures);
    thread::scope(|threads| {
        let waiting = threads.spawn(first);
        log.wait_for_asleep(1);
        gates[0].open();
        assert_eq!(futures[0].result().unwrap(), &0);
        gates[2].open();
        assert_eq!(waiting.join().unwrap(), (vec![0, 2], vec![1]));
    });
    assert_eq!(first(), (vec![0, 2], vec![1]), "it has failed already");
}

#[test]
fn a_task_that_was_lost_with_its_worker_has_failed() {
    let _limit = limit();
    let ((pool, _gate), (breaking, breaks)) = (held_pool(), about_to_break());
    let (pending, lost) = (pool.submit(|| 1), breaking.submit(|| 2));
    breaks.open();
    let both = [&pending, &lost];
    assert_eq!(places(&wait(both, None, FirstFailure), both), (vec![1], vec![0]));
    assert!(matches!(lost.into_result(), Err(TaskError::Lost(_))));
}

#[test]
fn a_task_that_is_cancelled_or_returns_an_error_has_not_failed() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    let futures = [Ok(0), Err("returned"), Ok(2)].map(|it| pool.submit(move || it));
    assert!(futures[0].cancel());
    thread::scope(|threads| {
        let waiting = threads.spawn(|| wait(&futures, None, FirstFailure).done.len());
        log.wait_for_asleep(1);
        gate.open();
        assert_eq!(waiting.join().unwrap(), 3);
    });
    let (run, returns_an_error) = task(|| Err("no such flag"));
    run.run();
    let (_unrun, pending) = task(|| Ok(1));
    let both = [&pending, &returns_an_error];
    assert_eq!(wait(both, Some(Duration::from_millis(2)), FirstFailure).not_done.len(), 1);
}

#[test]
fn a_wait_for_all_returns_values_panics_and_cancellations_in_the_order_given() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    let futures = [
        pool.submit(|| 1),
        pool.submit(|| -> i32 { panic!("boom") }),
        pool.submit(|| 3),
        pool.submit(|| -> i32 { panic!("bang") }),
    ];
    futures[2].cancel();
    let split = thread::scope(|threads| {
        let waiting = threads.spawn(|| wait(futures, None, AllCompleted));
        log.wait_for_asleep(1);
        gate.open();
        waiting.join().unwrap()
    });
    assert!(split.not_done.is_empty());
    let told: Vec<_> = split.done.into_iter().map(|it| words(it.into_result())).collect();
    let panics = ["task panicked: boom", "task panicked: bang"];
    assert_eq!(told, ["1", panics[0], "task cancelled by the caller", panics[1]]);
}

#[test]
fn a_timeout_is_no_error_and_never_comes_early() {
    let _limit = limit();
    let (pool, gate) = (pool(1), Gate::closed());
    let running = pool.submit(gate.then(|| 1));
    gate.wait_for(1);
    let pending = pool.submit(|| 2);
    let (run, done) = task(|| 3);
    run.run();
    let (all, undone) = ([&running, &done, &pending], [&running, &pending]);
    for nanos in [0, 1, 999_999, 1_000_001, 4_000_000] {
        let timeout = Duration::from_nanos(nanos);
        let began = Instant::now();
        assert_eq!(places(&wait(all, Some(timeout), AllCompleted), all), (vec![1], vec![0, 2]));
        assert!(began.elapsed() >= timeout);
        let split = wait(undone, Some(timeout), FirstCompleted);
        assert_eq!(places(&split, undone), (vec![], vec![0, 1]));
    }
    gate.open();
    assert_eq!(wait(all, Some(LONG), AllCompleted).done.len(), 3);
}

/// An end gives no more of it.
#[test]
fn the_time_of_a_wait_is_one_for_all() {
    let _limit = limit();
    let split = while_futures_trickle(|futures| {
        wait(futures, Some(Duration::from_millis(200)), AllCompleted)
    });
    assert!(!split.not_done.is_empty());
}

#[test]
fn futures_that_are_given_away_come_back_and_go_on() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let (run, done) = task(|| 0);
    run.run();
    let futures = vec![pool.submit(|| 1), done, pool.submit(|| 2)];
    let split = wait(futures, Some(Duration::from_millis(1)), AllCompleted);
    gate.open();
    let split = wait(split.not_done, None, AllCompleted);
    assert!(split.done.into_iter().map(|future| future.into_result().unwrap()).eq([1, 2]));
}

#[test]
fn a_wait_for_nothing_returns_at_once() {
    let _limit = limit();
    for when in EVERY {
        for timeout in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
            let split = wait::<Future<()>>([], timeout, when);
            assert!(split.done.is_empty() && split.not_done.is_empty());
        }
    }
}

/// Other than in Python it is two entries, as each may have a key of its own.
#[test]
fn a_future_that_is_given_twice_is_waited_for_and_counted_twice() {
    let _limit = limit();
    let (task, future) = task(|| 7);
    let twice = [&future; 2];
    assert_eq!(wait(twice, Some(Duration::ZERO), AllCompleted).not_done.len(), 2);
    let runs = thread::spawn(|| task.run());
    let split = wait(twice, None, AllCompleted);
    assert_eq!((split.done.len(), split.not_done.len()), (2, 0));
    runs.join().unwrap();
    let keyed = wait([("a", &future), ("b", &future)], None, FirstCompleted);
    assert_eq!(keyed.done.iter().map(|(key, _)| *key).collect::<String>(), "ab");
}

#[test]
fn futures_of_several_pools_and_of_none_are_waited_for_together() {
    let _limit = limit();
    let (one, two) = (heard(1), pool(2));
    let gates = [Gate::closed(), Gate::closed()];
    let (task, own) = task(|| 3);
    let futures = [one.0.submit(gates[0].then(|| 1)), two.submit(gates[1].then(|| 2)), own];
    let first = |timeout| places(&wait(&futures, timeout, FirstCompleted), &futures);
    assert_eq!(first(Some(Duration::ZERO)), (vec![], vec![0, 1, 2]));
    gates[1].open();
    assert_eq!(first(None), (vec![1], vec![0, 2]));
    thread::scope(|threads| {
        let waiting = threads.spawn(|| wait(&futures, None, AllCompleted).done.len());
        one.1.wait_for_asleep(1);
        gates[0].open();
        task.run();
        assert_eq!(waiting.join().unwrap(), 3);
    });
}

#[test]
fn a_wait_in_progress_ends_when_the_pool_cancels_or_breaks() {
    type Make = fn() -> (ThreadPoolExecutor, Gate, Log);
    type End = fn(&ThreadPoolExecutor, &Gate);
    // Being cancelled is no failure, and being lost is one.
    let ends: [(Make, End, [usize; 3]); 3] = [
        (heard_and_held, |pool, _| pool.close(Shutdown::CancelPending), [1, 3, 3]),
        (heard_and_held, |pool, _| pool.close(Shutdown::Stop), [1, 3, 3]),
        (heard_and_about_to_break, |_, gate| gate.open(), [1, 1, 3]),
    ];
    let _limit = limit();
    for (make, end, at_least) in ends {
        let (pool, gate, log) = make();
        let futures = [1, 2, 3].map(|n| pool.submit(move || n));
        thread::scope(|threads| {
            let futures = &futures;
            let waiting = EVERY
                .map(|when| threads.spawn(move || (when, wait(futures, None, when).done.len())));
            log.wait_for_asleep(EVERY.len());
            end(&pool, &gate);
            for (thread, at_least) in waiting.into_iter().zip(at_least) {
                let (when, done) = thread.join().unwrap();
                assert!(done >= at_least, "{when:?}: {done}");
            }
        });
        wait(&futures, None, AllCompleted);
        assert!(futures.iter().all(|future| future.result().is_err()));
        gate.open();
    }
}

#[test]
fn a_task_that_waits_for_all_with_itself_among_them_is_told_so_when_nothing_else_is_left() {
    let _limit = limit();
    let (pool, gate) = (pool(2), Gate::closed());
    let (give, take) = mpsc::channel::<[Future<String>; 2]>();
    let (tell, told) = mpsc::channel();
    let myself = pool.submit(move || {
        let both = take.recv().unwrap();
        tell.send(wait(&both, None, FirstCompleted).done.len()).unwrap();
        assert_eq!(wait(&both, Some(Duration::ZERO), AllCompleted).not_done.len(), 1);
        let text = panic_of(|| wait(&both, None, AllCompleted));
        tell.send(usize::from(text.ends_with(" waits for itself"))).unwrap();
        String::new()
    });
    give.send([myself, pool.submit(gate.then(String::new))]).unwrap();
    gate.open();
    assert_eq!(told.iter().collect::<Vec<_>>(), [1, 1]);
}
