//! Checks that a run shows what its picture is meant to show.
//!
//! A busy machine can spoil a run; the gallery then records it again. The tests check the same
//! claims of the runs that are kept, and compare the runs of a pair.

use std::collections::{BTreeMap, BTreeSet};

use glasspool::timeline::{Entry, Trace};
use glasspool::{BlockedOn, CancelReason, Ending, EventKind, TaskId};

/// Checks the claims of a case, and returns the first that does not hold.
pub fn check(case: &str, trace: &Trace) -> Result<(), String> {
    let claims = match case {
        "in-order" => in_order,
        "as-completed" => as_completed,
        "longest-last" => longest_last,
        "longest-first" => longest_first,
        "nested-block" => nested_block,
        "nested-inline" => nested_inline,
        "unbounded" => unbounded,
        "bounded" => bounded,
        "limited-server-4" => limited_server_4,
        "limited-server-20" => limited_server_20,
        "drain" => drain,
        "cancel" => cancel,
        _ => return Err("nothing is known of it".to_owned()),
    };
    claims(trace)
}

fn claim(what: &str, holds: bool) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

const MILLISECOND: u64 = 1_000_000;

fn in_order(trace: &Trace) -> Result<(), String> {
    let (ended, read) = (tasks(trace, is_end), tasks(trace, is_read));
    claim(
        "six results are read in the order of the questions",
        read.len() == 6 && read.is_sorted(),
    )?;
    claim("the first of them comes last", ended.last() == read.first())
}

fn as_completed(trace: &Trace) -> Result<(), String> {
    let (ended, read) = (tasks(trace, is_end), tasks(trace, is_read));
    claim(
        "six results are read in the order in which they come",
        read.len() == 6 && read == ended,
    )?;
    let (ended, read) = (times(trace, is_end), times(trace, is_read));
    let soon = |(task, at): (&TaskId, &u64)| at - ended[task] < 10 * MILLISECOND;
    claim("each is read within 10 ms", read.iter().all(soon))
}

fn longest_last(trace: &Trace) -> Result<(), String> {
    claim(
        "the last that starts is the last that ends",
        last(trace, is_start) == last(trace, is_end),
    )?;
    let mut ends: Vec<u64> = times(trace, is_end).into_values().collect();
    ends.sort_unstable();
    let alone = matches!(ends[..], [.., before, last] if last - before >= 100 * MILLISECOND);
    claim("it runs alone for 100 ms", alone)
}

fn longest_first(trace: &Trace) -> Result<(), String> {
    let (longest, _) =
        lengths(trace).into_iter().max_by_key(|&(_, length)| length).ok_or("something is run")?;
    claim(
        "the longest starts with the first",
        tasks(trace, is_start).iter().take(3).any(|task| *task == longest),
    )?;
    let mut last_ends = BTreeMap::new();
    for entry in all(trace, is_end) {
        last_ends.insert(entry.thread, entry.at);
    }
    let (first, last) = (last_ends.values().min(), last_ends.values().max());
    let apart = last.zip(first).map_or(0, |(last, first)| last - first);
    claim("three workers are done within 60 ms", last_ends.len() == 3 && apart <= 60 * MILLISECOND)
}

fn nested_block(trace: &Trace) -> Result<(), String> {
    let mut blocked = BTreeSet::new();
    let mut starved = false;
    let mut given_up = 0;
    for entry in trace.entries().iter().filter(|entry| is_workers(trace, entry)) {
        match entry.kind {
            EventKind::Blocked(BlockedOn::Task) => drop(blocked.insert(entry.thread)),
            EventKind::Unblocked { by } => {
                blocked.remove(&entry.thread);
                given_up += usize::from(by.is_none());
            }
            _ => {}
        }
        starved |= blocked.len() == 2 && entry.queue_depth == 2;
    }
    claim("both workers are blocked, and two tasks are in the queue", starved)?;
    claim("both give up", given_up == 2)
}

fn nested_inline(trace: &Trace) -> Result<(), String> {
    let blocks =
        |entry: &Entry| matches!(entry.kind, EventKind::Blocked(_)) && is_workers(trace, entry);
    claim("no worker is blocked", !trace.entries().iter().any(blocks))?;
    let mut inside = BTreeMap::<usize, usize>::new();
    let mut nested = BTreeSet::new();
    for entry in trace.entries() {
        if is_start(&entry.kind) {
            let running = inside.entry(entry.thread).or_default();
            *running += 1;
            if *running == 2 {
                nested.insert(entry.thread);
            }
        } else if is_end(&entry.kind) {
            *inside.entry(entry.thread).or_default() -= 1;
        }
    }
    claim("both run a task inside another", nested.len() == 2)
}

fn unbounded(trace: &Trace) -> Result<(), String> {
    claim("nobody waits for room", waits_for_room(trace) == 0)?;
    claim("at least 14 tasks are pending at once", deepest_queue(trace) >= 14)?;
    claim("some task is pending for 240 ms", longest_pending(trace) >= 240 * MILLISECOND)
}

fn bounded(trace: &Trace) -> Result<(), String> {
    claim("the submitter waits for room at least five times", waits_for_room(trace) >= 5)?;
    claim("5 tasks are pending at once, and at most 6", (5..=6).contains(&deepest_queue(trace)))?;
    claim("no task is pending for 140 ms", longest_pending(trace) < 140 * MILLISECOND)
}

