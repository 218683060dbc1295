//! Runs five tasks that do nothing for 0 to 4 seconds, on three workers: the demo of *Fluent
//! Python*'s chapter on executors.
//!
//! ```text
//! cargo run --example loiter
//! ```
//!
//! What to look for: three tasks begin at once, and the fourth begins when the first is done.
//! `results` is printed before there is any result: it is lazy, and shows the states of its
//! futures. Results come in the order of the inputs, whichever task is done first.

#![allow(clippy::print_stderr, reason = "a program prints")]

#[path = "common/views.rs"]
#[allow(dead_code, unreachable_pub, reason = "a program uses a part of it")]
mod views;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use glasspool::ThreadPoolExecutor;
use jiff::civil::Time;
use jiff::{SignedDuration, Zoned};
use views::{Views, count};

const USAGE: &str = "\
Usage: loiter [--workers N] [--tasks N] [--speed X] [--no-gantt] [view ...]

Runs tasks that do nothing: task n for n seconds. Then shows when each thread did what.

  --workers N       most workers of the pool (default 3)
  --tasks N         number of tasks, at most 1000 (default 5)
  --speed X         the demo's clock runs X times as fast (default 1)
  --no-gantt        prints no chart at the end
  -h, --help        prints this help

Views of what the pool did:

";

struct Options {
    workers: usize,
    tasks: u32,
    speed: f64,
    views: Views,
}

/// Parses the options; `None` asks for help.
fn parse_options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;

    let mut options = Options { workers: 3, tasks: 5, speed: 1.0, views: Views::with_gantt() };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("workers") => options.workers = args.value()?.parse()?,
            Long("tasks") => options.tasks = args.value()?.parse_with(parse_tasks)?,
            Long("speed") => options.speed = args.value()?.parse_with(parse_speed)?,
            Long("no-gantt") => options.views.gantt = false,
            Short('h') | Long("help") => return Ok(None),
            Long(option) => {
                let option = option.to_owned();
                if !options.views.of_option(&option, &mut args)? {
                    return Err(Long(&option).unexpected());
                }
            }
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(options))
}

/// Limits the number of tasks: each is printed one tab further to the right.
fn parse_tasks(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(tasks) if tasks <= 1000 => Ok(tasks),
        _ => Err("it must be a number from 0 to 1000".to_owned()),
    }
}

/// Limits the speed: slow enough for anyone, fast enough for a test, and not zero.
fn parse_speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (0.01..=1000.0).contains(&speed) => Ok(speed),
        _ => Err("it must be a number from 0.01 to 1000".to_owned()),
    }
}

/// The time of day, read once and then counted on at the demo's speed.
///
/// It counts from the whole second in which the demo began. Events within a second of the start
/// therefore have the same stamp, and a change of the system's clock has no effect.
#[derive(Clone, Copy)]
struct Clock {
    began: Instant,
    began_at: Time,
    speed: f64,
}

impl Clock {
    fn start(speed: f64) -> Self {
        let began_at =
            Zoned::now().time().with().subsec_nanosecond(0).build().expect("0 is a valid fraction");
        Self { began: Instant::now(), began_at, speed }
    }

    fn now(self) -> Time {
        let elapsed = self.began.elapsed().mul_f64(self.speed);
        self.began_at.wrapping_add(SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX))
    }

    /// Sleeps for a number of seconds of this clock.
    fn loiter(self, seconds: u32) {
        sleep(Duration::from_secs(seconds.into()).div_f64(self.speed));
    }

    /// Prints a line with the time before it, in one call: lines of several threads do not mix.
    fn display(self, what: &str) {
        if writeln!(io::stdout().lock(), "[{}] {what}", self.now().strftime("%H:%M:%S")).is_err() {
            // The reader has gone, so the program ends.
            std::process::exit(1);
        }
    }
}

fn loiter(clock: Clock, n: u32) -> u32 {
    let indent = "\t".repeat(n as usize);
    clock.display(&format!("{indent}loiter({n}): doing nothing for {n}s..."));
    clock.loiter(n);
    clock.display(&format!("{indent}loiter({n}): done."));
    n * 10
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    options.views.check()?;
    let clock = Clock::start(options.speed);
    let executor =
        options.views.watch(ThreadPoolExecutor::builder().max_workers(options.workers)).build()?;
    clock.display("Script starting.");
    let results = executor.named("loiter").map(0..options.tasks, move |n| loiter(clock, n));
    clock.display(&format!("results: {results}"));
    clock.display("Waiting for individual results:");
    for (i, result) in results.enumerate() {
        clock.display(&format!("result {i}: {}", result?));
    }
    drop(executor);
    let (tasks, workers) =
        (count(options.tasks as usize, "task"), count(options.workers, "worker"));
    options.views.show(format!("loiter: {tasks} on {workers}"))?;
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
            eprintln!("loiter: {error} (see --help)");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("loiter: {error}");
            ExitCode::from(2)
        }
    }
}
