//! From inside, in the places that belong to no single task: hooks, the ends of threads, the
//! functions and iterators of maps, wakers.

use std::cell::RefCell;
use std::future::{Future as _, IntoFuture};
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use glasspool::{
    Awaiting, Executor, Future, ReturnWhen, Shutdown, Task, as_completed, first_success,
    set_unobserved_panic_hook, task, wait,
};

use crate::from_inside::places;
use crate::support::{Gate, alone, eventually, hold, limit, words};
use crate::visit::{
    BEING_CANCELLED, CANCELLED, DONE, Is, Own, RUNNING, VALUE, Visit, VisitsWhenDropped, done,
    visit, visit_hook,
};

/// A waker that runs a function when it is woken, and has a value that is dropped with it.
struct Wakes(
    Box<dyn Fn() + Send + Sync>,
    #[expect(dead_code, reason = "it is there to be dropped")] Mutex<Option<VisitsWhenDropped>>,
);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn that_wakes(visit: Visit) -> Waker {
    Arc::new(Wakes(Box::new(visit.once()), Mutex::new(None))).into()
}

fn that_is_dropped(visit: Visit) -> Waker {
    Arc::new(Wakes(Box::new(|| {}), Mutex::new(Some(visit.when_dropped())))).into()
}

/// Awaits the future of the place, with this waker, while that is done.
fn await_while(own: &Own, waker: Waker, it: impl FnOnce()) {
    let mut awaiting = own.get().unwrap().into_future();
    assert!(Pin::new(&mut awaiting).poll(&mut Context::from_waker(&waker)).is_pending());
    drop(waker);
    it();
}

#[test]
fn the_hook_for_panics_that_nobody_looked_at() {
    alone(|| {
        visit(None, |pool, visit| {
            let gate = Gate::closed();
            let hook = visit.once();
            set_unobserved_panic_hook(Some(Box::new(move |_| hook())));
            drop(pool.submit(gate.then(|| panic!("boom"))));
            gate.open();
        });
    });
}

#[test]
fn the_initializer() {
    let _limit = limit();
    visit_hook(
        RUNNING,
        |builder, visit| {
            let (own, hook) = (visit.own(), visit.once());
            let hook = move || {
                eventually(|| own.get().is_some());
                hook();
            };
            (builder.initializer(hook), None)
        },
        |pool, _, own| _ = own.get_or_init(|| pool.submit(|| VALUE)),
    );
}

#[test]
fn the_exit_hook_of_a_worker_that_retires() {
    let _limit = limit();
    visit_hook(
        None,
        |builder, visit| (builder.keep_alive(Duration::ZERO).exit_hook(visit.once()), None),
        |pool, _, _| drop(pool.submit(|| VALUE)),
    );
}

#[test]
fn the_exit_hook_of_a_worker_of_a_closed_pool() {
    let _limit = limit();
    visit_hook(
        None,
        |builder, visit| (builder.exit_hook(visit.once()), None),
        |pool, _, _| {
            drop(pool.submit(|| VALUE));
            pool.shutdown(Shutdown::Drain).unwrap();
        },
    );
}

/// When that ends, which is after all else.
#[test]
fn the_drop_of_a_thread_local_that_a_task_has_set() {
    let _limit = limit();
    thread_local!(static LEFT: RefCell<Option<VisitsWhenDropped>> = const { RefCell::new(None) });
    visit_hook(
        None,
        |builder, visit| (builder.keep_alive(Duration::ZERO), Some(visit)),
        |pool, visit, _| drop(pool.submit(|| LEFT.set(Some(visit.unwrap().when_dropped())))),
    );
}

#[test]
fn the_iterators_of_futures_to_wait_for() {
    let _limit = limit();
    visit(DONE, |_, visit| {
        let own = visit.own();
        let mut visit = Some(visit);
        let items =
            iter::once(done(&own)).inspect(|_| visit.take().into_iter().for_each(Visit::pay));
        assert_eq!(as_completed(items).count(), 1);
    });
    visit(DONE, |_, visit| {
        let own = visit.own();
        let mut visit = Some(visit);
        let items =
            iter::once(done(&own)).inspect(|_| visit.take().into_iter().for_each(Visit::pay));
        assert_eq!(wait(items, None, ReturnWhen::AllCompleted).done.len(), 1);
    });
}

/// As an executor does that polls inside a wake.
#[test]
fn a_wake_that_polls_at_once() {
    struct Polls(Mutex<Awaiting<Future<u8>>>, Mutex<Vec<String>>);
    impl Wake for Polls {
        fn wake(self: Arc<Self>) {
            self.poll(Waker::noop());
        }
    }
    impl Polls {
        fn poll(&self, waker: &Waker) {
            let polled =
                Pin::new(&mut *self.0.lock().unwrap()).poll(&mut Context::from_waker(waker));
            self.1.lock().unwrap().push(format!("{:?}", polled.map(words)));
        }
    }
    let _limit = limit();
    let not_run = "task cancelled because its executor dropped it";
    for (end, seen) in [(Task::run as fn(Task), "7"), (drop, not_run)] {
        let (task, future) = task(|| VALUE);
        let polls = Arc::new(Polls(Mutex::new(future.into_future()), Mutex::default()));
        polls.poll(&Arc::clone(&polls).into());
        end(task);
        assert_eq!(*polls.1.lock().unwrap(), ["Pending".to_owned(), format!("Ready({seen:?})")]);
    }
}

