//! Events of threads that wait: on what they sleep, and what has woken them.

use std::future::{Future as _, IntoFuture as _};
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use glasspool::{
    BlockedOn, EventKind, NestedWait, ReturnWhen, Shutdown, ThreadPoolExecutor, as_completed, wait,
};

use crate::support::{Gate, LONG, eventually, limit};
use crate::told::{Log, heard, heard_and_full, heard_and_held, observed, observed_by};

const SOON: Duration = Duration::from_millis(5);

/// Opens the gate when a thread has gone to sleep.
fn open_when_blocked(log: &Log, gate: Gate) {
    let (log, before) = (log.clone(), log.sleeps());
    thread::spawn(move || {
        log.wait_for_sleeps(before + 1);
        gate.open();
    });
}

#[test]
fn a_reader_is_blocked_on_its_task_until_that_ends() {
    let _limit = limit();
    let (pool, log) = heard(1);
    let gate = Gate::closed();
    let future = pool.submit(gate.then(|| ()));
    open_when_blocked(&log, gate);
    future.result().unwrap();
    future.result().unwrap(); // who has it does not wait
    assert_eq!(log.my_sleeps(), ["blocked-task", "unblocked-by"]);
    let all = log.all();
    let id = all[0].task;
    let blocked = all.iter().find(|told| told.kind == EventKind::Blocked(BlockedOn::Task)).unwrap();
    assert_eq!(blocked.task, id);
    assert_eq!(log.count_of(&EventKind::Unblocked { by: id }), 1);
    drop(pool);
    log.assert_it_is_sound();
}

#[test]
fn a_reader_that_a_cancel_wakes_is_unblocked_by_that_task() {
    let _limit = limit();
    let (pool, _gate, log) = heard_and_held();
    let future = pool.submit(|| ());
    thread::scope(|scope| {
        scope.spawn(|| {
            log.wait_for_sleeps(1);
            future.cancel();
        });
        assert!(future.result().is_err());
    });
    assert_eq!(log.my_sleeps(), ["blocked-task", "unblocked-by"]);
}

#[test]
fn a_reader_that_waits_in_vain_is_unblocked_by_no_task() {
    let _limit = limit();
    let (pool, log) = heard(1);
    let gate = Gate::closed();
    let future = pool.submit(gate.then(|| ()));
    assert!(future.result_timeout(SOON).is_err());
    assert_eq!(log.my_sleeps(), ["blocked-task", "unblocked"]);
    assert_eq!(wait([&future], Some(SOON), ReturnWhen::AllCompleted).done.len(), 0);
    assert_eq!(log.my_sleeps()[2..], ["blocked-any", "unblocked"]);
    assert!(as_completed([&future]).timeout(SOON).next().unwrap().is_err());
    assert_eq!(log.my_sleeps()[4..], ["blocked-any", "unblocked"]);
    let mut results = pool.map(0..2, |n| n).timeout(SOON);
    assert!(results.next().unwrap().is_err());
    assert_eq!(log.my_sleeps()[6..], ["blocked-task", "unblocked"]);
}

#[test]
fn a_reader_that_does_not_wait_does_not_sleep() {
    let _limit = limit();
    let (pool, log) = heard(1);
    let gate = Gate::closed();
    let future = pool.submit(gate.then(|| ()));
    let zero = Duration::ZERO;
    assert!(future.result_timeout(zero).is_err() && future.try_result().is_none());
    assert_eq!(wait([&future], Some(zero), ReturnWhen::AllCompleted).done.len(), 0);
    assert!(as_completed([&future]).timeout(zero).next().unwrap().is_err());
    assert!(pool.map(0..2, |n| n).timeout(zero).next().unwrap().is_err());
    assert!(pool.map(0..2, |n| n).unordered().timeout(zero).next().unwrap().is_err());
    assert!(pool.map_buffered(0..2, 2, |n| n).timeout(zero).next().unwrap().is_err());
    assert_eq!(log.my_sleeps(), [""; 0]);
    gate.open();
    future.result().unwrap();
    let before = log.my_sleeps().len();
    assert!(future.result().is_ok() && future.result_timeout(LONG).is_ok());
    assert_eq!(wait([&future], None, ReturnWhen::AllCompleted).done.len(), 1);
    assert_eq!(log.my_sleeps().len(), before, "what is done is not waited for");
}

#[test]
fn a_submitter_or_a_closer_that_does_not_wait_does_not_sleep() {
    let _limit = limit();
    let (pool, _gate, _pending, log) = heard_and_full(1);
    assert!(pool.try_submit(|| ()).is_err());
    assert_eq!(log.my_sleeps(), [""; 0]);
    assert!(pool.try_submit_timeout(Duration::ZERO, || ()).is_err());
    assert_eq!(log.my_sleeps(), [""; 0], "it asks for room");
    assert!(!pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap().is_complete());
    assert_eq!(log.my_sleeps(), [""; 0], "it asks for the end");
}

#[test]
fn a_reader_of_many_is_blocked_on_as_many_as_are_left() {
    let _limit = limit();
    let (pool, log) = heard(1);
    let gates = [Gate::closed(), Gate::closed()];
    let futures = [pool.submit(gates[0].then(|| ())), pool.submit(gates[1].then(|| ()))];
    let mut ends = as_completed(&futures);
    let [first, second] = gates;
    for (gate, left) in [(first, 2), (second, 1)] {
        open_when_blocked(&log, gate);
        ends.next().unwrap();
        assert_eq!(log.count_of(&EventKind::Blocked(BlockedOn::AnyOf(left))), 1);
    }
    drop(ends);
    let ids: Vec<_> = log.lives_by_id().into_keys().collect();
    for id in ids {
        assert_eq!(log.count_of(&EventKind::Unblocked { by: Some(id) }), 1);
    }
    assert_eq!(log.count(|told| matches!(told.kind, EventKind::Unblocked { .. })), 2);
    drop(pool);
    log.assert_it_is_sound();
}

