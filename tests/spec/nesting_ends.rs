//! A nested wait that a cycle, a lack of workers, a panic, a cancel or a closing keeps from its
//! value.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use glasspool::{
    CancelReason, Future, NestedWait, ReturnWhen, Shutdown, Submitter, TaskError,
    ThreadPoolExecutor, as_completed, current_worker, first_success, wait,
};

use crate::nesting::{Told, chain, inside, is_deadlock, ping, pool_of, there};
use crate::support::{Gate, LONG, Tally, eventually, limit, panic_of, pool};

/// A future that is there when its task is under way.
type Later = Arc<OnceLock<Future<Told>>>;

const BOTH: [NestedWait; 2] = [NestedWait::RunInline, NestedWait::Block];

const EVERY_KIND: [Shutdown; 4] =
    [Shutdown::Drain, Shutdown::WhenIdle, Shutdown::CancelPending, Shutdown::Stop];

/// Waits for a future that comes later.
fn ask(later: &Later) -> Told {
    there(later).result()?.clone()
}

fn text(told: Told) -> String {
    told.unwrap_err().to_string()
}

/// The work of a task that waits for the next one.
fn wait_for(next: &Later) -> impl FnOnce() -> Told + use<> {
    let next = Arc::clone(next);
    move || ask(&next)
}

/// "task 'egg' (submitted at here.rs:1:2)".
fn told_of(later: &Later) -> String {
    let future = there(later);
    format!("task '{}' (submitted at {})", future.name().unwrap(), future.submitted_at())
}

#[test]
fn a_task_that_waits_for_itself_is_told_so_by_each_kind_of_wait() {
    let _limit = limit();
    let (pool, (give, take), (tell, told)) = (pool(1), mpsc::channel(), mpsc::channel());
    let future = pool.submit(move || {
        let myself: Future<()> = take.recv().unwrap();
        assert!(is_deadlock(&myself.result()));
        assert!(is_deadlock(&myself.result_timeout(LONG).unwrap()));
        for text in [
            panic_of(|| wait([&myself], None, ReturnWhen::AllCompleted)),
            panic_of(|| as_completed([&myself]).next()),
        ] {
            assert!(text.contains("waits for itself"), "{text}");
        }
        tell.send(is_deadlock(&myself.into_result())).unwrap();
    });
    give.send(future).unwrap();
    assert!(told.recv().expect("a wait is not told so"));
    assert_eq!(pool.submit(|| 7).into_result().unwrap(), 7);
}

/// In Python's docs, this is the example of a deadlock.
#[test]
fn two_tasks_that_wait_for_each_other_both_end_and_one_is_told_why() {
    let _limit = limit();
    for (workers, policy) in [1, 2, 3].into_iter().flat_map(|n| BOTH.map(|policy| (n, policy))) {
        let (pool, later) = (pool_of(workers, policy), Later::default());
        let for_b = Arc::clone(&later);
        let a = Arc::new(pool.submit(move || there(&for_b).result().map(|_| 5)));
        let for_a = Arc::clone(&a);
        assert!(later.set(pool.submit(move || for_a.result().map(|_| 6))).is_ok());
        let (a, b) = (a.result().unwrap().clone(), ask(&later));
        assert!(is_deadlock(&a) != is_deadlock(&b), "{a:?} {b:?}");
        assert!(a.is_err() || a.unwrap() == 5);
        assert!(b.is_err() || b.unwrap() == 6);
    }
}

/// Whichever of the two begins to wait last is told, and the chain begins there.
#[test]
fn a_cycle_on_two_workers_is_told_by_names_places_and_workers() {
    let _limit = limit();
    for policy in BOTH {
        let (pool, gate, [egg, hen]) =
            (pool_of(2, policy), Gate::closed(), [(); 2].map(|()| Later::default()));
        let line = line!() + 1;
        assert!(hen.set(pool.named("hen").submit(wait_for(&egg))).is_ok());
        eventually(|| there(&hen).running());
        let second = pool.named("egg").submit(gate.then(wait_for(&hen)));
        gate.wait_for(1);
        assert!(egg.set(second).is_ok());
        eventually(|| pool.stats().blocked == 1);
        gate.open();
        let id = pool.id();
        let (of_hen, of_egg) = (told_of(&hen), told_of(&egg));
        let chain = |[(first, n), (second, m)]: [(&str, usize); 2]| {
            format!(
                "deadlock: {first}, run by worker {n} of {id}, waits for {second}, run by worker {m} of {id}, \
                 which waits for {first}"
            )
        };
        let told = text(ask(&hen));
        let (hen_first, egg_first) =
            (chain([(&of_hen, 0), (&of_egg, 1)]), chain([(&of_egg, 1), (&of_hen, 0)]));
        assert!(told == hen_first || told == egg_first, "{told}");
        assert!(
            of_hen.starts_with(&format!("task 'hen' (submitted at {}:{line}:", file!())),
            "{of_hen}"
        );
    }
}

