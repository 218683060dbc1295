//! A thread pool you can see through: Python's [`concurrent.futures`], by hand, in safe Rust,
//! written to be read.
//!
//! A [`ThreadPoolExecutor`] takes closures and has a few threads run them; each
//! [`submit`](ThreadPoolExecutor::submit) returns a [`Future`], which is pending, then running,
//! then done, and lends or gives away what the closure returned. To wait for many there are
//! [`map`](ThreadPoolExecutor::map) (the answers in the order of the questions), [`as_completed()`]
//! (in the order in which they end), [`wait()`] (until enough have) and [`first_success()`] (until
//! one is good enough); and a [`map_buffered`](ThreadPoolExecutor::map_buffered) for items without
//! end. To run the tasks yourself, take both halves from [`task()`].
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
//!     println!("{future}: {}", future.result()?); // <Future at 0x… state=finished returned usize>: 5
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What to know
//!
//! - **A panic is a value.** A task that panics ends its future with [`TaskError::Panicked`]; the
//!   worker goes on. If nobody ever looks at that future, the panic is [counted](unobserved_panics)
//!   and a [hook](set_unobserved_panic_hook) sees it. With `panic = "abort"` there are no such
//!   values: the first panic ends the process, as everywhere.
//! - **Only what is pending can be cancelled.** What has begun goes on to its end, as in Python;
//!   but a task that was given a [`StopToken`] can see that it is [asked to
//!   stop](ScopedFuture::request_stop).
//! - **A pool has one owner**, and leaving scope drains and joins it, as Python's `with` does.
//!   There are [other ways](Shutdown), and one [with a
//!   deadline](ThreadPoolExecutor::shutdown_timeout) that reports what still runs.
//! - **A future can be awaited**, by value and by reference, under any runtime: see [`Awaiting`].
//! - **The queue has no bound** unless it is [given one](Builder::queue_capacity): then submits
//!   from outside wait for room.
//! - **A pool's tasks borrow nothing**, because nobody knows when they run. Those of a [`scope()`]
//!   may.
//! - **You can see it.** A pool tells one [`Observer`] of all that happens in it: what is
//!   submitted, started and finished, who waits for whom, which worker idles. With the feature
//!   `timeline` there is a recorder for that, and pictures of what it has kept: charts for the
//!   terminal, SVG, a page that plays the run again, a file for Perfetto, and plain English. With
//!   the feature `tracing`, each task is a span in its submitter's context. Both are off by
//!   default.
//! - **A task may wait for other tasks of its pool**, at any number of workers: its worker runs
//!   what it waits for, or another is added for as long as it waits. What could never end, a cycle,
//!   is found when it closes, and is [`TaskError::Deadlock`], or a panic where there is no error to
//!   return. All of this, its costs, and the other choice are at [`NestedWait`]. Channels, locks
//!   and barriers between tasks are yours to keep free of cycles: nobody sees those.
//!
//! # Who drops what, and on which thread
//!
//! Each thing is dropped once, with no lock of ours held:
//!
//! | what | by whom |
//! |---|---|
//! | what a task has captured, its callbacks, and the wakers that await it | whoever ends it: by running it, losing it, or cancelling it |
//! | its value | its reader; if the handle was gone before the end, whoever ended it |
//! | the payload of its panic | whoever [takes](Panic::take_payload) it, or has the last copy of the error |
//! | an item of a map | the function, which is given it; if it has not begun, whoever cancels it |
//! | the function of a map | the last worker to leave it; if none has begun, whoever cancels it; of a buffered map, the reader if items were left |
//! | an [observer](Observer) | whoever lets go of the last of its pool and that pool's futures |
//! | what is refused | whoever has it back; if a panic says so, the submitter |
//! | a callback that comes late; a waker that is replaced or taken back | whoever calls |
//!
//! Cancelling is done by whoever calls [`cancel`](ScopedFuture::cancel) or
//! [`request_stop`](ScopedFuture::request_stop), closes the pool, breaks it, drops a task, or drops
//! a map (also by being too late for it). If a drop panics, that changes none of this, and nothing
//! else is lost. The panic comes out only where you drop what is your own: a future with its end in
//! it, or what you were handed. In a closure it is the task's panic. (If a task has returned a
//! value already when one of its captures panics, the compiler forgets that value:
//! rust-lang/rust#47949.)
//!
//! # Platforms
//!
//! It needs threads and a monotonic clock from the standard library, and nothing else of the
//! system.
//!
//! - **`fork`** takes no thread along but the one that calls it: in the child a pool's workers are
//!   gone, what was pending is never run, and a lock that one of them held is never released. Make
//!   pools after the fork.
//! - **`panic = "abort"`**: a panic in a task, a callback, a hook or an observer ends the process.
//!   All else is the same.
//! - **No threads** (`wasm32-wasip1`, say): every thread is refused, so `try_submit` gives the
//!   closure back with [`Refusal::Thread`] and `submit` panics; with [`Inline`] the same program
//!   runs in order. Where there is no clock either (`wasm32-unknown-unknown`), pools, maps and
//!   timeouts panic, as [`Instant::now`](std::time::Instant::now) does there; [`task()`] and what
//!   is submitted to [`Inline`] work.
//! - **At the end of `main`** the process ends, and with it every thread that nobody has joined: a
//!   pool in a `static`, or one that was [given up](ThreadPoolExecutor::shutdown_timeout) or
//!   forgotten, does not keep it alive. Python waits there.
//! - **A task that overflows its stack** ends the process, as in any thread (waiting for other
//!   tasks never does so by itself, however deep), and so does a thread-local whose drop panics;
//!   how large the stacks are is an [option](Builder::stack_size).
//! - **Thread names** are cut to 15 bytes on Linux, and to other lengths elsewhere; ours fit
//!   everywhere that we know of.
//!
//! # How to read the source
//!
//! As a story, in this order; each file opens with what lives in it and, where two threads meet,
//! with why that goes well.
//!
//! | step | file | item |
//! |---|---|---|
//! | the life of an answer: pending, running, finished, or cancelled | `future/state.rs` | [`State`](future::state::State) |
//! | who is told when it ends | `future/watchers.rs` | [`Watchers`](future::watchers::Watchers) |
//! | in whose place it waits | `future/keeper.rs` | [`Keeper`](future::keeper::Keeper) |
//! | who is told all that becomes of it | `future/witness.rs` | [`Witness`](future::witness::Witness) |
//! | the place where two threads share it | `future/shared.rs` | [`Shared`](future::shared::Shared) |
//! | a closure meets its promise: the half that is run | `future/task.rs` | [`Task`], made by [`task()`] |
//! | what is known of it beside its work | `label.rs`, `stop.rs` | [`Label`](label::Label), [`StopToken`] |
//! | the half that is read | `future/handle.rs` | [`Future`] |
//! | which may be inside a task, and not for ever: **nesting** | `nesting/waiting.rs`, `future/waiting.rs` | [`Awaited`](nesting::waiting::Awaited), [`await_end`](future::waiting::await_end) |
//! | who waits for what, and whether that is a cycle | `nesting/graph.rs` | [`graph`](nesting::graph) |
//! | how many wait, and how many workers there may be | `nesting/crew.rs` | [`Crew`](nesting::crew::Crew) |
//! | who takes tasks | `executor.rs` | [`Executor`] |
//! | a closure becomes a task, and is given to whoever takes tasks: **submit** | `submit.rs` | [`try_submit`](submit::try_submit) |
//! | a pool takes it | `pool/submitter.rs`, `pool/intake.rs` | [`Submitter`], [`intake`](pool::intake) |
//! | it waits for its turn: **queue** | `pool/queue/mod.rs` | [`Queue`](pool::queue::Queue) |
//! | on which seat somebody will have it in hand | `pool/seats.rs` | [`Seats`](pool::seats::Seats) |
//! | for which there may be no room | `pool/room.rs` | [`Room`](pool::room::Room) |
//! | or goes from hand to hand, to a new worker | `pool/handover.rs` | [`Handover`](pool::handover::Handover) |
//! | somebody runs it: **worker** | `pool/worker.rs` | [`work`](pool::worker::work) |
//! | its outcome is read: **result** | `future/handle.rs` | [`Future::result`] |
//! | what users have it do besides, and the thread it is | `pool/hooks.rs`, `pool/threads.rs` | [`KeptHooks`](pool::hooks::KeptHooks), [`Threads`](pool::threads::Threads) |
//! | it all comes to its end: **shutdown** | `pool/queue/closing.rs` | [`closing`](pool::queue::closing) |
//! | the executor is only these, arranged | `pool/core.rs`, `pool/executor.rs` | [`Core`](pool::core::Core), [`ThreadPoolExecutor`] |
//! | the same once more, for work that borrows | `pool/scope.rs` | [`scope()`] |
//! | waiting for more than one | `many/completions.rs` | [`Completions`](many::completions::Completions), [`as_completed()`], [`wait()`] |
//! | waiting without a thread: **await** | `future/alarm.rs`, `many/awaiting.rs` | [`Alarm`](future::alarm::Alarm), [`Awaiting`] |
//! | one function, many items | `many/map/job.rs` | [`Job`](many::map::job::Job), [`Map`] |
//! | items without end | `many/map/buffered.rs`, `many/map/desk.rs` | [`BufferedMap`] |
//! | all of this can be **seen** | `events/event.rs`, `events/watch.rs` | [`Observer`], [`Watch`](events::watch::Watch) |
//! | who is first, and what becomes of the others | `many/first_success.rs`, `many/cancelling.rs` | [`first_success()`], [`stop_all`](many::cancelling::stop_all) |
//!
//! Imports run one way, and this is the order in which the modules stand below: [`sync`](mod@sync),
//! the one door to threads and locks; [`stop`](mod@stop) and [`label`](mod@label), what goes with a
//! task; [`identity`](mod@identity), who a thread is; [`error`](mod@error), which knows no future;
//! [`nesting`](mod@nesting), which knows who waits for what, and not what a future is;
//! [`future`](mod@future), which knows no pool; [`events`], which tells of both, and is known to
//! the future as a witness only; what is made of events, `timeline` and `spans`, which nothing else
//! knows; [`executor`](mod@executor), the one trait between the two; [`many`] and
//! [`submit`](mod@submit), which know futures and that trait; and [`pool`], which nothing else
//! knows.
//!
//! Beside the source there are these pages: `docs/wake-ups.md` says who sleeps, who wakes them and
//! why no wake-up is lost; `docs/python.md` leads from Python's module to this crate, feature by
//! feature; `docs/misuse.md` shows what the compiler refuses, and what to write instead;
//! `docs/gallery.md` has pictures of runs that teach something, and `docs/trace-format.md` what
//! stands in their files.
//!
//! What two threads may do to each other is written where they meet, at the head of
//! `future/shared.rs`, `future/alarm.rs`, `nesting/crew.rs`, `nesting/graph.rs`,
//! `pool/queue/mod.rs`, `pool/queue/closing.rs`, `pool/room.rs`, `pool/handover.rs` and
//! `many/map/job.rs`; `tests/models` runs these files through a model checker.
//!
//! [`concurrent.futures`]: https://docs.python.org/3/library/concurrent.futures.html

#![forbid(unsafe_code)]

mod sync;

/// The kernel: everything from a submit to its result.
mod kernel {
    pub(crate) mod panics;
    pub(crate) mod error;
    pub(crate) mod state;
    pub(crate) mod backlog;
    pub(crate) mod seams;
    pub(crate) mod staff;
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
pub use kernel::future::{Future, ScopedFuture};
pub use kernel::panics::{
    Panic, UnobservedPanicHook, set_unobserved_panic_hook, unobserved_panics,
};
pub use kernel::pool::ThreadPoolExecutor;
pub use kernel::seams::{BlockedOn, EventKind, PoolId, Shutdown, TaskId};
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
    pub(crate) mod window;
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
