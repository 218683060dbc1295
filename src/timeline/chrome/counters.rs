//! The number of pending tasks and of busy workers, at each change.

use std::fmt;

use super::event::Events;
use crate::timeline::run::{Doing, Lane, Run};

pub(super) fn write(run: &Run<'_>, events: &mut Events<'_, '_>) -> fmt::Result {
    let mut steps = run.queue.iter().peekable();
    while let Some(&(at, depth)) = steps.next() {
        // Of several changes at one time, the last one counts.
        if steps.peek().is_none_or(|next| next.0 > at) {
            events.counter("pending tasks", "pending", at - run.from, depth)?;
        }
    }
    let mut changes: Vec<(u64, isize)> = Vec::new();
    for (_, lane) in run.workers() {
        note_changes(lane, &mut changes);
    }
    changes.sort_unstable();
    let mut busy = 0_isize;
    let mut steps = changes.iter().peekable();
    while let Some(&(at, change)) = steps.next() {
        busy += change;
        if steps.peek().is_none_or(|next| next.0 > at) {
            events.counter(
                "busy workers",
                "busy",
                at - run.from,
                usize::try_from(busy).unwrap_or(0),
            )?;
        }
    }
    Ok(())
}

/// Notes when a worker begins and stops working; it does not work while it waits inside a task.
fn note_changes(lane: &Lane, changes: &mut Vec<(u64, isize)>) {
    // For each span around the next one: whether the worker works in it.
    let mut outer: Vec<isize> = Vec::new();
    for span in &lane.spans {
        outer.truncate(span.level);
        let around = outer.last().copied().unwrap_or(0);
        let works = match span.doing {
            Doing::Running(_) => 1,
            Doing::CallingBack(_) => around,
            Doing::Blocked { .. } | Doing::Idle => 0,
        };
        if works != around {
            changes.extend([(span.from, works - around), (span.to, around - works)]);
        }
        outer.push(works);
    }
}
