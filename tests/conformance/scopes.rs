//! SCP: tasks that borrow, and a scope that does not return before the last of them has ended.

use std::collections::BTreeSet;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;

use glasspool::{BuildError, Refusal, Scope, TaskError, scope, unobserved_panics};

use crate::common::listen;
use crate::support::{Gate, Tally, alone, let_others_block, panic_of, within, words};

/// The next of numbers that look like chance, and are the same every time.
fn lcg(seed: &mut u32) -> u32 {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *seed
}

/// Does it in a task of a task of a task…
fn nest<'scope>(s: &Scope<'scope, '_>, depth: usize, last: impl FnOnce() + Send + 'scope) {
    if depth == 0 {
        return last();
    }
    let inner = s.clone();
    drop(s.submit(move || nest(&inner, depth - 1, last)));
}

#[test]
fn scp_01_an_empty_scope_returns() {
    within(|| {
        scope(1, |_| ()).unwrap();
        assert_eq!(scope(0, |_| ()).unwrap_err(), BuildError::NoWorkers);
    });
}

#[test]
fn scp_01_a_scope_returns_what_its_body_returns() {
    within(|| {
        assert_eq!(scope(2, |_| 22).unwrap(), 22);
        assert_eq!(scope(2, |s| s.submit(|| 22).into_result()).unwrap().unwrap(), 22);
    });
}

#[test]
fn scp_02_two_tasks_may_borrow_the_same_frame() {
    within(|| {
        let total = AtomicU32::new(0);
        scope(2, |s| {
            drop(s.submit(|| total.fetch_add(1, SeqCst)));
            drop(s.submit(|| total.fetch_add(10, SeqCst)));
        })
        .unwrap();
        assert_eq!(total.into_inner(), 11);
    });
}

#[test]
fn scp_02_each_task_may_have_a_part_of_the_frame_to_itself() {
    within(|| {
        let mut slots = [0; 10];
        scope(3, |s| {
            for (n, slot) in slots.iter_mut().enumerate() {
                drop(s.submit(move || *slot = n * n));
            }
        })
        .unwrap();
        assert_eq!(slots, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
    });
}

#[test]
fn scp_02_a_map_may_borrow_its_items_and_its_function() {
    within(|| {
        let (texts, suffix) = (["one", "two", "three"].map(String::from), String::from("!"));
        let longest = scope(2, |s| {
            let shouted = s.map(&texts, |text| format!("{text}{suffix}").len());
            shouted.map(Result::unwrap).max()
        });
        assert_eq!(longest.unwrap(), Some(6));
    });
}

#[test]
fn scp_03_divide_and_conquer_reaches_every_leaf_once() {
    fn divide<'scope>(s: &Scope<'scope, '_>, leaves: &'scope AtomicUsize, size: usize) {
        if size == 1 {
            leaves.fetch_add(1, SeqCst);
            return;
        }
        for half in [size / 2, size - size / 2] {
            let inner = s.clone();
            drop(s.submit(move || divide(&inner, leaves, half)));
        }
    }
    within(|| {
        for workers in [1, 4] {
            let leaves = AtomicUsize::new(0);
            scope(workers, |s| divide(s, &leaves, 1024)).unwrap();
            assert_eq!(leaves.into_inner(), 1024);
        }
    });
}

struct Node {
    visits: u32,
    children: Vec<Node>,
}

impl Node {
    fn grown(depth: u32, seed: &mut u32) -> Self {
        let children = if depth == 0 { 0 } else { 1 + lcg(seed) % 6 };
        Self { visits: 0, children: (0..children).map(|_| Self::grown(depth - 1, seed)).collect() }
    }

    fn visit<'scope>(&'scope mut self, s: &Scope<'scope, '_>) {
        self.visits += 1;
        for child in &mut self.children {
            let inner = s.clone();
            drop(s.submit(move || child.visit(&inner)));
        }
    }

    /// How many there are, all of which must have been visited once.
    fn visited_once(&self) -> usize {
        assert_eq!(self.visits, 1);
        1 + self.children.iter().map(Self::visited_once).sum::<usize>()
    }
}

