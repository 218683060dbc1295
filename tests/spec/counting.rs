//! What a pool says of itself: counts that agree with each other, and who is who.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use glasspool::{Shutdown, Stats, ThreadPoolExecutor, Worker, current_worker};

use crate::support::{Gate, PanicsWhenDropped, broken_pool, eventually, held_pool, pool, within};

fn ended(stats: &Stats) -> [u64; 4] {
    [stats.returned, stats.panicked, stats.cancelled, stats.lost]
}

#[track_caller]
fn assert_they_agree(stats: &Stats) {
    assert_eq!(stats.workers, stats.idle + stats.running, "{stats:?}");
    let now = u64::try_from(stats.queued + stats.running).unwrap();
    assert_eq!(stats.submitted, now + ended(stats).iter().sum::<u64>(), "{stats:?}");
}

/// INT-01.
#[test]
fn counts_rise_and_fall_as_tasks_come_and_go() {
    within(|| {
        let (pool, gates) = (pool(2), [Gate::closed(), Gate::closed(), Gate::closed()]);
        assert_eq!(pool.stats(), Stats::default());
        for gate in &gates {
            drop(pool.submit(gate.then(|| ())));
            drop(pool.submit(gate.then(|| ())));
        }
        for (round, gate) in gates.iter().enumerate() {
            gate.wait_for(2);
            let stats = pool.stats();
            assert_they_agree(&stats);
            assert_eq!((stats.workers, stats.running, stats.queued), (2, 2, 4 - 2 * round));
            assert_eq!((stats.submitted, stats.returned), (6, 2 * round as u64));
            gate.open();
        }
        eventually(|| pool.stats().idle == 2);
        assert_eq!(
            pool.stats().to_string(),
            "workers 2 (idle 2, running 0), queued 0, submitted 6 (returned 6)"
        );
    });
}

#[test]
fn each_task_is_counted_by_how_it_ended() {
    within(|| {
        let (pool, gate) = held_pool();
        let cancelled = pool.submit(|| ());
        cancelled.cancel();
        let panics = pool.submit(|| panic!("boom"));
        panics.add_done_callback(|_| ());
        let stats = pool.stats();
        assert_they_agree(&stats);
        assert_eq!((stats.queued, ended(&stats)), (1, [0, 0, 1, 0])); // who is cancelled does not wait
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        let stats = pool.stats();
        assert_they_agree(&stats);
        assert_eq!(ended(&stats), [1, 1, 1, 0]);
        assert_eq!(stats.workers, 0);
        assert_eq!(
            stats.to_string(),
            "workers 0 (idle 0, running 0), queued 0, submitted 3 (returned 1, panicked 1, cancelled 1)"
        );
    });
}

#[test]
fn what_a_shutdown_cancels_is_counted() {
    within(|| {
        let (pool, gate) = held_pool();
        let pending: Vec<_> = (0..10).map(|_| pool.submit(|| ())).collect();
        pending[3].cancel();
        pool.close(Shutdown::CancelPending);
        assert_eq!(ended(&pool.stats()), [0, 0, 10, 0]);
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(ended(&pool.stats()), [1, 0, 10, 0]);
        assert_they_agree(&pool.stats());
    });
}

#[test]
fn what_is_just_being_cancelled_still_counts_as_queued() {
    within(|| {
        let (pool, gate) = held_pool();
        let pending: Vec<_> = (0..50_000).map(|_| pool.submit(|| ())).collect();
        thread::scope(|scope| {
            let closing = scope.spawn(|| pool.close(Shutdown::CancelPending));
            while !closing.is_finished() {
                assert_they_agree(&pool.stats());
            }
        });
        gate.open();
        drop(pending);
    });
}

/// How a task ended is not forgotten because its value, which nobody reads, panics when it is
/// dropped.
#[test]
fn a_value_that_panics_when_it_is_dropped_was_returned() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        drop(pool.submit(gate.then(|| PanicsWhenDropped))); // the first of a worker
        drop(pool.submit(|| PanicsWhenDropped)); // and another
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(ended(&pool.stats()), [2, 0, 0, 0]);
    });
}

#[test]
fn what_is_refused_was_never_submitted() {
    within(|| {
        let (pool, _gate) = held_pool();
        pool.close(Shutdown::Drain);
        assert!(pool.try_submit(|| ()).is_err());
        assert_eq!(pool.stats().submitted, 1);

        let pool = ThreadPoolExecutor::builder()
            .stack_size(crate::support::NO_SUCH_STACK)
            .build()
            .unwrap();
        assert!(pool.try_submit(|| ()).is_err());
        assert_eq!(pool.stats(), Stats::default());
    });
}

