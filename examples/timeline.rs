//! Draws a run that was recorded: what any example has kept with `--trace FILE`.
//!
//! ```text
//! cargo run --example loiter -- --trace loiter.trace
//! cargo run --example timeline -- loiter.trace --svg loiter.svg
//! ```
//!
//! What to look for: every view is drawn from the same file, a line an event, which
//! `docs/trace-format.md` describes. Without an argument it draws the run of `loiter` from which
//! the README's picture is.

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

  FILE              what an example has kept with --trace (default: a run of loiter)
  --figures         prints the figures that can be read off it
  -h, --help        prints this

Views:

";

/// Where the run that is drawn by default is kept.
const LOITER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pictures/loiter.trace");

struct Options {
    file: PathBuf,
    figures: bool,
    views: Views,
}

/// `None` if only help was asked for.
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
        // If nobody reads it, nobody needs it.
        let _ = write!(io::stdout(), "{}", trace.figures());
    }
    Ok(())
}

fn main() -> ExitCode {
    let options = match parse_options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            // If nobody reads it, nobody needs it.
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
