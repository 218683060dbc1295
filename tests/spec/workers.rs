//! Workers: they come when they are needed, are reused, and are named; and what may go wrong with
//! them.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::hint::{self, black_box};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{
    BuildError, CancelReason, Future, Refusal, Shutdown, Submitter, TaskError, ThreadPoolExecutor,
};

use crate::support::{
    Drops, Gate, NO_SUCH_STACK, Tally, alone, broken_pool, eventually, panic_of, pool, shows,
    thread_name, within, words,
};

/// INT-03.
#[test]
fn a_pool_says_what_it_is_doing() {
    within(|| {
        let pool = ThreadPoolExecutor::builder()
            .max_workers(2)
            .thread_name_prefix("busy")
            .build()
            .unwrap();
        let gate = Gate::closed();
        let _futures = [(); 5].map(|()| pool.submit(gate.then(|| ())));
        let facts = r#"name: "busy", max_workers: 2, workers: 2, idle: 0, queued: 3, open: true"#;
        assert_eq!(format!("{pool:?}"), format!("ThreadPoolExecutor {{ {facts} }}"));
        gate.open();
        eventually(|| shows(&pool, "workers: 2, idle: 2, queued: 0, open: true"));
        pool.shutdown(Shutdown::Drain).unwrap();
        assert!(shows(&pool, "workers: 0, idle: 0, queued: 0, open: false"));
    });
}

/// WRK-01.
#[test]
fn there_are_never_more_workers_than_allowed() {
    within(|| {
        let (pool, gate) = (pool(4), Gate::closed());
        let futures: Vec<_> =
            (0..60).map(|_| pool.submit(gate.then(|| thread::current().id()))).collect();
        assert!(shows(&pool, "workers: 4, idle: 0, queued: 56"));
        gate.open();
        let ids: Vec<_> = futures.into_iter().map(|future| future.into_result().unwrap()).collect();
        assert!(ids.iter().all(|id| ids[..4].contains(id)));
    });
}

/// WRK-02.
#[test]
fn as_many_tasks_run_at_once_as_there_are_workers() {
    within(|| {
        let (pool, barrier) = (pool(8), Arc::new(Barrier::new(8)));
        let meeting = [(); 8].map(|()| {
            let barrier = Arc::clone(&barrier);
            pool.submit(move || barrier.wait())
        });
        assert!(meeting.map(Future::into_result).iter().all(Result::is_ok));
    });
}

/// WRK-06.
#[test]
fn an_idle_worker_is_reused_before_another_is_hired() {
    within(|| {
        let pool = pool(4);
        for n in 0..20 {
            assert_eq!(pool.submit(move || n).into_result().unwrap(), n);
            eventually(|| shows(&pool, "idle: 1"));
        }
        assert!(shows(&pool, "workers: 1"));
    });
}

/// A worker with a task on the way to it is not free for another: else two tasks that need each
/// other get one worker.
#[test]
fn a_worker_that_is_spoken_for_does_not_count_as_idle() {
    within(|| {
        let pool = pool(2);
        pool.submit(|| ()).result().unwrap();
        eventually(|| shows(&pool, "idle: 1"));
        let barrier = Arc::new(Barrier::new(2));
        let meeting = [(); 2].map(|()| {
            let barrier = Arc::clone(&barrier);
            pool.submit(move || barrier.wait())
        });
        assert!(meeting.map(Future::into_result).iter().all(Result::is_ok));
    });
}

/// WRK-04.
#[test]
fn a_pool_has_at_least_one_worker() {
    within(|| {
        assert_eq!(ThreadPoolExecutor::new(0).unwrap_err(), BuildError::NoWorkers);
        assert_eq!(BuildError::NoWorkers.to_string(), "max_workers must be greater than 0");
    });
}

#[test]
fn a_pool_may_be_allowed_any_number_of_workers() {
    within(|| {
        let pool = pool(usize::MAX);
        assert_eq!((pool.max_workers(), pool.submit(|| 7).into_result().unwrap()), (usize::MAX, 7));
    });
}

/// WRK-05.
#[test]
fn the_default_is_pythons() {
    within(|| {
        let cores = thread::available_parallelism().unwrap().get();
        assert_eq!(ThreadPoolExecutor::default().max_workers(), 32.min(cores + 4));
    });
}

/// The names of three workers.
fn names_of(pool: &ThreadPoolExecutor) -> BTreeSet<String> {
    let gate = Gate::closed();
    let futures = [(); 3].map(|()| pool.submit(gate.then(thread_name)));
    gate.open();
    futures.map(|future| future.into_result().unwrap()).into()
}

