//! Faults of the surroundings: a system that refuses threads or files, and a stack that overflows.

use std::time::Duration;

use glasspool::{Refusal, Shutdown, ThreadPoolExecutor};

use crate::support::{Drops, Gate, LONG, NO_SUCH_STACK, Tally, alone_in, limit, panic_of};

/// Threads start on demand, so it is the submit that fails, and not the build. (CPython raised, and
/// left the task in the queue, to be run by and by without a future: cpython#17615.)
#[test]
fn a_pool_without_a_thread_refuses_with_the_cause_and_gives_back() {
    let _limit = limit();
    let (hooks, drops, runs) = (Tally::default(), Drops::default(), Tally::default());
    let (start, exit, run) = (hooks.clone(), hooks.clone(), runs.clone());
    let greedy = ThreadPoolExecutor::builder().max_workers(4).stack_size(NO_SUCH_STACK);
    let pool =
        greedy.initializer(move || start.add()).exit_hook(move || exit.add()).build().unwrap();
    for tried in 0..3 {
        let run = run.clone();
        let refused = pool.try_submit(drops.with(move || run.add())).unwrap_err();
        let Refusal::Thread(cause) = refused.why() else { panic!("{refused}") };
        assert!(cause.raw_os_error().is_some());
        assert_eq!(drops.count(), tried);
        refused.into_inner()();
        assert_eq!((runs.count(), drops.count()), (tried + 1, tried + 1));
    }
    let refusal = "cannot submit: the pool has no worker, and the system refused it a thread: ";
    assert!(panic_of(|| pool.submit(drops.with(|| ()))).starts_with(refusal));
    assert!(panic_of(|| pool.map([drops.one()], drop)).starts_with(refusal));
    assert!(pool.try_submit_timeout(LONG, drops.with(|| ())).is_err());
    let stats = pool.stats();
    assert_eq!((stats.workers, stats.queued, stats.submitted), (0, 0, 0));
    drop(pool);
    assert_eq!((drops.count(), hooks.count()), (6, 0));
}

/// With room for two or three of eight stacks.
#[cfg(target_os = "linux")]
#[test]
fn a_pool_without_another_thread_works_on_with_the_workers_it_has() {
    const STACK: usize = 512 << 20;
    alone_in(3 * STACK, || {
        let (began, ended) = (Tally::default(), Tally::default());
        let (start, exit) = (began.clone(), ended.clone());
        let builder = ThreadPoolExecutor::builder().max_workers(8).stack_size(STACK);
        let pool =
            builder.initializer(move || start.add()).exit_hook(move || exit.add()).build().unwrap();
        let gate = Gate::closed();
        let futures: Vec<_> = (0..16).map(|n| pool.submit(gate.then(move || n))).collect();
        let stats = pool.stats();
        assert!((1..=3).contains(&stats.workers), "{stats:?}");
        assert_eq!(stats.queued, 16 - stats.workers);
        gate.open();
        assert!(futures.into_iter().map(|future| future.into_result().unwrap()).eq(0..16));
        drop(pool);
        assert_eq!((began.count(), ended.count()), (stats.workers, stats.workers));
    });
}

#[test]
fn a_pool_that_got_no_thread_can_be_closed_in_any_way() {
    let _limit = limit();
    let greedy = || {
        let builder = ThreadPoolExecutor::builder().max_workers(2).stack_size(NO_SUCH_STACK);
        let pool = builder.build().unwrap();
        assert!(pool.try_submit(|| ()).is_err());
        pool
    };
    for how in [Shutdown::Drain, Shutdown::WhenIdle, Shutdown::CancelPending, Shutdown::Stop] {
        let pool = greedy();
        pool.close(how);
        pool.shutdown(how).unwrap();
        assert!(matches!(pool.try_submit(|| ()).unwrap_err().why(), Refusal::ShutDown));
        assert!(greedy().shutdown_timeout(how, Duration::ZERO).unwrap().is_complete());
    }
    drop(greedy());
}

#[cfg(target_os = "linux")]
#[test]
fn a_stack_overflow_in_a_task_ends_the_process_with_the_usual_abort() {
    use std::hint::black_box;

    fn for_ever(depth: usize) -> usize {
        let layer = [depth; 64];
        if black_box(depth) == usize::MAX {
            0
        } else {
            for_ever(depth + 1) + black_box(&layer)[depth % 64]
        }
    }
    let end = panic_of(|| {
        crate::support::alone(|| {
            let pool = ThreadPoolExecutor::builder().thread_name_prefix("deep").build().unwrap();
            drop(pool.submit(|| for_ever(0)).into_result());
        })
    });
    assert!(
        end.contains("SIGABRT") && end.contains("'deep_0'") && end.contains("overflow"),
        "{end}"
    );
}

/// In a process that may open sixty-four files, and has opened them all.
#[cfg(target_os = "linux")]
#[test]
fn a_pool_needs_no_file_descriptors() {
    use std::fs::File;
    use std::process::Command;
    use std::{env, iter};

    const MARK: &str = "GLASSPOOL_SPEC_FEW_FILES";
    const TEST: &str = "faults::a_pool_needs_no_file_descriptors";
    if env::var_os(MARK).is_some() {
        let _limit = limit();
        let opened: Vec<_> = iter::from_fn(|| File::open("/dev/null").ok()).collect();
        assert!((1..64).contains(&opened.len()));
        let pool = ThreadPoolExecutor::new(4).unwrap();
        let squares: Vec<u32> = pool.map(0..100, |n| n * n).map(Result::unwrap).collect();
        assert_eq!(squares.into_iter().sum::<u32>(), 328_350);
        assert!(File::open("/dev/null").is_err());
        pool.shutdown(Shutdown::Drain).unwrap();
        return;
    }
    let mut limited = Command::new("sh");
    limited.args(["-c", r#"ulimit -n 64 && exec "$0" "$@""#]).arg(env::current_exe().unwrap());
    let output = limited.args(["--exact", TEST]).env(MARK, "").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
