//! TYP: types and texts.

use std::cell::Cell;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::hash::Hash;

use glasspool::{
    Broken, BuildError, Builder, CancelReason, Deadlock, Executor, Future, Map, Panic, PoolId,
    Refusal, Refused, Scope, ScopedFuture, ScopedMap, Shutdown, ShutdownError, ShutdownReport,
    Stats, StillRunning, StopToken, Submitter, Task, TaskError, ThreadPoolExecutor, TimedOut,
    Worker,
};

use crate::common::held_with_room_for;
use crate::support::{NO_SUCH_STACK, broken_pool, pool, within};

fn send_and_sync<T: Send + Sync>() {}
fn send<T: Send>() {}
fn an_error<T: Error + Send + Sync + 'static>() {}

#[test]
fn typ_01_pools_handles_and_what_they_tell_cross_threads() {
    send_and_sync::<ThreadPoolExecutor>();
    send_and_sync::<Submitter>();
    send_and_sync::<Builder>();
    send_and_sync::<Task>();
    send_and_sync::<Box<dyn Executor>>();
    send_and_sync::<Scope<'_, '_>>();
    send_and_sync::<(StopToken, Worker, PoolId)>();
    send_and_sync::<(Stats, ShutdownReport, StillRunning, Shutdown)>();
    send_and_sync::<(Future<String>, Map<String>)>();
    send_and_sync::<(ScopedFuture<'_, String>, ScopedMap<'_, String>)>();
    send::<(Future<Cell<u8>>, Map<Cell<u8>>)>();
    send::<(ScopedFuture<'_, Cell<&str>>, ScopedMap<'_, Cell<&str>>)>();
}

#[test]
fn typ_01_errors_cross_threads_too_and_are_errors() {
    an_error::<TaskError>();
    an_error::<TimedOut>();
    an_error::<Refused<fn()>>();
    an_error::<BuildError>();
    an_error::<ShutdownError>();
    an_error::<Panic>();
    an_error::<Broken>();
    an_error::<Deadlock>();
    send_and_sync::<Refusal>();
}

#[test]
fn typ_01_a_future_is_a_scoped_future_that_borrows_nothing() {
    fn same<T>(future: Future<T>) -> ScopedFuture<'static, T> {
        future
    }
    within(|| assert_eq!(same(pool(1).submit(|| 7)).into_result().unwrap(), 7));
}

#[test]
fn typ_01_what_names_a_worker_or_a_pool_can_be_printed_compared_and_kept_in_a_set() {
    fn a_name<T: Display + Debug + Eq + Hash>() {}
    fn copied<T: Copy>() {}
    a_name::<Worker>();
    a_name::<PoolId>();
    copied::<PoolId>();
}

#[test]
fn typ_04_the_texts_of_errors_are_stable() {
    within(|| {
        let (pool, gate) = held_with_room_for(1);
        let pending = pool.submit(|| ());
        let timed_out = pending.result_timeout(std::time::Duration::ZERO).unwrap_err();
        assert_eq!(timed_out.to_string(), "1 (of 1) futures unfinished");
        let full = pool.try_submit(|| ()).unwrap_err();
        assert_eq!(full.to_string(), "cannot submit: the executor's queue is full");
        pending.cancel();
        assert_eq!(pending.result().unwrap_err().to_string(), "task cancelled by the caller");
        let by_shutdown = pool.submit(|| ());
        pool.close(Shutdown::CancelPending);
        let cancelled = by_shutdown.result().unwrap_err();
        assert_eq!(cancelled.to_string(), "task cancelled by the shutdown of its pool");
        let closed = pool.try_submit(|| ()).unwrap_err();
        assert_eq!(closed.to_string(), "cannot submit: the executor was shut down");
        gate.open();
    });
}

#[test]
fn typ_04_where_there_is_a_cause_it_is_the_source() {
    within(|| {
        let refused = broken_pool().try_submit(|| ()).unwrap_err();
        assert!(refused.source().unwrap().downcast_ref::<Broken>().is_some());

        let greedy = ThreadPoolExecutor::builder().stack_size(NO_SUCH_STACK).build().unwrap();
        let refused = greedy.try_submit(|| ()).unwrap_err();
        assert!(refused.source().unwrap().downcast_ref::<std::io::Error>().is_some());

        let broken =
            ThreadPoolExecutor::builder().initializer(|| panic!("no database")).build().unwrap();
        let lost = broken.submit(|| ()).into_result().unwrap_err();
        assert_eq!(
            lost.source().unwrap().downcast_ref::<Broken>().unwrap().message(),
            "no database"
        );

        let pool = pool(1);
        pool.close(Shutdown::Drain);
        assert!(pool.try_submit(|| ()).unwrap_err().source().is_none());
    });
}

/// That the last arm of each can be reached is what the compiler is asked here.
#[test]
#[deny(unreachable_patterns)]
fn typ_04_errors_may_get_more_kinds() {
    fn of_a_task(error: &TaskError) -> Option<()> {
        match error {
            TaskError::Panicked(_)
            | TaskError::Cancelled(_)
            | TaskError::Lost(_)
            | TaskError::Deadlock(_) => Some(()),
            _ => None,
        }
    }
    fn of_a_cancel(reason: &CancelReason) -> Option<()> {
        use CancelReason::{ByCaller, ByShutdown, PoolBroke, TaskDropped};
        match reason {
            ByCaller | ByShutdown | PoolBroke(_) | TaskDropped => Some(()),
            _ => None,
        }
    }
    fn of_a_refusal(refusal: &Refusal) -> Option<()> {
        match refusal {
            Refusal::ShutDown | Refusal::Broken(_) | Refusal::Full | Refusal::Thread(_) => Some(()),
            _ => None,
        }
    }
    fn of_a_build(error: &BuildError) -> Option<()> {
        match error {
            BuildError::NoWorkers | BuildError::NoCapacity | BuildError::NulInName => Some(()),
            _ => None,
        }
    }
    assert!(of_a_refusal(&Refusal::Full).is_some() && of_a_build(&BuildError::NoWorkers).is_some());
    assert!(of_a_cancel(&CancelReason::ByCaller).is_some());
    assert!(of_a_task(&TaskError::Cancelled(CancelReason::ByCaller)).is_some());
}
