//! Downloads five flags with three workers, and shows each future when it is scheduled and when it
//! is done: `submit` and `as_completed`, on which `map` could be built.
//!
//! ```text
//! cargo run --example flags_futures
//! ```
//!
//! What to look for: three futures are running as soon as they are scheduled, because there are
//! three workers; the other two are pending. They are done in the order in which the server
//! answers.

#[path = "../common/mod.rs"]
mod common;

use std::panic::resume_unwind;
use std::process::ExitCode;

use common::countries::POP20;
use common::program::{self, Program, Seen, Session, Trouble, show};
use common::say::say;
use glasspool::{ThreadPoolExecutor, as_completed};

/// Unwinds where the Python program raises: the future carries the payload to its reader, as in
/// Python. (`resume_unwind` prints no panic message; that is for bugs.)
fn download_one(session: &Session, code: &'static str) -> &'static str {
    try_download_one(session, code)
        .unwrap_or_else(|trouble| resume_unwind(Box::new(trouble.to_string())))
}

fn try_download_one(session: &Session, code: &'static str) -> Result<&'static str, Trouble> {
    let image = session.get_flag(code)?;
    session.save_flag(&image, &format!("{code}.gif"))?;
    show(code);
    Ok(code)
}

fn download_many(session: &Session) -> Result<usize, Trouble> {
    let mut codes: Vec<&'static str> = POP20[..5].to_vec();
    codes.sort_unstable();
    let executor = session.watch(ThreadPoolExecutor::builder().max_workers(3)).build()?;
    let mut to_do = Vec::new();
    for code in codes {
        let session = session.clone();
        // The name appears in error messages and in the views.
        let future = executor.named(code).submit(move || download_one(&session, code));
        say(format_args!("Scheduled for {code}: {future}"));
        to_do.push((code, future));
    }

    let mut count = 0;
    for (code, future) in as_completed(to_do) {
        match future.result() {
            Ok(result) => say(format_args!("{code} {future} result: {result:?}")),
            Err(error) => {
                say(format_args!("{code} {future}"));
                return Err(error.into());
            }
        }
        count += 1;
    }
    Ok(count)
}

fn main() -> ExitCode {
    let about = "Downloads five flags with three workers, and shows the futures.";
    program::run(&Program { name: "flags_futures", about, seen: Seen::Its }, download_many)
}
