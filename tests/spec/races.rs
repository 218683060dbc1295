//! The same promises under pressure: what goes wrong once in a thousand times goes wrong here.

use std::hint::spin_loop;
use std::iter;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use glasspool::{
    Future, ReturnWhen, Shutdown, Task, TaskError, ThreadPoolExecutor, as_completed, task, wait,
};

use crate::support::{Drops, LONG, Tally, eventually, held_pool, limit, pool};

/// Hands tasks to a thread that runs each as soon as it can, and ends when this is dropped.
struct Runner(mpsc::Sender<Task>);

impl Runner {
    fn start() -> Self {
        let (give, take) = mpsc::channel::<Task>();
        thread::spawn(move || take.into_iter().for_each(Task::run));
        Self(give)
    }

    fn run(&self, task: Task) {
        self.0.send(task).unwrap();
    }
}

/// Lets a little time pass, more in some rounds than in others, so that both sides of a race come
/// first now and then.
fn dawdle(round: usize) {
    for _ in 0..round % 100 * 20 {
        spin_loop();
    }
}

/// With the value lent and moved out, and by a worker as by a thread of one's own.
#[test]
fn a_reader_racing_the_end_always_has_the_value() {
    let _limit = limit();
    let (runner, pool) = (Runner::start(), pool(2));
    for round in 0..10_000 {
        let (task, future) = task(move || round);
        runner.run(task);
        dawdle(round);
        assert_eq!(future.result().unwrap(), &round);
        assert_eq!(future.into_result().unwrap(), round);

        let future = pool.submit(move || round);
        if round % 2 == 0 {
            assert_eq!(future.into_result().unwrap(), round);
        } else {
            assert_eq!(future.result_timeout(LONG).unwrap().unwrap(), &round);
        }
    }
}

#[test]
fn ten_readers_racing_the_end_all_have_one_value() {
    let _limit = limit();
    let pool = pool(1);
    for round in 0..200 {
        let future = pool.submit(move || round.to_string());
        let addresses = thread::scope(|scope| {
            let readers =
                [(); 10].map(|()| scope.spawn(|| &raw const *future.result().unwrap() as usize));
            readers.map(|reader| reader.join().unwrap())
        });
        assert_eq!(addresses, [addresses[0]; 10]);
        assert_eq!(future.into_result().unwrap(), round.to_string());
    }
}

/// Either the task runs and has its value, or it is cancelled and its closure never runs: never
/// both, and never neither.
#[test]
fn a_cancel_racing_the_start_wins_or_loses() {
    let _limit = limit();
    let runner = Runner::start();
    let (runs, drops) = (Tally::default(), Drops::default());
    let mut cancelled = 0;
    for round in 0..10_000 {
        let ran = runs.clone();
        let (task, future) = task(drops.with(move || ran.add()));
        runner.run(task);
        dawdle(round);
        let won = future.cancel();
        cancelled += usize::from(won);
        assert_eq!((future.cancelled(), future.result().is_err()), (won, won));
        assert_eq!(drops.count(), round + 1);
        assert_eq!(runs.count() + cancelled, round + 1);
    }
}

#[test]
fn several_threads_that_cancel_at_once_are_all_told_the_same() {
    let _limit = limit();
    for _ in 0..300 {
        let (task, future) = task(|| ());
        let calls = Tally::default();
        let count = calls.clone();
        future.add_done_callback(move |_| count.add());
        let start = Barrier::new(4);
        thread::scope(|scope| {
            let running = scope.spawn(|| {
                start.wait();
                task.run();
            });
            let cancelling = [(); 3].map(|()| {
                scope.spawn(|| {
                    start.wait();
                    future.cancel()
                })
            });
            let said = cancelling.map(|thread| thread.join().unwrap());
            assert_eq!(said, [future.cancelled(); 3]);
            running.join().unwrap();
        });
        assert_eq!(calls.count(), 1);
    }
}

#[test]
fn a_callback_racing_the_end_is_called_once() {
    let _limit = limit();
    let runner = Runner::start();
    for round in 0..5_000 {
        let (task, future) = task(|| 7);
        let (tell, told) = mpsc::channel();
        runner.run(task);
        dawdle(round);
        for n in 0..3 {
            let tell = tell.clone();
            future.add_done_callback(move |outcome| tell.send((n, *outcome.unwrap())).unwrap());
        }
        drop(tell);
        let mut calls: Vec<_> = told.into_iter().collect();
        calls.sort_unstable();
        assert_eq!(calls, [(0, 7), (1, 7), (2, 7)]);
    }
}

