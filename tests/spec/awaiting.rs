//! Awaiting: a future of ours is waited for without a thread, by any runtime, and by these thirty
//! lines.

use std::future::{Future as StdFuture, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use glasspool::{
    Awaiting, CancelReason, Executor, Future, Inline, Shutdown, Task, TaskError,
    ThreadPoolExecutor, first_success, scope, task,
};

use crate::support::{Bomb, Tally, eventually, held_pool, limit, panic_of, pool, words};

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

/// Counts how often it is woken. How many hold it is its strong count.
#[derive(Default)]
struct Woken(Tally);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.add();
    }
}

impl Woken {
    fn times(&self) -> usize {
        self.0.count()
    }
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that must panic");
    }
}

fn poll<F: StdFuture + Unpin, W: Wake + Send + Sync + 'static>(
    future: &mut F,
    waker: &Arc<W>,
) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(&Waker::from(Arc::clone(waker))))
}

/// Lets go of the waker.
#[test]
fn the_end_wakes_once_however_often_it_was_polled() {
    let _limit = limit();
    let (woken, (task, future)) = (Arc::<Woken>::default(), task(|| 7));
    let mut awaiting = (&future).into_future();
    assert_eq!(Arc::strong_count(&woken), 1);
    for _ in 0..10 {
        assert!(poll(&mut awaiting, &woken).is_pending());
    }
    assert!(Arc::strong_count(&woken) > 1 && woken.times() == 0);
    task.run();
    assert_eq!((woken.times(), Arc::strong_count(&woken)), (1, 1));
    assert!(matches!(poll(&mut awaiting, &woken), Poll::Ready(Ok(7))));
    drop(awaiting);
    drop(future);
    assert_eq!((woken.times(), Arc::strong_count(&woken)), (1, 1));
}

#[test]
fn an_ended_future_is_ready_at_once_and_keeps_no_waker() {
    let _limit = limit();
    let (woken, executor): (Arc<Woken>, &dyn Executor) = (Arc::default(), &Inline);
    let future = executor.submit(|| 7);
    let panicked = executor.submit(|| -> u8 { panic!("boom") });
    let mut lent = (&future).into_future();
    for _ in ["once", "and again"] {
        assert!(matches!(poll(&mut lent, &woken), Poll::Ready(Ok(7))));
    }
    let Poll::Ready(failed) = poll(&mut panicked.into_future(), &woken) else {
        panic!("it has ended")
    };
    assert_eq!(words(failed), "task panicked: boom");
    drop(lent);
    let mut moved = future.into_future();
    assert!(matches!(poll(&mut moved, &woken), Poll::Ready(Ok(7))));
    let text = panic_of(|| poll(&mut moved, &woken));
    assert_eq!(text, "polled after its value was moved out");
    assert_eq!((woken.times(), Arc::strong_count(&woken)), (0, 1));
}

#[test]
fn the_last_of_several_wakers_is_woken_and_the_others_are_let_go() {
    let _limit = limit();
    let (task, future) = task(|| 7);
    let mut awaiting = future.into_future();
    let wakers: [Arc<Woken>; 3] = Default::default();
    for waker in &wakers {
        assert!(poll(&mut awaiting, waker).is_pending());
    }
    assert_eq!(wakers[..2].iter().map(Arc::strong_count).collect::<Vec<_>>(), [1, 1]);
    task.run();
    assert_eq!(wakers.each_ref().map(|waker| waker.times()), [0, 0, 1]);
    assert_eq!(Arc::strong_count(&wakers[2]), 1);
}

/// That it takes no memory either is held beside the other waits, in `waiting`.
#[test]
fn an_awaiter_that_gives_up_is_not_woken_and_leaves_nothing_behind() {
    let _limit = limit();
    let (woken, (task, future)) = (Arc::<Woken>::default(), task(|| 7));
    let (stays, mut staying) = (Arc::<Woken>::default(), (&future).into_future());
    assert!(poll(&mut staying, &stays).is_pending());
    for _ in 0..1000 {
        let mut awaiting = (&future).into_future();
        assert!(poll(&mut awaiting, &woken).is_pending());
    }
    assert_eq!(Arc::strong_count(&woken), 1);
    task.run();
    assert_eq!((woken.times(), stays.times()), (0, 1));
    assert!(matches!(poll(&mut staying, &stays), Poll::Ready(Ok(7))));
}

