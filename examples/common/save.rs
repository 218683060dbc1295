//! Saves a file whole or not at all.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Read-locked while a file is written, write-locked to end the program: the program does not end
/// in the middle of a file.
static SAVING: RwLock<()> = RwLock::new(());

static SAVED: AtomicUsize = AtomicUsize::new(0);

/// Ends the program without leaving a partial file.
pub fn exit(code: i32) -> ! {
    let _nobody_is_saving = SAVING.write();
    std::process::exit(code)
}

/// Returns the number of files that this program has saved.
pub fn saved() -> usize {
    SAVED.load(Relaxed)
}

/// A folder that exists.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// A file that could not be written, and the cause.
#[derive(Debug)]
pub struct Unsaved {
    path: PathBuf,
    pub cause: io::Error,
}

impl Folder {
    /// Makes the folder unless it exists.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, Unsaved> {
        let path = path.into();
        match fs::create_dir_all(&path) {
            Ok(()) => Ok(Self { path }),
            Err(cause) => Err(Unsaved { path, cause }),
        }
    }

    /// Writes a file under a temporary name and renames it, so that other programs see it whole. If
    /// that fails, no file is left.
    pub fn save(&self, name: &str, bytes: &[u8]) -> Result<(), Unsaved> {
        let _until_it_is_whole = SAVING.read();
        let unfinished = self.path.join(format!(".{name}.{}.part", std::process::id()));
        let finished = self.path.join(name);
        let written =
            fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &finished));
        if let Err(cause) = written {
            // The file may not exist, which is no further error.
            let _ = fs::remove_file(&unfinished);
            return Err(Unsaved { path: finished, cause });
        }
        SAVED.fetch_add(1, Relaxed);
        Ok(())
    }
}

impl fmt::Display for Unsaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write {}: {}", self.path.display(), self.cause)
    }
}

impl Error for Unsaved {}
