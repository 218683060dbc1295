//! Closing with a deadline, and the report of what it leaves.

use std::thread;
use std::time::{Duration, Instant};

use glasspool::{Future, Shutdown, ThreadPoolExecutor};

use crate::support::{Gate, LONG, eventually, held_pool, limit, pool};
use crate::told::heard_and_held;

#[test]
fn a_closing_with_a_deadline_that_sees_the_end_says_so() {
    let _limit = limit();
    let pool = pool(2);
    let futures: Vec<_> = (0..20).map(|n| pool.submit(move || assert!(n % 5 != 0))).collect();
    let report = pool.shutdown_timeout(Shutdown::Drain, LONG).unwrap();
    assert!(report.is_complete());
    assert!(futures.iter().all(Future::done));
    // What ended before the call is not the report's.
    assert!(report.returned <= 16 && report.panicked <= 4 && report.cancelled == 0);
    assert_eq!((report.still_running.len(), report.threads_left), (0, 0));
    let again = pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap();
    assert_eq!(again.to_string(), "returned 0, panicked 0, cancelled 0, still running 0");
    drop(futures.into_iter().map(|future| future.add_done_callback(|_| ())));
}

#[test]
fn a_closing_with_a_deadline_gives_up_in_time_and_reports() {
    let _limit = limit();
    let (pool, gate) = (pool(2), Gate::closed());
    let stuck = pool.named("stuck").submit(gate.then(|| 1));
    let here = stuck.submitted_at();
    let panics = pool.submit(|| panic!("boom"));
    panics.add_done_callback(|_| ());
    let asked = pool.submit_stoppable(|stop| stop.wait_timeout(LONG));
    eventually(|| asked.running());
    let pending: Vec<_> = (0..5).map(|_| pool.submit(|| ())).collect();
    let (patience, began) = (Duration::from_millis(30), Instant::now());
    let report = pool.shutdown_timeout(Shutdown::Drain, patience).unwrap();
    assert!(began.elapsed() >= patience);
    assert!(!report.is_complete());
    assert_eq!((report.cancelled, report.lost), (5, 0));
    assert!(pending.iter().all(Future::cancelled));
    assert!(asked.into_result().unwrap()); // when the time was up
    let still = &report.still_running[0];
    assert_eq!((still.name.as_deref(), still.submitted_at), (Some("stuck"), here));
    assert!(still.running_for >= patience && still.worker.ends_with("_0"));
    let text = report.to_string();
    assert!(text.contains("cancelled 5, still running "), "{text}");
    assert!(
        text.contains(&format!(
            "\ntask 'stuck' (submitted at {here}) runs on {}, for ",
            still.worker
        )),
        "{text}"
    );
    drop(pool); // and this does not wait either
    assert!(stuck.running());
    gate.open();
    assert_eq!(stuck.into_result().unwrap(), 1);
}

#[test]
fn a_pool_that_a_deadline_leaves_behind_can_still_be_waited_for() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let report = pool.shutdown_timeout(Shutdown::CancelPending, Duration::ZERO).unwrap();
    assert_eq!((report.still_running.len(), report.threads_left), (1, 1));
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    let report = pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap();
    assert!(report.is_complete());
}

/// Though its worker has not come back from it yet.
#[test]
fn a_task_that_was_seen_to_be_done_is_not_reported_as_running() {
    let _limit = limit();
    for _ in 0..300 {
        let pool = pool(1);
        let future = pool.submit(|| 1);
        future.result().unwrap();
        let report = pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap();
        assert_eq!(report.still_running, []);
    }
}

#[test]
fn each_submitted_task_is_in_the_report_or_was_over_before() {
    let _limit = limit();
    for round in 0..100_u64 {
        let pool = pool(2);
        let total = 50;
        for _ in 0..total {
            drop(pool.submit(|| ()));
        }
        let report = pool.shutdown_timeout(Shutdown::Drain, Duration::from_micros(round)).unwrap();
        let now = report.returned + report.cancelled + report.still_running.len() as u64;
        assert!(now <= total, "{report}");
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(pool.stats().returned + pool.stats().cancelled, total);
    }
}

#[test]
fn a_deadline_holds_while_another_closer_has_none() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    thread::scope(|scope| {
        let patient = scope.spawn(|| pool.shutdown(Shutdown::Drain));
        log.wait_for_asleep(1);
        let report = pool.shutdown_timeout(Shutdown::Drain, Duration::from_millis(5)).unwrap();
        assert_eq!(report.still_running.len(), 1);
        assert!(!patient.is_finished());
        gate.open();
        patient.join().unwrap().unwrap();
    });
}

#[test]
fn a_deadline_holds_for_workers_that_take_their_time_to_leave() {
    let _limit = limit();
    let gate = Gate::closed();
    let way = gate.way();
    let pool =
        ThreadPoolExecutor::builder().max_workers(1).exit_hook(move || way.pass()).build().unwrap();
    pool.submit(|| ()).into_result().unwrap();
    let report = pool.shutdown_timeout(Shutdown::Drain, Duration::from_millis(10)).unwrap();
    assert_eq!((report.still_running.len(), report.threads_left), (0, 1));
    assert!(report.to_string().ends_with("still running 0, threads still ending 1"));
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
}

#[test]
fn a_report_is_complete_only_when_all_has_ended() {
    let _limit = limit();
    for _ in 0..5 {
        let (pool, gate) = held_pool();
        let pending: Vec<_> = (0..20_000).map(|_| pool.submit(|| ())).collect();
        thread::scope(|scope| {
            let cancelling = scope.spawn(|| pool.close(Shutdown::CancelPending));
            gate.open();
            while !pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap().is_complete() {}
            assert!(pending.iter().all(Future::done));
            cancelling.join().unwrap();
        });
    }
}
