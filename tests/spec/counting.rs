//! What a pool says of itself: counts that agree with each other, and who is who.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use glasspool::{Future, Shutdown, Stats, ThreadPoolExecutor, Worker, current_worker};

use crate::support::{
    Gate, NO_SUCH_STACK, PanicsWhenDropped, about_to_break, at_once, eventually, held_pool, limit,
    pool,
};

fn ended(stats: &Stats) -> [u64; 4] {
    [stats.returned, stats.panicked, stats.cancelled, stats.lost]
}

/// Nothing is counted twice, and nothing is missing.
#[track_caller]
fn assert_they_agree(stats: &Stats) {
    assert_eq!(stats.workers, stats.idle + stats.running, "{stats:?}");
    let now = u64::try_from(stats.queued + stats.running).unwrap();
    assert_eq!(stats.submitted, now + ended(stats).iter().sum::<u64>(), "{stats:?}");
}

/// Three batches, each let go when its turn comes.
#[test]
fn counts_rise_and_fall_as_tasks_come_and_go() {
    const N: usize = 4;
    let _limit = limit();
    let (pool, gates) = (pool(N), [Gate::closed(), Gate::closed(), Gate::closed()]);
    assert_eq!(pool.stats(), Stats::default());
    let batch = |gate: &Gate| [(); N].map(|()| pool.submit(gate.then(|| ())));
    let futures = gates.each_ref().map(batch);
    for (round, gate) in gates.iter().enumerate() {
        gate.wait_for(N);
        let stats = pool.stats();
        assert_they_agree(&stats);
        assert_eq!((stats.running, stats.idle, stats.queued), (N, 0, (2 - round) * N));
        assert_eq!((stats.submitted, stats.returned), (3 * N as u64, (round * N) as u64));
        gate.open();
    }
    eventually(|| pool.stats().idle == N);
    assert!(futures.into_iter().flatten().all(|future| future.done()));
    assert_eq!(
        pool.stats().to_string(),
        "workers 4 (idle 4, running 0), queued 0, submitted 12 (returned 12)"
    );
}

#[test]
fn each_task_is_counted_by_how_it_ended() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let panics: [Future<()>; 3] = [(); 3].map(|()| pool.submit(|| panic!("boom")));
    let returns = [(); 4].map(|()| pool.submit(|| ()));
    let cancelled = [(); 5].map(|()| pool.submit(|| ()));
    assert!(cancelled.iter().all(Future::cancel));
    let stats = pool.stats();
    assert_they_agree(&stats);
    assert_eq!((stats.queued, ended(&stats)), (7, [0, 0, 5, 0]));
    gate.open();
    assert!(panics.into_iter().all(|future| future.into_result().is_err()));
    assert!(returns.into_iter().all(|future| future.into_result().is_ok()));
    pool.shutdown(Shutdown::Drain).unwrap();
    let stats = pool.stats();
    assert_they_agree(&stats);
    assert_eq!((stats.workers, ended(&stats)), (0, [5, 3, 5, 0]));
    assert_eq!(
        stats.to_string(),
        "workers 0 (idle 0, running 0), queued 0, submitted 13 (returned 5, panicked 3, cancelled 5)"
    );
}

/// Until it is counted as cancelled, it counts as queued.
#[test]
fn tasks_that_a_shutdown_cancels_are_counted_at_every_moment() {
    const TASKS: u64 = 50_000;
    let _limit = limit();
    let (pool, gate) = held_pool();
    let pending: Vec<_> = (0..TASKS).map(|_| pool.submit(|| ())).collect();
    pending[3].cancel();
    thread::scope(|scope| {
        let closing = scope.spawn(|| pool.close(Shutdown::CancelPending));
        while !closing.is_finished() {
            assert_they_agree(&pool.stats());
        }
    });
    assert_eq!(ended(&pool.stats()), [0, 0, TASKS, 0]);
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(ended(&pool.stats()), [1, 0, TASKS, 0]);
}

/// How a task ended is not forgotten because its value, which nobody reads, panics when it is
/// dropped.
#[test]
fn a_value_that_panics_when_it_is_dropped_was_returned() {
    let _limit = limit();
    let (pool, gate) = (pool(1), Gate::closed());
    drop(pool.submit(gate.then(|| PanicsWhenDropped))); // the first of a worker
    drop(pool.submit(|| PanicsWhenDropped)); // and another
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(ended(&pool.stats()), [2, 0, 0, 0]);
}

