//! The characters and colours of a chart.
//!
//! Characters say everything; colours repeat it.

use std::fmt::{self, Write as _};

use crate::timeline::harmless::columns_of;

/// The characters of one alphabet.
pub(super) struct Glyphs {
    /// Successive tasks alternate between these.
    pub(super) running: [char; 2],
    /// From the lowest to the highest.
    pub(super) heights: &'static [char],
    pub(super) blocked: char,
    pub(super) calling_back: char,
    pub(super) idle: char,
    pub(super) goes_on: char,
    pub(super) submits: char,
    pub(super) refused: char,
    pub(super) cancelled: char,
    pub(super) reads: char,
    pub(super) closes: char,
    pub(super) fails: char,
    pub(super) times: char,
    pub(super) tick: char,
    pub(super) unchanged: char,
}

pub(super) const UNICODE: Glyphs = Glyphs {
    running: ['█', '▓'],
    heights: &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
    blocked: '░',
    calling_back: '▒',
    idle: '·',
    goes_on: '»',
    submits: '▼',
    refused: '⊘',
    cancelled: '✕',
    reads: '◆',
    closes: '■',
    fails: '‼',
    times: '×',
    tick: '│',
    unchanged: '─',
};

pub(super) const ASCII: Glyphs = Glyphs {
    running: ['#', '='],
    heights: &['1', '2', '3', '4', '5', '6', '7', '8', '9', '#'],
    blocked: '~',
    calling_back: '%',
    idle: '.',
    goes_on: '>',
    submits: 'v',
    refused: '/',
    cancelled: 'X',
    reads: '*',
    closes: ']',
    fails: '!',
    times: 'x',
    tick: '|',
    unchanged: '-',
};

impl Glyphs {
    /// Returns the character for a part of a whole; any part above zero is visible.
    pub(super) fn height(&self, part: u64, whole: u64) -> char {
        let steps = self.heights.len() as u64;
        let step = (part.saturating_mul(steps)).div_ceil(whole.max(1)).clamp(1, steps);
        self.heights[usize::try_from(step).unwrap_or(1) - 1]
    }
}

/// What a character stands for; it decides the colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ink {
    #[default]
    Plain,
    Running(bool),
    /// A name in a bar.
    Name(bool),
    Blocked,
    Faint,
    Mark,
    Bad,
}

impl Ink {
    /// The code of one of a terminal's sixteen colours.
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Running(false) => "32",
            Self::Running(true) => "36",
            // Inverted, so that the name does not interrupt the bar.
            Self::Name(false) => "7;32",
            Self::Name(true) => "7;36",
            Self::Blocked => "33",
            Self::Faint => "90",
            Self::Mark => "94",
            Self::Bad => "91",
        }
    }
}

/// One line of a chart, one character per column.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// A wide character is followed by `None`.
    cells: Vec<(Option<char>, Ink)>,
}

impl Line {
    pub(super) fn push(&mut self, c: char, ink: Ink) {
        match columns_of(c) {
            // A combining mark would change the character before it, which may be another's.
            0 => {}
            1 => self.cells.push((Some(c), ink)),
            _ => self.cells.extend([(Some(c), ink), (None, ink)]),
        }
    }

    pub(super) fn push_str(&mut self, text: &str, ink: Ink) {
        text.chars().for_each(|c| self.push(c, ink));
    }

    pub(super) fn pad_to(&mut self, columns: usize) {
        while self.cells.len() < columns {
            self.cells.push((Some(' '), Ink::Plain));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Writes a text over the cells from this column on.
    pub(super) fn write_over(&mut self, column: usize, text: &str, ink: Ink) {
        let mut over = Self::default();
        over.push_str(text, ink);
        self.cells.splice(column..column + over.len(), over.cells);
    }

    pub(super) fn append(&mut self, other: Self) {
        self.cells.extend(other.cells);
    }

    /// Writes the line without trailing blanks.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, colors: bool) -> fmt::Result {
        let is_blank = |&(c, _): &(Option<char>, Ink)| c == Some(' ');
        let end = self.cells.iter().rposition(|cell| !is_blank(cell)).map_or(0, |last| last + 1);
        let mut now = Ink::Plain;
        for &(c, ink) in &self.cells[..end] {
            if colors && ink != now {
                write!(f, "\x1b[0{}{}m", if ink == Ink::Plain { "" } else { ";" }, ink.code())?;
                now = ink;
            }
            c.map_or(Ok(()), |c| f.write_char(c))?;
        }
        if now != Ink::Plain {
            f.write_str("\x1b[0m")?;
        }
        writeln!(f)
    }
}
