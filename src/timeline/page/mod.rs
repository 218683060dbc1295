//! A page that replays the run, offline.
//!
//! The [template](TEMPLATE), the style and the parts of the script are files beside this one. This
//! file fills in what differs from run to run: the title and the figures as [markup](mod@markup),
//! everything else as [data](mod@data). Users' text is neither script nor markup. Of a long trace,
//! the page plays an [`excerpt`].

mod data;
mod excerpt;
mod markup;
mod numbers;

use std::fmt;

use self::data::Data;
use self::excerpt::Excerpt;
use self::markup::{Markup, Number};
use super::trace::Trace;
use super::words::Short;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// The parts of the script, in reading order.
const SCRIPT: [&str; 6] = [
    include_str!("text.js"),
    include_str!("run.js"),
    include_str!("picture.js"),
    include_str!("panels.js"),
    include_str!("player.js"),
    include_str!("keys.js"),
];

/// One page that replays the run: step by step, at any speed, from any moment.
///
/// A browser opens the file without network or server. The page shows the queue, the workers, the
/// callers and the futures after each event, and says in plain English what happened. Of a long
/// run, it plays the first twenty thousand events, and says so.
///
/// ```
/// use glasspool::timeline::{Page, Trace};
///
/// let file = b"{\"glasspool\":\"trace\",\"version\":1,\"title\":\"nothing at all\"}\n";
/// let page = Page::of(&Trace::read(&file[..])?).to_string();
/// assert!(page.starts_with("<!DOCTYPE html>"));
/// assert!(page.contains("<title>nothing at all</title>"));
/// # Ok::<(), glasspool::timeline::ReadError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    trace: &'a Trace,
}

impl<'a> Page<'a> {
    /// Makes the page of this trace.
    ///
    /// ```
    /// # use glasspool::timeline::{Page, Trace};
    /// # let file = b"{\"glasspool\":\"trace\",\"version\":1,\"title\":\"\"}\n";
    /// # let trace = Trace::read(&file[..])?;
    /// std::fs::write(std::env::temp_dir().join("run.html"), Page::of(&trace).to_string())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(trace: &'a Trace) -> Self {
        Self { trace }
    }
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let excerpt = Excerpt::of(self.trace);
        let figures = self.trace.figures();
        // The template is split, not searched and replaced: a user's text may contain a
        // placeholder.
        for piece in TEMPLATE.split("{{") {
            let Some((place, rest)) = piece.split_once("}}") else {
                f.write_str(piece)?;
                continue;
            };
            match place {
                "title" => write!(f, "{}", Markup(title(&excerpt.trace)))?,
                "style" => f.write_str(STYLE)?,
                "notes" => notes(&excerpt, f)?,
                "figures" => numbers::figures(&figures, f)?,
                "what-if" => numbers::what_if(&figures, f)?,
                "data" => Data::of(&excerpt).write(f)?,
                "script" => SCRIPT.iter().try_for_each(|part| f.write_str(part))?,
                unknown => unreachable!("the template has a place for {unknown}"),
            }
            f.write_str(rest)?;
        }
        Ok(())
    }
}

fn title(trace: &Trace) -> &str {
    if trace.title.is_empty() { "A run without a title" } else { &trace.title }
}

/// Writes what a reader must know: which part of the run is shown, and what is missing.
fn notes(excerpt: &Excerpt<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if excerpt.is_part() {
        let (shown, all) = (excerpt.trace.entries.len(), excerpt.whole.entries.len());
        let (until, end) = excerpt.times();
        let (shown, all) = (Number(shown), Number(all));
        let (until, end) = (Short(until), Short(end));
        write!(
            f,
            "<p class=\"note\">This page plays the first {shown} of {all} events: \
             {until} of {end}. Later events are not in it. \
             The figures are those of the whole run.</p>"
        )?;
    }
    match excerpt.whole.missing() {
        Some(missing) => {
            write!(f, "<p class=\"note\">The recording is incomplete: {}.</p>", Markup(&missing))
        }
        None => Ok(()),
    }
}
