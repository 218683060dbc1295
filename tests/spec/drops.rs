//! Everything is dropped once, and no later than one would expect.

use std::sync::{Arc, Mutex};
use std::thread;

use glasspool::{
    Executor, Future, Inline, Refusal, Refused, Shutdown, Task, TaskError, as_completed, task,
};

use crate::support::{
    Counted, Drops, Gate, PanicsWhenDropped, broken_pool, eventually, held_pool, pool, within,
};

/// DRP-01: before the future is done, and before its callbacks run.
#[test]
fn captures_are_dropped_before_the_end_is_seen() {
    within(|| {
        let (pool, gate, drops) = (pool(1), Gate::closed(), Drops::default());
        let future = pool.submit(drops.with(gate.then(|| 7)));
        future.add_done_callback({
            let drops = drops.clone();
            move |_| assert_eq!(drops.count(), 1)
        });
        gate.wait_for(1);
        assert_eq!(drops.count(), 0);
        gate.open();
        assert_eq!((future.result().unwrap(), drops.count()), (&7, 1));
    });
}

/// DRP-05.
#[test]
fn captures_are_dropped_once_whatever_becomes_of_the_task() {
    within(|| {
        let drops = Drops::default();
        {
            let (pool, gate) = held_pool();
            assert!(pool.submit(drops.with(|| ())).cancel());
            assert_eq!(drops.count(), 1, "cancelled");
            let by_shutdown = pool.submit(drops.with(|| ()));
            pool.close(Shutdown::CancelPending);
            assert_eq!((by_shutdown.done(), drops.count()), (true, 2), "cancelled by the shutdown");
            let refused = pool.try_submit(drops.with(|| ())).unwrap_err();
            assert_eq!(drops.count(), 2, "refused, and given back");
            drop(refused);
            assert_eq!(drops.count(), 3, "refused, and dropped by whoever has it");
            gate.open();
        }
        let panics: Future<()> = pool(1).submit(drops.with(|| panic!("boom")));
        assert_eq!((panics.into_result().is_err(), drops.count()), (true, 4), "panicked");
        assert!(pool(1).submit(drops.with(|| ())).into_result().is_ok());
        assert_eq!(drops.count(), 5, "returned");
        drop(task(drops.with(|| ())).0);
        assert_eq!(drops.count(), 6, "never run");
    });
}

#[test]
fn captures_of_a_task_that_is_lost_are_dropped_once() {
    within(|| {
        let drops = Drops::default();
        let broken = glasspool::ThreadPoolExecutor::builder()
            .max_workers(1)
            .initializer(|| panic!("no database"));
        let pool = broken.build().unwrap();
        let lost = pool.submit(drops.with(|| ()));
        assert!(matches!(lost.result(), Err(TaskError::Lost(Some(_)))));
        assert_eq!(drops.count(), 1);
    });
}

/// DRP-03.
#[test]
fn a_value_is_dropped_once_whoever_has_it() {
    within(|| {
        let drops = Drops::default();
        let value = || {
            let drops = drops.clone();
            move || drops.one()
        };
        let finished = || {
            let (task, future) = task(value());
            task.run();
            future
        };

        let taken: Counted = finished().into_result().unwrap();
        assert_eq!(drops.count(), 0, "it was moved");
        drop(taken);
        assert_eq!(drops.count(), 1, "taken");

        let read = finished();
        assert!(read.result().is_ok() && read.result().is_ok());
        assert_eq!(drops.count(), 1, "it was lent");
        drop(read);
        assert_eq!(drops.count(), 2, "read");

        drop(finished());
        assert_eq!(drops.count(), 3, "never read");

        let (task, dropped_before) = task(value());
        drop(dropped_before);
        task.run();
        assert_eq!(drops.count(), 4, "the handle dropped before the start");

        let (pool, gate) = (pool(1), Gate::closed());
        let dropped_meanwhile = pool.submit(gate.then(value()));
        gate.wait_for(1);
        drop(dropped_meanwhile);
        gate.open();
        drop(pool);
        assert_eq!(drops.count(), 5, "the handle dropped while it ran");
    });
}

/// DRP-04, SUB-03.
#[test]
fn a_task_runs_though_its_handle_is_dropped() {
    within(|| {
        let (pool, gate) = held_pool();
        let drops = Drops::default();
        for _ in 0..10 {
            drop(pool.submit(drops.with(|| ())));
        }
        assert_eq!(drops.count(), 0);
        gate.open();
        eventually(|| drops.count() == 10);
        assert_eq!(pool.submit(|| 7).into_result().unwrap(), 7);
    });
}

