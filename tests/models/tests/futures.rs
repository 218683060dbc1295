//! The races of one future, in every order in which two threads can meet; with three threads, in
//! every order within a bound on pre-emptions.
//!
//! Each model says who races whom and what must hold afterwards, whoever wins.

use std::future::{Future as _, IntoFuture};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use glasspool::{TaskError, as_completed, task};
use loom::sync::{Condvar, Mutex};
use loom::thread;

/// Three pre-emptions at most, as for pools.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(model);
}

/// Counts outside the model, so that counting adds no orders of its own.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn up(&self) {
        self.0.fetch_add(1, SeqCst);
    }

    fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// A closure that starts runs or is cancelled, never both and never neither; and whoever wins, the
/// reader learns the truth.
#[test]
fn claim_against_cancel() {
    loom::model(|| {
        let runs = Count::default();
        let (task, future) = task({
            let runs = runs.clone();
            move || runs.up()
        });
        let runner = thread::spawn(move || task.run());
        let cancelled = future.cancel();
        assert_eq!(cancelled, future.cancelled());
        match future.result() {
            Ok(()) => assert!(!cancelled && runs.get() == 1),
            Err(TaskError::Cancelled(_)) => assert!(cancelled && runs.get() == 0),
            Err(other) => panic!("{other}"),
        }
        runner.join().unwrap();
        assert_eq!(runs.get(), usize::from(!cancelled));
    });
}

/// A reader that comes before, during or after the end is woken, and has the value.
#[test]
fn completion_against_waiter() {
    loom::model(|| {
        let (task, future) = task(|| 7);
        let runner = thread::spawn(move || task.run());
        assert_eq!(future.into_result().unwrap(), 7);
        runner.join().unwrap();
    });
}

/// One end wakes every waiter, and one of them moves the outcome to where all can read it.
#[test]
fn completion_against_two_waiters() {
    check(|| {
        let (task, future) = task(|| 7);
        let future = Arc::new(future);
        let other = thread::spawn({
            let future = Arc::clone(&future);
            move || assert_eq!(future.result().unwrap(), &7)
        });
        let runner = thread::spawn(move || task.run());
        assert_eq!(future.result().unwrap(), &7);
        other.join().unwrap();
        runner.join().unwrap();
    });
}

/// A cancel, too, wakes every waiter.
#[test]
fn cancel_against_two_waiters() {
    check(|| {
        let (task, future) = task(|| 7);
        let future = Arc::new(future);
        let waiters = [(); 2].map(|()| {
            let future = Arc::clone(&future);
            thread::spawn(move || assert!(future.result().is_err()))
        });
        assert!(future.cancel());
        for waiter in waiters {
            waiter.join().unwrap();
        }
        drop(task);
    });
}

/// A wait that gives up leaves the future as it was: it can be waited for again, and still wakes.
#[test]
fn completion_against_a_wait_that_gives_up() {
    loom::model(|| {
        let (task, future) = task(|| 7);
        let runner = thread::spawn(move || task.run());
        if let Ok(result) = future.result_timeout(Duration::from_secs(1)) {
            assert_eq!(result.unwrap(), &7);
        }
        assert_eq!(future.into_result().unwrap(), 7);
        runner.join().unwrap();
    });
}

/// A callback registered before the end runs exactly once, and so does one that is registered while
/// the task ends; whoever has the result knows that both have run.
#[test]
fn callback_against_completion() {
    loom::model(|| {
        let calls = Count::default();
        let (task, future) = task(|| 7);
        let callback = || {
            let seen = calls.clone();
            move |outcome: Result<&i32, TaskError>| {
                assert_eq!(outcome.unwrap(), &7);
                seen.up();
            }
        };
        future.add_done_callback(callback());
        let runner = thread::spawn(move || task.run());
        future.add_done_callback(callback());
        assert_eq!(future.result().unwrap(), &7);
        assert_eq!(calls.get(), 2);
        runner.join().unwrap();
        assert_eq!(calls.get(), 2);
    });
}

/// A callback registered while another thread cancels runs exactly once.
#[test]
fn callback_against_cancel() {
    loom::model(|| {
        let calls = Count::default();
        let (task, future) = task(|| 7);
        let future = Arc::new(future);
        let canceller = thread::spawn({
            let future = Arc::clone(&future);
            move || assert!(future.cancel())
        });
        let seen = calls.clone();
        future.add_done_callback(move |outcome| {
            assert!(outcome.is_err());
            seen.up();
        });
        canceller.join().unwrap();
        assert_eq!(calls.get(), 1);
        drop(task);
    });
}

