//! A thread pool you can see through: Python's [`concurrent.futures`], by hand, in safe Rust,
//! written to be read.
//!
//! A [`ThreadPoolExecutor`] runs closures on a few threads. Each
//! [`submit`](ThreadPoolExecutor::submit) returns a [`Future`], which is pending, then running,
//! then done, and lends or moves out what the closure returned. To wait for many futures there are
//! [`map`](ThreadPoolExecutor::map) (results in the order of the items), [`as_completed()`] (in the
//! order of completion), [`wait()`] (until enough have ended) and [`first_success()`] (until one is
//! good enough); and [`map_buffered`](ThreadPoolExecutor::map_buffered) for endless input. To run
//! tasks yourself, take both halves from [`task()`].
//!
//! ```
//! use glasspool::{ThreadPoolExecutor, as_completed};
//!
//! let pool = ThreadPoolExecutor::new(3)?;
//! let squares: Result<Vec<u64>, _> = pool.map(1..=5, |n| n * n).collect();
//! assert_eq!(squares?, [1, 4, 9, 16, 25]);
//!
//! let futures = ["to be", "or not"].map(|words| pool.submit(move || words.len()));
//! for future in as_completed(&futures) {
//!     println!("{future}: {}", future.result()?); // <Future at 0x… state=finished …>: 5
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What to know
//!
//! - **A panic is a value.** A task that panics ends its future with [`TaskError::Panicked`]; the
//!   worker goes on. If nobody looks at that future, the panic is [counted](unobserved_panics) and
//!   a [hook](set_unobserved_panic_hook) sees it. With `panic = "abort"` there are no such values:
//!   the first panic ends the process.
//! - **A pending task can be cancelled, a running one cannot**, as in Python; but a task that was
//!   given a [`StopToken`] can see that it is [asked to stop](ScopedFuture::request_stop).
//! - **A pool has one owner**, and leaving scope drains and joins it, as Python's `with` does.
//!   There are [other ways](Shutdown), and one [with a
//!   deadline](ThreadPoolExecutor::shutdown_timeout) that reports what still runs.
//! - **A future can be awaited**, by value and by reference, under any runtime: see [`Awaiting`].
//! - **The queue is unbounded** unless it has a [capacity](Builder::queue_capacity): then submits
//!   from outside wait for room.
//! - **A pool's tasks borrow nothing**, because nobody knows when they run. Tasks of a [`scope()`]
//!   may borrow.
//! - **You can see it.** A pool tells one [`Observer`] what happens in it: what is submitted,
//!   started and finished, which thread waits for which task, which worker is idle. With the
//!   feature `timeline` there are a recorder and its views: charts for the terminal, SVG, a page
//!   that replays the run, a file for Perfetto, and plain English. With the feature `tracing`, each
//!   task is a span in its submitter's context. Both are off by default.
//! - **A task may wait for other tasks of its pool**, with any number of workers: its worker runs
//!   what it waits for, or a spare worker stands beside it meanwhile. A cycle of waits is found
//!   when it closes, and is [`TaskError::Deadlock`], or a panic where there is no error to return.
//!   The costs and the other choice are at [`NestedWait`]. Channels, locks and barriers between
//!   tasks are not futures, and their cycles are not found.
//!
//! # Who drops what, and on which thread
//!
//! Each thing is dropped once, while no lock of the crate is held:
//!
//! | what | dropped by |
//! |---|---|
//! | what a task has captured, its callbacks, and the wakers that await it | the thread that ends the task: that runs, loses or cancels it |
//! | the value | its reader; if the handle was gone before the end, the thread that ended the task |
//! | the payload of a panic | the caller that [takes](Panic::take_payload) it, or whoever has the last copy of the error |
//! | an item of a map | the function, which is given it; if it has not begun, the thread that cancels it |
//! | the function of a map | the last worker to leave the map; if none has begun, the thread that cancels it; of a buffered map, the reader if items were left |
//! | an [observer](Observer) | the thread that drops the last of its pool and that pool's futures |
//! | what is refused | the caller that has it back; if a panic says so, the submitter |
//! | a callback that comes late; a waker that is replaced or taken back | the caller |
//!
//! A task is cancelled by [`cancel`](ScopedFuture::cancel) and
//! [`request_stop`](ScopedFuture::request_stop), by closing or breaking its pool, by dropping the
//! task, and by dropping its map (also when the map's time is up). If a drop panics, that changes
//! none of this, and nothing else is lost. The panic comes out where you drop what is your own: a
//! future that has its outcome, or what you were handed. In a closure it is the task's panic. (If a
//! task has returned a value already when one of its captures panics, the compiler forgets that
//! value: rust-lang/rust#47949.)
//!
//! # Platforms
//!
//! The crate needs threads and a monotonic clock from the standard library, and nothing else of the
//! system.
//!
//! - **`fork`** keeps only the thread that calls it: in the child the workers are gone, pending
//!   tasks never run, and a lock that a worker held is never released. Make pools after the fork.
//! - **`panic = "abort"`**: a panic in a task, a callback, a hook or an observer ends the process.
//! - **No threads** (`wasm32-wasip1`, say): every thread is refused, so `try_submit` returns the
//!   closure with [`Refusal::Thread`] and `submit` panics; with [`Inline`] the same program runs in
//!   order. Where there is no clock either (`wasm32-unknown-unknown`), pools, maps and timeouts
//!   panic, as [`Instant::now`](std::time::Instant::now) does there; [`task()`] works.
//! - **At the end of `main`** the process ends, with every thread that nobody has joined: a pool in
//!   a `static`, or one that was [given up](ThreadPoolExecutor::shutdown_timeout) or forgotten,
//!   does not keep it alive. Python waits there.
//! - **A task that overflows its stack** ends the process, as in any thread, and so does a
//!   thread-local whose drop panics. A nested wait runs tasks inline until half of the worker's
//!   [stack](Builder::stack_size) is used.
//! - **Thread names** are cut to 15 bytes on Linux, and to other lengths elsewhere.
//!
//! # How to read the source
//!
//! The **kernel** is the course: what happens from a submit to its result. Read it in this order;
//! each file opens with what lives there and, where two threads meet, with why that goes well.
//!
//! | step | file | item |
//! |---|---|---|
//! | the life of a task: pending, running, finished or cancelled | `kernel/state.rs` | [`State`](kernel::state::State) |
//! | the place where two threads share it | `kernel/cell.rs` | [`Cell`](kernel::cell::Cell) |
//! | a worker is hired, claims a task, runs it, and repeats | `kernel/worker.rs` | [`hire`](kernel::worker::hire) |
//! | a task waits for its turn, a worker for a task | `kernel/queue.rs`, `kernel/queue_state.rs`, `kernel/backlog.rs` | [`Queue`](kernel::queue::Queue), [`Backlog`](kernel::backlog::Backlog) |
//! | the half that runs | `kernel/task.rs`, `kernel/meta.rs` | [`task()`], [`TaskMeta`](kernel::meta::TaskMeta) |
//! | the half that is read | `kernel/future.rs` | [`Future`] |
//! | everyone who wants to be told, in one list | `kernel/waiters.rs` | [`Waiters`](kernel::waiters::Waiters) |
//! | who works, and who stands in for a blocked worker | `kernel/staff.rs` | [`Staff`](kernel::staff::Staff), [`current_worker`] |
//! | the three seams for the layers | `kernel/seams.rs` | [`Listener`](kernel::seams::Listener), [`Blocker`](kernel::seams::Blocker), [`WorkerHooks`](kernel::seams::WorkerHooks) |
//! | steps that are told, and the numbers of pools and tasks | `kernel/event.rs`, `kernel/id.rs` | [`EventKind`], [`TaskId`] |
//! | user code is caught, and a panic is a value | `kernel/panics.rs`, `kernel/error.rs` | [`Panic`], [`TaskError`] |
//! | all of these, arranged | `kernel/pool.rs` | [`ThreadPoolExecutor`] |
//!
//! The **layers** stand on the seams. Each knows the kernel, and the kernel does not know them.
//!
//! | layer | file | item |
//! |---|---|---|
//! | options, statistics, closing with a deadline | `options/` | [`Builder`], [`Stats`], [`ShutdownReport`] |
//! | a bounded queue | `bounded.rs` | [`Semaphore`](bounded::Semaphore) |
//! | one submit family for every handle | `submit.rs`, `executor.rs` | [`Submitter`], [`Executor`] |
//! | asking a running task to stop | `stop.rs` | [`StopToken`] |
//! | waiting inside a task: inline runs, the wait-for graph | `nesting/` | [`block`](nesting::blocker::block), [`NestedWait`] |
//! | observing | `observe/` | [`Observer`] |
//! | waiting for many futures, or without a thread | `many/` | [`Completions`](many::completions::Completions), [`Awaiting`] |
//! | one function, many items | `map/` | [`Map`], [`BufferedMap`] |
//! | work that borrows | `scope.rs` | [`scope()`] |
//! | a recorder and its views; spans | `timeline/`, `spans.rs` | features `timeline`, `tracing` |
//!
//! Locks, condition variables, channels and threads come in through one door, [`sync`](mod@sync),
//! so that the models in `tests/models` can run this same source under a model checker.
//!
//! # Glossary
//!
//! | word here | Python | Java | elsewhere in Rust |
//! |---|---|---|---|
//! | pool, executor | `ThreadPoolExecutor` | `ThreadPoolExecutor` | thread pool, runtime |
//! | task: a closure and its outcome | work item | `FutureTask` | job, task |
//! | future: the handle on a task | `Future` | `Future` | join handle |
//! | cell: where both halves meet | `Future` with its condition | `FutureTask` | task header, oneshot channel |
//! | claim: pending → running | `set_running_or_notify_cancel` | `runner` CAS in `run` | transition to running |
//! | complete: running → finished | `set_result`, `set_exception` | `set`, `setException` | complete, send |
//! | collect: the reader takes the outcome | `result` | `get` | join, recv |
//! | waiter | waiter | `WaitNode` | waiter, waker |
//! | worker, worker slot | worker thread | `Worker` | worker |
//! | hand-off: a first task, from hand to hand | – | `firstTask` | rendezvous |
//! | inbox: where tasks wait while all workers are awake | – | submission queue | injector |
//! | ticket: a task's place in the queue | – | – | key of a slab |
//! | settle: leave the queue's lock, waking whom it concerns | `notify` | `signal` | notify |
//! | spare worker, compensation | – | `ManagedBlocker`, spare thread | – |
//! | inline: run what one waits for | – | helping | – |
//! | permit, semaphore: room in a bounded queue | `BoundedSemaphore` | `Semaphore` | semaphore |
//! | listener, hook: what a layer hears | – | `beforeExecute`, `afterExecute` | hook |
//! | blocker: asked before a thread sleeps | – | `ManagedBlocker` | – |
//! | drain: run what is pending, then end | `shutdown(wait=True)` | `shutdown` | graceful shutdown |
//! | last call: close when idle | – | quiescence | – |
//! | lost: claimed by a worker that ended | `BrokenThreadPool` | – | – |
//!
//! # Pages
//!
//! `docs/wake-ups.md` says who sleeps, who wakes them and why no wake-up is lost;
//! `docs/diagrams.md` has the six diagrams of the source side by side; `docs/python.md` leads from
//! Python's module to this crate; `docs/misuse.md` shows what the compiler refuses, and what to
//! write instead; `docs/gallery.md` has pictures of runs, and `docs/trace-format.md` says what
//! their files contain.
//!
//! [`concurrent.futures`]: https://docs.python.org/3/library/concurrent.futures.html

