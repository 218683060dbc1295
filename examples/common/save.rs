//! Saving a picture: whole, or not at all.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Held for reading by whoever writes a file, and for writing by whoever ends the program: so it
/// does not end in the middle of one.
static SAVING: RwLock<()> = RwLock::new(());

static SAVED: AtomicUsize = AtomicUsize::new(0);

/// Ends the program, leaving no partial file.
pub fn exit(code: i32) -> ! {
    let _nobody_is_saving = SAVING.write();
    std::process::exit(code)
}

/// How many files this program has saved.
pub fn saved() -> usize {
    SAVED.load(Relaxed)
}

/// A folder that is there.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// What could not be made or written, and why.
#[derive(Debug)]
pub struct Unsaved {
    path: PathBuf,
    pub cause: io::Error,
}

impl Folder {
    /// Makes the folder if it is not there.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, Unsaved> {
        let path = path.into();
        match fs::create_dir_all(&path) {
            Ok(()) => Ok(Self { path }),
            Err(cause) => Err(Unsaved { path, cause }),
        }
    }

    /// Writes the file under a name that nobody looks for, and then gives it its own: so whoever
    /// finds the file finds all of it. If that fails, nothing is left.
    pub fn save(&self, name: &str, bytes: &[u8]) -> Result<(), Unsaved> {
        let _until_it_is_whole = SAVING.read();
        let unfinished = self.path.join(format!(".{name}.{}.part", std::process::id()));
        let finished = self.path.join(name);
        let written =
            fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &finished));
        if let Err(cause) = written {
            // If it was never made, there is nothing to remove.
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