#[test]
fn what_is_lost_with_a_broken_pool_is_counted() {
    within(|| {
        let pool = broken_pool();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_they_agree(&pool.stats());
        assert_eq!(ended(&pool.stats()), [0, 0, 0, 1]);
    });
}

#[test]
fn a_map_counts_as_one_task_for_each_of_its_workers() {
    within(|| {
        let pool = pool(3);
        assert!(pool.map(0..1000, |n| n).all(|result| result.is_ok()));
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!((pool.stats().submitted, ended(&pool.stats())), (3, [3, 0, 0, 0]));
    });
}

#[test]
fn counts_never_lead_and_always_agree() {
    within(|| {
        let pool = pool(2);
        thread::scope(|scope| {
            let submitting = scope.spawn(|| {
                for n in 0..20_000_u32 {
                    let future = pool.submit(move || assert!(n % 7 != 0));
                    if n % 5 == 0 {
                        future.cancel();
                    }
                    future.add_done_callback(|_| ());
                }
            });
            let mut before = Stats::default();
            while !submitting.is_finished() {
                let now = pool.stats();
                assert_eq!(now.workers, now.idle + now.running);
                assert!(ended(&now).iter().zip(ended(&before)).all(|(now, before)| *now >= before));
                assert!(now.submitted >= ended(&now).iter().sum::<u64>());
                before = now;
            }
        });
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_they_agree(&pool.stats());
        assert_eq!(pool.stats().submitted, 20_000);
    });
}

/// WRK-11.
#[test]
fn a_task_knows_which_worker_of_which_pool_runs_it() {
    within(|| {
        assert_eq!(current_worker(), None);
        let (pool, gate) = (pool(3), Gate::closed());
        let futures = [(); 3].map(|()| pool.submit(gate.then(|| current_worker().unwrap())));
        gate.open();
        let workers = futures.map(|future| future.into_result().unwrap());
        assert!(workers.iter().all(|worker| worker.pool() == pool.id()));
        let indices: BTreeSet<_> = workers.iter().map(Worker::index).collect();
        assert_eq!(indices, BTreeSet::from([0, 1, 2]));
        assert_eq!(workers[0].to_string(), format!("worker 0 of {}", pool.id()));
        assert_eq!(current_worker(), None);
        let elsewhere = pool.submit(|| thread::spawn(current_worker).join().unwrap());
        assert_eq!(elsewhere.into_result().unwrap(), None);
    });
}

#[test]
fn hooks_and_callbacks_know_their_worker_too() {
    within(|| {
        let (tell, told) = std::sync::mpsc::channel();
        let (tell_of_exit, tell_of_callback) = (tell.clone(), tell.clone());
        let pool = ThreadPoolExecutor::builder()
            .max_workers(1)
            .initializer(move || tell.send(("begins", current_worker())).unwrap())
            .exit_hook(move || tell_of_exit.send(("leaves", current_worker())).unwrap())
            .build()
            .unwrap();
        let (gate, id) = (Gate::closed(), pool.id());
        let future = pool.submit(gate.then(|| ()));
        future.add_done_callback(move |_| {
            tell_of_callback.send(("calls back", current_worker())).unwrap()
        });
        gate.open();
        drop(pool);
        let seen: Vec<_> =
            told.iter().map(|(when, worker)| (when, worker.unwrap().pool())).collect();
        assert_eq!(seen, [("begins", id), ("calls back", id), ("leaves", id)]);
    });
}

#[test]
fn pools_are_told_apart() {
    within(|| {
        let (one, other) = (pool(1), pool(1));
        assert!(one.id() < other.id());
        assert_eq!(one.submitter().id(), one.id());
        let there = other.submit(|| current_worker().unwrap().pool()).into_result().unwrap();
        assert_eq!(there, other.id());
    });
}

#[test]
fn a_pool_whose_workers_have_retired_has_none() {
    within(|| {
        let pool = ThreadPoolExecutor::builder()
            .max_workers(2)
            .keep_alive(Duration::ZERO)
            .build()
            .unwrap();
        pool.submit(|| ()).into_result().unwrap();
        eventually(|| pool.stats().workers == 0);
        assert_eq!(ended(&pool.stats()), [1, 0, 0, 0]);
    });
}
