//! The races of tasks that wait for tasks: tiny ones, in every order within a bound on
//! pre-emptions.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use glasspool::{
    Future, NestedWait, ReturnWhen, TaskError, ThreadPoolExecutor, as_completed, task, wait,
};
use loom::sync::Mutex;
use loom::thread;

/// Three pre-emptions at most, as for pools.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(model);
}

/// Two, for models whose threads have much to do.
fn check_two(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(2));
    builder.check(model);
}

type Value = Result<u8, TaskError>;

/// Where one thread leaves something for another: with a lock of the checker's, so that it tries
/// both who comes first.
struct Slot<T>(Mutex<Option<T>>);

impl<T: Clone> Slot<T> {
    fn empty() -> Arc<Self> {
        Arc::new(Self(Mutex::new(None)))
    }

    fn set(&self, value: T) {
        *self.0.lock().unwrap() = Some(value);
    }

    fn get(&self) -> Option<T> {
        self.0.lock().unwrap().clone()
    }
}

/// A worker runs what it waits for inside, against another worker that comes for the same task: it
/// is run once, and both go on.
#[test]
fn running_inside_against_a_worker_that_comes_for_it() {
    check(|| {
        let pool = ThreadPoolExecutor::new(2).unwrap();
        let submitter = pool.submitter();
        let outer = pool.submit(move || {
            let inner = submitter.submit(|| 7);
            inner.into_result()
        });
        assert_eq!(outer.into_result().unwrap().unwrap(), 7);
        drop(pool);
    });
}

/// The same against somebody who cancels it: one of the two wins, and everybody hears of it.
#[test]
fn running_inside_against_a_cancel() {
    check(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let gate = Slot::<Arc<Future<u8>>>::empty();
        let (run_by, theirs) = (pool.submitter(), Arc::clone(&gate));
        let outer = pool.submit(move || {
            let inner = Arc::new(run_by.submit(|| 7));
            theirs.set(Arc::clone(&inner));
            inner.result().copied()
        });
        let cancels = gate.get().map(|inner| inner.cancel());
        match outer.into_result().unwrap() {
            Ok(value) => assert_eq!((value, cancels.unwrap_or(false)), (7, false)),
            Err(error) => assert_eq!(
                (error.to_string().as_str(), cancels),
                ("task cancelled by the caller", Some(true))
            ),
        }
    });
}

/// Against the pool's end: what waits is run inside or cancelled, and the one that waits for it is
/// told.
#[test]
fn running_inside_against_a_cancelling_shutdown() {
    check(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let submitter = pool.submitter();
        let outer = pool.submit(move || match submitter.try_submit(|| 7) {
            Ok(inner) => inner.into_result().ok(),
            Err(_) => None,
        });
        pool.shutdown(glasspool::Shutdown::CancelPending).unwrap();
        assert!(matches!(outer.into_result().unwrap(), None | Some(7)));
    });
}

/// Two threads, each of which runs a task that waits for the other's: whoever comes second is told,
/// and just one is.
#[test]
fn two_who_close_one_cycle() {
    check(|| {
        let ways: [Arc<OnceLock<Arc<Future<Value>>>>; 2] = Default::default();
        let halves = [0, 1].map(|me| {
            let other = Arc::clone(&ways[1 - me]);
            task(move || other.get().unwrap().result()?.clone().map(|n| n + 1))
        });
        let [(first, one), (second, two)] = halves;
        let (one, two) = (Arc::new(one), Arc::new(two));
        let _ = ways[0].set(Arc::clone(&one));
        let _ = ways[1].set(Arc::clone(&two));
        let runs = thread::spawn(move || first.run());
        second.run();
        runs.join().unwrap();
        let told = [&one, &two].map(|future| future.result().unwrap().clone().unwrap_err());
        assert!(told.iter().all(|error| matches!(error, TaskError::Deadlock(_))));
        assert_eq!(
            told[0].to_string(),
            told[1].to_string(),
            "one is told, and the other hears it from that one"
        );
    });
}

/// A claim comes between two waits that would make a cycle of it: whoever claims can still move,
/// until it waits itself.
#[test]
fn a_cycle_through_a_task_that_is_being_claimed() {
    check(|| {
        let way = Arc::new(OnceLock::<Arc<Future<Value>>>::new());
        let theirs = Arc::clone(&way);
        let (first, one) = task(move || theirs.get().unwrap().result()?.clone());
        let one = Arc::new(one);
        let awaited = Arc::clone(&one);
        let (second, two) = task(move || awaited.result()?.clone());
        let _ = way.set(Arc::new(two));
        let runs = thread::spawn(move || second.run());
        first.run();
        runs.join().unwrap();
        assert!(matches!(one.result().unwrap(), Err(TaskError::Deadlock(_))));
    });
}

