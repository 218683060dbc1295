//! What is said before and after.

use std::time::Duration;

use crate::cli::{Options, Server};
use crate::common::client::Failure;
use crate::common::server::fate::Label;
use crate::download::Fetched;

/// So many codes are named one by one.
const FEW: usize = 10;

/// How many downloads came to what.
#[derive(Debug, Default)]
pub struct Counts {
    saved: usize,
    not_found: usize,
    errors: usize,
    not_begun: usize,
    /// Of the errors, those for want of a descriptor.
    no_descriptors: usize,
}

impl Counts {
    pub fn add(&mut self, fetched: &Fetched) {
        match fetched {
            Fetched::Saved => self.saved += 1,
            Fetched::Failed(Failure::NotFound { .. }) => self.not_found += 1,
            Fetched::NotBegun => self.not_begun += 1,
            Fetched::Failed(failure) => {
                self.errors += 1;
                self.no_descriptors += usize::from(matches!(failure, Failure::NoDescriptors));
            }
            Fetched::NotSaved(_) | Fetched::Panicked(_) => self.errors += 1,
        }
    }

    pub fn total(&self) -> usize {
        self.saved + self.not_found + self.errors + self.not_begun
    }
}

pub fn initial(options: &Options, url: &str) {
    match options.server {
        // Nothing is left to chance there.
        Server::Local(label @ (Label::Local | Label::Limit)) => println!("{} site: {url}", label.name()),
        Server::Local(label) => println!("{} site: {url} (seed {})", label.name(), options.seed),
        Server::Remote => println!("REMOTE site: {url}"),
        Server::Url(_) => println!("Site: {url}"),
    }
    let codes = &options.codes;
    let named = match &codes[..] {
        [first, .., last] if codes.len() > FEW => format!("from {first} to {last}"),
        _ => codes.join(", "),
    };
    println!("Searching for {}: {named}", counted(codes.len(), "flag"));
    match options.workers() {
        1 => println!("1 connection will be used."),
        workers => println!("{workers} concurrent connections will be used."),
    }
}

pub fn last(counts: &Counts, elapsed: Duration) {
    println!("--------------------");
    println!("{} downloaded.", padded(counts.saved, "flag"));
    if counts.not_found > 0 {
        println!("{:3} not found.", counts.not_found);
    }
    if counts.errors > 0 {
        println!("{}.", padded(counts.errors, "error"));
    }
    if counts.not_begun > 0 {
        println!("{:3} not begun.", counts.not_begun);
    }
    println!("Elapsed time: {:.2}s", elapsed.as_secs_f64());
    if counts.no_descriptors > 0 {
        let asked = counted(counts.no_descriptors, "request");
        eprintln!(
            "flags2: {asked} found too many files open: raise the limit (ulimit -n), or lower --max_req"
        );
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The same, as wide as in a column of counts.
fn padded(count: usize, noun: &str) -> String {
    format!("{count:3} {noun}{}", if count == 1 { "" } else { "s" })
}
