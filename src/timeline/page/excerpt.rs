//! The part of a trace that a page plays: its first events, with shortened texts, so that the size
//! of a page is bounded.
//!
//! An excerpt is a trace itself; its threads and tasks keep their numbers.

use std::sync::Arc;
use std::time::Duration;

use crate::kernel::error::{Broken, CancelReason};
use crate::kernel::event::EventKind;
use crate::timeline::trace::{Entry, Task, Thread, Trace};

/// Most events of a page: a browser opens such a page in about a second.
const EVENTS: usize = 20_000;
/// Longest text in characters.
const TEXT: usize = 120;

pub(super) struct Excerpt<'a> {
    pub(super) whole: &'a Trace,
    pub(super) trace: Trace,
}

impl<'a> Excerpt<'a> {
    pub(super) fn of(whole: &'a Trace) -> Self {
        let entries: Vec<Entry> = whole.entries.iter().take(EVENTS).map(shortened).collect();
        // Threads are numbered by their first events, so later numbers do not occur in the excerpt.
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

    /// Returns how much time the excerpt covers, and the whole trace.
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
