//! What each thread did, as slices of its track: they nest, or do not touch.
//!
//! The spans of a lane are slices already. A submit takes no time, but an arrow must begin inside a
//! slice that takes some. So a submit lasts until the next event of its thread, and at most
//! [`SUBMIT`].

use std::cmp::Reverse;
use std::fmt;

use super::event::{Events, OfTask, tid};
use crate::kernel::event::BlockedOn;
use crate::timeline::run::{Doing, Lane, Marked, Run};

/// Longest slice of a submit, in nanoseconds.
const SUBMIT: u64 = 1_000;

enum What {
    Submit(usize),
    Span(Doing),
}

struct Slice {
    from: u64,
    to: u64,
    level: usize,
    what: What,
    open: bool,
}

pub(super) fn write(run: &Run<'_>, events: &mut Events<'_, '_>) -> fmt::Result {
    for lane in &run.lanes {
        for slice in slices_of(lane) {
            write_slice(run, lane, &slice, events)?;
        }
    }
    Ok(())
}

/// Returns the slices ordered by begin; an inner slice comes behind the one around it.
fn slices_of(lane: &Lane) -> Vec<Slice> {
    let mut slices: Vec<Slice> = submits(lane);
    // An empty track shows that a worker is idle.
    let spans = lane.spans.iter().filter(|span| span.doing != Doing::Idle);
    slices.extend(spans.map(|span| Slice {
        from: span.from,
        to: span.to,
        level: span.level,
        what: What::Span(span.doing),
        open: span.open,
    }));
    slices.sort_by_key(|slice| (slice.from, Reverse(slice.to), slice.level));
    slices
}

fn submits(lane: &Lane) -> Vec<Slice> {
    let mut moments: Vec<u64> = lane.marks.iter().map(|mark| mark.at).collect();
    moments.extend(lane.spans.iter().flat_map(|span| [span.from, span.to]));
    moments.sort_unstable();
    let submitted = lane.marks.iter().filter_map(|mark| match mark.what {
        Marked::Submitted(task) => Some((mark.at, task)),
        _ => None,
    });
    submitted
        .map(|(from, task)| {
            let next = moments.partition_point(|&at| at <= from);
            let longest = from.saturating_add(SUBMIT);
            let to = moments.get(next).map_or(longest, |&at| at.min(longest));
            Slice { from, to, level: usize::MAX, what: What::Submit(task), open: false }
        })
        .collect()
}

fn write_slice(
    run: &Run<'_>,
    lane: &Lane,
    slice: &Slice,
    events: &mut Events<'_, '_>,
) -> fmt::Result {
    let id = |task: usize| run.lives[task].id;
    let (category, name, task) = match slice.what {
        What::Submit(task) => ("submit", format!("submit {}", id(task)), Some(task)),
        What::Span(Doing::Running(task)) => ("run", run.name_of(task).to_string(), Some(task)),
        What::Span(Doing::CallingBack(task)) => {
            ("callback", format!("callback of {}", id(task)), Some(task))
        }
        // The task that ended the wait says more than the one that was waited for.
        What::Span(Doing::Blocked { on, task, by }) => {
            ("blocked", wait(run, on, task), by.or(task))
        }
        What::Span(Doing::Idle) => ("idle", "idle".to_owned(), None),
    };
    let args = Args { of_task: OfTask { run, task }, open: slice.open };
    events.slice(&name, category, (slice.from - run.from, slice.to - run.from), tid(lane), args)
}

fn wait(run: &Run<'_>, on: BlockedOn, task: Option<usize>) -> String {
    match (on, task) {
        (BlockedOn::Task, Some(task)) => format!("wait {}", run.lives[task].id),
        (BlockedOn::Task, None) => "wait".to_owned(),
        (BlockedOn::AnyOf(1), _) => "wait for the last future".to_owned(),
        (BlockedOn::AnyOf(many), _) => format!("wait for any of {many} futures"),
        (BlockedOn::Room, _) => "wait for room".to_owned(),
        (BlockedOn::Shutdown, _) => "wait for the end of the pool".to_owned(),
    }
}

struct Args<'a> {
    of_task: OfTask<'a>,
    open: bool,
}

impl fmt::Display for Args<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.of_task.fmt(f)?;
        match (self.open, self.of_task.task) {
            (true, Some(_)) => f.write_str(",\"end\":\"not recorded\""),
            (true, None) => f.write_str("\"end\":\"not recorded\""),
            (false, _) => Ok(()),
        }
    }
}
