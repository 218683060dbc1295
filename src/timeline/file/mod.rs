//! A trace as a file: JSON, one line per event.
//!
//! `docs/trace-format.md` describes the fields, for readers of the file with other tools. A trace
//! that is [written](mod@write) and [read](mod@read) back is equal to itself. Files may come from
//! anyone, so an error names the line.

mod json;
mod read;
mod words;
mod write;

pub(super) use json::Quoted;
pub use read::ReadError;

/// Version of the format, in the first line. A reader refuses any other.
const VERSION: u64 = 1;