#[test]
fn each_awaiter_of_a_future_is_woken_and_finds_it_done() {
    struct Looks(Arc<Future<u8>>, mpsc::Sender<bool>);
    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            self.1.send(self.0.done()).unwrap();
        }
    }
    let _limit = limit();
    let (pool, gate) = held_pool();
    let future = Arc::new(pool.submit(|| 7));
    let (tell, told) = mpsc::channel();
    let looks = Arc::new(Looks(Arc::clone(&future), tell));
    let mut awaiting = [(); 10].map(|()| (&*future).into_future());
    assert!(awaiting.iter_mut().all(|awaiting| poll(awaiting, &looks).is_pending()));
    gate.open();
    assert!(told.iter().take(10).eq([true; 10]));
    for mut awaiting in awaiting {
        assert!(matches!(poll(&mut awaiting, &looks), Poll::Ready(Ok(7))));
    }
}

#[test]
fn a_cancel_wakes_at_once_whoever_cancels() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let [by_caller, by_shutdown] = [1, 2].map(|n| pool.submit(move || n));
    let (unrun, dropped) = task(|| 3);
    let woken = Arc::<Woken>::default();
    let mut awaiting = [&by_caller, &by_shutdown, &dropped].map(IntoFuture::into_future);
    assert!(awaiting.iter_mut().all(|awaiting| poll(awaiting, &woken).is_pending()));
    by_caller.cancel();
    assert_eq!(woken.times(), 1);
    pool.close(Shutdown::CancelPending);
    assert_eq!(woken.times(), 2);
    drop(unrun);
    assert_eq!((woken.times(), Arc::strong_count(&woken)), (3, 1));
    let reasons = awaiting.each_mut().map(|awaiting| match poll(awaiting, &woken) {
        Poll::Ready(Err(TaskError::Cancelled(reason))) => reason,
        other => panic!("{other:?}"),
    });
    assert_eq!(
        reasons,
        [CancelReason::ByCaller, CancelReason::ByShutdown, CancelReason::TaskDropped]
    );
    gate.open();
}

#[test]
fn no_wake_up_is_lost_when_a_poll_races_the_end() {
    let _limit = limit();
    let pool = ThreadPoolExecutor::builder().max_workers(2).queue_capacity(10).build().unwrap();
    for round in 0..3_000 {
        let future = pool.submit(move || round);
        if round % 2 == 0 {
            assert_eq!(block_on(&future).unwrap(), &round);
        }
        assert_eq!(block_on(future).unwrap(), round);
    }
}

#[test]
fn no_wake_up_is_lost_when_the_waker_changes_while_the_task_ends() {
    let _limit = limit();
    for _ in 0..1_000 {
        let (task, future) = task(|| 7);
        let mut awaiting = future.into_future();
        assert!(poll(&mut awaiting, &Arc::<Woken>::default()).is_pending());
        let running = thread::spawn(move || task.run());
        // Moves from the first waker to this one's, and then sleeps.
        assert_eq!(block_on(awaiting).unwrap(), 7);
        running.join().unwrap();
    }
}

#[test]
fn async_functions_await_by_reference_and_by_value() {
    async fn sums(futures: Vec<Future<u32>>) -> Result<u32, TaskError> {
        let mut sum = 0;
        for future in futures {
            sum += *(&future).await?;
            sum += future.await?;
        }
        Ok(sum)
    }
    let _limit = limit();
    let pool = pool(2);
    let futures = (0..100).map(|n| pool.submit(move || n)).collect();
    assert_eq!(block_on(Box::pin(sums(futures))).unwrap(), 2 * (0..100).sum::<u32>());
    let fails = vec![pool.submit(|| 1), pool.submit(|| panic!("boom")), pool.submit(|| 3)];
    assert_eq!(words(block_on(Box::pin(sums(fails)))), "task panicked: boom");
}

