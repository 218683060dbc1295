//! The races of a pool: tiny ones, with a worker or two and a task or two, in every order within a
//! bound on pre-emptions.
//!
//! A model that fails while a pool is alive panics a second time in the pool's drop and aborts the
//! process; its report is printed before that.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use glasspool::{
    BlockedOn, Builder, Event, EventKind, Executor, Future, NestedWait, Observer, Refusal,
    Shutdown, Task, TaskError, ThreadPoolExecutor, task,
};
use loom::sync::Mutex;
use loom::thread;

/// Counts threads that have run a task, and those of them that have ended: their thread-locals are
/// gone.
#[derive(Clone, Default)]
struct Threads {
    seen: Arc<AtomicUsize>,
    gone: Arc<AtomicUsize>,
}

/// In a thread-local, so that it is dropped when its thread ends.
struct CountsWhenDropped(Arc<AtomicUsize>);

loom::thread_local! {
    static LEAVING: RefCell<Option<CountsWhenDropped>> = RefCell::new(None);
}

impl Threads {
    fn count_this_one(&self) {
        self.seen.fetch_add(1, SeqCst);
        LEAVING.with(|leaving| {
            *leaving.borrow_mut() = Some(CountsWhenDropped(Arc::clone(&self.gone)))
        });
    }

    fn assert_all_gone(&self) {
        assert_eq!(
            self.gone.load(SeqCst),
            self.seen.load(SeqCst),
            "a worker's thread is still there"
        );
    }
}

impl Drop for CountsWhenDropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Three pre-emptions at most: enough for every bug that was planted in the queue, in a time that
/// can be waited for.
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

/// Whose workers just wait when they wait, so that a task can keep one busy by that. (What the
/// others do is in the models of nested waits.)
fn a_pool() -> Builder {
    ThreadPoolExecutor::builder().nested_wait(NestedWait::Block)
}

/// A task submitted while a worker falls asleep, or wakes, is run.
#[test]
fn a_sleeping_worker_against_a_submit() {
    check(|| {
        let pool = a_pool().max_workers(1).build().unwrap();
        let first = pool.submit(|| 1);
        let second = pool.submit(|| 2);
        assert_eq!(first.into_result().unwrap() + second.into_result().unwrap(), 3);
    });
}

/// A task submitted while the only worker retires is run: by that worker, or by the next.
#[test]
fn a_retiring_worker_against_a_submit() {
    check(|| {
        let pool = a_pool().max_workers(1).keep_alive(Duration::ZERO).build().unwrap();
        let first = pool.submit(|| 1);
        let second = pool.submit(|| 2);
        assert_eq!(first.into_result().unwrap() + second.into_result().unwrap(), 3);
    });
}

/// A submit against a close: either the task is refused, and its closure comes back, or it is run;
/// and when closing returns, the thread it ran on is gone.
#[test]
fn closing_against_a_submit() {
    check(|| {
        let pool = a_pool().max_workers(1).build().unwrap();
        let submitter = pool.submitter();
        let threads = Threads::default();
        let other = thread::spawn({
            let threads = threads.clone();
            move || match submitter.try_submit(move || threads.count_this_one()) {
                Ok(future) => future.into_result().unwrap(),
                Err(refused) => drop(refused.into_inner()),
            }
        });
        pool.shutdown(Shutdown::Drain).unwrap();
        threads.assert_all_gone();
        other.join().unwrap();
    });
}

/// A submit against a close that cancels: the task is refused, or cancelled, or run, and its reader
/// learns which.
#[test]
fn cancelling_what_is_pending_against_a_submit() {
    check(|| {
        let pool = a_pool().max_workers(1).build().unwrap();
        let first = pool.submit(|| 1);
        let submitter = pool.submitter();
        let other = thread::spawn(move || {
            match submitter.try_submit(|| 2).map(glasspool::Future::into_result) {
                Ok(Ok(value)) => assert_eq!(value, 2),
                Ok(Err(TaskError::Cancelled(_))) | Err(_) => {}
                Ok(Err(error)) => panic!("{error}"),
            }
        });
        pool.shutdown(Shutdown::CancelPending).unwrap();
        assert_eq!(first.into_result().unwrap(), 1);
        other.join().unwrap();
    });
}

