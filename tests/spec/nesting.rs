//! Tasks that wait for other tasks: they finish at any number of workers, or are told why they
//! cannot.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::Duration;

use glasspool::{
    Future, NestedWait, ReturnWhen, Shutdown, Submitter, TaskError, ThreadPoolExecutor,
    as_completed, current_worker, scope, wait,
};

use crate::support::within;

type Value = Result<u64, TaskError>;

fn pool_with(workers: usize, policy: NestedWait) -> ThreadPoolExecutor {
    ThreadPoolExecutor::builder().max_workers(workers).nested_wait(policy).build().unwrap()
}

/// What is in there, as soon as it is.
fn there<T>(later: &OnceLock<T>) -> &T {
    loop {
        if let Some(it) = later.get() {
            return it;
        }
        std::thread::yield_now();
    }
}

fn fib(n: u64, pool: &Submitter) -> u64 {
    if n < 2 {
        return n;
    }
    let halves = [n - 1, n - 2].map(|n| {
        let inner = pool.clone();
        pool.submit(move || fib(n, &inner))
    });
    halves.into_iter().map(|half| half.into_result().unwrap()).sum()
}

#[test]
fn fibonacci_by_nested_futures_finishes_on_one_two_and_eight_workers() {
    within(|| {
        for workers in [1, 2, 8] {
            let pool = ThreadPoolExecutor::new(workers).unwrap();
            assert_eq!(fib(18, &pool.submitter()), 2584);
        }
    });
}

fn chain(left: u64, pool: &Submitter) -> u64 {
    if left == 0 {
        return 0;
    }
    let inner = pool.clone();
    pool.submit(move || chain(left - 1, &inner)).into_result().unwrap() + 1
}

#[test]
fn a_chain_of_ten_thousand_waits_finishes_on_one_worker_with_the_default_stack() {
    within(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        assert_eq!(chain(10_000, &pool.submitter()), 10_000);
    });
}

/// A deeper chain than one stack has room for is run on added workers, and the smaller the stack
/// the more of them.
#[test]
fn the_depth_at_which_a_worker_is_added_comes_from_the_size_of_the_stack() {
    within(|| {
        let added = [256 << 10, 1 << 20, 64 << 20].map(|bytes| {
            let pool =
                ThreadPoolExecutor::builder().max_workers(1).stack_size(bytes).build().unwrap();
            assert_eq!(chain(1000, &pool.submitter()), 1000);
            pool.stats().added
        });
        let [small, middle, large] = added;
        assert!(small > middle && middle > large && large == 0, "{added:?}");
    });
}

/// How much of its stack the calling thread has used since it noted where that was.
fn used_since(base: usize) -> usize {
    let here = 0_u8;
    base.abs_diff((&raw const here).addr())
}

#[test]
fn what_is_run_inside_has_at_least_half_of_the_stack() {
    const STACK: usize = 1 << 20;
    fn deepest(left: u32, base: Option<(usize, std::thread::ThreadId)>, pool: &Submitter) -> usize {
        let here = 0_u8;
        let me = std::thread::current().id();
        let base =
            base.filter(|&(_, thread)| thread == me).unwrap_or(((&raw const here).addr(), me));
        let used = used_since(base.0);
        if left == 0 {
            return used;
        }
        let inner = pool.clone();
        used.max(pool.submit(move || deepest(left - 1, Some(base), &inner)).into_result().unwrap())
    }
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).stack_size(STACK).build().unwrap();
        let used = deepest(2000, None, &pool.submitter());
        assert!(used < STACK / 2 + (16 << 10), "{used}");
        assert!(used > STACK / 4, "{used}: it is used, too");
    });
}

/// What one stack and the workers that may be added have no room for is an error, and neither a
/// hang nor an overflow.
#[test]
fn a_chain_with_no_end_is_told_so() {
    fn endless(pool: &Submitter) -> Value {
        let inner = pool.clone();
        match pool.try_submit(move || endless(&inner)) {
            Ok(next) => next.into_result()?,
            Err(_) => Ok(0),
        }
    }
    within(|| {
        let pool =
            ThreadPoolExecutor::builder().max_workers(1).stack_size(128 << 10).build().unwrap();
        let submitter = pool.submitter();
        let told = pool.submit(move || endless(&submitter)).into_result().unwrap().unwrap_err();
        assert!(matches!(told, TaskError::Deadlock(_)), "{told}");
        assert!(pool.stats().added >= NestedWait::MOST_ADDED as u64);
        // What nobody waits for any more is run as any other task, and goes on in the same way.
        pool.shutdown(Shutdown::CancelPending).unwrap();
    });
}