/// Each way to see it, against callbacks that run on another thread.
#[test]
fn no_reader_sees_an_end_before_its_callbacks_have_run() {
    let _limit = limit();
    let runner = Runner::start();
    let see: [fn(&Future<()>); 4] = [
        |future| *future.result().unwrap(),
        |future| assert_eq!(wait([future], None, ReturnWhen::AllCompleted).done.len(), 1),
        |future| assert_eq!(as_completed([future]).count(), 1),
        |future| {
            while !future.done() {
                thread::yield_now();
            }
        },
    ];
    for round in 0..4_000 {
        let (task, future) = task(|| ());
        let called = Arc::new(AtomicBool::new(false));
        let calls = Arc::clone(&called);
        future.add_done_callback(move |_| {
            dawdle(round);
            calls.store(true, SeqCst);
        });
        runner.run(task);
        see[round % 4](&future);
        assert!(called.load(SeqCst));
    }
}

/// A pool ends each task that it has taken, however the closing falls, and gives the others back.
#[test]
fn a_submit_racing_a_shutdown_is_taken_or_refused() {
    let _limit = limit();
    for round in 0..300 {
        let (pool, drops) = (pool(2), Drops::default());
        let submitter = pool.submitter();
        let work = drops.clone();
        let submitting = thread::spawn(move || {
            let taken = iter::from_fn(|| submitter.try_submit(work.with(|| ())).ok());
            taken.collect::<Vec<_>>()
        });
        dawdle(round);
        let how = if round % 2 == 0 { Shutdown::Drain } else { Shutdown::CancelPending };
        pool.shutdown(how).unwrap();
        let taken = submitting.join().unwrap();
        assert!(taken.iter().all(Future::done));
        assert!(how == Shutdown::CancelPending || !taken.iter().any(Future::cancelled));
        assert_eq!(drops.count(), taken.len() + 1); // and one was refused
    }
}

/// The second task begins when the first has been seen to be done. The crowd that is told
/// before us makes it take longer to tell than to be seen.
#[test]
fn a_task_that_ended_before_another_began_comes_before_it() {
    let _limit = limit();
    let runner = Runner::start();
    for _ in 0..200 {
        let [(t1, f1), (t2, f2)] = [1, 2].map(|n| task(move || n));
        let _crowd: Vec<_> = (0..300).map(|_| as_completed([&f1])).collect();
        let ended = as_completed([&f1, &f2]);
        runner.run(t1);
        while !f1.done() {
            thread::yield_now();
        }
        t2.run();
        assert!(ended.map(|future| *future.result().unwrap()).eq([1, 2]));
    }
}

/// Many are cancelled by one thread; another, for which nothing is left to cancel, is not told that
/// all is over before it is.
#[test]
fn a_shutdown_beside_one_that_cancels_waits_until_all_is_cancelled() {
    let _limit = limit();
    for _ in 0..5 {
        let (pool, gate) = held_pool();
        let futures: Vec<_> = (0..20_000).map(|_| pool.submit(|| ())).collect();
        thread::scope(|scope| {
            scope.spawn(|| pool.close(Shutdown::CancelPending));
            futures[0].result().unwrap_err();
            gate.open();
            pool.shutdown(Shutdown::Drain).unwrap();
            assert!(futures.iter().rev().all(Future::done));
        });
    }
}

#[test]
fn a_thousand_pools_come_and_go_with_work_that_never_finishes_by_itself() {
    let _limit = limit();
    let (starts, exits, drops) = (Tally::default(), Tally::default(), Drops::default());
    let (start, exit) = (starts.clone(), exits.clone());
    let builder = ThreadPoolExecutor::builder().max_workers(1);
    let builder = builder.initializer(move || start.add()).exit_hook(move || exit.add());
    for round in 1..=1000 {
        let pool = builder.clone().build().unwrap();
        let captured = drops.one();
        let endless = pool.submit_stoppable(move |stop| {
            let _captured = &captured;
            stop.wait_timeout(LONG)
        });
        let queued = pool.submit(drops.with(|| ()));
        pool.shutdown(Shutdown::Stop).unwrap();
        assert!(endless.into_result().unwrap());
        assert!(matches!(queued.into_result(), Err(TaskError::Cancelled(_))));
        assert_eq!((starts.count(), exits.count(), drops.count()), (round, round, 2 * round));
    }
}

/// A submitter outlives each of them.
#[test]
fn a_thousand_pools_come_and_go_and_run_what_they_have_taken() {
    let _limit = limit();
    let (drops, runs) = (Drops::default(), Tally::default());
    for round in 0..1000 {
        let pool = pool(1 + round % 2);
        let _submitter = pool.submitter();
        for _ in 0..3 {
            let runs = runs.clone();
            drop(pool.submit(drops.with(move || runs.add())));
        }
    }
    assert_eq!((drops.count(), runs.count()), (3000, 3000));
}

#[test]
fn a_map_that_is_dropped_while_it_runs_loses_no_item() {
    let _limit = limit();
    let pool = pool(2);
    for round in 0..500 {
        let drops = Drops::default();
        let items: Vec<_> = (0..20).map(|_| drops.one()).collect();
        let mut results = pool.map(items, drop);
        dawdle(round);
        let read = (&mut results).take(round % 20).flatten().count();
        assert_eq!(read, round % 20);
        drop(results);
        // What was running when the map was dropped ends soon.
        eventually(|| drops.count() == 20);
    }
}