/// Two threads that close the same pool both return, and for each of them the worker's thread is
/// gone.
#[test]
fn closing_against_closing() {
    check(|| {
        let pool = Arc::new(a_pool().max_workers(1).build().unwrap());
        let threads = Threads::default();
        let close = {
            let (pool, threads) = (Arc::clone(&pool), threads.clone());
            move || {
                pool.shutdown(Shutdown::Drain).unwrap();
                threads.assert_all_gone();
            }
        };
        pool.submit(move || threads.count_this_one()).into_result().unwrap();
        let other = thread::spawn(close.clone());
        close();
        other.join().unwrap();
    });
}

/// Two workers, and more tasks than workers: a wake-up that is under way for one does not leave the
/// other asleep for ever.
#[test]
fn two_workers_against_three_tasks() {
    check(|| {
        let pool = a_pool().max_workers(2).build().unwrap();
        let futures = [1, 2, 3].map(|n| pool.submit(move || n));
        let total: i32 = futures.into_iter().map(|future| future.into_result().unwrap()).sum();
        assert_eq!(total, 6);
    });
}

/// One idle worker, and two tasks of which the first waits for the second: the worker is spoken for
/// by the first, so the second gets a worker of its own.
#[test]
fn an_idle_worker_against_two_tasks_that_need_each_other() {
    check(|| {
        let pool = a_pool().max_workers(2).build().unwrap();
        pool.submit(|| ()).into_result().unwrap();
        let (task, future) = task(|| 1);
        let waits = pool.submit(|| future.into_result().unwrap());
        let runs = pool.submit(|| task.run());
        assert_eq!(waits.into_result().unwrap(), 1);
        runs.into_result().unwrap();
    });
}

/// Two submitters on a fresh pool of one: whoever finds the worker's seat taken waits until the
/// worker is there, no longer.
#[test]
fn a_hire_against_a_submit() {
    check(|| {
        let pool = a_pool().max_workers(1).build().unwrap();
        let submitter = pool.submitter();
        let other = thread::spawn(move || submitter.submit(|| 1).into_result().unwrap());
        assert_eq!(pool.submit(|| 2).into_result().unwrap(), 2);
        assert_eq!(other.join().unwrap(), 1);
    });
}

/// The same, and the system refuses every thread: both closures come back, and no task is left
/// where nobody will look.
#[test]
fn a_refused_hire_against_a_submit() {
    check(|| {
        let pool = a_pool().max_workers(1).stack_size(usize::MAX).build().unwrap();
        let submitter = pool.submitter();
        let other = thread::spawn(move || submitter.try_submit(|| 1).unwrap_err().into_inner()());
        let refused = pool.try_submit(|| 2).unwrap_err();
        assert!(matches!(refused.why(), Refusal::Thread(_)));
        assert_eq!(refused.into_inner()() + other.join().unwrap(), 3);
    });
}

/// An initializer that panics against a submit: every future ends, and every refused closure comes
/// back.
#[test]
fn a_breaking_pool_against_a_submit() {
    check(|| {
        let pool = a_pool()
            .max_workers(1)
            .initializer(|| std::panic::resume_unwind(Box::new("no")))
            .build()
            .unwrap();
        let submitter = pool.submitter();
        let other = thread::spawn(move || {
            if let Ok(future) = submitter.try_submit(|| ()) {
                future.into_result().unwrap_err();
            }
        });
        if let Ok(future) = pool.try_submit(|| ()) {
            future.into_result().unwrap_err();
        }
        other.join().unwrap();
    });
}

