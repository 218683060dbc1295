//! A trace as a file: JSON, one line an event. `docs/trace-format.md` says what stands in it, for
//! those who read it with other tools.
//!
//! What can be [written](mod@write) can be [read](mod@read), and is the same then. A file may have
//! been made by anyone: whatever is wrong with it is said with its line.

mod json;
mod read;
mod words;
mod write;

pub(super) use json::Quoted;
pub use read::ReadError;

/// What the first line says. Readers of this version refuse any other.
const VERSION: u64 = 1;
