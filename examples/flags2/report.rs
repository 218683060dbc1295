//! Prints what is planned, and the counts at the end.

use std::time::Duration;

use crate::cli::{Options, Server};
use crate::common::client::Failure;
use crate::common::say::{complain, say};
use crate::common::server::fate::Label;
use crate::download::Fetched;

/// Up to this number, codes are listed one by one.
const FEW: usize = 10;

/// Number of downloads by how they ended.
#[derive(Debug, Default)]
pub struct Counts {
    saved: usize,
    not_found: usize,
    errors: usize,
    not_begun: usize,
    /// Errors because the process had no file descriptor left.
    no_descriptors: usize,
}

impl Counts {
    pub fn add(&mut self, fetched: &Fetched) {
        match fetched {
            Fetched::Saved => self.saved += 1,
            Fetched::Failed(Failure::NotFound { .. }) => self.not_found += 1,
            Fetched::NotBegun => {}
            Fetched::Failed(failure) => {
                self.errors += 1;
                self.no_descriptors += usize::from(matches!(failure, Failure::NoDescriptors));
            }
            Fetched::NotSaved(_) | Fetched::Panicked(_) => self.errors += 1,
        }
    }

    /// Counts as not begun the codes that have no other outcome.
    pub fn not_begun_of(&mut self, codes: usize) {
        self.not_begun = codes - self.saved - self.not_found - self.errors;
    }
}

pub fn initial(options: &Options, url: &str) {
    match options.server {
        // These servers have no delays or faults to draw, so the seed does not matter.
        Server::Local(label @ (Label::Local | Label::Limit)) => {
            say(format_args!("{} site: {url}", label.name()));
        }
        Server::Local(label) => {
            say(format_args!("{} site: {url} (seed {})", label.name(), options.seed));
        }
        Server::Remote => say(format_args!("REMOTE site: {url}")),
        Server::Url(_) => say(format_args!("Site: {url}")),
    }
    let codes = &options.codes;
    let named = match &codes[..] {
        [first, .., last] if codes.len() > FEW => format!("from {first} to {last}"),
        _ => codes.join(", "),
    };
    say(format_args!("Searching for {}: {named}", counted(codes.len(), "flag")));
    match options.workers() {
        1 => say(format_args!("1 connection will be used.")),
        workers => say(format_args!("{workers} concurrent connections will be used.")),
    }
}

pub fn last(counts: &Counts, elapsed: Duration) {
    say(format_args!("--------------------"));
    say(format_args!("{} downloaded.", padded(counts.saved, "flag")));
    if counts.not_found > 0 {
        say(format_args!("{:3} not found.", counts.not_found));
    }
    if counts.errors > 0 {
        say(format_args!("{}.", padded(counts.errors, "error")));
    }
    if counts.not_begun > 0 {
        say(format_args!("{:3} not begun.", counts.not_begun));
    }
    say(format_args!("Elapsed time: {:.2}s", elapsed.as_secs_f64()));
    // The server is not to blame for these errors: say what the user can change.
    if counts.no_descriptors > 0 {
        let asked = counted(counts.no_descriptors, "request");
        complain(format_args!(
            "flags2: {asked} found too many files open: \
             raise the limit (ulimit -n), or lower --max_req"
        ));
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A count as wide as the others of its column.
fn padded(count: usize, noun: &str) -> String {
    format!("{count:3} {noun}{}", if count == 1 { "" } else { "s" })
}
