//! Workers: they come when they are needed, are reused, are named, and leave.

use std::collections::{BTreeSet, HashSet};
use std::hint::{self, black_box};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{BuildError, Future, Shutdown, ThreadPoolExecutor, current_worker};

use crate::support::{
    Gate, PROMPT, alone, at_once, eventually, held_pool, limit, pool, shows, thread_name,
};

#[test]
fn a_pool_says_what_it_is_doing() {
    let _limit = limit();
    let builder = ThreadPoolExecutor::builder().max_workers(2).thread_name_prefix("busy");
    let pool = builder.build().unwrap();
    let gate = Gate::closed();
    let _futures = [(); 5].map(|()| pool.submit(gate.then(|| ())));
    let facts = r#"name: "busy", max_workers: 2, workers: 2, idle: 0, queued: 3, open: true"#;
    assert_eq!(format!("{pool:?}"), format!("ThreadPoolExecutor {{ {facts} }}"));
    gate.open();
    eventually(|| shows(&pool, "workers: 2, idle: 2, queued: 0, open: true"));
    pool.shutdown(Shutdown::Drain).unwrap();
    assert!(shows(&pool, "workers: 0, idle: 0, queued: 0, open: false"));
}

#[test]
fn a_pool_never_has_more_workers_than_allowed() {
    let _limit = limit();
    let (pool, gate) = (pool(4), Gate::closed());
    let futures: Vec<_> = (0..15 * 4).map(|_| pool.submit(gate.then(thread_name))).collect();
    let stats = pool.stats();
    assert_eq!((stats.workers, stats.idle, stats.running, stats.queued), (4, 0, 4, 56));
    gate.open();
    let names: BTreeSet<_> =
        futures.into_iter().map(|future| future.into_result().unwrap()).collect();
    assert!(names.len() <= 4);
    assert_eq!(pool.stats().workers, 4);
}

#[test]
fn as_many_tasks_run_at_once_as_there_are_workers() {
    let _limit = limit();
    for workers in [1, 2, 16] {
        let pool = pool(workers);
        for _ in ["fresh", "warm"] {
            at_once(&pool, workers, || ());
        }
        let gate = Gate::closed();
        let _held: Vec<_> = (0..workers).map(|_| pool.submit(gate.then(|| ()))).collect();
        gate.wait_for(workers);
        assert_eq!((pool.stats().running, pool.stats().idle), (workers, 0));
    }
}

#[test]
fn an_idle_worker_is_reused_before_another_is_hired() {
    let _limit = limit();
    let pool = pool(4);
    for n in 0..20 {
        assert_eq!(pool.submit(move || n).result_timeout(PROMPT).unwrap().unwrap(), &n);
        eventually(|| shows(&pool, "idle: 1"));
    }
    assert!(shows(&pool, "workers: 1"));
}

/// A worker with a task on the way to it is not free for another: otherwise two tasks that need
/// each other get one worker.
#[test]
fn a_worker_that_is_spoken_for_does_not_count_as_idle() {
    let _limit = limit();
    let pool = pool(2);
    pool.submit(|| ()).result().unwrap();
    eventually(|| shows(&pool, "idle: 1"));
    let barrier = Arc::new(Barrier::new(2));
    let meeting = [(); 2].map(|()| {
        let barrier = Arc::clone(&barrier);
        pool.submit(move || barrier.wait())
    });
    assert!(meeting.map(Future::into_result).iter().all(Result::is_ok));
}

#[test]
fn a_pool_has_at_least_one_worker() {
    let _limit = limit();
    let refused =
        [ThreadPoolExecutor::new(0), ThreadPoolExecutor::builder().max_workers(0).build()];
    for error in refused.map(Result::unwrap_err) {
        assert_eq!(error, BuildError::NoWorkers);
        assert_eq!(error.to_string(), "max_workers must be greater than 0");
    }
}

#[test]
fn a_pool_may_be_allowed_any_number_of_workers() {
    let _limit = limit();
    let pool = pool(usize::MAX);
    assert_eq!((pool.max_workers(), pool.submit(|| 7).into_result().unwrap()), (usize::MAX, 7));
}

#[test]
fn the_default_size_is_pythons() {
    let _limit = limit();
    let cores = thread::available_parallelism().unwrap().get();
    let by_default =
        [ThreadPoolExecutor::default(), ThreadPoolExecutor::builder().build().unwrap()];
    assert_eq!(by_default.map(|pool| pool.max_workers()), [32.min(cores + 4); 2]);
}

#[test]
fn workers_are_named_and_numbered() {
    let _limit = limit();
    let special = ThreadPoolExecutor::builder().max_workers(5).thread_name_prefix("SpecialPool");
    let mut names = at_once(&special.build().unwrap(), 5, thread_name);
    names.sort_unstable();
    assert!(names.into_iter().eq((0..5).map(|n| format!("SpecialPool_{n}"))));
}

