//! Serves flags: the examples' own server, for a browser, for `curl` and for the book's programs.
//!
//! ```text
//! cargo run --example flag_server                  # for a few seconds
//! cargo run --example flag_server -- --seconds 0   # until Ctrl-C
//! ```
//!
//! What to look for: the same page from each of the sites, in a browser. They differ in when, and
//! whether, a flag comes.

#[path = "../common/mod.rs"]
mod common;

use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use common::program::Trouble;
use common::say::{complain, print, say};
use common::server::FlagServer;
use common::server::fate::{LIMIT, Label, Plan, SEED};

const USAGE: &str = "\
Usage: flag_server [--seconds N] [--seed N]

Serves flags on loopback, from five sites that differ in when, and whether, they answer.

  --seconds N   how long (default 5); 0 means until Ctrl-C
  --seed N      seed of delays and faults (default 100)
  -h, --help    prints this help
";

/// The first three are where the book's programs look for servers; the others follow.
const FIRST_PORT: u16 = 8000;

const MENU: [(Label, &str); 5] = [
    (Label::Local, "as fast as it can"),
    (Label::Delay, "each answer after 0.05 to 0.5 s"),
    (Label::Error, "the same, and a quarter of the answers are teapots"),
    (Label::Flaky, "the same, and some connections are reset, stall or end in the middle"),
    (Label::Limit, "20 ms each, and only a few at once"),
];

struct Options {
    seconds: u64,
    seed: u64,
}

fn parse_options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;

    let mut options = Options { seconds: 5, seed: SEED };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("seconds") => options.seconds = args.value()?.parse()?,
            Long("seed") => options.seed = args.value()?.parse()?,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(options))
}

fn serve(options: &Options) -> Result<(), Trouble> {
    let (interrupt, interrupted) = mpsc::channel();
    ctrlc::set_handler(move || {
        // After the first Ctrl-C the receiver may be gone, which is no error.
        let _ = interrupt.send(());
    })?;
    let mut servers = Vec::new();
    for ((label, behaviour), port) in MENU.into_iter().zip(FIRST_PORT..) {
        let server =
            FlagServer::start(Plan { seed: options.seed, ..Plan::new(label) }, Some(port))?;
        say(format_args!("{:5}  {}  {behaviour}", label.name(), server.url()));
        servers.push(server);
    }
    say(format_args!(
        "(The last one answers {LIMIT} requests at once. Delays and faults have the seed {}.)",
        options.seed
    ));
    if options.seconds == 0 {
        say(format_args!("Serving until Ctrl-C."));
        interrupted.recv()?;
    } else {
        say(format_args!("Serving for {} s; --seconds 0 is until Ctrl-C.", options.seconds));
        // A timeout is not an error here.
        let _ = interrupted.recv_timeout(Duration::from_secs(options.seconds));
    }
    drop(servers);
    say(format_args!("Closed."));
    Ok(())
}

fn main() -> ExitCode {
    let outcome = match parse_options() {
        Ok(Some(options)) => serve(&options),
        Ok(None) => {
            print(format_args!("{USAGE}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            complain(format_args!("flag_server: {trouble}"));
            ExitCode::FAILURE
        }
    }
}
