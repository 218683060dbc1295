//! Downloads many flags and counts how the downloads end: *Fluent Python*'s `flags2` with its whole
//! command line.
//!
//! ```text
//! cargo run --example flags2                     # twenty flags, at most thirty workers
//! cargo run --example flags2 -- -s ERROR -v b    # BA to BZ; a quarter of the answers are teapots
//! cargo run --example flags2 -- -s FLAKY -m 3
//! cargo run --example flags2 -- -h
//! ```
//!
//! What to look for: with the same server and seed, one worker, three or thirty end with the same
//! counts, and take different times. Ctrl-C cancels the pending downloads, and the counts are
//! printed.

#![allow(unreachable_pub, reason = "nothing outside can reach into a program")]

#[path = "../common/mod.rs"]
mod common;

mod cli;
mod download;
mod interrupt;
mod progress;
mod report;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use cli::{How, Options, Parsed, Server};
use common::client::Client;
use common::program::{INTERRUPTED, Trouble};
use common::save::Folder;
use common::say::{complain, print, say};
use common::server::FlagServer;
use common::server::fate::Plan;
use common::views;
use download::{Download, Fetch, Fetched};
use interrupt::Interrupt;
use progress::Progress;
use report::Counts;

/// The book's real site; it gets few requests at once.
const REMOTE: &str = "https://www.fluentpython.com/data/flags";

fn main() -> ExitCode {
    let options = match cli::parse(std::env::args_os()) {
        Parsed::Run(options) => options,
        Parsed::Help => {
            print(format_args!("{}{}", cli::USAGE, views::USAGE));
            return ExitCode::SUCCESS;
        }
        Parsed::Error(complaint) => {
            // On standard output and with the whole usage, as the book's program does.
            say(format_args!("*** Usage error: {complaint}"));
            print(format_args!("{}{}", cli::USAGE, views::USAGE));
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(interrupted) if interrupted => ExitCode::from(INTERRUPTED),
        Ok(_) => ExitCode::SUCCESS,
        Err(trouble) => {
            complain(format_args!("flags2: {trouble}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the program, and returns `true` if it was interrupted.
fn run(options: &Options) -> Result<bool, Trouble> {
    options.views.check()?;
    let folder = Folder::create(&options.folder)?;
    let (_server, url) = match &options.server {
        Server::Local(label) => {
            let plan =
                Plan { seed: options.seed, delay: options.delay.clone(), ..Plan::new(*label) };
            let server = FlagServer::start(plan, None)?;
            let url = server.url();
            (Some(server), url)
        }
        Server::Remote => (None, REMOTE.to_owned()),
        Server::Url(url) => (None, url.clone()),
    };
    let began = Instant::now();
    report::initial(options, &url);

    let fetch = Arc::new(Fetch { client: Client::new(&url, options.timeout), folder });
    let interrupt = Interrupt::listen()?;
    let downloads: Box<dyn Iterator<Item = Download>> = match options.how {
        How::Sequential => download::one_by_one(fetch, options.codes.clone(), interrupt.clone()),
        How::Pool => download::by_a_pool(&fetch, options, &interrupt)?,
    };
    let mut progress = Progress::of(options.codes.len(), options.verbose);
    let mut counts = Counts::default();
    let mut unsaved = None;
    for Download { code, fetched } in downloads {
        counts.add(&fetched);
        if matches!(fetched, Fetched::NotBegun) {
            continue;
        }
        progress.advance();
        if options.verbose {
            say(format_args!("{code} {fetched}"));
        }
        if let Fetched::NotSaved(error) = fetched {
            // Without space on the disk, the next downloads would fail, too.
            unsaved = Some(error);
            break;
        }
    }
    progress.finish();
    counts.not_begun_of(options.codes.len());
    report::last(&counts, began.elapsed());
    let (flags, workers) =
        (views::count(options.codes.len(), "flag"), views::count(options.workers(), "worker"));
    options.views.show(format!("flags2: {flags} on {workers}"))?;
    match unsaved {
        None => Ok(interrupt.happened()),
        Some(error) => Err(error.into()),
    }
}
