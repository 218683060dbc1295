//! A chart of characters: a lane for each thread, time from left to right.
//!
//! Here it is put together; [`cells`] says what a lane did in each column, [`bar`] draws that,
//! [`queue`] the line of the pending, [`words`] has what is said below, and [`glyphs`] the
//! characters. It is never wider than it was told to be.

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

/// With less, there would be hardly a chart beside the names.
const LEAST_WIDTH: usize = 40;
/// Figures and what they are called are in two columns of text.
const FIGURE_NAMES: usize = 26;
/// With less, each figure is below what it is called.
const WIDE_ENOUGH: usize = 66;

/// A chart of characters, for a terminal.
///
/// There is a lane for each thread: its tasks, what it was blocked for, when it was idle; and signs
/// where it submitted, collected, cancelled. Below are the depth of the queue, the
/// [figures](super::Figures), and what each character means. Where more happens than there are
/// columns, it says how much of each column was work; of many workers, it shows some, and all
/// others in one lane.
///
/// ```
/// use glasspool::timeline::{Gantt, Trace};
///
/// let file = br#"{"glasspool":"trace","version":1,"title":"one task"}
/// {"thread":0,"name":"main"}
/// {"thread":1,"name":"pool-0_0","pool":0,"worker":0}
/// {"ns":0,"thread":0,"pool":0,"queue":1,"event":"submitted","task":0,"name":"nap","at":"src/main.rs:3:14"}
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
    /// That of this trace: 80 columns wide, and without colours.
    ///
    /// ```
    /// # use glasspool::timeline::{Gantt, Recorder};
    /// let trace = Recorder::default().trace();
    /// assert_eq!(Gantt::of(&trace).to_string(), "nothing has happened\n");
    /// ```
    pub fn of(trace: &'a Trace) -> Self {
        Self { trace, width: DEFAULT_WIDTH, ascii: false, colors: false }
    }

    /// So many columns wide, and at least 40.
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

    /// Whether it is drawn with ASCII alone; names are spelled with it, too.
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

    /// Whether it is coloured, by the codes that terminals have for that. They say nothing that the
    /// characters do not.
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

    /// In the form that suits standard output: as wide as `$COLUMNS` says; in colours, if it is a
    /// terminal that has them and `$NO_COLOR` is not set; and in ASCII, unless the locale is one of
    /// UTF-8.
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

    /// As it can be shown, in so many columns.
    fn text(&self, text: &str, columns: usize) -> String {
        let text = fitted(text, columns);
        if self.ascii { in_ascii(&text) } else { text }
    }

    fn write_text(&self, f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
        writeln!(f, "{}", self.text(text, self.width).trim_end())
    }

    /// In as many lines as it takes.
    fn write_wrapped(&self, f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        words::wrapped(&words, " ", self.width).iter().try_for_each(|line| self.write_text(f, line))
    }

    /// What is left to do is the legend, of the characters that were used.
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
        let beside = longest.clamp("collected".len(), self.width / 4) + 1;
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
        for (name, order) in words::orders(run, scale.columns) {
            let mut line = Line::default();
            line.push_str(&order, Ink::Plain);
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

    /// What it is, and how much: beside it, if there is room, or else below.
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

/// The times, each behind a tick that marks its column.
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

/// When tasks failed, for each lane.
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
