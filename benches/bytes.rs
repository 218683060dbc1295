//! How much memory does a pending task take?
//!
//! 131,072 tasks are submitted to a pool whose one worker is held. The table shows the bytes that
//! this allocates, divided by the number of tasks: the task, its entry in the queue, and its
//! handle. Closure and value have 8 bytes each, and the task has no name. The peers are those of
//! the bench `peers`.
//!
//! What it cannot say:
//!
//! - What the system allocator adds to each allocation. (glibc adds 8 bytes and rounds up to a
//!   multiple of 16.)
//! - How much of a queue is unused. A queue that doubles its size is full at a power of two, which
//!   is why the number of tasks is one; at other numbers, up to half of it is unused.
//!
//! ```text
//! cargo bench --bench bytes
//! ```

#![allow(clippy::cast_precision_loss, reason = "a few million bytes fit into a float")]

#[allow(dead_code, unreachable_pub, reason = "the benches share it")]
mod pools;

use std::alloc::System;
use std::env;
use std::io::{self, Write};

use glasspool::ThreadPoolExecutor;
use pools::{Held, Pool, WithChannels};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

/// Counting takes time, which is why this bench is not part of `peers`.
#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TASKS: usize = 1 << 17;

/// Prints how many bytes and allocations each task takes.
fn weigh<P: Pool>(name: &str, tasks: usize) -> io::Result<()> {
    let pool = P::start(1);
    let held = Held::hold(&pool, 1);
    let region = Region::new(COUNTED);
    let mut handles = Vec::with_capacity(tasks);
    handles.extend((0..tasks).map(|number| pool.submit(move || number)));
    let taken = region.change();
    handles.into_iter().chain(held.release()).for_each(|handle| _ = P::read(handle));

    let each = |all: usize| all as f64 / tasks as f64;
    let bytes = each(taken.bytes_allocated - taken.bytes_deallocated);
    let allocations = each(taken.allocations);
    writeln!(io::stdout(), "{name:<21} {bytes:>8.1} {allocations:>12.2}")
}

fn main() -> io::Result<()> {
    let tasks = if env::args().any(|arg| arg == "--test") { 128 } else { TASKS };
    writeln!(io::stdout(), "{:<21} {:>8} {:>12}", "pool", "bytes", "allocations")?;
    weigh::<ThreadPoolExecutor>("glasspool", tasks)?;
    weigh::<WithChannels<threadpool::ThreadPool>>("threadpool + channel", tasks)?;
    weigh::<WithChannels<rayon::ThreadPool>>("rayon + channel", tasks)
}
