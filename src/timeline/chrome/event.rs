//! Writes single events as JSON, with the commas between them.

use std::fmt;

use super::write_task;
use crate::timeline::file::Quoted;
use crate::timeline::run::{Lane, Run};

/// All lanes belong to one process. (Viewers do not show process 0, the system's idle process.)
const PID: u32 = 1;

/// Number of a lane's track; 0 is the system's idle thread.
pub(super) fn tid(lane: &Lane) -> usize {
    lane.thread + 1
}

/// Nanoseconds as microseconds, exact.
pub(super) struct Micros(pub(super) u64);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

/// The list of events. Times are nanoseconds since the run's first event.
pub(super) struct Events<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    is_first: bool,
}

impl<'a, 'b> Events<'a, 'b> {
    pub(super) fn new(f: &'a mut fmt::Formatter<'b>) -> Self {
        Self { f, is_first: true }
    }

    /// Writes an event; `rest` has its other fields, each with a comma before it.
    pub(super) fn write(
        &mut self,
        phase: char,
        name: &str,
        category: &str,
        at: u64,
        tid: usize,
        rest: fmt::Arguments<'_>,
    ) -> fmt::Result {
        self.comma()?;
        write!(
            self.f,
            "{{\"ph\":\"{phase}\",\"name\":{},\"cat\":\"{category}\",\"ts\":{}",
            Quoted(name),
            Micros(at)
        )?;
        write!(self.f, ",\"pid\":{PID},\"tid\":{tid}{rest}}}")
    }

    pub(super) fn metadata(
        &mut self,
        what: &str,
        tid: usize,
        args: fmt::Arguments<'_>,
    ) -> fmt::Result {
        self.comma()?;
        write!(
            self.f,
            "{{\"ph\":\"M\",\"name\":\"{what}\",\"pid\":{PID},\"tid\":{tid},\"args\":{{{args}}}}}"
        )
    }

    pub(super) fn slice(
        &mut self,
        name: &str,
        category: &str,
        times: (u64, u64),
        tid: usize,
        args: impl fmt::Display,
    ) -> fmt::Result {
        self.comma()?;
        let (at, length) = (Micros(times.0), Micros(times.1 - times.0));
        write!(
            self.f,
            "{{\"ph\":\"X\",\"name\":{},\"cat\":\"{category}\",\"ts\":{at},\"dur\":{length}",
            Quoted(name)
        )?;
        write!(self.f, ",\"pid\":{PID},\"tid\":{tid},\"args\":{{{args}}}}}")
    }

    pub(super) fn counter(
        &mut self,
        name: &str,
        series: &str,
        at: u64,
        value: usize,
    ) -> fmt::Result {
        self.comma()?;
        write!(self.f, "{{\"ph\":\"C\",\"name\":\"{name}\",\"ts\":{},\"pid\":{PID}", Micros(at))?;
        write!(self.f, ",\"args\":{{\"{series}\":{value}}}}}")
    }

    /// Writes an instant; `at` is a time as in the trace.
    pub(super) fn instant(
        &mut self,
        run: &Run<'_>,
        what: &str,
        task: Option<usize>,
        at: u64,
        tid: usize,
    ) -> fmt::Result {
        // The id is in the name because a viewer shows no arguments beside an instant.
        let name = match task {
            Some(task) => format!("{what} {}", run.lives[task].id),
            None => what.to_owned(),
        };
        let args = OfTask { run, task };
        self.write(
            'i',
            &name,
            what,
            at - run.from,
            tid,
            format_args!(",\"s\":\"t\",\"args\":{{{args}}}"),
        )
    }

    fn comma(&mut self) -> fmt::Result {
        let comma = if self.is_first { "\n" } else { ",\n" };
        self.is_first = false;
        self.f.write_str(comma)
    }
}

/// Arguments about a task; empty if there is none.
pub(super) struct OfTask<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) task: Option<usize>,
}

impl fmt::Display for OfTask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.map_or(Ok(()), |task| write_task(self.run, task, f))
    }
}
