//! Printing for programs whose reader may have gone.

use std::fmt;
use std::io::{self, Write};

use super::save;

/// Prints a line whole. If the reader has gone, the program ends.
pub fn say(line: fmt::Arguments<'_>) {
    print(format_args!("{line}\n"));
}

/// Prints a text without a newline.
pub fn print(text: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    // In one write, so that the output of several threads does not mix.
    if out.write_all(text.to_string().as_bytes()).and_then(|()| out.flush()).is_err() {
        drop(out);
        save::exit(1);
    }
}

/// Prints a line to standard error; a failure is ignored.
pub fn complain(line: fmt::Arguments<'_>) {
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}
