//! REE: tasks that wait for others, of their own pool or another, and get the value.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use glasspool::{
    NestedWait, ReturnWhen, Scope, Shutdown, Submitter, TaskError, ThreadPoolExecutor,
    as_completed, first_success, scope, wait,
};

use crate::common::at_once;
use crate::support::{Gate, LONG, eventually, pool, within};

pub(crate) type Told = Result<u64, TaskError>;

pub(crate) fn pool_of(workers: usize, policy: NestedWait) -> ThreadPoolExecutor {
    ThreadPoolExecutor::builder().max_workers(workers).nested_wait(policy).build().unwrap()
}

/// What is in there, as soon as it is.
pub(crate) fn there<T>(later: &OnceLock<T>) -> &T {
    loop {
        if let Some(it) = later.get() {
            return it;
        }
        thread::yield_now();
    }
}

/// What this comes to in a task of that pool.
pub(crate) fn inside<T, F>(pool: &ThreadPoolExecutor, work: F) -> T
where
    T: Send + 'static,
    F: FnOnce(&Submitter) -> T + Send + 'static,
{
    let submitter = pool.submitter();
    pool.submit(move || work(&submitter)).into_result().unwrap()
}

pub(crate) fn is_deadlock<T>(told: &Result<T, TaskError>) -> bool {
    matches!(told, Err(TaskError::Deadlock(_)))
}

#[test]
fn ree_01_pythons_task_that_waits_for_another_on_the_only_worker_gets_its_value() {
    within(|| {
        let pow = |submitter: &Submitter| submitter.submit(|| 5_u64.pow(2)).into_result();
        assert_eq!(inside(&pool(1), pow).unwrap(), 25);
        assert!(is_deadlock(&inside(&pool_of(1, NestedWait::Block), pow)));
        assert_eq!(inside(&pool_of(2, NestedWait::Block), pow).unwrap(), 25);
    });
}

pub(crate) fn chain(links: u64, submitter: &Submitter) -> u64 {
    let Some(left) = links.checked_sub(1) else { return 0 };
    let inner = submitter.clone();
    submitter.submit(move || chain(left, &inner)).into_result().unwrap() + 1
}

#[test]
fn ree_01_a_chain_of_ten_thousand_tasks_each_waiting_for_the_next_ends_on_one_worker() {
    within(|| {
        let pool = pool(1);
        assert_eq!(inside(&pool, |submitter| chain(10_000, submitter)), 10_000);
        eventually(|| pool.stats().workers <= 1);
        assert_eq!(pool.stats().blocked, 0);
    });
}

#[test]
fn ree_01_a_chain_that_is_too_deep_for_a_small_stack_goes_on_on_added_workers() {
    within(|| {
        for stack in [64 << 10, 256 << 10] {
            let pool =
                ThreadPoolExecutor::builder().max_workers(1).stack_size(stack).build().unwrap();
            assert_eq!(inside(&pool, |submitter| chain(500, submitter)), 500);
            assert!(pool.stats().added > 0);
        }
    });
}

fn fib(n: u64, submitter: &Submitter) -> u64 {
    if n < 2 {
        return n;
    }
    let halves = [n - 1, n - 2].map(|n| {
        let inner = submitter.clone();
        submitter.submit(move || fib(n, &inner))
    });
    halves.into_iter().map(|half| half.into_result().unwrap()).sum()
}

#[test]
fn ree_01_fibonacci_by_tasks_comes_out_on_one_two_and_eight_workers() {
    within(|| {
        for workers in [1, 2, 8] {
            let pool = pool(workers);
            assert_eq!(inside(&pool, |submitter| fib(15, submitter)), 610);
            pool.shutdown(Shutdown::Drain).unwrap();
            let stats = pool.stats();
            assert_eq!(stats.submitted, stats.returned);
        }
    });
}

fn sorted(mut numbers: Vec<u64>, submitter: &Submitter) -> Vec<u64> {
    let Some(pivot) = numbers.pop() else { return numbers };
    let (less, more): (Vec<_>, Vec<_>) = numbers.into_iter().partition(|number| *number < pivot);
    let [less, more] = [less, more].map(|part| {
        let inner = submitter.clone();
        submitter.submit(move || sorted(part, &inner))
    });
    let mut all = less.into_result().unwrap();
    all.push(pivot);
    all.extend(more.into_result().unwrap());
    all
}

#[test]
fn ree_01_quicksort_by_tasks_sorts_on_one_worker() {
    within(|| {
        let numbers: Vec<u64> = (0..1000).map(|n| n * 7919 % 1009).collect();
        let mut expected = numbers.clone();
        expected.sort_unstable();
        assert_eq!(inside(&pool(1), |submitter| sorted(numbers, submitter)), expected);
    });
}

