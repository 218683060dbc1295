//! What the compiler promises: who may cross threads, who may be dropped where, how much a handle
//! weighs.

use std::cell::Cell;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use glasspool::timeline::{
    ChromeTrace, Figures, Gantt, Narration, Narrator, Page, ReadError, Recorder, Svg, Trace,
};
use glasspool::{
    AsCompleted, Awaiting, BlockedOn, Broken, BufferedMap, BuildError, Builder, CancelReason,
    Deadlock, DoneAndNotDone, Ending, Event, EventKind, Executor, Future, Inline, Map, Named,
    NoSuccess, Observer, Panic, PoolId, Refusal, Refused, ReturnWhen, Scope, ScopedFuture,
    ScopedMap, Shutdown, ShutdownError, ShutdownReport, Stats, StillRunning, StopToken, Submitter,
    Task, TaskError, TaskId, TaskInfo, ThreadPoolExecutor, Timed, TimedOut, Worker,
};

use crate::support::{NO_SUCH_STACK, broken_pool, held_with_room_for, limit, pool};

/// Send and nothing else.
type OnlySend = Cell<i32>;

type Items = std::ops::Range<u8>;

/// An iterator that stays on its thread.
type ItemsHere = std::vec::IntoIter<std::rc::Rc<u8>>;

/// Whether the type has the trait: the inherent constant wins over the trait's where its bound
/// holds.
macro_rules! has {
    ($type:ty: $bound:path) => {{
        struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "one of the two is not asked")]
        trait Otherwise {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Otherwise for Probe<T> {}
        #[allow(dead_code, reason = "one of the two is not asked")]
        impl<T: ?Sized + $bound> Probe<T> {
            const HAS: bool = true;
        }
        <Probe<$type>>::HAS
    }};
}

/// Whether the type has all of these traits, and none of those after the stroke.
macro_rules! check {
    ($($type:ty: [$($has:ident)*] - [$($has_not:ident)*];)+) => {$(
        $(assert!(has!($type: $has), "{} is not {}", stringify!($type), stringify!($has));)*
        $(assert!(!has!($type: $has_not), "{} is {}", stringify!($type), stringify!($has_not));)*
    )+};
}

