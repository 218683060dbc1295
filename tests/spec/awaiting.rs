//! Awaiting: a future of ours is waited for without a thread, by any runtime, and by these thirty
//! lines.

use std::future::{Future as StdFuture, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use glasspool::{
    Awaiting, Deadlock, Executor, Future, Inline, Shutdown, Task, TaskError, ThreadPoolExecutor,
    scope, task,
};

use crate::support::{
    Bomb, Drops, Gate, PanicsWhenDropped, Tally, held_pool, let_others_block, pool, within, words,
};

/// Runs a future to its end on this thread, which sleeps in between.
fn block_on<F: IntoFuture>(future: F) -> F::Output {
    struct Unparks(Thread);
    impl Wake for Unparks {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future.into_future());
    let waker = Arc::new(Unparks(thread::current())).into();
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Woken {
    fn times(&self) -> usize {
        self.0.load(SeqCst)
    }
}

fn poll<F: StdFuture + Unpin>(future: &mut F, woken: &Arc<Woken>) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(&Waker::from(Arc::clone(woken))))
}

#[test]
fn a_value_can_be_awaited_by_reference_and_by_value() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let future = pool.submit(gate.then(|| String::from("value")));
        let opening = thread::spawn(move || {
            let_others_block();
            gate.open();
        });
        block_on(async {
            assert_eq!((&future).await.unwrap(), "value");
            assert_eq!((&future).await.unwrap(), "value"); // as often as one likes
            assert_eq!(future.await.unwrap(), "value");
        });
        opening.join().unwrap();
    });
}

#[test]
fn what_has_ended_is_ready_at_once() {
    within(|| {
        let executor: &dyn Executor = &Inline;
        let woken = Arc::default();
        assert!(matches!(
            poll(&mut executor.submit(|| 1).into_future(), &woken),
            Poll::Ready(Ok(1))
        ));
        let panicked = executor.submit(|| -> u8 { panic!("boom") });
        assert!(matches!(
            poll(&mut (&panicked).into_future(), &woken),
            Poll::Ready(Err(TaskError::Panicked(_)))
        ));
        assert_eq!(woken.times(), 0);
    });
}

#[test]
fn every_way_to_end_is_an_outcome() {
    within(|| {
        let (pool, gate) = held_pool();
        let [panics, cancelled, shut_down] =
            [(); 3].map(|()| pool.submit(|| -> u8 { panic!("boom") }));
        let waiting = thread::spawn(move || words(block_on(cancelled)));
        let_others_block();
        // Cancelled by whoever has another handle: here the pool, with all that is pending.
        let others =
            [panics, shut_down].map(|future| thread::spawn(move || words(block_on(future))));
        let_others_block();
        pool.close(Shutdown::CancelPending);
        for waiting in others.into_iter().chain([waiting]) {
            assert_eq!(waiting.join().unwrap(), "task cancelled by the shutdown of its pool");
        }
        gate.open();
    });
}

/// ASY-01.
#[test]
fn the_end_wakes_once() {
    within(|| {
        let (woken, (task, future)) = (Arc::default(), task(|| 1));
        let mut awaiting = future.into_future();
        assert!(poll(&mut awaiting, &woken).is_pending());
        assert!(poll(&mut awaiting, &woken).is_pending());
        assert_eq!(woken.times(), 0);
        task.run();
        assert_eq!(woken.times(), 1);
        assert!(matches!(poll(&mut awaiting, &woken), Poll::Ready(Ok(1))));
        drop(awaiting);
        assert_eq!((woken.times(), Arc::strong_count(&woken)), (1, 1));
    });
}

#[test]
fn a_cancel_wakes_too() {
    within(|| {
        let (woken, (_task, future)) = (Arc::default(), task(|| 1));
        let mut awaiting = (&future).into_future();
        assert!(poll(&mut awaiting, &woken).is_pending());
        assert!(future.cancel());
        assert_eq!(woken.times(), 1);
        assert!(matches!(poll(&mut awaiting, &woken), Poll::Ready(Err(TaskError::Cancelled(_)))));
    });
}

#[test]
fn a_waker_that_was_replaced_is_let_go_of_and_not_woken() {
    within(|| {
        let (first, second): (Arc<Woken>, Arc<Woken>) = (Arc::default(), Arc::default());
        let (task, future) = task(|| 1);
        let mut awaiting = future.into_future();
        assert!(poll(&mut awaiting, &first).is_pending());
        assert!(poll(&mut awaiting, &second).is_pending());
        assert_eq!(Arc::strong_count(&first), 1);
        task.run();
        assert_eq!((first.times(), second.times()), (0, 1));
    });
}

#[test]
fn whoever_stops_awaiting_leaves_nothing_behind() {
    within(|| {
        let (woken, (task, future)) = (Arc::default(), task(|| 1));
        for _ in 0..1000 {
            let mut awaiting = (&future).into_future();
            assert!(poll(&mut awaiting, &woken).is_pending());
        }
        assert_eq!(Arc::strong_count(&woken), 1);
        task.run();
        assert_eq!((woken.times(), future.into_result().unwrap()), (0, 1));
    });
}