#[test]
fn only_the_very_task_that_is_waited_for_is_run_inside() {
    within(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let submitter = pool.submitter();
        let (tell, told) = mpsc::channel();
        let outer = pool.submit(move || {
            let tells = |what: &'static str| {
                let tell = tell.clone();
                submitter
                    .submit(move || tell.send((what, current_worker().unwrap().index())).unwrap())
            };
            let (_first, second) = (tells("first"), tells("second"));
            second.result().unwrap();
            tell.send(("outer", current_worker().unwrap().index())).unwrap();
        });
        outer.result().unwrap();
        drop(pool);
        assert_eq!(told.iter().collect::<Vec<_>>(), [("second", 0), ("outer", 0), ("first", 0)]);
    });
}

#[test]
fn a_timed_wait_on_the_only_worker_does_not_starve() {
    within(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let submitter = pool.submitter();
        let outer = pool.submit(move || {
            let inner = submitter.submit(|| 7);
            *inner.result_timeout(Duration::from_secs(100)).unwrap().unwrap()
        });
        assert_eq!(outer.into_result().unwrap(), 7);
        assert_eq!(pool.stats().added, 1);
    });
}

#[test]
fn a_wait_for_any_of_several_on_the_only_worker_does_not_starve() {
    within(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let submitter = pool.submitter();
        let outer = pool.submit(move || {
            let futures: Vec<_> = (0..100).map(|n| submitter.submit(move || n)).collect();
            let waited = wait(&futures, None, ReturnWhen::AllCompleted).done.len();
            let completed: u64 =
                as_completed(&futures).map(|future| *future.result().unwrap()).sum();
            let mapped: u64 = submitter.map(0..100, |n| n).map(Result::unwrap).sum();
            let unordered: u64 = submitter.map(0..100, |n| n).unordered().map(Result::unwrap).sum();
            let buffered: u64 = submitter.map_buffered(0..100, 3, |n| n).map(Result::unwrap).sum();
            (waited, completed, mapped, unordered, buffered)
        });
        assert_eq!(outer.into_result().unwrap(), (100, 4950, 4950, 4950, 4950));
    });
}

#[test]
fn a_scope_adds_no_workers_and_yet_a_wait_for_any_comes_to_its_end() {
    within(|| {
        let total = scope(1, |s| {
            let inner = s.clone();
            s.submit(move || {
                let futures: Vec<_> = (0..10).map(|n| inner.submit(move || n)).collect();
                as_completed(futures).map(|future| future.into_result().unwrap()).sum::<u64>()
            })
            .into_result()
            .unwrap()
        });
        assert_eq!(total.unwrap(), 45);
    });
}

#[test]
fn added_workers_leave_when_they_are_not_needed_and_no_more_than_the_pool_has_run_tasks() {
    within(|| {
        let pool = ThreadPoolExecutor::new(2).unwrap();
        let submitter = pool.submitter();
        let nest = move || {
            let inner: Vec<_> = (0..10).map(|n| submitter.submit(move || n)).collect();
            wait(&inner, None, ReturnWhen::AllCompleted).done.len()
        };
        let outer: Vec<_> = (0..20).map(|_| pool.submit(nest.clone())).collect();
        assert!(outer.into_iter().all(|outer| outer.into_result().unwrap() == 10));
        while pool.stats().workers > 2 {
            std::thread::yield_now();
        }
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let busy = move || {
            let now = running.fetch_add(1, SeqCst) + 1;
            most.fetch_max(now, SeqCst);
            std::thread::sleep(Duration::from_millis(1));
            running.fetch_sub(1, SeqCst);
            most.load(SeqCst)
        };
        let most = pool.map(0..50, move |_| busy()).map(Result::unwrap).max();
        assert_eq!(most, Some(2));
        let stats = pool.stats();
        assert_eq!((stats.workers, stats.blocked, stats.nested), (2, 0, 0));
    });
}

#[test]
fn who_waits_outside_runs_nothing_whatever_it_waits_for() {
    within(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let outside = std::thread::current().id();
        let futures: Vec<_> =
            (0..100).map(|_| pool.submit(|| std::thread::current().id())).collect();
        for future in futures.into_iter().rev() {
            assert_ne!(future.into_result().unwrap(), outside);
        }
        assert_eq!(pool.stats().added, 0);
    });
}

#[test]
fn what_is_run_inside_counts_as_any_other_task_does() {
    within(|| {
        for workers in [1, 2] {
            let pool = ThreadPoolExecutor::new(workers).unwrap();
            fib(12, &pool.submitter());
            let submitter = pool.submitter();
            let panicked =
                pool.submit(move || submitter.submit(|| panic!("inside")).into_result().is_err());
            assert!(panicked.into_result().unwrap());
            let id = pool.id();
            while pool.stats().running > 0 {
                std::thread::yield_now();
            }
            let stats = pool.stats();
            assert_eq!((stats.queued, stats.nested, stats.blocked), (0, 0, 0), "{id}");
            assert_eq!(
                (stats.panicked, stats.cancelled, stats.returned + 1),
                (1, 0, stats.submitted),
                "{id}"
            );
        }
    });
}