/// WRK-08.
#[test]
fn workers_are_named_and_numbered() {
    within(|| {
        let pool = ThreadPoolExecutor::builder()
            .max_workers(3)
            .thread_name_prefix("flags")
            .build()
            .unwrap();
        assert!(names_of(&pool).into_iter().eq(["flags_0", "flags_1", "flags_2"]));
    });
}

/// WRK-08: also in a process that has seen many pools, where the pool's number has become long.
#[test]
fn without_a_prefix_workers_of_different_pools_are_told_apart() {
    within(|| {
        (0..1000).for_each(|_| drop(pool(3)));
        let names = [(); 3].map(|()| names_of(&pool(3)));
        let all: BTreeSet<_> = names.iter().flatten().collect();
        assert!(all.iter().all(|name| name.starts_with("pool-")));
        assert_eq!(all.len(), 9, "{names:?}");
    });
}

/// Linux keeps fifteen bytes of a name.
#[test]
fn a_long_prefix_gives_way_to_the_number() {
    within(|| {
        let long =
            ThreadPoolExecutor::builder().max_workers(11).thread_name_prefix("a-very-long-prefix");
        let name = long.build().unwrap().submit(thread_name).into_result().unwrap();
        assert_eq!(name, "a-very-long-_0");
        let error = ThreadPoolExecutor::builder().thread_name_prefix("a\0b").build().unwrap_err();
        assert_eq!(error, BuildError::NulInName);
    });
}

/// WRK-14.
#[test]
fn with_a_keep_alive_idle_workers_leave_and_come_back() {
    within(|| {
        let short =
            ThreadPoolExecutor::builder().max_workers(2).keep_alive(Duration::from_millis(1));
        let pool = short.thread_name_prefix("again").build().unwrap();
        for _ in ["once", "and again"] {
            assert_eq!(pool.submit(thread_name).into_result().unwrap(), "again_0");
            eventually(|| shows(&pool, "workers: 0"));
        }
    });
}

/// The next task comes at about the time when the worker has had enough of waiting, now a little
/// before, now a little after.
#[test]
fn no_task_is_lost_between_a_worker_that_leaves_and_one_that_comes() {
    within(|| {
        for idle in [0, 20].map(Duration::from_micros) {
            let pool =
                ThreadPoolExecutor::builder().max_workers(1).keep_alive(idle).build().unwrap();
            for n in 0..2000 {
                assert_eq!(pool.submit(move || n).into_result().unwrap(), n);
                let ended = Instant::now();
                while ended.elapsed() < Duration::from_micros(n % 150) {
                    hint::spin_loop();
                }
            }
        }
    });
}

/// TIM-01.
#[test]
fn a_keep_alive_may_be_for_ever() {
    within(|| {
        let patient =
            ThreadPoolExecutor::builder().max_workers(1).keep_alive(Duration::MAX).build().unwrap();
        assert_eq!(patient.submit(|| 7).into_result().unwrap(), 7);
        eventually(|| shows(&patient, "idle: 1"));
        assert_eq!(patient.submit(|| 8).into_result().unwrap(), 8);
    });
}

/// INI-01.
#[test]
fn the_initializer_runs_once_on_each_worker_before_its_first_task() {
    thread_local!(static INITIALIZED: Cell<u32> = const { Cell::new(0) });
    within(|| {
        let total = Tally::default();
        let count = total.clone();
        let builder = ThreadPoolExecutor::builder().max_workers(3).initializer(move || {
            INITIALIZED.set(INITIALIZED.get() + 1);
            count.add();
        });
        let (pool, barrier) = (builder.build().unwrap(), Arc::new(Barrier::new(3)));
        for _ in ["fresh", "warm"] {
            let seen = [(); 3].map(|()| {
                let barrier = Arc::clone(&barrier);
                pool.submit(move || {
                    barrier.wait();
                    INITIALIZED.get()
                })
            });
            assert_eq!(seen.map(|future| future.into_result().unwrap()), [1; 3]);
        }
        assert_eq!(total.count(), 3);
    });
}

