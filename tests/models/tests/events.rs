//! What an observer is told, in every order in which the threads of a tiny pool can meet; and that
//! telling it loses nobody's wake-up.

use std::sync::Arc;

use glasspool::{
    Builder, Ending, Event, EventKind, NestedWait, Observer, ThreadPoolExecutor, as_completed,
};
use loom::sync::Mutex;
use loom::thread;

/// Three pre-emptions at most, as for pools.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(model);
}

/// What has been told of tasks and workers. Its lock is one that the checker sees, so telling is a
/// place where threads can meet.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<EventKind>>>);

impl Told {
    fn count(&self, is_meant: impl Fn(&EventKind) -> bool) -> usize {
        self.0.lock().unwrap().iter().filter(|kind| is_meant(kind)).count()
    }
}

impl Observer for Told {
    fn observe(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(event.kind.clone());
    }
}

fn a_pool(told: &Told) -> Builder {
    ThreadPoolExecutor::builder()
        .max_workers(1)
        .nested_wait(NestedWait::Block)
        .observer(told.clone())
}

/// A worker that is about to sleep lets go of the queue to say so; what is submitted meanwhile is
/// run.
#[test]
fn a_worker_that_says_it_is_idle_against_a_submit() {
    check(|| {
        let told = Told::default();
        let pool = a_pool(&told).build().unwrap();
        let first = pool.submit(|| 1);
        let second = pool.submit(|| 2);
        assert_eq!(first.into_result().unwrap() + second.into_result().unwrap(), 3);
    });
}

/// The same against the pool's end: it leaves all the same.
#[test]
fn a_worker_that_says_it_is_idle_against_the_end() {
    check(|| {
        let told = Told::default();
        let pool = a_pool(&told).build().unwrap();
        pool.submit(|| 1).into_result().unwrap();
        drop(pool);
        assert_eq!(told.count(|kind| *kind == EventKind::WorkerGone), 1);
    });
}

/// Whoever has the result knows that the end has been told, by whichever way they have it.
#[test]
fn an_end_is_told_before_anyone_sees_it() {
    check(|| {
        let told = Told::default();
        let pool = a_pool(&told).build().unwrap();
        let future = pool.submit(|| 1);
        let ended = as_completed([&future]).next().unwrap();
        assert!(ended.done());
        assert_eq!(told.count(|kind| *kind == EventKind::Finished(Ending::Returned)), 1);
    });
}

/// A task is told to be cancelled or to have started, and not both, whoever is faster; and its end
/// is told once.
#[test]
fn a_cancel_against_a_start_is_told_as_it_was() {
    check(|| {
        let told = Told::default();
        let pool = a_pool(&told).build().unwrap();
        let busy = pool.submit(|| ());
        let future = pool.submit(|| ());
        let cancelled = thread::spawn({
            let future = Arc::new(future);
            move || {
                future.cancel();
                future.cancelled()
            }
        });
        let cancelled = cancelled.join().unwrap();
        busy.into_result().unwrap();
        drop(pool);
        let ends = told.count(|kind| matches!(kind, EventKind::Cancelled(_)));
        assert_eq!(ends, usize::from(cancelled));
        assert_eq!(told.count(|kind| *kind == EventKind::Started), 2 - usize::from(cancelled));
        assert_eq!(
            told.count(|kind| matches!(kind, EventKind::Finished(_))),
            2 - usize::from(cancelled)
        );
    });
}
