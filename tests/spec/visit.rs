//! A visit to a place where the library runs user code: it calls whatever is public, and what it
//! has made there is looked at afterwards.

use std::array::IntoIter;
use std::future::{Future as _, IntoFuture};
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use glasspool::{
    BufferedMap, Builder, Executor, Future, Inline, Map, ReturnWhen, Shutdown, Task, TaskError,
    ThreadPoolExecutor, as_completed, current_worker, first_success, scope, task,
    unobserved_panics, wait,
};

use crate::support::{Gate, Tally, panic_of, state, words};

pub(crate) const VALUE: u8 = 7;
pub(crate) const CANCELLED: &str = "task cancelled by the caller";

/// What a future is to whoever asks it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Is {
    Pending,
    /// By the very thread that asks.
    RunningHere,
    Done,
    /// Its callbacks have yet to run, on the thread that asks.
    BeingCancelled,
    Cancelled,
}

/// Asks the future everything that does not end it.
fn ask(future: &Future<u8>, is: Is, calls: &Tally) {
    let (shown, outcome) = match is {
        Is::Pending => ("pending", None),
        Is::RunningHere => ("running", None),
        Is::Done => ("finished returned u8", Some("7")),
        Is::BeingCancelled | Is::Cancelled => ("cancelled", Some(CANCELLED)),
    };
    let done = outcome.is_some();
    assert_eq!(
        (future.done(), future.running(), future.cancelled()),
        (done, is == Is::RunningHere, shown == "cancelled")
    );
    assert_eq!(state(future), shown);
    assert!(format!("{future:?}").contains(shown), "Debug");
    assert!(future.name().is_none() && future.submitted_at().line() > 0);

    assert_eq!(future.try_result().map(words).as_deref(), outcome, "try_result");
    let in_time = future.result_timeout(Duration::ZERO);
    match is {
        Is::Pending => assert!(in_time.is_err(), "result_timeout"),
        Is::RunningHere => {
            assert!(matches!(in_time, Ok(Err(TaskError::Deadlock(_)))), "result_timeout");
        }
        _ => assert_eq!(in_time.ok().map(words).as_deref(), outcome, "result_timeout"),
    }
    let now = Some(Duration::ZERO);
    assert_eq!(wait([future], now, ReturnWhen::AllCompleted).done.len(), usize::from(done), "wait");
    let next = as_completed([future]).timeout(Duration::ZERO).next();
    assert_eq!(next.unwrap().is_ok(), done, "as_completed");
    let mut awaiting = future.into_future();
    match (is, Pin::new(&mut awaiting).poll(&mut Context::from_waker(Waker::noop()))) {
        (Is::Pending, Poll::Pending)
        | (Is::RunningHere, Poll::Ready(Err(TaskError::Deadlock(_)))) => {}
        (_, Poll::Ready(end)) => assert_eq!(Some(words(end).as_str()), outcome, "await"),
        (_, Poll::Pending) => panic!("await: {is:?}, and pending"),
    }
    match is {
        Is::Pending => {}
        Is::RunningHere => {
            assert!(matches!(future.result(), Err(TaskError::Deadlock(_))), "result");
            let texts = [
                panic_of(|| wait([future], None, ReturnWhen::AllCompleted)),
                panic_of(|| as_completed([future]).next()),
            ];
            assert!(texts.iter().all(|text| text.ends_with("waits for itself")), "{texts:?}");
            assert!(!future.cancel() && !future.request_stop(), "too late");
        }
        Is::Done | Is::BeingCancelled | Is::Cancelled => {
            assert_eq!(Some(words(future.result()).as_str()), outcome, "result");
            assert_eq!(wait([future], None, ReturnWhen::FirstCompleted).done.len(), 1, "wait");
            assert!(as_completed([future]).next().is_some(), "as_completed");
            assert_eq!(
                (future.cancel(), future.request_stop()),
                (shown == "cancelled", shown == "cancelled")
            );
        }
    }
    let before = calls.count();
    future.add_done_callback({
        let calls = calls.clone();
        move |_| calls.add()
    });
    let at_once = matches!(is, Is::Done | Is::Cancelled);
    assert_eq!(calls.count() - before, usize::from(at_once), "add_done_callback");
}

