//! A chart of characters: a lane for each thread, time from left to right.
//!
//! This file puts the chart together. [`cells`] computes what a lane did in each column, [`bar`]
//! draws that, [`queue`] draws the line of pending tasks, [`words`] has the text below, and
//! [`glyphs`] the characters. No line is wider than the given width.

mod bar;
mod cells;
mod glyphs;
mod queue;
mod scale;
mod select;
mod words;

use std::fmt;

use super::harmless::{fitted, in_ascii, width_of};
use super::run::{End, Run};
use super::terminal::{DEFAULT_WIDTH, Form, form_of_standard_output};
use super::trace::Trace;
use crate::kernel::state::Ending;
use bar::{Brush, Used};
use glyphs::{ASCII, Glyphs, Ink, Line, UNICODE};
use queue::Depths;
use scale::Scale;
use select::Selection;

/// In fewer columns there is hardly a chart beside the names.
const LEAST_WIDTH: usize = 40;
/// Least number of columns for the names of lanes: most are no longer than this.
const LEAST_NAMES: usize = "worker 10".len();
/// Columns for the names of the figures.
const FIGURE_NAMES: usize = 26;
/// In fewer columns, each figure is below its name.
const WIDE_ENOUGH: usize = 66;

/// A chart of characters for a terminal.
///
/// It has a lane for each thread: its tasks, what it was blocked on, when it was idle, and signs
/// where it submitted, read a result or cancelled. Below are the depth of the queue, the
/// [figures](super::Figures) and a legend. If a column holds many tasks, it shows how much of its
/// time was work; of many workers, it shows some, and all others in one lane.
///
/// ```
/// use glasspool::timeline::{Gantt, Trace};
///
/// let file = br#"{"glasspool":"trace","version":1,"title":"one task"}
/// {"thread":0,"name":"main"}
/// {"thread":1,"name":"pool-0_0","pool":0,"worker":0}
/// {"ns":0,"thread":0,"pool":0,"queue":1,"event":"submitted","task":0,"name":"nap","at":"a.rs:3:1"}
/// {"ns":0,"thread":0,"pool":0,"queue":1,"event":"blocked","task":0,"on":"task"}
/// {"ns":1000000,"thread":1,"pool":0,"queue":0,"event":"started","task":0}
/// {"ns":3000000,"thread":1,"pool":0,"queue":0,"event":"finished","task":0,"how":"returned"}
/// {"ns":3000000,"thread":0,"pool":0,"queue":0,"event":"unblocked","by":0}
/// {"events":5,"dropped":0}
/// "#;
/// let trace = Trace::read(&file[..])?;
/// let chart = Gantt::of(&trace).width(40).to_string();
/// assert!(chart.starts_with("\
/// one task
///
///           │0 ms     │1 ms     │2 ms
/// main      ▼░░░░░░░░░░░░░F0░░░░░░░░░░░░░░
/// worker 0            F0 nap██████████████
/// "), "{chart}");
/// # Ok::<(), glasspool::timeline::ReadError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gantt<'a> {
    trace: &'a Trace,
    width: usize,
    ascii: bool,
    colors: bool,
}

impl<'a> Gantt<'a> {
    /// Makes a chart of this trace, 80 columns wide and without colours.
    ///
    /// ```
    /// # use glasspool::timeline::{Gantt, Recorder};
    /// let trace = Recorder::default().trace();
    /// assert_eq!(Gantt::of(&trace).to_string(), "nothing has happened\n");
    /// ```
    pub fn of(trace: &'a Trace) -> Self {
        Self { trace, width: DEFAULT_WIDTH, ascii: false, colors: false }
    }

    /// Sets the width in columns, at least 40.
    ///
    /// ```
    /// # use glasspool::timeline::{Gantt, Recorder};
    /// # let trace = Recorder::default().trace();
    /// let wide = Gantt::of(&trace).width(200).to_string();
    /// assert!(wide.lines().all(|line| line.chars().count() <= 200));
    /// ```
    #[must_use]
    pub fn width(self, columns: usize) -> Self {
        Self { width: columns.max(LEAST_WIDTH), ..self }
    }

    /// Sets whether the chart is ASCII, names included.
    ///
    /// ```
    /// # use glasspool::timeline::{Gantt, Recorder};
    /// # let trace = Recorder::default().trace().with_title("旗");
    /// assert_eq!(Gantt::of(&trace).ascii(true).to_string(), "??\n\nnothing has happened\n");
    /// ```
    #[must_use]
    pub fn ascii(self, ascii: bool) -> Self {
        Self { ascii, ..self }
    }

    /// Sets whether the chart has colours, as escape codes. They repeat what the characters say.
    ///
    /// ```
    /// # use glasspool::timeline::{Gantt, Recorder};
    /// # let trace = Recorder::default().trace();
    /// assert!(!Gantt::of(&trace).to_string().contains('\x1b'));
    /// ```
    #[must_use]
    pub fn colors(self, colors: bool) -> Self {
        Self { colors, ..self }
    }

    /// Takes the form that suits standard output.
    ///
    /// The width is `$COLUMNS`; there are colours on a terminal that has them, unless `$NO_COLOR`
    /// is set; and the chart is ASCII unless the locale is UTF-8.
    ///
    /// ```
    /// use glasspool::timeline::{Gantt, Recorder};
    ///
    /// print!("{}", Gantt::of(&Recorder::default().trace()).for_terminal());
    /// ```
    #[must_use]
    pub fn for_terminal(self) -> Self {
        let Form { width, ascii, colors } = form_of_standard_output();
        self.width(width).ascii(ascii).colors(colors)
    }

