//! What the library promises, as tests that can be read from top to bottom.
//!
//! The modules below are the table of contents, in the order of a future's life: what it answers in
//! each state, how its value is had, who is told, how it ends otherwise; then who runs it, from an
//! executor of three lines to a pool and its closing; then waiting for more than one; then who is
//! told of all that, and what is kept of it; then the same promises under pressure; and last what
//! the compiler promises.
//!
//! The name of a test is a sentence, and its body the proof. Three words come back in most of them,
//! from [`support`]: [`within`](support::within) turns a hang into a failure, a
//! [`Gate`](support::Gate) holds a task where the test wants it (no test sleeps and hopes), and
//! [`Drops`](support::Drops) count what was dropped.
//!
//! Marks such as `CAN-04` are rows of `tests/ROWS.md`: behaviours to which the test suites of
//! `CPython`, the JDK, rayon, tokio and others hold their own code, and which of the tests below
//! hold this one to them.

mod blocked;
mod common;
mod hears;
mod support;
mod told;
mod visit;

mod states;
mod results;
mod callbacks;
mod cancelling;
mod nesting;
mod nesting_ends;
mod nested_graphs;
mod panics;
mod unobserved;
mod drops;
mod who_drops;
mod from_inside;

mod executors;
mod submitting;
mod handover;
mod workers;
mod hooks;
mod faults;
mod bounds;
mod counting;
mod closing;
mod deadlines;
mod time;
mod last_call;
mod gone;
mod stopping;
mod scopes;

mod maps;
mod buffered;
mod buffered_room;
mod buffered_ends;
mod unordered;
mod as_completed;
mod growing;
mod waiting;
mod first_success;
mod awaiting;
mod who_drops_of_maps;
mod from_hooks;

mod events;
mod waits_told;
mod workers_told;
mod observers;
mod observers_inside;
mod observers_waiting;
mod wakeups;
mod recorder;
mod trace_files;

mod races;
mod mixed;
mod regressions;
mod types;
mod rows;
