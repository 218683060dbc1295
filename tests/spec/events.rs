//! Events of tasks: each life in its order, by its number, name and site.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use glasspool::{
    Builder, CancelReason, Event, EventKind, Executor, NestedWait, Refused, ReturnWhen, Shutdown,
    Task, ThreadPoolExecutor, as_completed, scope, task, wait,
};

use crate::support::{Gate, NO_SUCH_STACK, limit};
use crate::told::{
    Log, heard, heard_and_bounded, heard_and_full, heard_and_held, observed, observed_by,
};

#[test]
fn a_task_is_submitted_started_finished_and_read() {
    let _limit = limit();
    let (pool, log) = heard(1);
    assert_eq!(pool.submit(|| 1).into_result().unwrap(), 1);
    assert_eq!(pool.submit(|| 2).result().unwrap(), &2); // queued, and not handed over
    assert!(pool.submit(|| panic!("boom")).result().is_err());
    drop(pool);
    let [returns, panics] =
        ["returned", "panicked"].map(|how| format!("submitted started {how} collected"));
    assert_eq!(log.lives(), [returns.clone(), returns, panics]);
    log.assert_it_is_sound();
}

#[test]
fn an_unread_result_is_not_told_as_read_and_one_that_is_read_twice_is_told_once() {
    let _limit = limit();
    let (pool, log) = heard(1);
    drop(pool.submit(|| 1));
    let read = pool.submit(|| 2);
    assert!(read.result().is_ok() && read.result().is_ok() && read.try_result().is_some());
    let cancelled = task(|| 3);
    drop(pool);
    drop(cancelled);
    assert_eq!(log.lives(), ["submitted started returned", "submitted started returned collected"]);
}

#[test]
fn an_end_is_told_before_any_thread_can_see_it() {
    let _limit = limit();
    let (pool, log) = heard(2);
    for round in 1..=300 {
        let future = pool.submit(|| ());
        match round % 4 {
            0 => drop(future.result()),
            1 => drop(wait([&future], None, ReturnWhen::AllCompleted)),
            2 => drop(as_completed([&future]).next()),
            _ => {
                while !future.done() {
                    thread::yield_now();
                }
            }
        }
        let ended = log.count(|told| matches!(told.kind, EventKind::Finished(_)));
        assert_eq!(ended, round);
    }
    drop(pool);
    log.assert_it_is_sound();
}

#[test]
fn a_task_whose_initializer_panics_is_lost_and_had_not_started() {
    let _limit = limit();
    let (log, gate) = (Log::default(), Gate::closed());
    let way = gate.way();
    let builder = observed_by(log.clone()).max_workers(1).initializer(move || {
        way.pass();
        panic!("no database")
    });
    let pool = builder.clone().build().unwrap();
    let lost = pool.submit(|| 1);
    let waiting = pool.submit(|| 2);
    gate.open();
    assert!(lost.result().is_err() && waiting.result().is_err());
    assert!(pool.try_submit(|| 3).is_err());
    drop(pool);
    let pool = builder.build().unwrap();
    assert_eq!(pool.map(0..3, |n| n).filter(Result::is_err).count(), 3);
    drop(pool);
    let broke = "submitted cancelled-with-pool collected";
    let lives = log.lives();
    assert_eq!(lives[..3], ["submitted lost collected", broke, "submitted refused"]);
    assert_eq!(lives[3..], ["submitted lost collected", broke, broke]);
    assert_eq!(log.all().last().unwrap().depth, 0);
    log.assert_it_is_sound();
}

#[test]
fn a_cancel_is_told_once_and_with_its_reason() {
    let _limit = limit();
    let (pool, gate, log) = heard_and_held();
    let by_caller = pool.submit(|| ());
    assert!(by_caller.cancel() && by_caller.cancel());
    let kinds = |log: &Log| log.count_of(&EventKind::Cancelled(CancelReason::ByCaller));
    assert_eq!(kinds(&log), 1, "it is told before `cancel` returns");
    let asked = pool.submit_stoppable(|_| ());
    assert!(asked.request_stop());
    drop(pool.map(0..2, |n| n)); // the first to be dropped unread
    let map = pool.map(0..5, |n| n);
    let by_shutdown = pool.submit(|| ());
    pool.close(Shutdown::CancelPending);
    pool.close(Shutdown::Stop);
    assert!(by_shutdown.cancelled());
    drop(map);
    gate.open();
    drop(pool);
    let caller = "submitted cancelled-by-caller";
    let shutdown = "submitted cancelled-by-shutdown";
    let lives = log.lives();
    assert_eq!(lives[..5], ["submitted started returned", caller, caller, caller, caller]);
    assert_eq!(lives[5..], [shutdown; 6]);
    log.assert_it_is_sound();
}

