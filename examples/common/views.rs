//! What any example can show of its pool: the options for that, the recorder behind them, and the files that come of it.
//!
//! It is the one place where examples draw. [`Views::of_option`] belongs into the loop over the options, [`watch`](Views::watch) around the pool's
//! builder, and [`show`](Views::show) where all is over and the pool is closed.

use std::error::Error;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glasspool::Builder;
use glasspool::timeline::{ChromeTrace, Gantt, Narration, Page, Recorder, Svg, Trace};

/// What a usage text says of it.
pub const USAGE: &str = "\
  --gantt           shows who did what when, as a chart
  --narrate         tells it in plain English, a line an event
  --svg FILE        draws it: one picture
  --html FILE       writes a page that plays it again
  --chrome FILE     writes it for Perfetto (ui.perfetto.dev)
  --trace FILE      keeps it, for `cargo run --example timeline FILE`
";

/// What somebody wants to see.
#[derive(Clone, Debug, Default)]
pub struct Views {
    pub gantt: bool,
    narration: bool,
    files: Vec<(Kind, PathBuf)>,
    recorder: Arc<Recorder>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Svg,
    Html,
    Chrome,
    Trace,
}

impl Kind {
    fn of_option(option: &str) -> Option<Self> {
        Some(match option {
            "svg" => Self::Svg,
            "html" => Self::Html,
            "chrome" => Self::Chrome,
            "trace" => Self::Trace,
            _ => return None,
        })
    }
}

/// A file that could not be written.
#[derive(Debug)]
pub struct Unwritten {
    file: PathBuf,
    cause: io::Error,
}

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write {}: {}", self.file.display(), self.cause)
    }
}

impl Error for Unwritten {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

impl Views {
    /// With the chart, unless that is declined.
    pub fn with_gantt() -> Self {
        Self { gantt: true, ..Self::default() }
    }

    /// Takes an option that has this name, and its value if it has one; says whether it is one of these.
    pub fn of_option(&mut self, option: &str, args: &mut lexopt::Parser) -> Result<bool, lexopt::Error> {
        match option {
            "gantt" => self.gantt = true,
            "narrate" => self.narration = true,
            _ => match Kind::of_option(option) {
                Some(kind) => {
                    let file = PathBuf::from(args.value()?);
                    // Before anything is run whose picture would have no place.
                    open(&file).map_err(|unwritten| unwritten.to_string())?;
                    self.files.push((kind, file));
                }
                None => return Ok(false),
            },
        }
        Ok(true)
    }

    /// The same pool, observed if anybody wants to see it.
    pub fn watch(&self, pool: Builder) -> Builder {
        if self.are_wanted() { pool.observer(Arc::clone(&self.recorder)) } else { pool }
    }

    pub fn are_wanted(&self) -> bool {
        self.gantt || self.narration || !self.files.is_empty()
    }

    /// Shows what has been watched, under this title.
    pub fn show(&self, title: impl Into<String>) -> Result<(), Unwritten> {
        if self.are_wanted() { self.show_trace(&self.recorder.trace().with_title(title)) } else { Ok(()) }
    }

    pub fn show_trace(&self, trace: &Trace) -> Result<(), Unwritten> {
        for (kind, file) in &self.files {
            write(*kind, file, trace)?;
        }
        // In one piece each; and if nobody reads it, nobody needs it.
        let mut out = io::stdout().lock();
        if self.narration {
            let _ = write!(out, "\n{}", Narration::of(trace));
        }
        if self.gantt {
            let _ = write!(out, "\n{}", Gantt::of(trace).for_terminal());
        }
        Ok(())
    }
}

/// As it is, in case nothing comes of it.
fn open(file: &Path) -> Result<File, Unwritten> {
    let opened = OpenOptions::new().write(true).create(true).truncate(false).open(file);
    opened.map_err(|cause| Unwritten { file: file.to_owned(), cause })
}

fn write(kind: Kind, file: &Path, trace: &Trace) -> Result<(), Unwritten> {
    let opened = open(file)?;
    let try_to_write = || {
        if opened.metadata()?.is_file() {
            opened.set_len(0)?;
        }
        let mut to = BufWriter::new(&opened);
        match kind {
            Kind::Svg => write!(to, "{}", Svg::of(trace))?,
            Kind::Html => write!(to, "{}", Page::of(trace))?,
            Kind::Chrome => write!(to, "{}", ChromeTrace::of(trace))?,
            Kind::Trace => trace.write(&mut to)?,
        }
        to.flush()
    };
    try_to_write().map_err(|cause| Unwritten { file: file.to_owned(), cause })
}