#[test]
fn scp_03_every_node_of_a_tree_is_visited_once() {
    within(|| {
        let mut root = Node::grown(6, &mut 7);
        scope(3, |s| root.visit(s)).unwrap();
        assert!(root.visited_once() > 100);
    });
}

#[test]
fn scp_04_when_a_scope_returns_the_deepest_of_its_tasks_have_ended() {
    within(|| {
        for workers in [1, 2] {
            let ended = AtomicUsize::new(0);
            scope(workers, |s| {
                for depth in 0..50 {
                    nest(s, depth, || _ = ended.fetch_add(1, SeqCst));
                }
            })
            .unwrap();
            assert_eq!(ended.into_inner(), 50);
        }
    });
}

#[test]
fn scp_04_a_scope_waits_for_a_task_of_a_task() {
    within(|| {
        let (gate, ended) = (Gate::closed(), Tally::default());
        let early = thread::scope(|threads| {
            let scoping =
                threads.spawn(|| scope(2, |s| nest(s, 2, gate.then(|| ended.add()))).unwrap());
            gate.wait_for(1);
            let_others_block();
            let early = scoping.is_finished();
            gate.open();
            scoping.join().unwrap();
            assert_eq!(ended.count(), 1);
            early
        });
        assert!(!early);
    });
}

/// Other than in rayon, what is still pending does not run any more: it is cancelled.
#[test]
fn scp_05_a_panic_of_the_body_comes_out_when_what_runs_has_ended() {
    within(|| {
        let (gate, ran) = (Gate::closed(), Tally::default());
        let (tell, told) = mpsc::channel();
        let text = panic_of(|| {
            scope(1, |s| {
                drop(s.submit(gate.then(|| ran.add())));
                gate.wait_for(1);
                let pending = s.submit(|| ran.add());
                pending.add_done_callback(move |outcome| {
                    tell.send(words(outcome)).unwrap();
                    gate.open();
                });
                panic!("Hello, world!");
            })
        });
        assert_eq!((text.as_str(), ran.count()), ("Hello, world!", 1));
        assert!(told.recv().unwrap().starts_with("task cancelled"));
    });
}

#[test]
fn scp_05_a_body_may_panic_before_it_has_submitted_anything() {
    within(|| assert_eq!(panic_of(|| scope(2, |_| panic!("Hello, world!"))), "Hello, world!"));
}

#[test]
fn scp_06_a_panic_nobody_looks_at_comes_out_and_the_others_run_whichever_was_first() {
    within(|| {
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
    });
}

#[test]
fn scp_06_a_panic_comes_out_of_the_depth_with_its_payload() {
    within(|| {
        let scoping = || scope(2, |s| nest(s, 3, || panic_any(418_u16)));
        let payload = catch_unwind(AssertUnwindSafe(scoping)).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&418_u16));
    });
}

#[test]
fn scp_06_a_panic_comes_out_of_a_scope_in_a_scope() {
    within(|| {
        let text = panic_of(|| {
            scope(1, |outer| {
                drop(outer.submit(|| scope(1, |s| drop(s.submit(|| panic!("Hello, world!"))))));
            })
        });
        assert_eq!(text, "Hello, world!");
    });
}

#[test]
fn scp_06_a_panic_that_was_looked_at_stays_a_value() {
    within(|| {
        let error =
            scope(1, |s| s.submit(|| -> u8 { panic!("Hello, world!") }).into_result().unwrap_err());
        assert!(
            matches!(error.unwrap(), TaskError::Panicked(panic) if panic.message() == "Hello, world!")
        );
    });
}

/// The first to happen comes out, which is not for the hook to hear of; the hook hears of the
/// others.
#[test]
fn scp_09_of_several_panics_none_is_lost() {
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
    });
}