#[test]
fn callbacks_run_between_the_start_and_the_end_and_late_ones_behind_it() {
    let _limit = limit();
    let (pool, log) = heard(1);
    let gate = Gate::closed();
    let future = pool.submit(gate.then(|| ()));
    future.add_done_callback(|_| panic!("a callback"));
    future.add_done_callback(|_| ());
    let cancelled = pool.submit(|| ());
    cancelled.add_done_callback(|_| ());
    cancelled.cancel();
    gate.open();
    future.result().unwrap();
    future.add_done_callback(|_| ());
    drop(pool);
    let lives = log.lives();
    let early = "submitted started callback called callback called returned";
    assert_eq!(lives[0], format!("{early} collected callback called"));
    assert_eq!(lives[1], "submitted cancelled-by-caller callback called");
    log.assert_it_is_sound();
}

#[test]
fn a_refusal_is_told_and_is_the_only_end() {
    let _limit = limit();
    let (pool, gate, _pending, log) = heard_and_full(1);
    let full = pool.try_submit(|| 3).unwrap_err();
    assert_eq!(full.into_inner()(), 3);
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert!(pool.try_submit(|| 4).is_err());
    let ran = "submitted started returned";
    assert_eq!(log.lives(), [ran, ran, "submitted refused", "submitted refused"]);
    assert_eq!(log.all().last().unwrap().depth, 0);
    log.assert_it_is_sound();
}

#[test]
fn tasks_that_get_no_thread_are_told_to_be_refused() {
    let _limit = limit();
    let log = Log::default();
    let builder = observed_by(log.clone()).max_workers(1).stack_size(NO_SUCH_STACK);
    let pool = builder.build().unwrap();
    assert!(pool.try_submit(|| ()).is_err());
    assert_eq!(log.lives(), ["submitted refused"]);
    assert!(catch_unwind(AssertUnwindSafe(|| pool.map(0..3, |n| n))).is_err());
    drop(pool);
    assert_eq!(log.count_of(&EventKind::WorkerBorn), 0);
    assert_eq!(log.count_of(&EventKind::WorkerGone), 0);
    assert_eq!(log.all().last().unwrap().depth, 0);
    log.assert_it_is_sound();
}

#[test]
fn a_task_by_hand_is_told_of_from_when_a_pool_is_given_it() {
    let _limit = limit();
    let (pool, log) = heard(1);
    let site = Location::caller().line() + 1;
    let (by_hand, future) = task(|| 1);
    pool.execute(by_hand).unwrap();
    assert_eq!(future.into_result().unwrap(), 1);
    drop(pool);
    assert_eq!(log.lives(), ["submitted started returned collected"]);
    assert_eq!(log.all()[0].site.unwrap().line(), site);
}

#[test]
fn a_task_that_one_pool_refuses_may_be_taken_by_another() {
    let _limit = limit();
    let log = Log::default();
    let (closed, open) = (observed(1, &log), observed(1, &log));
    closed.close(Shutdown::Drain);
    let (by_hand, future) = task(|| 1);
    let back: Task = closed.execute(by_hand).unwrap_err().into_inner();
    open.execute(back).unwrap();
    assert_eq!(future.into_result().unwrap(), 1);
    let (unrun, cancelled) = task(|| 1);
    drop(closed.execute(unrun).unwrap_err());
    assert!(cancelled.cancelled());
    drop((open, closed));
    let ran = "submitted started returned collected";
    assert_eq!(log.lives(), ["submitted refused", ran, "submitted refused"]);
    log.assert_it_is_sound();
}

