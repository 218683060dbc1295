//! Writes a trace to a file.

use std::io::{self, Write};

use super::VERSION;
use super::json::Quoted;
use super::words::{self, ENDINGS, SHUTDOWNS, word_for};
use crate::kernel::event::{BlockedOn, EventKind};
use crate::timeline::trace::{Entry, Task, Trace};

impl Trace {
    /// Writes the trace as a file that can be [read](Self::read) back: JSON, one line per event.
    ///
    /// # Errors
    ///
    /// An error of the writer.
    ///
    /// ```
    /// # use glasspool::timeline::Recorder;
    /// let mut file = Vec::new();
    /// Recorder::default().trace().write(&mut file)?;
    /// assert!(file.starts_with(b"{\"glasspool\":\"trace\",\"version\":1"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut to = io::BufWriter::new(to);
        writeln!(
            to,
            "{{\"glasspool\":\"trace\",\"version\":{VERSION},\"title\":{}}}",
            Quoted(&self.title)
        )?;
        for (number, thread) in self.threads.iter().enumerate() {
            write!(to, "{{\"thread\":{number},\"name\":{}", Quoted(&thread.name))?;
            if let Some(worker) = thread.worker {
                write!(to, ",\"pool\":{},\"worker\":{}", worker.pool().0, worker.index())?;
            }
            writeln!(to, "}}")?;
        }
        for entry in &self.entries {
            self.write_entry(entry, &mut to)?;
        }
        // A trace that was cut short must be read back as one.
        if !self.breaks_off {
            writeln!(to, "{{\"events\":{},\"dropped\":{}}}", self.entries.len(), self.dropped)?;
        }
        to.flush()
    }

    fn write_entry(&self, entry: &Entry, to: &mut impl Write) -> io::Result<()> {
        let Entry { at, thread, pool, task, queue_depth, kind } = entry;
        let (pool, event) = (pool.0, words::event(kind));
        write!(to, "{{\"ns\":{at},\"thread\":{thread},\"pool\":{pool}")?;
        write!(to, ",\"queue\":{queue_depth},\"event\":\"{event}\"")?;
        if let Some(task) = task {
            write!(to, ",\"task\":{}", task.0)?;
        }
        match kind {
            // A task is described once, by its first event.
            EventKind::Submitted => {
                if let Some(Task { name, item, submitted_at }) =
                    task.and_then(|id| self.tasks.get(&id))
                {
                    if let Some(name) = name {
                        write!(to, ",\"name\":{}", Quoted(name))?;
                    }
                    if let Some(item) = item {
                        write!(to, ",\"item\":{item}")?;
                    }
                    write!(to, ",\"at\":{}", Quoted(submitted_at))?;
                }
            }
            EventKind::Finished(how) => write!(to, ",\"how\":\"{}\"", word_for(&ENDINGS, how))?,
            EventKind::Closed(how) => write!(to, ",\"how\":\"{}\"", word_for(&SHUTDOWNS, how))?,
            EventKind::Cancelled(reason) => {
                let (why, because) = words::reason(reason);
                write!(to, ",\"why\":\"{why}\"")?;
                if let Some(because) = because {
                    write!(to, ",\"because\":{}", Quoted(because))?;
                }
            }
            EventKind::Blocked(on) => {
                write!(to, ",\"on\":\"{}\"", words::blocked_on(*on))?;
                if let BlockedOn::AnyOf(how_many) = on {
                    write!(to, ",\"of\":{how_many}")?;
                }
            }
            EventKind::Unblocked { by: Some(by) } => write!(to, ",\"by\":{}", by.0)?,
            _ => {}
        }
        writeln!(to, "}}")
    }
}