/// Two sleeping workers, and two tasks of which the first waits for the second: both workers are
/// woken, though one wake-up at a time is under way.
#[test]
fn two_sleepers_against_two_tasks_that_need_each_other() {
    check(|| {
        let pool = a_pool().max_workers(2).build().unwrap();
        // The first pair hires both workers, the second finds them asleep, or about to be, or still
        // at work.
        for _ in 0..2 {
            let (task, future) = task(|| 1);
            let waits = pool.submit(|| future.into_result().unwrap());
            let runs = pool.submit(|| task.run());
            assert_eq!(waits.into_result().unwrap(), 1);
            runs.into_result().unwrap();
        }
    });
}

/// A map against the drop of its iterator: each item is run or cancelled, and the pool closes.
#[test]
fn a_map_against_its_drop() {
    check(|| {
        let pool = a_pool().max_workers(1).build().unwrap();
        let mut results = pool.map([1, 2], |n| n);
        assert_eq!(results.next().unwrap().unwrap(), 1);
        drop(results);
    });
}

/// Two runners of one map: every item is run once, and the reader gets them in order.
#[test]
fn a_map_by_two_workers() {
    check(|| {
        let pool = a_pool().max_workers(2).build().unwrap();
        let results: Vec<i32> = pool.map([1, 2, 3], |n| n).map(Result::unwrap).collect();
        assert_eq!(results, [1, 2, 3]);
    });
}

/// A pool of one worker that is busy until the returned task is run, and a pending task that takes
/// all the room there is.
fn full_pool() -> (ThreadPoolExecutor, Task, Future<i32>) {
    let pool = a_pool().max_workers(1).queue_capacity(1).build().unwrap();
    let (gate, opened) = task(|| ());
    drop(pool.submit(move || opened.into_result()));
    let pending = pool.submit(|| 2);
    (pool, gate, pending)
}

/// A submit that waits for room against the worker that makes it.
#[test]
fn room_against_a_worker() {
    check(|| {
        let (pool, gate, pending) = full_pool();
        let submitter = pool.submitter();
        let other = thread::spawn(move || submitter.submit(|| 3).into_result().unwrap());
        gate.run();
        assert_eq!(pending.into_result().unwrap() + other.join().unwrap(), 5);
    });
}

/// A submit that waits for room against a cancel that makes it, while the only worker is busy:
/// nobody else will.
#[test]
fn room_against_a_cancel() {
    check(|| {
        let (pool, gate, pending) = full_pool();
        let submitter = pool.submitter();
        let other = thread::spawn(move || submitter.submit(|| 3));
        assert!(pending.cancel());
        let accepted = other.join().unwrap();
        gate.run();
        assert_eq!(accepted.into_result().unwrap(), 3);
    });
}

/// A submit that waits for room against a close, while the only worker is busy: it is refused,
/// though nobody makes room.
#[test]
fn room_against_closing() {
    check(|| {
        let (pool, gate, pending) = full_pool();
        let submitter = pool.submitter();
        let other = thread::spawn(move || {
            let refused = submitter.try_submit_timeout(Duration::MAX, || 3).unwrap_err();
            assert!(matches!(refused.why(), Refusal::ShutDown));
            refused.into_inner()()
        });
        pool.close(Shutdown::Drain);
        assert_eq!(other.join().unwrap(), 3);
        gate.run();
        assert_eq!(pending.into_result().unwrap(), 2);
    });
}

/// A submit from inside against a queue that is full: it is accepted, though nobody but its own
/// worker could make room.
#[test]
fn room_against_a_task_that_submits() {
    check(|| {
        let pool = a_pool().max_workers(1).queue_capacity(1).build().unwrap();
        let inside = pool.submitter();
        let outer = pool.submit(move || inside.submit(|| 1));
        let pending = pool.submit(|| 2);
        assert_eq!(
            outer.into_result().unwrap().into_result().unwrap() + pending.into_result().unwrap(),
            3
        );
    });
}