#[test]
fn an_initializer_that_panics_breaks_the_pool_for_everybody() {
    within(|| {
        let gate = Gate::closed();
        let way = gate.way();
        let broken = ThreadPoolExecutor::builder().max_workers(1).initializer(move || {
            way.pass();
            panic!("no database");
        });
        let (pool, gate) = (broken.build().unwrap(), gate);
        let in_hand = pool.submit(|| 1);
        let pending = [pool.submit(|| 2), pool.submit(|| 3)];
        gate.open();

        let Err(TaskError::Lost(Some(broken))) = in_hand.into_result() else { panic!() };
        assert_eq!(broken.message(), "no database");
        for future in pending {
            let Err(TaskError::Cancelled(reason)) = future.into_result() else { panic!() };
            assert_eq!(reason, CancelReason::PoolBroke(broken.clone()));
        }
        let refused = pool.try_submit(|| 4).unwrap_err();
        assert!(matches!(refused.why(), Refusal::Broken(why) if why.message() == "no database"));
        assert_eq!(refused.into_inner()(), 4);
        assert!(panic_of(|| pool.submit(|| 5)).ends_with("its initializer panicked: no database"));
        assert!(
            panic_of(|| pool.map([6], |n| n)).ends_with("its initializer panicked: no database")
        );
        pool.shutdown(Shutdown::Drain).unwrap();
    });
}

#[test]
fn a_map_on_a_pool_that_breaks_ends_in_errors() {
    within(|| {
        let drops = Drops::default();
        let broken =
            ThreadPoolExecutor::builder().max_workers(1).initializer(|| panic!("no database"));
        let results = broken.build().unwrap().map([drops.one(), drops.one(), drops.one()], drop);
        let why = "the pool is broken: its initializer panicked: no database";
        let cancelled = format!("task cancelled because {why}");
        let words: Vec<_> = results.map(words).collect();
        assert_eq!(
            words,
            [format!("task lost with its worker: {why}"), cancelled.clone(), cancelled]
        );
        assert_eq!(drops.count(), 3);
    });
}

/// The others find the pool broken when they come to it: nobody waits for a task that nobody will
/// run.
#[test]
fn a_pool_that_breaks_late_still_ends_every_future() {
    within(|| {
        let (calls, gate) = (Tally::default(), Gate::closed());
        let way = gate.way();
        let second_panics = ThreadPoolExecutor::builder().max_workers(2).initializer(move || {
            calls.add();
            if calls.count() == 2 {
                way.pass();
                panic!("no second connection");
            }
        });
        let (pool, gate) = (second_panics.build().unwrap(), gate);
        let held = Gate::closed();
        let works = pool.submit(held.then(|| 1));
        held.wait_for(1); // so that its worker is the first to be initialized
        let lost = pool.submit(|| 2);
        let cancelled = pool.submit(|| 3);
        gate.open();
        assert!(matches!(lost.into_result(), Err(TaskError::Lost(Some(_)))));
        assert!(matches!(cancelled.into_result(), Err(TaskError::Cancelled(_))));
        held.open();
        assert_eq!(works.into_result().unwrap(), 1);
    });
}

/// INI-03.
#[test]
fn a_broken_pool_can_be_closed_in_any_way() {
    within(|| {
        drop(broken_pool());
        let pool = broken_pool();
        pool.close(Shutdown::CancelPending);
        pool.shutdown(Shutdown::CancelPending).unwrap();
        assert!(matches!(pool.try_submit(|| ()).unwrap_err().why(), Refusal::Broken(_)));
        assert!(shows(&pool, "workers: 0"));
    });
}

/// WRK-10: in a process of its own, because a stack that is too small takes the whole process with
/// it.
#[test]
fn workers_have_the_stack_that_was_asked_for() {
    fn dig(depth: usize) -> usize {
        let layer = black_box([1_u8; 1 << 14]);
        if depth == 0 { 0 } else { dig(depth - 1) + usize::from(layer[depth]) }
    }
    alone(|| {
        let deep =
            ThreadPoolExecutor::builder().max_workers(1).stack_size(64 << 20).build().unwrap();
        assert_eq!(deep.submit(|| dig(512)).into_result().unwrap(), 512);
    });
}

/// FLT-01, FLT-05.
#[test]
fn without_a_thread_for_its_first_worker_a_pool_refuses_and_gives_back() {
    within(|| {
        let greedy =
            ThreadPoolExecutor::builder().max_workers(2).stack_size(NO_SUCH_STACK).build().unwrap();
        let drops = Drops::default();
        for tried in 0..3 {
            let refused = greedy.try_submit(drops.with(|| 7)).unwrap_err();
            assert!(matches!(refused.why(), Refusal::Thread(_)));
            assert_eq!((drops.count(), refused.into_inner()()), (tried, 7));
        }
        let refusal = "cannot submit: the pool has no worker, and the system refused it a thread: ";
        assert!(panic_of(|| greedy.submit(|| 7)).starts_with(refusal));
        assert!(panic_of(|| greedy.map([drops.one()], drop)).starts_with(refusal));
        assert_eq!(drops.count(), 4);
        greedy.shutdown(Shutdown::Drain).unwrap();
        assert!(matches!(greedy.try_submit(|| 7).unwrap_err().why(), Refusal::ShutDown));
    });
}

