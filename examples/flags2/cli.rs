//! The command line: the book's options, and a few for the settings of the servers.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::common::countries::{self, POP20};
use crate::common::server::fate::{DELAY, Label, SEED};
use crate::common::views::Views;

pub const USAGE: &str = "\
Usage: flags2 [-h] [-a | -e] [-l N] [-m CONCURRENT] [-s LABEL] [-v] [--how HOW]
              [--seed N] [--delay MIN..MAX] [--timeout SECONDS]
              [--server-url URL] [--folder FOLDER] [view ...] [CC ...]

Downloads flags, by default those of the twenty most populous countries.

  CC                     a country code, or its first letter (B is BA to BZ)
  -a, --all              all flags that exist
  -e, --every            every possible code, AA to ZZ
  -l, --limit N          the first N codes
  -m, --max_req CONCURRENT
                         most requests at once (default 30)
  -s, --server LABEL     DELAY, ERROR, FLAKY, LIMIT, LOCAL or REMOTE (default LOCAL).
                         LIMIT answers a few at once: with far more requests,
                         the last ones time out
  -v, --verbose          a line for each flag instead of a progress bar
  --how HOW              pool, or sequential: one after the other (default pool)
  --seed N               seed of a server's delays and faults (default 100)
  --delay MIN..MAX       how many seconds answers of DELAY, ERROR and FLAKY take
                         (default 0.05..0.5)
  --timeout SECONDS      how long a phase of a request may take (default 3.1)
  --server-url URL       asks this server instead
  --folder FOLDER        where to save the flags (default downloaded)
  -h, --help             prints this help

Views of what its pool did:

";

/// Most requests at once, as in the book.
const MOST_REQUESTS: usize = 1000;

/// Most requests at once to a real site.
const MOST_REMOTE_REQUESTS: usize = 5;

#[derive(Clone, Debug)]
pub struct Options {
    pub codes: Vec<String>,
    pub max_req: usize,
    pub server: Server,
    pub verbose: bool,
    pub how: How,
    pub seed: u64,
    pub delay: RangeInclusive<Duration>,
    pub timeout: Duration,
    pub folder: String,
    pub views: Views,
}

#[derive(Clone, Debug)]
pub enum Server {
    /// A server that the program starts.
    Local(Label),
    Remote,
    Url(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Sequential,
    Pool,
}

pub enum Parsed {
    Run(Options),
    Help,
    Error(String),
}

impl Options {
    /// Number of requests at once: as asked for, but at most as allowed, and one per code.
    pub fn workers(&self) -> usize {
        let most = match (self.how, &self.server) {
            (How::Sequential, _) => 1,
            (How::Pool, Server::Remote) => MOST_REMOTE_REQUESTS,
            (How::Pool, _) => MOST_REQUESTS,
        };
        self.max_req.min(most).min(self.codes.len())
    }
}

pub fn parse(args: impl IntoIterator<Item = OsString>) -> Parsed {
    match try_parse(args) {
        Ok(Some(options)) => Parsed::Run(options),
        Ok(None) => Parsed::Help,
        Err(error) => Parsed::Error(error.to_string()),
    }
}

fn try_parse(args: impl IntoIterator<Item = OsString>) -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;

    let mut options = Options {
        codes: Vec::new(),
        max_req: 30,
        server: Server::Local(Label::Local),
        verbose: false,
        how: How::Pool,
        seed: SEED,
        delay: DELAY,
        timeout: Duration::from_millis(3100),
        folder: "downloaded".to_owned(),
        views: Views::default(),
    };
    let mut codes = BTreeSet::new();
    let (mut all, mut every, mut limit) = (false, false, usize::MAX);
    let mut args = lexopt::Parser::from_iter(args);
    while let Some(arg) = args.next()? {
        match arg {
            Short('a') | Long("all") => all = true,
            Short('e') | Long("every") => every = true,
            Short('l') | Long("limit") => limit = at_least_one(&mut args, "--limit N")?,
            Short('m') | Long("max_req" | "max-req") => {
                options.max_req = at_least_one(&mut args, "--max_req CONCURRENT")?;
            }
            Short('s') | Long("server") => options.server = server(&args.value()?.string()?)?,
            Short('v') | Long("verbose") => options.verbose = true,
            Long("how") => options.how = args.value()?.parse_with(how)?,
            Long("seed") => options.seed = args.value()?.parse()?,
            Long("delay") => options.delay = args.value()?.parse_with(delay)?,
            Long("timeout") => options.timeout = args.value()?.parse_with(seconds)?,
            Long("server-url") => options.server = Server::Url(args.value()?.parse_with(url)?),
            Long("folder") => options.folder = args.value()?.string()?,
            Short('h') | Long("help") => return Ok(None),
            Long(option) => {
                let option = option.to_owned();
                if !options.views.of_option(&option, &mut args)? {
                    return Err(Long(&option).unexpected());
                }
            }
            Value(argument) => match countries::named_by(&argument.string()?) {
                Some(named) => codes.extend(named),
                None => return Err("each CC argument must be A to Z or AA to ZZ.".into()),
            },
            Short(_) => return Err(arg.unexpected()),
        }
    }
    if every {
        // `--every` includes `--all`; either one overrides the codes.
        codes = countries::every().collect();
    } else if all {
        codes = countries::all().map(str::to_owned).collect();
    } else if codes.is_empty() {
        codes = POP20.into_iter().map(str::to_owned).collect();
    }
    options.codes = codes.into_iter().take(limit).collect();
    Ok(Some(options))
}

fn at_least_one(args: &mut lexopt::Parser, option: &str) -> Result<usize, lexopt::Error> {
    let text = lexopt::ValueExt::string(args.value()?)?;
    match text.parse() {
        Ok(number) if number >= 1 => Ok(number),
        _ => Err(format!("{option} must be >= 1").into()),
    }
}

fn server(name: &str) -> Result<Server, lexopt::Error> {
    if name.eq_ignore_ascii_case("REMOTE") {
        return if cfg!(feature = "remote") {
            Ok(Server::Remote)
        } else {
            Err("--server REMOTE needs TLS: cargo run --features remote --example flags2".into())
        };
    }
    Label::from_name(name).map(Server::Local).ok_or_else(|| {
        let names = Label::ALL.map(Label::name).join(", ");
        format!("--server LABEL must be one of {names}, REMOTE").into()
    })
}

fn url(text: &str) -> Result<String, &'static str> {
    if text.contains("://") {
        Ok(text.to_owned())
    } else {
        Err("--server-url URL must be one, as http://host/flags")
    }
}

fn how(name: &str) -> Result<How, &'static str> {
    match name {
        "pool" => Ok(How::Pool),
        "sequential" => Ok(How::Sequential),
        _ => Err("--how HOW must be pool or sequential"),
    }
}

fn delay(text: &str) -> Result<RangeInclusive<Duration>, &'static str> {
    let (least, most) = text.split_once("..").ok_or("--delay must be MIN..MAX")?;
    let (least, most) = (seconds(least)?, seconds(most)?);
    if least <= most { Ok(least..=most) } else { Err("--delay MIN must not be more than MAX") }
}

/// Parses a time of at most an hour, which no clock overflows.
fn seconds(text: &str) -> Result<Duration, &'static str> {
    match text.parse() {
        Ok(seconds) if (0.0..=3600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("seconds must be a number from 0 to 3600"),
    }
}
