//! What several of these files need, beside the words of [`support`](crate::support).

use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use glasspool::{ThreadPoolExecutor, set_unobserved_panic_hook};

use crate::support::Gate;

/// Durations that no clock can add to an instant: they mean for ever.
pub(crate) const HUGE: [Duration; 2] = [Duration::MAX, Duration::from_secs(u64::MAX)];

/// So long that not even a machine that is very busy takes it for what is meant to be prompt.
pub(crate) const PROMPT: Duration = Duration::from_secs(20);

/// Runs so many tasks of which none ends before all of them run at the same time; what each then finds.
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

/// What the hook for panics that nobody looks at hears from now on. It belongs to the whole process.
pub(crate) fn listen() -> Receiver<String> {
    let (tell, heard) = mpsc::channel();
    set_unobserved_panic_hook(Some(Box::new(move |panic| tell.send(panic.message().to_owned()).unwrap())));
    heard
}