#[test]
fn a_cycle_within_one_worker_and_a_wait_for_itself_are_told_exactly() {
    let _limit = limit();
    let (pool, [a, b, c]) = (pool(1), [(); 3].map(|()| Later::default()));
    for (name, this, next) in [("a", &a, &b), ("b", &b, &c), ("c", &c, &a)] {
        assert!(this.set(pool.named(name).submit(wait_for(next))).is_ok());
    }
    let [of_a, of_b, of_c] = [&a, &b, &c].map(told_of);
    let by = format!("run by worker 0 of {}", pool.id());
    let expected = format!(
        "deadlock: {of_a}, {by}, waits for {of_b}, {by}, which waits for {of_c}, {by}, which waits for {of_a}"
    );
    assert_eq!(text(ask(&a)), expected);
    let own = Later::default();
    assert!(own.set(pool.named("own").submit(wait_for(&own))).is_ok());
    assert_eq!(text(ask(&own)), format!("deadlock: {} waits for itself", told_of(&own)));
}

/// What each task of a cycle of this length is told, if they take turns on these pools.
fn cycle_over(pools: &[ThreadPoolExecutor], length: usize) -> Vec<Told> {
    let ring: Vec<_> = (0..length).map(|_| Later::default()).collect();
    for (n, this) in ring.iter().enumerate() {
        let named = pools[n % pools.len()].named(n.to_string());
        assert!(this.set(named.submit(wait_for(&ring[(n + 1) % length]))).is_ok());
    }
    ring.iter().map(ask).collect()
}

#[test]
fn a_cycle_of_any_length_over_any_pools_is_told_from_its_start_and_back_to_it() {
    let _limit = limit();
    for (pools, length) in [(1, 2), (1, 5), (2, 2), (2, 7), (3, 30)] {
        for policy in BOTH {
            // As many workers as tasks, so that all can be under way under either policy.
            let pools: Vec<_> = (0..pools).map(|_| pool_of(length, policy)).collect();
            for told in cycle_over(&pools, length).into_iter().map(text) {
                let names = told.split("task '").skip(1);
                let names: Vec<usize> =
                    names.map(|text| text.split_once('\'').unwrap().0.parse().unwrap()).collect();
                assert_eq!((names.len(), names[0]), (length + 1, names[length]), "{told}");
                let next = |pair: &[usize]| (pair[0] + 1) % length == pair[1];
                assert!(names.windows(2).all(next), "{told}");
            }
        }
    }
}

#[test]
fn a_wait_with_a_deadline_is_in_no_cycle_and_misses_it() {
    let _limit = limit();
    for policy in BOTH {
        let (pool, second) = (pool_of(2, policy), Later::default());
        let theirs = Arc::clone(&second);
        let first = pool.submit(move || {
            assert!(there(&theirs).result_timeout(Duration::from_millis(20)).is_err());
            Ok(1)
        });
        assert!(second.set(pool.submit(move || first.into_result()?)).is_ok());
        assert_eq!(ask(&second).unwrap(), 1);
    }
}

