//! What the library promises, as tests that can be read from top to bottom.
//!
//! The modules below are the table of contents, in the order of a future's life, then of a pool's.
//! Three words of [`support`] come back: a [`limit`](support::limit) turns a hang into a failure, a
//! [`Gate`](support::Gate) holds a task where the test wants it, and [`Drops`](support::Drops) count
//! what was dropped. `tests/ROWS.md` lists what the suites of others check, and our test of it.

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
mod recorder;
mod trace_files;

mod races;
mod mixed;
mod regressions;
mod types;
mod rows;
mod diagrams;
