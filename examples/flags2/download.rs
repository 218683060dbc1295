//! Downloads the flags, one by one or with a pool, and says how each download ended.

use std::fmt;
use std::sync::Arc;

use glasspool::{Shutdown, TaskError, ThreadPoolExecutor, as_completed};

use crate::cli::Options;
use crate::common::client::{Client, Failure, out_of_descriptors};
use crate::common::program::Trouble;
use crate::common::save::{Folder, Unsaved};
use crate::interrupt::Interrupt;

/// What a download needs.
pub struct Fetch {
    pub client: Client,
    pub folder: Folder,
}

/// A code, and how its download ended.
pub struct Download {
    pub code: String,
    pub fetched: Fetched,
}

pub enum Fetched {
    Saved,
    Failed(Failure),
    /// The flag came and could not be saved; the next ones cannot be saved either.
    NotSaved(Unsaved),
    /// The task panicked or was lost.
    Panicked(TaskError),
    /// The program was interrupted before the download began.
    NotBegun,
}

impl fmt::Display for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Saved => f.write_str("OK"),
            Self::Failed(failure @ Failure::NotFound { .. }) => failure.fmt(f),
            Self::Failed(failure) => write!(f, "error: {failure}"),
            Self::NotSaved(error) => write!(f, "error: {error}"),
            Self::Panicked(error) => write!(f, "error: {error}"),
            Self::NotBegun => f.write_str("not begun"),
        }
    }
}

impl Fetch {
    fn one(&self, code: &str) -> Fetched {
        match self.client.get_flag(code) {
            Err(failure) => Fetched::Failed(failure),
            Ok(image) => match self.folder.save(&format!("{code}.gif"), &image) {
                Ok(()) => Fetched::Saved,
                Err(unsaved) if out_of_descriptors(&unsaved.cause) => {
                    Fetched::Failed(Failure::NoDescriptors)
                }
                Err(unsaved) => Fetched::NotSaved(unsaved),
            },
        }
    }
}

pub fn one_by_one(
    fetch: Arc<Fetch>,
    codes: Vec<String>,
    interrupt: Interrupt,
) -> Box<dyn Iterator<Item = Download>> {
    Box::new(codes.into_iter().map(move |code| {
        let fetched = if interrupt.happened() { Fetched::NotBegun } else { fetch.one(&code) };
        Download { code, fetched }
    }))
}

/// Yields the downloads in the order in which they are done. An interrupt closes the pool, which
/// cancels the pending ones.
pub fn by_a_pool(
    fetch: &Arc<Fetch>,
    options: &Options,
    interrupt: &Interrupt,
) -> Result<Box<dyn Iterator<Item = Download>>, Trouble> {
    let builder = ThreadPoolExecutor::builder().max_workers(options.workers());
    let pool = Arc::new(options.views.watch(builder).build()?);
    interrupt.closes(&pool);
    let mut to_do = Vec::with_capacity(options.codes.len());
    for code in options.codes.clone() {
        let task = {
            let (fetch, code) = (Arc::clone(fetch), code.clone());
            move || fetch.one(&code)
        };
        // An interrupt may have closed the pool: then the task is cancelled before it is submitted.
        let future = pool.named(&*code).try_submit(task).unwrap_or_else(|_| {
            let (task, future) = glasspool::task(|| Fetched::NotBegun);
            drop(task);
            future
        });
        to_do.push((code, future));
    }
    let pool = CancelsWhenDropped(pool);
    Ok(Box::new(as_completed(to_do).map(move |(code, future)| {
        let _as_long_as_anyone_asks = &pool;
        let fetched = future.into_result().unwrap_or_else(|error| match error {
            TaskError::Cancelled(_) => Fetched::NotBegun,
            other => Fetched::Panicked(other),
        });
        Download { code, fetched }
    })))
}

/// Cancels the pending downloads when the reader stops reading.
struct CancelsWhenDropped(Arc<ThreadPoolExecutor>);

impl Drop for CancelsWhenDropped {
    fn drop(&mut self) {
        self.0.close(Shutdown::CancelPending);
    }
}
