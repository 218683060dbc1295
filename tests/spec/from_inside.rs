//! From inside: wherever the library runs user code, that code may call whatever is public, and is
//! answered as anybody is.
//!
//! Each test is a place, and the way there; a [`Visit`] calls everything: on the future whose place
//! it is, if that can be had there; on others, pending and done; on the pool, open or closed; on
//! what it makes itself. Nothing may hang, and nothing of that may be lost.
//!
//! Before the end of a task that runs, a place sees a future that this very thread runs, so that
//! waiting for it is a [`Deadlock`](glasspool::TaskError::Deadlock). After the end, and from when
//! it is cancelled, it sees the end.
use crate::support::{Gate, eventually, held_pool, panic_of, pool, within};
use crate::visit::{
    BEING_CANCELLED, DONE, Own, RUNNING, VALUE, Visit, begin, done, visit, visit_hook,
};
use glasspool::{Future, Shutdown, ThreadPoolExecutor, task};
use std::panic::panic_any;

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
fn the_body_of_a_task() {
    within(|| {
        visit(RUNNING, |pool, visit| begin(pool, &visit.own(), visit.into_work(), |_| {}));
    });
}

#[test]
fn the_body_of_a_task_that_is_run_by_whoever_holds_it() {
    within(|| {
        visit(RUNNING, |_, visit| {
            let own = visit.own();
            let (task, future) = task(visit.into_work());
            own.get_or_init(|| future);
            task.run();
        });
    });
}

#[test]
fn a_callback_before_the_end() {
    within(|| {
        visit(RUNNING, |pool, visit| {
            begin(pool, &visit.own(), || VALUE, |own| own.add_done_callback(|_| visit.pay()));
        });
    });
}

#[test]
fn a_callback_that_another_registers() {
    within(|| {
        visit(RUNNING, |pool, visit| {
            let (own, again) = (visit.own(), visit.own());
            let first = move || done(&again).add_done_callback(|_| visit.pay());
            begin(pool, &own, || VALUE, |own| own.add_done_callback(|_| first()));
        });
    });
}

#[test]
fn a_callback_on_a_cancellation() {
    within(|| {
        visit(BEING_CANCELLED, |_, visit| {
            cancel(&visit.own(), || VALUE, |own| own.add_done_callback(|_| visit.pay()));
        });
    });
}

#[test]
fn a_callback_on_a_shutdown_that_cancels() {
    within(|| {
        visit(None, |_, visit| {
            let (held, gate) = held_pool();
            held.submit(|| VALUE).add_done_callback(|_| visit.pay());
            held.close(Shutdown::CancelPending);
            gate.open();
        });
    });
}

#[test]
fn a_callback_after_the_end() {
    within(|| {
        visit(DONE, |_, visit| done(&visit.own()).add_done_callback(|_| visit.pay()));
    });
}

#[test]
fn the_drop_of_what_a_task_captured_when_it_has_run() {
    within(|| {
        visit(RUNNING, |pool, visit| begin(pool, &visit.own(), with(visit, || VALUE), |_| {}));
    });
}

/// While the panic goes up the stack.
#[test]
fn the_drop_of_what_a_task_captured_when_it_panics() {
    within(|| {
        visit(RUNNING, |pool, visit| {
            begin(pool, &visit.own(), with(visit, || panic!("boom")), |_| {})
        });
    });
}

#[test]
fn the_drop_of_what_a_task_captured_when_it_is_cancelled() {
    within(|| {
        visit(BEING_CANCELLED, |_, visit| cancel(&visit.own(), with(visit, || VALUE), |_| {}));
    });
}

#[test]
fn the_drop_of_what_a_task_captured_when_nobody_runs_it() {
    within(|| {
        visit(None, |_, visit| drop(task(with(visit, || VALUE)).0));
    });
}

#[test]
fn the_drop_of_what_a_task_captured_when_it_is_refused() {
    within(|| {
        visit(None, |_, visit| drop(closed_pool().try_submit(with(visit, || VALUE))));
    });
}

#[test]
fn the_drop_of_what_a_task_captured_when_the_submit_panics() {
    within(|| {
        visit(None, |_, visit| {
            let text = panic_of(|| closed_pool().submit(with(visit, || VALUE)));
            assert!(text.starts_with("cannot submit"));
        });
    });
}

#[test]
fn the_drop_of_what_a_task_captured_when_it_is_lost() {
    within(|| {
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
    });
}

#[test]
fn the_drop_of_an_unread_value_on_the_worker() {
    within(|| {
        visit(None, |pool, visit| {
            let gate = Gate::closed();
            drop(pool.submit(gate.then(|| visit.when_dropped())));
            gate.open();
        });
    });
}

#[test]
fn the_drop_of_an_unread_value_on_the_readers_side() {
    within(|| {
        visit(None, |pool, visit| {
            let future = pool.submit(|| visit.when_dropped());
            eventually(|| future.done());
        });
    });
}

#[test]
fn the_drop_of_a_value_that_was_lent() {
    within(|| {
        visit(None, |pool, visit| {
            let future = pool.submit(|| visit.when_dropped());
            assert!(future.result().is_ok());
        });
    });
}

#[test]
fn the_drop_of_what_a_callback_captured_before_the_end() {
    within(|| {
        visit(RUNNING, |pool, visit| {
            let (own, call) = (visit.own(), with(visit, || ()));
            begin(pool, &own, || VALUE, |own| own.add_done_callback(|_| call()));
        });
    });
}

#[test]
fn the_drop_of_what_a_callback_captured_on_a_cancellation() {
    within(|| {
        visit(BEING_CANCELLED, |_, visit| {
            let (own, call) = (visit.own(), with(visit, || ()));
            cancel(&own, || VALUE, |own| own.add_done_callback(|_| call()));
        });
    });
}

#[test]
fn the_drop_of_what_a_callback_captured_after_the_end() {
    within(|| {
        visit(DONE, |_, visit| {
            let (own, call) = (visit.own(), with(visit, || ()));
            done(&own).add_done_callback(|_| call());
        });
    });
}

#[test]
fn the_drop_of_a_panics_payload_on_the_worker() {
    within(|| {
        visit(None, |pool, visit| {
            let gate = Gate::closed();
            drop(pool.submit(gate.then(|| panic_with(visit))));
            gate.open();
        });
    });
}

#[test]
fn the_drop_of_a_panics_payload_on_the_readers_side() {
    within(|| {
        visit(None, |pool, visit| {
            assert!(pool.submit(|| panic_with(visit)).into_result().is_err())
        });
    });
}

#[test]
fn the_drop_of_the_payload_of_a_callback() {
    within(|| {
        visit(RUNNING, |pool, visit| {
            begin(
                pool,
                &visit.own(),
                || VALUE,
                |own| own.add_done_callback(|_| _ = panic_with(visit)),
            );
        });
    });
}
