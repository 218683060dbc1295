//! A run in plain English, one line per event: from a trace, or live.
//!
//! [`story`] makes the sentences. This file tells them from a trace; a [`narrator`] tells them
//! while things happen.

mod narrator;
mod story;

use std::fmt;

use super::harmless::{Harmless, in_ascii};
use super::run::Run;
use super::terminal::form_of_standard_output;
use super::trace::{Entry, Trace};
use crate::kernel::event::EventKind;
pub use narrator::Narrator;
use story::{Happened, Story, Subject};

/// A run in plain English, one line per event.
///
/// ```
/// use glasspool::timeline::{Narration, Trace};
///
/// let file = br#"{"glasspool":"trace","version":1,"title":"one task"}
/// {"thread":0,"name":"main"}
/// {"thread":1,"name":"pool-0_0","pool":0,"worker":0}
/// {"ns":0,"thread":0,"pool":0,"queue":1,"event":"submitted","task":0,"name":"nap","at":"a.rs:3:1"}
/// {"ns":90000,"thread":1,"pool":0,"queue":0,"event":"started","task":0}
/// {"ns":1090000,"thread":1,"pool":0,"queue":0,"event":"finished","task":0,"how":"returned"}
/// {"events":3,"dropped":0}
/// "#;
/// let trace = Trace::read(&file[..])?;
/// assert_eq!(Narration::of(&trace).to_string(), "\
/// one task
///        0.000 ms  main submits F0 nap (a.rs:3:1); 1 task is pending
///        0.090 ms  worker 0 starts F0 nap, which was pending for 90.0 µs
///        1.090 ms  worker 0 finishes F0 nap: it returned after 1.00 ms
/// ");
/// # Ok::<(), glasspool::timeline::ReadError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Narration<'a> {
    trace: &'a Trace,
    ascii: bool,
}

impl<'a> Narration<'a> {
    /// Makes a narration of this trace. Times count from its first event.
    ///
    /// ```
    /// # use glasspool::timeline::{Narration, Recorder};
    /// let trace = Recorder::default().trace();
    /// assert_eq!(Narration::of(&trace).to_string(), "nothing has happened\n");
    /// ```
    pub fn of(trace: &'a Trace) -> Self {
        Self { trace, ascii: false }
    }

    /// Sets whether the narration is ASCII, names included.
    ///
    /// ```
    /// # use glasspool::timeline::{Narration, Recorder};
    /// let trace = Recorder::default().trace().with_title("5 µs");
    /// assert_eq!(Narration::of(&trace).ascii(true).to_string(), "5 us\nnothing has happened\n");
    /// ```
    #[must_use]
    pub fn ascii(self, ascii: bool) -> Self {
        Self { ascii, ..self }
    }

    /// Takes the form that suits standard output: ASCII unless the locale is UTF-8.
    ///
    /// ```
    /// use glasspool::timeline::{Narration, Recorder};
    ///
    /// print!("{}", Narration::of(&Recorder::default().trace()).for_terminal());
    /// ```
    #[must_use]
    pub fn for_terminal(self) -> Self {
        self.ascii(form_of_standard_output().ascii)
    }

    fn write_line(&self, f: &mut fmt::Formatter<'_>, line: &str) -> fmt::Result {
        if self.ascii { writeln!(f, "{}", in_ascii(line)) } else { writeln!(f, "{line}") }
    }
}

impl fmt::Display for Narration<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trace = self.trace;
        if !trace.title().is_empty() {
            self.write_line(f, &Harmless(trace.title()).to_string())?;
        }
        let run = Run::of(trace);
        let mut sentences = Sentences::of(&run);
        for entry in trace.entries() {
            let time = Time(entry.at - run.from);
            self.write_line(f, &format!("{time}  {}", sentences.next(entry)))?;
        }
        if trace.entries().is_empty() {
            writeln!(f, "nothing has happened")?;
        }
        match trace.missing() {
            Some(missing) => self.write_line(f, &missing),
            None => Ok(()),
        }
    }
}

/// The sentences of a trace. A sentence depends on the events before it.
pub(super) struct Sentences<'a> {
    trace: &'a Trace,
    /// Name of each thread.
    names: Vec<&'a str>,
    story: Story,
}

impl<'a> Sentences<'a> {
    /// Starts at the first event of this run.
    pub(super) fn of(run: &'a Run<'_>) -> Self {
        let mut names = vec![""; run.lanes.len()];
        for lane in &run.lanes {
            names[lane.thread] = &lane.name;
        }
        Self { trace: run.trace, names, story: Story::default() }
    }

    /// Returns the sentence for the next event, as `worker 0 starts F0 loiter[0], which was pending
    /// for 155 µs`.
    ///
    /// Names in it are harmless in a terminal; they are not escaped for HTML.
    pub(super) fn next(&mut self, entry: &Entry) -> String {
        let task = entry.task.map(|id| Subject {
            id,
            name: self.trace.name_of(id).to_string(),
            submitted_at: self.trace.tasks.get(&id).map_or("", |task| &task.submitted_at),
        });
        // A live narrator does not know the name; a trace does.
        let by = match entry.kind {
            EventKind::Unblocked { by: Some(by) } => Some(self.trace.name_of(by).to_string()),
            _ => None,
        };
        self.story.tell(&Happened {
            at: entry.at,
            thread: entry.thread,
            who: self.names[entry.thread],
            task,
            by,
            queue_depth: entry.queue_depth,
            kind: &entry.kind,
        })
    }
}

/// Nanoseconds as milliseconds with three decimals, aligned up to a quarter of an hour and more.
struct Time(u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0 / 1_000;
        write!(f, "{:>8}.{:03} ms", micros / 1_000, micros % 1_000)
    }
}