/// With room for two or three of eight stacks.
#[cfg(target_os = "linux")]
#[test]
fn without_a_thread_for_another_worker_a_pool_works_on_with_those_it_has() {
    const STACK: usize = 512 << 20;
    crate::support::alone_in(3 * STACK, || {
        let pool = ThreadPoolExecutor::builder().max_workers(8).stack_size(STACK).build().unwrap();
        let gate = Gate::closed();
        let futures: Vec<_> = (0..16).map(|n| pool.submit(gate.then(move || n))).collect();
        assert!(
            (1..=3).any(|workers| shows(&pool, &format!("workers: {workers}, idle: 0"))),
            "{pool:?}"
        );
        gate.open();
        assert!(futures.into_iter().map(|future| future.into_result().unwrap()).eq(0..16));
    });
}

/// INI-04.
#[test]
fn the_exit_hook_runs_on_each_worker_that_was_initialized() {
    within(|| {
        let (begun, left) = (Tally::default(), Tally::default());
        let (begins, leaves) = (begun.clone(), left.clone());
        let builder = ThreadPoolExecutor::builder()
            .max_workers(3)
            .initializer(move || begins.add())
            .exit_hook(move || leaves.add());
        for round in 1..=100 {
            let (pool, gate) = (builder.clone().build().unwrap(), Gate::closed());
            for _ in 0..3 {
                drop(pool.submit(gate.then(|| ())));
            }
            gate.open();
            drop(pool);
            assert_eq!((begun.count(), left.count()), (3 * round, 3 * round));
        }
    });
}

#[test]
fn the_exit_hook_sees_what_tasks_left_on_its_thread() {
    thread_local!(static LEFT: Cell<u32> = const { Cell::new(0) });
    within(|| {
        let (tell, told) = mpsc::channel();
        let pool = ThreadPoolExecutor::builder()
            .exit_hook(move || tell.send(LEFT.get()).unwrap())
            .build()
            .unwrap();
        pool.submit(|| LEFT.set(7)).into_result().unwrap();
        drop(pool);
        assert_eq!(told.iter().collect::<Vec<_>>(), [7]);
    });
}

#[test]
fn a_worker_that_retires_runs_its_exit_hook() {
    within(|| {
        let (tell, told) = mpsc::channel();
        let builder = ThreadPoolExecutor::builder().max_workers(1).keep_alive(Duration::ZERO);
        let pool = builder.exit_hook(move || tell.send(thread_name()).unwrap()).build().unwrap();
        for _ in 0..3 {
            let name = pool.submit(thread_name).into_result().unwrap();
            assert_eq!(told.recv().unwrap(), name);
        }
    });
}

#[test]
fn an_exit_hook_that_panics_harms_nobody() {
    within(|| {
        let pool =
            ThreadPoolExecutor::builder().max_workers(1).exit_hook(|| panic!("on my way out"));
        let pool = pool.build().unwrap();
        assert_eq!(pool.submit(|| 1).into_result().unwrap(), 1);
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(pool.stats().returned, 1);
    });
}

#[test]
fn a_worker_whose_initializer_panicked_has_no_exit_hook_to_run() {
    within(|| {
        let leaves = Tally::default();
        let counted = leaves.clone();
        let pool = ThreadPoolExecutor::builder()
            .max_workers(1)
            .initializer(|| panic!("no database"))
            .exit_hook(move || counted.add())
            .build()
            .unwrap();
        let lost = pool.submit(|| ());
        assert!(lost.into_result().is_err());
        drop(pool);
        assert_eq!(leaves.count(), 0);
    });
}

#[test]
fn an_exit_hook_may_use_its_pool() {
    within(|| {
        let slot: Arc<Mutex<Option<Submitter>>> = Arc::default();
        let (inside, ran) = (Arc::clone(&slot), Tally::default());
        let counted = ran.clone();
        let builder = ThreadPoolExecutor::builder().max_workers(1).keep_alive(Duration::ZERO);
        let pool = builder
            .exit_hook(move || {
                // The first to leave has a successor run something, and waits for it.
                if let Some(submitter) = inside.lock().unwrap().take() {
                    let counted = counted.clone();
                    submitter.submit(move || counted.add()).into_result().unwrap();
                }
            })
            .build()
            .unwrap();
        *slot.lock().unwrap() = Some(pool.submitter());
        pool.submit(|| ()).into_result().unwrap();
        eventually(|| ran.count() == 1);
    });
}