#[test]
fn a_refused_task_was_never_submitted() {
    let _limit = limit();
    let (pool, _gate) = held_pool();
    pool.close(Shutdown::Drain);
    assert!(pool.try_submit(|| ()).is_err());
    assert_eq!(pool.stats().submitted, 1);

    let pool = ThreadPoolExecutor::builder().stack_size(NO_SUCH_STACK).build().unwrap();
    assert!(pool.try_submit(|| ()).is_err());
    assert_eq!(pool.stats(), Stats::default());
}

#[test]
fn tasks_of_a_broken_pool_are_counted_as_lost_or_cancelled() {
    let _limit = limit();
    let (pool, gate) = about_to_break();
    let futures = [(); 4].map(|()| pool.submit(|| ()));
    gate.open();
    assert!(futures.into_iter().all(|future| future.into_result().is_err()));
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_they_agree(&pool.stats());
    assert_eq!(ended(&pool.stats()), [0, 0, 3, 1]);
}

#[test]
fn a_map_counts_as_one_task_for_each_of_its_workers() {
    let _limit = limit();
    let pool = pool(3);
    assert!(pool.map(0..1000, |n| n).all(|result| result.is_ok()));
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!((pool.stats().submitted, ended(&pool.stats())), (3, [3, 0, 0, 0]));
}

/// Looked at from outside while it works, on workers that have all come already.
#[test]
fn counts_agree_with_each_other_never_lead_and_never_fall() {
    const TASKS: u64 = 12_000;
    let _limit = limit();
    let pool = pool(3);
    at_once(&pool, 3, || ());
    eventually(|| pool.stats().idle == 3);
    let start = pool.stats();
    let [asked, over] = [(); 2].map(|()| Arc::new(AtomicU64::new(start.submitted)));
    let at_rest = AtomicBool::new(false);
    thread::scope(|threads| {
        let looking = threads.spawn(|| {
            let mut before = start;
            while !at_rest.load(SeqCst) {
                let now = pool.stats();
                assert_they_agree(&now);
                assert!(now.submitted <= asked.load(SeqCst));
                assert!(now.returned + now.panicked <= over.load(SeqCst));
                let totals = ended(&now).into_iter().zip(ended(&before));
                assert!(totals.into_iter().all(|(now, before)| now >= before));
                before = now;
            }
        });
        for n in 0..TASKS {
            asked.fetch_add(1, SeqCst);
            let over = Arc::clone(&over);
            let future = pool.submit(move || {
                over.fetch_add(1, SeqCst);
                assert!(n % 7 != 0);
            });
            future.add_done_callback(|_| ());
            if n % 3 == 0 {
                future.cancel();
            }
        }
        // One look for both: in between, a task may go from the queue to a worker.
        let rests = |stats: Stats| stats.idle == 3 && stats.queued == 0;
        eventually(|| rests(pool.stats()));
        at_rest.store(true, SeqCst);
        looking.join().unwrap();
    });
    let stats = pool.stats();
    assert_eq!(stats.submitted, start.submitted + TASKS);
    assert_eq!(stats.returned + stats.panicked, over.load(SeqCst));
    assert!(stats.panicked > 0 && stats.cancelled > 0);
}

/// Statistics that looked at each task would take as many times as long.
#[test]
fn statistics_take_no_longer_with_many_pending_tasks_than_with_none() {
    let _limit = limit();
    let (pool, _gate) = held_pool();
    let time = || {
        let began = Instant::now();
        (0..1000).for_each(|_| _ = black_box(pool.stats()));
        began.elapsed()
    };
    let empty = (0..5).map(|_| time()).max().unwrap();
    let _pending: Vec<_> = (0..100_000).map(|_| pool.submit(|| ())).collect();
    let many = (0..5).map(|_| time()).min().unwrap();
    assert_eq!(pool.stats().queued, 100_000);
    assert!(many < 10 * empty, "{many:?} and {empty:?}");
}

#[test]
fn a_task_knows_which_worker_of_which_pool_runs_it() {
    let _limit = limit();
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
    assert_eq!(pool.submitter().id(), pool.id());
    let other = crate::support::pool(1);
    let there = other.submit(|| current_worker().unwrap().pool()).into_result().unwrap();
    assert!(there == other.id() && pool.id() < other.id());
    let elsewhere = pool.submit(|| thread::spawn(current_worker).join().unwrap());
    assert_eq!(elsewhere.into_result().unwrap(), None);
}

#[test]
fn hooks_and_callbacks_know_their_worker_too() {
    let _limit = limit();
    let (tell, told) = mpsc::channel();
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
        tell_of_callback.send(("calls back", current_worker())).unwrap();
    });
    gate.open();
    drop(pool);
    let seen: Vec<_> = told.iter().map(|(when, worker)| (when, worker.unwrap().pool())).collect();
    assert_eq!(seen, [("begins", id), ("calls back", id), ("leaves", id)]);
}
