//! What does a task cost, and what would it cost on another pool?
//!
//! The same work runs on glasspool and on two pools that a Rust program could use instead:
//! `threadpool`, and `rayon` with its `spawn`. Neither returns results, so these come over
//! channels: a `oneshot` for each task, or one `crossbeam-channel` for all. Four workloads:
//!
//! - **empty**: a million tasks are submitted, then every result is read. A task returns its number
//!   and does nothing else.
//! - **completed**: 100,000 such tasks are read in the order in which they end. glasspool has
//!   `as_completed` for this; with the peers, each task sends its number over one channel.
//! - **held**: as *completed*, but every worker is held inside a task until all tasks are queued
//!   and `as_completed` has been called.
//! - **trip**: one task is submitted and its result is read, 20,000 times. The figure is the
//!   median.
//!
//! Each measurement is a process of its own, whose workers have started before its clock does. The
//! pools take turns, so a machine that is busy for a while slows all of them. The table shows the
//! median of all rounds, with the least and the most, and the ratio within each round. On a busy
//! machine, trust the ratios more than the times.
//!
//! What it cannot say:
//!
//! - Whether the difference matters to your tasks. They do something, and these times may be small
//!   beside it.
//! - What the difference buys. The peers' tasks have no state, name, callback or error and cannot
//!   be cancelled, and a pool of theirs may hang if its tasks wait for each other.
//! - Which pool splits one computation over the cores best. That is what rayon is made for, and
//!   `spawn` is not how it does so.
//!
//! It takes about half a minute:
//!
//! ```text
//! cargo bench --bench peers
//! cargo bench --bench peers -- held --workers 8 --runs 11
//! ```

#![allow(clippy::cast_precision_loss, reason = "a million fits into a float")]

#[allow(unreachable_pub, reason = "the benches share it")]
mod pools;

use std::error::Error;
use std::ffi::OsString;
use std::hint::black_box;
use std::io::{self, Write};
use std::process::Command;
use std::time::Instant;
use std::{env, str};

use glasspool::ThreadPoolExecutor;
use pools::{Held, Pool, Value, WithChannels};

const USAGE: &str = "\
Usage: cargo bench --bench peers -- [WORKLOAD ...] [--workers N ...] [--runs N]

Compares glasspool with two other pools: time per task, and their ratio.

  WORKLOAD          empty, completed, held or trip (default: all)
  --workers N       how many workers each pool has; may be repeated
                    (default: 2 and 8 for empty, else 2)
  --runs N          how often each is measured (default 5)
  --test            once and with few tasks: only to see that it works
  -h, --help        prints this
";

/// The name of a pool in the table, and how it is measured.
type Contestant = (&'static str, fn(Workload, usize, Size) -> f64);

/// The first is compared with each of the others.
const CONTESTANTS: [Contestant; 3] = [
    ("glasspool", measure::<ThreadPoolExecutor>),
    ("threadpool + channel", measure::<WithChannels<threadpool::ThreadPool>>),
    ("rayon + channel", measure::<WithChannels<rayon::ThreadPool>>),
];

#[derive(Clone, Copy)]
enum Workload {
    Empty,
    Completed,
    Held,
    Trip,
}

impl Workload {
    const ALL: [Self; 4] = [Self::Empty, Self::Completed, Self::Held, Self::Trip];

    fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Completed => "completed",
            Self::Held => "held",
            Self::Trip => "trip",
        }
    }

    fn of_name(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|workload| workload.name() == name);
        found.ok_or_else(|| format!("no workload is called {name}"))
    }

    fn tasks(self, size: Size) -> usize {
        match (size, self) {
            (Size::Tiny, _) => 100,
            (Size::Full, Self::Empty) => 1_000_000,
            (Size::Full, Self::Completed | Self::Held) => 100_000,
            (Size::Full, Self::Trip) => 20_000,
        }
    }

    fn usual_workers(self) -> &'static [usize] {
        match self {
            Self::Empty => &[2, 8],
            Self::Completed | Self::Held | Self::Trip => &[2],
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Size {
    Full,
    Tiny,
}

/// Nanoseconds for each task of a workload.
fn measure<P: Pool>(workload: Workload, workers: usize, size: Size) -> f64 {
    let tasks = workload.tasks(size);
    let pool = P::start(workers);
    let held = Held::hold(&pool, workers);
    if matches!(workload, Workload::Held) {
        return per_task(tasks, || pool.sum_as_completed(tasks, || drop(held.release())));
    }
    held.release().into_iter().for_each(|handle| _ = P::read(handle));
    match workload {
        Workload::Empty => per_task(tasks, || {
            let handles: Vec<_> = (0..tasks).map(|number| pool.submit(move || number)).collect();
            handles.into_iter().map(P::read).sum()
        }),
        Workload::Completed | Workload::Held => {
            per_task(tasks, || pool.sum_as_completed(tasks, || ()))
        }
        Workload::Trip => {
            let trip = |number| per_task(1, || P::read(pool.submit(move || number)) - number);
            median((0..tasks).map(trip).collect())
        }
    }
}

/// Nanoseconds for each of so many tasks. Their values are 0, 1, 2, …, and `run` returns the sum,
/// which shows that each task has run.
fn per_task(tasks: usize, run: impl FnOnce() -> Value) -> f64 {
    let began = Instant::now();
    let sum = black_box(run());
    let took = began.elapsed();
    assert_eq!(sum, tasks * (tasks - 1) / 2, "each task has run once");
    took.as_secs_f64() * 1e9 / tasks as f64
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    let (lower, upper) = (of[(of.len() - 1) / 2], of[of.len() / 2]);
    f64::midpoint(lower, upper)
}

struct Options {
    workloads: Vec<Workload>,
    workers: Vec<usize>,
    runs: usize,
    size: Size,
}

/// What the program was asked for.
enum Asked {
    Compare(Options),
    /// One measurement in this process, for a parent that compares.
    One(usize, Workload, usize, Size),
    Help,
}

fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Asked, lexopt::Error> {
    use lexopt::prelude::*;

    let mut options =
        Options { workloads: Vec::new(), workers: Vec::new(), runs: 5, size: Size::Full };
    let mut one = None;
    let mut args = lexopt::Parser::from_args(args);
    while let Some(arg) = args.next()? {
        match arg {
            Value(name) => options.workloads.push(name.parse_with(Workload::of_name)?),
            Long("workers") => options.workers.push(args.value()?.parse_with(at_least_one)?),
            Long("runs") => options.runs = args.value()?.parse_with(at_least_one)?,
            Long("test") => (options.size, options.runs) = (Size::Tiny, 1),
            Long("one") => one = Some(args.value()?.parse()?),
            Short('h') | Long("help") => return Ok(Asked::Help),
            // Cargo passes this to every bench.
            Long("bench") => {}
            _ => return Err(arg.unexpected()),
        }
    }
    match (one, &options.workloads[..], &options.workers[..]) {
        (Some(contestant), &[workload], &[workers]) if contestant < CONTESTANTS.len() => {
            return Ok(Asked::One(contestant, workload, workers, options.size));
        }
        (Some(_), ..) => return Err("--one needs a pool, a workload and a number".into()),
        (None, [], _) => options.workloads = Workload::ALL.to_vec(),
        (None, ..) => {}
    }
    Ok(Asked::Compare(options))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("it must be a number, at least 1".to_owned()),
    }
}