/// The last call against a task that submits another: both are run, and then the pool closes by
/// itself.
#[test]
fn the_last_call_against_a_task_that_submits() {
    check(|| {
        let pool = a_pool().max_workers(1).build().unwrap();
        let inside = pool.submitter();
        let outer = pool.submit(move || inside.submit(|| 1));
        pool.shutdown(Shutdown::WhenIdle).unwrap();
        assert_eq!(outer.into_result().unwrap().into_result().unwrap(), 1);
    });
}

/// The last call against a submit from elsewhere, which hires: it is refused, or it is run, and
/// then so is what it submits; and the pool closes by itself.
#[test]
fn the_last_call_against_a_submit() {
    check(|| {
        let pool = a_pool().max_workers(1).build().unwrap();
        let (submitter, inside) = (pool.submitter(), pool.submitter());
        let other = thread::spawn(move || {
            if let Ok(outer) = submitter.try_submit(move || inside.submit(|| 1)) {
                assert_eq!(outer.into_result().unwrap().into_result().unwrap(), 1);
            }
        });
        pool.shutdown(Shutdown::WhenIdle).unwrap();
        other.join().unwrap();
    });
}

/// The last call against two workers that run out of tasks at the same time: one of them is the
/// last.
#[test]
fn the_last_call_against_two_workers() {
    check(|| {
        let pool = a_pool().max_workers(2).build().unwrap();
        let futures = [1, 2].map(|n| pool.submit(move || n));
        pool.shutdown(Shutdown::WhenIdle).unwrap();
        assert!(futures.iter().all(Future::done));
    });
}

/// Closing with a deadline against closing without: whoever waits to the end sees the end.
#[test]
fn closing_within_no_time_against_closing() {
    check(|| {
        let pool = Arc::new(a_pool().max_workers(1).build().unwrap());
        let threads = Threads::default();
        let counting = threads.clone();
        let future = pool.submit(move || counting.count_this_one());
        let impatient = Arc::clone(&pool);
        let other = thread::spawn(move || {
            let report = impatient.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap();
            assert!(report.still_running.len() <= 1);
        });
        pool.shutdown(Shutdown::Drain).unwrap();
        threads.assert_all_gone();
        assert!(future.done());
        other.join().unwrap();
    });
}

/// Asking a task to stop against the task that waits to be asked.
#[test]
fn a_request_to_stop_against_a_wait_for_it() {
    check(|| {
        let pool = a_pool().max_workers(1).build().unwrap();
        let future = pool.submit_stoppable(|stop| stop.wait_timeout(Duration::MAX));
        assert!(future.request_stop());
        assert!(future.into_result().unwrap());
    });
}

/// A shutdown that asks tasks to stop against a worker that goes from one to the next: each is
/// asked or cancelled, and none is waited for in vain.
#[test]
fn a_shutdown_that_stops_against_a_worker() {
    check(|| {
        let pool = a_pool().max_workers(1).build().unwrap();
        let (gate, opened) = task(|| ());
        drop(pool.submit(move || opened.into_result()));
        let stoppable = pool.submit_stoppable(|stop| stop.wait_timeout(Duration::MAX));
        let other = thread::spawn(move || gate.run());
        pool.shutdown(Shutdown::Stop).unwrap();
        other.join().unwrap();
        match stoppable.into_result() {
            Ok(asked) => assert!(asked),
            Err(error) => assert!(matches!(error, TaskError::Cancelled(_))),
        }
    });
}

/// A cancel against the queue taking the task in: what is cancelled takes no room and leaves the
/// queue, whoever comes first.
#[test]
fn room_against_a_cancel_on_the_way() {
    check_two(|| {
        let pool = a_pool().max_workers(1).queue_capacity(1).build().unwrap();
        let (gate, opened) = task(|| ());
        drop(pool.submit(move || opened.into_result()));
        let (late, future) = task(|| ());
        let other = thread::spawn(move || assert!(future.cancel()));
        pool.execute(late).unwrap();
        other.join().unwrap();
        assert_eq!(pool.stats().queued, 0);
        assert!(pool.try_submit(|| ()).is_ok());
        gate.run();
    });
}

