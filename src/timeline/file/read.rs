//! Reads a trace from a file, which anyone may have written.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::io::{self, BufRead};
use std::sync::Arc;

use super::VERSION;
use super::json::Object;
use super::words::{self, ENDINGS, SHUTDOWNS, meaning_of};
use crate::kernel::event::{BlockedOn, EventKind};
use crate::kernel::id::{PoolId, TaskId};
use crate::kernel::staff::Worker;
use crate::timeline::trace::{Entry, Task, Thread, Trace};

/// Why a file is not a trace, and in which line.
///
/// ```
/// use glasspool::timeline::Trace;
///
/// let error = Trace::read(&b"{\"glasspool\":\"trace\",\"version\":7}\n"[..]).unwrap_err();
/// let said = error.to_string();
/// assert_eq!(said, "line 1: this is version 7 of the format, and only 1 can be read");
/// ```
#[derive(Debug)]
pub struct ReadError {
    line: usize,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Io(io::Error),
    Wrong(String),
}

impl ReadError {
    /// Returns the number of the line with the error, from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Io(error) => write!(f, "line {}: {error}", self.line),
            Cause::Wrong(what) => write!(f, "line {}: {what}", self.line),
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Io(error) => Some(error),
            Cause::Wrong(_) => None,
        }
    }
}

impl Trace {
    /// Reads a trace that [`write`](Self::write) wrote.
    ///
    /// A file may be cut short, as when the program was killed while it wrote. It is read as far as
    /// it goes, and the trace [says so](Self::breaks_off).
    ///
    /// # Errors
    ///
    /// What is wrong with it, and in which line.
    ///
    /// ```
    /// use glasspool::timeline::Trace;
    ///
    /// let error = Trace::read(&b"#!/bin/sh\n"[..]).unwrap_err();
    /// assert_eq!(error.to_string(), "line 1: this is no trace: column 1: expected `{`");
    /// ```
    pub fn read(mut from: impl BufRead) -> Result<Self, ReadError> {
        let mut reader = Reader::default();
        let (mut bytes, mut number) = (Vec::new(), 0);
        loop {
            bytes.clear();
            number += 1;
            let in_this_line = |cause| ReadError { line: number, cause };
            let read = from
                .read_until(b'\n', &mut bytes)
                .map_err(|error| in_this_line(Cause::Io(error)))?;
            if read == 0 && number > 1 {
                break;
            }
            let whole = bytes.last() == Some(&b'\n');
            let line = std::str::from_utf8(&bytes).map_err(|_| "it is not UTF-8".to_owned());
            match line
                .and_then(|line| reader.line(line.trim_end_matches(['\n', '\r']), number == 1))
            {
                Ok(()) => {}
                // The program ended while it wrote this line.
                Err(_) if !whole && number > 1 => break,
                Err(what) => return Err(in_this_line(Cause::Wrong(what))),
            }
        }
        Ok(reader.finish())
    }
}

#[derive(Default)]
struct Reader {
    trace: Trace,
    /// Interned texts: names and places repeat.
    texts: HashSet<Arc<str>>,
    ended: bool,
}

impl Reader {
    fn line(&mut self, line: &str, is_first: bool) -> Result<(), String> {
        if is_first {
            return self.head(line).map_err(|what| format!("this is no trace: {what}"))?;
        }
        if line.trim().is_empty() {
            return Ok(());
        }
        // A line after the end may belong to another trace.
        if self.ended {
            return Err("it is after the end of the trace".to_owned());
        }
        let object = Object::parse(line)?;
        if object.has("event") {
            self.event(&object)
        } else if object.has("thread") {
            self.thread(&object)
        } else if object.has("events") {
            self.end(&object)
        } else {
            Err("it is neither a thread, nor an event, nor the end".to_owned())
        }
    }

    /// Reads the first line. The outer error says that the file is not a trace.
    fn head(&mut self, line: &str) -> Result<Result<(), String>, String> {
        let object = Object::parse(line)?;
        if object.text("glasspool")? != "trace" {
            return Err("\"glasspool\" is not \"trace\"".to_owned());
        }
        let version = object.number("version")?;
        if version != VERSION {
            return Ok(Err(format!(
                "this is version {version} of the format, and only {VERSION} can be read"
            )));
        }
        object.optional_text("title")?.unwrap_or_default().clone_into(&mut self.trace.title);
        Ok(Ok(()))
    }

