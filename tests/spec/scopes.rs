//! Borrowed work: an executor for the length of one call, whose tasks use data on the caller's
//! stack.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use glasspool::{
    BuildError, Future, Refusal, ReturnWhen, Scope, ScopedFuture, TaskError, ThreadPoolExecutor,
    as_completed, current_worker, scope, task, unobserved_panics, wait,
};

use crate::support::{
    Drops, Gate, LONG, PanicsWhenDropped, Tally, alone, eventually, limit, listen, panic_of, pool,
    thread_name, words,
};

#[test]
fn a_scope_has_a_worker_and_returns_the_value_of_its_body() {
    let _limit = limit();
    let ran = Tally::default();
    assert_eq!(scope(0, |_| ran.add()).unwrap_err(), BuildError::NoWorkers);
    scope(1, |_| assert_eq!(ran.count(), 0)).unwrap();
    assert_eq!(scope(3, |s| s.max_workers() + 1).unwrap(), 4);
    assert_eq!(scope(2, |s| s.submit(|| 22).into_result()).unwrap().unwrap(), 22);
}

#[test]
fn closures_and_values_may_borrow_from_around_the_scope() {
    let _limit = limit();
    let text = String::from("to be or not to be");
    let counter = AtomicUsize::new(0);
    let longest = scope(2, |s| {
        let words = s.submit(|| {
            counter.fetch_add(6, SeqCst);
            text.split(' ').max()
        });
        let adds: ScopedFuture<'_, usize> = s.submit(|| counter.fetch_add(10, SeqCst));
        adds.into_result().unwrap();
        *words.result().unwrap()
    });
    assert_eq!(longest.unwrap(), Some("to"));
    assert_eq!(counter.into_inner(), 16);
}

#[test]
fn tasks_may_change_data_that_they_do_not_share() {
    fn sort<'scope>(s: &Scope<'scope, '_>, numbers: &'scope mut [u64]) {
        if let middle @ 1.. = numbers.len() / 2 {
            let (left, _, right) = numbers.select_nth_unstable(middle);
            let again = s.clone();
            drop(s.submit(move || sort(&again, left)));
            sort(s, right);
        }
    }
    let _limit = limit();
    let mut numbers: Vec<u64> = (0..5_000).map(|n| n * 7919 % 5_003).collect();
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    scope(3, |s| sort(s, &mut numbers)).unwrap();
    assert_eq!(numbers, sorted);
}

/// The body has long returned when the last is submitted.
#[test]
fn a_scope_ends_when_all_tasks_submitted_in_it_have() {
    fn divide<'scope>(s: &Scope<'scope, '_>, left: usize, leaves: &'scope AtomicUsize) {
        if left == 0 {
            leaves.fetch_add(1, SeqCst);
            return;
        }
        for _ in 0..2 {
            let again = s.clone();
            drop(s.submit(move || divide(&again, left - 1, leaves)));
        }
    }
    let _limit = limit();
    for workers in [1, 2, 8] {
        let leaves = AtomicUsize::new(0);
        scope(workers, |s| divide(s, 10, &leaves)).unwrap();
        assert_eq!(leaves.into_inner(), 1024);
    }
}

#[test]
fn a_map_may_borrow_its_items_its_function_and_its_results() {
    let _limit = limit();
    let (words, prefix) = (vec!["to".to_owned(), "be".to_owned()], String::from("> "));
    let initials: Vec<&str> =
        scope(2, |s| s.map(&words, |word| &word[..1]).map(Result::unwrap).collect()).unwrap();
    assert_eq!(initials, ["t", "b"]);
    let quoted: Vec<_> = scope(2, |s| {
        s.map(&words, |word| format!("{prefix}{word}"))
            .timeout(LONG)
            .map(|word| word.unwrap().unwrap())
            .collect()
    })
    .unwrap();
    assert_eq!(quoted, ["> to", "> be"]);
}

#[test]
fn futures_of_borrowed_work_are_waited_for_like_all_others() {
    let _limit = limit();
    let text = String::from("abc");
    scope(2, |s| {
        let futures = [0, 1, 2].map(|n| s.submit(move || n));
        let lengths = s.submit(|| text.len());
        assert_eq!(as_completed(&futures).map(|future| *future.result().unwrap()).sum::<i32>(), 3);
        assert_eq!(wait([&lengths], Some(LONG), ReturnWhen::AllCompleted).done.len(), 1);
        assert_eq!(lengths.result_timeout(LONG).unwrap().unwrap(), &3);
    })
    .unwrap();
}