#[test]
fn a_submitter_that_waits_for_room_says_so() {
    let _limit = limit();
    let (pool, gate, _pending, log) = heard_and_full(1);
    assert!(pool.try_submit_timeout(SOON, || ()).is_err());
    assert_eq!(log.my_sleeps(), ["blocked-room", "unblocked"]);
    open_when_blocked(&log, gate);
    drop(pool.submit(|| ()));
    assert_eq!(log.my_sleeps()[2..], ["blocked-room", "unblocked"]);
    drop(pool);
    log.assert_it_is_sound();
}

#[test]
fn a_thread_that_waits_for_the_end_of_a_pool_says_so() {
    let _limit = limit();
    let log = Log::default();
    drop(observed(1, &log).submit(|| ()));
    let closing = ["blocked-shutdown", "unblocked"];
    assert_eq!(log.my_sleeps(), closing);
    let pool = observed(1, &log);
    drop(pool.submit(|| ()));
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(log.my_sleeps()[2..4], closing);
    observed_by(log.clone()).max_workers(1).scope(|scope| drop(scope.submit(|| ()))).unwrap();
    assert!(log.my_sleeps().ends_with(&closing));
    log.assert_it_is_sound();
}

#[test]
fn a_wait_inside_a_task_is_told_by_that_worker() {
    let _limit = limit();
    for policy in [NestedWait::RunInline, NestedWait::Block] {
        let log = Log::default();
        let pool = observed_by(log.clone()).max_workers(2).nested_wait(policy).build().unwrap();
        let (submitter, gate) = (pool.submitter(), Gate::closed());
        let inner = submitter.submit(gate.then(|| ()));
        gate.wait_for(1);
        open_when_blocked(&log, gate);
        let outer = pool.submit(move || inner.result().cloned());
        eventually(|| outer.done());
        drop(pool);
        let mut blocked = log.all();
        blocked.retain(|told| told.kind == EventKind::Blocked(BlockedOn::Task));
        assert!(blocked.len() == 1 && blocked[0].worker.is_some(), "{blocked:?}");
        assert_eq!(log.sleeps_of(blocked[0].thread), ["blocked-task", "unblocked-by"]);
        log.assert_it_is_sound();
    }
}

#[test]
fn two_pools_with_two_observers_each_tell_their_own_and_no_pair_is_split() {
    let _limit = limit();
    let logs = [Log::default(), Log::default()];
    let pools = logs.each_ref().map(|log| observed(1, log));
    let gates = [Gate::closed(), Gate::closed()];
    let futures = [0, 1].map(|n| pools[n].submit(gates[n].then(|| ())));
    let mut ends = as_completed(&futures);
    let [first, second] = gates;
    open_when_blocked(&logs[0], second);
    ends.next().unwrap();
    first.open();
    ends.next().unwrap();
    drop(ends);
    let ids = pools.each_ref().map(ThreadPoolExecutor::id);
    drop(pools);
    for (log, id) in logs.iter().zip(ids) {
        log.assert_it_is_sound();
        assert!(log.all().iter().all(|told| told.pool == id));
        assert_eq!(log.lives(), ["submitted started returned"]);
    }
}

#[test]
fn a_stream_tells_the_pools_whose_tasks_it_waits_for() {
    let _limit = limit();
    let logs = [Log::default(), Log::default()];
    let [first, second] = logs.each_ref().map(|log| observed(1, log));
    let mut ends = as_completed([first.submit(|| ())]);
    drop(ends.next());
    drop(first);
    let before = logs[0].all().len();
    let gate = Gate::closed();
    ends.push(second.submit(gate.then(|| ())));
    open_when_blocked(&logs[1], gate);
    drop(ends.next());
    assert_eq!(logs[0].all().len(), before, "no task of that pool is waited for any more");
    assert_eq!(logs[1].my_sleeps(), ["blocked-any", "unblocked-by"]);
}

#[test]
fn an_awaiting_task_does_not_sleep_and_has_read_when_it_is_ready() {
    let _limit = limit();
    let (pool, log) = heard(1);
    let mut awaiting = pin!(pool.submit(|| 1).into_future());
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        match awaiting.as_mut().poll(&mut cx) {
            Poll::Ready(value) => break assert_eq!(value.unwrap(), 1),
            Poll::Pending => thread::yield_now(),
        }
    }
    assert_eq!(log.my_sleeps(), [""; 0]);
    assert_eq!(log.lives(), ["submitted started returned collected"]);
}

#[test]
fn a_wait_that_is_a_deadlock_is_over_at_once_and_by_no_task() {
    let _limit = limit();
    let (pool, log) = heard(1);
    let (tell, told) = mpsc::channel::<glasspool::Future<()>>();
    let own = pool.submit(move || assert!(told.recv().unwrap().result().is_err()));
    tell.send(own).unwrap();
    drop(pool);
    assert_eq!(log.count_of(&EventKind::Blocked(BlockedOn::Task)), 1);
    let by_no_task = EventKind::Unblocked { by: None };
    assert_eq!(log.count(|told| told.kind == by_no_task && told.worker.is_some()), 1);
    log.assert_it_is_sound();
}