#[test]
fn scp_11_a_parallel_quicksort_sorts() {
    fn sort<'scope>(s: &Scope<'scope, '_>, numbers: &'scope mut [u32]) {
        let Some((&mut pivot, rest)) = numbers.split_last_mut() else { return };
        let mut below = 0;
        for place in 0..rest.len() {
            if rest[place] <= pivot {
                rest.swap(below, place);
                below += 1;
            }
        }
        let last = numbers.len() - 1;
        numbers.swap(below, last);
        let (low, high) = numbers.split_at_mut(below);
        let inner = s.clone();
        drop(s.submit(move || sort(&inner, low)));
        sort(s, &mut high[1..]);
    }
    within(|| {
        let mut seed = 2026_u32;
        let mut numbers: Vec<_> =
            iter::repeat_with(|| lcg(&mut seed) >> 12).take(6 * 1024).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        scope(4, |s| sort(s, &mut numbers)).unwrap();
        assert!(numbers == sorted);
    });
}

#[test]
fn scp_17_a_cancelled_task_counts_as_ended() {
    within(|| {
        let ran = AtomicUsize::new(0);
        scope(1, |s| {
            let gate = Gate::closed();
            drop(s.submit(gate.then(|| ())));
            gate.wait_for(1);
            let pending: Vec<_> = (0..5).map(|_| s.submit(|| ran.fetch_add(1, SeqCst))).collect();
            assert!(pending.iter().all(|future| future.cancel() && future.done()));
        })
        .unwrap();
        assert_eq!(ran.into_inner(), 0);
    });
}

/// The body may use what is borrowed for less; its tasks may not.
#[test]
fn scp_18_a_scope_may_be_static() {
    static SUM: AtomicUsize = AtomicUsize::new(0);
    within(|| {
        let mut range = 0..100;
        let numbers = &mut range;
        scope(2, |s: &Scope<'_, 'static>| {
            for n in numbers {
                drop(s.submit(move || SUM.fetch_add(n, SeqCst)));
            }
        })
        .unwrap();
        assert_eq!(SUM.load(SeqCst), 4950);
    });
}

#[test]
fn scp_18_lifetimes_may_be_mixed() {
    fn increment(counters: &[&AtomicUsize]) {
        scope(2, |s| {
            for &counter in counters {
                drop(s.submit(move || counter.fetch_add(1, SeqCst)));
            }
        })
        .unwrap();
    }
    fn borrows_only(text: &str) {
        scope(1, |s| drop(s.submit(|| _ = text))).unwrap();
    }
    within(|| {
        let counter = AtomicUsize::new(0);
        increment(&[&counter; 100]);
        assert_eq!(counter.into_inner(), 100);
        borrows_only(&String::from("borrowed"));
    });
}

/// A scope is a pool of its own, so it is closed only once its body has panicked; what still runs
/// is refused then.
#[test]
fn scp_19_a_closed_scope_refuses_at_once() {
    within(|| {
        let (tell, told) = mpsc::channel();
        let gate = Gate::closed();
        let text = panic_of(|| {
            scope(1, |s| {
                let inner = s.clone();
                drop(s.submit(gate.then(move || {
                    let refused = inner.try_submit(|| 7).unwrap_err();
                    tell.send(matches!(refused.why(), Refusal::ShutDown)).unwrap();
                    tell.send(refused.into_inner()() == 7).unwrap();
                })));
                gate.wait_for(1);
                s.submit(|| ()).add_done_callback(move |_| gate.open());
                panic!("Hello, world!");
            })
        });
        assert_eq!(
            (text.as_str(), told.iter().collect::<Vec<_>>()),
            ("Hello, world!", vec![true, true])
        );
    });
}

#[test]
fn scp_20_a_task_may_return_what_borrows_from_the_frame() {
    within(|| {
        let text = String::from("  borrowed ");
        let trimmed = scope(1, |s| s.submit(|| text.trim()).into_result().unwrap()).unwrap();
        assert_eq!((trimmed, trimmed.as_ptr()), ("borrowed", text.trim().as_ptr()));
    });
}