/// A wait for any of several closes a cycle when all of them lead back to it, and not before.
#[test]
fn a_wait_for_any_is_told_of_a_cycle_when_no_other_future_is_left() {
    let _limit = limit();
    let pool = ThreadPoolExecutor::new(3).unwrap();
    let (give, take) = mpsc::channel::<Vec<Future<Result<u64, TaskError>>>>();
    let (tell, told) = mpsc::channel();
    let first = Arc::new(pool.named("any").submit(move || {
        let mut ended = as_completed(take.recv().unwrap());
        tell.send(ended.next().unwrap().into_result().unwrap()).unwrap();
        let next = catch_unwind(AssertUnwindSafe(|| ended.next().map(|_| ())));
        next.unwrap_err().downcast_ref::<String>().unwrap().clone()
    }));
    let theirs = Arc::clone(&first);
    let back = pool.named("back").submit(move || theirs.result().map(|text| text.len() as u64));
    let free = pool.submit(|| Ok(7));
    give.send(vec![back, free]).unwrap();
    assert_eq!(told.recv().unwrap().unwrap(), 7);
    // The second of the two to wait is told.
    match first.result() {
        Ok(text) => {
            assert!(text.starts_with("deadlock: ") && text.contains("'back'"), "{text}");
        }
        Err(error) => assert!(error.to_string().contains("deadlock: "), "{error}"),
    }
}

#[test]
fn the_last_worker_of_a_starved_pool_is_told_how_it_came_to_that() {
    let _limit = limit();
    let (pool, gate) = (pool_of(2, NestedWait::Block), Gate::closed());
    let outer = [1, 2].map(|n| {
        let (submitter, way) = (pool.submitter(), gate.way());
        pool.named(format!("outer {n}")).submit(move || {
            way.pass();
            let inner = submitter.named("inner").submit(move || n);
            let at = inner.submitted_at();
            (inner.into_result(), current_worker().unwrap(), at)
        })
    });
    gate.wait_for(2);
    gate.open();
    let tops = [0, 1].map(|n| {
        format!("{} (submitted at {})", outer[n].name().unwrap(), outer[n].submitted_at())
    });
    let [one, two] = outer.map(|outer| outer.into_result().unwrap());
    let told = usize::from(one.0.is_ok());
    let (starved, worker, inner) = [&one, &two][told];
    let top = tops[told].replacen(" (", "' (", 1);
    let expected = format!(
        "deadlock: task '{top}, run by {worker}, waits for task 'inner' (submitted at {inner}), \
         which waits for a worker of {}, and all of these wait",
        pool.id()
    );
    assert_eq!(starved.as_ref().unwrap_err().to_string(), expected);
    assert_eq!([&two, &one][told].0.as_ref().unwrap(), &[2, 1][told]);
    assert_eq!(pool.stats().added, 0);
}

#[test]
fn each_wait_for_any_of_several_says_in_its_way_that_no_worker_can_come() {
    let _limit = limit();
    let pool = pool_of(1, NestedWait::Block);
    let id = pool.id();
    inside(&pool, move |submitter| {
        let ends = format!("which waits for a worker of {id}, and all of these wait");
        let some = || [1, 2, 3].map(|n| submitter.submit(move || n));
        assert!(panic_of(|| wait(some(), None, ReturnWhen::AllCompleted)).ends_with(&ends));
        assert!(panic_of(|| as_completed(some()).next()).ends_with(&ends));
        assert_eq!(submitter.map(1..4, |n| n).filter(is_deadlock).count(), 3);
        assert_eq!(submitter.map(1..4, |n| n).unordered().filter(is_deadlock).count(), 3);
        assert!(is_deadlock(&submitter.map_buffered(1..4, 2, |n| n).next().unwrap()));
        let failures = first_success(some(), None, |_| true).unwrap_err().into_failures();
        assert!(failures.len() == 3 && failures.iter().all(is_deadlock));
    });
}

#[test]
fn two_starved_pools_of_one_worker_are_told_at_the_second_return() {
    let _limit = limit();
    let pools = [(); 2].map(|()| pool_of(1, NestedWait::Block));
    let (other, [here, there]) =
        (pools[1].submitter(), [&pools[0], &pools[1]].map(ThreadPoolExecutor::id));
    let told = text(inside(&pools[0], move |here| ping(100, here, &other)));
    let ends = format!("which waits for a worker of {here}, and all of these wait");
    assert!(told.ends_with(&ends), "{told}");
    // Whichever of the two waits began last is told, and the chain leads on from there.
    let [first, second] =
        [here, there].map(|id| told.matches(&format!(", run by worker 0 of {id}, ")).count());
    assert!(first <= 1 && second == 1, "{told}");
}

