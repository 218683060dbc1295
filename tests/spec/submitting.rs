//! Submitting: everything that is taken runs, once, elsewhere.

use std::sync::mpsc;
use std::thread;

use glasspool::{Executor, Future, Inline, Shutdown, Submitter, TaskError};

use crate::support::{Gate, Tally, held_pool, pool, within, words};

/// SUB-01, SUB-05.
#[test]
fn a_task_runs_once_on_a_thread_of_the_pool() {
    within(|| {
        let (pool, runs) = (pool(2), Tally::default());
        let future = pool.submit({
            let runs = runs.clone();
            move || {
                runs.add();
                thread::current().id()
            }
        });
        assert_ne!(future.result().unwrap(), &thread::current().id());
        drop(pool);
        assert_eq!(runs.count(), 1);
    });
}

/// SUB-04.
#[test]
fn what_a_task_captures_is_moved_and_not_copied() {
    within(|| {
        let boxed = Box::new(7);
        let address = &raw const *boxed as usize;
        let future = pool(1).submit(move || &raw const *boxed as usize);
        assert_eq!(future.into_result().unwrap(), address);
    });
}

/// SUB-11.
#[test]
fn whatever_can_be_called_can_be_submitted() {
    fn seven() -> u8 {
        7
    }
    within(|| {
        let pool = pool(1);
        let pointer: fn() -> u8 = seven;
        let boxed: Box<dyn FnOnce() -> u8 + Send> = Box::new(seven);
        let text = String::from("1234567");
        assert_eq!(pool.submit(seven).into_result().unwrap(), 7);
        assert_eq!(pool.submit(pointer).into_result().unwrap(), 7);
        assert_eq!(pool.submit(boxed).into_result().unwrap(), 7);
        assert_eq!(pool.submit(move || text.len()).into_result().unwrap(), 7);
    });
}

/// SUB-10.
#[test]
fn one_worker_runs_tasks_in_the_order_of_submission() {
    within(|| {
        let (pool, gate) = held_pool();
        let (tell, told) = mpsc::channel();
        for n in 0..1000 {
            let tell = tell.clone();
            drop(pool.submit(move || tell.send(n).unwrap()));
        }
        gate.open();
        drop(pool);
        assert!(told.try_iter().eq(0..1000));
    });
}

/// SUB-06.
#[test]
fn of_a_hundred_thousand_tasks_each_runs_once() {
    within(|| {
        let (pool, runs) = (pool(4), Tally::default());
        for _ in 0..100_000 {
            let runs = runs.clone();
            drop(pool.submit(move || runs.add()));
        }
        drop(pool);
        assert_eq!(runs.count(), 100_000);
    });
}

/// SUB-08.
#[test]
fn a_task_may_submit_to_its_own_pool_even_if_it_is_the_only_worker() {
    within(|| {
        let pool = pool(1);
        let submitter = pool.submitter();
        let inner = pool.submit(move || submitter.submit(|| 7)).into_result().unwrap();
        assert_eq!(inner.into_result().unwrap(), 7);
    });
}

/// REE-04.
#[test]
fn a_chain_of_tasks_each_submitting_the_next_may_be_long() {
    fn link(submitter: Submitter, left: u32, end: mpsc::Sender<()>) {
        match left {
            0 => end.send(()).unwrap(),
            _ => drop(submitter.clone().submit(move || link(submitter, left - 1, end))),
        }
    }
    within(|| {
        let pool = pool(1);
        let (tell, told) = mpsc::channel();
        link(pool.submitter(), 100_000, tell);
        told.recv().unwrap();
    });
}

/// WRK-18: and it is the pool's owner who says when it is over, see `closing`.
#[test]
fn submitters_and_their_clones_drive_the_same_workers() {
    within(|| {
        let pool = pool(1);
        let submitter = pool.submitter();
        let ids = [
            pool.submit(|| thread::current().id()),
            submitter.submit(|| thread::current().id()),
            submitter.clone().submit(|| thread::current().id()),
        ];
        let ids = ids.map(|future| future.into_result().unwrap());
        assert_eq!(ids, [ids[0]; 3]);
    });
}

#[test]
fn several_threads_may_submit_at_once() {
    within(|| {
        let pool = pool(3);
        let total: u32 = thread::scope(|scope| {
            let submitting = [(); 4].map(|()| {
                scope.spawn(|| (0..500).map(|n| pool.submit(move || n)).collect::<Vec<_>>())
            });
            let futures = submitting.map(|thread| thread.join().unwrap()).into_iter().flatten();
            futures.map(|future| future.into_result().unwrap()).sum()
        });
        assert_eq!(total, 4 * (0..500).sum::<u32>());
    });
}

#[test]
fn a_future_knows_where_it_was_submitted() {
    within(|| {
        let (pool, gate) = (pool(1), Gate::closed());
        let (one, line) = (pool.submit(gate.then(|| ())), line!());
        let (two, same_line) = (pool.submitter().submit(|| ()), line!());
        let three = pool.try_submit(|| ()).unwrap();
        let lines = [&one, &two, &three]
            .map(Future::submitted_at)
            .map(|place| (place.file(), place.line()));
        assert_eq!(lines, [(file!(), line), (file!(), same_line), (file!(), same_line + 1)]);
    });
}

#[test]
fn a_task_may_have_a_name() {
    within(|| {
        let pool = pool(1);
        let (named, unnamed) =
            (pool.named("BR").submit(|| -> u8 { panic!("no flag") }), pool.submit(|| ()));
        assert_eq!((named.name(), unnamed.name()), (Some("BR"), None));
        let place = named.submitted_at();
        assert_eq!((place.file(), place.line()), (file!(), line!() - 3));
        let Err(TaskError::Panicked(panic)) = named.result() else { panic!() };
        assert_eq!(
            (panic.task_name(), panic.to_string()),
            (Some("BR"), "task 'BR' panicked: no flag".into())
        );
        let debug =
            format!(r#"Future {{ state: finished panicked, name: "BR", submitted_at: {place} }}"#);
        assert_eq!(format!("{named:?}"), debug);
    });
}

#[test]
fn a_name_can_be_given_with_every_executor() {
    within(|| {
        let pool = pool(1);
        let (submitter, inline) = (pool.submitter(), &Inline as &dyn Executor);
        macro_rules! check {
            ($($named:expr),*) => {$({
                let named = $named;
                assert_eq!(named.submit(|| 7).name(), Some("a name"));
                assert_eq!(named.try_submit(|| 7).unwrap().name(), Some("a name"));
                let results: Vec<_> = named.map([1, 0], |n| 3 / n).map(words).collect();
                assert_eq!(results, ["3", "task 'a name' panicked: attempt to divide by zero"]);
            })*};
        }
        check!(pool.named("a name"), submitter.named("a name"), inline.named("a name"));
        pool.close(Shutdown::Drain);
        assert_eq!(pool.named("late").try_submit(|| 7).unwrap_err().into_inner()(), 7);
    });
}

#[test]
fn a_name_is_in_what_a_task_is_told_that_waits_for_itself() {
    within(|| {
        let pool = pool(1);
        let (give, take) = mpsc::channel::<Future<()>>();
        let (tell, told) = mpsc::channel();
        let future = pool.named("Ouroboros").submit(move || {
            tell.send(words(take.recv().unwrap().result())).unwrap();
        });
        let place = future.submitted_at();
        give.send(future).unwrap();
        let expected =
            format!("deadlock: task 'Ouroboros' (submitted at {place}) waits for itself");
        assert_eq!(told.recv().unwrap(), expected);
    });
}