fn limited_server_4(trace: &Trace) -> Result<(), String> {
    claim(
        "four workers run twenty tasks",
        tasks_of_threads(trace).len() == 4 && lengths(trace).len() == 20,
    )?;
    let (shortest, longest) = extremes(trace);
    claim("no task takes three times as long as another", longest < 3 * shortest)
}

fn limited_server_20(trace: &Trace) -> Result<(), String> {
    let of_threads = tasks_of_threads(trace);
    let one_each = of_threads.len() == 20 && of_threads.values().all(|&tasks| tasks == 1);
    claim("each of twenty workers runs one task", one_each)?;
    let starts = all(trace, is_start);
    let apart = starts[starts.len() - 1].at - starts[0].at;
    claim("all begin within 10 ms", apart < 10 * MILLISECOND)?;
    let (shortest, longest) = extremes(trace);
    claim(
        "the longest task takes four times as long as the shortest, or more",
        longest >= 4 * shortest,
    )
}

fn drain(trace: &Trace) -> Result<(), String> {
    let closed = when_closed_while_two_run(trace)?;
    let starts = times(trace, is_start);
    let after = starts.values().filter(|&&at| at > closed).count();
    claim("all eight are run, four of them after that", starts.len() == 8 && after == 4)
}

fn cancel(trace: &Trace) -> Result<(), String> {
    let closed = when_closed_while_two_run(trace)?;
    let cancelled = all(trace, |kind| *kind == EventKind::Cancelled(CancelReason::ByShutdown));
    let at_once = |entry: &&Entry| entry.at.abs_diff(closed) < 5 * MILLISECOND;
    claim("four are cancelled within 5 ms", cancelled.len() == 4 && cancelled.iter().all(at_once))?;
    claim("four are run to their end", lengths(trace).len() == 4)
}

fn when_closed_while_two_run(trace: &Trace) -> Result<u64, String> {
    let closed =
        all(trace, |kind| matches!(kind, EventKind::Closed(_))).first().map(|entry| entry.at);
    let closed = closed.ok_or("somebody closes the pool")?;
    let (starts, ends) = (times(trace, is_start), times(trace, is_end));
    let runs_then =
        |task: &TaskId| starts[task] < closed && ends.get(task).is_none_or(|&end| end > closed);
    claim(
        "two tasks run when the pool is closed",
        starts.keys().filter(|task| runs_then(task)).count() == 2,
    )?;
    Ok(closed)
}

fn is_start(kind: &EventKind) -> bool {
    *kind == EventKind::Started
}

fn is_end(kind: &EventKind) -> bool {
    *kind == EventKind::Finished(Ending::Returned)
}

fn is_read(kind: &EventKind) -> bool {
    *kind == EventKind::Collected
}

fn is_workers(trace: &Trace, entry: &Entry) -> bool {
    trace.threads()[entry.thread].worker.is_some()
}

/// The events that are meant, ordered by time.
fn all(trace: &Trace, is_meant: impl Fn(&EventKind) -> bool) -> Vec<&Entry> {
    trace.entries().iter().filter(|entry| is_meant(&entry.kind)).collect()
}

/// The tasks of the events that are meant, ordered by time.
fn tasks(trace: &Trace, is_meant: impl Fn(&EventKind) -> bool) -> Vec<TaskId> {
    all(trace, is_meant).into_iter().filter_map(|entry| entry.task).collect()
}

fn last(trace: &Trace, is_meant: impl Fn(&EventKind) -> bool) -> Option<TaskId> {
    tasks(trace, is_meant).pop()
}

/// Time of the event that is meant, for each task.
fn times(trace: &Trace, is_meant: impl Fn(&EventKind) -> bool) -> BTreeMap<TaskId, u64> {
    all(trace, is_meant).into_iter().filter_map(|entry| Some((entry.task?, entry.at))).collect()
}

/// Running time of each task.
fn lengths(trace: &Trace) -> BTreeMap<TaskId, u64> {
    let starts = times(trace, is_start);
    times(trace, is_end).into_iter().map(|(task, end)| (task, end - starts[&task])).collect()
}

fn extremes(trace: &Trace) -> (u64, u64) {
    let lengths = lengths(trace);
    let (shortest, longest) = (lengths.values().min(), lengths.values().max());
    (shortest.copied().unwrap_or(0), longest.copied().unwrap_or(0))
}

/// Number of tasks that each thread has run.
fn tasks_of_threads(trace: &Trace) -> BTreeMap<usize, usize> {
    let mut tasks = BTreeMap::new();
    for entry in all(trace, is_start) {
        *tasks.entry(entry.thread).or_default() += 1;
    }
    tasks
}

fn waits_for_room(trace: &Trace) -> usize {
    all(trace, |kind| *kind == EventKind::Blocked(BlockedOn::Room)).len()
}

fn deepest_queue(trace: &Trace) -> usize {
    trace.entries().iter().map(|entry| entry.queue_depth).max().unwrap_or(0)
}

/// Longest pending time of the tasks that have started.
fn longest_pending(trace: &Trace) -> u64 {
    let submitted = times(trace, |kind| *kind == EventKind::Submitted);
    let pending = times(trace, is_start).into_iter().map(|(task, at)| at - submitted[&task]);
    pending.max().unwrap_or(0)
}