#[test]
fn several_may_await_the_same_future() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let future = pool.submit(gate.then(|| 7));
        thread::scope(|scope| {
            let awaiting = [(); 3].map(|()| scope.spawn(|| *block_on(&future).unwrap()));
            let_others_block();
            gate.open();
            assert_eq!(awaiting.map(|awaiting| awaiting.join().unwrap()), [7; 3]);
        });
    });
}

/// ASY-04.
#[test]
fn a_waker_that_panics_harms_no_worker() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("the waker panics");
        }
    }
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let future = pool.submit(gate.then(|| 1));
        let mut awaiting = (&future).into_future();
        let panics = Waker::from(Arc::new(Panics));
        assert!(Pin::new(&mut awaiting).poll(&mut Context::from_waker(&panics)).is_pending());
        gate.open();
        assert_eq!(future.result().unwrap(), &1);
        assert_eq!(pool.submit(|| 2).into_result().unwrap(), 2);
    });
}

#[test]
fn polling_again_after_the_end() {
    within(|| {
        let (woken, executor): (_, &dyn Executor) = (Arc::default(), &Inline);
        let future = executor.submit(|| 1);
        let mut lent = (&future).into_future();
        for _ in 0..2 {
            assert!(matches!(poll(&mut lent, &woken), Poll::Ready(Ok(1))));
        }
        drop(lent);
        let mut moved = future.into_future();
        assert!(poll(&mut moved, &woken).is_ready());
        let text = crate::support::panic_of(|| poll(&mut moved, &woken));
        assert_eq!(text, "polled after its value was moved out");
    });
}

#[test]
fn a_task_that_awaits_itself_is_told_so() {
    within(|| {
        let (give, take) = std::sync::mpsc::channel::<Future<bool>>();
        let pool = pool(1);
        let (tell, told) = std::sync::mpsc::channel();
        let future = pool.submit(move || {
            let myself = take.recv().unwrap();
            tell.send(matches!(block_on(myself), Err(TaskError::Deadlock(Deadlock { .. }))))
                .unwrap();
            true
        });
        give.send(future).unwrap();
        assert!(told.recv().unwrap());
    });
}

#[test]
fn awaiting_is_looking() {
    within(|| {
        let before = glasspool::unobserved_panics();
        let (task, future) = task(|| -> u8 { panic!("boom") });
        let mut awaiting = future.into_future();
        assert!(poll(&mut awaiting, &Arc::default()).is_pending());
        drop(awaiting);
        task.run();
        assert_eq!(glasspool::unobserved_panics(), before);
    });
}

#[test]
fn what_is_awaited_may_borrow_and_may_panic_when_it_is_dropped() {
    within(|| {
        let text = String::from("abc");
        let length = scope(1, |s| block_on(async { s.submit(|| text.len()).await })).unwrap();
        assert_eq!(length.unwrap(), 3);

        let (drops, (task, future)) = (Drops::default(), task(|| PanicsWhenDropped));
        let captured = drops.one();
        let mut awaiting = future.into_future();
        assert!(poll(&mut awaiting, &Arc::default()).is_pending());
        drop((awaiting, captured));
        task.run(); // and drops the value, as nobody is left to do it
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn a_thousand_tasks_can_be_awaited_on_one_thread() {
    within(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(3).queue_capacity(10).build().unwrap();
        let total = block_on(async {
            let mut total = 0;
            for n in 0..1000_u64 {
                total += pool.submit(move || n).await.unwrap();
            }
            total
        });
        assert_eq!(total, 499_500);
    });
}

#[test]
fn what_awaits_crosses_threads_as_its_future_does() {
    fn sent<T: Send + Unpin>(_: &T) {}
    within(|| {
        let (_task, future) = task(|| 1);
        let awaiting: Awaiting<Future<i32>> = future.into_future();
        sent(&awaiting);
        assert_eq!(format!("{awaiting:?}"), "Awaiting { status: Some(Pending), .. }");
        thread::spawn(move || drop(awaiting)).join().unwrap();
    });
}

/// What is woken polls at once, with another waker that nobody needs any more: so that is dropped
/// by whoever woke it.
#[test]
fn a_waker_that_panics_when_it_is_dropped_by_whoever_wakes_harms_nobody() {
    struct Lost(Bomb);
    impl Wake for Lost {
        fn wake(self: Arc<Self>) {}
    }
    struct Polls(Mutex<Awaiting<&'static Future<u8>>>);
    impl Wake for Polls {
        fn wake(self: Arc<Self>) {
            let lost = Waker::from(Arc::new(Lost(Bomb)));
            let _ = Pin::new(&mut *self.0.lock().unwrap()).poll(&mut Context::from_waker(&lost));
        }
    }
    within(|| {
        for end in [Task::run as fn(Task), drop] {
            let (task, future) = task(|| 7);
            let future: &'static Future<u8> = Box::leak(Box::new(future));
            let polls = Arc::new(Polls(Mutex::new(future.into_future())));
            let waker = Waker::from(Arc::clone(&polls));
            let polled =
                Pin::new(&mut *polls.0.lock().unwrap()).poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
            let (woken, called) = (Arc::default(), Tally::default());
            let mut second = future.into_future();
            assert!(poll(&mut second, &woken).is_pending());
            let count = called.clone();
            future.add_done_callback(move |_| count.add());
            end(task);
            assert!(future.done());
            assert_eq!((woken.times(), called.count()), (1, 1));
        }
    });
}