/// What was made during a visit, and has to come to its end after it.
#[derive(Default)]
struct Made {
    futures: Vec<Future<u8>>,
    cancelled: Vec<(bool, Future<u8>)>,
    maps: Vec<Map<u8>>,
    buffered: Vec<BufferedMap<IntoIter<u8, 9>, u8>>,
    closed: bool,
    tasks: Vec<Task>,
    /// Callbacks that were registered, and those that were called.
    callbacks: usize,
    calls: Tally,
}

impl Made {
    fn everything(pool: &ThreadPoolExecutor, own: Option<(&Future<u8>, Is)>, close: bool) -> Self {
        let mut made = Self::default();
        if let Some((own, is)) = own {
            made.ask(own, is);
        }
        made.by_itself();
        if pool.refusal().is_none() {
            made.by(pool);
        } else {
            refused_by(pool);
        }
        let works_here = current_worker().is_some_and(|me| me.pool() == pool.id());
        if close {
            made.closed = true;
            pool.close(Shutdown::Drain);
            if works_here {
                assert!(pool.shutdown(Shutdown::Drain).is_err(), "shutdown");
                assert!(
                    pool.shutdown_timeout(Shutdown::Drain, Duration::MAX).is_err(),
                    "shutdown_timeout"
                );
            }
            refused_by(pool);
        }
        made
    }

    fn ask(&mut self, future: &Future<u8>, is: Is) {
        self.callbacks += 1;
        ask(future, is, &self.calls);
    }

    /// Where no pool is asked, or none but one that is made here.
    fn by_itself(&mut self) {
        let (kept, pending) = task(|| VALUE);
        self.ask(&pending, Is::Pending);
        self.tasks.push(kept);
        self.futures.push(pending);
        for cancel in [Future::cancel, Future::request_stop] {
            let (_task, cancelled) = task(|| VALUE);
            self.ask(&cancelled, Is::Pending);
            let before = self.calls.count();
            assert!(cancel(&cancelled), "cancel");
            assert_eq!(self.calls.count(), before + 1, "its callback");
            self.ask(&cancelled, Is::Cancelled);
            assert_eq!(words(cancelled.into_result()), CANCELLED);
        }
        let (dropped, future) = task(|| VALUE);
        drop(dropped);
        assert!(future.cancelled());
        let here: &dyn Executor = &Inline;
        let done = here.submit(|| VALUE);
        self.ask(&done, Is::Done);
        assert_eq!(done.into_result().unwrap(), VALUE);
        assert_eq!(
            words::<u8>(here.submit(|| panic!("boom")).into_result()),
            "task panicked: boom"
        );
        assert!(here.map([VALUE; 3], |n| n).all(|value| value.unwrap() == VALUE));
        assert!(here.map_buffered([VALUE; 3], 2, |n| n).all(|value| value.unwrap() == VALUE));
        let mut ended = as_completed([here.submit(|| VALUE)]);
        ended.push(here.submit(|| VALUE));
        ended.extend([task(|| VALUE).1]);
        for _ in 0..3 {
            assert!(ended.next_timeout(Duration::ZERO).unwrap().is_some(), "next_timeout");
        }
        let (_task, loser) = task(|| VALUE);
        assert_eq!(first_success([loser, here.submit(|| VALUE)], None, |_| true).unwrap(), VALUE);

        let other = crate::support::pool(1);
        assert_eq!(other.submit(|| VALUE).into_result().unwrap(), VALUE);
        other.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(scope(1, |s| s.submit(|| VALUE).into_result()).unwrap().unwrap(), VALUE);
        let _ = unobserved_panics();
    }