/// The nodes of a tree in which each has three children, walked with a map at each.
fn nodes(depth: u32, submitter: &Submitter) -> u64 {
    let Some(depth) = depth.checked_sub(1) else { return 1 };
    let inner = submitter.clone();
    1 + submitter.map(0..3, move |_| nodes(depth, &inner)).map(Result::unwrap).sum::<u64>()
}

#[test]
fn ree_01_a_tree_that_is_walked_with_maps_inside_maps_is_walked_on_one_worker() {
    within(|| assert_eq!(inside(&pool(1), |submitter| nodes(5, submitter)), 364));
}

#[test]
fn ree_01_each_wait_for_any_of_several_ends_inside_a_task_on_the_only_worker() {
    within(|| {
        let pool = pool(1);
        inside(&pool, |submitter| {
            let some = || [1, 2, 3, 4].map(|n| submitter.submit(move || n));
            for (when, at_least) in [(ReturnWhen::FirstCompleted, 1), (ReturnWhen::AllCompleted, 4)]
            {
                assert!(wait(some(), None, when).done.len() >= at_least);
            }
            let ended = as_completed(some()).map(|future| future.into_result().unwrap());
            assert_eq!(ended.sum::<u64>(), 10);
            let mapped = submitter.map(1..5, |n| n).unordered();
            assert_eq!(mapped.map(Result::unwrap).sum::<u64>(), 10);
            let buffered = submitter.map_buffered(1..5, 2, |n| n);
            assert!(buffered.map(Result::unwrap).eq(1..5));
            let buffered = submitter.map_buffered(1..5, 2, |n| n).unordered();
            assert_eq!(buffered.map(Result::unwrap).sum::<u64>(), 10);
            assert_eq!(first_success(some(), None, |n| *n == 3).unwrap(), 3);
        });
        eventually(|| pool.stats().workers <= 1);
    });
}

#[test]
fn ree_01_a_wait_with_a_deadline_gets_its_value_on_the_only_worker() {
    within(|| {
        inside(&pool(1), |submitter| {
            let some = || [1, 2, 3].map(|n| submitter.submit(move || n));
            let [one, ..] = some();
            assert_eq!(*one.result_timeout(LONG).unwrap().unwrap(), 1);
            assert!(wait(some(), Some(LONG), ReturnWhen::AllCompleted).not_done.is_empty());
            assert_eq!(as_completed(some()).timeout(LONG).map(Result::unwrap).count(), 3);
            let items = submitter.map(1..4, |n| n).timeout(LONG);
            assert!(items.map(|item| item.unwrap().unwrap()).eq(1..4));
            assert_eq!(first_success(some(), Some(LONG), |n| *n == 3).unwrap(), 3);
        });
    });
}

#[test]
fn ree_01_an_initializer_may_wait_for_a_task_of_its_pool() {
    within(|| {
        let (way, waits) = (Arc::new(OnceLock::<Submitter>::new()), AtomicBool::new(true));
        let (theirs, (tell, told)) = (Arc::clone(&way), mpsc::channel());
        let builder = ThreadPoolExecutor::builder().max_workers(1).initializer(move || {
            if waits.swap(false, SeqCst) {
                tell.send(there(&theirs).submit(|| 7).into_result().unwrap()).unwrap();
            }
        });
        let pool = builder.build().unwrap();
        assert!(way.set(pool.submitter()).is_ok());
        assert_eq!((pool.submit(|| 1).into_result().unwrap(), told.recv().unwrap()), (1, 7));
    });
}

#[test]
fn ree_01_an_exit_hook_may_wait_for_a_task_of_another_pool_and_of_its_own_if_that_is_open() {
    within(|| {
        let (way, waits) = (Arc::new(OnceLock::<Submitter>::new()), AtomicBool::new(true));
        let (theirs, other, (tell, told)) = (Arc::clone(&way), pool(1), mpsc::channel());
        let builder =
            ThreadPoolExecutor::builder().max_workers(1).keep_alive(Duration::from_millis(1));
        let builder = builder.exit_hook(move || {
            if waits.swap(false, SeqCst) {
                tell.send(other.submit(|| 7).into_result().unwrap()).unwrap();
                tell.send(there(&theirs).submit(|| 8).into_result().unwrap()).unwrap();
            }
        });
        let pool = builder.build().unwrap();
        assert!(way.set(pool.submitter()).is_ok());
        assert_eq!(pool.submit(|| 1).into_result().unwrap(), 1);
        assert_eq!(told.iter().take(2).collect::<Vec<_>>(), [7, 8]);
    });
}

