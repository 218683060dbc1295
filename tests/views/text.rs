//! What is for terminals and for readers.

use std::fs::File;
use std::io::BufReader;

use glasspool::timeline::{Narration, Trace};

fn read(path: &str) -> Trace {
    Trace::read(BufReader::new(File::open(path).unwrap())).unwrap()
}

#[test]
fn look() {
    let Ok(path) = std::env::var("LOOK") else { return };
    println!("{}", Narration::of(&read(&path)));
}
