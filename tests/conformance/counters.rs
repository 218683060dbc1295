//! INT: counters and introspection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

use glasspool::{Future, Shutdown, Stats, ThreadPoolExecutor};

use crate::common::at_once;
use crate::support::{Gate, eventually, held_pool, pool, shows, within};

/// Whether nothing is counted twice and nothing is missing.
#[track_caller]
fn adds_up(stats: &Stats) {
    assert_eq!(stats.workers, stats.idle + stats.running, "{stats:?}");
    let going = (stats.queued + stats.running) as u64;
    let ended = stats.returned + stats.panicked + stats.cancelled + stats.lost;
    assert_eq!(stats.submitted, going + ended, "{stats:?}");
}

/// Three batches, each let go when its turn comes.
#[test]
fn int_01_counts_rise_and_fall_as_tasks_are_let_go_a_batch_at_a_time() {
    const N: usize = 4;
    within(|| {
        let (pool, gates) = (pool(N), [Gate::closed(), Gate::closed(), Gate::closed()]);
        let counts = || {
            let stats = pool.stats();
            adds_up(&stats);
            (stats.queued, stats.running, stats.idle, stats.returned)
        };
        assert_eq!(counts(), (0, 0, 0, 0));
        let batch = |gate: &Gate| [(); N].map(|()| pool.submit(gate.then(|| ())));
        let futures = gates.each_ref().map(batch);
        assert_eq!(counts(), (2 * N, N, 0, 0));
        gates[0].open();
        gates[1].wait_for(N);
        assert_eq!(counts(), (N, N, 0, N as u64));
        gates[1].open();
        gates[2].wait_for(N);
        assert_eq!(counts(), (0, N, 0, 2 * N as u64));
        gates[2].open();
        eventually(|| pool.stats().idle == N);
        assert_eq!(counts(), (0, 0, N, 3 * N as u64));
        assert!(futures.into_iter().flatten().all(|future| future.done()));
        assert_eq!(pool.stats().submitted, 3 * N as u64);
    });
}

#[test]
fn int_01_every_end_is_counted_as_what_it_is() {
    within(|| {
        let (pool, gate) = held_pool();
        let panics: [Future<()>; 3] = [(); 3].map(|()| pool.submit(|| panic!("boom")));
        let returns = [(); 4].map(|()| pool.submit(|| ()));
        let cancelled = [(); 5].map(|()| pool.submit(|| ()));
        assert!(cancelled.iter().all(Future::cancel));
        adds_up(&pool.stats());
        assert_eq!((pool.stats().queued, pool.stats().cancelled), (7, 5));
        gate.open();
        assert!(panics.into_iter().all(|future| future.into_result().is_err()));
        assert!(returns.into_iter().all(|future| future.into_result().is_ok()));
        pool.shutdown(Shutdown::Drain).unwrap();
        let stats = pool.stats();
        adds_up(&stats);
        assert_eq!((stats.submitted, stats.returned, stats.panicked), (13, 5, 3));
        assert_eq!((stats.cancelled, stats.lost), (5, 0));
    });
}

#[test]
fn int_01_what_a_broken_pool_leaves_is_counted_too() {
    within(|| {
        let gate = Gate::closed();
        let way = gate.way();
        let breaking = ThreadPoolExecutor::builder().max_workers(1).initializer(move || {
            way.pass();
            panic!("no database");
        });
        let (pool, gate) = (breaking.build().unwrap(), gate);
        let futures = [(); 4].map(|()| pool.submit(|| ()));
        gate.open();
        assert!(futures.into_iter().all(|future| future.into_result().is_err()));
        pool.shutdown(Shutdown::Drain).unwrap();
        let stats = pool.stats();
        adds_up(&stats);
        assert_eq!((stats.submitted, stats.lost, stats.cancelled), (4, 1, 3));
    });
}

#[test]
fn int_01_what_was_refused_was_never_submitted() {
    within(|| {
        let pool = pool(1);
        pool.shutdown(Shutdown::Drain).unwrap();
        assert!(pool.try_submit(|| ()).is_err());
        adds_up(&pool.stats());
        assert_eq!(pool.stats().submitted, 0);
    });
}

/// Looked at from outside while it works, on workers that have all come already.
#[test]
fn int_01_counts_agree_with_each_other_and_never_lead() {
    const TASKS: u64 = 6_000;
    within(|| {
        let pool = pool(3);
        at_once(&pool, 3, || ());
        eventually(|| pool.stats().idle == 3);
        let before = pool.stats().submitted;
        let [asked, ended] = [(); 2].map(|()| Arc::new(AtomicU64::new(before)));
        let over = AtomicBool::new(false);
        thread::scope(|threads| {
            let looking = threads.spawn(|| {
                let mut looks = 0_u64;
                while !over.load(SeqCst) {
                    let stats = pool.stats();
                    adds_up(&stats);
                    assert!(stats.submitted <= asked.load(SeqCst));
                    assert!(stats.returned + stats.panicked <= ended.load(SeqCst));
                    looks += 1;
                }
                looks
            });
            for n in 0..TASKS {
                asked.fetch_add(1, SeqCst);
                let ended = Arc::clone(&ended);
                let future = pool.submit(move || {
                    ended.fetch_add(1, SeqCst);
                });
                if n % 3 == 0 {
                    future.cancel();
                }
            }
            // Of one moment: between two looks a task may go from the queue to a worker.
            let at_rest = |stats: Stats| stats.idle == 3 && stats.queued == 0;
            eventually(|| at_rest(pool.stats()));
            over.store(true, SeqCst);
            assert!(looking.join().unwrap() > 0);
        });
        let stats = pool.stats();
        assert_eq!(stats.submitted, before + TASKS);
        assert_eq!(
            (stats.returned, stats.returned + stats.cancelled),
            (ended.load(SeqCst), before + TASKS)
        );
    });
}

#[test]
fn int_03_the_debug_text_of_a_pool_shows_what_it_is_doing() {
    within(|| {
        let pool = ThreadPoolExecutor::builder()
            .max_workers(4)
            .thread_name_prefix("hello")
            .build()
            .unwrap();
        assert!(format!("{pool:?}").starts_with("ThreadPoolExecutor {"));
        let gate = Gate::closed();
        let futures: Vec<_> = (0..6).map(|_| pool.submit(gate.then(|| ()))).collect();
        let facts = [r#"name: "hello""#, "max_workers: 4", "workers: 4", "idle: 0", "queued: 2"];
        assert!(facts.iter().all(|fact| shows(&pool, fact)), "{pool:?}");
        gate.open();
        assert!(futures.into_iter().all(|future| future.into_result().is_ok()));
        eventually(|| shows(&pool, "idle: 4") && shows(&pool, "queued: 0"));
    });
}