#[test]
fn a_task_that_one_pool_has_no_room_for_is_refused_there_when_it_goes_elsewhere() {
    let _limit = limit();
    let log = Log::default();
    let full = observed_by(log.clone()).max_workers(1).queue_capacity(1).build().unwrap();
    let gate = Gate::closed();
    drop(full.submit(gate.then(|| ())));
    drop(full.submit(|| ()));
    let refused = || full.try_execute(task(|| ()).0).unwrap_err().into_inner();
    let (to_another, by_hand, again) = (refused(), refused(), refused());
    let unobserved = ThreadPoolExecutor::new(1).unwrap();
    unobserved.execute(to_another).unwrap();
    drop(unobserved);
    by_hand.run();
    gate.open();
    full.execute(again).unwrap();
    drop(full);
    let lives = log.lives();
    assert_eq!(lives[2..4], ["submitted refused", "submitted refused"]);
    assert_eq!(lives[4], "submitted started returned");
    log.assert_it_is_sound();
}

/// An executor that asks the first pool, and then the second.
struct OneOrTheOther(ThreadPoolExecutor, ThreadPoolExecutor);

impl Executor for OneOrTheOther {
    fn execute(&self, task: Task) -> Result<(), Refused<Task>> {
        self.0.try_execute(task).or_else(|refused| self.1.execute(refused.into_inner()))
    }
}

#[test]
fn a_map_that_one_pool_has_no_room_for_is_told_of_by_the_one_that_takes_it() {
    let _limit = limit();
    let (first, second) = (Log::default(), Log::default());
    let full = observed_by(first.clone()).max_workers(1).queue_capacity(1).build().unwrap();
    let gate = Gate::closed();
    drop(full.submit(gate.then(|| ())));
    drop(full.submit(|| ()));
    let executor = OneOrTheOther(full, observed(1, &second));
    let executor: &dyn Executor = &executor;
    assert_eq!(executor.map(0..3, |n| n).map(Result::unwrap).sum::<u32>(), 3);
    assert_eq!(first.lives()[2..], ["submitted refused"; 3]);
    assert_eq!(second.lives(), ["submitted started returned collected"; 3]);
    gate.open();
}

#[test]
fn a_task_that_was_cancelled_before_a_pool_is_given_it_ends_all_the_same() {
    let _limit = limit();
    let (pool, log) = heard(1);
    let (by_hand, future) = task(|| 1);
    assert!(future.cancel());
    pool.execute(by_hand).unwrap();
    pool.submit(|| ()).result().unwrap();
    drop(pool);
    assert_eq!(log.all().last().unwrap().depth, 0, "nothing is pending: {:?}", log.lives());
    log.assert_it_is_sound();
}

#[test]
fn a_task_run_inside_another_has_started_and_ended_in_that_thread() {
    let _limit = limit();
    let (pool, log) = heard(1);
    let submitter = pool.submitter();
    let nested = pool.submit(move || submitter.submit(|| 5).into_result().unwrap());
    assert_eq!(nested.into_result().unwrap(), 5);
    drop(pool);
    assert_eq!(log.lives(), ["submitted started returned collected"; 2]);
    let worker = log.all().iter().find(|told| told.kind == EventKind::Started).unwrap().thread;
    let story = log.story_of(worker);
    let nest = ["born", "started", "submitted", "started", "returned", "collected", "returned"];
    assert_eq!(story[..nest.len()], nest);
    log.assert_it_is_sound();
}

#[test]
fn each_item_of_a_map_is_a_task_of_its_own() {
    let _limit = limit();
    let (pool, log) = heard(2);
    let line = Location::caller().line() + 1;
    let results = pool.named("square").map(0..50, |n: usize| n * n);
    let mut items: Vec<_> =
        log.all().into_iter().filter(|told| told.kind == EventKind::Submitted).collect();
    items.sort_by_key(|told| told.task);
    assert_eq!(items.len(), 50, "all are told of by the time `map` returns");
    for (number, told) in items.iter().enumerate() {
        assert_eq!((told.item, told.name.as_deref()), (Some(number), Some("square")));
        assert_eq!((told.site.unwrap().line(), told.site.unwrap().file()), (line, file!()));
    }
    assert_eq!(results.map(Result::unwrap).sum::<usize>(), 40_425);
    drop(pool);
    assert_eq!(log.lives(), vec!["submitted started returned collected"; 50]);
    log.assert_it_is_sound();
}

