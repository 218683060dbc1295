//! The frame of the three short programs: options, a server if needed, and the total.

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::client::{Client, Failure};
use super::save::{self, Folder, Unsaved};
use super::say::{complain, print, say};
use super::server::FlagServer;
use super::server::fate::{Label, Plan, SEED};
use super::views::{self, Views};
use glasspool::{Builder, ThreadPoolExecutor};

/// Timeout of a request, as in the book.
const TIMEOUT: Duration = Duration::from_millis(6100);

const FOLDER: &str = "downloaded";

/// What a download needs.
#[derive(Clone)]
pub struct Session {
    client: Client,
    folder: Folder,
    views: Views,
}

/// Why a program failed.
pub type Trouble = Box<dyn Error + Send + Sync>;

impl Session {
    pub fn get_flag(&self, code: &str) -> Result<Vec<u8>, Failure> {
        self.client.get_flag(code)
    }

    /// Adds the recorder to the pool for the downloads if a view is asked for.
    pub fn watch(&self, pool: Builder) -> Builder {
        self.views.watch(pool)
    }

    pub fn save_flag(&self, image: &[u8], name: &str) -> Result<(), Unsaved> {
        self.folder.save(name, image)
    }
}

/// Prints a code at once and in one write: its flag has come.
pub fn show(code: &str) {
    print(format_args!("{code} "));
}

/// Exit code of an interrupted program: 128 plus the number of the signal.
pub const INTERRUPTED: u8 = 130;

/// One of the programs.
pub struct Program {
    pub name: &'static str,
    pub about: &'static str,
    pub seen: Seen,
}

/// Whose pool the views show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The pool that downloads.
    Its,
    /// The server's, because this program has no pool: it shows how little one client occupies it.
    TheServers,
}

struct Options {
    label: Label,
    seed: u64,
    url: Option<String>,
    folder: String,
    views: Views,
}

fn usage(Program { name, about, seen }: &Program) -> String {
    let whose = match seen {
        Seen::Its => "its pool",
        Seen::TheServers => "the server's pool (it has none itself)",
    };
    format!(
        "Usage: {name} [-s LABEL] [--seed N] [--server-url URL] [--folder FOLDER] [view ...]

{about}

  -s, --server LABEL   the server to start: DELAY, ERROR, FLAKY, LIMIT or LOCAL (default DELAY)
  --seed N             seed of its delays and faults (default {SEED})
  --server-url URL     asks this server instead
  --folder FOLDER      where to save the flags (default {FOLDER})
  -h, --help           prints this help

Views of what {whose} did:

{}",
        views::USAGE
    )
}

fn parse_options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;

    let mut options = Options {
        label: Label::Delay,
        seed: SEED,
        url: None,
        folder: FOLDER.to_owned(),
        views: Views::default(),
    };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Short('s') | Long("server") => {
                let from_name =
                    |name: &str| Label::from_name(name).ok_or("there is no such server");
                options.label = args.value()?.parse_with(from_name)?;
            }
            Long("seed") => options.seed = args.value()?.parse()?,
            Long("server-url") => options.url = Some(args.value()?.string()?),
            Long("folder") => options.folder = args.value()?.string()?,
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

/// Runs `download_many`, which returns how many flags it has downloaded, and prints the time that
/// it took.
pub fn run(
    program: &Program,
    download_many: impl FnOnce(&Session) -> Result<usize, Trouble>,
) -> ExitCode {
    let name = program.name;
    let options = match parse_options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            print(format_args!("{}", usage(program)));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            complain(format_args!("{name}: {error} (see --help)"));
            return ExitCode::from(2);
        }
    };
    // Before the downloads: a view that cannot be written should not cost a run.
    if let Err(unwritten) = options.views.check() {
        complain(format_args!("{name}: {unwritten}"));
        return ExitCode::from(2);
    }
    match download(program, &options, download_many) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            complain(format_args!("\n{name}: {trouble}"));
            ExitCode::FAILURE
        }
    }
}

fn download(
    program: &Program,
    options: &Options,
    download_many: impl FnOnce(&Session) -> Result<usize, Trouble>,
) -> Result<(), Trouble> {
    let folder = Folder::create(&options.folder)?;
    ctrlc::set_handler(|| {
        complain(format_args!("\nInterrupted: {} flags are saved, whole.", save::saved()));
        save::exit(INTERRUPTED.into());
    })?;
    let name = program.name;
    let mut server = None;
    let url = match &options.url {
        Some(url) => url.clone(),
        None => {
            let plan = Plan { seed: options.seed, ..Plan::new(options.label) };
            let pool = ThreadPoolExecutor::builder();
            let pool =
                if program.seen == Seen::TheServers { options.views.watch(pool) } else { pool };
            let url = server.insert(FlagServer::served_by(pool, plan, None)?).url();
            complain(format_args!(
                "{name}: {} site: {url} (seed {})",
                options.label.name(),
                options.seed
            ));
            url
        }
    };
    let session =
        Session { client: Client::new(&url, TIMEOUT), folder, views: options.views.clone() };
    let began = Instant::now();
    let downloaded = download_many(&session);
    if let Ok(count) = &downloaded {
        say(format_args!("\n{count} downloads in {:.2}s", began.elapsed().as_secs_f64()));
    }
    drop(server);
    // A run that failed is worth seeing, too.
    options.views.show(match program.seen {
        Seen::Its => format!("{name}: {}", program.about),
        Seen::TheServers => format!("The server of {name}: one request at a time"),
    })?;
    downloaded.map(drop)
}
