//! Closing when all is done, also what the tasks submit meanwhile.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use glasspool::{Shutdown, Submitter, ThreadPoolExecutor};

use crate::support::{Gate, LONG, Tally, held_pool, let_others_block, pool, within};

#[test]
fn closing_when_idle_takes_what_tasks_submit_meanwhile() {
    fn link(own: Submitter, left: u32, ran: Tally) {
        ran.add();
        if left > 0 {
            drop(own.clone().submit(move || link(own, left - 1, ran)));
        }
    }
    within(|| {
        for workers in [1, 2, 8] {
            let (pool, ran) = (pool(workers), Tally::default());
            for _ in 0..4 {
                let (own, ran) = (pool.submitter(), ran.clone());
                drop(pool.submit(move || link(own, 100, ran)));
            }
            pool.shutdown(Shutdown::WhenIdle).unwrap();
            assert_eq!(ran.count(), 404);
            assert!(pool.try_submit(|| ()).is_err());
        }
    });
}

#[test]
fn closing_when_idle_can_be_hastened() {
    within(|| {
        let (pool, gate) = held_pool();
        pool.close(Shutdown::WhenIdle);
        let accepted = pool.submit(|| 1);
        pool.close(Shutdown::WhenIdle); // again, and nothing changes
        assert!(!accepted.done() && pool.try_submit(|| ()).is_ok());
        pool.close(Shutdown::CancelPending);
        assert!(accepted.cancelled() && pool.try_submit(|| ()).is_err());
        gate.open();
        drop(pool);

        let idle = crate::support::pool(1);
        idle.close(Shutdown::WhenIdle);
        assert!(idle.try_submit(|| ()).is_err());
    });
}

/// Of forty, nearly all: one that has not come to where it waits when the pool closes is refused,
/// and rightly.
#[test]
fn closing_when_idle_waits_for_whoever_waits_for_room() {
    within(|| {
        let refused: usize = (0..40)
            .map(|_| {
                let pool =
                    ThreadPoolExecutor::builder().max_workers(1).queue_capacity(1).build().unwrap();
                let gate = Gate::closed();
                drop(pool.submit(gate.then(|| ())));
                drop(pool.submit(|| ()));
                thread::scope(|scope| {
                    let (tell, told) = mpsc::channel();
                    let submitter = pool.submitter();
                    let late = scope.spawn(move || {
                        tell.send(()).unwrap();
                        submitter.try_submit_timeout(LONG, || ()).is_err()
                    });
                    told.recv().unwrap();
                    let_others_block();
                    pool.close(Shutdown::WhenIdle);
                    gate.open();
                    usize::from(late.join().unwrap())
                })
            })
            .sum();
        assert!(refused <= 3, "{refused} of 40 were refused");
    });
}

#[test]
fn leaving_scope_after_the_last_call_does_not_cut_it_short() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let own = pool.submitter();
        let outer = pool.submit(gate.then(move || own.submit(|| "accepted")));
        pool.close(Shutdown::WhenIdle);
        thread::scope(|scope| {
            let leaving = scope.spawn(move || drop(pool));
            let_others_block();
            gate.open();
            leaving.join().unwrap();
        });
        assert_eq!(outer.into_result().unwrap().into_result().unwrap(), "accepted");
    });
}

/// The only worker may have retired when the last submit comes in, and that one hires: the pool is
/// not over before.
#[test]
fn the_last_call_against_a_retiring_worker_and_a_bound() {
    within(|| {
        for round in 0..2_000_u64 {
            let initialized = Arc::new(std::sync::atomic::AtomicUsize::new(0));
            let counted = Arc::clone(&initialized);
            let pool = ThreadPoolExecutor::builder()
                .max_workers(1)
                .queue_capacity(1)
                .keep_alive(Duration::ZERO)
                .initializer(move || _ = counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
                .build()
                .unwrap();
            thread::scope(|scope| {
                for _ in 0..2 {
                    let submitter = pool.submitter();
                    scope.spawn(move || drop(submitter.try_submit_timeout(LONG, || ())));
                }
                thread::sleep(Duration::from_micros(round % 50));
                pool.shutdown(Shutdown::WhenIdle).unwrap();
                assert!(pool.try_submit(|| ()).is_err());
                let stats = pool.stats();
                assert_eq!((stats.workers, stats.queued, stats.running), (0, 0, 0));
                assert_eq!(stats.submitted, stats.returned);
            });
        }
    });
}