#[test]
fn ree_01_a_callback_may_wait_for_other_tasks_and_is_told_if_it_waits_for_its_own() {
    within(|| {
        let (pool, gate, (tell, told)) = (pool(1), Gate::closed(), mpsc::channel());
        let own = Arc::new(pool.submit(gate.then(|| 1)));
        let (submitter, itself) = (pool.submitter(), Arc::clone(&own));
        own.add_done_callback(move |_| {
            tell.send(submitter.submit(|| 7).into_result()).unwrap();
            tell.send(itself.result().copied()).unwrap();
        });
        gate.open();
        assert_eq!(told.recv().unwrap().unwrap(), 7);
        assert!(is_deadlock(&told.recv().unwrap()));
        assert_eq!(*own.result().unwrap(), 1);
    });
}

#[test]
fn wrk_01_waits_from_outside_leave_a_pool_of_three_at_three_threads() {
    within(|| {
        let pool = pool(3);
        let threads: HashSet<_> =
            at_once(&pool, 3, || thread::current().id()).into_iter().collect();
        let tasks: Vec<_> = (0..100).map(|_| pool.submit(|| thread::current().id())).collect();
        drop(wait(&tasks, None, ReturnWhen::AllCompleted));
        let used: HashSet<_> =
            tasks.into_iter().rev().map(|task| task.into_result().unwrap()).collect();
        assert!(threads.len() == 3 && used.is_subset(&threads));
        let mapped = pool.map(0..100, |_| thread::current().id()).map(Result::unwrap);
        assert!(mapped.collect::<HashSet<_>>().is_subset(&threads));
        assert_eq!((pool.stats().workers, pool.stats().added), (3, 0));
    });
}

#[test]
fn ree_01_tasks_that_wait_for_each_other_need_no_room_in_a_queue_of_one() {
    within(|| {
        for workers in [1, 2] {
            let builder = ThreadPoolExecutor::builder().max_workers(workers).queue_capacity(1);
            let pool = builder.build().unwrap();
            let outer = (0..20).map(|_| {
                let submitter = pool.submitter();
                pool.submit(move || fib(6, &submitter) + nodes(2, &submitter))
            });
            assert!(
                outer.collect::<Vec<_>>().into_iter().all(|one| one.into_result().unwrap() == 21)
            );
        }
    });
}

fn largest<'scope>(s: &Scope<'scope, '_>, numbers: &'scope [u64]) -> u64 {
    if let [number] = numbers {
        return *number;
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    let halves = [left, right].map(|half| {
        let inner = s.clone();
        s.submit(move || largest(&inner, half))
    });
    halves.into_iter().map(|half| half.into_result().unwrap()).max().unwrap()
}

#[test]
fn ree_01_tasks_of_a_scope_may_wait_for_each_other_and_it_adds_no_worker_for_that() {
    within(|| {
        let numbers: Vec<u64> = (0..500).map(|n| n * 7919 % 1009).collect();
        let (numbers, most) = (&numbers[..], *numbers.iter().max().unwrap());
        for workers in [1, 2] {
            let (found, all, stats) = scope(workers, |s| {
                let again = s.clone();
                let found = s.submit(move || {
                    let some = [1, 2, 3].map(|n| again.submit(move || n));
                    (
                        largest(&again, numbers),
                        wait(some, None, ReturnWhen::AllCompleted).done.len(),
                    )
                });
                let (found, all) = found.into_result().unwrap();
                (found, all, s.stats())
            })
            .unwrap();
            assert_eq!((found, all, stats.added), (most, 3, 0));
        }
    });
}

#[test]
fn ree_01_a_wait_with_a_deadline_in_a_scope_of_one_worker_misses_it_and_one_without_does_not() {
    within(|| {
        let told = scope(1, |s| {
            let again = s.clone();
            let outer = s.submit(move || {
                let inner = again.submit(|| 7);
                assert!(inner.result_timeout(Duration::from_millis(10)).is_err());
                inner.into_result().unwrap()
            });
            outer.into_result().unwrap()
        });
        assert_eq!(told.unwrap(), 7);
    });
}

/// From this pool to the other and back, each task waiting for the next.
pub(crate) fn ping(left: u64, here: &Submitter, there: &Submitter) -> Told {
    let Some(left) = left.checked_sub(1) else { return Ok(0) };
    let (to, fro) = (there.clone(), here.clone());
    Ok(there.submit(move || ping(left, &to, &fro)).into_result()?? + 1)
}

#[test]
fn ree_01_two_pools_of_one_worker_play_ping_pong_a_hundred_deep() {
    within(|| {
        let pools = [pool(1), pool(1)];
        let other = pools[1].submitter();
        assert_eq!(inside(&pools[0], move |here| ping(100, here, &other)).unwrap(), 100);
        for pool in pools {
            assert!(pool.stats().added <= 100);
            eventually(|| pool.stats().workers <= 1);
        }
    });
}
