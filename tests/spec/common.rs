//! Set-ups that several test files share, beside those of [`support`](crate::support).

use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use glasspool::{BufferedMap, Future, ThreadPoolExecutor, set_unobserved_panic_hook, task};

use crate::support::{Gate, Tally};

/// Durations that no clock can add to an instant: they mean for ever.
pub(crate) const HUGE: [Duration; 2] = [Duration::MAX, Duration::from_secs(u64::MAX)];

/// Longer than a prompt answer takes, even on a very busy machine.
pub(crate) const PROMPT: Duration = Duration::from_secs(20);

/// The outcomes of so many tasks that all run at the same time.
pub(crate) fn at_once<T: Send + 'static>(
    pool: &ThreadPoolExecutor,
    tasks: usize,
    found: fn() -> T,
) -> Vec<T> {
    let barrier = Arc::new(Barrier::new(tasks));
    let meet = |_| {
        let barrier = Arc::clone(&barrier);
        pool.submit(move || {
            barrier.wait();
            found()
        })
    };
    let futures: Vec<_> = (0..tasks).map(meet).collect();
    futures.into_iter().map(|future| future.into_result().unwrap()).collect()
}

/// A pool with room for so many pending tasks, whose only worker stands at a gate.
pub(crate) fn held_with_room_for(tasks: usize) -> (ThreadPoolExecutor, Gate) {
    let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(tasks).build().unwrap();
    let gate = Gate::closed();
    drop(pool.submit(gate.then(|| ())));
    gate.wait_for(1);
    (pool, gate)
}

/// A pool whose only worker breaks it when the gate is opened.
pub(crate) fn about_to_break() -> (ThreadPoolExecutor, Gate) {
    let gate = Gate::closed();
    let way = gate.way();
    let breaking = ThreadPoolExecutor::builder().max_workers(1).initializer(move || {
        way.pass();
        panic!("no database");
    });
    (breaking.build().unwrap(), gate)
}

/// The messages of unobserved panics from now on. The hook belongs to the whole process.
pub(crate) fn listen() -> Receiver<String> {
    let (tell, heard) = mpsc::channel();
    set_unobserved_panic_hook(Some(Box::new(move |panic| {
        tell.send(panic.message().to_owned()).unwrap();
    })));
    heard
}

/// Holds that a time counts from the call, and not from the question: whatever times out, it has
/// had its time before it is asked. The best of five, as whatever is late beyond that is the
/// machine's affair.
pub(crate) fn counts_from_the_call<I>(
    call: impl Fn() -> I,
    times_out: impl Fn(I, Duration) -> bool,
) {
    const TIME: Duration = Duration::from_millis(30);
    let (_never_run, pending) = task(|| ());
    let best = (0..5).map(|_| {
        let made = call();
        assert!(pending.result_timeout(TIME).is_err());
        let asked = Instant::now();
        assert!(times_out(made, TIME));
        asked.elapsed()
    });
    let best = best.min().unwrap();
    assert!(best < TIME, "{best:?}");
}

/// Tasks of which none ends sooner than five milliseconds after the one before it.
pub(crate) fn trickling(pool: &ThreadPoolExecutor, tasks: usize) -> Vec<Future<usize>> {
    let work = |n| move || (thread::sleep(Duration::from_millis(5)), n).1;
    (0..tasks).map(|n| pool.submit(work(n))).collect()
}

/// Items that count from zero to this, and how many of them have been taken.
pub(crate) fn counted(items: usize) -> (impl Iterator<Item = usize>, Tally) {
    let taken = Tally::default();
    let count = taken.clone();
    ((0..items).inspect(move |_| count.add()), taken)
}

/// Gates, and a function for a map in which each of the first items passes one of them.
pub(crate) fn gated(gates: usize) -> (Vec<Gate>, impl Fn(usize) -> usize + Send + Sync + 'static) {
    let gates: Vec<_> = (0..gates).map(|_| Gate::closed()).collect();
    let ways: Vec<_> = gates.iter().map(Gate::way).collect();
    let function = move |item: usize| {
        if let Some(way) = ways.get(item) {
            way.pass();
        }
        item
    };
    (gates, function)
}

/// Something that can be copied, but is not without its being noticed.
pub(crate) struct CountsClones(pub(crate) Tally);

impl Clone for CountsClones {
    fn clone(&self) -> Self {
        self.0.add();
        Self(self.0.clone())
    }
}

/// The results of a map in the order of the items, or in the order of their ends.
pub(crate) fn ordered<I: Iterator, T>(map: BufferedMap<I, T>, in_order: bool) -> BufferedMap<I, T> {
    if in_order { map } else { map.unordered() }
}