#[test]
fn the_drop_of_a_waker_that_is_replaced() {
    struct Cancels(Own);
    impl Wake for Cancels {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Cancels {
        fn drop(&mut self) {
            assert!(self.0.get().unwrap().cancel());
        }
    }
    let _limit = limit();
    let (own, (_task, future)) = (Own::default(), task(|| VALUE));
    let mut awaiting = own.get_or_init(|| future).into_future();
    let cancels = Waker::from(Arc::new(Cancels(Arc::clone(&own))));
    assert!(Pin::new(&mut awaiting).poll(&mut Context::from_waker(&cancels)).is_pending());
    drop(cancels);
    let polled = Pin::new(&mut awaiting).poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled.map(words), Poll::Ready(CANCELLED.to_owned()));
}

places! {
    the_function_of_a_map(None) = |pool, visit| {
        let hook = visit.once();
        assert_eq!(pool.map(0..9, move |_| hook()).count(), 9);
    };
    the_drop_of_captures_of_a_map(None) = |pool, visit| {
        let captured = visit.when_dropped();
        let map = pool.map(0..9, move |_| _ = &captured);
        assert_eq!(map.count(), 9);
    };
    the_drop_of_an_item_that_is_cancelled(None) = |pool, visit| {
        let gate = hold(pool);
        drop(pool.map([visit.when_dropped()], |_| ()));
        gate.open();
    };
    the_drop_of_a_result_that_a_map_leaves_unread(None) = |pool, visit| {
        let visit = Mutex::new(Some(visit));
        let map =
            pool.map([()], move |()| visit.lock().unwrap().take().map(Visit::when_dropped));
        eventually(|| map.to_string().ends_with(" 1 futures: 1 finished>"));
    };
    /// If the pool is closed there, the map is refused.
    the_iterator_of_the_items(None) = |pool, visit| {
        let mut visit = Some(visit);
        let items = iter::from_fn(|| visit.take().map(Visit::pay));
        match catch_unwind(AssertUnwindSafe(|| pool.map(items, |()| VALUE).count())) {
            Ok(results) => assert_eq!(results, 1),
            Err(_) => assert!(pool.refusal().is_some()),
        }
    };
    a_wake_at_the_end(DONE) = |pool, visit| {
        let (own, waker) = (visit.own(), that_wakes(visit));
        let gate = Gate::closed();
        own.get_or_init(|| pool.submit(gate.then(|| VALUE)));
        await_while(&own, waker, || {
            gate.open();
            own.get().unwrap().result().unwrap();
        });
    };
    a_wake_on_a_cancellation(BEING_CANCELLED) = |_, visit| {
        let (own, waker) = (visit.own(), that_wakes(visit));
        let (_task, future) = task(|| VALUE);
        own.get_or_init(|| future);
        await_while(&own, waker, || assert!(own.get().unwrap().cancel()));
    };
    the_drop_of_a_waker_that_has_woken(DONE) = |_, visit| {
        let (own, waker) = (visit.own(), that_is_dropped(visit));
        let (task, future) = task(|| VALUE);
        own.get_or_init(|| future);
        await_while(&own, waker, || task.run());
    };
    the_drop_of_a_waker_when_its_task_stops_awaiting(Some(Is::Pending)) = |_, visit| {
        let (own, waker) = (visit.own(), that_is_dropped(visit));
        let (task, future) = task(|| VALUE);
        own.get_or_init(|| future);
        await_while(&own, waker, || {});
        task.run();
    };
    /// When the reader of the first result asks for the second item.
    the_iterator_of_the_items_of_a_buffered_map(None) = |pool, visit| {
        let mut visit = Some(visit);
        let items = iter::once(()).chain(iter::from_fn(|| visit.take().map(Visit::pay)));
        let mut map = pool.map_buffered(items, 1, |()| VALUE);
        assert_eq!(map.next().unwrap().unwrap(), VALUE);
        assert_eq!(map.next().unwrap().is_ok(), pool.refusal().is_none());
        assert!(map.next().is_none());
    };
    the_function_that_tells_a_success(None) = |pool, visit| {
        let mut visit = Some(visit);
        let is_success = |_: &u8| visit.take().map(Visit::pay).is_some();
        assert_eq!(first_success([pool.submit(|| VALUE)], None, is_success).unwrap(), VALUE);
    };
    the_drop_of_captures_of_a_map_that_is_cancelled(None) = |pool, visit| {
        let (gate, captured) = (hold(pool), visit.when_dropped());
        drop(pool.map(0..9, move |_| _ = &captured));
        gate.open();
    };
}
