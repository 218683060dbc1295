//! Submitting: everything that is taken runs, once, elsewhere.

use std::collections::HashSet;
use std::sync::mpsc;
use std::thread;

use glasspool::{Executor, Future, Inline, Shutdown, Submitter, TaskError};

use crate::support::{
    Counted, CountsClones, Drops, Gate, Tally, eventually, held_pool, limit, pool, words,
};

#[test]
fn a_task_runs_once_on_a_thread_of_the_pool() {
    let _limit = limit();
    let (pool, runs) = (pool(3), Tally::default());
    let submit = |_| {
        let ran = runs.clone();
        pool.submit(move || {
            ran.add();
            thread::current().id()
        })
    };
    let futures: Vec<_> = (0..60).map(submit).collect();
    let threads: HashSet<_> =
        futures.into_iter().map(|future| future.into_result().unwrap()).collect();
    assert!((1..=3).contains(&threads.len()) && !threads.contains(&thread::current().id()));
    drop(pool);
    assert_eq!(runs.count(), 60);
}

/// By every way in, to a new worker and to one that is there.
#[test]
fn the_captures_of_a_task_are_moved_and_never_copied() {
    let _limit = limit();
    let (pool, clones) = (pool(1), Tally::default());
    let submitter = pool.submitter();
    for way_in in 0..5 {
        let (boxed, counts) = (Box::new(7), CountsClones(clones.clone()));
        let address = (&raw const *boxed).addr();
        let work = move || {
            drop(counts);
            (&raw const *boxed).addr()
        };
        let future = match way_in {
            0 => pool.submit(work),
            1 => pool.try_submit(work).unwrap(),
            2 => submitter.submit(work),
            3 => pool.named("by name").submit(work),
            _ => submitter.submit_stoppable(move |_| work()),
        };
        assert_eq!(future.into_result().unwrap(), address);
    }
    let counts = CountsClones(clones.clone());
    assert!(pool.map([(); 5], move |()| _ = &counts).all(|result| result.is_ok()));
    assert_eq!(clones.count(), 0);
}

#[test]
fn anything_that_can_be_called_can_be_submitted() {
    struct Greeter(&'static str);
    impl Greeter {
        fn greet(self) -> String {
            format!("hello, {}", self.0)
        }
    }
    fn hello() -> String {
        "hello, world".to_owned()
    }
    let _limit = limit();
    let pool = pool(2);
    let pointer: fn() -> String = hello;
    let boxed: Box<dyn FnOnce() -> String + Send> = Box::new(hello);
    let (greeter, whom) = (Greeter("world"), String::from("world"));
    let greetings = [
        pool.submit(hello),
        pool.submit(pointer),
        pool.submit(boxed),
        pool.submit(move || format!("hello, {whom}")),
        pool.submit(move || greeter.greet()),
    ];
    for greeting in greetings {
        assert_eq!(greeting.into_result().unwrap(), "hello, world");
    }
}

#[test]
fn one_worker_runs_tasks_in_the_order_of_submission() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let (tell, told) = mpsc::channel();
    for n in 0..1000 {
        let tell = tell.clone();
        drop(pool.submit(move || tell.send(n).unwrap()));
    }
    gate.open();
    drop(pool);
    assert!(told.try_iter().eq(0..1000));
}

/// Ten tasks submit ten each.
#[test]
fn tasks_that_tasks_submit_queue_up_behind_each_other() {
    let _limit = limit();
    let (pool, gate) = held_pool();
    let (tell, told) = mpsc::channel();
    for tens in 0..10 {
        let (submitter, tell) = (pool.submitter(), tell.clone());
        drop(pool.submit(move || {
            for ones in 0..10 {
                let tell = tell.clone();
                drop(submitter.submit(move || tell.send(10 * tens + ones).unwrap()));
            }
        }));
    }
    gate.open();
    drop(tell);
    assert!(told.into_iter().eq(0..100));
}

#[test]
fn each_task_of_a_very_large_batch_runs_once_and_none_is_left_running() {
    const TASKS: usize = 100_000;
    let _limit = limit();
    let (pool, runs) = (pool(4), Tally::default());
    for _ in 0..TASKS {
        let runs = runs.clone();
        drop(pool.submit(move || runs.add()));
    }
    eventually(|| pool.stats().idle == pool.stats().workers && runs.count() == TASKS);
    let stats = pool.stats();
    assert_eq!((stats.running, stats.queued), (0, 0));
    assert_eq!((stats.submitted, stats.returned), (TASKS as u64, TASKS as u64));
    drop(pool);
    assert_eq!(runs.count(), TASKS);
}

#[test]
fn a_task_may_submit_its_successor_for_ever_while_other_pools_come_and_go() {
    fn again(submitter: &Submitter) {
        let next = submitter.clone();
        drop(submitter.try_submit(move || again(&next))); // refused when its pool ends
    }
    let _limit = limit();
    let perpetual = pool(1);
    again(&perpetual.submitter());
    for n in 0..50 {
        assert_eq!(pool(1).submit(move || n).into_result().unwrap(), n);
    }
    let before = perpetual.stats().returned;
    eventually(|| perpetual.stats().returned > before);
}

/// When it is over the pool's owner says, see `closing`.
#[test]
fn submitters_and_their_clones_drive_the_same_workers() {
    let _limit = limit();
    let pool = pool(1);
    let submitter = pool.submitter();
    let ids = [
        pool.submit(|| thread::current().id()),
        submitter.submit(|| thread::current().id()),
        submitter.clone().submit(|| thread::current().id()),
    ];
    let ids = ids.map(|future| future.into_result().unwrap());
    assert_eq!(ids, [ids[0]; 3]);
}

#[test]
fn a_future_knows_where_it_was_submitted() {
    let _limit = limit();
    let (pool, gate) = (pool(1), Gate::closed());
    let (one, line) = (pool.submit(gate.then(|| ())), line!());
    let (two, same_line) = (pool.submitter().submit(|| ()), line!());
    let three = pool.try_submit(|| ()).unwrap();
    let lines =
        [&one, &two, &three].map(Future::submitted_at).map(|place| (place.file(), place.line()));
    assert_eq!(lines, [(file!(), line), (file!(), same_line), (file!(), same_line + 1)]);
}

#[test]
fn a_task_may_have_a_name() {
    let _limit = limit();
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
}

#[test]
fn a_name_can_be_given_with_every_executor() {
    let _limit = limit();
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
}

/// One of the items fails in both.
#[test]
fn a_map_comes_to_the_same_as_a_loop_of_submits() {
    fn square((n, _counted): (u32, Counted)) -> u32 {
        assert!(n != 7, "no {n}");
        n * n
    }
    let _limit = limit();
    let (pool, looped, mapped) = (pool(3), Drops::default(), Drops::default());
    let one_by_one: Vec<_> = (0..40)
        .map(|n| {
            let item = (n, looped.one());
            pool.submit(move || square(item))
        })
        .collect();
    let one_by_one: Vec<_> =
        one_by_one.into_iter().map(|future| words(future.into_result())).collect();
    let items: Vec<_> = (0..40).map(|n| (n, mapped.one())).collect();
    let in_bulk: Vec<_> = pool.map(items, square).map(words).collect();
    assert_eq!(one_by_one, in_bulk);
    assert_eq!((looped.count(), mapped.count()), (40, 40));
}