/// DRP-07.
#[test]
fn what_tasks_share_lives_until_the_last_of_them_has_ended() {
    within(|| {
        let (pool, gate) = (pool(3), Gate::closed());
        let shared = Arc::new(());
        let last = pool.submit(gate.then({
            let shared = Arc::clone(&shared);
            move || drop(shared)
        }));
        let others = [(); 9].map(|()| {
            let shared = Arc::clone(&shared);
            pool.submit(move || drop(shared))
        });
        assert!(others.map(Future::into_result).iter().all(Result::is_ok));
        assert_eq!(Arc::strong_count(&shared), 2);
        gate.open();
        last.result().unwrap();
        assert_eq!(Arc::strong_count(&shared), 1);
    });
}

/// SHD-22.
#[test]
fn when_a_pool_has_ended_nothing_is_left_of_what_it_cancelled() {
    within(|| {
        let (pool, gate) = held_pool();
        let captured = Arc::new(());
        let futures = [(); 5].map(|()| {
            let captured = Arc::clone(&captured);
            pool.submit(move || drop(captured))
        });
        assert_eq!(Arc::strong_count(&captured), 6);
        pool.close(Shutdown::CancelPending);
        assert_eq!(Arc::strong_count(&captured), 1);
        gate.open();
        assert!(futures.iter().all(Future::cancelled));
    });
}

/// What is not read is dropped by the worker, and that is user code too.
#[test]
fn an_unread_value_that_panics_when_it_is_dropped_harms_no_worker() {
    within(|| {
        let (pool, gate) = held_pool();
        for _ in 0..3 {
            drop(pool.submit(|| PanicsWhenDropped));
        }
        gate.open();
        assert_eq!(pool.submit(|| 7).into_result().unwrap(), 7);
    });
}

/// A capture that panics when it is dropped panics in the task, for all anyone can see.
#[test]
fn a_capture_that_panics_when_it_is_dropped_is_a_panic_of_the_task() {
    within(|| {
        let pool = pool(1);
        let captured = PanicsWhenDropped;
        let future = pool.submit(move || {
            let _captured = &captured;
            7
        });
        assert_eq!(future.result().unwrap_err().to_string(), "task panicked: the drop panics");
        assert_eq!(pool.submit(|| 8).into_result().unwrap(), 8);
    });
}

#[test]
fn results_handed_over_by_value_can_be_freed_while_others_are_awaited() {
    within(|| {
        let (pool, gate, drops) = (pool(1), Gate::closed(), Drops::default());
        let value = |drops: &Drops| {
            let drops = drops.clone();
            move || drops.one()
        };
        let futures = [pool.submit(value(&drops)), pool.submit(gate.then(value(&drops)))];
        let mut ended = as_completed(futures);
        drop(ended.next().unwrap().into_result());
        assert_eq!((drops.count(), ended.len()), (1, 1));
        gate.open();
        drop(ended.next().unwrap().into_result());
        assert_eq!((drops.count(), ended.len()), (2, 0));
    });
}

#[test]
fn a_refused_closure_comes_back_whole() {
    within(|| {
        let (closed, broken, drops) = (pool(1), broken_pool(), Drops::default());
        closed.close(Shutdown::Drain);
        let work = drops.with(|| 7);
        let refused = closed.try_submit(work).unwrap_err();
        assert!(matches!(refused.why(), Refusal::ShutDown));
        let refused = broken.try_submit(refused.into_inner()).unwrap_err();
        assert!(matches!(refused.why(), Refusal::Broken(_)));
        assert_eq!(drops.count(), 0);
        let executor: &dyn Executor = &Inline;
        assert_eq!(executor.submit(refused.into_inner()).into_result().unwrap(), 7);
        assert_eq!(drops.count(), 1);
    });
}

/// A submitter may hold any lock, so nothing of the user's may be left for it to drop: not even of
/// a map that nobody reads, and of which something is still in a queue.
#[test]
fn what_a_dropped_map_left_unread_is_not_kept_for_as_long_as_somebody_holds_its_tasks() {
    #[derive(Default)]
    struct Later(Mutex<Vec<Task>>);
    impl Executor for Later {
        fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
            self.0.lock().unwrap().push(task);
            Ok(())
        }

        fn max_workers(&self) -> usize {
            3
        }
    }
    within(|| {
        let (later, gate, drops) = (Later::default(), Gate::closed(), Drops::default());
        let (way, values) = (gate.way(), drops.clone());
        let executor: &dyn Executor = &later;
        let mut results = executor.map(0..4, move |n| {
            if n == 3 {
                way.pass();
            }
            values.one()
        });
        let [first, second, third]: [Task; 3] =
            later.0.lock().unwrap().drain(..).collect::<Vec<_>>().try_into().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| first.run());
            gate.wait_for(1);
            drop(results.next().unwrap().unwrap());
            assert_eq!(drops.count(), 1);
            drop(results); // with two values unread, and one to come
            assert_eq!(drops.count(), 3);
            gate.open();
        });
        assert_eq!(drops.count(), 4);
        drop((second, third));
    });
}
