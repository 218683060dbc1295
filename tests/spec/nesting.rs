//! Tasks that wait for tasks of their own pool or another: they get the value at any number of
//! workers. `nesting_ends.rs` has how such a wait ends otherwise.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

use glasspool::{
    EventKind, Executor, Future, NestedWait, ReturnWhen, Scope, Shutdown, Submitter, TaskError,
    ThreadPoolExecutor, as_completed, current_worker, first_success, scope, task, wait,
};

use crate::support::{Drops, Gate, LONG, Tally, at_once, eventually, limit, pool};
use crate::told::{Log, heard, observed, observed_by};

pub(crate) type Told = Result<u64, TaskError>;

pub(crate) fn pool_of(workers: usize, policy: NestedWait) -> ThreadPoolExecutor {
    ThreadPoolExecutor::builder().max_workers(workers).nested_wait(policy).build().unwrap()
}

/// The value of a cell, as soon as it has one.
pub(crate) fn there<T>(later: &OnceLock<T>) -> &T {
    loop {
        if let Some(it) = later.get() {
            return it;
        }
        thread::yield_now();
    }
}

/// The outcome of some work as a task of that pool.
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

/// In Python's docs, this is the example of a deadlock.
#[test]
fn a_task_that_waits_for_another_on_the_only_worker_gets_its_value() {
    let _limit = limit();
    let pow = |submitter: &Submitter| submitter.submit(|| 5_u64.pow(2)).into_result();
    assert_eq!(inside(&pool(1), pow).unwrap(), 25);
    assert!(is_deadlock(&inside(&pool_of(1, NestedWait::Block), pow)));
    assert_eq!(inside(&pool_of(2, NestedWait::Block), pow).unwrap(), 25);
}

pub(crate) fn chain(links: u64, submitter: &Submitter) -> u64 {
    let Some(left) = links.checked_sub(1) else { return 0 };
    let inner = submitter.clone();
    submitter.submit(move || chain(left, &inner)).into_result().unwrap() + 1
}

#[test]
fn a_chain_of_ten_thousand_waits_ends_on_one_worker() {
    let _limit = limit();
    let pool = pool(1);
    assert_eq!(inside(&pool, |submitter| chain(10_000, submitter)), 10_000);
    eventually(|| pool.stats().workers <= 1);
    assert_eq!(pool.stats().blocked, 0);
}

/// A chain that is too deep for one stack is run on added workers, and the smaller the stack the
/// more of them.
#[test]
fn the_depth_at_which_a_worker_is_added_comes_from_the_size_of_the_stack() {
    let _limit = limit();
    let added = [256 << 10, 1 << 20, 64 << 20].map(|bytes| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).stack_size(bytes).build().unwrap();
        assert_eq!(inside(&pool, |submitter| chain(1000, submitter)), 1000);
        pool.stats().added
    });
    let [small, middle, large] = added;
    assert!(small > middle && middle > large && large == 0, "{added:?}");
}

/// Number of bytes of its stack that the calling thread has used since a base.
fn used_since(base: usize) -> usize {
    let here = 0_u8;
    base.abs_diff((&raw const here).addr())
}