    /// All of it is to come to its end, and nothing of it is waited for: that would need a worker.
    fn by(&mut self, pool: &ThreadPoolExecutor) {
        let (submitter, named) = (pool.submitter(), pool.named("BR"));
        assert!(submitter.id() == pool.id() && pool.max_workers() >= pool.stats().workers);
        assert!(format!("{pool:?}").contains("open: true"), "Debug");
        self.futures.extend([
            pool.submit(|| VALUE),
            pool.try_submit(|| VALUE).unwrap(),
            pool.try_submit_timeout(Duration::ZERO, || VALUE).unwrap(),
            pool.submit_stoppable(|_| VALUE),
            submitter.submit(|| VALUE),
            submitter.try_submit(|| VALUE).unwrap(),
            named.submit(|| VALUE),
            named.submit_stoppable(|_| VALUE),
        ]);
        for how in [
            |to: &ThreadPoolExecutor, task| to.execute(task),
            |to: &ThreadPoolExecutor, task| to.try_execute(task),
            |to: &ThreadPoolExecutor, task| to.execute_until(task, Instant::now()),
        ] {
            let (task, future) = task(|| VALUE);
            how(pool, task).unwrap();
            self.futures.push(future);
        }
        let to_cancel = pool.submit(|| VALUE);
        self.cancelled.push((to_cancel.cancel(), to_cancel));
        self.maps.extend([pool.map([VALUE; 9], |n| n), named.map([VALUE; 9], |n| n).unordered()]);
        let buffered = || pool.map_buffered([VALUE; 9], 2, |n| n);
        self.buffered.extend([buffered(), buffered().unordered()]);
        drop(buffered());
        drop((pool.submit(|| VALUE), pool.map([VALUE; 9], |n| n), pool.submit(|| panic!("boom"))));
        assert!(pool.stats().submitted >= 14, "stats");
    }

    /// Nothing is lost.
    fn comes_to_its_end(self) {
        self.tasks.into_iter().for_each(Task::run);
        for future in self.futures {
            assert_eq!(future.into_result().unwrap(), VALUE);
        }
        for (won, future) in self.cancelled {
            assert_eq!(words(future.into_result()), if won { CANCELLED } else { "7" });
        }
        for map in self.maps {
            assert_eq!(map.map(|value| value.unwrap()).collect::<Vec<_>>(), [VALUE; 9]);
        }
        for mut map in self.buffered {
            assert_eq!(map.by_ref().next().unwrap().unwrap(), VALUE);
            let rest: Vec<_> = map.map(|value| value.is_ok()).collect();
            // Of a closed pool, one was in flight yet, and the next is refused.
            let [values, items] = if self.closed { [1, 2] } else { [8, 8] };
            assert_eq!(
                (rest.iter().filter(|&&is_ok| is_ok).count(), rest.len()),
                (values, items),
                "map_buffered"
            );
        }
        assert_eq!(self.calls.count(), self.callbacks, "callbacks");
    }
}

fn refused_by(pool: &ThreadPoolExecutor) {
    assert!(
        pool.try_submit(|| VALUE).is_err_and(|refused| refused.into_inner()() == VALUE),
        "try_submit"
    );
    assert!(pool.try_submit_timeout(Duration::MAX, || VALUE).is_err(), "try_submit_timeout");
    let texts = [
        panic_of(|| pool.submit(|| VALUE)),
        panic_of(|| pool.submit_stoppable(|_| VALUE)),
        panic_of(|| pool.map(iter::repeat(VALUE), |n| n)),
    ];
    assert!(texts.iter().all(|text| text.starts_with("cannot submit")), "{texts:?}");
    let _ = pool.stats();
}

pub(crate) type Own = Arc<OnceLock<Future<u8>>>;

/// To be paid once, in the place.
pub(crate) struct Visit {
    pool: Arc<OnceLock<Weak<ThreadPoolExecutor>>>,
    own: Own,
    is: Option<Is>,
    close: bool,
    tell: Sender<Result<Made, String>>,
}

