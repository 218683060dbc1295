//! The shortest and the longest times.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Refusal, ReturnWhen, Shutdown, as_completed, first_success, task, wait};

use crate::support::{Gate, eventually, held_with_room_for, limit, pool, words};
use crate::told::{Log, heard_and_held, observed_by};

const NEXT_TO_NONE: [Duration; 2] = [Duration::ZERO, Duration::from_nanos(1)];

/// As long as a clock can tell, longer than it can, and on the way from one to the other.
fn long_times() -> impl Iterator<Item = Duration> {
    let secs = [1 << 31, 1 << 32, 1 << 62, i64::MAX as u64 - (1 << 32), 1 << 63, u64::MAX];
    secs.map(Duration::from_secs).into_iter().chain([Duration::MAX])
}

/// A stop token's wait is in `stopping`.
#[test]
fn next_to_no_time_is_no_time_to_every_timed_call() {
    let _limit = limit();
    for timeout in NEXT_TO_NONE {
        let (pool, gate) = held_with_room_for(2);
        let pending = pool.submit(|| 7);
        let mapped = pool.map([1, 2], |n| n);
        assert!(pending.result_timeout(timeout).is_err());
        assert_eq!(wait([&pending], Some(timeout), ReturnWhen::AllCompleted).not_done.len(), 1);
        assert!(as_completed([&pending]).timeout(timeout).next().unwrap().is_err());
        assert!(mapped.timeout(timeout).next().unwrap().is_err());
        let (_unrun, future) = task(|| 8);
        let error = first_success([future], Some(timeout), |_| true).unwrap_err();
        assert_eq!(error.timed_out().unwrap().unfinished(), 1);
        let _filling = [(); 2].map(|()| pool.try_submit_timeout(timeout, || ()).ok());
        let refused = pool.try_submit_timeout(timeout, || ()).unwrap_err();
        assert!(matches!(refused.why(), Refusal::Full));
        assert!(!pool.shutdown_timeout(Shutdown::Drain, timeout).unwrap().is_complete());
        gate.open();
    }
}

/// What each waits for is there already.
#[test]
fn a_long_time_is_accepted_by_every_timed_call() {
    let _limit = limit();
    for timeout in long_times() {
        let builder =
            observed_by(Log::default()).max_workers(1).queue_capacity(1).keep_alive(timeout);
        let pool = builder.build().unwrap();
        let future = pool.try_submit_timeout(timeout, || 7).unwrap();
        assert_eq!(future.result_timeout(timeout).unwrap().unwrap(), &7);
        assert_eq!(wait([&future], Some(timeout), ReturnWhen::AllCompleted).done.len(), 1);
        assert_eq!(as_completed([&future]).timeout(timeout).flatten().count(), 1);
        let mapped = pool.map([1, 2], |n| n).timeout(timeout);
        assert_eq!(mapped.flatten().flatten().sum::<u32>(), 3);
        assert_eq!(first_success([future], Some(timeout), |_| true).unwrap(), 7);
        eventually(|| pool.stats().idle == 1);
        assert!(pool.shutdown_timeout(Shutdown::Drain, timeout).unwrap().is_complete());
    }
}

/// What each waits for comes when all of them sleep.
#[test]
fn a_long_time_means_for_ever_to_every_timed_call() {
    let _limit = limit();
    for timeout in long_times() {
        let (log, gate) = (Log::default(), Gate::closed());
        let pool = observed_by(log.clone()).max_workers(1).queue_capacity(2).build().unwrap();
        drop(pool.submit(gate.then(|| ())));
        gate.wait_for(1);
        let pending = pool.submit(|| 7);
        let mapped = pool.map([1, 2], |n| n).timeout(timeout);
        thread::scope(|threads| {
            let reading = threads.spawn(|| words(pending.result_timeout(timeout).unwrap()));
            let waiting = threads
                .spawn(|| wait([&pending], Some(timeout), ReturnWhen::AllCompleted).done.len());
            let iterating =
                threads.spawn(|| as_completed([&pending]).timeout(timeout).flatten().count());
            let submitting = threads.spawn(|| pool.try_submit_timeout(timeout, || 8).unwrap());
            let summing = threads.spawn(|| mapped.flatten().flatten().sum::<u32>());
            log.wait_for_asleep(5);
            gate.open();
            assert_eq!(reading.join().unwrap(), "7");
            assert_eq!((waiting.join().unwrap(), iterating.join().unwrap()), (1, 1));
            assert_eq!(submitting.join().unwrap().into_result().unwrap(), 8);
            assert_eq!(summing.join().unwrap(), 3);
        });
        let (pool, gate, log) = heard_and_held();
        thread::scope(|threads| {
            let closing = threads.spawn(|| pool.shutdown_timeout(Shutdown::Drain, timeout));
            log.wait_for_asleep(1);
            gate.open();
            assert!(closing.join().unwrap().unwrap().is_complete());
        });
    }
}

#[test]
fn a_long_time_means_for_ever_to_a_stop_token() {
    let _limit = limit();
    let pool = pool(1);
    for timeout in long_times() {
        let (tell, began) = mpsc::channel();
        let future = pool.submit_stoppable(move |stop| {
            tell.send(()).unwrap();
            stop.wait_timeout(timeout)
        });
        began.recv().unwrap();
        // No observer hears a wait for a request. Too short a sleep lets a wrong token pass.
        thread::sleep(Duration::from_millis(2));
        assert!(future.request_stop());
        assert!(future.into_result().unwrap());
    }
}

/// The best of ten is late by less than twice its length and fifty milliseconds.
#[test]
fn a_timed_wait_is_not_much_too_late() {
    const LENGTH: Duration = Duration::from_millis(5);
    let _limit = limit();
    let (pool, gate) = (pool(1), Gate::closed());
    let running = pool.submit(gate.then(|| ()));
    let best = (0..10).map(|_| {
        let began = Instant::now();
        assert!(running.result_timeout(LENGTH).is_err());
        began.elapsed()
    });
    let best = best.min().unwrap();
    assert!((LENGTH..3 * LENGTH + Duration::from_millis(50)).contains(&best), "{best:?}");
}
