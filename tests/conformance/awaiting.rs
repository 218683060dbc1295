//! ASY: awaiting a future.

use std::future::{Future as _, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use glasspool::{Awaiting, CancelReason, Future, Shutdown, TaskError, scope, task};

use crate::support::{Tally, alone, eventually, held_pool, let_others_block, pool, within, words};

/// The smallest runtime that sleeps: if a wake-up is lost, it never returns.
fn block_on<F: IntoFuture>(future: F) -> F::Output {
    struct Parked(Thread);
    impl Wake for Parked {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut future = pin!(future.into_future());
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Counts the wake-ups. How many hold it is its strong count.
#[derive(Default)]
struct Counts(Tally);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.add();
    }
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that must panic");
    }
}

/// A waker, and the counter behind it, which this and the waker hold.
fn counting() -> (Waker, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    (Waker::from(Arc::clone(&counts)), counts)
}

const HELD_BY_THE_TEST_ALONE: usize = 2;

fn poll<F: std::future::Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

#[test]
fn asy_01_a_poll_before_the_end_keeps_the_waker_and_the_end_wakes_it_once_and_lets_go_of_it() {
    within(|| {
        let (task, future) = task(|| 7);
        let (waker, counts) = counting();
        let mut awaiting = (&future).into_future();
        assert_eq!(Arc::strong_count(&counts), HELD_BY_THE_TEST_ALONE);
        assert!(poll(&mut awaiting, &waker).is_pending());
        assert!(Arc::strong_count(&counts) > HELD_BY_THE_TEST_ALONE);
        assert_eq!(counts.0.count(), 0);
        task.run();
        assert_eq!((counts.0.count(), Arc::strong_count(&counts)), (1, HELD_BY_THE_TEST_ALONE));
        assert!(matches!(poll(&mut awaiting, &waker), Poll::Ready(Ok(7))));
        drop(awaiting);
        drop(future);
        assert_eq!((counts.0.count(), Arc::strong_count(&counts)), (1, HELD_BY_THE_TEST_ALONE));
    });
}

#[test]
fn asy_01_a_poll_after_the_end_is_ready_and_keeps_no_waker() {
    within(|| {
        let pool = pool(1);
        let (waker, counts) = counting();
        let lent = pool.submit(|| 7);
        let fails = pool.submit(|| -> u8 { panic!("boom") });
        assert!(lent.result().is_ok() && fails.result().is_err());
        assert!(matches!(poll(&mut (&lent).into_future(), &waker), Poll::Ready(Ok(7))));
        let Poll::Ready(failed) = poll(&mut fails.into_future(), &waker) else {
            panic!("it has ended")
        };
        assert_eq!(words(failed), "task panicked: boom");
        assert!(matches!(poll(&mut lent.into_future(), &waker), Poll::Ready(Ok(7))));
        assert_eq!((counts.0.count(), Arc::strong_count(&counts)), (0, HELD_BY_THE_TEST_ALONE));
    });
}

#[test]
fn asy_01_the_end_wakes_once_however_often_it_was_polled() {
    within(|| {
        let (task, future) = task(|| 7);
        let (waker, counts) = counting();
        let mut awaiting = future.into_future();
        for _ in 0..10 {
            assert!(poll(&mut awaiting, &waker).is_pending());
        }
        task.run();
        assert_eq!((counts.0.count(), Arc::strong_count(&counts)), (1, HELD_BY_THE_TEST_ALONE));
        assert!(matches!(poll(&mut awaiting, &waker), Poll::Ready(Ok(7))));
    });
}

#[test]
fn asy_01_of_several_wakers_the_last_is_woken_and_the_others_are_let_go() {
    within(|| {
        let (task, future) = task(|| 7);
        let mut awaiting = future.into_future();
        let wakers = [(); 3].map(|()| counting());
        for (waker, _) in &wakers {
            assert!(poll(&mut awaiting, waker).is_pending());
        }
        for (_, replaced) in &wakers[..2] {
            assert_eq!(Arc::strong_count(replaced), HELD_BY_THE_TEST_ALONE);
        }
        task.run();
        assert_eq!(wakers.each_ref().map(|(_, counts)| counts.0.count()), [0, 0, 1]);
        assert_eq!(Arc::strong_count(&wakers[2].1), HELD_BY_THE_TEST_ALONE);
    });
}

