//! Events of a pool beside its tasks: its workers, the depth of its queue, and its closing.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{EventKind, Executor, ReturnWhen, Shutdown, task, wait};

use crate::support::{Gate, LONG, eventually, limit};
use crate::told::{Log, heard, heard_and_full, heard_and_held, observed, observed_by, word};

const SOON: Duration = Duration::from_millis(5);

#[test]
fn the_queue_is_as_deep_as_tasks_are_pending() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    let futures: Vec<_> = (0..3).map(|_| pool.submit(|| ())).collect();
    let map = pool.map(0..4, |n| n);
    futures[1].cancel();
    let depths: Vec<_> =
        log.all().iter().filter(|told| told.task.is_some()).map(|told| told.depth).collect();
    assert_eq!(depths, [1, 0, 1, 2, 3, 4, 5, 6, 7, 6]);
    gate.open();
    assert_eq!(map.count(), 4);
    drop(pool);
    let all = log.all();
    assert_eq!(all.last().unwrap().depth, 0);
    assert!(all.iter().all(|told| told.depth <= 7));
}

#[test]
fn the_first_task_of_a_worker_is_told_to_start_when_that_is_initialized() {
    let _limit = limit();
    let (log, gate) = (Log::default(), Gate::closed());
    let way = gate.way();
    let builder = observed_by(log.clone()).max_workers(1).initializer(move || way.pass());
    let pool = builder.build().unwrap();
    let first = pool.submit(|| ());
    drop(pool.submit(|| ()));
    assert!(first.running());
    let submitted: Vec<_> =
        log.all().into_iter().filter(|told| told.kind == EventKind::Submitted).collect();
    gate.open();
    assert_eq!(submitted[1].depth, 2);
}

#[test]
fn workers_are_born_idle_and_gone_and_say_who_they_are() {
    let _limit = limit();
    let log = Log::default();
    let pool = observed_by(log.clone()).max_workers(2).keep_alive(SOON).build().unwrap();
    for _ in 0..3 {
        let gate = Gate::closed();
        let both = [pool.submit(gate.then(|| ())), pool.submit(gate.then(|| ()))];
        gate.wait_for(2);
        gate.open();
        drop(wait(both, None, ReturnWhen::AllCompleted));
        eventually(|| pool.stats().workers == 0);
    }
    let me = pool.id();
    drop(pool);
    let all = log.all();
    for told in &all {
        let is_workers = !matches!(word(&told.kind), "submitted" | "closed" | "collected")
            && !word(&told.kind).contains("blocked");
        assert_eq!(told.worker.is_some(), is_workers, "{told:?}");
        assert!(told.worker.is_none_or(|worker| worker.pool() == me && worker.index() < 2));
    }
    let born = log.count_of(&EventKind::WorkerBorn);
    assert_eq!((born, log.count_of(&EventKind::WorkerGone)), (6, 6));
    assert!(log.count_of(&EventKind::WorkerIdle) >= 6);
    let threads: BTreeSet<_> = all.iter().map(|told| format!("{:?}", told.thread)).collect();
    assert_eq!(threads.len(), 7);
    for told in all.iter().filter(|told| told.kind == EventKind::WorkerBorn) {
        let story = log.story_of(told.thread);
        assert_eq!((story[0], *story.last().unwrap()), ("born", "gone"), "{story:?}");
    }
    log.assert_it_is_sound();
}

#[test]
fn added_workers_are_born_and_gone_too() {
    let _limit = limit();
    let (pool, log) = heard(1);
    let submitter = pool.submitter();
    let outer = pool.submit(move || submitter.submit(|| 1).result_timeout(LONG).is_ok());
    assert!(outer.into_result().unwrap());
    drop(pool);
    assert_eq!(log.count_of(&EventKind::WorkerBorn), 2);
    assert_eq!(log.count_of(&EventKind::WorkerGone), 2);
    let added = log.all().into_iter().filter(|t| t.kind == EventKind::WorkerBorn).nth(1).unwrap();
    assert_eq!(log.story_of(added.thread), ["born", "started", "returned", "gone"]);
    log.assert_it_is_sound();
}

#[test]
fn a_worker_of_one_pool_that_submits_to_another_says_which_it_is() {
    let _limit = limit();
    let log = Log::default();
    let (mine, other) = (observed(1, &Log::default()), observed(1, &log));
    let submitter = other.submitter();
    mine.submit(move || submitter.submit(|| ()).into_result().unwrap()).result().unwrap();
    let told = log.all().remove(0);
    assert_eq!(told.worker.unwrap().pool(), mine.id());
    assert_eq!(told.pool, other.id());
    let (by_hand, _future) = task(|| ());
    other.execute(by_hand).unwrap();
}

#[test]
fn the_closing_of_a_pool_is_told_once() {
    let _limit = limit();
    for how in [Shutdown::Drain, Shutdown::WhenIdle, Shutdown::CancelPending, Shutdown::Stop] {
        let (log, gate, before) = (Log::default(), Gate::closed(), Instant::now());
        let pool = observed(1, &log);
        let way = gate.way();
        drop(pool.submit_stoppable(move |_| way.pass()));
        (0..3).for_each(|_| pool.close(how));
        gate.open();
        drop(pool);
        assert_eq!(log.count(|told| matches!(told.kind, EventKind::Closed(_))), 1, "{how:?}");
        assert_eq!(log.count_of(&EventKind::Closed(how)), 1);
        assert!(log.all().iter().all(|told| told.at >= before));
        log.assert_it_is_sound();
    }
}

#[test]
fn a_last_call_and_the_drop_behind_it_are_told_once() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    pool.close(Shutdown::WhenIdle);
    thread::scope(|scope| {
        scope.spawn(|| drop(pool));
        log.wait_for_sleeps(1);
        gate.open();
    });
    assert_eq!(log.count_of(&EventKind::Closed(Shutdown::WhenIdle)), 1);
}

#[test]
fn a_closure_that_a_full_pool_gives_back_through_an_executor_is_refused() {
    let _limit = limit();
    let (pool, gate, pending, log) = heard_and_full(1);
    let executor: &dyn Executor = &pool;
    assert_eq!(executor.try_submit(|| 7).unwrap_err().into_inner()(), 7);
    gate.open();
    drop((pool, pending));
    log.assert_it_is_sound();
}

#[test]
fn a_task_that_is_cancelled_while_it_waits_for_room_ends_once() {
    let _limit = limit();
    let (pool, gate, _pending, log) = heard_and_full(1);
    thread::scope(|scope| {
        let ((by_hand, future), pool) = (task(|| ()), &pool);
        let waits = scope.spawn(move || pool.execute(by_hand).is_err());
        log.wait_for_sleeps(1);
        assert!(future.cancel());
        pool.close(Shutdown::Drain);
        let refused = waits.join().unwrap();
        gate.open();
        assert!(refused);
    });
    drop(pool);
    log.assert_it_is_sound();
}

#[test]
fn the_closing_of_a_scope_is_told_once_also_if_its_body_panics() {
    let _limit = limit();
    let log = Log::default();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        observed_by(log.clone()).max_workers(1).scope(|scope| {
            for _ in 0..20 {
                drop(scope.submit(|| ())); // which are run, or cancelled
            }
            panic!("the body");
        })
    }));
    assert!(outcome.is_err());
    let closed: Vec<_> =
        log.all().into_iter().filter(|told| matches!(told.kind, EventKind::Closed(_))).collect();
    assert_eq!(closed.len(), 1, "{closed:?}");
    assert_eq!(log.all().last().unwrap().depth, 0);
    log.assert_it_is_sound();
}
