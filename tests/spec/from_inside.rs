//! From inside: wherever the library runs user code, that code may call the whole public interface.
//!
//! Each test is a place, and the way there; a [`Visit`] calls everything: on the future whose place
//! it is, if that can be had there; on others, pending and done; on the pool, open or closed; on
//! what it makes itself. Nothing may hang, and nothing of that may be lost.
//!
//! Before the end of a task that runs, a place sees a future that this very thread runs, so that
//! waiting for it is a [`Deadlock`](glasspool::TaskError::Deadlock). After the end, and from when
//! it is cancelled, it sees the end.

use std::panic::panic_any;

use glasspool::{Future, Shutdown, ThreadPoolExecutor, task};

use crate::support::{Gate, eventually, held_pool, limit, panic_of, pool};
use crate::visit::{
    BEING_CANCELLED, DONE, Own, RUNNING, VALUE, Visit, begin, done, visit, visit_hook,
};

/// Defines a test for each place: as what the future of the place is seen there, and the way there.
macro_rules! places {
    ($($(#[$doc:meta])* $name:ident($is:expr) = $way:expr;)*) => {
        $($(#[$doc])* #[test] fn $name() { let _limit = limit(); visit($is, $way); })*
    };
}
pub(crate) use places;

/// Cancels a task with this work when it has been prepared.
fn cancel(
    own: &Own,
    work: impl FnOnce() -> u8 + Send + 'static,
    prepare: impl FnOnce(&Future<u8>),
) {
    let (_task, future) = task(work);
    prepare(&future);
    assert!(own.get_or_init(|| future).cancel());
}

fn closed_pool() -> ThreadPoolExecutor {
    let pool = pool(1);
    pool.close(Shutdown::Drain);
    pool
}

/// The work, with the visit captured beside it.
fn with<T>(visit: Visit, work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let captured = visit.when_dropped();
    move || {
        let _captured = &captured;
        work()
    }
}

/// A panic with the visit as its payload.
fn panic_with(visit: Visit) -> u8 {
    panic_any(visit.when_dropped())
}

#[test]
fn the_drop_of_captures_when_the_task_is_lost() {
    let _limit = limit();
    visit_hook(
        RUNNING,
        |builder, visit| {
            let own = visit.own();
            let broken = builder.initializer(move || {
                eventually(|| own.get().is_some());
                panic!("no database")
            });
            (broken, Some(visit))
        },
        |pool, visit, own| {
            own.get_or_init(|| pool.submit(with(visit.unwrap(), || VALUE)));
        },
    );
}

places! {
    the_body_of_a_task(RUNNING) =
        |pool, visit| begin(pool, &visit.own(), visit.into_work(), |_| {});
    the_body_of_a_task_that_is_run_by_whoever_holds_it(RUNNING) = |_, visit| {
        let own = visit.own();
        let (task, future) = task(visit.into_work());
        own.get_or_init(|| future);
        task.run();
    };
    a_callback_before_the_end(RUNNING) = |pool, visit| {
        begin(pool, &visit.own(), || VALUE, |own| own.add_done_callback(|_| visit.pay()));
    };
    a_callback_that_another_registers(RUNNING) = |pool, visit| {
        let (own, again) = (visit.own(), visit.own());
        let first = move || done(&again).add_done_callback(|_| visit.pay());
        begin(pool, &own, || VALUE, |own| own.add_done_callback(|_| first()));
    };
    a_callback_on_a_cancellation(BEING_CANCELLED) =
        |_, visit| cancel(&visit.own(), || VALUE, |own| own.add_done_callback(|_| visit.pay()));
    a_callback_on_a_shutdown_that_cancels(None) = |_, visit| {
        let (held, gate) = held_pool();
        held.submit(|| VALUE).add_done_callback(|_| visit.pay());
        held.close(Shutdown::CancelPending);
        gate.open();
    };
    a_callback_after_the_end(DONE) =
        |_, visit| done(&visit.own()).add_done_callback(|_| visit.pay());
    the_drop_of_captures_when_the_task_has_run(RUNNING) =
        |pool, visit| begin(pool, &visit.own(), with(visit, || VALUE), |_| {});
    /// While the panic goes up the stack.
    the_drop_of_captures_when_the_task_panics(RUNNING) =
        |pool, visit| begin(pool, &visit.own(), with(visit, || panic!("boom")), |_| {});
    the_drop_of_captures_when_the_task_is_cancelled(BEING_CANCELLED) =
        |_, visit| cancel(&visit.own(), with(visit, || VALUE), |_| {});
    the_drop_of_captures_when_the_task_is_never_run(None) =
        |_, visit| drop(task(with(visit, || VALUE)).0);
    the_drop_of_captures_when_the_task_is_refused(None) =
        |_, visit| drop(closed_pool().try_submit(with(visit, || VALUE)));
    the_drop_of_captures_when_the_submit_panics(None) = |_, visit| {
        let text = panic_of(|| closed_pool().submit(with(visit, || VALUE)));
        assert!(text.starts_with("cannot submit"));
    };
    the_drop_of_an_unread_value_on_the_worker(None) = |pool, visit| {
        let gate = Gate::closed();
        drop(pool.submit(gate.then(|| visit.when_dropped())));
        gate.open();
    };
    the_drop_of_an_unread_value_on_the_readers_side(None) = |pool, visit| {
        let future = pool.submit(|| visit.when_dropped());
        eventually(|| future.done());
    };
    the_drop_of_a_value_that_was_lent(None) = |pool, visit| {
        let future = pool.submit(|| visit.when_dropped());
        assert!(future.result().is_ok());
    };
    the_drop_of_captures_of_a_callback_before_the_end(RUNNING) = |pool, visit| {
        let (own, call) = (visit.own(), with(visit, || ()));
        begin(pool, &own, || VALUE, |own| own.add_done_callback(|_| call()));
    };
    the_drop_of_captures_of_a_callback_on_a_cancellation(BEING_CANCELLED) = |_, visit| {
        let (own, call) = (visit.own(), with(visit, || ()));
        cancel(&own, || VALUE, |own| own.add_done_callback(|_| call()));
    };
    the_drop_of_captures_of_a_callback_after_the_end(DONE) = |_, visit| {
        let (own, call) = (visit.own(), with(visit, || ()));
        done(&own).add_done_callback(|_| call());
    };
    the_drop_of_a_panics_payload_on_the_worker(None) = |pool, visit| {
        let gate = Gate::closed();
        drop(pool.submit(gate.then(|| panic_with(visit))));
        gate.open();
    };
    the_drop_of_a_panics_payload_on_the_readers_side(None) =
        |pool, visit| assert!(pool.submit(|| panic_with(visit)).into_result().is_err());
    the_drop_of_the_payload_of_a_callback(RUNNING) = |pool, visit| {
        let own = visit.own();
        begin(pool, &own, || VALUE, |own| own.add_done_callback(|_| _ = panic_with(visit)));
    };
}