#[test]
fn the_items_of_a_buffered_map_come_as_they_are_submitted() {
    let _limit = limit();
    let (pool, log) = heard(2);
    let mut results = pool.named("n").map_buffered(0.., 3, |n: u32| n);
    assert_eq!(results.by_ref().take(10).map(Result::unwrap).sum::<u32>(), 45);
    drop(results);
    drop(pool);
    let lives = log.lives();
    assert!((10..=13).contains(&lives.len()), "{lives:?}");
    assert!(lives[..10].iter().all(|life| life == "submitted started returned collected"));
    assert!(
        log.all().iter().filter(|told| told.task.is_some()).all(|t| t.name.as_deref() == Some("n"))
    );
    log.assert_it_is_sound();
}

#[test]
fn a_buffered_map_over_a_bounded_queue_ends_every_number_once() {
    let _limit = limit();
    let (pool, log) = heard_and_bounded(1, 1);
    assert_eq!(pool.map_buffered(0..40, 8, |n| n).map(Result::unwrap).sum::<u32>(), 780);
    drop(pool);
    assert_eq!(log.lives().iter().filter(|life| life.contains("returned")).count(), 40);
    assert_eq!(
        log.count_of(&EventKind::Submitted),
        40,
        "what had no room at first is the same task later"
    );
    assert_eq!(log.all().last().unwrap().depth, 0);
    log.assert_it_is_sound();
}

#[test]
fn a_scope_tells_of_its_tasks_as_a_pool_does() {
    let _limit = limit();
    let (log, words) = (Log::default(), ["to", "be"]);
    let builder: Builder = observed_by(log.clone()).max_workers(2);
    let lengths = builder.scope(|scope| {
        let sum = scope.submit(|| words[0].len()).into_result().unwrap();
        sum + scope.named("b").map(&words, |word| word.len()).map(Result::unwrap).sum::<usize>()
    });
    assert_eq!(lengths.unwrap(), 6);
    assert_eq!(log.lives(), ["submitted started returned collected"; 3]);
    assert_eq!(log.count(|told| matches!(told.kind, EventKind::Closed(_))), 1);
    log.assert_it_is_sound();
    scope(1, |scope| drop(scope.submit(|| ()))).unwrap(); // which tells nobody
}

#[test]
fn a_task_says_who_it_is() {
    let _limit = limit();
    let said = Arc::new(Mutex::new(Vec::new()));
    let says = Arc::clone(&said);
    let pool = observed_by(move |event: &Event<'_>| {
        if let (Some(task), EventKind::Submitted) = (event.task, &event.kind) {
            let text = task.to_string();
            says.lock().unwrap().push(text.strip_prefix(&task.id.to_string()).unwrap().to_owned());
        }
    });
    let pool = pool.max_workers(1).build().unwrap();
    drop(pool.submit(|| ()));
    drop(pool.named("BR").submit(|| ()));
    drop(pool.map([1], |n| n));
    drop(pool.named("BR").map([1], |n| n));
    assert_eq!(*said.lock().unwrap(), ["", " BR", " [0]", " BR[0]"]);
}

#[test]
fn names_and_sites_are_those_that_were_given() {
    let _limit = limit();
    let log = Log::default();
    let pool =
        observed_by(log.clone()).max_workers(1).nested_wait(NestedWait::Block).build().unwrap();
    let names = ["", "BR", "a \"b\"\n<c>", "旗🏁\u{0}\u{202e}"];
    let future = Mutex::new(Vec::new());
    for name in names {
        future.lock().unwrap().push(pool.named(name).submit_stoppable(|_| ()));
    }
    drop(future);
    drop(pool);
    let told = log.all();
    for name in names {
        let of_it = told.iter().filter(|told| told.name.as_deref() == Some(name));
        assert_eq!(of_it.clone().count(), 3, "{name:?}");
        assert!(of_it.clone().all(|told| told.site.unwrap().file() == file!()));
        assert!(of_it.clone().all(|told| told.item.is_none()));
    }
}
