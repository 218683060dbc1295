//! The text below a chart: the order of the ends, the figures and the legend.

use super::bar::{Fill, Sign, Used};
use super::glyphs::Glyphs;
use crate::timeline::harmless::width_of;
use crate::timeline::run::Run;
use crate::timeline::run::figures::Figures;
use crate::timeline::run::what_if::WhatIf;
use crate::timeline::words::{Short, count};

/// Lists the tasks in the order in which they ended, and in the order in which their results were
/// read if that differs.
pub(super) fn orders(run: &Run<'_>, columns: usize) -> Vec<(&'static str, Ranked)> {
    // An id takes at least two columns, so this many ids suffice to fill a line.
    let ended = ids_by(run, columns, |place| run.lives[place].rank);
    let read = ids_by(run, columns, |place| run.lives[place].collected_rank);
    let differ = read != ended;
    let rows = [("ended", ended, true), ("result read", read, differ)];
    let shown = rows.into_iter().filter(|(_, ranked, differs)| *differs && ranked.count > 0);
    shown.map(|(name, ranked, _)| (name, ranked)).collect()
}

/// Ids ordered by rank, the first few of them, and the number of all.
#[derive(PartialEq, Eq)]
pub(super) struct Ranked {
    first: Vec<String>,
    count: usize,
}

impl Ranked {
    /// Lists as many ids as fit in a line, and counts the others.
    pub(super) fn fitted(&self, columns: usize) -> String {
        let mut shown = self.first.len();
        loop {
            let rest = self.count - shown;
            let mut text = self.first[..shown].join(" ");
            if rest > 0 {
                text = format!("{text} and {rest} more");
            }
            if width_of(&text) <= columns || shown == 0 {
                return text.trim_start().to_owned();
            }
            shown -= 1;
        }
    }
}

fn ids_by(run: &Run<'_>, most: usize, rank: impl Fn(usize) -> Option<usize>) -> Ranked {
    let ranks = || (0..run.lives.len()).filter_map(|place| Some((rank(place)?, place)));
    let mut first: Vec<_> = ranks().filter(|&(rank, _)| rank <= most).collect();
    first.sort_unstable();
    let first = first.into_iter().map(|(_, place)| run.lives[place].id.to_string()).collect();
    Ranked { first, count: ranks().count() }
}

/// Phrases for other numbers of workers, each with its time.
pub(super) fn what_if(figures: &Figures) -> Vec<String> {
    let phrase = |what: &WhatIf| {
        let remark = match (what.as_it_was, what.enough) {
            (true, true) => " (as it was, enough)",
            (true, false) => " (as it was)",
            (false, true) => " (enough)",
            (false, false) => "",
        };
        format!("{} {}{remark}", count(what.workers, "worker"), Short(what.wall))
    };
    figures.what_if.iter().map(phrase).collect()
}

/// Explains the characters that were drawn.
pub(super) fn legend(used: &Used, queue: Option<String>, glyphs: &Glyphs) -> Vec<String> {
    let mut legend = Vec::new();
    let has = |fill| used.fills.contains(&fill);
    let [one, other] = glyphs.running;
    if has(Fill::RunningNext) {
        legend.push(format!("{one}{other} running, by turns"));
    } else if has(Fill::Running) {
        legend.push(format!("{one} running"));
    }
    if has(Fill::Partly) {
        let (least, half, most) = (glyphs.heights[0], glyphs.height(1, 2), glyphs.height(1, 1));
        legend.push(format!("{least}{half}{most} running for so much of the column"));
    }
    let plain = [
        (Fill::Blocked, glyphs.blocked, "blocked"),
        (Fill::CallingBack, glyphs.calling_back, "in a callback"),
        (Fill::Idle, glyphs.idle, "idle"),
    ];
    let used_plain = plain.iter().filter(|(fill, ..)| has(*fill));
    legend.extend(used_plain.map(|(_, glyph, what)| format!("{glyph} {what}")));
    let signs = [
        (Sign::Submits, "submits"),
        (Sign::Reads, "reads a result"),
        (Sign::Closes, "closes the pool"),
        (Sign::Fails, "panicked or lost"),
        (Sign::Cancelled, "cancelled"),
        (Sign::Refused, "refused"),
        (Sign::GoesOn, "no end recorded"),
    ];
    for (sign, what) in signs {
        let (glyph, _) = sign.glyph(glyphs);
        match used.unmarked.get(&sign) {
            Some(count) => legend.push(format!("{glyph} {what} ({count}: too many to mark)")),
            None if used.signs.contains(&sign) => legend.push(format!("{glyph} {what}")),
            None => {}
        }
    }
    if has(Fill::Number) {
        legend.push(format!("{}2 twice in that column", glyphs.times));
    }
    if let Some(depth) = queue {
        legend.push(depth);
    }
    legend
}

/// Joins phrases into lines of at most this many columns.
pub(super) fn wrapped(phrases: &[String], between: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for phrase in phrases {
        match lines.last_mut() {
            Some(line) if width_of(line) + width_of(between) + width_of(phrase) <= columns => {
                line.push_str(between);
                line.push_str(phrase);
            }
            _ => lines.push(phrase.clone()),
        }
    }
    lines
}
