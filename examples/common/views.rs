//! What any example can show of its pool: the options for that, the recorder behind them, and the
//! files that come of it.
//!
//! It is the one place where examples draw. [`Views::of_option`] belongs in the loop over the
//! options, [`check`](Views::check) before anything is run, [`watch`](Views::watch) around the
//! pool's builder, and [`show`](Views::show) where all is over and the pool is closed. Until then
//! no file is touched.

use std::error::Error;
use std::fmt::{self, Display};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf, is_separator};
use std::sync::Arc;

use glasspool::Builder;
use glasspool::timeline::{ChromeTrace, Gantt, Narration, Page, Recorder, Svg, Trace};

/// What a usage text says of it. (A `\` at its beginning would take the indent of the first line
/// away.)
pub const USAGE: &str = r"  --gantt           shows who did what when, as a chart
  --narrate         tells it in plain English, a line an event
  --svg FILE        draws it: one picture
  --html FILE       writes a page that plays it again
  --chrome FILE     writes it for Perfetto (ui.perfetto.dev)
  --trace FILE      keeps it, for `cargo run --example timeline FILE`

A FILE that is called - is standard output.
";

/// What somebody wants to see.
#[derive(Clone, Debug, Default)]
pub struct Views {
    pub gantt: bool,
    narration: bool,
    files: Vec<(Kind, Place)>,
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

/// Where a view is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    StandardOutput,
    File(PathBuf),
}

impl Place {
    fn called(name: PathBuf) -> Self {
        if name == Path::new("-") { Self::StandardOutput } else { Self::File(name) }
    }

    /// The same for every path that leads there, as far as it can be followed.
    fn itself(&self) -> Self {
        match self {
            Self::StandardOutput => Self::StandardOutput,
            Self::File(path) => Self::File(followed(path).unwrap_or_else(|_| path.clone())),
        }
    }

    /// Whether it can be written to, as far as that can be known without leaving a trace.
    fn check(&self) -> io::Result<()> {
        let Self::File(path) = self else { return Ok(()) };
        match fs::metadata(path) {
            // A folder is an error here. A pipe must not be opened before its time: its reader
            // would take that for the whole.
            Ok(found) if found.is_file() || found.is_dir() => {
                OpenOptions::new().write(true).open(path).map(drop)
            }
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if path.to_string_lossy().ends_with(is_separator) {
                    return Err(error);
                }
                let is_folder = fs::metadata(folder_of(path).ok_or(error)?)?.is_dir();
                if is_folder { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
            }
            Err(error) => Err(error),
        }
    }

    fn write(&self, kind: Kind, trace: &Trace) -> io::Result<()> {
        let written = match self {
            Self::StandardOutput => write(kind, trace, io::stdout().lock()),
            Self::File(path) => File::create(path).and_then(|file| write(kind, trace, file)),
        };
        match written {
            // If nobody reads it, nobody needs it.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandardOutput => f.write_str("standard output"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Where this path leads, also if only its folder is there.
fn followed(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path).or_else(|error| match (folder_of(path), path.file_name()) {
        (Some(folder), Some(name)) => Ok(fs::canonicalize(folder)?.join(name)),
        _ => Err(error),
    })
}

/// `None` if this is no path to a file.
fn folder_of(file: &Path) -> Option<&Path> {
    let folder = file.parent()?;
    Some(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

fn write(kind: Kind, trace: &Trace, to: impl Write) -> io::Result<()> {
    let mut to = BufWriter::new(to);
    match kind {
        Kind::Svg => write!(to, "{}", Svg::of(trace))?,
        Kind::Html => write!(to, "{}", Page::of(trace))?,
        Kind::Chrome => write!(to, "{}", ChromeTrace::of(trace))?,
        Kind::Trace => trace.write(&mut to)?,
    }
    to.flush()
}

/// A view that cannot be written, and why.
#[derive(Debug)]
pub struct Unwritten {
    place: Place,
    cause: io::Error,
}

impl Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write {}: {}", self.place, self.cause)
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

    /// Takes an option that has this name, and its value if it has one; says whether it is one of
    /// these.
    pub fn of_option(
        &mut self,
        option: &str,
        args: &mut lexopt::Parser,
    ) -> Result<bool, lexopt::Error> {
        match option {
            "gantt" => self.gantt = true,
            "narrate" => self.narration = true,
            _ => match Kind::of_option(option) {
                Some(kind) => self.files.push((kind, Place::called(args.value()?.into()))),
                None => return Ok(false),
            },
        }
        Ok(true)
    }

    /// Whether there is a place for each of them, and another for each.
    ///
    /// It is asked before anything is run of which there would be no picture.
    pub fn check(&self) -> Result<(), Unwritten> {
        self.check_beside(&[])
    }

    /// The same, and none of them may take the place of these files.
    pub fn check_beside(&self, others: &[&Path]) -> Result<(), Unwritten> {
        let unwritten = |place: &Place, cause| Unwritten { place: place.clone(), cause };
        let read: Vec<Place> =
            others.iter().map(|&path| Place::File(path.to_owned()).itself()).collect();
        let mut taken = Vec::new();
        for (_, place) in &self.files {
            place.check().map_err(|cause| unwritten(place, cause))?;
            let itself = place.itself();
            if read.contains(&itself) {
                return Err(unwritten(place, io::Error::other("it is what is read")));
            }
            if taken.contains(&itself) {
                return Err(unwritten(place, io::Error::other("another view is to go there")));
            }
            taken.push(itself);
        }
        Ok(())
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
        if self.are_wanted() {
            self.show_trace(&self.recorder.trace().with_title(title))
        } else {
            Ok(())
        }
    }

    pub fn show_trace(&self, trace: &Trace) -> Result<(), Unwritten> {
        for (kind, place) in &self.files {
            place.write(*kind, trace).map_err(|cause| Unwritten { place: place.clone(), cause })?;
        }
        // In one piece each; and if nobody reads it, nobody needs it.
        let mut out = io::stdout().lock();
        if self.narration {
            let _ = write!(out, "\n{}", Narration::of(trace).for_terminal());
        }
        if self.gantt {
            let _ = write!(out, "\n{}", Gantt::of(trace).for_terminal());
        }
        Ok(())
    }
}

/// `1 task`, `5 tasks`.
pub fn count(how_many: usize, what: &str) -> String {
    format!("{how_many} {what}{}", if how_many == 1 { "" } else { "s" })
}
