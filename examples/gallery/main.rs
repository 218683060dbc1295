//! Records the runs of `docs/gallery.md` and draws its pictures.
//!
//! ```text
//! cargo run --release --example gallery -- --into docs/pictures
//! cargo run --example gallery -- in-order
//! ```
//!
//! What to look for: the runs of a pair differ in one line of code, and the pictures show the
//! difference. With `--into`, a run is kept if its [`claims`] hold. Without, the runs are shown as
//! charts and no file is written.

#![allow(unreachable_pub, reason = "nothing outside can reach into a program")]

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod claims;

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use cases::{CASES, Case, Watched};
use common::save::Folder;
use common::say::{complain, print};
use glasspool::timeline::{Gantt, Recorder, Svg, Trace};

const USAGE: &str = "\
Usage: gallery [--into FOLDER | --trace] [CASE ...]

Records runs that teach something, and shows each as a chart.

  CASE            one or more of the cases below (default: all)
  --into FOLDER   writes each run and its picture to this folder, without a chart;
                  a run that does not show what it should is recorded again
  --trace         prints the run of one case as a trace, without a chart
  -h, --help      prints this help

";

/// Most attempts at a run; a machine that spoils so many is too busy.
const ATTEMPTS: usize = 10;

struct Options {
    output: Output,
    cases: Vec<&'static Case>,
}

enum Output {
    Charts,
    Trace,
    Into(PathBuf),
}

/// Parses the options; `None` asks for help.
fn parse_options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;

    let mut options = Options { output: Output::Charts, cases: Vec::new() };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("into") => options.output = Output::Into(args.value()?.into()),
            Long("trace") => options.output = Output::Trace,
            Short('h') | Long("help") => return Ok(None),
            Value(name) => {
                let name = name.string()?;
                let case = CASES.iter().find(|case| case.name == name);
                options.cases.push(case.ok_or_else(|| format!("there is no case {name:?}"))?);
            }
            _ => return Err(arg.unexpected()),
        }
    }
    if matches!(options.output, Output::Trace) && options.cases.len() != 1 {
        return Err("--trace is for one case".into());
    }
    if options.cases.is_empty() {
        options.cases = CASES.iter().collect();
    }
    Ok(Some(options))
}

fn record(case: &Case) -> Result<Trace, Box<dyn Error>> {
    let watched = Watched(Arc::new(Recorder::default()));
    (case.run)(&watched)?;
    Ok(watched.0.trace().with_title(case.title))
}

/// Records in a new process, because ids of tasks and pools count up within a process.
fn record_in_a_process_of_its_own(case: &Case) -> Result<Trace, Box<dyn Error>> {
    let mut program = Command::new(std::env::current_exe()?);
    let output = program.args(["--trace", case.name]).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{}: {}", case.name, output.status).into());
    }
    Ok(Trace::read(&*output.stdout)?)
}

fn record_what_it_claims(case: &Case) -> Result<Trace, Box<dyn Error>> {
    let name = case.name;
    let mut missed = String::new();
    for attempt in 1..=ATTEMPTS {
        let trace = record_in_a_process_of_its_own(case)?;
        match claims::check(name, &trace) {
            Ok(()) => return Ok(trace),
            Err(claim) => missed = claim,
        }
        complain(format_args!(
            "{name}, run {attempt} of at most {ATTEMPTS}: it is not so that {missed}"
        ));
    }
    Err(format!("{name} is not kept: in the last of {ATTEMPTS} runs, it is not so that {missed}")
        .into())
}

fn run(Options { output, cases }: &Options) -> Result<(), Box<dyn Error>> {
    match output {
        Output::Charts => {
            for case in cases {
                let trace = record(case)?;
                print(format_args!("\n{}:\n{}", case.name, Gantt::of(&trace).for_terminal()));
            }
        }
        Output::Trace => {
            for case in cases {
                record(case)?.write(io::stdout().lock())?;
            }
        }
        Output::Into(folder) => {
            let folder = Folder::create(folder)?;
            for case in cases {
                // The run is kept with its picture: a test draws the picture again and compares.
                let trace = record_what_it_claims(case)?;
                let mut file = Vec::new();
                trace.write(&mut file)?;
                folder.save(&format!("{}.trace", case.name), &file)?;
                folder
                    .save(&format!("{}.svg", case.name), Svg::of(&trace).to_string().as_bytes())?;
            }
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let options = match parse_options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            print(format_args!("{USAGE}"));
            for Case { name, title, .. } in CASES {
                print(format_args!("  {name:<18}{title}\n"));
            }
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            complain(format_args!("gallery: {error} (see --help)"));
            return ExitCode::FAILURE;
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("gallery: {error}"));
            ExitCode::FAILURE
        }
    }
}