#![forbid(unsafe_code)]

mod sync;

/// The kernel: everything from a submit to its result.
mod kernel {
    pub(crate) mod panics;
    pub(crate) mod error;
    pub(crate) mod state;
    pub(crate) mod id;
    pub(crate) mod event;
    pub(crate) mod backlog;
    pub(crate) mod seams;
    pub(crate) mod staff;
    pub(crate) mod queue_state;
    pub(crate) mod queue;
    pub(crate) mod meta;
    pub(crate) mod waiters;
    pub(crate) mod cell;
    pub(crate) mod future;
    pub(crate) mod task;
    pub(crate) mod worker;
    pub(crate) mod pool;
}
pub use kernel::error::{
    Broken, CancelReason, Deadlock, Refusal, Refused, ShutdownError, TaskError, TimedOut,
};
pub use kernel::event::{BlockedOn, EventKind, Shutdown};
pub use kernel::future::{Future, ScopedFuture};
pub use kernel::id::{PoolId, TaskId};
pub use kernel::panics::{
    Panic, UnobservedPanicHook, set_unobserved_panic_hook, unobserved_panics,
};
pub use kernel::pool::ThreadPoolExecutor;
pub use kernel::staff::{Worker, current_worker};
pub use kernel::state::Ending;
pub use kernel::task::{ScopedTask, Task, task};