/// A chain that one stack and all workers that may be added have no room for is an error, and
/// neither a hang nor an overflow.
#[test]
fn an_endless_chain_of_waits_is_told_so() {
    fn endless(pool: &Submitter) -> Told {
        let inner = pool.clone();
        match pool.try_submit(move || endless(&inner)) {
            Ok(next) => next.into_result()?,
            Err(_) => Ok(0),
        }
    }
    let _limit = limit();
    let pool = ThreadPoolExecutor::builder().max_workers(1).stack_size(128 << 10).build().unwrap();
    let submitter = pool.submitter();
    let told = pool.submit(move || endless(&submitter)).into_result().unwrap().unwrap_err();
    assert!(matches!(told, TaskError::Deadlock(_)), "{told}");
    assert!(pool.stats().added >= NestedWait::MOST_ADDED as u64);
    // A task that is waited for no more runs as any other task, and goes on in the same way.
    pool.shutdown(Shutdown::CancelPending).unwrap();
}

#[test]
fn a_panic_of_a_task_that_runs_inline_is_told_and_harms_nobody() {
    let _limit = limit();
    let pool = pool(1);
    let (told, here) = inside(&pool, |submitter| {
        let mine = thread::current().id();
        let inner =
            submitter.submit(move || -> u64 { panic!("{}", mine == thread::current().id()) });
        (text(inner.into_result()), mine)
    });
    assert_eq!(told, "task panicked: true");
    assert_eq!(inside(&pool, |submitter| chain(3, submitter)), 3);
    assert_eq!(pool.submit(|| thread::current().id()).into_result().unwrap(), here);
    eventually(|| pool.stats().running == 0);
    assert_eq!((pool.stats().panicked, pool.stats().added), (1, 0));
}

#[test]
fn either_a_cancel_or_a_wait_that_would_run_the_task_has_it() {
    let _limit = limit();
    let pool = pool(1);
    for _ in 0..300 {
        let (ran, (give, take)) = (Tally::default(), mpsc::channel());
        let (submitter, runs) = (pool.submitter(), ran.clone());
        let outer = pool.submit(move || {
            let inner = Arc::new(submitter.submit(move || runs.add()));
            give.send(Arc::clone(&inner)).unwrap();
            inner.result().err()
        });
        let cancelled = take.recv().unwrap().cancel();
        let told = outer.into_result().unwrap();
        assert_eq!(ran.count(), usize::from(!cancelled));
        assert_eq!(matches!(told, Some(TaskError::Cancelled(CancelReason::ByCaller))), cancelled);
        assert_eq!(told.is_none(), !cancelled);
    }
}

#[test]
fn a_wait_for_a_task_that_a_closing_cancels_is_told_so() {
    let _limit = limit();
    for (how, policy) in EVERY_KIND.into_iter().flat_map(|how| BOTH.map(|policy| (how, policy))) {
        let (pool, [gate, other]) = (pool_of(2, policy), [Gate::closed(), Gate::closed()]);
        // The second worker is busy with this one, so that `inner` is pending.
        drop(pool.submit(other.then(|| ())));
        other.wait_for(1);
        let (submitter, way) = (pool.submitter(), gate.way());
        let outer = pool.submit(move || {
            let inner = submitter.submit(|| 7);
            way.pass();
            inner.into_result()
        });
        gate.wait_for(1);
        pool.close(how);
        gate.open();
        other.open();
        let told = outer.into_result().unwrap();
        match how {
            Shutdown::Drain | Shutdown::WhenIdle => assert_eq!(told.unwrap(), 7),
            _ => assert!(matches!(told, Err(TaskError::Cancelled(CancelReason::ByShutdown)))),
        }
        pool.shutdown(how).unwrap();
        assert_eq!(pool.stats().workers, 0);
    }
}

#[test]
fn a_task_that_runs_in_a_nested_wait_when_the_pool_is_closed_goes_on_to_its_end() {
    let _limit = limit();
    for (how, timed) in EVERY_KIND.into_iter().flat_map(|how| [(how, false), (how, true)]) {
        let (pool, gate) = (pool(1), Gate::closed());
        let (submitter, work) = (pool.submitter(), gate.then(|| 7));
        let outer = pool.submit(move || {
            let inner = submitter.submit(work);
            if timed { inner.result_timeout(LONG).unwrap().copied() } else { inner.into_result() }
        });
        gate.wait_for(1);
        pool.close(how);
        gate.open();
        pool.shutdown(how).unwrap();
        assert_eq!(outer.into_result().unwrap().unwrap(), 7);
        assert_eq!((pool.stats().workers, pool.stats().blocked), (0, 0));
    }
}
