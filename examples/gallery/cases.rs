//! The runs of the gallery: each a pool, some tasks, and one thing to see.
//!
//! They come in pairs that differ in one line. A task sleeps for some milliseconds or asks a
//! server, so that a run looks the same on any machine. [`claims`](super::claims) checks what each
//! run must show.

use std::error::Error;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use glasspool::timeline::Recorder;
use glasspool::{Builder, NestedWait, Shutdown, ThreadPoolExecutor, as_completed};

use crate::common::client::Client;
use crate::common::countries::POP20;
use crate::common::server::FlagServer;
use crate::common::server::fate::{LIMIT, Label, Plan};

/// A run, with the name and the title under which it is kept.
pub struct Case {
    pub name: &'static str,
    pub title: &'static str,
    pub run: fn(&Watched) -> Result<(), Box<dyn Error>>,
}

pub const CASES: [Case; 12] = [
    Case {
        name: "in-order",
        title: "map: five results wait behind the slow first",
        run: |watched| {
            let pool = watched.pool(3).build()?;
            pool.named("item").map(SLOW_FIRST, nap).for_each(drop);
            Ok(())
        },
    },
    Case {
        name: "as-completed",
        title: "as_completed: each result is read as soon as it is there",
        run: |watched| {
            let pool = watched.pool(3).build()?;
            // The names that `map` gives its items.
            let futures = (0..).zip(SLOW_FIRST).map(|(item, length)| {
                pool.named(format!("item[{item}]")).submit(move || nap(length))
            });
            for future in as_completed(futures) {
                future.into_result()?;
            }
            Ok(())
        },
    },
    Case {
        name: "longest-last",
        title: "The longest task comes last, and everyone waits for it",
        run: |watched| many(watched, &LONG_TAIL),
    },
    Case {
        name: "longest-first",
        title: "The same tasks, the longest first",
        run: |watched| {
            let mut longest_first = LONG_TAIL;
            longest_first.sort_unstable_by(|one, other| other.cmp(one));
            many(watched, &longest_first)
        },
    },
    Case {
        name: "nested-block",
        title: "NestedWait::Block: every worker waits for tasks that wait for a worker",
        run: |watched| nested(watched, NestedWait::Block),
    },
    Case {
        name: "nested-inline",
        title: "NestedWait::RunInline: a waiting worker runs the task it waits for",
        run: |watched| nested(watched, NestedWait::RunInline),
    },
    Case {
        name: "unbounded",
        title: "Without a bound, all tasks wait in the queue",
        run: |watched| submit_many(watched.pool(2)),
    },
    Case {
        name: "bounded",
        title: "With a queue for four tasks, the submitter waits for room",
        run: |watched| submit_many(watched.pool(2).queue_capacity(4)),
    },
    Case {
        name: "limited-server-4",
        title: "A server that answers four at once, and four workers",
        run: |watched| download(watched, LIMIT),
    },
    Case {
        name: "limited-server-20",
        title: "The same server, and twenty workers",
        run: |watched| download(watched, 20),
    },
    Case {
        name: "drain",
        title: "Shutdown::Drain: pending tasks are run first",
        run: |watched| close(watched, Shutdown::Drain),
    },
    Case {
        name: "cancel",
        title: "Shutdown::CancelPending: pending tasks are cancelled at once",
        run: |watched| close(watched, Shutdown::CancelPending),
    },
];

/// Lengths of tasks in milliseconds, as all lengths here.
const SLOW_FIRST: [u64; 6] = [250, 50, 50, 50, 50, 50];

const LONG: u64 = 240;

const LONG_TAIL: [u64; 13] = [40, 60, 40, 50, 60, 40, 50, 40, 60, 50, 40, 60, LONG];

/// Makes pools that this recorder observes.
pub struct Watched(pub Arc<Recorder>);

impl Watched {
    fn pool(&self, workers: usize) -> Builder {
        ThreadPoolExecutor::builder().max_workers(workers).observer(Arc::clone(&self.0))
    }
}

fn nap(milliseconds: u64) -> u64 {
    sleep(Duration::from_millis(milliseconds));
    milliseconds
}

fn many(watched: &Watched, lengths: &[u64]) -> Result<(), Box<dyn Error>> {
    let pool = watched.pool(3).build()?;
    let futures: Vec<_> = lengths
        .iter()
        .map(|&length| {
            let name = if length == LONG { "long" } else { "job" };
            pool.named(name).submit(move || nap(length))
        })
        .collect();
    for future in as_completed(futures) {
        future.into_result()?;
    }
    Ok(())
}

/// Runs tasks that each wait for a pending one; with a deadline where the wait could not end.
fn nested(watched: &Watched, policy: NestedWait) -> Result<(), Box<dyn Error>> {
    let pool = watched.pool(2).nested_wait(policy).build()?;
    let outer = [0, 1].map(|_| {
        let submitter = pool.submitter();
        pool.named("outer").submit(move || {
            nap(30);
            let inner = submitter.named("inner").submit(|| nap(60));
            match policy {
                NestedWait::Block => inner.result_timeout(Duration::from_millis(150)).is_ok(),
                _ => inner.result().is_ok(),
            };
            nap(30)
        })
    });
    for future in outer {
        future.into_result()?;
    }
    Ok(())
}

fn submit_many(pool: Builder) -> Result<(), Box<dyn Error>> {
    let pool = pool.build()?;
    let futures: Vec<_> = (0..16).map(|_| pool.named("job").submit(|| nap(40))).collect();
    for future in as_completed(futures) {
        future.into_result()?;
    }
    Ok(())
}

fn download(watched: &Watched, workers: usize) -> Result<(), Box<dyn Error>> {
    let server = FlagServer::start(Plan::new(Label::Limit), None)?;
    let client = Client::new(&server.url(), Duration::from_secs(5));
    let pool = watched.pool(workers).build()?;
    for flag in
        pool.named("flag").map(POP20, move |code| client.get_flag(code).map(|flag| flag.len()))
    {
        flag?.map_err(|failure| failure.to_string())?;
    }
    Ok(())
}

fn close(watched: &Watched, how: Shutdown) -> Result<(), Box<dyn Error>> {
    let pool = watched.pool(2).build()?;
    let futures: Vec<_> = (0..8).map(|_| pool.named("job").submit(|| nap(80))).collect();
    nap(110);
    pool.shutdown(how)?;
    drop(futures);
    Ok(())
}
