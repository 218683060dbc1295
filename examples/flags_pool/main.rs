//! Downloads twenty flags at once: a `map` on a pool instead of a loop.
//!
//! ```text
//! cargo run --example flags_pool
//! ```
//!
//! What to look for: the codes come in the order in which the server answers, and the whole takes
//! about as long as the slowest answer. The difference from `flags` is one line of code.

#[path = "../common/mod.rs"]
mod common;

use std::process::ExitCode;

use common::countries::POP20;
use common::program::{self, Program, Seen, Session, Trouble, show};
use glasspool::ThreadPoolExecutor;

/// Waiting needs no core, so there may be more workers than cores: here, one per flag.
const MAX_WORKERS: usize = 20;

fn download_one(session: &Session, code: &'static str) -> Result<&'static str, Trouble> {
    let image = session.get_flag(code)?;
    session.save_flag(&image, &format!("{code}.gif"))?;
    show(code);
    Ok(code)
}

fn download_many(session: &Session) -> Result<usize, Trouble> {
    let mut codes = POP20;
    codes.sort_unstable();
    let builder = ThreadPoolExecutor::builder().max_workers(MAX_WORKERS.min(codes.len()));
    let executor = session.watch(builder).build()?;
    let session = session.clone();
    let results = executor.named("flag").map(codes, move |code| download_one(&session, code));

    let mut count = 0;
    for result in results {
        result??; // the outer error is a panic, the inner one a download that failed
        count += 1;
    }
    Ok(count)
}

fn main() -> ExitCode {
    let about = "Downloads twenty flags on a pool of workers, with map.";
    program::run(&Program { name: "flags_pool", about, seen: Seen::Its }, download_many)
}