/// A wait for any of several, on a pool whose only worker it is: a worker is added, against the one
/// that comes back.
#[test]
fn a_worker_is_added_for_a_wait_for_any() {
    check(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let submitter = pool.submitter();
        let outer = pool.submit(move || {
            let inner = [3, 4].map(|n| submitter.submit(move || n));
            let done = wait(inner, None, ReturnWhen::AllCompleted).done;
            done.into_iter().map(|inner| inner.into_result().unwrap()).sum::<u8>()
        });
        assert_eq!(outer.into_result().unwrap(), 7);
        let stats = pool.stats();
        assert_eq!((stats.blocked, stats.added), (0, 1));
    });
}

/// The only worker of a pool that does not help waits for what nobody else can run: it is told.
#[test]
fn a_worker_that_blocks_and_whom_nobody_can_help() {
    check(|| {
        let pool = ThreadPoolExecutor::builder()
            .max_workers(1)
            .nested_wait(NestedWait::Block)
            .build()
            .unwrap();
        let submitter = pool.submitter();
        let outer = pool.submit(move || {
            let inner = submitter.submit(|| 7);
            inner.result().copied()
        });
        assert!(matches!(outer.into_result().unwrap(), Err(TaskError::Deadlock(_))));
    });
}

/// A submit from outside meets a worker that is just going to wait: one of the two sees to it that
/// what is submitted is run.
#[test]
fn a_submit_against_a_worker_that_begins_to_wait() {
    check(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let (by_hand, awaited) = task(|| 7);
        let outer =
            pool.submit(move || as_completed([awaited]).next().unwrap().into_result().unwrap());
        // Only this one makes the other go on, and the pool's only worker is waiting, or will be.
        let frees = pool.submit(move || by_hand.run());
        assert_eq!(outer.into_result().unwrap(), 7);
        frees.into_result().unwrap();
    });
}

/// Two workers that wait for what the other is running are behind each other; one that has to come
/// is added when nobody else is left.
#[test]
fn the_last_worker_that_does_not_wait() {
    check_two(|| {
        let pool = ThreadPoolExecutor::builder()
            .max_workers(1)
            .keep_alive(Duration::ZERO)
            .build()
            .unwrap();
        let submitter = pool.submitter();
        let outer = pool.submit(move || {
            let three = [1, 1, 1].map(|n| submitter.submit(move || n));
            let done = wait(three, None, ReturnWhen::AllCompleted).done;
            done.into_iter().map(|inner| inner.into_result().unwrap()).sum::<u8>()
        });
        assert_eq!(outer.into_result().unwrap(), 3);
    });
}

/// A wait is looked at while the only worker that can come for what it is for does so, ends it, and
/// leaves.
#[test]
fn a_worker_that_comes_and_leaves_while_workers_are_counted() {
    check_two(|| {
        let blocks = ThreadPoolExecutor::builder().nested_wait(NestedWait::Block);
        let pool = blocks.max_workers(2).keep_alive(Duration::ZERO).build().unwrap();
        let submitter = pool.submitter();
        let outer = pool.submit(move || {
            drop(submitter.submit(|| ()));
            submitter.submit(|| 7).into_result()
        });
        assert_eq!(outer.into_result().unwrap().unwrap(), 7);
    });
}

/// Whoever has just ended what another waits for can be waited for, and can wait for that other: it
/// is no cycle any more.
#[test]
fn an_end_against_a_wait_for_whoever_waited_for_it() {
    check(|| {
        let (first, one) = task(|| 1);
        let (second, two) = task(move || one.into_result().unwrap() + 1);
        let (third, three) = task(move || two.into_result().unwrap() + 1);
        let runs = thread::spawn(move || {
            first.run();
            third.run();
        });
        second.run();
        runs.join().unwrap();
        assert_eq!(three.into_result().unwrap(), 3);
    });
}

/// The same of a task that is cancelled, for which no worker could have come.
#[test]
fn a_cancel_against_a_wait_for_whoever_waited_for_it() {
    check(|| {
        let pool = ThreadPoolExecutor::builder()
            .max_workers(2)
            .nested_wait(NestedWait::Block)
            .build()
            .unwrap();
        let submitter = pool.submitter();
        let first = pool.submit(move || {
            let way = Slot::<Arc<Future<bool>>>::empty();
            let theirs = Arc::clone(&way);
            // The other worker has this in hand, so there is nobody for what is submitted next.
            let cancels = Slot::<Arc<Future<u8>>>::empty();
            let cancelled = Arc::clone(&cancels);
            let second = submitter.submit(move || match (cancelled.get(), theirs.get()) {
                (Some(queued), Some(first)) if queued.cancel() => first.result().is_ok(),
                _ => true,
            });
            let queued = Arc::new(submitter.submit(|| 7));
            let (middle, waits) = task({
                let queued = Arc::clone(&queued);
                move || queued.result().is_err()
            });
            way.set(Arc::new(waits));
            cancels.set(queued);
            middle.run();
            second
        });
        assert!(first.into_result().unwrap().into_result().unwrap());
    });
}
