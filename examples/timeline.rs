//! Draws a recorded run: the file that any example writes with `--trace FILE`.
//!
//! ```text
//! cargo run --example loiter -- --trace loiter.trace
//! cargo run --example timeline -- loiter.trace --svg loiter.svg
//! ```
//!
//! What to look for: every view is drawn from the same file, which has one line per event;
//! `docs/trace-format.md` describes it. Without an argument, the example draws the run that is the
//! README's picture.

#![allow(clippy::print_stderr, reason = "a program prints")]

#[path = "common/views.rs"]
#[allow(dead_code, unreachable_pub, reason = "a program uses a part of it")]
mod views;

use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use glasspool::timeline::Trace;
use views::Views;

const USAGE: &str = "\
Usage: timeline [FILE] [--figures] [view ...]

Draws a recorded run: as a chart, unless another view is asked for.

  FILE              a run that an example wrote with --trace (default: a run of loiter)
  --figures         prints the figures of the run
  -h, --help        prints this help

Views:

";

/// The run that is drawn by default.
const LOITER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pictures/loiter.trace");

struct Options {
    file: PathBuf,
    figures: bool,
    views: Views,
}

/// Parses the options; `None` asks for help.
fn parse_options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;

    let (mut file, mut figures, mut views) = (None, false, Views::default());
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("figures") => figures = true,
            Short('h') | Long("help") => return Ok(None),
            Long(option) => {
                let option = option.to_owned();
                if !views.of_option(&option, &mut args)? {
                    return Err(Long(&option).unexpected());
                }
            }
            Value(path) if file.is_none() => file = Some(path.into()),
            _ => return Err(arg.unexpected()),
        }
    }
    views.gantt |= !figures && !views.are_wanted();
    Ok(Some(Options { file: file.unwrap_or_else(|| LOITER.into()), figures, views }))
}

fn run(Options { file, figures, views }: &Options) -> Result<(), Box<dyn Error>> {
    views.check_beside(&[file])?;
    let about = |cause: &dyn Error| format!("{}: {cause}", file.display());
    let opened = File::open(file).map_err(|error| about(&error))?;
    let trace = Trace::read(BufReader::new(opened)).map_err(|error| about(&error))?;
    views.show_trace(&trace)?;
    if *figures {
        // A closed pipe is no error for a view.
        let _ = write!(io::stdout(), "{}", trace.figures());
    }
    Ok(())
}

fn main() -> ExitCode {
    let options = match parse_options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            // A closed pipe is no error for a help text.
            let _ = write!(io::stdout(), "{USAGE}{}", views::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("timeline: {error} (see --help)");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("timeline: {error}");
            ExitCode::from(2)
        }
    }
}