/// Also in a process that has seen many pools, whose numbers have become long.
#[test]
fn workers_of_different_pools_have_different_names() {
    let _limit = limit();
    (0..1000).for_each(|_| drop(pool(5)));
    let pools = [pool(5), pool(5), pool(5)];
    let names: Vec<_> = pools.iter().flat_map(|pool| at_once(pool, 5, thread_name)).collect();
    for name in &names {
        let numbers = name.strip_prefix("pool-").and_then(|numbers| numbers.split_once('_'));
        let (of_pool, of_worker) = numbers.unwrap();
        assert!(of_pool.parse::<u32>().is_ok() && of_worker.parse::<u32>().is_ok_and(|n| n < 5));
    }
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 15, "{names:?}");
}

/// Linux keeps fifteen bytes of a name.
#[test]
fn a_long_prefix_gives_way_to_the_number() {
    let _limit = limit();
    let long =
        ThreadPoolExecutor::builder().max_workers(11).thread_name_prefix("a-very-long-prefix");
    let name = long.build().unwrap().submit(thread_name).into_result().unwrap();
    assert_eq!(name, "a-very-long-_0");
    let error = ThreadPoolExecutor::builder().thread_name_prefix("a\0b").build().unwrap_err();
    assert_eq!(error, BuildError::NulInName);
}

#[test]
fn idle_workers_leave_after_the_keep_alive_and_leave_their_names_to_others() {
    let _limit = limit();
    for keep_alive in [Duration::ZERO, Duration::from_millis(2)] {
        let builder = ThreadPoolExecutor::builder().max_workers(3).keep_alive(keep_alive);
        let pool = builder.thread_name_prefix("heir").build().unwrap();
        for _ in ["first", "second", "third"] {
            let names: BTreeSet<_> = at_once(&pool, 3, thread_name).into_iter().collect();
            assert_eq!(names, ["heir_0", "heir_1", "heir_2"].map(str::to_owned).into());
            eventually(|| pool.stats().workers == 0);
            assert_eq!((pool.stats().idle, pool.stats().running), (0, 0));
        }
    }
}

#[test]
fn idle_workers_stay_without_a_keep_alive_and_with_an_endless_one() {
    let _limit = limit();
    let builder = ThreadPoolExecutor::builder().max_workers(3);
    for builder in [builder.clone(), builder.keep_alive(Duration::MAX)] {
        let pool = builder.build().unwrap();
        let threads =
            || -> HashSet<_> { at_once(&pool, 3, || thread::current().id()).into_iter().collect() };
        let first = threads();
        eventually(|| pool.stats().idle == 3);
        assert_eq!((threads(), pool.stats().workers), (first, 3));
    }
}

#[test]
fn a_busy_worker_outstays_its_keep_alive() {
    let _limit = limit();
    let fleeting = ThreadPoolExecutor::builder().max_workers(2).keep_alive(Duration::ZERO);
    let (pool, gate) = (fleeting.build().unwrap(), Gate::closed());
    let busy = pool.submit(gate.then(|| 7));
    pool.submit(|| ()).result().unwrap();
    eventually(|| pool.stats().workers == 1);
    assert_eq!((pool.stats().workers, pool.stats().running), (1, 1));
    gate.open();
    assert_eq!(busy.into_result().unwrap(), 7);
}

/// The next task comes at about the time when the worker gives up waiting, now a little before,
/// now a little after.
#[test]
fn no_task_is_lost_between_a_worker_that_leaves_and_one_that_comes() {
    let _limit = limit();
    for idle in [0, 20].map(Duration::from_micros) {
        let pool = ThreadPoolExecutor::builder().max_workers(1).keep_alive(idle).build().unwrap();
        for n in 0..2000 {
            assert_eq!(pool.submit(move || n).into_result().unwrap(), n);
            let ended = Instant::now();
            while ended.elapsed() < Duration::from_micros(n % 150) {
                hint::spin_loop();
            }
        }
    }
}

#[test]
fn workers_keep_their_names_through_panics() {
    let _limit = limit();
    let builder = ThreadPoolExecutor::builder().max_workers(2).thread_name_prefix("tough");
    let pool = builder.build().unwrap();
    let before: BTreeSet<_> = at_once(&pool, 2, thread_name).into_iter().collect();
    let panics: Vec<Future<()>> = (0..10).map(|_| pool.submit(|| panic!("boom"))).collect();
    assert!(panics.into_iter().all(|future| future.into_result().is_err()));
    let after: BTreeSet<_> = at_once(&pool, 2, thread_name).into_iter().collect();
    assert_eq!(before, after);
}

/// In a process of its own, because a stack that is too small takes the whole process with
/// it.
#[test]
fn workers_have_the_stack_that_was_asked_for() {
    fn dig(depth: usize) -> usize {
        let layer = [1_u8; 1 << 14];
        let below = if depth == 0 { 0 } else { dig(depth - 1) };
        below + usize::from(black_box(&layer)[depth])
    }
    alone(|| {
        let deep =
            ThreadPoolExecutor::builder().max_workers(2).stack_size(16 << 20).build().unwrap();
        assert_eq!(at_once(&deep, 2, || dig(512)), [513; 2]);
    });
}

#[test]
fn callbacks_of_a_cancelled_task_run_on_no_worker() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let (tell, told) = mpsc::channel();
    let pending = pool.submit(|| ());
    pending.add_done_callback(move |_| tell.send(current_worker()).unwrap());
    assert!(pending.cancel());
    assert!(told.recv().unwrap().is_none());
    gate.open();
}