/// The exit hook runs once for the worker that came, and what it has captured goes with that,
/// whoever comes last: the worker, its hirer or whoever closes.
#[test]
fn hooks_against_the_end() {
    check(|| {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let builder = a_pool().max_workers(1);
        let pool = builder.exit_hook(move || _ = counted.fetch_add(1, SeqCst)).build().unwrap();
        let submitter = pool.submitter();
        let other = thread::spawn(move || submitter.try_submit(|| ()).is_ok());
        pool.shutdown(Shutdown::Drain).unwrap();
        let came = other.join().unwrap();
        assert_eq!(runs.load(SeqCst), usize::from(came));
        assert_eq!(Arc::strong_count(&runs), 1);
    });
}

/// A hire that the system refuses against a close that cancels: the closure comes back, or it has
/// been accepted and cancelled.
#[test]
fn a_refused_hire_against_a_cancelling_close() {
    check(|| {
        let pool = a_pool().max_workers(1).stack_size(usize::MAX).build().unwrap();
        let submitter = pool.submitter();
        let other = thread::spawn(move || match submitter.try_submit(|| 1) {
            Ok(future) => assert!(matches!(future.into_result(), Err(TaskError::Cancelled(_)))),
            Err(refused) => assert_eq!(refused.into_inner()(), 1),
        });
        pool.close(Shutdown::CancelPending);
        other.join().unwrap();
    });
}

/// The last call against a worker that retires, with a cancelled task in the queue that somebody
/// sweeps out: the pool closes.
#[test]
fn the_last_call_against_a_retiring_worker() {
    check(|| {
        let pool = a_pool().max_workers(1).keep_alive(Duration::ZERO).build().unwrap();
        drop(pool.submit(|| 1));
        let second = pool.submit(|| 2);
        second.cancel();
        pool.close(Shutdown::WhenIdle);
        let _ = pool.stats();
        pool.shutdown(Shutdown::WhenIdle).unwrap();
        assert!(pool.try_submit(|| 3).is_err());
    });
}

/// The last call against a worker that makes room, while a submit waits for that: who waits is on
/// the way, so the pool does not close before it has come in.
#[test]
fn the_last_call_against_a_submit_that_waits_for_room() {
    check(|| {
        let (pool, gate, pending) = full_pool();
        let inside = pool.submitter();
        let other = thread::spawn(move || {
            // With another task's room: the first of the two is in before the last call, or is
            // refused.
            inside
                .try_submit_timeout(Duration::MAX, || 3)
                .map(|future| future.into_result().unwrap())
                .is_ok()
        });
        gate.run();
        pool.shutdown(Shutdown::WhenIdle).unwrap();
        assert_eq!(pending.into_result().unwrap(), 2);
        other.join().unwrap();
    });
}

/// A worker that retires against two submitters on a bounded pool: each gets in, by room or by
/// hiring, and what one of them was given and does not need is the other's.
#[test]
fn a_retiring_worker_against_two_submitters_and_a_bound() {
    check_two(|| {
        let builder = a_pool().max_workers(1).queue_capacity(1);
        let pool = builder.keep_alive(Duration::ZERO).build().unwrap();
        let submitter = pool.submitter();
        let first = pool.submit(|| 1);
        let other = thread::spawn(move || submitter.submit(|| 2).into_result().unwrap());
        let third = pool.submit(|| 3);
        assert_eq!(
            first.into_result().unwrap() + third.into_result().unwrap() + other.join().unwrap(),
            6
        );
    });
}

