//! TIM: time.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Refusal, ReturnWhen, Shutdown, ThreadPoolExecutor, as_completed, wait};

use crate::common::{HUGE, held_with_room_for};
use crate::support::{Gate, eventually, held_pool, let_others_block, pool, within, words};

#[test]
fn tim_01_next_to_no_time_is_no_time_to_every_timed_call() {
    within(|| {
        for timeout in [Duration::ZERO, Duration::from_nanos(1)] {
            let (pool, gate) = held_with_room_for(2);
            let pending = pool.submit(|| 7);
            let mapped = pool.map([1, 2], |n| n);
            assert!(pending.result_timeout(timeout).is_err());
            assert_eq!(wait([&pending], Some(timeout), ReturnWhen::AllCompleted).not_done.len(), 1);
            assert!(as_completed([&pending]).timeout(timeout).next().unwrap().is_err());
            assert!(mapped.timeout(timeout).next().unwrap().is_err());
            let _filling = [(); 2].map(|()| pool.try_submit_timeout(timeout, || ()).ok());
            let refused = pool.try_submit_timeout(timeout, || ()).unwrap_err();
            assert!(matches!(refused.why(), Refusal::Full));
            assert!(!pool.shutdown_timeout(Shutdown::Drain, timeout).unwrap().is_complete());
            gate.open();
        }
    });
}

#[test]
fn tim_01_next_to_no_time_is_no_time_to_a_stop_token() {
    within(|| {
        let pool = pool(1);
        let future = pool.submit_stoppable(|stop| {
            [Duration::ZERO, Duration::from_nanos(1)].map(|timeout| stop.wait_timeout(timeout))
        });
        assert_eq!(future.into_result().unwrap(), [false; 2]);
    });
}

/// What is waited for is there already.
#[test]
fn tim_01_the_longest_time_is_accepted_by_every_timed_call() {
    within(|| {
        for timeout in HUGE {
            let pool =
                ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).keep_alive(timeout);
            let pool = pool.build().unwrap();
            let future = pool.try_submit_timeout(timeout, || 7).unwrap();
            assert_eq!(future.result_timeout(timeout).unwrap().unwrap(), &7);
            assert_eq!(wait([&future], Some(timeout), ReturnWhen::AllCompleted).done.len(), 1);
            assert_eq!(as_completed([&future]).timeout(timeout).flatten().count(), 1);
            assert_eq!(
                pool.map([1, 2], |n| n).timeout(timeout).flatten().flatten().sum::<u32>(),
                3
            );
            eventually(|| pool.stats().idle == 1);
            assert!(pool.shutdown_timeout(Shutdown::Drain, timeout).unwrap().is_complete());
        }
    });
}

/// What is waited for comes later.
#[test]
fn tim_01_the_longest_time_means_for_ever() {
    within(|| {
        for timeout in HUGE {
            let (pool, gate) = held_with_room_for(1);
            let pending = pool.submit(|| 7);
            thread::scope(|threads| {
                let reading = threads.spawn(|| words(pending.result_timeout(timeout).unwrap()));
                let waiting = threads
                    .spawn(|| wait([&pending], Some(timeout), ReturnWhen::AllCompleted).done.len());
                let iterating =
                    threads.spawn(|| as_completed([&pending]).timeout(timeout).flatten().count());
                let submitting = threads.spawn(|| pool.try_submit_timeout(timeout, || 8).unwrap());
                let_others_block();
                gate.open();
                assert_eq!(reading.join().unwrap(), "7");
                assert_eq!((waiting.join().unwrap(), iterating.join().unwrap()), (1, 1));
                assert_eq!(submitting.join().unwrap().into_result().unwrap(), 8);
            });
        }
    });
}

#[test]
fn tim_01_the_longest_time_means_for_ever_to_a_map_and_to_a_closing() {
    within(|| {
        for timeout in HUGE {
            let (pool, gate) = held_pool();
            let mapped = pool.map([1, 2], |n| n).timeout(timeout);
            thread::scope(|threads| {
                let summing = threads.spawn(|| mapped.flatten().flatten().sum::<u32>());
                let closing = threads.spawn(|| pool.shutdown_timeout(Shutdown::Drain, timeout));
                let_others_block();
                gate.open();
                assert_eq!(summing.join().unwrap(), 3);
                assert!(closing.join().unwrap().unwrap().is_complete());
            });
        }
    });
}

#[test]
fn tim_01_the_longest_time_means_for_ever_to_a_stop_token() {
    within(|| {
        let pool = pool(1);
        for timeout in HUGE {
            let (tell, began) = mpsc::channel();
            let future = pool.submit_stoppable(move |stop| {
                tell.send(()).unwrap();
                stop.wait_timeout(timeout)
            });
            began.recv().unwrap();
            let_others_block();
            assert!(!future.done() && future.request_stop());
            assert!(future.into_result().unwrap());
        }
    });
}

/// The best of ten is late by less than twice its length and fifty milliseconds; the rest is the
/// machine's affair.
#[test]
fn tim_06_a_timed_wait_is_not_much_too_late() {
    const LENGTH: Duration = Duration::from_millis(5);
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let running = pool.submit(gate.then(|| ()));
        let best = (0..10).map(|_| {
            let began = Instant::now();
            assert!(running.result_timeout(LENGTH).is_err());
            began.elapsed()
        });
        let best = best.min().unwrap();
        assert!((LENGTH..3 * LENGTH + Duration::from_millis(50)).contains(&best), "{best:?}");
    });
}
