//! Records the runs of the gallery, `docs/gallery.md`, and draws its pictures.
//!
//! ```text
//! cargo run --release --example gallery -- --into docs/pictures
//! cargo run --example gallery -- in-order
//! ```
//!
//! What to look for: each pair of runs differs in one line, and the difference can be seen. Without `--into`, the runs are shown as charts, and nothing
//! is written.

#![allow(unreachable_pub, reason = "nothing outside can reach into a program")]

#[path = "../common/mod.rs"]
mod common;

mod cases;

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

use cases::{CASES, Case, Watched};
use common::say::{complain, print};
use glasspool::timeline::{Gantt, Recorder, Svg, Trace};

const USAGE: &str = "\
Usage: gallery [--into FOLDER] [CASE ...]

Records runs that teach something, and shows each as a chart.

  CASE            one or more of those that are listed below (default: all)
  --into FOLDER   keeps each run there, and its picture, in the place of the chart
  -h, --help      prints this

";

struct Options {
    into: Option<PathBuf>,
    cases: Vec<&'static Case>,
}

/// `None` if only help was asked for.
fn parse_options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;

    let mut options = Options { into: None, cases: Vec::new() };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("into") => options.into = Some(args.value()?.into()),
            Short('h') | Long("help") => return Ok(None),
            Value(name) => {
                let name = name.string()?;
                let case = CASES.iter().find(|case| case.name == name);
                options.cases.push(case.ok_or_else(|| format!("there is no case {name:?}"))?);
            }
            _ => return Err(arg.unexpected()),
        }
    }
    if options.cases.is_empty() {
        options.cases = CASES.iter().collect();
    }
    Ok(Some(options))
}

/// Tasks and pools are numbered throughout a process, and in each picture they should count from 0.
fn each_in_a_process_of_its_own(into: &Path, cases: &[&Case]) -> Result<(), Box<dyn Error>> {
    for case in cases {
        let status =
            Command::new(std::env::current_exe()?).arg("--into").arg(into).arg(case.name).status()?;
        if !status.success() {
            return Err(format!("{}: {status}", case.name).into());
        }
    }
    Ok(())
}

fn record(case: &Case) -> Result<Trace, Box<dyn Error>> {
    let watched = Watched(Arc::new(Recorder::default()));
    (case.run)(&watched)?;
    Ok(watched.0.trace().with_title(case.title))
}

fn run(Options { into, cases }: &Options) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = into {
        fs::create_dir_all(folder)?;
        if cases.len() > 1 {
            return each_in_a_process_of_its_own(folder, cases);
        }
    }
    for case in cases {
        let trace = record(case)?;
        match into {
            None => print(format_args!("\n{}:\n{}", case.name, Gantt::of(&trace).for_terminal())),
            Some(folder) => {
                let file = |extension| folder.join(format!("{}.{extension}", case.name));
                trace.write(File::create(file("trace"))?)?;
                fs::write(file("svg"), Svg::of(&trace).to_string())?;
            }
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let outcome = match parse_options() {
        Ok(Some(options)) => run(&options),
        Ok(None) => {
            print(format_args!("{USAGE}"));
            for Case { name, title, .. } in CASES {
                print(format_args!("  {name:<18}{title}\n"));
            }
            return ExitCode::SUCCESS;
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("gallery: {error} (see --help)"));
            ExitCode::FAILURE
        }
    }
}