/// Whichever was submitted first.
#[test]
fn an_unobserved_panic_comes_out_and_the_other_tasks_run() {
    let _limit = limit();
    for (workers, panicking) in [(1, 0), (1, 1), (1, 3), (3, 0), (3, 1), (3, 3)] {
        let (ran, gone_on) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let text = panic_of(|| {
            scope(workers, |s| {
                for n in 0..4 {
                    let ran = &ran;
                    drop(s.submit(move || {
                        assert!(n != panicking, "Hello, world!");
                        ran.fetch_add(1, SeqCst);
                    }));
                }
                gone_on.fetch_add(1, SeqCst);
            })
        });
        assert_eq!(text, "Hello, world!");
        assert_eq!((ran.into_inner(), gone_on.into_inner()), (3, 1));
    }
}

#[test]
fn a_panic_comes_out_of_the_depth_with_its_payload() {
    let _limit = limit();
    let scoping = || {
        scope(2, |s| {
            let inner = s.clone();
            drop(s.submit(move || drop(inner.submit(|| panic_any(418_u16)))));
        })
    };
    let payload = catch_unwind(AssertUnwindSafe(scoping)).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&418_u16));
    let text = panic_of(|| {
        scope(1, |outer| {
            drop(outer.submit(|| scope(1, |s| drop(s.submit(|| panic!("of the inner"))))));
        })
    });
    assert_eq!(text, "of the inner");
}

#[test]
fn an_observed_panic_stays_a_value() {
    let _limit = limit();
    let seen = scope(1, |s| {
        let (tell, told) = mpsc::channel();
        let called_back = s.submit(|| -> u8 { panic!("called back") });
        called_back.add_done_callback(move |outcome| tell.send(words(outcome)).unwrap());
        let read = s.submit(|| -> u8 { panic!("read") });
        [words(read.into_result()), told.recv().unwrap()]
    });
    assert_eq!(seen.unwrap(), ["task panicked: read", "task panicked: called back"]);
}

/// In a process of its own, because the hook and the count belong to a process.
#[test]
fn the_first_of_several_panics_comes_out_and_the_hook_hears_of_the_others() {
    alone(|| {
        let heard = listen();
        let all = ["one", "two", "three", "four", "five"];
        let panicking = |workers| {
            panic_of(|| {
                scope(workers, |s| {
                    for text in all {
                        drop(s.submit(move || panic!("{text}")));
                    }
                })
            })
        };
        assert_eq!(panicking(1), "one");
        assert!(heard.try_iter().eq(all[1..].iter().copied()));
        let first = panicking(3);
        let came: BTreeSet<_> = heard.try_iter().chain([first]).collect();
        assert_eq!(came, all.map(str::to_owned).into());
        assert_eq!(unobserved_panics(), 8);
        let text = panic_of(|| {
            scope(1, |s| -> () {
                drop(s.submit(|| panic!("of a task")));
                panic!("of the body")
            })
        });
        assert_eq!((text.as_str(), unobserved_panics()), ("of the body", 9));
    });
}

#[test]
fn a_body_that_panics_cancels_pending_tasks_and_waits_for_running_ones() {
    let _limit = limit();
    let (gate, ran, drops) = (Gate::closed(), Tally::default(), Drops::default());
    let (way, told) = (gate.way(), Tally::default());
    assert_eq!(panic_of(|| scope(2, |_| panic!("at once"))), "at once");
    thread::scope(|outside| {
        let panics = outside.spawn(|| {
            panic_of(|| {
                scope(1, |s| -> () {
                    let running = s.submit(|| {
                        way.pass();
                        ran.add();
                    });
                    let pending = s.submit(drops.with(|| unreachable!("it was cancelled")));
                    let told = told.clone();
                    pending.add_done_callback(move |outcome: Result<&(), TaskError>| {
                        assert!(matches!(outcome, Err(TaskError::Cancelled(_))));
                        told.add();
                    });
                    drop((running, pending));
                    panic!("of the body")
                })
            })
        });
        gate.wait_for(1);
        eventually(|| told.count() == 1); // the panic has come that far
        assert!(!panics.is_finished());
        gate.open();
        assert_eq!(panics.join().unwrap(), "of the body");
    });
    assert_eq!((ran.count(), drops.count(), told.count()), (1, 1, 1));
}

