//! Each thing is dropped once, and it is known by whom: the rules are a table on the crate's first
//! page, and here they are held.
//!
//! Each row runs once as it is, and once for each thing whose drop then panics.

use std::future::{Future as StdFuture, IntoFuture};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread::{self, Builder};
use std::time::Duration;

use glasspool::{Future, Shutdown, TaskError, ThreadPoolExecutor, as_completed, task};

use crate::support::{Gate, limit, thread_name};

/// What is dropped during a test, in words; and which of it is to panic then.
#[derive(Clone)]
pub(crate) struct Things {
    seen: Arc<Mutex<Vec<String>>>,
    panics: Option<&'static str>,
}

pub(crate) struct Thing(&'static str, Things);

impl Drop for Thing {
    fn drop(&mut self) {
        let Self(what, things) = self;
        let by = thread_name().replace("_0", "");
        things.seen.lock().unwrap().push(format!("{what} by {by}"));
        assert!(things.panics != Some(*what) || thread::panicking(), "the drop panics");
    }
}

impl Wake for Thing {
    fn wake(self: Arc<Self>) {}
}

#[derive(Clone, Copy)]
pub(crate) enum Work {
    Returns,
    Panics,
}
use Work::Panics;
pub(crate) use Work::Returns;

impl Things {
    pub(crate) fn one(&self, what: &'static str) -> Thing {
        Thing(what, self.clone())
    }

    pub(crate) fn work(&self, how: Work) -> impl FnOnce() -> Thing + Send + 'static {
        let (things, captured) = (self.clone(), self.one("capture"));
        move || {
            let _captured = &captured;
            match how {
                Returns => things.one("value"),
                Panics => panic_any(things.one("payload")),
            }
        }
    }

    fn callback(&self) -> impl FnOnce(Result<&Thing, TaskError>) + Send + 'static {
        let captured = self.one("callback");
        move |_| _ = &captured
    }

    pub(crate) fn function(&self) -> impl Fn(Thing) -> Thing + Send + Sync + 'static {
        let (things, captured) = (self.clone(), self.one("function"));
        move |item| {
            let _captured = &captured;
            drop(item);
            things.one("value")
        }
    }

    /// Somebody of this name does this; if it panics, that is noted.
    pub(crate) fn by<T: Send>(&self, who: &str, it: impl FnOnce() -> T + Send) -> Option<T> {
        let it = || catch_unwind(AssertUnwindSafe(it));
        let result = thread::scope(|s| {
            Builder::new().name(who.into()).spawn_scoped(s, it).unwrap().join().unwrap()
        });
        if result.as_ref().is_err_and(|payload| payload.downcast_ref() == Some(&"the drop panics"))
        {
            self.seen.lock().unwrap().push(format!("out of {who}"));
        }
        result.ok()
    }
}

pub(crate) fn builder() -> glasspool::Builder {
    ThreadPoolExecutor::builder().max_workers(1).thread_name_prefix("worker")
}

/// A pool whose worker stands at a gate.
pub(crate) fn held() -> (ThreadPoolExecutor, Gate) {
    let (pool, gate) = (builder().build().unwrap(), Gate::closed());
    drop(pool.submit(gate.then(|| ())));
    gate.wait_for(1);
    (pool, gate)
}

/// The pool has done what there was to do, and counts it so; its worker lives.
pub(crate) fn done(pool: &ThreadPoolExecutor, gate: &Gate) {
    gate.open();
    assert_eq!(pool.submit(|| 7).into_result().unwrap(), 7);
    let stats = pool.stats();
    assert_eq!((stats.workers, stats.cancelled, stats.lost), (1, 0, 0));
}

/// Has it done without anything that panics, and then with each of the things panicking when it is
/// dropped; `but` says where that makes a difference.
pub(crate) fn each_once(way: &str, expected: &str, but: &[(&str, &str)], steps: impl Fn(&Things)) {
    const KINDS: [&str; 7] =
        ["capture", "callback", "value", "payload", "item", "function", "waker"];
    let kinds = KINDS.into_iter().filter(|kind| expected.contains(kind));
    for panics in kinds.map(Some).chain([None]) {
        let things = Things { seen: Arc::default(), panics };
        steps(&things);
        let expected =
            but.iter().find(|(what, _)| panics == Some(what)).map_or(expected, |&(_, then)| then);
        let mut seen = things.seen.lock().unwrap();
        if panics == Some("capture") {
            // The compiler forgets it today, and may learn not to.
            seen.retain(|drop| drop != "value by worker");
        }
        assert_eq!(seen.join(", "), expected, "{way}; what panics when it is dropped: {panics:?}");
    }
}

/// A task that waits for its turn, with a callback.
fn pending(things: &Things, how: Work) -> (ThreadPoolExecutor, Gate, Future<Thing>) {
    let (pool, gate) = held();
    let future = pool.submit(things.work(how));
    future.add_done_callback(things.callback());
    (pool, gate, future)
}

