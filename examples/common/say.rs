//! Printing, for programs whose reader may have gone away.

use std::fmt;
use std::io::{self, Write};

use super::save;

/// Prints a line, whole. If nobody reads it, there is nobody left to work for: the program ends.
pub fn say(line: fmt::Arguments<'_>) {
    print(format_args!("{line}\n"));
}

/// The same without the end of the line.
pub fn print(text: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    // In one piece, so that what several threads print cannot be torn.
    if out.write_all(text.to_string().as_bytes()).and_then(|()| out.flush()).is_err() {
        drop(out);
        save::exit(1);
    }
}

/// Prints a line to standard error, if anybody reads that.
pub fn complain(line: fmt::Arguments<'_>) {
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}
