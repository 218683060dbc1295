//! No allocation is left behind: every way in which a pool can live and end, again and again,
//! with each allocation of the process counted. A cycle of references, or a task kept somewhere,
//! shows as growth.
//!
//! This is a program of its own, with one test, so that no other allocations are counted.

use std::alloc::System;
use std::future::{Future as _, IntoFuture};
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

use glasspool::timeline::{Recorder, Svg};
use glasspool::{
    Event, Executor, Future, Inline, ReturnWhen, Shutdown, Submitter, ThreadPoolExecutor,
    as_completed, scope, task, wait,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// More than the caches of locks and threads need to fill.
const WARM_UP: usize = 20;

const ROUNDS: usize = 100;

fn live_allocations() -> usize {
    let now = COUNTED.stats();
    now.allocations - now.deallocations
}

/// How many allocations are left of each round, at least.
#[track_caller]
fn leaks_nothing(what: &str, round: impl Fn()) {
    (0..WARM_UP).for_each(|_| round());
    let before = live_allocations();
    (0..ROUNDS).for_each(|_| round());
    let left = live_allocations().saturating_sub(before);
    assert!(left < ROUNDS / 2, "{what}: {ROUNDS} rounds left {left} allocations behind");
}

fn pool() -> ThreadPoolExecutor {
    ThreadPoolExecutor::builder().max_workers(2).queue_capacity(4).build().unwrap()
}

/// Both workers wait until the sender is dropped.
fn held(pool: &ThreadPoolExecutor) -> (mpsc::Sender<()>, [Future<bool>; 2]) {
    let (open, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let futures = [(); 2].map(|()| {
        let gate = Arc::clone(&gate);
        pool.submit(move || gate.lock().unwrap().recv().is_err())
    });
    (open, futures)
}

fn observed_pools() {
    leaks_nothing("a pool that is recorded, and what is drawn of it", || {
        let recorder = Arc::new(Recorder::with_capacity(100));
        let pool = ThreadPoolExecutor::builder()
            .max_workers(2)
            .observer(Arc::clone(&recorder))
            .build()
            .unwrap();
        pool.named("square").map(0..50, |n| n * n).for_each(drop);
        let futures = [1, 2, 3].map(|n| pool.submit(move || n));
        futures[2].cancel();
        as_completed(futures).for_each(drop);
        pool.shutdown(Shutdown::CancelPending).unwrap();
        assert!(pool.try_submit(|| ()).is_err());
        let trace = recorder.trace();
        assert!(!Svg::of(&trace).to_string().is_empty());
    });
    leaks_nothing("an observer that panics, and one that holds its pool's future", || {
        let pool =
            ThreadPoolExecutor::builder().observer(|_: &Event<'_>| panic!("no")).build().unwrap();
        assert!(pool.submit(|| vec![1]).into_result().is_ok());
        let held = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&held);
        let pool = ThreadPoolExecutor::builder()
            .observer(move |_: &Event<'_>| drop(slot.lock()))
            .build()
            .unwrap();
        *held.lock().unwrap() = Some(pool.submit(|| vec![1]));
        drop(pool);
        held.lock().unwrap().take();
    });
}

fn nested_waits() {
    let pool = ThreadPoolExecutor::new(1).unwrap();
    let submitter = pool.submitter();
    let (give, take) = mpsc::channel::<Future<bool>>();
    let outer = pool.submit(move || {
        let myself = take.recv().unwrap();
        let alone = submitter.submit(|| 1).into_result().unwrap();
        let timed = submitter.submit(|| 1).result_timeout(Duration::from_secs(100)).is_ok();
        let any = wait([1, 2].map(|n| submitter.submit(move || n)), None, ReturnWhen::AllCompleted);
        alone == 1 && timed && any.done.len() == 2 && myself.into_result().is_err()
    });
    give.send(outer).unwrap();
}

fn scopes() {
    leaks_nothing("scopes that return, and that panic", || {
        let words = ["to", "be"];
        let again = scope(2, |s| {
            let inner = s.clone();
            drop(s.submit(move || drop(inner.submit(move || words.len()))));
            s.map(&words, |word| word.len()).count()
        });
        assert_eq!(again.unwrap(), 2);
        let panics = std::panic::catch_unwind(|| scope(1, |s| drop(s.submit(|| panic!("unseen")))));
        assert!(panics.is_err());
        let panics = std::panic::catch_unwind(|| {
            scope(1, |s| s.submit(|| words.len()).result().map(|_| panic!("body")).is_ok())
        });
        assert!(panics.is_err());
    });
}

#[test]
fn pools_leave_no_allocation_behind() {
    // What the tests' own threads panic with is expected, and printing it would allocate.
    std::panic::set_hook(Box::new(|_| ()));

    leaks_nothing("tasks that return, panic, are read, and are not", || {
        let pool = pool();
        drop((0..4).map(|_| pool.submit(|| vec![1, 2, 3])));
        let futures = (0..4).map(|n| pool.submit(move || assert!(n % 2 == 0, "{n}")));
        for future in as_completed(futures.collect::<Vec<_>>()) {
            future.add_done_callback(|_| ());
        }
    });
    leaks_nothing("tasks that are cancelled, refused, and waited for in vain", || {
        let pool = pool();
        let (open, _held) = held(&pool);
        let pending: Vec<_> = (0..4).map(|n| pool.submit(move || vec![n])).collect();
        assert!(pool.try_submit(|| ()).is_err());
        assert!(pool.try_submit_timeout(Duration::from_micros(10), || ()).is_err());
        assert!(pending[0].cancel() && pending[1].result_timeout(Duration::ZERO).is_err());
        let waits = pool.submitter();
        let waiting = std::thread::spawn(move || waits.submit(|| ()).into_result());
        drop(open);
        waiting.join().unwrap().unwrap();
    });
    leaks_nothing("maps, finished and dropped", || {
        let pool = pool();
        assert_eq!(pool.map(0..100, |n| vec![n]).count(), 100);
        drop(pool.map(0..100, |n| vec![n]));
    });
    for how in [Shutdown::Drain, Shutdown::WhenIdle, Shutdown::CancelPending, Shutdown::Stop] {
        leaks_nothing("closing, with submitters and futures left over", || {
            let pool = pool();
            let (open, held) = held(&pool);
            let stoppable =
                pool.submit_stoppable(|stop| stop.wait_timeout(Duration::from_millis(1)));
            let submitter = pool.submitter();
            pool.close(how);
            drop(open);
            pool.shutdown(Shutdown::Drain).unwrap();
            assert!(submitter.try_submit(|| vec![1]).is_err());
            drop((held, stoppable));
        });
    }
    leaks_nothing("closing that gives up", || {
        let pool = pool();
        let (open, held) = held(&pool);
        let report = pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap();
        assert_eq!(report.still_running.len(), 2);
        drop(open);
        assert!(held.into_iter().all(|future| future.into_result().unwrap()));
        pool.shutdown(Shutdown::Drain).unwrap();
    });
    leaks_nothing("hooks that hold the pool itself", || {
        let slot: Arc<Mutex<Option<Submitter>>> = Arc::default();
        let (first, last) = (Arc::clone(&slot), Arc::clone(&slot));
        let begins = move || _ = first.lock().unwrap().as_ref().map(Submitter::stats);
        let leaves = move || _ = last.lock().unwrap().as_ref().map(Submitter::stats);
        let builder = ThreadPoolExecutor::builder().max_workers(1).keep_alive(Duration::ZERO);
        let pool = builder.initializer(begins).exit_hook(leaves).build().unwrap();
        *slot.lock().unwrap() = Some(pool.submitter());
        drop((0..3).map(|_| pool.submit(|| ()).into_result()));
    });
    leaks_nothing("a pool that breaks", || {
        let pool = ThreadPoolExecutor::builder()
            .max_workers(1)
            .initializer(|| panic!("no"))
            .build()
            .unwrap();
        drop((0..3).map(|_| pool.try_submit(|| vec![1]).map(Future::into_result)));
    });
    leaks_nothing("a pool without threads", || {
        let pool = ThreadPoolExecutor::builder().stack_size(usize::MAX / 2).build().unwrap();
        assert!(pool.try_submit(|| vec![1]).is_err());
    });
    leaks_nothing("a pool that is dropped by its own task", || {
        let (give, take) = mpsc::channel::<ThreadPoolExecutor>();
        let pool = pool();
        let (tell, told) = mpsc::channel();
        let future = pool.submit(move || (drop(take.recv().unwrap()), tell.send(()).unwrap()));
        give.send(pool).unwrap();
        told.recv().unwrap();
        future.into_result().unwrap();
    });
    leaks_nothing(
        "tasks that wait for tasks: inside, on an added worker, and in a circle",
        nested_waits,
    );
    observed_pools();
    scopes();
    stays_flat();
    a_pending_task_is_small();
}

fn live_bytes() -> usize {
    let now = COUNTED.stats();
    now.bytes_allocated - now.bytes_deallocated
}

/// The task, its entry in the queue, and its handle; closure and value have a word each.
fn a_pending_task_is_small() {
    const TASKS: usize = 1 << 14;
    let pool = ThreadPoolExecutor::new(2).unwrap();
    let (open, _held) = held(&pool);
    let before = live_bytes();
    let mut futures = Vec::with_capacity(TASKS);
    futures.extend((0..TASKS).map(|number| pool.submit(move || number)));
    let each = (live_bytes() - before) / TASKS;
    assert!(each <= 18 * size_of::<usize>(), "a pending task takes {each} bytes");
    drop(open);
}

/// What may be done for ever takes no more room at the end than at the beginning.
fn stays_flat() {
    #[track_caller]
    fn again_and_again(times: usize, what: &str, mut once: impl FnMut()) {
        (0..10_000).for_each(|_| once());
        let (before, mut most) = (live_bytes(), 0);
        for round in 0..times {
            once();
            if round % 1000 == 0 {
                most = most.max(live_bytes());
            }
        }
        let grown = most.saturating_sub(before);
        assert!(grown < 64 * 1024, "{what}: it has grown by {grown} bytes");
    }
    const MILLION: usize = 1_000_000;
    let (_never_run, future) = task(|| ());
    again_and_again(MILLION, "polling `wait`", || {
        assert!(wait([&future], Some(Duration::ZERO), ReturnWhen::FirstCompleted).done.is_empty());
    });
    again_and_again(MILLION / 10, "polling `result_timeout`", || {
        assert!(future.result_timeout(Duration::ZERO).is_err());
    });
    let mut context = Context::from_waker(Waker::noop());
    again_and_again(MILLION / 10, "awaiting, and not", || {
        assert!(pin!((&future).into_future()).poll(&mut context).is_pending());
    });
    let mut ended = as_completed([&future]);
    again_and_again(MILLION / 10, "polling `as_completed`", || {
        assert!(ended.next_timeout(Duration::ZERO).is_err());
    });
    drop(ended);
    again_and_again(MILLION / 10, "`as_completed` that is dropped", || {
        drop(as_completed([&future]));
    });
    let (run, done) = task(|| ());
    run.run();
    again_and_again(MILLION / 10, "`as_completed` that leaves one out", || {
        assert!(as_completed([&future, &done]).next().unwrap().done());
    });

    let pool = pool();
    let (open, _held) = held(&pool);
    again_and_again(MILLION / 10, "tasks that are submitted and cancelled", || {
        assert!(pool.submit(|| ()).cancel());
    });
    drop(open);
    let mut growing =
        as_completed([pool.submit_stoppable(|stop| _ = stop.wait_timeout(Duration::MAX))]);
    again_and_again(MILLION, "`as_completed` that grows, with one that stays", || {
        let (task, future) = task(|| ());
        growing.push(future);
        task.run();
        assert!(growing.next().unwrap().into_result().is_ok());
    });
    drop(growing);
    pool.shutdown(Shutdown::Stop).unwrap();

    let executor: &dyn Executor = &Inline;
    let mut endless = executor.map_buffered(0_u64.., 100, |n| vec![n]);
    again_and_again(MILLION / 10, "a map without end", || {
        assert_eq!(endless.next().unwrap().unwrap().len(), 1);
    });
    let mut endless = endless.unordered();
    again_and_again(MILLION / 10, "the same, as they come", || {
        assert_eq!(endless.next().unwrap().unwrap().len(), 1);
    });

    let pool = ThreadPoolExecutor::builder().max_workers(2).queue_capacity(10).build().unwrap();
    let mut endless = pool.map_buffered(0_u64.., 100, |n| vec![n]);
    again_and_again(MILLION, "a map without end on a bounded pool", || {
        assert_eq!(endless.next().unwrap().unwrap().len(), 1);
    });
}
