//! WRK: workers.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use glasspool::{BuildError, Future, PoolId, ThreadPoolExecutor, Worker, current_worker, scope};

use crate::common::{PROMPT, at_once};
use crate::support::{
    Gate, Tally, alone, eventually, held_pool, let_others_block, pool, thread_name, within,
};

#[test]
fn wrk_01_under_saturation_there_are_exactly_as_many_workers_as_allowed() {
    within(|| {
        let (pool, gate) = (pool(4), Gate::closed());
        let futures: Vec<_> = (0..15 * 4).map(|_| pool.submit(gate.then(thread_name))).collect();
        let stats = pool.stats();
        assert_eq!((stats.workers, stats.idle, stats.running, stats.queued), (4, 0, 4, 56));
        gate.open();
        let names: BTreeSet<_> =
            futures.into_iter().map(|future| future.into_result().unwrap()).collect();
        assert!(names.len() <= 4);
        assert_eq!(pool.stats().workers, 4);
    });
}

#[test]
fn wrk_02_as_many_tasks_run_at_the_same_time_as_there_are_workers() {
    within(|| {
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
    });
}

#[test]
fn wrk_04_zero_workers_are_refused_with_a_clear_message() {
    within(|| {
        let refused =
            [ThreadPoolExecutor::new(0), ThreadPoolExecutor::builder().max_workers(0).build()];
        for error in refused.map(Result::unwrap_err) {
            assert_eq!(error, BuildError::NoWorkers);
            assert_eq!(error.to_string(), "max_workers must be greater than 0");
        }
    });
}

/// As in Python, and not more than Python's ceiling.
#[test]
fn wrk_05_the_default_size_is_the_documented_one() {
    within(|| {
        let cores = thread::available_parallelism().unwrap().get();
        let by_default =
            [ThreadPoolExecutor::default(), ThreadPoolExecutor::builder().build().unwrap()];
        assert_eq!(by_default.map(|pool| pool.max_workers()), [32.min(cores + 4); 2]);
    });
}

#[test]
fn wrk_06_tasks_one_after_the_other_are_run_by_one_worker() {
    within(|| {
        let pool = ThreadPoolExecutor::default();
        for (a, b) in [(21, 2), (6, 7), (3, 14)] {
            assert_eq!(pool.submit(move || a * b).into_result().unwrap(), 42);
            eventually(|| pool.stats().idle == 1); // the result is there a moment before its worker is free
        }
        assert_eq!(pool.stats().workers, 1);
    });
}

#[test]
fn wrk_08_thread_names_follow_the_prefix() {
    within(|| {
        let special =
            ThreadPoolExecutor::builder().max_workers(5).thread_name_prefix("SpecialPool");
        let mut names = at_once(&special.build().unwrap(), 5, thread_name);
        names.sort_unstable();
        assert!(names.into_iter().eq((0..5).map(|n| format!("SpecialPool_{n}"))));
    });
}

#[test]
fn wrk_08_without_a_prefix_every_worker_of_every_pool_has_a_name_of_its_own() {
    within(|| {
        let pools = [pool(5), pool(5), pool(5)];
        let names: Vec<_> = pools.iter().flat_map(|pool| at_once(pool, 5, thread_name)).collect();
        for name in &names {
            let numbers = name.strip_prefix("pool-").and_then(|numbers| numbers.split_once('_'));
            let (of_pool, of_worker) = numbers.unwrap();
            assert!(
                of_pool.parse::<u32>().is_ok() && of_worker.parse::<u32>().is_ok_and(|n| n < 5)
            );
        }
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 15, "{names:?}");
    });
}

#[test]
fn wrk_08_a_worker_that_comes_after_another_has_its_name() {
    within(|| {
        let fleeting = ThreadPoolExecutor::builder().max_workers(3).keep_alive(Duration::ZERO);
        let pool = fleeting.thread_name_prefix("heir").build().unwrap();
        for _ in ["first", "second", "third"] {
            let names: BTreeSet<_> = at_once(&pool, 3, thread_name).into_iter().collect();
            assert_eq!(names, ["heir_0", "heir_1", "heir_2"].map(str::to_owned).into());
            eventually(|| pool.stats().workers == 0);
        }
    });
}

/// Here no panic costs a worker, so nobody has to come in its place.
#[test]
fn wrk_08_workers_keep_their_names_through_panics() {
    within(|| {
        let pool = ThreadPoolExecutor::builder()
            .max_workers(2)
            .thread_name_prefix("tough")
            .build()
            .unwrap();
        let before: BTreeSet<_> = at_once(&pool, 2, thread_name).into_iter().collect();
        let panics: Vec<Future<()>> = (0..10).map(|_| pool.submit(|| panic!("boom"))).collect();
        assert!(panics.into_iter().all(|future| future.into_result().is_err()));
        let after: BTreeSet<_> = at_once(&pool, 2, thread_name).into_iter().collect();
        assert_eq!(before, after);
    });
}

