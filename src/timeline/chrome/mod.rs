//! A file for [Perfetto](https://ui.perfetto.dev), and for `chrome://tracing`: the Trace Event
//! Format, which is JSON.
//!
//! | of ours | is there |
//! |---|---|
//! | a thread's name and its place among the lanes | metadata, `M` |
//! | a submit, a run, a callback, a wait | a slice on the thread's track, `X`: see [`slices`] |
//! | a task that is pending | an async slice, `b` to `e`, as such overlap |
//! | submit → run, end → waiter | a flow, `s` to `f`: see [`flows`] |
//! | how many are pending, how many workers are busy | counters, `C`: see [`counters`] |
//! | cancelled, refused, panicked, lost, collected, closed | an instant of a thread, `i` |
//!
//! Perfetto drops what breaks its rules, mostly without a word, so they are kept here: slices of
//! one thread nest or are apart; a flow begins and ends inside a slice, and not at its end; nothing
//! ends before it begins; no time is negative. Events are written group by group: readers sort them
//! by time, and those of the same time stay in the order in which they are written.

mod counters;
mod event;
mod flows;
mod slices;

use std::fmt;

use super::file::Quoted;
use super::run::{End, Life, Marked, Run};
use super::trace::Trace;
use crate::kernel::seams::Shutdown;
use crate::kernel::state::Ending;
use event::{Events, Micros, tid};

/// Below this length of a run, a viewer shows nanoseconds.
const SHORT_RUN: u64 = 1_000_000;

/// A file for [Perfetto](https://ui.perfetto.dev), and for `chrome://tracing`: open it there.
///
/// Each thread has a track, with its tasks, its waits, and arrows from where a task was submitted
/// to where it was run, and from its end to who waited for it; above are the tasks that were
/// pending. A slice's arguments say which future it is, where it was submitted, how long it was
/// pending, and what came of it. Times are microseconds since the first event; none is rounded.
///
/// The file takes between 200 and 400 bytes an event: of a million events it is larger than 300 MB.
///
/// ```
/// use glasspool::timeline::{ChromeTrace, Trace};
///
/// let file = br#"{"glasspool":"trace","version":1,"title":"one task"}
/// {"thread":0,"name":"main"}
/// {"thread":1,"name":"pool-0_0","pool":0,"worker":0}
/// {"ns":0,"thread":0,"pool":0,"queue":1,"event":"submitted","task":0,"name":"nap","at":"src/main.rs:3:14"}
/// {"ns":90500,"thread":1,"pool":0,"queue":0,"event":"started","task":0}
/// {"ns":1090000,"thread":1,"pool":0,"queue":0,"event":"finished","task":0,"how":"returned"}
/// {"events":3,"dropped":0}
/// "#;
/// let trace = Trace::read(&file[..])?;
/// let json = ChromeTrace::of(&trace).to_string();
/// assert!(json.contains(r#"{"ph":"X","name":"F0 nap","cat":"run","ts":90.500,"dur":999.500,"pid":1,"tid":2,"#), "{json}");
/// # Ok::<(), glasspool::timeline::ReadError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ChromeTrace<'a> {
    trace: &'a Trace,
}

impl<'a> ChromeTrace<'a> {
    /// That of this trace.
    ///
    /// ```
    /// # use glasspool::timeline::{ChromeTrace, Recorder};
    /// let trace = Recorder::default().trace();
    /// assert!(ChromeTrace::of(&trace).to_string().contains("\"traceEvents\":["));
    /// ```
    pub fn of(trace: &'a Trace) -> Self {
        Self { trace }
    }
}

impl fmt::Display for ChromeTrace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = Run::of(self.trace);
        let unit = if run.length() < SHORT_RUN { "ns" } else { "ms" };
        writeln!(f, "{{\"displayTimeUnit\":\"{unit}\",")?;
        writeln!(
            f,
            "\"otherData\":{{\"title\":{},\"missing\":{}}},",
            Quoted(self.trace.title()),
            Quoted(&self.trace.missing().unwrap_or_default())
        )?;
        f.write_str("\"traceEvents\":[")?;
        let mut events = Events::new(f);
        write_names(&run, &mut events)?;
        slices::write(&run, &mut events)?;
        write_pending(&run, &mut events)?;
        flows::write(&run, &mut events)?;
        counters::write(&run, &mut events)?;
        write_instants(&run, &mut events)?;
        f.write_str("\n]}\n")
    }
}

