//! A second opinion: what the test suites of others ask of a pool, asked of this one.
//!
//! `CPython`, the JDK, rayon, tokio, crossbeam, std and `threadpool` each hold their own pools to
//! behaviours that a user may well expect of any. They are collected in a checklist, and the name
//! of a test here begins with the row that it answers. Where `tests/spec` says what this library
//! promises, in its own words, this suite follows those others, with their counts and their order
//! of events, and knows the library by its public interface alone; so the two check each other.
//!
//! `regressions.rs` has what went wrong in `CPython`'s own pool, under the numbers of its tracker.
//!
//! # Answered differently, on purpose
//!
//! | row | here |
//! |---|---|
//! | RES-09 | a result is waited for with a duration, which is never negative |
//! | RES-14 | asking without waiting lends the value, so it can be asked again; what moves it out takes the handle |
//! | CAN-09 | there is nothing to purge: a task that is cancelled leaves the queue at once |
//! | CBK-09 | callbacks that were added before the end run before the future is done, with the outcome in hand |
//! | PAN-04 | a panic that nobody looks at never aborts the process |
//! | WAI-01, ASC-03 | a future given twice is two entries, as each may have a key of its own |
//! | ASC-16 | a stream of ends cancels nothing when it is dropped; a map does, and so does `first_success` |
//! | MAP-03 | a result is a `Result`, so the iteration goes on after a failed item |
//! | MAP-06 | dropping a map cancels the rest whether or not it was iterated |
//! | SCP-05 | if the body of a scope panics, what is still pending is cancelled and does not run |
//! | SCP-19 | a scope is a pool of its own: it is closed only when its body has panicked |
//! | SHD-14 | what never ran is cancelled, not handed back, and counted in the report |
//! | SHD-27 | whoever waits until a pool is idle closes it with that |
//! | WRK-05 | the default is Python's, not the number of cores |
//! | DRP-01 | captures are dropped before the future is done, not soon after |
//! | FLT-01 | threads start on demand, so a submit fails, not the build |
//! | ANY-01 | there is no invoke-all: it is a loop of submits and a `wait`, or a `map` |
//!
//! # Held by the compiler, where it is documented
//!
//! | row | what does not compile | place |
//! |---|---|---|
//! | STA-06 | running a task a second time; there is no other way to complete a future | `src/future/task.rs` |
//! | RES-12 | sharing a handle whose value must not be shared | `src/future/handle.rs` |
//! | RES-15 | moving a value out while it is lent | `src/future/handle.rs` |
//! | TYP-02 | submitting what borrows, or what must stay on its thread | `src/future/task.rs` |
//! | SCP-12 | a borrow that leaves its scope, an `Rc` in a task, one `&mut` in two tasks | `src/pool/scope.rs` |
//! | SCP-21 | submitting to a scope that has ended | `src/pool/scope.rs` |
//!
//! PAN-14 needs a build of its own, with `panic = "abort"`: `tests/abort`. DRP-11 needs a process
//! of its own, whose allocations are counted: `tests/leaks.rs`.
//!
//! # Not applicable
//!
//! | row | reason |
//! |---|---|
//! | MAP-10 | no chunks to choose: the workers take what they can from a map |
//! | SHD-11 | no termination flags: a report says whether all has ended |
//! | WRK-16 | a pool does not change its size |
//! | WRK-17 | workers are not started ahead of the work |
//! | INI-06 | no hooks around each task |
//! | QUE-07 | no caller-runs policy: the closure comes back, and the caller may run it (QUE-01) |
//! | QUE-11 | no priorities, and no pausing |
//! | FLT-06 | naming a thread is not a closure, so it cannot panic |

#[path = "../spec/support.rs"]
#[allow(dead_code, reason = "it has the words of another suite too")]
mod support;

#[path = "../spec/common.rs"]
#[allow(dead_code, reason = "it has the words of another suite too")]
mod common;

mod submitting;
mod counters;
mod time;
mod panics;
mod drops;
mod types;
mod races;
mod states;
mod results;
mod cancelling;
mod callbacks;
mod waiting;
mod completing;
mod unordered;
mod first;
mod awaiting;
mod regressions;