#[test]
fn while_it_is_run_inside_a_task_is_neither_queued_nor_running_but_nested() {
    within(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let submitter = pool.submitter();
        let (watch, pool_stats) = (pool.submitter(), mpsc::channel());
        let tell = pool_stats.0;
        let outer = pool.submit(move || {
            submitter.submit(move || tell.send(watch.stats()).unwrap()).result().unwrap();
        });
        outer.result().unwrap();
        let stats = pool_stats.1.recv().unwrap();
        assert_eq!((stats.workers, stats.running, stats.queued, stats.nested), (1, 1, 0, 1));
        assert_eq!(stats.submitted, 2);
    });
}

#[test]
fn under_block_a_pool_has_never_more_workers_and_starvation_is_told_with_its_chain() {
    within(|| {
        let pool = pool_with(1, NestedWait::Block);
        let submitter = pool.submitter();
        let outer =
            pool.named("outer").submit(move || submitter.named("inner").submit(|| 7).into_result());
        let told = outer.into_result().unwrap().unwrap_err().to_string();
        let id = pool.id();
        assert!(
            told.starts_with("deadlock: task 'outer' (submitted at tests/spec/nesting.rs:"),
            "{told}"
        );
        assert!(
            told.contains(&format!(", run by worker 0 of {id}, waits for task 'inner' (")),
            "{told}"
        );
        assert!(
            told.ends_with(&format!(", which waits for a worker of {id}, and all of these wait")),
            "{told}"
        );
        assert_eq!(pool.stats().added, 0);
    });
}

#[test]
fn under_block_a_wait_that_another_worker_can_end_is_waited_for() {
    within(|| {
        let pool = pool_with(2, NestedWait::Block);
        let submitter = pool.submitter();
        let outer = pool.submit(move || submitter.submit(|| 7).into_result().unwrap());
        assert_eq!(outer.into_result().unwrap(), 7);
    });
}

/// A pool each for the tasks of a cycle of this length, and what the first was told.
fn cycle_over(pools: &[ThreadPoolExecutor], length: usize) -> Vec<Value> {
    let ring: Arc<Vec<OnceLock<Future<Value>>>> =
        Arc::new((0..length).map(|_| OnceLock::new()).collect());
    for n in 0..length {
        let theirs = Arc::clone(&ring);
        let wait = move || there(&theirs[(n + 1) % length]).result()?.clone();
        assert!(ring[n].set(pools[n % pools.len()].named(n.to_string()).submit(wait)).is_ok());
    }
    ring.iter().map(|future| there(future).result().unwrap().clone()).collect()
}

#[test]
fn a_cycle_of_any_length_over_any_pools_is_told_from_its_start_and_back_to_it() {
    within(|| {
        for (pools, length) in [(1, 2), (1, 5), (2, 2), (2, 7), (3, 30)] {
            for policy in [NestedWait::RunInline, NestedWait::Block] {
                let workers = length; // so that all can be under way under either policy
                let pools: Vec<_> = (0..pools).map(|_| pool_with(workers, policy)).collect();
                for told in cycle_over(&pools, length) {
                    let told = told.unwrap_err().to_string();
                    let names: VecDeque<_> = told
                        .split("task '")
                        .skip(1)
                        .map(|text| text.split('\'').next().unwrap())
                        .collect();
                    assert_eq!(names.len(), length + 1, "{told}");
                    assert_eq!(names.front(), names.back(), "{told}");
                    let next =
                        |name: &str| ((name.parse::<usize>().unwrap() + 1) % length).to_string();
                    assert!(
                        names.iter().zip(names.iter().skip(1)).all(|(a, b)| next(a) == *b),
                        "{told}"
                    );
                }
            }
        }
    });
}

#[test]
fn a_cycle_that_is_run_inside_one_worker_is_told_with_all_that_is_in_it() {
    within(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        for told in cycle_over(std::slice::from_ref(&pool), 3) {
            let told = told.unwrap_err().to_string();
            assert_eq!(
                told.matches(&format!("run by worker 0 of {}", pool.id())).count(),
                3,
                "{told}"
            );
        }
    });
}