#[test]
fn a_body_that_panics_asks_running_tasks_to_stop() {
    let _limit = limit();
    let text = panic_of(|| {
        scope(1, |s| -> () {
            drop(s.submit_stoppable(|stop| while !stop.wait_timeout(LONG) {}));
            panic!("of the body")
        })
    });
    assert_eq!(text, "of the body");
}

#[test]
fn a_scope_whose_body_has_panicked_refuses_at_once() {
    let _limit = limit();
    let ((tell, told), gate) = (mpsc::channel(), Gate::closed());
    let text = panic_of(|| {
        scope(1, |s| {
            let inner = s.clone();
            drop(s.submit(gate.then(move || {
                let refused = inner.try_submit(|| 7).unwrap_err();
                assert!(matches!(refused.why(), Refusal::ShutDown));
                tell.send(refused.into_inner()()).unwrap();
            })));
            gate.wait_for(1);
            s.submit(|| ()).add_done_callback(move |_| gate.open());
            panic!("of the body");
        })
    });
    assert_eq!((text.as_str(), told.recv()), ("of the body", Ok(7)));
}

#[test]
fn a_cancelled_task_counts_as_ended() {
    let _limit = limit();
    let gate = Gate::closed();
    let way = gate.way();
    scope(1, |s| {
        let running = s.submit(|| way.pass());
        let pending = s.submit(|| unreachable!("it was cancelled"));
        assert!(pending.cancel());
        assert!(words::<()>(pending.into_result()).starts_with("task cancelled"));
        gate.open();
        drop(running);
    })
    .unwrap();
}

#[test]
fn tasks_of_a_scope_run_at_once_on_as_many_workers_as_it_has() {
    let _limit = limit();
    let all = Barrier::new(3);
    let names = Mutex::new(BTreeSet::new());
    let id = scope(3, |s| {
        let workers = [(); 3].map(|()| {
            s.submit(|| {
                all.wait();
                names.lock().unwrap().insert(thread_name());
                current_worker().unwrap()
            })
        });
        assert!(workers.iter().all(|worker| worker.result().unwrap().pool() == s.id()));
        s.id()
    });
    let number = id.unwrap().to_string();
    let number = number.strip_prefix("pool-").unwrap();
    let expected: BTreeSet<_> = (0..3).map(|n| format!("scope-{number}_{n}")).collect();
    assert_eq!(names.into_inner().unwrap(), expected);
}

#[test]
fn five_submits_to_three_fresh_workers_of_a_scope_show_three_running_and_two_pending() {
    let _limit = limit();
    let gate = Gate::closed();
    let way = gate.way();
    scope(3, |s| {
        let futures = [(); 5].map(|()| s.submit(|| way.pass()));
        assert_eq!(futures.each_ref().map(ScopedFuture::running), [true, true, true, false, false]);
        assert_eq!((s.stats().running, s.stats().queued), (3, 2));
        gate.open();
    })
    .unwrap();
}

#[test]
fn a_scope_may_have_options() {
    let _limit = limit();
    let (begun, left) = (Tally::default(), Tally::default());
    let (begins, leaves) = (begun.clone(), left.clone());
    let builder = ThreadPoolExecutor::builder()
        .max_workers(2)
        .thread_name_prefix("inside")
        .keep_alive(Duration::ZERO)
        .initializer(move || begins.add())
        .exit_hook(move || leaves.add());
    let text = String::from("borrowed");
    let (name, length) = builder
        .scope(|s| {
            let name = s.submit(thread_name).into_result().unwrap();
            (name, s.submit(|| text.len()).into_result().unwrap())
        })
        .unwrap();
    assert!(name.starts_with("inside_"));
    assert_eq!((length, begun.count()), (8, left.count()));

    let bounded = ThreadPoolExecutor::builder().queue_capacity(1).scope(|_| ()).unwrap_err();
    assert_eq!(bounded, BuildError::BoundedScope);
    assert_eq!(bounded.to_string(), "a scope has no queue_capacity");
}

#[test]
fn a_scope_whose_initializer_panics_ends_every_future_and_then_itself() {
    let _limit = limit();
    let builder =
        ThreadPoolExecutor::builder().max_workers(1).initializer(|| panic!("no database"));
    let (first, refused) = builder
        .scope(|s| {
            let first = words(s.submit(|| 1).into_result());
            (first, s.try_submit(|| 2).map(|_| ()).map_err(|refused| refused.to_string()))
        })
        .unwrap();
    let broken = "the pool is broken: its initializer panicked: no database";
    assert_eq!(first, format!("task lost with its worker: {broken}"));
    assert_eq!(refused, Err(format!("cannot submit: {broken}")));
}