/// What the process and its threads are called, and in which order they are.
fn write_names(run: &Run<'_>, events: &mut Events<'_, '_>) -> fmt::Result {
    let title = run.trace.title();
    let title = if title.is_empty() { "glasspool" } else { title };
    events.metadata("process_name", 0, format_args!("\"name\":{}", Quoted(title)))?;
    if let Some(missing) = run.trace.missing() {
        events.metadata("process_labels", 0, format_args!("\"labels\":{}", Quoted(&missing)))?;
    }
    for (place, lane) in run.lanes.iter().enumerate() {
        let tid = tid(lane);
        events.metadata("thread_name", tid, format_args!("\"name\":{}", Quoted(&lane.name)))?;
        events.metadata("thread_sort_index", tid, format_args!("\"sort_index\":{place}"))?;
    }
    Ok(())
}

/// From when to when each task was pending.
fn write_pending(run: &Run<'_>, events: &mut Events<'_, '_>) -> fmt::Result {
    for (id, life) in run.lives.iter().enumerate() {
        let (Some((from, to)), Some(submitted)) = (life.pending(run.to), life.submitted) else {
            continue;
        };
        let name = run.name_of(id).to_string();
        let name = name.trim_end();
        let tid = tid(&run.lanes[submitted.lane]);
        for (phase, at) in [('b', from), ('e', to)] {
            events.write(phase, name, "queue", at - run.from, tid, format_args!(",\"id\":{id}"))?;
        }
    }
    Ok(())
}

fn write_instants(run: &Run<'_>, events: &mut Events<'_, '_>) -> fmt::Result {
    for lane in &run.lanes {
        for mark in &lane.marks {
            let (what, task) = match mark.what {
                // It is a slice, as an arrow begins there.
                Marked::Submitted(_) => continue,
                Marked::Refused(task) => ("refused", Some(task)),
                Marked::Cancelled(task) => ("cancelled", Some(task)),
                Marked::Collected(task) => ("collected", Some(task)),
                Marked::Closed(_, Shutdown::Drain) => ("closed: drain", None),
                Marked::Closed(_, Shutdown::WhenIdle) => ("closed: when idle", None),
                Marked::Closed(_, Shutdown::CancelPending) => ("closed: cancel pending", None),
                Marked::Closed(_, Shutdown::Stop) => ("closed: stop", None),
            };
            events.instant(run, what, task, mark.at, tid(lane))?;
        }
    }
    for (task, Life { end, ended, .. }) in run.lives.iter().enumerate() {
        let (End::Finished(ending), Some(ended)) = (end, ended) else { continue };
        let what = match ending {
            Ending::Returned => continue,
            Ending::Panicked => "panicked",
            Ending::Lost => "lost",
        };
        events.instant(run, what, Some(task), ended.at, tid(&run.lanes[ended.lane]))?;
    }
    Ok(())
}

/// What has become of a task, in a word.
fn outcome(life: &Life) -> &'static str {
    match life.end {
        End::Unknown => "not recorded",
        End::Finished(Ending::Returned) => "returned",
        End::Finished(Ending::Panicked) => "panicked",
        End::Finished(Ending::Lost) => "lost",
        End::Cancelled(_) => "cancelled",
        End::Refused => "refused",
    }
}

/// What the arguments of a slice or of an instant say of a task.
fn write_task(run: &Run<'_>, task: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let life = &run.lives[task];
    write!(f, "\"future\":\"{}\"", life.id)?;
    if let Some(task) = run.trace.tasks.get(&life.id) {
        if let Some(name) = &task.name {
            write!(f, ",\"name\":{}", Quoted(name))?;
        }
        if let Some(item) = task.item {
            write!(f, ",\"item\":{item}")?;
        }
        write!(f, ",\"submitted_at\":{}", Quoted(&task.submitted_at))?;
    }
    if let Some(wait) = life.queue_wait(run.to) {
        write!(f, ",\"queue_wait_us\":{}", Micros(wait))?;
    }
    write!(f, ",\"outcome\":\"{}\"", outcome(life))?;
    match &life.end {
        End::Cancelled(reason) => write!(f, ",\"why\":{}", Quoted(&reason.to_string())),
        _ => Ok(()),
    }
}