/// More than eight of sixteen MiB; in a process of its own, because a stack that is too small takes
/// the whole process with it.
#[test]
fn wrk_10_the_stack_that_was_asked_for_is_given() {
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
fn wrk_11_inside_a_task_the_pool_and_the_index_are_known() {
    within(|| {
        let pools = [pool(22), pool(3)];
        for (pool, workers) in pools.iter().zip([22, 3]) {
            let found = at_once(pool, workers, || current_worker().unwrap());
            assert!(found.iter().all(|worker| worker.pool() == pool.id()));
            let indices: BTreeSet<_> = found.iter().map(Worker::index).collect();
            assert!(indices.into_iter().eq(0..workers));
        }
        let ids: [PoolId; 3] = [pools[0].id(), pools[0].submitter().id(), pools[1].id()];
        assert!(ids[0] == ids[1] && ids[0] != ids[2]);
    });
}

#[test]
fn wrk_11_outside_and_in_foreign_threads_they_are_absent() {
    within(|| {
        let pool = pool(1);
        assert!(current_worker().is_none());
        let foreign = pool.submit(|| thread::spawn(current_worker).join().unwrap());
        assert!(foreign.into_result().unwrap().is_none());
        assert!(pool.submit(current_worker).into_result().unwrap().is_some());
        assert!(current_worker().is_none());
    });
}

#[test]
fn wrk_11_hooks_and_callbacks_know_their_worker_too() {
    within(|| {
        let (tell, told) = mpsc::channel();
        let [at_start, at_end] = [(); 2].map(|()| {
            let tell = tell.clone();
            move || tell.send(current_worker().map(|worker| worker.pool())).unwrap()
        });
        let pool =
            ThreadPoolExecutor::builder().max_workers(1).initializer(at_start).exit_hook(at_end);
        let (pool, gate) = (pool.build().unwrap(), Gate::closed());
        let future = pool.submit(gate.then(|| ()));
        future.add_done_callback(move |_| {
            tell.send(current_worker().map(|worker| worker.pool())).unwrap()
        });
        gate.open();
        let id = pool.id();
        drop(pool);
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [Some(id); 3]);
    });
}

#[test]
fn wrk_11_the_callbacks_of_what_is_cancelled_run_on_no_worker() {
    within(|| {
        let (pool, gate) = held_pool();
        let (tell, told) = mpsc::channel();
        let pending = pool.submit(|| ());
        pending.add_done_callback(move |_| tell.send(current_worker()).unwrap());
        assert!(pending.cancel());
        assert!(told.recv().unwrap().is_none());
        gate.open();
    });
}

#[test]
fn wrk_11_so_it_is_in_a_scope() {
    within(|| {
        let outer = pool(1);
        let in_pool = outer.submit(|| {
            let before = current_worker().unwrap();
            let inside =
                scope(1, |s| (s.id(), s.submit(current_worker).into_result().unwrap().unwrap()));
            (before, inside.unwrap(), current_worker().unwrap())
        });
        let (before, (scope_id, inside), after) = in_pool.into_result().unwrap();
        assert_eq!((before.pool(), before == after), (outer.id(), true));
        assert_eq!((inside.pool(), inside.index()), (scope_id, 0));
        assert!(scope_id != outer.id() && inside != before);
    });
}

#[test]
fn wrk_13_after_idling_a_submit_is_picked_up_promptly() {
    within(|| {
        let pool = pool(4);
        for _ in 0..3 {
            at_once(&pool, 4, || ());
            eventually(|| pool.stats().idle == 4);
            let_others_block();
            assert_eq!(pool.submit(|| 7).result_timeout(PROMPT).unwrap().unwrap(), &7);
        }
    });
}

#[test]
fn wrk_14_idle_workers_end_after_the_keep_alive_and_come_back_on_demand() {
    within(|| {
        let short =
            ThreadPoolExecutor::builder().max_workers(3).keep_alive(Duration::from_millis(2));
        let pool = short.build().unwrap();
        for _ in 0..5 {
            at_once(&pool, 3, || ());
            eventually(|| pool.stats().workers == 0);
            assert_eq!((pool.stats().idle, pool.stats().running), (0, 0));
        }
        assert_eq!(pool.submit(|| 7).into_result().unwrap(), 7);
    });
}

#[test]
fn wrk_14_without_a_keep_alive_they_stay() {
    within(|| {
        let pool = pool(3);
        at_once(&pool, 3, || ());
        eventually(|| pool.stats().idle == 3);
        let_others_block();
        assert_eq!(pool.stats().workers, 3);
    });
}

/// A task does not end with the worker's patience: keep-alive is about those that are idle.
#[test]
fn wrk_14_a_busy_worker_outstays_its_keep_alive() {
    within(|| {
        let fleeting = ThreadPoolExecutor::builder().max_workers(2).keep_alive(Duration::ZERO);
        let (pool, gate) = (fleeting.build().unwrap(), Gate::closed());
        let busy = pool.submit(gate.then(|| 7));
        pool.submit(|| ()).result().unwrap();
        eventually(|| pool.stats().workers == 1);
        let_others_block();
        assert_eq!((pool.stats().workers, pool.stats().running), (1, 1));
        gate.open();
        assert_eq!(busy.into_result().unwrap(), 7);
    });
}

/// The pool itself has one owner; its submitters are what can be cloned.
#[test]
fn wrk_18_clones_of_a_submitter_drive_the_same_workers() {
    within(|| {
        let (pool, barrier, runs) = (pool(4), Arc::new(Barrier::new(4)), Tally::default());
        let first = pool.submitter();
        let clones = [first.clone(), first.clone().clone(), pool.submitter(), first];
        let meeting = clones.each_ref().map(|submitter| {
            let (barrier, runs) = (Arc::clone(&barrier), runs.clone());
            submitter.submit(move || {
                barrier.wait();
                runs.add();
                current_worker().unwrap().pool()
            })
        });
        assert_eq!(meeting.map(|future| future.into_result().unwrap()), [pool.id(); 4]);
        assert_eq!(
            clones.map(|submitter| (submitter.id(), submitter.stats().workers)),
            [(pool.id(), 4); 4]
        );
        assert_eq!((runs.count(), pool.stats().submitted), (4, 4));
    });
}