mod stop;
pub use stop::StopToken;

/// Waiting for a task inside another.
mod nesting {
    pub(crate) mod policy;
    pub(crate) mod graph;
    pub(crate) mod blocker;
}
pub use nesting::policy::NestedWait;

mod bounded;

/// What can be seen of a pool while it works.
mod observe {
    pub(crate) mod event;
    pub(crate) mod observer;
}
pub use observe::event::{Event, Observer, TaskInfo};

/// The options of a pool, and what it tells of itself.
mod options {
    pub(crate) mod builder;
    pub(crate) mod stats;
    pub(crate) mod report;
}
pub use options::builder::{BuildError, Builder};
pub use options::report::{ShutdownReport, StillRunning};
pub use options::stats::Stats;

mod executor;
pub use executor::{Executor, Inline};

mod submit;
pub use submit::{Named, Submitter};

/// Waiting for more than one future.
mod many {
    pub(crate) mod places;
    pub(crate) mod waitable;
    pub(crate) mod completions;
    pub(crate) mod timed;
    pub(crate) mod as_completed;
    pub(crate) mod wait;
    pub(crate) mod cancelling;
    pub(crate) mod first_success;
    pub(crate) mod awaiting;
}
pub use many::as_completed::{AsCompleted, as_completed};
pub use many::awaiting::Awaiting;
pub use many::first_success::{NoSuccess, first_success};
pub use many::timed::Timed;
pub use many::wait::{DoneAndNotDone, ReturnWhen, wait};
pub use many::waitable::Waitable;

/// One function, many items.
mod map {
    pub(crate) mod tally;
    pub(crate) mod job;
    pub(crate) mod eager;
    pub(crate) mod buffered;
}
pub use map::buffered::{BufferedMap, ScopedBufferedMap};
pub use map::eager::{Map, ScopedMap};

mod scope;
pub use scope::{Scope, scope};

#[cfg(feature = "timeline")]
pub mod timeline;
#[cfg(feature = "tracing")]
mod spans;
#[cfg(feature = "tracing")]
pub use spans::Spans;

/// The README's code runs as a test.
#[cfg(all(doctest, feature = "timeline"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// And so does that of the pages beside it.
#[cfg(doctest)]
#[doc = include_str!("../docs/python.md")]
struct Python;

#[cfg(doctest)]
#[doc = include_str!("../docs/misuse.md")]
struct Misuse;