/// A stream that subscribes while its futures end hears of each exactly once.
#[test]
fn subscription_against_completion() {
    loom::model(|| {
        let (first_task, first) = task(|| 1);
        let (second_task, second) = task(|| 2);
        let runner = thread::spawn(move || {
            first_task.run();
            second_task.run();
        });
        let mut values: Vec<i32> =
            as_completed([first, second]).map(|future| future.into_result().unwrap()).collect();
        values.sort_unstable();
        assert_eq!(values, [1, 2]);
        runner.join().unwrap();
    });
}

/// A stream hears of a cancel as it hears of an end.
#[test]
fn subscription_against_cancel() {
    loom::model(|| {
        let (task, future) = task(|| 1);
        let future = Arc::new(future);
        let canceller = thread::spawn({
            let future = Arc::clone(&future);
            move || future.cancel()
        });
        let ended = as_completed([&*future]).next().unwrap();
        assert!(ended.cancelled());
        assert!(canceller.join().unwrap());
        drop(task);
    });
}

/// A dropped stream takes its subscription back while the future ends: no harm to either.
#[test]
fn taking_a_subscription_back_against_completion() {
    loom::model(|| {
        let (task, future) = task(|| 1);
        let runner = thread::spawn(move || task.run());
        drop(as_completed([&future]));
        assert_eq!(future.into_result().unwrap(), 1);
        runner.join().unwrap();
    });
}

/// Wakes one thread that sleeps in `block_on`. (Not by `unpark`: the checker's also ends a `join`,
/// if it comes when the thread has gone on to that.)
#[derive(Default)]
struct Alarm {
    woken: Mutex<bool>,
    wake: Condvar,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().unwrap() = true;
        self.wake.notify_one();
    }
}

/// Runs a future to its end on this thread, which sleeps in between.
fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    let alarm = Arc::new(Alarm::default());
    let waker = Waker::from(Arc::clone(&alarm));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => {
                let mut woken = alarm.woken.lock().unwrap();
                while !std::mem::take(&mut *woken) {
                    woken = alarm.wake.wait(woken).unwrap();
                }
            }
        }
    }
}

/// Counts how often it is woken.
struct Woken(Count);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.up();
    }
}

/// Whoever awaits a future while it ends is woken, or finds it done.
#[test]
fn awaiting_against_completion() {
    loom::model(|| {
        let (task, future) = task(|| 1);
        let runner = thread::spawn(move || task.run());
        assert_eq!(block_on(future).unwrap(), 1);
        runner.join().unwrap();
    });
}

/// The same while it is cancelled.
#[test]
fn awaiting_against_cancel() {
    loom::model(|| {
        let (_task, future) = task(|| 1);
        let future = Arc::new(future);
        let cancelled = Arc::clone(&future);
        let canceller = thread::spawn(move || assert!(cancelled.cancel()));
        assert!(matches!(block_on(&*future), Err(TaskError::Cancelled(_))));
        canceller.join().unwrap();
    });
}

/// A waker that is replaced while the future ends: the new one is woken, or the poll that replaced
/// it finds the end.
#[test]
fn replacing_a_waker_against_completion() {
    loom::model(|| {
        let (task, future) = task(|| 1);
        let (first, second) = (Count::default(), Count::default());
        let [old, new] = [&first, &second].map(|count| Waker::from(Arc::new(Woken(count.clone()))));
        let mut awaiting = pin!(future.into_future());
        assert!(awaiting.as_mut().poll(&mut Context::from_waker(&old)).is_pending());
        let runner = thread::spawn(move || task.run());
        let ready = awaiting.as_mut().poll(&mut Context::from_waker(&new)).is_ready();
        runner.join().unwrap();
        assert!(ready || second.get() == 1);
        assert!(first.get() + second.get() <= 1);
    });
}

/// A wait that is given up while the future ends: its waker is woken once or not at all, and
/// nothing of it is left.
#[test]
fn giving_up_awaiting_against_completion() {
    loom::model(|| {
        let (task, future) = task(|| 1);
        let count = Count::default();
        let woken = Arc::new(Woken(count.clone()));
        let waker = Waker::from(Arc::clone(&woken));
        let mut awaiting = Box::pin((&future).into_future());
        assert!(awaiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let runner = thread::spawn(move || task.run());
        drop((awaiting, waker));
        runner.join().unwrap();
        assert!(count.get() <= 1);
        assert_eq!(Arc::strong_count(&woken), 1);
        assert_eq!(future.into_result().unwrap(), 1);
    });
}
