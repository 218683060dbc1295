//! A pool's life as a picture: a recorder of events, and views of what it has kept.
//!
//! *This module is there with the feature `timeline`, which is off by default.*
//!
//! A [`Recorder`] is an [`Observer`](crate::Observer) that keeps what it is told, up to a bound;
//! [`Recorder::trace`] gives it back as a [`Trace`], which can be [written](Trace::write) to a file
//! and [read](Trace::read) back. Every view is drawn from a trace, and each is a type that displays
//! itself:
//!
//! | view | it is |
//! |---|---|
//! | [`Gantt`] | a chart of characters, for a terminal |
//! | [`Svg`] | one picture, for a page or for paper |
//! | [`Page`] | one page that plays the run again, offline |
//! | [`ChromeTrace`] | a file for Perfetto, or for `chrome://tracing` |
//! | [`Narration`] | plain English, a line an event; a [`Narrator`] says it live |
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use glasspool::ThreadPoolExecutor;
//! use glasspool::timeline::{Gantt, Narration, Recorder, Svg};
//!
//! let recorder = Arc::new(Recorder::default());
//! let pool = ThreadPoolExecutor::builder().max_workers(2).observer(Arc::clone(&recorder)).build()?;
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
//! For readers of the source: the [recorder](mod@recorder) fills a [trace](mod@trace), which the
//! [file](mod@file) format reads and writes; what each thread and each task did is put together
//! from it in [`run`], with the figures that can be read off; and the views only draw that.

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
