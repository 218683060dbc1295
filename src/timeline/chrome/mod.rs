//! A file for [Perfetto](https://ui.perfetto.dev) and `chrome://tracing`, in the Trace Event
//! Format, which is JSON.
//!
//! | of a trace | in the file |
//! |---|---|
//! | a thread's name and the order of the lanes | metadata, `M` |
//! | a submit, a run, a callback, a wait | a slice on the thread's track, `X`: see [`slices`] |
//! | a pending task | an async slice, `b` to `e`, because pending tasks overlap |
//! | submit → run, end → waiter | a flow, `s` to `f`: see [`flows`] |
//! | number of pending tasks and of busy workers | counters, `C`: see [`counters`] |
//! | cancelled, refused, panicked, lost, result read, closed | an instant of a thread, `i` |
//!
//! Perfetto mostly drops what breaks its rules without a message. So slices of one thread nest or
//! do not touch; a flow begins and ends inside a slice and not at its end; an end is not before its
//! begin; and no time is negative. Events are written group by group. Readers sort them by time and
//! keep the order of events at the same time.

mod counters;
mod event;
mod flows;
mod slices;

use std::fmt;

use super::file::Quoted;
use super::run::{End, Life, Marked, Run};
use super::trace::Trace;
use crate::kernel::event::Shutdown;
use crate::kernel::state::Ending;
use event::{Events, Micros, tid};

/// Runs shorter than this are shown in nanoseconds.
const SHORT_RUN: u64 = 1_000_000;

/// A file for [Perfetto](https://ui.perfetto.dev) and `chrome://tracing`: open it there.
///
/// Each thread has a track with its tasks and waits. Arrows lead from a submit to the run of the
/// task, and from its end to the thread that waited for it. Pending tasks are above the tracks. A
/// slice's arguments say which future it is, where it was submitted, how long it was pending, and
/// how it ended. Times are microseconds since the first event, exact to the nanosecond.
///
/// The file takes 200 to 400 bytes per event: a million events make more than 300 MB.
///
/// ```
/// use glasspool::timeline::{ChromeTrace, Trace};
///
/// let file = br#"{"glasspool":"trace","version":1,"title":"one task"}
/// {"thread":0,"name":"main"}
/// {"thread":1,"name":"pool-0_0","pool":0,"worker":0}
/// {"ns":0,"thread":0,"pool":0,"queue":1,"event":"submitted","task":0,"name":"nap","at":"a.rs:3:1"}
/// {"ns":90500,"thread":1,"pool":0,"queue":0,"event":"started","task":0}
/// {"ns":1090000,"thread":1,"pool":0,"queue":0,"event":"finished","task":0,"how":"returned"}
/// {"events":3,"dropped":0}
/// "#;
/// let trace = Trace::read(&file[..])?;
/// let json = ChromeTrace::of(&trace).to_string();
/// let slice = r#"{"ph":"X","name":"F0 nap","cat":"run","ts":90.500,"dur":999.500,"pid":1,"#;
/// assert!(json.contains(slice), "{json}");
/// # Ok::<(), glasspool::timeline::ReadError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ChromeTrace<'a> {
    trace: &'a Trace,
}

impl<'a> ChromeTrace<'a> {
    /// Makes the file for this trace.
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

/// Writes the names of the process and its threads, and the order of the threads.
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

/// Writes when each task was pending.
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
                // A submit is a slice, because an arrow begins there.
                Marked::Submitted(_) => continue,
                Marked::Refused(task) => ("refused", Some(task)),
                Marked::Cancelled(task) => ("cancelled", Some(task)),
                Marked::Collected(task) => ("result read", Some(task)),
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

/// How a task ended, in a word.
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

/// Writes a task as the arguments of a slice or an instant.
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
    // Absent for a refused task, which was not in the queue.
    if let Some(wait) = life.queue_wait(run.to) {
        write!(f, ",\"queue_wait_us\":{}", Micros(wait))?;
    }
    write!(f, ",\"outcome\":\"{}\"", outcome(life))?;
    match &life.end {
        End::Cancelled(reason) => write!(f, ",\"why\":{}", Quoted(&reason.to_string())),
        _ => Ok(()),
    }
}
