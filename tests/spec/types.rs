//! What the compiler promises: who may cross threads, who may be dropped where, how much a handle weighs.

use std::cell::Cell;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::panic::{RefUnwindSafe, UnwindSafe};

use glasspool::{
    AsCompleted, Broken, BuildError, Builder, CancelReason, Deadlock, DoneAndNotDone, Executor, Future,
    Inline, Map, Named, Panic, Refusal, Refused, ReturnWhen, Shutdown, ShutdownError, Submitter, Task,
    TaskError, ThreadPoolExecutor, Timed, TimedOut,
};

use crate::support::{NO_SUCH_STACK, broken_pool, within};

/// Send and nothing else.
type OnlySend = Cell<i32>;

/// Whether the type has the trait: the inherent constant wins over the trait's where its bound holds.
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

fn send<T: Send>() {}
fn send_and_sync<T: Send + Sync + Unpin>() {}
fn unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
fn an_error<T: Error + Debug + Display + Send + Sync + 'static>() {}

/// TYP-01.
#[test]
fn pools_and_tasks_and_errors_cross_threads() {
    send_and_sync::<ThreadPoolExecutor>();
    send_and_sync::<Submitter>();
    send_and_sync::<Builder>();
    send_and_sync::<Inline>();
    send_and_sync::<Box<dyn Executor>>();
    send_and_sync::<Task>();
    send_and_sync::<Named<'_>>();
    an_error::<TaskError>();
    an_error::<TimedOut>();
    an_error::<BuildError>();
    an_error::<ShutdownError>();
    an_error::<Panic>();
    an_error::<Broken>();
    an_error::<Deadlock>();
    an_error::<Refused<fn()>>();
    send_and_sync::<Refusal>();
    send_and_sync::<(CancelReason, Shutdown, ReturnWhen)>();
}

/// Send just where the value is Send, and Sync just where it is Sync.
#[test]
fn a_future_crosses_threads_as_its_value_does() {
    send_and_sync::<Future<String>>();
    send_and_sync::<DoneAndNotDone<Future<String>>>();
    send_and_sync::<Map<String>>();
    send_and_sync::<Timed<Map<String>>>();
    send::<Future<OnlySend>>();
    send::<Map<OnlySend>>();
    send::<AsCompleted<Future<OnlySend>>>();
    send::<AsCompleted<(u8, &Future<String>)>>();
    assert!(has!(Future<String>: Sync));
    assert!(!has!(Future<OnlySend>: Sync));
    assert!(!has!(AsCompleted<&Future<OnlySend>>: Send));
}

#[test]
fn nothing_minds_a_panic_going_past() {
    unwind_safe::<ThreadPoolExecutor>();
    unwind_safe::<Submitter>();
    unwind_safe::<Future<String>>();
    unwind_safe::<TaskError>();
    unwind_safe::<Panic>();
    assert!(has!(Future<OnlySend>: UnwindSafe));
    assert!(!has!(Future<OnlySend>: RefUnwindSafe));
}

/// One owner for each.
#[test]
fn only_what_owns_nothing_can_be_cloned() {
    assert!(!has!(ThreadPoolExecutor: Clone));
    assert!(!has!(Future<u8>: Clone));
    assert!(!has!(Task: Clone));
    assert!(has!(Submitter: Clone));
    assert!(has!(TaskError: Clone));
}

/// In words: two for the answer, two for the label, and the value or an error with its state.
#[test]
fn a_handle_is_small() {
    const WORD: usize = size_of::<usize>();
    assert!(size_of::<TaskError>() <= 2 * WORD);
    assert!(size_of::<Future<()>>() <= 7 * WORD);
    assert!(size_of::<Future<[u8; 1024]>>() <= 7 * WORD + 1024);
    assert!(size_of::<Task>() <= 4 * WORD);
    assert!(size_of::<Submitter>() <= WORD && size_of::<ThreadPoolExecutor>() <= WORD);
}

/// TYP-04.
#[test]
fn errors_tell_their_cause() {
    within(|| {
        let pool = broken_pool();
        let refused = pool.try_submit(|| ()).unwrap_err();
        let message = "the pool is broken: its initializer panicked: no database";
        assert_eq!(refused.to_string(), format!("cannot submit: {message}"));
        assert_eq!(refused.source().unwrap().to_string(), message);

        let greedy = ThreadPoolExecutor::builder().stack_size(NO_SUCH_STACK).build().unwrap();
        let refused = greedy.try_submit(|| ()).unwrap_err();
        assert!(refused.source().unwrap().is::<std::io::Error>());

        let (task, future) = glasspool::task(|| ());
        drop(task);
        assert!(future.result().unwrap_err().source().is_none());
    });
}