#[test]
fn asy_01_whoever_stops_awaiting_is_not_woken_and_leaves_nothing_behind() {
    within(|| {
        let (task, future) = task(|| 7);
        let (waker, counts) = counting();
        let (staying, stays) = counting();
        let mut stays_on = (&future).into_future();
        assert!(poll(&mut stays_on, &staying).is_pending());
        for _ in 0..5 {
            let mut awaiting = (&future).into_future();
            assert!(poll(&mut awaiting, &waker).is_pending());
            drop(awaiting);
            assert_eq!(Arc::strong_count(&counts), HELD_BY_THE_TEST_ALONE);
        }
        task.run();
        assert_eq!((counts.0.count(), stays.0.count()), (0, 1));
        assert!(matches!(poll(&mut stays_on, &staying), Poll::Ready(Ok(7))));
    });
}

#[test]
fn asy_01_the_task_goes_on_though_nobody_awaits_it_any_more() {
    within(|| {
        let ((pool, gate), runs) = (held_pool(), Tally::default());
        let ran = runs.clone();
        let mut awaiting = pool.submit(move || ran.add()).into_future();
        assert!(poll(&mut awaiting, Waker::noop()).is_pending());
        drop(awaiting);
        gate.open();
        eventually(|| runs.count() == 1);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn asy_01_beginning_to_await_and_giving_up_again_and_again_takes_no_memory() {
    alone(|| {
        let (_task, future) = task(|| 1);
        let grown = crate::support::kib_grown(|| {
            assert!(poll(&mut (&future).into_future(), Waker::noop()).is_pending());
        });
        assert!(grown < 1000, "{grown} KiB");
    });
}

#[test]
fn asy_01_all_who_await_the_same_future_are_woken() {
    within(|| {
        let (pool, gate) = held_pool();
        let future = pool.submit(|| 7);
        let mut awaiting: Vec<_> = (0..10).map(|_| ((&future).into_future(), counting())).collect();
        for (awaiting, (waker, _)) in &mut awaiting {
            assert!(poll(awaiting, waker).is_pending());
        }
        gate.open();
        for (awaiting, (waker, counts)) in &mut awaiting {
            eventually(|| counts.0.count() == 1);
            assert!(matches!(poll(awaiting, waker), Poll::Ready(Ok(7))));
        }
    });
}

#[test]
fn asy_01_when_the_waker_is_called_the_future_is_done() {
    struct Looks(Arc<Future<u8>>, mpsc::Sender<bool>);
    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            self.1.send(self.0.done()).unwrap();
        }
    }
    within(|| {
        let (pool, gate) = held_pool();
        let future = Arc::new(pool.submit(|| 7));
        let (tell, told) = mpsc::channel();
        let waker = Waker::from(Arc::new(Looks(Arc::clone(&future), tell)));
        let mut awaiting = (&*future).into_future();
        assert!(poll(&mut awaiting, &waker).is_pending());
        gate.open();
        assert!(told.recv().unwrap());
    });
}

#[test]
fn asy_01_a_cancel_wakes_at_once_whoever_cancels() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures = [pool.submit(|| 1), pool.submit(|| 2)];
        let (unrun, dropped) = task(|| 3);
        let [by_caller, by_shutdown] = &futures;
        let (waker, counts) = counting();
        let mut awaiting = [by_caller, by_shutdown, &dropped].map(IntoFuture::into_future);
        assert!(awaiting.iter_mut().all(|awaiting| poll(awaiting, &waker).is_pending()));
        by_caller.cancel();
        assert_eq!(counts.0.count(), 1);
        pool.close(Shutdown::CancelPending);
        assert_eq!(counts.0.count(), 2);
        drop(unrun);
        assert_eq!((counts.0.count(), Arc::strong_count(&counts)), (3, HELD_BY_THE_TEST_ALONE));
        let reasons = awaiting.each_mut().map(|awaiting| match poll(awaiting, &waker) {
            Poll::Ready(Err(TaskError::Cancelled(reason))) => reason,
            other => panic!("{other:?}"),
        });
        assert_eq!(
            reasons,
            [CancelReason::ByCaller, CancelReason::ByShutdown, CancelReason::TaskDropped]
        );
        gate.open();
    });
}

#[test]
fn asy_01_no_wake_up_is_lost_when_the_poll_races_the_end() {
    within(|| {
        let pool = pool(2);
        for round in 0..3_000 {
            let future = pool.submit(move || round);
            if round % 2 == 0 {
                assert_eq!(block_on(&future).unwrap(), &round);
            }
            assert_eq!(block_on(future).unwrap(), round);
        }
    });
}