/// The last call against the only worker, which retires, while a submit that waited for room is on
/// its way back: it is taken, so the pool is not over before what it submits is.
#[test]
fn the_last_call_against_a_retiring_worker_and_a_bound() {
    check(|| {
        let builder = a_pool().max_workers(1).queue_capacity(1);
        let pool = builder.keep_alive(Duration::ZERO).build().unwrap();
        let (gate, opened) = task(|| ());
        drop(pool.submit(move || opened.into_result()));
        drop(pool.submit(|| 2));
        let submitter = pool.submitter();
        let other = thread::spawn(move || drop(submitter.try_submit_timeout(Duration::MAX, || 3)));
        gate.run();
        pool.shutdown(Shutdown::WhenIdle).unwrap();
        assert!(pool.refusal().is_some());
        assert_eq!((pool.stats().workers, pool.stats().queued), (0, 0));
        other.join().unwrap();
    });
}

/// The last call against a submit that the system refuses a thread: nobody is there any more, and
/// it is the submitter who closes.
#[test]
fn the_last_call_against_a_refused_hire() {
    check(|| {
        let pool = a_pool().max_workers(1).stack_size(usize::MAX).build().unwrap();
        let submitter = pool.submitter();
        let other = thread::spawn(move || submitter.try_submit(|| 1).unwrap_err().into_inner()());
        pool.shutdown(Shutdown::WhenIdle).unwrap();
        assert!(pool.refusal().is_some());
        assert_eq!(other.join().unwrap(), 1);
    });
}

/// The last call against a cancel of the only task that waits: the pool closes by itself, whether
/// the cancel or the worker that was woken for the task comes first.
#[test]
fn the_last_call_against_a_cancel() {
    check(|| {
        let pool = a_pool().max_workers(1).build().unwrap();
        pool.submit(|| 1).into_result().unwrap();
        let second = pool.submit(|| 2);
        let other = thread::spawn(move || _ = second.cancel());
        pool.shutdown(Shutdown::WhenIdle).unwrap();
        other.join().unwrap();
    });
}

/// The last call against a submit that finds no room and does not wait for any: from then on it is
/// not on its way any more, and the pool closes by itself.
#[test]
fn the_last_call_against_a_submit_that_gives_up() {
    check(|| {
        let (pool, gate, pending) = full_pool();
        let submitter = pool.submitter();
        let other = thread::spawn(move || drop(submitter.try_submit(|| 3)));
        gate.run();
        pool.shutdown(Shutdown::WhenIdle).unwrap();
        assert_eq!(pending.into_result().unwrap(), 2);
        other.join().unwrap();
    });
}

/// A close against another that cancels: it does not return before what that one cancels is known
/// to be cancelled.
#[test]
fn closing_against_a_cancelling_close() {
    check(|| {
        let pool = Arc::new(a_pool().max_workers(1).build().unwrap());
        let (gate, opened) = task(|| ());
        drop(pool.submit(move || opened.into_result()));
        let pending = pool.submit(|| ());
        let cancels = Arc::clone(&pool);
        let other = thread::spawn(move || cancels.close(Shutdown::CancelPending));
        gate.run();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert!(pending.done());
        other.join().unwrap();
    });
}

/// A submit whose time is up against the worker that makes room: the permit is used, or somebody
/// else can have it.
#[test]
fn room_against_a_deadline() {
    check_two(|| {
        let (pool, gate, pending) = full_pool();
        let submitter = pool.submitter();
        let other = thread::spawn(move || {
            if let Ok(future) = submitter.try_submit_timeout(Duration::from_secs(1), || 3) {
                assert_eq!(future.into_result().unwrap(), 3);
            }
        });
        gate.run();
        assert_eq!(pending.into_result().unwrap(), 2);
        other.join().unwrap();
        assert!(pool.try_submit(|| 4).is_ok());
    });
}

