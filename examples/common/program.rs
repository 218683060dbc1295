//! What the three short programs have in common: their options, a server if they need one, and the line with the total.

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::client::{Client, Failure};
use super::save::{self, Folder, Unsaved};
use super::say::{complain, print, say};
use super::server::FlagServer;
use super::server::fate::{Label, Plan, SEED};

/// The book's.
const TIMEOUT: Duration = Duration::from_millis(6100);

const FOLDER: &str = "downloaded";

/// What a downloader works with.
#[derive(Clone)]
pub struct Session {
    client: Client,
    folder: Folder,
}

/// Why a program ended without its total.
pub type Trouble = Box<dyn Error + Send + Sync>;

impl Session {
    pub fn get_flag(&self, code: &str) -> Result<Vec<u8>, Failure> {
        self.client.get_flag(code)
    }

    pub fn save_flag(&self, image: &[u8], name: &str) -> Result<(), Unsaved> {
        self.folder.save(name, image)
    }
}

/// Shows that a flag has come, at once and in one piece.
pub fn show(code: &str) {
    print(format_args!("{code} "));
}

/// The exit code of a program that was interrupted: 128 and the signal's number.
pub const INTERRUPTED: u8 = 130;

struct Options {
    label: Label,
    seed: u64,
    url: Option<String>,
    folder: String,
}

fn usage(name: &str, about: &str) -> String {
    format!(
        "Usage: {name} [-s LABEL] [--seed N] [--server-url URL] [--folder FOLDER]

{about}

  -s, --server LABEL   DELAY, ERROR, FLAKY, LIMIT or LOCAL: the server to bring along (default DELAY)
  --seed N             what its delays and faults are drawn from (default {SEED})
  --server-url URL     asks this server instead
  --folder FOLDER      where to save the flags (default {FOLDER})
  -h, --help           prints this
"
    )
}

fn parse_options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;

    let mut options = Options { label: Label::Delay, seed: SEED, url: None, folder: FOLDER.to_owned() };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Short('s') | Long("server") => {
                let from_name = |name: &str| Label::from_name(name).ok_or("there is no such server");
                options.label = args.value()?.parse_with(from_name)?;
            }
            Long("seed") => options.seed = args.value()?.parse()?,
            Long("server-url") => options.url = Some(args.value()?.string()?),
            Long("folder") => options.folder = args.value()?.string()?,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(options))
}

/// Runs `download_many`, which says how many flags it has downloaded, and prints how long that took.
pub fn run(
    name: &str,
    about: &str,
    download_many: impl FnOnce(&Session) -> Result<usize, Trouble>,
) -> ExitCode {
    let options = match parse_options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            print(format_args!("{}", usage(name, about)));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            complain(format_args!("{name}: {error} (see --help)"));
            return ExitCode::from(2);
        }
    };
    match download(name, &options, download_many) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            complain(format_args!("\n{name}: {trouble}"));
            ExitCode::FAILURE
        }
    }
}

fn download(
    name: &str,
    options: &Options,
    download_many: impl FnOnce(&Session) -> Result<usize, Trouble>,
) -> Result<(), Trouble> {
    let folder = Folder::create(&options.folder)?;
    ctrlc::set_handler(|| {
        complain(format_args!("\nInterrupted: {} flags are saved, whole.", save::saved()));
        save::exit(INTERRUPTED.into());
    })?;
    let mut server = None;
    let url = match &options.url {
        Some(url) => url.clone(),
        None => {
            let plan = Plan { seed: options.seed, ..Plan::new(options.label) };
            let url = server.insert(FlagServer::start(plan, None)?).url();
            complain(format_args!("{name}: {} site: {url} (seed {})", options.label.name(), options.seed));
            url
        }
    };
    let session = Session { client: Client::new(&url, TIMEOUT), folder };
    let began = Instant::now();
    let count = download_many(&session)?;
    say(format_args!("\n{count} downloads in {:.2}s", began.elapsed().as_secs_f64()));
    Ok(())
}