#[test]
fn an_awaiter_crosses_threads_as_its_future_does_and_may_borrow() {
    fn sent<T: Send + Unpin>(_: &T) {}
    let _limit = limit();
    let text = String::from("on this stack");
    let length = scope(1, |s| {
        let awaiting = s.submit(|| text.len()).into_future();
        sent(&awaiting);
        block_on(awaiting).unwrap()
    });
    assert_eq!(length.unwrap(), text.len());
    let (pool, gate) = held_pool();
    let awaiting: Awaiting<Future<std::cell::Cell<u8>>> =
        pool.submit(|| std::cell::Cell::new(7)).into_future();
    sent(&awaiting);
    assert_eq!(format!("{awaiting:?}"), "Awaiting { status: Some(Pending), .. }");
    let awaited = thread::spawn(move || block_on(awaiting).unwrap().get());
    gate.open();
    assert_eq!(awaited.join().unwrap(), 7);
}

#[test]
fn a_task_that_gives_away_its_own_future_is_told_so() {
    type Ask = fn(Future<()>) -> Result<(), TaskError>;
    let ways: [Ask; 2] = [
        |myself| block_on(myself),
        |myself| {
            let failed = first_success([myself], None, |()| true).unwrap_err();
            failed.into_failures().pop().unwrap()
        },
    ];
    let _limit = limit();
    for ask in ways {
        let (pool, (give, take), (tell, told)) = (pool(1), mpsc::channel(), mpsc::channel());
        let future = pool.submit(move || tell.send(words(ask(take.recv().unwrap()))).unwrap());
        let place = future.submitted_at();
        give.send(future).unwrap();
        let expected = format!("deadlock: task submitted at {place} waits for itself");
        assert_eq!(told.recv().unwrap(), expected);
    }
}

#[test]
fn a_waker_that_panics_harms_neither_the_worker_nor_the_value_nor_other_wakers() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let future = pool.submit(|| 7);
    let (panics, woken) = (Arc::new(Panics), Arc::<Woken>::default());
    let mut awaiting = [(); 4].map(|()| (&future).into_future());
    for (n, awaiting) in awaiting.iter_mut().enumerate() {
        let polled = if n % 2 == 0 { poll(awaiting, &panics) } else { poll(awaiting, &woken) };
        assert!(polled.is_pending());
    }
    gate.open();
    assert_eq!(future.result().unwrap(), &7);
    eventually(|| woken.times() == 2);
    for awaiting in awaiting {
        assert_eq!(block_on(awaiting).unwrap(), &7);
    }
    assert_eq!(pool.submit(|| 8).into_result().unwrap(), 8);
    assert_eq!(pool.stats().workers, 1);
}

#[test]
fn a_waker_that_panics_does_not_harm_whoever_cancels() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let futures = [1, 2, 3].map(|n| pool.submit(move || n));
    let mut awaiting = futures.each_ref().map(IntoFuture::into_future);
    assert!(awaiting.iter_mut().all(|it| poll(it, &Arc::new(Panics)).is_pending()));
    assert!(futures[0].cancel() && futures[0].cancelled());
    pool.close(Shutdown::CancelPending);
    assert!(futures.iter().all(Future::cancelled));
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(pool.stats().cancelled, 3);
}

/// An awaiter polls at once when it is woken, with another waker that nobody needs any more: so
/// that one is dropped by whoever wakes.
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
    let _limit = limit();
    for end in [Task::run as fn(Task), drop] {
        let (task, future) = task(|| 7);
        let future: &'static Future<u8> = Box::leak(Box::new(future));
        let polls = Arc::new(Polls(Mutex::new(future.into_future())));
        let waker = Waker::from(Arc::clone(&polls));
        let polled = Pin::new(&mut *polls.0.lock().unwrap()).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        let (woken, called) = (Arc::<Woken>::default(), Tally::default());
        let mut second = future.into_future();
        assert!(poll(&mut second, &woken).is_pending());
        let count = called.clone();
        future.add_done_callback(move |_| count.add());
        end(task);
        assert!(future.done());
        assert_eq!((woken.times(), called.count()), (1, 1));
    }
}