#[test]
fn a_callback_waits_as_the_task_does_that_it_belongs_to() {
    within(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let submitter = pool.submitter();
        let (open, gate) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let future = pool.submit(move || gate.recv().is_err());
        future.add_done_callback(move |_| {
            tell.send(submitter.submit(|| 7).into_result().unwrap()).unwrap()
        });
        drop(open);
        assert_eq!((future.into_result().unwrap(), told.recv().unwrap()), (true, 7));
    });
}

#[test]
fn an_initializer_that_waits_for_its_pool_is_not_given_tasks_to_run() {
    within(|| {
        let (way, first) = (Arc::new(OnceLock::<Submitter>::new()), AtomicUsize::new(0));
        let theirs = Arc::clone(&way);
        let (tell, told) = mpsc::channel();
        let tell = Mutex::new(tell);
        let builder = ThreadPoolExecutor::builder().max_workers(1).initializer(move || {
            if first.fetch_add(1, SeqCst) == 0 {
                let inner = there(&theirs).submit(|| current_worker().unwrap().index());
                tell.lock().unwrap().send(inner.into_result()).unwrap();
            }
        });
        let pool = builder.build().unwrap();
        assert!(way.set(pool.submitter()).is_ok());
        assert_eq!(pool.submit(|| 1).into_result().unwrap(), 1);
        assert_eq!(told.recv().unwrap().unwrap(), 1, "another worker has run it");
    });
}

#[test]
fn a_task_that_is_only_executed_is_run_inside_too() {
    use glasspool::{Executor, task};
    within(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let submitter = pool.submitter();
        let outer = pool.submit(move || {
            let (inner, future) = task(|| 7);
            submitter.execute(inner).unwrap();
            future.into_result().unwrap()
        });
        assert_eq!(outer.into_result().unwrap(), 7);
        assert_eq!(pool.stats().added, 0);
    });
}

#[test]
fn one_worker_is_always_left_that_does_not_wait() {
    within(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let (submitter, (give, take)) = (pool.submitter(), mpsc::channel());
        let (tell, told) = mpsc::channel();
        let outer = Arc::new(pool.submit(move || {
            let myself: Arc<Future<u64>> = take.recv().unwrap();
            // The worker that is added takes this one first, which waits for us.
            let first = submitter.submit(move || tell.send(myself.result().cloned()).unwrap());
            let second = submitter.submit(|| 7);
            drop(first);
            as_completed([second]).next().unwrap().into_result().unwrap()
        }));
        give.send(Arc::clone(&outer)).unwrap();
        assert_eq!(told.recv().unwrap().unwrap(), 7);
    });
}

#[test]
fn a_pool_that_closes_when_it_is_idle_does_so_after_an_added_worker_too() {
    within(|| {
        for _ in 0..100 {
            let pool = ThreadPoolExecutor::new(1).unwrap();
            let submitter = pool.submitter();
            let outer = pool.submit(move || {
                let inner = submitter.submit(std::thread::yield_now);
                inner.result_timeout(Duration::from_secs(100)).is_ok()
            });
            pool.shutdown(Shutdown::WhenIdle).unwrap();
            assert!(outer.into_result().unwrap());
        }
    });
}

#[test]
fn a_shutdown_that_stops_asks_what_is_run_inside_too() {
    within(|| {
        for counted in [false, true] {
            let pool = ThreadPoolExecutor::new(1).unwrap();
            let submitter = pool.submitter();
            let (tell, told) = mpsc::channel();
            let outer = pool.submit(move || {
                let inner = submitter.submit_stoppable(move |stop| {
                    tell.send(()).unwrap();
                    stop.wait_timeout(Duration::from_secs(100))
                });
                inner.into_result().unwrap()
            });
            told.recv().unwrap();
            if counted {
                // Whoever counts has it taken out of the queue.
                assert_eq!(pool.stats().nested, 1);
            }
            pool.shutdown(Shutdown::Stop).unwrap();
            assert!(outer.into_result().unwrap(), "it was asked");
        }
    });
}

#[test]
fn an_added_worker_ends_what_it_has_in_hand_when_the_wait_is_over_and_no_more() {
    within(|| {
        let pool = ThreadPoolExecutor::new(1).unwrap();
        let (submitter, ended) = (pool.submitter(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&ended);
        let outer = pool.submit(move || {
            let inner = submitter.submit(|| ());
            for _ in 0..100 {
                let ended = Arc::clone(&counted);
                drop(submitter.submit(move || {
                    std::thread::sleep(Duration::from_millis(1));
                    ended.fetch_add(1, SeqCst);
                }));
            }
            inner.result_timeout(Duration::from_secs(100)).unwrap().unwrap();
            let before = counted.load(SeqCst);
            std::thread::sleep(Duration::from_millis(20));
            counted.load(SeqCst) - before
        });
        assert!(outer.into_result().unwrap() <= 1);
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(ended.load(SeqCst), 100);
    });
}
