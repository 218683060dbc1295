//! Whoever holds a task is its executor.

use std::sync::Mutex;
use std::{iter, thread};

use glasspool::{Executor, Inline, Refusal, Refused, Shutdown, Task, task};

use crate::support::{Drops, Tally, limit, panic_of, pool, words};

/// An executor that runs nothing by itself.
#[derive(Default)]
pub(crate) struct Later(Mutex<Vec<Task>>);

impl Executor for Later {
    fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
        self.0.lock().unwrap().push(task);
        Ok(())
    }

    fn max_workers(&self) -> usize {
        3
    }
}

impl Later {
    pub(crate) fn tasks(&self) -> Vec<Task> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

struct ThreadPerTask;

impl Executor for ThreadPerTask {
    fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
        thread::spawn(|| task.run());
        Ok(())
    }
}

struct Closed;

impl Executor for Closed {
    fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
        Err(Refused::new(task, Refusal::ShutDown))
    }
}

#[test]
fn a_task_runs_where_it_is_run() {
    let _limit = limit();
    let (here, mine) = task(|| thread::current().id());
    let (there, others) = task(|| thread::current().id());
    let thread = thread::spawn(|| there.run());
    here.run();
    assert_eq!(mine.into_result().unwrap(), thread::current().id());
    assert_eq!(others.into_result().unwrap(), thread.thread().id());
}

#[test]
fn a_task_that_panics_with_another_task_in_its_hands_strands_no_future() {
    let _limit = limit();
    let (inner, future) = task(|| 7);
    let (outer, _) = task(move || -> u8 {
        let _inner = inner;
        panic!("boom")
    });
    outer.run();
    assert_eq!(words(future.into_result()), "task cancelled because its executor dropped it");
}

#[test]
fn the_debug_text_of_a_task_says_where_it_was_submitted() {
    let _limit = limit();
    let (task, future) = task(|| 7);
    assert!(format!("{task:?}").contains(&future.submitted_at().to_string()));
}

#[test]
fn inline_runs_a_task_before_submit_returns() {
    let _limit = limit();
    let executor: &dyn Executor = &Inline;
    let future = executor.submit(|| thread::current().id());
    assert_eq!(future.try_result().unwrap().unwrap(), &thread::current().id());
    let nested = executor.submit(|| (&Inline as &dyn Executor).submit(|| 7));
    assert_eq!(nested.into_result().unwrap().into_result().unwrap(), 7);
    assert_eq!(
        words::<()>(executor.submit(|| panic!("boom")).into_result()),
        "task panicked: boom"
    );
}

#[test]
fn a_program_may_choose_its_executor_while_it_runs() {
    let _limit = limit();
    let pool = pool(2);
    let submitter = pool.submitter();
    let executors: [Box<dyn Executor>; 4] =
        [Box::new(Inline), Box::new(ThreadPerTask), Box::new(submitter), Box::new(pool)];
    for executor in &executors {
        assert_eq!(executor.submit(|| 7).into_result().unwrap(), 7);
        assert_eq!(executor.try_submit(|| 8).unwrap().into_result().unwrap(), 8);
        let squares: Result<Vec<_>, _> = executor.map(1..=4, |n| n * n).collect();
        assert_eq!(squares.unwrap(), [1, 4, 9, 16]);
    }
    assert_eq!(executors.each_ref().map(|it| it.max_workers()), [1, 1, 2, 2]);
}

#[test]
fn an_executor_that_refuses_gives_back_what_it_was_given() {
    let _limit = limit();
    let executor: &dyn Executor = &Closed;
    let refused = executor.try_submit(|| 7).unwrap_err();
    assert_eq!(refused.to_string(), "cannot submit: the executor was shut down");
    assert_eq!(refused.into_inner()(), 7);
    assert_eq!(panic_of(|| executor.submit(|| 7)), "cannot submit: the executor was shut down");
    assert_eq!(
        panic_of(|| executor.map([1, 2], |n| n)),
        "cannot submit: the executor was shut down"
    );

    let (task, future) = task(|| 8);
    Closed.execute(task).unwrap_err().into_inner().run();
    assert_eq!(future.into_result().unwrap(), 8);
}

/// A map asks before it touches its items.
#[test]
fn an_executor_may_say_beforehand_that_it_would_refuse() {
    struct SaysSo;
    impl Executor for SaysSo {
        fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
            Err(Refused::new(task, Refusal::Full))
        }

        fn refusal(&self) -> Option<Refusal> {
            Some(Refusal::Full)
        }
    }
    let _limit = limit();
    let (executor, asked): (&dyn Executor, _) = (&SaysSo, Tally::default());
    let items = iter::repeat_with(|| asked.add()).take(3);
    assert_eq!(
        panic_of(|| executor.map(items, drop)),
        "cannot submit: the executor's queue is full"
    );
    assert_eq!(asked.count(), 0);

    let pool = pool(1);
    assert!(pool.refusal().is_none() && pool.submitter().refusal().is_none());
    pool.close(Shutdown::Drain);
    assert!(matches!(pool.refusal(), Some(Refusal::ShutDown)));
}

#[test]
fn a_pool_takes_tasks_that_were_made_elsewhere() {
    let _limit = limit();
    let pool = pool(1);
    let (first, one) = task(|| thread::current().id());
    let (second, two) = task(|| 2);
    assert!(two.cancel());
    pool.execute(first).unwrap();
    pool.execute(second).unwrap();
    assert_ne!(one.into_result().unwrap(), thread::current().id());

    pool.close(Shutdown::Drain);
    let (third, three) = task(|| 3);
    let back = pool.execute(third).unwrap_err().into_inner();
    assert!(!three.done());
    back.run();
    assert_eq!(three.into_result().unwrap(), 3);
}

/// The first task of a fresh pool has been cancelled already: its new worker has nothing to claim.
#[test]
fn a_worker_that_was_hired_for_a_cancelled_task_is_good_for_the_next() {
    let _limit = limit();
    let pool = pool(1);
    let (cancelled, future) = task(|| 1);
    future.cancel();
    pool.execute(cancelled).unwrap();
    assert_eq!(pool.submit(|| 2).into_result().unwrap(), 2);
}

#[test]
fn a_map_survives_an_executor_that_drops_all_but_one_of_its_runners() {
    let _limit = limit();
    let later = Later::default();
    let executor: &dyn Executor = &later;
    let results = executor.map(0..10, |n| n);
    let mut runners = later.tasks();
    assert_eq!(runners.len(), 3);
    runners.truncate(1);
    runners.remove(0).run();
    assert_eq!(results.map(Result::unwrap).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
}

#[test]
fn a_map_whose_runners_are_all_dropped_is_cancelled() {
    let _limit = limit();
    let (later, drops) = (Later::default(), Drops::default());
    let executor: &dyn Executor = &later;
    let results = executor.map([drops.one(), drops.one()], drop);
    let last = later.tasks().into_iter().reduce(|dropped, next| {
        drop(dropped);
        next
    });
    assert_eq!((drops.count(), results.to_string().ends_with("2 pending>")), (0, true));
    drop(last);
    assert_eq!(drops.count(), 2);
    for result in results {
        assert_eq!(words(result), "task cancelled because its executor dropped it");
    }
}
