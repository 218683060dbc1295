//! Draws one lane as a line of characters: fills, signs, and names where they fit.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::cells::{Cell, Look, cells_of};
use super::glyphs::{Glyphs, Ink, Line};
use super::scale::{PARTS, Scale};
use crate::kernel::event::BlockedOn;
use crate::timeline::harmless::{Harmless, width_of};
use crate::timeline::run::{Doing, Lane, Marked, Run};

/// Longest name in a bar, in columns.
const LONGEST_NAME: usize = 24;

/// A sign at a moment, in ascending order of importance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Sign {
    Submits,
    Reads,
    Closes,
    GoesOn,
    Cancelled,
    Refused,
    Fails,
}

impl Sign {
    pub(super) fn glyph(self, glyphs: &Glyphs) -> (char, Ink) {
        match self {
            Self::Submits => (glyphs.submits, Ink::Mark),
            Self::Reads => (glyphs.reads, Ink::Mark),
            Self::Closes => (glyphs.closes, Ink::Mark),
            Self::GoesOn => (glyphs.goes_on, Ink::Mark),
            Self::Cancelled => (glyphs.cancelled, Ink::Bad),
            Self::Refused => (glyphs.refused, Ink::Bad),
            Self::Fails => (glyphs.fails, Ink::Bad),
        }
    }
}

/// What a character of a bar stands for, other than a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fill {
    Running,
    RunningNext,
    Partly,
    Blocked,
    CallingBack,
    Idle,
    /// How often a sign occurs in a column.
    Number,
}

/// What a chart has drawn, for its legend.
#[derive(Debug, Default)]
pub(super) struct Used {
    pub(super) fills: HashSet<Fill>,
    pub(super) signs: HashSet<Sign>,
    /// Signs left out because they would hide a lane, with their numbers.
    pub(super) unmarked: HashMap<Sign, usize>,
}

/// The signs of each column with their numbers, in order of their first time.
type Signs = BTreeMap<usize, Vec<(Sign, usize)>>;

/// Draws the lanes of a chart.
pub(super) struct Brush<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) scale: Scale,
    pub(super) glyphs: &'a Glyphs,
    pub(super) used: Used,
    /// Times of failures for each lane.
    pub(super) failures: Vec<Vec<u64>>,
}