#[test]
fn a_task_that_runs_inline_has_at_least_half_of_the_stack() {
    const STACK: usize = 1 << 20;
    fn deepest(left: u32, base: Option<(usize, ThreadId)>, pool: &Submitter) -> usize {
        let here = 0_u8;
        let me = thread::current().id();
        let base =
            base.filter(|&(_, thread)| thread == me).unwrap_or(((&raw const here).addr(), me));
        let used = used_since(base.0);
        if left == 0 {
            return used;
        }
        let inner = pool.clone();
        used.max(pool.submit(move || deepest(left - 1, Some(base), &inner)).into_result().unwrap())
    }
    let _limit = limit();
    let pool = ThreadPoolExecutor::builder().max_workers(1).stack_size(STACK).build().unwrap();
    let used = deepest(2000, None, &pool.submitter());
    assert!(used < STACK / 2 + (16 << 10), "{used}");
    assert!(used > STACK / 4, "{used}: it is used, too");
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
fn fibonacci_by_nested_tasks_comes_out_on_one_two_and_eight_workers() {
    let _limit = limit();
    for workers in [1, 2, 8] {
        assert_eq!(inside(&pool(workers), |submitter| fib(17, submitter)), 1597);
    }
}

/// Number of nodes of a tree in which each has three children, walked with a map at each.
fn nodes(depth: u32, submitter: &Submitter) -> u64 {
    let Some(depth) = depth.checked_sub(1) else { return 1 };
    let inner = submitter.clone();
    1 + submitter.map(0..3, move |_| nodes(depth, &inner)).map(Result::unwrap).sum::<u64>()
}

#[test]
fn a_tree_that_is_walked_with_maps_inside_maps_is_walked_on_one_worker() {
    let _limit = limit();
    assert_eq!(inside(&pool(1), |submitter| nodes(5, submitter)), 364);
}

#[test]
fn each_wait_for_any_of_several_ends_inside_a_task_on_the_only_worker() {
    let _limit = limit();
    let pool = pool(1);
    inside(&pool, |submitter| {
        let some = || [1, 2, 3, 4].map(|n| submitter.submit(move || n));
        for (when, at_least) in [(ReturnWhen::FirstCompleted, 1), (ReturnWhen::AllCompleted, 4)] {
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
}

#[test]
fn a_wait_with_a_deadline_gets_its_value_on_the_only_worker() {
    let _limit = limit();
    let pool = pool(1);
    let inner = |submitter: &Submitter| {
        let one = submitter.submit(|| 1);
        *one.result_timeout(LONG).unwrap().unwrap()
    };
    assert_eq!((inside(&pool, inner), pool.stats().added), (1, 1));
    inside(&pool, |submitter| {
        let some = || [1, 2, 3].map(|n| submitter.submit(move || n));
        assert!(wait(some(), Some(LONG), ReturnWhen::AllCompleted).not_done.is_empty());
        assert_eq!(as_completed(some()).timeout(LONG).map(Result::unwrap).count(), 3);
        let items = submitter.map(1..4, |n| n).timeout(LONG);
        assert!(items.map(|item| item.unwrap().unwrap()).eq(1..4));
        assert_eq!(first_success(some(), Some(LONG), |n| *n == 3).unwrap(), 3);
    });
}

/// Another worker runs the task that it waits for.
#[test]
fn an_initializer_that_waits_for_its_pool_is_not_given_tasks_to_run() {
    let _limit = limit();
    let (way, waits) = (Arc::new(OnceLock::<Submitter>::new()), AtomicBool::new(true));
    let (theirs, (tell, told)) = (Arc::clone(&way), mpsc::channel());
    let builder = ThreadPoolExecutor::builder().max_workers(1).initializer(move || {
        if waits.swap(false, SeqCst) {
            let inner = there(&theirs).submit(|| current_worker().unwrap().index());
            tell.send(inner.into_result()).unwrap();
        }
    });
    let pool = builder.build().unwrap();
    assert!(way.set(pool.submitter()).is_ok());
    assert_eq!(pool.submit(|| 1).into_result().unwrap(), 1);
    assert_eq!(told.recv().unwrap().unwrap(), 1);
}

#[test]
fn a_callback_may_wait_for_other_tasks_and_is_told_if_it_waits_for_its_own() {
    let _limit = limit();
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
}

#[test]
fn waits_from_outside_run_nothing_and_add_no_worker() {
    let _limit = limit();
    let (pool, me) = (pool(3), || thread::current().id());
    let threads: HashSet<_> = at_once(&pool, 3, me).into_iter().collect();
    let tasks: Vec<_> = (0..100).map(|_| pool.submit(me)).collect();
    drop(wait(&tasks, None, ReturnWhen::AllCompleted));
    let tasks = tasks.into_iter().rev().map(|task| task.into_result().unwrap());
    let mapped = pool.map(0..100, move |_| me()).map(Result::unwrap);
    let used: HashSet<_> = tasks.chain(mapped).collect();
    assert!(threads.len() == 3 && used.is_subset(&threads));
    assert_eq!((pool.stats().workers, pool.stats().added), (3, 0));
}

#[test]
fn tasks_that_wait_for_each_other_need_no_room_in_a_queue_of_one() {
    let _limit = limit();
    for workers in [1, 2] {
        let builder = ThreadPoolExecutor::builder().max_workers(workers).queue_capacity(1);
        let pool = builder.build().unwrap();
        let outer = (0..20).map(|_| {
            let submitter = pool.submitter();
            pool.submit(move || fib(6, &submitter) + nodes(2, &submitter))
        });
        assert!(outer.collect::<Vec<_>>().into_iter().all(|one| one.into_result().unwrap() == 21));
    }
}

#[test]
fn a_map_that_reads_ahead_inside_a_pool_that_is_full_comes_to_its_end() {
    let _limit = limit();
    for workers in [1, 2] {
        let builder = ThreadPoolExecutor::builder().max_workers(workers).queue_capacity(1);
        let sums = inside(&builder.build().unwrap(), |submitter| {
            let maps = [(); 2].map(|()| submitter.map_buffered(0..20_u64, 3, |n| n));
            let [ordered, unordered] = maps;
            [ordered, unordered.unordered()].map(|map| map.map(Result::unwrap).sum::<u64>())
        });
        assert_eq!(sums, [190; 2]);
    }
}

fn largest<'scope>(s: &Scope<'scope, '_>, numbers: &'scope [u64]) -> u64 {
    let Some((first, rest)) = numbers.split_first() else { return 0 };
    let inner = s.clone();
    s.submit(move || largest(&inner, rest)).into_result().unwrap().max(*first)
}

#[test]
fn tasks_of_a_scope_may_wait_for_each_other_and_it_adds_no_worker() {
    let _limit = limit();
    let numbers: Vec<u64> = (0..50).map(|n| n * 7919 % 1009).collect();
    for workers in [1, 2] {
        let (found, added) = scope(workers, |s| {
            let (again, numbers) = (s.clone(), &numbers);
            let found = s.submit(move || {
                let some = [1, 2, 3].map(|n| again.submit(move || n));
                (largest(&again, numbers), as_completed(some).count())
            });
            (found.into_result().unwrap(), s.stats().added)
        })
        .unwrap();
        assert_eq!((found, added), ((*numbers.iter().max().unwrap(), 3), 0));
    }
}

#[test]
fn a_task_of_a_scope_may_wait_for_one_that_waits_for_any() {
    let _limit = limit();
    for _ in 0..100 {
        let told = scope(2, |s| {
            let (inner, begun) = (s.clone(), Gate::closed());
            let way = begun.way();
            let any = s.submit(move || {
                let both = [1, 2].map(|n| inner.submit(move || n));
                begun.open();
                wait(&both, None, ReturnWhen::AllCompleted).done.len()
            });
            let behind = s.submit(move || (way.pass(), any.into_result()).1);
            behind.into_result().unwrap()
        });
        assert_eq!(told.unwrap().unwrap(), 2);
    }
}

#[test]
fn a_scope_adds_no_worker_when_its_body_submits_while_a_task_waits_for_any() {
    let _limit = limit();
    let log = Log::default();
    let staff = observed_by(log.clone()).max_workers(3).scope(|s| {
        let (inner, gate) = (s.clone(), Gate::closed());
        let both = [1, 2].map(|n| gate.then(move || n));
        let any = s.submit(move || {
            let both = both.map(|work| inner.submit(work));
            wait(&both, None, ReturnWhen::AllCompleted).done.len()
        });
        log.wait_for_asleep(1);
        let more = [(); 10].map(|()| s.submit(gate.then(|| ())));
        let during = s.stats().workers;
        gate.open();
        assert_eq!(any.into_result().unwrap(), 2);
        assert!(more.iter().all(|future| future.result().is_ok()));
        (during, s.stats().added)
    });
    assert_eq!(staff.unwrap(), (3, 0));
}

#[test]
fn a_wait_in_a_scope_of_one_worker_misses_its_deadline_if_it_has_one() {
    let _limit = limit();
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
}

/// A chain of tasks that wait for each other, on two pools in turn.
pub(crate) fn ping(left: u64, here: &Submitter, there: &Submitter) -> Told {
    let Some(left) = left.checked_sub(1) else { return Ok(0) };
    let (to, fro) = (there.clone(), here.clone());
    Ok(there.submit(move || ping(left, &to, &fro)).into_result()?? + 1)
}

#[test]
fn two_pools_of_one_worker_play_ping_pong_a_hundred_deep() {
    let _limit = limit();
    let pools = [pool(1), pool(1)];
    let other = pools[1].submitter();
    assert_eq!(inside(&pools[0], move |here| ping(100, here, &other)).unwrap(), 100);
    for pool in pools {
        assert!(pool.stats().added <= 100);
        eventually(|| pool.stats().workers <= 1);
    }
}

#[test]
fn a_task_that_is_waited_for_runs_inline_and_no_other() {
    let _limit = limit();
    let (pool, (tell, told)) = (pool(1), mpsc::channel());
    inside(&pool, move |submitter| {
        let tells = |what: &'static str| {
            let tell = tell.clone();
            move || tell.send((what, current_worker().unwrap().index())).unwrap()
        };
        let _first = submitter.submit(tells("first"));
        submitter.submit(tells("second")).result().unwrap();
        tells("outer")();
    });
    drop(pool);
    assert_eq!(told.iter().collect::<Vec<_>>(), [("second", 0), ("outer", 0), ("first", 0)]);
}

/// A wait for the only future that is left is one of these.
#[test]
fn waits_for_one_task_run_it_inline_and_add_no_worker() {
    let _limit = limit();
    let pool = pool(1);
    inside(&pool, |submitter| {
        let (executed, future) = task(|| 7);
        submitter.execute(executed).unwrap();
        assert_eq!(future.into_result().unwrap(), 7);
        let done = wait([submitter.submit(|| 8)], None, ReturnWhen::AllCompleted).done;
        assert_eq!(*done[0].result().unwrap(), 8);
    });
    assert_eq!(pool.stats().added, 0);
}

#[test]
fn another_pools_task_is_run_by_that_pool() {
    let _limit = limit();
    let (mine, theirs, gate) = (pool(1), pool(1), Gate::closed());
    let busy = theirs.submit(gate.then(|| ()));
    let there = theirs.submit(|| current_worker().unwrap().pool());
    let outer = mine.submit(move || {
        gate.open();
        there.into_result().unwrap()
    });
    assert_eq!(outer.into_result().unwrap(), theirs.id());
    assert!(busy.into_result().is_ok());
}

/// As many tasks as the pool has workers run then, and no more.
#[test]
fn added_workers_leave_when_they_are_not_needed() {
    let _limit = limit();
    let pool = pool(2);
    let submitter = pool.submitter();
    let nest = move || {
        let inner: Vec<_> = (0..10).map(|n| submitter.submit(move || n)).collect();
        wait(&inner, None, ReturnWhen::AllCompleted).done.len()
    };
    let outer: Vec<_> = (0..20).map(|_| pool.submit(nest.clone())).collect();
    assert!(outer.into_iter().all(|outer| outer.into_result().unwrap() == 10));
    eventually(|| pool.stats().workers == 2);
    let gate = Gate::closed();
    let _held = [(); 5].map(|()| pool.submit(gate.then(|| ())));
    gate.wait_for(2);
    let stats = pool.stats();
    assert_eq!((stats.workers, stats.running, stats.queued), (2, 2, 3));
    assert_eq!((stats.blocked, stats.nested), (0, 0));
    gate.open();
}

/// The wait is over while the added worker stands at a gate with the next task: it ends that one,
/// and leaves the others.
#[test]
fn an_added_worker_ends_the_task_in_its_hand_when_the_wait_is_over_and_no_more() {
    let _limit = limit();
    let ((pool, log), ended, gate) = (heard(1), Tally::default(), Gate::closed());
    let (submitter, counted, heard) = (pool.submitter(), ended.clone(), log.clone());
    let outer = pool.submit(move || {
        let inner = submitter.submit(|| ());
        for _ in 0..100 {
            let ended = counted.clone();
            drop(submitter.submit(gate.then(move || ended.add())));
        }
        inner.result_timeout(LONG).unwrap().unwrap();
        gate.open();
        eventually(|| heard.count_of(&EventKind::WorkerGone) == 1);
        counted.count()
    });
    assert!(outer.into_result().unwrap() <= 1);
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(ended.count(), 100);
}

/// The first spare worker takes a task that waits for `outer`, and `outer` waits for any of those
/// behind it: a second spare worker is hired.
#[test]
fn one_worker_is_always_left_that_does_not_wait() {
    let _limit = limit();
    for behind in [1, 2] {
        let (pool, (give, take), (tell, told)) = (pool(1), mpsc::channel(), mpsc::channel());
        let submitter = pool.submitter();
        let outer = Arc::new(pool.submit(move || {
            let myself: Arc<Future<u64>> = take.recv().unwrap();
            drop(submitter.submit(move || tell.send(myself.result().cloned()).unwrap()));
            let any: Vec<_> = (0..behind).map(|_| submitter.submit(|| 7)).collect();
            as_completed(any).next().unwrap().into_result().unwrap()
        }));
        give.send(Arc::clone(&outer)).unwrap();
        assert_eq!(told.recv().unwrap().unwrap(), 7);
    }
}

#[test]
fn a_pool_that_closes_when_it_is_idle_does_so_after_an_added_worker_too() {
    let _limit = limit();
    for _ in 0..100 {
        let pool = pool(1);
        let submitter = pool.submitter();
        let outer =
            pool.submit(move || submitter.submit(thread::yield_now).result_timeout(LONG).is_ok());
        pool.shutdown(Shutdown::WhenIdle).unwrap();
        assert!(outer.into_result().unwrap());
    }
}

#[test]
fn a_shutdown_that_stops_asks_tasks_that_run_inline_too() {
    let _limit = limit();
    for counted in [false, true] {
        let (pool, (tell, told)) = (pool(1), mpsc::channel());
        let submitter = pool.submitter();
        let outer = pool.submit(move || {
            let inner = submitter.submit_stoppable(move |stop| {
                tell.send(()).unwrap();
                stop.wait_timeout(LONG)
            });
            inner.into_result().unwrap()
        });
        told.recv().unwrap();
        if counted {
            assert_eq!(pool.stats().nested, 1);
        }
        pool.shutdown(Shutdown::Stop).unwrap();
        assert!(outer.into_result().unwrap(), "it was asked");
    }
}

#[test]
fn tasks_that_run_inline_count_as_any_other_task() {
    let _limit = limit();
    for workers in [1, 2] {
        let pool = pool(workers);
        assert_eq!(inside(&pool, |submitter| fib(12, submitter)), 144);
        let panics = |submitter: &Submitter| submitter.submit(|| panic!("inside")).into_result();
        assert!(inside(&pool, panics).is_err());
        eventually(|| pool.stats().running == 0);
        let stats = pool.stats();
        assert_eq!((stats.queued, stats.nested, stats.blocked), (0, 0, 0));
        assert_eq!((stats.panicked, stats.cancelled), (1, 0));
        assert_eq!(stats.returned + 1, stats.submitted);
    }
}

#[test]
fn a_task_that_runs_inline_is_neither_queued_nor_running_but_nested() {
    let _limit = limit();
    let stats = inside(&pool(1), |submitter| {
        let watch = submitter.clone();
        submitter.submit(move || watch.stats()).into_result().unwrap()
    });
    assert_eq!((stats.workers, stats.running, stats.queued, stats.nested), (1, 1, 0, 1));
    assert_eq!(stats.submitted, 2);
}

#[test]
fn the_largest_number_of_workers_is_not_too_large_to_add_one() {
    let _limit = limit();
    let ended =
        |submitter: &Submitter| as_completed([1, 2].map(|n| submitter.submit(move || n))).count();
    assert_eq!(inside(&pool(usize::MAX), ended), 2);
}

/// Each waits for the one before: the cost of looking for cycles must not grow faster than their
/// number.
#[test]
fn hundreds_of_tasks_that_wait_in_a_row_are_not_slow() {
    let _limit = limit();
    let (pool, gate) = (pool(400), Gate::closed());
    let mut last: Future<u64> = pool.submit(gate.then(|| 0));
    for _ in 0..399 {
        last = pool.submit(move || last.into_result().unwrap() + 1);
    }
    eventually(|| pool.stats().blocked == 399);
    gate.open();
    assert_eq!(last.into_result().unwrap(), 399);
}

#[test]
fn a_future_that_is_added_to_a_stream_inside_a_task_is_waited_for_too() {
    let _limit = limit();
    let log = Log::default();
    let (pool, gates) = (observed(3, &log), [(); 3].map(|()| Gate::closed()));
    let (submitter, ways) = (pool.submitter(), gates.each_ref().map(Gate::way));
    let outer = pool.submit(move || {
        let task_of = |n: usize| {
            let way = Arc::clone(&ways[n]);
            submitter.submit(move || (way.pass(), n).1)
        };
        let mut ended = as_completed([task_of(0), task_of(1)]);
        let mut values = vec![ended.next().unwrap().into_result().unwrap()];
        ended.push(task_of(2));
        values.extend(ended.map(|next| next.into_result().unwrap()));
        values
    });
    for (gate, sleeps) in gates.iter().zip(1..) {
        log.wait_for_sleeps(sleeps);
        gate.open();
    }
    assert_eq!(outer.into_result().unwrap(), [0, 1, 2]);
}

/// A link of a chain: when it runs, the captures of those before it are gone, it stands where they
/// stood, and no task is pending.
struct Link {
    submitter: Submitter,
    drops: Drops,
    first: Option<usize>,
    end: mpsc::Sender<()>,
}

impl Link {
    fn run(self, n: usize) {
        let here = (&raw const n).addr();
        let first = self.first.unwrap_or(here);
        assert!(here.abs_diff(first) < 16 << 10);
        assert_eq!(self.submitter.stats().queued, 0);
        // The predecessor has made the capture of this one, which is dropped at its end.
        assert_eq!(self.drops.count(), n.saturating_sub(1), "a capture outlives its task");
        if n == 100_000 {
            return self.end.send(()).unwrap();
        }
        let next = Self { first: Some(first), ..self };
        drop(next.submitter.clone().submit(next.drops.clone().with(move || next.run(n + 1))));
    }
}

#[test]
fn a_chain_of_tasks_each_submitting_the_next_uses_constant_stack_and_memory() {
    let _limit = limit();
    let (pool, (end, ended)) = (pool(1), mpsc::channel());
    let (submitter, drops) = (pool.submitter(), Drops::default());
    let link = Link { submitter, drops, first: None, end };
    drop(pool.submit(move || link.run(0)));
    ended.recv().expect("a link fails");
}

#[test]
fn a_task_that_blocks_for_ever_hinders_neither_others_nor_a_close() {
    let _limit = limit();
    let (pool, gate) = (pool(2), Gate::closed());
    let blocked = pool.submit(gate.then(|| 7));
    gate.wait_for(1);
    let others: Vec<_> = (0..100).map(|n| pool.submit(move || n)).collect();
    assert!(others.into_iter().map(|future| future.into_result().unwrap()).eq(0..100));
    let queued = pool.submit(|| 8);
    pool.close(Shutdown::Drain);
    assert_eq!(queued.into_result().unwrap(), 8);
    let report = pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap();
    assert_eq!(report.still_running.len(), 1);
    drop(pool);
    assert!(blocked.running());
    gate.open();
    assert_eq!(blocked.into_result().unwrap(), 7);
}