/// A reader does this with the future of a task that has ended.
fn after_the_end(things: &Things, how: Work, read: fn(Future<Thing>)) {
    let (pool, gate, future) = pending(things, how);
    done(&pool, &gate);
    things.by("reader", || read(future));
}

fn before_the_start(things: &Things, how: Work, read: fn(Future<Thing>)) {
    let (pool, gate, future) = pending(things, how);
    things.by("reader", || read(future));
    done(&pool, &gate);
}

#[test]
fn things_of_a_task_that_returns() {
    let _limit = limit();
    let read = "capture by worker, callback by worker, value by reader";
    let out = ("value", "capture by worker, callback by worker, value by reader, out of reader");
    let capture = ("capture", "capture by worker, callback by worker");
    let gone = "capture by worker, callback by worker, value by worker";

    each_once("moved out", read, &[out, capture], |things| {
        after_the_end(things, Returns, |future| drop(future.into_result()));
    });
    each_once("lent", read, &[out, capture], |things| {
        let (pool, gate, future) = pending(things, Returns);
        gate.open();
        let _ = future.result();
        things.by("reader", || drop(future));
        done(&pool, &gate);
    });
    each_once("never read", read, &[out, capture], |it| after_the_end(it, Returns, drop));
    each_once("never read, and the pool gone", read, &[out, capture], |things| {
        let (pool, gate, future) = pending(things, Returns);
        gate.open();
        drop(pool);
        things.by("reader", || drop(future));
    });
    each_once("left to an iterator", read, &[capture], |things| {
        after_the_end(things, Returns, |future| drop(as_completed([future])));
    });
    each_once("its handle dropped before it began", gone, &[capture], |things| {
        before_the_start(things, Returns, drop);
    });
    each_once("awaited, but not to the end", gone, &[capture], |things| {
        before_the_start(things, Returns, |future| drop(future.into_future()));
    });
    each_once("its handle dropped while it ran", gone, &[capture], |things| {
        let (pool, gate, inside) =
            (builder().build().unwrap(), Gate::closed(), things.work(Returns));
        let future = pool.submit(gate.then(inside));
        future.add_done_callback(things.callback());
        things.by("reader", || drop(future));
        done(&pool, &gate);
    });
    each_once("its handle dropped by its own callback", gone, &[capture], |things| {
        let (pool, gate, future) = pending(things, Returns);
        let myself = Arc::new(Mutex::new(None));
        let take = Arc::clone(&myself);
        future.add_done_callback(move |_| drop(take.lock().unwrap().take()));
        *myself.lock().unwrap() = Some(future);
        done(&pool, &gate);
    });
}

#[test]
fn things_of_a_task_that_panics() {
    let _limit = limit();
    let read = "capture by worker, callback by worker, payload by reader";
    let out =
        ("payload", "capture by worker, callback by worker, payload by reader, out of reader");
    let gone = "capture by worker, callback by worker, payload by worker";

    each_once("its error read", read, &[out], |things| {
        after_the_end(things, Panics, |future| drop(future.into_result()));
    });
    each_once("never read", read, &[out], |it| after_the_end(it, Panics, drop));
    each_once("its handle dropped before it began", gone, &[], |things| {
        before_the_start(things, Panics, drop);
    });
    each_once("the payload taken", read, &[out], |things| {
        let (pool, gate, future) = pending(things, Panics);
        done(&pool, &gate);
        let Err(TaskError::Panicked(panic)) = future.result() else { panic!("it has panicked") };
        things.by("reader", || drop(panic.take_payload()));
        drop((panic, future));
    });
    each_once("the error kept by a callback", read, &[out], |things| {
        let (pool, gate, future) = pending(things, Panics);
        let kept = Arc::new(Mutex::new(None));
        let keep = Arc::clone(&kept);
        future.add_done_callback(move |outcome| *keep.lock().unwrap() = outcome.err());
        drop(future);
        done(&pool, &gate);
        things.by("reader", || drop(kept.lock().unwrap().take()));
    });
}