    fn glyphs(&self) -> &'static Glyphs {
        if self.ascii { &ASCII } else { &UNICODE }
    }

    /// Returns the text made harmless, in at most this many columns.
    fn text(&self, text: &str, columns: usize) -> String {
        let text = fitted(text, columns);
        if self.ascii { in_ascii(&text) } else { text }
    }

    fn write_text(&self, f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
        writeln!(f, "{}", self.text(text, self.width).trim_end())
    }

    /// Writes a text in as many lines as it takes.
    fn write_wrapped(&self, f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        words::wrapped(&words, " ", self.width).iter().try_for_each(|line| self.write_text(f, line))
    }

    /// Writes the lanes, and returns the legend of the characters that they use.
    fn write_lanes(
        &self,
        f: &mut fmt::Formatter<'_>,
        run: &Run<'_>,
    ) -> Result<Vec<String>, fmt::Error> {
        let selection = Selection::of(run);
        let others = selection.others_name();
        let names = selection.shown.iter().map(|&place| run.lanes[place].name.as_str());
        let longest = names.map(|name| width_of(&self.text(name, self.width))).max().unwrap_or(0);
        let longest = longest.max(others.as_deref().map_or(0, width_of));
        let orders = words::orders(run, self.width);
        // Names of lanes are cut to a quarter of the width; the names of the rows below are not.
        let rows = orders.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let beside = longest.clamp(LEAST_NAMES, self.width / 4).max(rows) + 1;
        let scale = Scale { from: run.from, length: run.length(), columns: self.width - beside };
        let mut brush = Brush {
            run,
            scale,
            glyphs: self.glyphs(),
            used: Used::default(),
            failures: failures_of(run),
        };

        self.write_lane(f, beside, "", axis(scale, self.glyphs(), self.ascii))?;
        for &place in &selection.shown {
            let mut name = run.lanes[place].name.as_str();
            for line in brush.bar(place) {
                self.write_lane(f, beside, name, line)?;
                name = "";
            }
        }
        if let Some(name) = others {
            self.write_lane(f, beside, &name, brush.average(&selection.others))?;
        }
        if let Some(remark) = selection.remark() {
            self.write_wrapped(f, &remark)?;
        }
        let depths = Depths::of(&run.queue, scale);
        self.write_lane(f, beside, "queue", depths.line(self.glyphs()))?;
        for (name, order) in orders {
            let mut line = Line::default();
            line.push_str(&order.fitted(scale.columns), Ink::Plain);
            self.write_lane(f, beside, name, line)?;
        }
        Ok(words::legend(&brush.used, depths.meaning(self.glyphs()), self.glyphs()))
    }

    fn write_lane(
        &self,
        f: &mut fmt::Formatter<'_>,
        beside: usize,
        name: &str,
        bar: Line,
    ) -> fmt::Result {
        let mut line = Line::default();
        line.push_str(&self.text(name, beside - 1), Ink::Plain);
        line.pad_to(beside);
        line.append(bar);
        line.write(f, self.colors)
    }

    fn write_figures(&self, f: &mut fmt::Formatter<'_>, run: &Run<'_>) -> fmt::Result {
        let figures = run.figures();
        for (what, how_much) in figures.in_words() {
            self.write_figure(f, what, &[how_much])?;
        }
        self.write_figure(f, "the same work would take", &words::what_if(&figures))?;
        self.write_wrapped(f, &figures.basis.in_words())
    }

    /// Writes a figure beside its name, or below it if the chart is narrow.
    fn write_figure(
        &self,
        f: &mut fmt::Formatter<'_>,
        what: &str,
        phrases: &[String],
    ) -> fmt::Result {
        let is_wide = self.width >= WIDE_ENOUGH;
        let (indent, mut what) = if is_wide { (FIGURE_NAMES + 1, what) } else { (2, what) };
        if !is_wide && !phrases.is_empty() {
            self.write_text(f, what)?;
            what = "";
        }
        for line in words::wrapped(phrases, " · ", self.width - indent) {
            self.write_text(f, &format!("{what:<indent$}{line}"))?;
            what = "";
        }
        Ok(())
    }
}

impl fmt::Display for Gantt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.trace.title().is_empty() {
            self.write_text(f, self.trace.title())?;
            writeln!(f)?;
        }
        if self.trace.entries().is_empty() {
            self.write_text(f, "nothing has happened")?;
        } else {
            let run = Run::of(self.trace);
            let legend = self.write_lanes(f, &run)?;
            writeln!(f)?;
            self.write_figures(f, &run)?;
            writeln!(f)?;
            for line in words::wrapped(&legend, "  ", self.width) {
                self.write_text(f, &line)?;
            }
        }
        match self.trace.missing() {
            Some(missing) => self.write_text(f, &missing),
            None => Ok(()),
        }
    }
}

/// The axis: each time is behind a tick that marks its column.
fn axis(scale: Scale, glyphs: &Glyphs, ascii: bool) -> Line {
    let mut line = Line::default();
    for (column, time) in scale.ticks() {
        let time = if ascii { in_ascii(&time) } else { time };
        line.pad_to(column);
        if line.len() == column && column + 1 + width_of(&time) <= scale.columns {
            line.push(glyphs.tick, Ink::Faint);
            line.push_str(&time, Ink::Plain);
        }
    }
    line
}

/// Returns the times of failures for each lane.
fn failures_of(run: &Run<'_>) -> Vec<Vec<u64>> {
    let mut failures = vec![Vec::new(); run.lanes.len()];
    for life in &run.lives {
        if let (End::Finished(Ending::Panicked | Ending::Lost), Some(ended)) =
            (&life.end, life.ended)
        {
            failures[ended.lane].push(ended.at);
        }
    }
    failures
}