/// A task that waits for room is cancelled, and the pool is closed: its permit is released once, by
/// the cancel or by the submit that is refused.
#[test]
fn room_against_a_cancel_and_a_close() {
    check_two(|| {
        let (pool, gate, pending) = full_pool();
        let submitter = pool.submitter();
        let (late, future) = task(|| ());
        let other = thread::spawn(move || drop(submitter.execute(late)));
        let cancels = thread::spawn(move || _ = future.cancel());
        pool.close(Shutdown::Drain);
        gate.run();
        other.join().unwrap();
        cancels.join().unwrap();
        assert_eq!(pending.into_result().unwrap(), 2);
    });
}

/// A pool that its own task drops, against the submitter that has started the worker for that task:
/// the worker is the last to know of the pool, and drops its hooks.
#[test]
fn hooks_against_a_pool_that_its_own_task_drops() {
    struct Captured(thread::ThreadId, Arc<AtomicBool>);
    impl Drop for Captured {
        fn drop(&mut self) {
            if thread::current().id() == self.0 {
                self.1.store(true, SeqCst);
            }
        }
    }
    let by_the_submitter = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&by_the_submitter);
    check(move || {
        let captured = Captured(thread::current().id(), Arc::clone(&seen));
        let hook = move || _ = &captured;
        let pool = a_pool().max_workers(1).exit_hook(hook).build().unwrap();
        let submitter = pool.submitter();
        submitter.submit(move || drop(pool)).into_result().unwrap();
    });
    assert!(!by_the_submitter.load(SeqCst));
}

/// A submit that has waited for room and is refused a thread, since the only worker has retired: it
/// leaves its room to the next.
#[test]
fn room_against_a_refused_hire() {
    check_two(|| {
        let builder = a_pool().max_workers(1).queue_capacity(1).keep_alive(Duration::ZERO);
        let pool = builder.stack_size(usize::MAX - 2).build().unwrap();
        let (gate, opened) = task(|| ());
        drop(pool.submit(move || opened.into_result()));
        let pending = pool.submit(|| 2);
        let submitter = pool.submitter();
        let other = thread::spawn(move || {
            if let Ok(future) = submitter.try_submit_timeout(Duration::MAX, || 3) {
                assert_eq!(future.into_result().unwrap(), 3);
            }
        });
        gate.run();
        assert_eq!(pending.into_result().unwrap(), 2);
        other.join().unwrap();
        let (gate, opened) = task(|| ());
        let (begin, begun) = task(|| ());
        let busy = pool.try_submit(move || {
            begin.run();
            opened.into_result()
        });
        if busy.is_ok() {
            begun.into_result().unwrap();
            // Nothing is pending, so there is room for one.
            assert!(pool.try_submit(|| 4).is_ok());
        }
        gate.run();
    });
}

/// Notes whether a submitter was heard to wait for room.
#[derive(Clone, Default)]
struct Waits(Arc<Mutex<bool>>);

impl Observer for Waits {
    fn observe(&self, event: &Event<'_>) {
        if matches!(event.kind, EventKind::Blocked(BlockedOn::Room)) {
            *self.0.lock().unwrap() = true;
        }
    }
}

/// The last call against a submit that was heard to wait for room before: that one is accepted.
#[test]
fn the_last_call_against_a_submit_that_is_heard_to_wait() {
    check_two(|| {
        let waits = Waits::default();
        let builder = a_pool().max_workers(1).queue_capacity(1).observer(waits.clone());
        let pool = builder.build().unwrap();
        let (gate, opened) = task(|| ());
        drop(pool.submit(move || opened.into_result()));
        drop(pool.submit(|| 2));
        let submitter = pool.submitter();
        let other =
            thread::spawn(move || submitter.try_submit_timeout(Duration::MAX, || 3).is_ok());
        let waited = *waits.0.lock().unwrap();
        pool.close(Shutdown::WhenIdle);
        gate.run();
        assert!(other.join().unwrap() || !waited);
    });
}