/// Who may cross threads, be shared by them, be moved when pinned, and be used where a
/// panic has gone past.
///
/// A handle is `Send` where the value is, and `Sync` where it lends a value that is. What runs a
/// user's code contains its panics, so a handle may cross any `catch_unwind`; what is the user's
/// own (an executor, hooks, the cause of a refusal) is not ours to promise.
#[test]
fn every_type_has_the_traits_it_can_have() {
    check! {
        ThreadPoolExecutor: [Send Sync Unpin UnwindSafe RefUnwindSafe] - [Clone];
        Submitter: [Send Sync Unpin UnwindSafe RefUnwindSafe Clone] - [];
        Scope<'_, '_>: [Send Sync Unpin UnwindSafe RefUnwindSafe Clone] - [];
        Inline: [Send Sync Unpin UnwindSafe RefUnwindSafe Clone Copy] - [];
        Builder: [Send Sync Unpin] - [UnwindSafe RefUnwindSafe];
        Box<dyn Executor>: [Send Sync Unpin] - [UnwindSafe RefUnwindSafe];
        Named<'_>: [Send Sync Unpin Clone] - [UnwindSafe RefUnwindSafe];

        Task: [Send Sync Unpin UnwindSafe RefUnwindSafe] - [Clone];
        StopToken: [Send Sync Unpin UnwindSafe RefUnwindSafe Clone] - [];
        Future<String>: [Send Sync Unpin UnwindSafe RefUnwindSafe] - [Clone];
        Future<OnlySend>: [Send Unpin UnwindSafe] - [Sync RefUnwindSafe];
        ScopedFuture<'_, &str>: [Send Sync Unpin UnwindSafe RefUnwindSafe] - [Clone];
        Awaiting<Future<String>>: [Send Sync Unpin UnwindSafe RefUnwindSafe] - [Clone];
        Awaiting<&Future<OnlySend>>: [Unpin] - [Send Sync UnwindSafe];

        Map<String>: [Send Sync Unpin UnwindSafe RefUnwindSafe] - [Clone];
        Map<OnlySend>: [Send Sync Unpin UnwindSafe RefUnwindSafe] - [Clone];
        ScopedMap<'_, &str>: [Send Sync Unpin UnwindSafe RefUnwindSafe] - [Clone];
        BufferedMap<Items, String>: [Send Sync Unpin UnwindSafe RefUnwindSafe] - [Clone];
        BufferedMap<Items, OnlySend>: [Send Unpin UnwindSafe RefUnwindSafe] - [Sync];
        BufferedMap<ItemsHere, String>: [Unpin UnwindSafe] - [Send Sync];
        BufferedMap<std::slice::IterMut<'_, u8>, String>: [Send Sync Unpin] - [UnwindSafe];
        AsCompleted<Future<String>>: [Send Sync Unpin UnwindSafe RefUnwindSafe] - [Clone];
        AsCompleted<(u8, &Future<String>)>: [Send Sync Unpin UnwindSafe RefUnwindSafe] - [];
        AsCompleted<Future<OnlySend>>: [Send Unpin UnwindSafe] - [Sync RefUnwindSafe];
        AsCompleted<&Future<OnlySend>>: [Unpin] - [Send Sync UnwindSafe];
        Timed<Map<String>>: [Send Sync Unpin UnwindSafe RefUnwindSafe] - [Clone];
        DoneAndNotDone<Future<String>>: [Send Sync Unpin UnwindSafe RefUnwindSafe] - [];

        TaskError: [Error Send Sync Unpin UnwindSafe RefUnwindSafe Clone] - [];
        TimedOut: [Error Send Sync Unpin UnwindSafe RefUnwindSafe Clone Copy] - [];
        Panic: [Error Send Sync Unpin UnwindSafe RefUnwindSafe Clone] - [];
        NoSuccess<OnlySend>: [Error Send Unpin UnwindSafe] - [Sync RefUnwindSafe];
        Refusal: [Send Sync Unpin] - [UnwindSafe RefUnwindSafe];
        Refused<fn()>: [Error Send Sync Unpin] - [UnwindSafe RefUnwindSafe];
        BuildError: [Error Send Sync Unpin UnwindSafe RefUnwindSafe] - [];
        ShutdownError: [Error Send Sync Unpin UnwindSafe RefUnwindSafe] - [];
        ReadError: [Error Send Sync] - [];
        Broken: [Error Send Sync Unpin UnwindSafe RefUnwindSafe Clone] - [];
        Deadlock: [Error Send Sync Unpin UnwindSafe RefUnwindSafe Clone] - [];
        CancelReason: [Send Sync Unpin UnwindSafe RefUnwindSafe Clone] - [];
        (Shutdown, ReturnWhen, PoolId): [Send Sync Unpin UnwindSafe RefUnwindSafe Clone Copy] - [];
        Event<'_>: [Send Sync Unpin UnwindSafe RefUnwindSafe Clone] - [];
        (EventKind, TaskInfo<'_>, TaskId, Ending, BlockedOn): [Send Sync Unpin UnwindSafe RefUnwindSafe Clone] - [];
        Arc<dyn Observer>: [Send Sync Unpin Observer Clone] - [];
        Recorder: [Send Sync Unpin UnwindSafe RefUnwindSafe Observer] - [Clone];
        Narrator<Vec<u8>>: [Send Sync Unpin Observer] - [Clone];
        (Trace, Figures): [Send Sync Unpin UnwindSafe RefUnwindSafe Clone] - [];
        (Gantt<'_>, Svg<'_>, Page<'_>, ChromeTrace<'_>, Narration<'_>): [Send Sync Unpin UnwindSafe Clone Copy] - [];
        Worker: [Display Debug Eq Hash] - [];
        PoolId: [Display Debug Eq Hash] - [];
        (Stats, ShutdownReport, StillRunning, Worker): [Send Sync Unpin UnwindSafe RefUnwindSafe Clone] - [];
    }
}

#[test]
fn a_future_is_a_scoped_future_that_borrows_nothing() {
    fn same<T>(future: Future<T>) -> ScopedFuture<'static, T> {
        future
    }
    let _limit = limit();
    assert_eq!(same(pool(1).submit(|| 7)).into_result().unwrap(), 7);
}

/// In words: two for the answer, two for the label, and the value or an error with its state.
#[test]
fn a_handle_is_small() {
    const WORD: usize = size_of::<usize>();
    assert!(size_of::<TaskError>() <= 2 * WORD);
    assert!(size_of::<Future<()>>() <= 7 * WORD);
    assert!(size_of::<Future<[u8; 1024]>>() <= 7 * WORD + 1024);
    assert!(size_of::<Task>() <= 4 * WORD);
    assert!(size_of::<Map<[u8; 1024]>>() <= 8 * WORD);
    assert!(size_of::<Awaiting<&Future<[u8; 1024]>>>() <= 2 * WORD);
    assert!(size_of::<TimedOut>() <= 2 * WORD && size_of::<StopToken>() <= WORD);
    assert!(size_of::<Submitter>() <= 2 * WORD && size_of::<ThreadPoolExecutor>() <= WORD);
}

#[test]
fn the_texts_of_errors_are_stable() {
    let _limit = limit();
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
}

#[test]
fn an_error_with_a_cause_has_it_as_its_source() {
    let _limit = limit();
    let refused = broken_pool().try_submit(|| ()).unwrap_err();
    let message = "the pool is broken: its initializer panicked: no database";
    assert_eq!(refused.to_string(), format!("cannot submit: {message}"));
    assert_eq!(refused.source().unwrap().to_string(), message);
    assert!(refused.source().unwrap().is::<Broken>());

    let greedy = ThreadPoolExecutor::builder().stack_size(NO_SUCH_STACK).build().unwrap();
    let refused = greedy.try_submit(|| ()).unwrap_err();
    assert!(refused.source().unwrap().is::<std::io::Error>());

    let broken =
        ThreadPoolExecutor::builder().initializer(|| panic!("no database")).build().unwrap();
    let lost = broken.submit(|| ()).into_result().unwrap_err();
    let cause = lost.source().unwrap().downcast_ref::<Broken>().unwrap();
    assert_eq!(cause.message(), "no database");

    let closed = pool(1);
    closed.close(Shutdown::Drain);
    assert!(closed.try_submit(|| ()).unwrap_err().source().is_none());
    let (task, future) = glasspool::task(|| ());
    drop(task);
    assert!(future.result().unwrap_err().source().is_none());
}

/// The compiler holds here that the last arm of each can be reached.
#[test]
#[deny(unreachable_patterns)]
fn error_types_may_get_more_kinds() {
    macro_rules! known {
        ($value:expr, $($kind:pat_param)|+) => {
            match $value { $($kind)|+ => true, _ => false }
        };
    }
    use BuildError::{NoCapacity, NoWorkers, NulInName};
    use CancelReason::{ByCaller, ByShutdown, PoolBroke, TaskDropped};
    use Refusal::{Broken, Full, ShutDown, Thread};
    use TaskError::{Cancelled, Deadlock, Lost, Panicked};
    assert!(known!(Cancelled(ByCaller), Panicked(_) | Cancelled(_) | Lost(_) | Deadlock(_)));
    assert!(known!(ByCaller, ByCaller | ByShutdown | PoolBroke(_) | TaskDropped));
    assert!(known!(Full, ShutDown | Broken(_) | Full | Thread(_)));
    assert!(known!(NoWorkers, NoWorkers | NoCapacity | NulInName));
}