    fn thread(&mut self, object: &Object) -> Result<(), String> {
        let (number, next) = (object.number("thread")?, self.trace.threads.len());
        if usize::try_from(number) != Ok(next) {
            return Err(format!("thread {number} comes where thread {next} should"));
        }
        let worker = match (object.optional_number("pool")?, object.optional_number("worker")?) {
            (Some(pool), Some(index)) => {
                Some(Worker { pool: PoolId(pool), index: to_usize(index)? })
            }
            (None, None) => None,
            _ => {
                return Err("a worker has a number and a pool, and this has one of them".to_owned());
            }
        };
        self.trace.threads.push(Thread { name: object.text("name")?.to_owned(), worker });
        Ok(())
    }

    fn event(&mut self, object: &Object) -> Result<(), String> {
        let task = object.optional_number("task")?.map(TaskId);
        let kind = self.kind(object, task)?;
        let thread = to_usize(object.number("thread")?)?;
        if thread >= self.trace.threads.len() {
            return Err(format!("thread {thread} has not been named"));
        }
        let (at, pool) = (object.number("ns")?, PoolId(object.number("pool")?));
        let queue_depth = to_usize(object.number("queue")?)?;
        self.trace.entries.push(Entry { at, thread, pool, task, queue_depth, kind });
        Ok(())
    }

    fn kind(&mut self, object: &Object, task: Option<TaskId>) -> Result<EventKind, String> {
        let task = || task.ok_or("there is no \"task\"");
        let word = object.text("event")?;
        Ok(match word {
            "submitted" => {
                self.task(task()?, object)?;
                EventKind::Submitted
            }
            "refused" => task().map(|_| EventKind::Refused)?,
            "started" => task().map(|_| EventKind::Started)?,
            "collected" => task().map(|_| EventKind::Collected)?,
            "callback-began" => task().map(|_| EventKind::CallbackBegan)?,
            "callback-ended" => task().map(|_| EventKind::CallbackEnded)?,
            "finished" => {
                task()?;
                EventKind::Finished(meaning(&ENDINGS, object, "how")?)
            }
            "cancelled" => {
                task()?;
                let why = object.text("why")?;
                let because = object.optional_text("because")?.unwrap_or_default();
                EventKind::Cancelled(
                    words::reason_of(why, because).ok_or_else(|| unknown("why", why))?,
                )
            }
            "blocked" => EventKind::Blocked(match object.text("on")? {
                "task" => task().map(|_| BlockedOn::Task)?,
                "any-of" => BlockedOn::AnyOf(to_usize(object.number("of")?)?),
                "room" => BlockedOn::Room,
                "shutdown" => BlockedOn::Shutdown,
                on => return Err(unknown("on", on)),
            }),
            "unblocked" => EventKind::Unblocked { by: object.optional_number("by")?.map(TaskId) },
            "worker-born" => EventKind::WorkerBorn,
            "worker-idle" => EventKind::WorkerIdle,
            "worker-gone" => EventKind::WorkerGone,
            "closed" => EventKind::Closed(meaning(&SHUTDOWNS, object, "how")?),
            event => return Err(unknown("event", event)),
        })
    }

    fn task(&mut self, id: TaskId, object: &Object) -> Result<(), String> {
        let name = object.optional_text("name")?.map(|name| self.text(name));
        let item = object.optional_number("item")?.map(to_usize).transpose()?;
        let submitted_at = self.text(object.text("at")?);
        match self.trace.tasks.insert(id, Task { name, item, submitted_at }) {
            None => Ok(()),
            Some(_) => Err(format!("task {} is submitted a second time", id.0)),
        }
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&text));
        text
    }

    fn end(&mut self, object: &Object) -> Result<(), String> {
        let (said, found) = (object.number("events")?, self.trace.entries.len());
        if usize::try_from(said) != Ok(found) {
            return Err(format!("there should be {said} events, and there are {found}"));
        }
        self.trace.dropped = object.number("dropped")?;
        self.ended = true;
        Ok(())
    }

    fn finish(mut self) -> Trace {
        self.trace.breaks_off = !self.ended;
        self.trace.sort();
        self.trace
    }
}

fn to_usize(number: u64) -> Result<usize, String> {
    number.try_into().map_err(|_| format!("{number} is too large"))
}

fn meaning<T: Copy>(words: &[(&str, T)], object: &Object, field: &str) -> Result<T, String> {
    let word = object.text(field)?;
    meaning_of(words, word).ok_or_else(|| unknown(field, word))
}

fn unknown(field: &str, word: &str) -> String {
    format!("\"{field}\" is unknown: {word:?}")
}