impl Brush<'_> {
    /// Draws a lane: mostly one line. Signs that would hide the lane get a line above it.
    pub(super) fn bar(&mut self, place: usize) -> Vec<Line> {
        let lane = &self.run.lanes[place];
        let cells = cells_of(lane, self.scale);
        let mut bar = Line::default();
        for cell in &cells {
            let (c, ink) = self.fill(cell);
            bar.push(c, ink);
        }
        let mut free = vec![true; cells.len()];
        let signs = self.signs_of(place);
        let is_crowded = signs.len() > cells.len() / 3;
        let mut above = None;
        if !is_crowded || (lane.worker.is_none() && lane.blocked == 0) {
            self.draw_signs(lane, &signs, &mut bar, &mut free);
        } else if lane.worker.is_none() {
            let mut signs_only = Line::default();
            signs_only.pad_to(cells.len());
            self.draw_signs(lane, &signs, &mut signs_only, &mut vec![true; cells.len()]);
            above = Some(signs_only);
        } else {
            for &(sign, count) in signs.values().flatten() {
                // A worker's tasks matter more than its many signs: the legend counts the signs.
                *self.used.unmarked.entry(sign).or_default() += count;
            }
        }
        self.draw_names(lane, &cells, &mut bar, &free);
        above.into_iter().chain([bar]).collect()
    }

    fn fill(&mut self, cell: &Cell) -> (char, Ink) {
        let glyphs = self.glyphs;
        let (fill, c, ink) = match cell.look() {
            Look::Nothing => return (' ', Ink::Plain),
            Look::Idle => (Fill::Idle, glyphs.idle, Ink::Faint),
            Look::Blocked => (Fill::Blocked, glyphs.blocked, Ink::Blocked),
            Look::CallingBack => (Fill::CallingBack, glyphs.calling_back, Ink::Running(cell.shade)),
            Look::Running => {
                let fill = if cell.shade { Fill::RunningNext } else { Fill::Running };
                (fill, glyphs.running[usize::from(cell.shade)], Ink::Running(cell.shade))
            }
            Look::Partly(parts) => {
                (Fill::Partly, glyphs.height(parts, PARTS), Ink::Running(cell.shade))
            }
        };
        self.used.fills.insert(fill);
        (c, ink)
    }

    fn draw_signs(&mut self, lane: &Lane, signs: &Signs, bar: &mut Line, free: &mut [bool]) {
        // Numbers must fit at all signs, or at none: a sign without one would seem to be single.
        let numbered =
            lane.worker.is_none().then(|| self.placed(signs, true)).filter(|(_, all)| *all);
        let placed = numbered.unwrap_or_else(|| self.placed(signs, false)).0;
        for (column, sign, text) in placed {
            bar.write_over(column, &text, sign.glyph(self.glyphs).1);
            let end = (column + text.chars().count()).min(free.len());
            free[column..end].fill(false);
            self.used.signs.insert(sign);
            if end > column + 1 {
                self.used.fills.insert(Fill::Number);
            }
        }
    }

    /// Places the signs of each column side by side, in order of time.
    ///
    /// Where they do not fit, the least important are left out, and the second value is `false`.
    fn placed(&self, signs: &Signs, numbered: bool) -> (Vec<(usize, Sign, String)>, bool) {
        let columns = self.scale.columns;
        let (mut placed, mut all, mut next_free) = (Vec::new(), true, 0);
        let mut upcoming = signs.iter().peekable();
        while let Some((&column, here)) = upcoming.next() {
            let mut here: Vec<_> = here
                .iter()
                .map(|&(sign, count)| (sign, self.text_of(sign, count, numbered)))
                .collect();
            let length = |here: &[(Sign, String)]| {
                here.iter().map(|(_, text)| text.chars().count()).sum::<usize>()
            };
            let end = upcoming.peek().map_or(columns, |&(&next, _)| next);
            // Signs at the right edge move left so that their numbers fit.
            let start = column.min(columns.saturating_sub(length(&here))).max(next_free);
            while length(&here) > end.saturating_sub(start) {
                let least = (0..here.len()).min_by_key(|&at| here[at].0).unwrap_or(0);
                here.remove(least);
                all = false;
            }
            next_free = start;
            for (sign, text) in here {
                let length = text.chars().count();
                placed.push((next_free, sign, text));
                next_free += length;
            }
        }
        (placed, all)
    }

    fn text_of(&self, sign: Sign, count: usize, numbered: bool) -> String {
        let (glyph, _) = sign.glyph(self.glyphs);
        if numbered && count > 1 {
            format!("{glyph}{}{count}", self.glyphs.times)
        } else {
            glyph.to_string()
        }
    }

    fn signs_of(&self, place: usize) -> Signs {
        let mut signs = Signs::new();
        for (at, sign) in self.moments_of(place) {
            let here = signs.entry(self.scale.column_of(at)).or_default();
            match here.iter_mut().find(|(other, _)| *other == sign) {
                Some((_, count)) => *count += 1,
                None => here.push((sign, 1)),
            }
        }
        signs
    }

    /// Returns the signs of a lane, ordered by time.
    fn moments_of(&self, place: usize) -> Vec<(u64, Sign)> {
        let lane = &self.run.lanes[place];
        let marks = lane.marks.iter().map(|mark| {
            let sign = match mark.what {
                Marked::Submitted(_) => Sign::Submits,
                Marked::Refused(_) => Sign::Refused,
                Marked::Cancelled(_) => Sign::Cancelled,
                Marked::Collected(_) => Sign::Reads,
                Marked::Closed(..) => Sign::Closes,
            };
            (mark.at, sign)
        });
        let failures = self.failures[place].iter().map(|&at| (at, Sign::Fails));
        let is_open = lane.spans.iter().any(|span| span.open && span.doing != Doing::Idle);
        let goes_on = is_open.then_some((self.run.to, Sign::GoesOn));
        let mut moments: Vec<_> = marks.chain(failures).chain(goes_on).collect();
        moments.sort_by_key(|&(at, _)| at);
        moments
    }

    fn draw_names(&self, lane: &Lane, cells: &[Cell], bar: &mut Line, free: &[bool]) {
        // A name is written across neighbouring cells that are about one span and bear no sign.
        let mut column = 0;
        while column < cells.len() {
            let subject = subject_of(&cells[column]);
            let same = |&other: &usize| {
                free[other] && free[column] && subject_of(&cells[other]) == subject
            };
            let end = (column..cells.len()).take_while(same).last().map_or(column, |last| last) + 1;
            let room = end - column;
            if let Some(span) = subject.filter(|_| free[column]) {
                let doing = lane.spans[span].doing;
                if let Some(name) =
                    self.names_of(doing).into_iter().find(|name| width_of(name) < room)
                {
                    let (at, ink) = match doing {
                        Doing::Blocked { .. } => {
                            (column + (room - width_of(&name)) / 2, Ink::Blocked)
                        }
                        _ => (column, Ink::Name(cells[column].shade)),
                    };
                    bar.write_over(at, &name, ink);
                }
            }
            column = end;
        }
    }

    /// Names for what a span is, the longest first.
    fn names_of(&self, doing: Doing) -> Vec<String> {
        match doing {
            Doing::Running(task) => {
                let (id, name) =
                    (self.run.lives[task].id.to_string(), self.run.name_of(task).to_string());
                let name = Harmless(name.trim_end()).to_string();
                let is_short = width_of(&name) <= LONGEST_NAME && name.chars().all(|c| self.has(c));
                if is_short { vec![name, id] } else { vec![id] }
            }
            Doing::Blocked { on: BlockedOn::Task, task: Some(task), .. } => {
                vec![self.run.lives[task].id.to_string()]
            }
            Doing::Blocked { on: BlockedOn::AnyOf(1), .. } => {
                vec!["the last future".to_owned(), "the last".to_owned(), "last".to_owned()]
            }
            Doing::Blocked { on: BlockedOn::AnyOf(many), .. } => {
                vec![format!("any of {many} futures"), format!("any of {many}"), "any".to_owned()]
            }
            Doing::Blocked { on: BlockedOn::Room, .. } => {
                vec!["waiting for room".to_owned(), "for room".to_owned(), "room".to_owned()]
            }
            Doing::Blocked { on: BlockedOn::Shutdown, .. } => {
                vec!["the pool's end".to_owned(), "end".to_owned()]
            }
            Doing::Blocked { on: BlockedOn::Task, .. } | Doing::CallingBack(_) | Doing::Idle => {
                Vec::new()
            }
        }
    }

    /// Returns `true` if the chart's alphabet has the character.
    fn has(&self, c: char) -> bool {
        c.is_ascii() || !self.glyphs.tick.is_ascii()
    }
}

/// Returns the span that a cell shows, if it is one that can be named.
fn subject_of(cell: &Cell) -> Option<usize> {
    match cell.look() {
        Look::Running => cell.task,
        Look::Blocked => cell.wait,
        _ => None,
    }
}