#[test]
fn asy_01_no_wake_up_is_lost_when_the_waker_changes_while_it_ends() {
    within(|| {
        for _ in 0..1_000 {
            let (task, future) = task(|| 7);
            let mut awaiting = future.into_future();
            let (old, _) = counting();
            if poll(&mut awaiting, &old).is_ready() {
                unreachable!("nobody has run it");
            }
            let running = thread::spawn(move || task.run());
            // Moves from the first waker to this one's, and then sleeps.
            assert_eq!(block_on(awaiting).unwrap(), 7);
            running.join().unwrap();
        }
    });
}

#[test]
fn asy_01_whole_async_functions_are_made_of_it() {
    async fn sums(futures: Vec<Future<u32>>) -> Result<u32, TaskError> {
        let mut sum = 0;
        for future in futures {
            sum += *(&future).await?;
            sum += future.await?;
        }
        Ok(sum)
    }
    within(|| {
        let pool = pool(2);
        let futures = (0..100).map(|n| pool.submit(move || n)).collect();
        assert_eq!(block_on(Box::pin(sums(futures))).unwrap(), 2 * (0..100).sum::<u32>());
        let fails = vec![pool.submit(|| 1), pool.submit(|| panic!("boom")), pool.submit(|| 3)];
        assert_eq!(words(block_on(Box::pin(sums(fails)))), "task panicked: boom");
    });
}

#[test]
fn asy_01_it_moves_between_threads_and_may_borrow() {
    fn sends<T: Send>(_: &T) {}
    within(|| {
        let text = String::from("on this stack");
        let length = scope(1, |s| {
            let awaiting = s.submit(|| text.len()).into_future();
            sends(&awaiting);
            block_on(awaiting).unwrap()
        });
        assert_eq!(length.unwrap(), text.len());
        let (pool, gate) = held_pool();
        let awaiting: Awaiting<Future<std::cell::Cell<u8>>> =
            pool.submit(|| std::cell::Cell::new(7)).into_future();
        let awaited = thread::spawn(move || block_on(awaiting).unwrap().get());
        let_others_block();
        gate.open();
        assert_eq!(awaited.join().unwrap(), 7);
    });
}

#[test]
fn asy_01_a_task_that_awaits_itself_is_told_so() {
    within(|| {
        let pool = pool(1);
        let (give, take) = mpsc::channel::<Arc<Future<bool>>>();
        let future = Arc::new(pool.submit(move || {
            let own = take.recv().unwrap();
            matches!(block_on(&*own), Err(TaskError::Deadlock(_)))
        }));
        give.send(Arc::clone(&future)).unwrap();
        assert!(future.result().unwrap());
    });
}

#[test]
fn asy_04_a_waker_that_panics_harms_neither_the_worker_nor_the_value_nor_other_wakers() {
    within(|| {
        let (pool, gate) = held_pool();
        let future = pool.submit(|| 7);
        let panics = Waker::from(Arc::new(Panics));
        let (counting_waker, counts) = counting();
        let mut first = (&future).into_future();
        let mut awaiting = [(); 3].map(|()| (&future).into_future());
        assert!(poll(&mut first, &panics).is_pending());
        for (n, awaiting) in awaiting.iter_mut().enumerate() {
            assert!(poll(awaiting, if n == 1 { &panics } else { &counting_waker }).is_pending());
        }
        gate.open();
        assert_eq!(future.result().unwrap(), &7);
        eventually(|| counts.0.count() == 2);
        assert_eq!(block_on(first).unwrap(), &7);
        assert_eq!(pool.submit(|| 8).into_result().unwrap(), 8);
        assert_eq!(pool.stats().workers, 1);
    });
}

#[test]
fn asy_04_nor_whoever_cancels() {
    within(|| {
        let (pool, gate) = held_pool();
        let futures = [1, 2, 3].map(|n| pool.submit(move || n));
        let panics = Waker::from(Arc::new(Panics));
        let mut awaiting = futures.each_ref().map(IntoFuture::into_future);
        assert!(awaiting.iter_mut().all(|awaiting| poll(awaiting, &panics).is_pending()));
        assert!(futures[0].cancel() && futures[0].cancelled());
        pool.close(Shutdown::CancelPending);
        assert!(futures.iter().all(Future::cancelled));
        gate.open();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(pool.stats().cancelled, 3);
    });
}