/// Measures in a process of its own, so that the allocator and the threads of one pool do not
/// disturb the next.
fn measure_apart(
    contestant: usize,
    workload: Workload,
    workers: usize,
    size: Size,
) -> Result<f64, Box<dyn Error>> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["--one", &contestant.to_string(), workload.name()]);
    command.args(["--workers", &workers.to_string()]);
    if size == Size::Tiny {
        command.arg("--test");
    }
    let output = command.output()?;
    if !output.status.success() {
        io::stderr().write_all(&output.stderr)?;
        return Err(format!(
            "{}, {}: {}",
            CONTESTANTS[contestant].0,
            workload.name(),
            output.status
        )
        .into());
    }
    Ok(str::from_utf8(&output.stdout)?.trim().parse()?)
}

/// Measures the pools in turn with one workload, and prints its rows of the table.
fn compare(workload: Workload, workers: usize, options: &Options) -> Result<(), Box<dyn Error>> {
    let mut times = CONTESTANTS.map(|_| Vec::new());
    for _ in 0..options.runs {
        for (contestant, times) in times.iter_mut().enumerate() {
            times.push(measure_apart(contestant, workload, workers, options.size)?);
        }
    }
    let ours = &times[0];
    for (contestant, ((name, _), times)) in CONTESTANTS.iter().zip(&times).enumerate() {
        let ratios = ours.iter().zip(times).map(|(ours, theirs)| ours / theirs).collect();
        print_row(
            &[workload.name(), &workers.to_string(), name],
            &spread(times.clone(), 0),
            &if contestant == 0 { String::new() } else { spread(ratios, 2) },
        )?;
    }
    Ok(())
}

/// The median, and the least and the most if there are several.
fn spread(of: Vec<f64>, digits: usize) -> String {
    if let [only] = of[..] {
        return format!("{only:.digits$}");
    }
    let least = of.iter().copied().fold(f64::INFINITY, f64::min);
    let most = of.iter().copied().fold(0.0, f64::max);
    format!("{:.digits$} ({least:.digits$} to {most:.digits$})", median(of))
}

fn print_row(what: &[&str; 3], time: &str, ratio: &str) -> io::Result<()> {
    let [workload, workers, pool] = what;
    let row = format!("{workload:<10} {workers:>7}  {pool:<21} {time:<24} {ratio}");
    writeln!(io::stdout(), "{}", row.trim_end())
}

fn main() -> Result<(), Box<dyn Error>> {
    match parse(env::args_os().skip(1))? {
        Asked::Help => write!(io::stdout(), "{USAGE}")?,
        Asked::One(contestant, workload, workers, size) => {
            let (_, measure) = CONTESTANTS[contestant];
            writeln!(io::stdout(), "{}", measure(workload, workers, size))?;
        }
        Asked::Compare(options) => {
            print_row(&["workload", "workers", "pool"], "ns per task", "glasspool / pool")?;
            for &workload in &options.workloads {
                let chosen = Some(&options.workers[..]).filter(|chosen| !chosen.is_empty());
                for &workers in chosen.unwrap_or(workload.usual_workers()) {
                    compare(workload, workers, &options)?;
                }
            }
        }
    }
    Ok(())
}