#[test]
fn tasks_of_a_scope_may_have_names_and_stop_tokens() {
    let _limit = limit();
    scope(1, |s| {
        let named = s.named("BR").submit(|| -> u8 { panic!("no flag") });
        assert_eq!(words(named.into_result()), "task 'BR' panicked: no flag");
        let stoppable = s.named("CN").submit_stoppable(|stop| stop.wait_timeout(LONG));
        assert_eq!(stoppable.name(), Some("CN"));
        eventually(|| stoppable.running());
        assert!(stoppable.request_stop());
        assert!(stoppable.into_result().unwrap());
        assert!(format!("{s:?}").starts_with("Scope { max_workers: 1, workers: 1, idle:"));
    })
    .unwrap();
}

/// Each task knows its own worker.
#[test]
fn scopes_may_stand_inside_each_other_and_inside_tasks() {
    let _limit = limit();
    let pool = pool(1);
    let total = pool.submit(|| {
        let (numbers, before) = ([1, 2, 3], current_worker().unwrap());
        let total = scope(2, |outer| {
            let inside = outer.submit(current_worker).into_result().unwrap().unwrap();
            assert!(inside.pool() == outer.id() && inside != before);
            let halves = numbers.chunks(2).map(|half| {
                outer.submit(move || {
                    scope(1, |inner| inner.submit(|| half.iter().sum::<i32>()).into_result())
                })
            });
            let halves: Vec<_> = halves.collect();
            halves
                .into_iter()
                .map(|half| half.into_result().unwrap().unwrap().unwrap())
                .sum::<i32>()
        });
        assert_eq!(current_worker(), Some(before));
        total
    });
    assert_eq!(total.into_result().unwrap().unwrap(), 6);
}

#[test]
fn captures_and_unread_values_are_gone_when_the_scope_returns() {
    let _limit = limit();
    let drops = Drops::default();
    scope(2, |s| {
        for _ in 0..10 {
            let value = drops.one();
            drop(s.submit(drops.with(move || value)));
        }
    })
    .unwrap();
    assert_eq!(drops.count(), 20);
}

#[test]
fn a_value_that_panics_when_it_is_dropped_does_not_keep_a_scope_from_ending() {
    let _limit = limit();
    let gate = Gate::closed();
    let way = gate.way();
    scope(1, |s| {
        drop(s.submit(|| {
            way.pass();
            PanicsWhenDropped
        }));
        gate.open(); // so it is the worker that drops the value
        assert_eq!(s.submit(|| 1).into_result().unwrap(), 1);
    })
    .unwrap();
}

#[test]
fn a_scope_may_borrow_nothing_and_lifetimes_may_be_mixed() {
    fn for_ever(s: &Scope<'static, 'static>) -> Future<u8> {
        s.submit(|| 1)
    }
    let _limit = limit();
    let _: fn(&Scope<'static, 'static>) -> Future<u8> = for_ever;
    let (long, short) = (String::from("long"), AtomicUsize::new(0));
    let length = scope(1, |s| {
        let inner = scope(1, |t| {
            drop(t.submit(|| short.fetch_add(1, SeqCst)));
            t.submit(|| long.as_str()).into_result().unwrap()
        });
        s.submit(move || inner.unwrap().len()).into_result().unwrap()
    });
    assert_eq!((length.unwrap(), short.into_inner()), (4, 1));
}

/// The body may use what is borrowed for less; its tasks may not.
#[test]
fn a_scope_may_be_static() {
    static SUM: AtomicUsize = AtomicUsize::new(0);
    let _limit = limit();
    let mut range = 0..100;
    let numbers = &mut range;
    scope(2, |s: &Scope<'_, 'static>| {
        for n in numbers {
            drop(s.submit(move || SUM.fetch_add(n, SeqCst)));
        }
    })
    .unwrap();
    assert_eq!(SUM.load(SeqCst), 4950);
}

#[test]
fn a_task_that_borrows_can_be_run_by_any_thread_that_is_in_time() {
    let _limit = limit();
    let text = String::from("abc");
    let (task, future) = task(|| text.len());
    thread::scope(|threads| {
        threads.spawn(|| task.run());
        assert_eq!(future.result().unwrap(), &3);
    });
}