impl Visit {
    pub(crate) fn pay(self) {
        let pool = self.pool.get().unwrap().upgrade().unwrap();
        let own = self.is.map(|is| (self.own.get().expect("the place has an own future"), is));
        // A panic in most places is contained, and so would never be heard of.
        let made = catch_unwind(AssertUnwindSafe(|| Made::everything(&pool, own, self.close)));
        let made = made.map_err(|payload| match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(payload) => payload.downcast_ref::<&str>().map_or("?", |text| text).to_owned(),
        });
        // First: whoever is told may drop the pool, and a place may be one where it must not be
        // dropped.
        drop(pool);
        self.tell.send(made).unwrap();
    }

    pub(crate) fn into_work(self) -> impl FnOnce() -> u8 + Send + 'static {
        move || {
            self.pay();
            VALUE
        }
    }

    /// Where the future is, or is to be, whose place it is.
    pub(crate) fn own(&self) -> Own {
        Arc::clone(&self.own)
    }

    pub(crate) fn when_dropped(self) -> VisitsWhenDropped {
        VisitsWhenDropped(Some(self))
    }

    /// Only the first call is one.
    pub(crate) fn once(self) -> impl Fn() + Send + Sync + 'static {
        let visit = Mutex::new(Some(self));
        move || {
            let visit = visit.lock().unwrap().take();
            visit.into_iter().for_each(Self::pay);
        }
    }
}

pub(crate) struct VisitsWhenDropped(Option<Visit>);

impl Drop for VisitsWhenDropped {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(Visit::pay);
    }
}

pub(crate) const RUNNING: Option<Is> = Some(Is::RunningHere);
pub(crate) const BEING_CANCELLED: Option<Is> = Some(Is::BeingCancelled);
pub(crate) const DONE: Option<Is> = Some(Is::Done);

/// Submits the work, which begins when its future is in its place and has been prepared.
pub(crate) fn begin(
    pool: &ThreadPoolExecutor,
    own: &Own,
    work: impl FnOnce() -> u8 + Send + 'static,
    prepare: impl FnOnce(&Future<u8>),
) {
    let gate = Gate::closed();
    prepare(own.get_or_init(|| pool.submit(gate.then(work))));
    gate.open();
}

/// One that is done.
pub(crate) fn done(own: &Own) -> &Future<u8> {
    let here: &dyn Executor = &Inline;
    own.get_or_init(|| here.submit(|| VALUE))
}

/// Has a place visited that needs nothing special of its pool, and looks at what comes of it: on a
/// pool of one worker, which may be the one that is visited, and of several; with the pool left
/// open, and closed on the spot.
pub(crate) fn visit(is: Option<Is>, enter: impl Fn(&ThreadPoolExecutor, Visit)) {
    visit_hook(
        is,
        |builder, visit| (builder, Some(visit)),
        |pool, visit, _| enter(pool, visit.unwrap()),
    );
}

/// The same, where the pool is to be built with a place in it.
pub(crate) fn visit_hook(
    is: Option<Is>,
    build: impl Fn(Builder, Visit) -> (Builder, Option<Visit>),
    enter: impl Fn(&ThreadPoolExecutor, Option<Visit>, &Own),
) {
    for (max_workers, close) in [(1, false), (3, false), (1, true), (3, true)] {
        let (tell, told) = mpsc::channel();
        let (way, own) = (Arc::default(), Own::default());
        let visit = Visit { pool: Arc::clone(&way), own: Arc::clone(&own), is, close, tell };
        let (builder, visit) = build(ThreadPoolExecutor::builder().max_workers(max_workers), visit);
        let pool = Arc::new(builder.build().unwrap());
        way.set(Arc::downgrade(&pool)).unwrap();
        enter(&pool, visit, &own);
        let made = told.recv().expect("the place is never come to");
        let made =
            made.unwrap_or_else(|wrong| panic!("{max_workers} workers, close: {close}: {wrong}"));
        wait(own.get(), None, ReturnWhen::AllCompleted);
        made.comes_to_its_end();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert!(told.recv().is_err(), "the place is come to twice, or never left");
    }
}
