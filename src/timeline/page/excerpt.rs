//! The part of a trace that a page plays: its first events, with texts of bounded length. So a page
//! has a bounded size, whatever it is of.
//!
//! It is a trace itself, with the threads and tasks under their own numbers, so whatever can be
//! made of a trace can be made of it.

use std::sync::Arc;
use std::time::Duration;

use crate::kernel::error::{Broken, CancelReason};
use crate::kernel::seams::EventKind;
use crate::timeline::trace::{Entry, Task, Thread, Trace};

/// A browser opens a page of so many in about a second, and nobody steps through more.
const EVENTS: usize = 20_000;
/// In characters. The page shows less of it at most places.
const TEXT: usize = 120;

pub(super) struct Excerpt<'a> {
    pub(super) whole: &'a Trace,
    pub(super) trace: Trace,
}

impl<'a> Excerpt<'a> {
    pub(super) fn of(whole: &'a Trace) -> Self {
        let entries: Vec<Entry> = whole.entries.iter().take(EVENTS).map(shortened).collect();
        // Threads are numbered as they come, so what is behind the last of these has not come yet.
        let come = entries.iter().map(|entry| entry.thread + 1).max().unwrap_or(0);
        let threads = whole
            .threads
            .iter()
            .take(come)
            .map(|Thread { name, worker }| Thread { name: cut(name), worker: *worker });
        let tasks = entries.iter().filter_map(|entry| {
            let id = entry.task?;
            let Task { name, item, submitted_at } = whole.tasks.get(&id)?;
            let name = name.as_deref().map(|name| cut(name).into());
            Some((id, Task { name, item: *item, submitted_at: cut(submitted_at).into() }))
        });
        let trace = Trace {
            title: cut(&whole.title),
            threads: threads.collect(),
            tasks: tasks.collect(),
            entries,
            dropped: whole.dropped,
            breaks_off: whole.breaks_off,
        };
        Self { whole, trace }
    }

    pub(super) fn is_part(&self) -> bool {
        self.trace.entries.len() < self.whole.entries.len()
    }

    /// How much time it covers, and how much there is.
    pub(super) fn times(&self) -> (Duration, Duration) {
        let from = self.whole.entries.first().map_or(0, |entry| entry.at);
        let until = |trace: &Trace| {
            let to = trace.entries.last().map_or(from, |entry| entry.at);
            Duration::from_nanos(to - from)
        };
        (until(&self.trace), until(self.whole))
    }
}

fn shortened(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    if let EventKind::Cancelled(reason) = &mut entry.kind {
        match reason {
            CancelReason::PoolBroke(broken) => *broken = Broken::new(cut(broken.message())),
            CancelReason::Refused(why) => *why = Arc::new(cut(why)),
            CancelReason::ByCaller | CancelReason::ByShutdown | CancelReason::TaskDropped => {}
        }
    }
    entry
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT) {
        Some(_) => text.chars().take(TEXT - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}