/// How a pending task may be cancelled, and by whom.
type Canceller = (&'static str, fn(&ThreadPoolExecutor, Future<Thing>));

#[test]
fn things_of_a_task_that_is_cancelled() {
    const WAYS: [Canceller; 6] = [
        ("cancel", |_, future| assert!(future.cancel())),
        ("request_stop", |_, future| assert!(future.request_stop())),
        ("close", |pool, _future| pool.close(Shutdown::CancelPending)),
        ("close after the handle is gone", |pool, future| {
            drop(future);
            pool.close(Shutdown::Stop);
        }),
        ("shutdown_timeout", |pool, _future| {
            assert!(!pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO).unwrap().is_complete());
        }),
        ("another pool's worker", |_, future| {
            let other = ThreadPoolExecutor::builder()
                .thread_name_prefix("canceller")
                .max_workers(1)
                .build()
                .unwrap();
            assert!(other.submit(move || future.cancel()).into_result().unwrap());
        }),
    ];
    let _limit = limit();
    for (way, cancel) in WAYS {
        each_once(way, "capture by canceller, callback by canceller", &[], |things| {
            let (pool, gate, future) = pending(things, Returns);
            things.by("canceller", || cancel(&pool, future)).unwrap();
            gate.open();
            drop(pool);
        });
    }
    each_once("its task dropped", "capture by holder, callback by holder", &[], |things| {
        let (task, future) = task(things.work(Returns));
        future.add_done_callback(things.callback());
        things.by("holder", || drop(task)).unwrap();
        assert!(future.into_result().is_err());
    });
}

#[test]
fn things_of_a_task_that_is_refused_or_lost() {
    let _limit = limit();
    let given_back = "capture by submitter";
    let out = ("capture", "capture by submitter, out of submitter");
    each_once("given back by a closed pool", given_back, &[out], |things| {
        let (pool, _gate) = held();
        pool.close(Shutdown::Drain);
        things.by("submitter", || drop(pool.try_submit(things.work(Returns))));
    });
    each_once("given back by a full pool", given_back, &[out], |things| {
        let (pool, gate) = (builder().queue_capacity(1).build().unwrap(), Gate::closed());
        let _filling = [(); 2].map(|()| pool.try_submit(gate.then(|| ())).unwrap());
        let soon = Duration::from_nanos(1);
        things.by("submitter", || drop(pool.try_submit_timeout(soon, things.work(Returns))));
    });
    each_once("refused with a panic", "capture by submitter", &[], |things| {
        let (pool, _gate) = held();
        pool.close(Shutdown::Drain);
        assert!(things.by("submitter", || drop(pool.submit(things.work(Returns)))).is_none());
    });
    let lost = "capture by worker, callback by worker, capture by worker, callback by worker";
    each_once("lost, and another cancelled as the pool broke", lost, &[], |things| {
        let gate = Gate::closed();
        let way = gate.way();
        let broken = builder().initializer(move || {
            way.pass();
            panic_any(());
        });
        let pool = broken.build().unwrap();
        let futures = [(); 2].map(|()| pool.submit(things.work(Returns)));
        for future in &futures {
            future.add_done_callback(things.callback());
        }
        gate.open();
        drop(pool);
        assert!(futures.map(Future::into_result).iter().all(Result::is_err));
    });
}

#[test]
fn a_callback_that_comes_late() {
    let _limit = limit();
    each_once("after the end", "callback by registrar", &[], |things| {
        let (_task, future) = task(|| unreachable!());
        assert!(future.cancel());
        things.by("registrar", || future.add_done_callback(things.callback())).unwrap();
    });
}

/// Somebody polls once, with a waker that goes with the poll but for what is kept of it.
fn poll(things: &Things, awaiting: &mut (impl StdFuture + Unpin + Send)) {
    things.by("poller", || {
        let waker = Waker::from(Arc::new(things.one("waker")));
        assert!(Pin::new(awaiting).poll(&mut Context::from_waker(&waker)).is_pending());
    });
}

#[test]
fn wakers_of_an_awaiter() {
    let _limit = limit();
    each_once("woken by the worker", "waker by worker", &[], |things| {
        let (pool, gate) = held();
        let mut awaiting = pool.submit(|| 7).into_future();
        poll(things, &mut awaiting);
        done(&pool, &gate);
    });
    each_once("woken by cancel", "waker by canceller", &[], |things| {
        let (_task, future) = task(|| 7);
        let mut awaiting = (&future).into_future();
        poll(things, &mut awaiting);
        things.by("canceller", || assert!(future.cancel())).unwrap();
    });
    each_once("woken by a shutdown", "waker by closer", &[], |things| {
        let (pool, gate) = held();
        let mut awaiting = pool.submit(|| 7).into_future();
        poll(things, &mut awaiting);
        things.by("closer", || pool.close(Shutdown::CancelPending)).unwrap();
        gate.open();
    });
    let out = ("waker", "waker by poller, out of poller, waker by worker");
    each_once("replaced", "waker by poller, waker by worker", &[out], |things| {
        let (pool, gate) = held();
        let mut awaiting = pool.submit(|| 7).into_future();
        poll(things, &mut awaiting);
        poll(things, &mut awaiting);
        done(&pool, &gate);
    });
    let out = ("waker", "waker by awaiter, out of awaiter");
    each_once("taken back", "waker by awaiter", &[out], |things| {
        let (task, future) = task(|| 7);
        let mut awaiting = future.into_future();
        poll(things, &mut awaiting);
        things.by("awaiter", || drop(awaiting));
        task.run();
    });
}
