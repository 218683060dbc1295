//! The data for the page's script: JSON in an element that a browser does not run.
//!
//! It holds the lines of the [trace file](mod@crate::timeline::file) unchanged, and what Rust has
//! words for already: the name of each lane, and a sentence for each event. (JavaScript rounds
//! numbers from 2⁵³ on; as nanoseconds, that is a hundred days.)
//!
//! Characters that could end the element or begin another are written as JSON escapes. In JSON they
//! can occur in strings only.

use std::fmt::{self, Write};

use super::excerpt::Excerpt;
use crate::timeline::file::Quoted;
use crate::timeline::narration::Sentences;
use crate::timeline::run::Run;
use crate::timeline::trace::Trace;

pub(super) struct Data<'a> {
    trace: &'a Trace,
}

impl<'a> Data<'a> {
    pub(super) fn of(excerpt: &'a Excerpt<'_>) -> Self {
        Self { trace: &excerpt.trace }
    }

    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut to = Harmless(f);
        write!(to, "{{\"lanes\":[")?;
        let run = Run::of(self.trace);
        list(&mut to, &run.lanes, |lane| {
            let (thread, name) = (lane.thread, Quoted(&lane.name));
            format!("{{\"thread\":{thread},\"name\":{name}}}")
        })?;
        write!(to, "],\n\"sentences\":[")?;
        let mut sentences = Sentences::of(&run);
        list(&mut to, &self.trace.entries, |entry| Quoted(&sentences.next(entry)).to_string())?;
        write!(to, "],\n\"trace\":[")?;
        let mut file = Vec::new();
        self.trace.write(&mut file).map_err(|_| fmt::Error)?;
        let file = String::from_utf8(file).map_err(|_| fmt::Error)?;
        list(&mut to, file.lines(), str::to_owned)?;
        to.write_str("]}")
    }
}

fn list<T>(
    to: &mut impl Write,
    all: impl IntoIterator<Item = T>,
    mut json: impl FnMut(T) -> String,
) -> fmt::Result {
    all.into_iter().enumerate().try_for_each(|(place, one)| {
        to.write_str(if place == 0 { "\n" } else { ",\n" })?;
        to.write_str(&json(one))
    })
}

/// Writes JSON so that it can stand inside a `<script>` element.
struct Harmless<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl Write for Harmless<'_, '_> {
    fn write_str(&mut self, json: &str) -> fmt::Result {
        let mut rest = json;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            self.0.write_str(&rest[..at])?;
            let mut chars = rest[at..].chars();
            for c in chars.by_ref().take(1) {
                write!(self.0, "\\u{:04x}", u32::from(c))?;
            }
            rest = chars.as_str();
        }
        self.0.write_str(rest)
    }
}
