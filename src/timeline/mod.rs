//! Records what a pool does, and draws it: a recorder of events, and views of the recorded run.
//!
//! *This module exists with the feature `timeline`, which is off by default.*
//!
//! A [`Recorder`] is an [`Observer`](crate::Observer) that keeps events up to a bound.
//! [`Recorder::trace`] returns them as a [`Trace`], which can be [written](Trace::write) to a file
//! and [read](Trace::read) back. Every view is drawn from a trace and implements `Display`:
//!
//! | view | what it is |
//! |---|---|
//! | [`Gantt`] | a chart of characters for a terminal |
//! | [`Svg`] | one picture, for a page or for print |
//! | [`Page`] | one HTML page that replays the run, offline |
//! | [`ChromeTrace`] | a file for Perfetto or `chrome://tracing` |
//! | [`Narration`] | plain English, one line per event; a [`Narrator`] writes it live |
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use glasspool::ThreadPoolExecutor;
//! use glasspool::timeline::{Gantt, Narration, Recorder, Svg};
//!
//! let recorder = Arc::new(Recorder::default());
//! let pool =
//!     ThreadPoolExecutor::builder().max_workers(2).observer(Arc::clone(&recorder)).build()?;
//! pool.named("nap").map(1..=3, |n| std::thread::sleep(Duration::from_millis(n))).for_each(drop);
//! drop(pool);
//!
//! let trace = recorder.trace().with_title("three naps on two workers");
//! print!("{}", Gantt::of(&trace));
//! print!("{}", Narration::of(&trace));
//! let picture = Svg::of(&trace).to_string();
//! assert!(picture.starts_with("<svg "));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! For readers of the source: the [recorder](mod@recorder) fills a [trace](mod@trace), and the
//! [file](mod@file) format reads and writes it. [`run`] works out from the trace what each thread
//! and each task did, and the figures. The views draw what `run` found.

pub(crate) mod trace;
pub(crate) mod recorder;
pub(crate) mod file;
pub(crate) mod run;
mod harmless;
mod words;
mod terminal;
mod gantt;
mod svg;
mod page;
mod chrome;
mod narration;

pub use chrome::ChromeTrace;
pub use file::ReadError;
pub use gantt::Gantt;
pub use narration::{Narration, Narrator};
pub use page::Page;
pub use recorder::Recorder;
pub use run::figures::Figures;
pub use run::what_if::WhatIf;
pub use svg::Svg;
pub use trace::{Entry, Task, Thread, Trace};
