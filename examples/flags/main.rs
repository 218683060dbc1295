//! Downloads twenty flags, one after the other: the first program of *Fluent Python*'s chapter on
//! executors.
//!
//! ```text
//! cargo run --example flags
//! ```
//!
//! What to look for: the program spends nearly all of its time waiting for a server. Compare
//! `flags_pool`.

#[path = "../common/mod.rs"]
mod common;

use std::process::ExitCode;

use common::countries::POP20;
use common::program::{self, Program, Seen, Session, Trouble, show};

fn download_many(session: &Session) -> Result<usize, Trouble> {
    let mut codes = POP20;
    codes.sort_unstable();
    for code in codes {
        let image = session.get_flag(code)?;
        session.save_flag(&image, &format!("{code}.gif"))?;
        show(code);
    }
    Ok(codes.len())
}

fn main() -> ExitCode {
    let about = "Downloads twenty flags, one after the other.";
    program::run(&Program { name: "flags", about, seen: Seen::TheServers }, download_many)
}
