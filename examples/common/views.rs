//! The views that any example has of its pool: the options, the recorder and the files.
//!
//! [`Views::of_option`] belongs in the loop over the options, [`check`](Views::check) before the
//! run, [`watch`](Views::watch) around the pool's builder, and [`show`](Views::show) at the end,
//! when the pool is closed. Until then no file is written.

use std::error::Error;
use std::fmt::{self, Display};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf, is_separator};
use std::sync::Arc;

use glasspool::Builder;
use glasspool::timeline::{ChromeTrace, Gantt, Narration, Page, Recorder, Svg, Trace};

/// Help text for the options. (It begins without a `\`, which would remove the first indent.)
pub const USAGE: &str = r"  --gantt           prints a chart of when each thread did what
  --narrate         prints the run in plain English, a line per event
  --svg FILE        writes a picture
  --html FILE       writes a page that replays the run
  --chrome FILE     writes a file for Perfetto (ui.perfetto.dev)
  --trace FILE      writes the run, for `cargo run --example timeline FILE`

The FILE - is standard output.
";

/// The views that are asked for.
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

/// Where a view is written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    StandardOutput,
    File(PathBuf),
}

impl Place {
    fn called(name: PathBuf) -> Self {
        if name == Path::new("-") { Self::StandardOutput } else { Self::File(name) }
    }

    /// The same place for every path that leads to it, as far as the path can be followed.
    fn itself(&self) -> Self {
        match self {
            Self::StandardOutput => Self::StandardOutput,
            Self::File(path) => Self::File(followed(path).unwrap_or_else(|_| path.clone())),
        }
    }

    /// Checks that the place can be written, as far as possible without writing.
    fn check(&self) -> io::Result<()> {
        let Self::File(path) = self else { return Ok(()) };
        match fs::metadata(path) {
            // Opening a folder fails, as it should. A pipe must not be opened yet: its reader
            // would see the end of the data.
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
            // A closed pipe is no error for a view.
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

/// Follows a path; the file itself need not exist.
fn followed(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path).or_else(|error| match (folder_of(path), path.file_name()) {
        (Some(folder), Some(name)) => Ok(fs::canonicalize(folder)?.join(name)),
        _ => Err(error),
    })
}

/// Returns the folder of a file; `None` if the path names no file.
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

/// A view that cannot be written, and the cause.
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
    /// Views with the chart.
    pub fn with_gantt() -> Self {
        Self { gantt: true, ..Self::default() }
    }

    /// Takes an option and its value. Returns `false` if the option is not one of a view.
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

    /// Checks that each view has a place of its own; call it before the run.
    pub fn check(&self) -> Result<(), Unwritten> {
        self.check_beside(&[])
    }

    /// Checks the places, which must also differ from these files.
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

    /// Adds the recorder to a pool if a view is asked for.
    pub fn watch(&self, pool: Builder) -> Builder {
        if self.are_wanted() { pool.observer(Arc::clone(&self.recorder)) } else { pool }
    }

    pub fn are_wanted(&self) -> bool {
        self.gantt || self.narration || !self.files.is_empty()
    }

    /// Shows the recorded run under this title.
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
        // Each in one write; a closed pipe is no error for a view.
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

/// A count with its noun: `1 task`, `5 tasks`.
pub fn count(how_many: usize, what: &str) -> String {
    format!("{how_many} {what}{}", if how_many == 1 { "" } else { "s" })
}
