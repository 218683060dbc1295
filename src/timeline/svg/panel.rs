//! The figures in plain words, and the times for other numbers of workers.

use std::time::Duration;

use super::canvas::{Anchor, Area, Canvas};
use super::look::{MARGIN, WIDTH};
use super::text::{Face, HEADING, PLAIN, SMALL, STRONG};
use crate::timeline::run::figures::Figures;
use crate::timeline::run::what_if::WhatIf;
use crate::timeline::words::{Short, count};

const PADDING: f64 = 14.0;
const LINE: f64 = 20.0;
const BETWEEN: f64 = 16.0;
const BELOW: f64 = 22.0;
/// Share of the width for the figures.
const FIGURES: f64 = 0.5;
/// Share of the figures' width for their names.
const NAMES: f64 = 0.41;
/// Width of the longest bar.
const LONGEST: f64 = 150.0;

/// Draws both panels and returns where they end.
pub(super) fn draw(canvas: &mut Canvas, figures: &Figures, top: f64) -> f64 {
    let whole = WIDTH - 2.0 * MARGIN;
    let width = whole * FIGURES - BETWEEN / 2.0;
    let rows = figures
        .in_words()
        .map(|(what, how_much)| (what, PLAIN.wrap(&how_much, width * (1.0 - NAMES) - PADDING)));
    let lines: usize = rows.iter().map(|(_, lines)| lines.len()).sum();
    let note = SMALL.wrap(&figures.basis.in_words(), whole - width - BETWEEN - 2.0 * PADDING);
    let height = lines_high(lines).max(lines_high(figures.what_if.len() + note.len()));
    let left = Area { x: MARGIN, y: top, width, height };
    let right = Area { x: left.right() + BETWEEN, width: whole - width - BETWEEN, ..left };
    canvas.rectangle("panel", left);
    draw_heading(canvas, left, "What this run says");
    let mut y = first_line(left);
    for (what, lines) in rows {
        canvas.text(PLAIN, "dim", (left.x + PADDING, y), Anchor::Start, what);
        for line in lines {
            canvas.text(PLAIN, "ink", (left.x + left.width * NAMES, y), Anchor::Start, &line);
            y += LINE;
        }
    }
    canvas.rectangle("panel", right);
    draw_heading(canvas, right, "With other numbers of workers");
    let mut y = draw_what_if(canvas, figures, right);
    for line in note {
        canvas.text(SMALL, "dim", (right.x + PADDING, y), Anchor::Start, &line);
        y += LINE * 0.8;
    }
    left.bottom() + BELOW
}

fn lines_high(lines: usize) -> f64 {
    2.0 * PADDING + HEADING.size + (0..lines).map(|_| LINE).sum::<f64>()
}

fn draw_heading(canvas: &mut Canvas, area: Area, heading: &str) {
    canvas.text(
        HEADING,
        "ink",
        (area.x + PADDING, area.y + PADDING + HEADING.size * 0.8),
        Anchor::Start,
        heading,
    );
}

fn first_line(area: Area) -> f64 {
    area.y + PADDING + HEADING.size + LINE
}

/// Draws a line for each number of workers and returns where the next would be.
fn draw_what_if(canvas: &mut Canvas, figures: &Figures, area: Area) -> f64 {
    let mut y = first_line(area);
    let slowest = figures.what_if.iter().map(|what| what.wall).max().unwrap_or_default();
    // The bars begin at one position, behind the widest name.
    let widest = |texts: Vec<String>, face: Face| {
        texts.iter().map(|text| face.width_of(text)).fold(0.0, f64::max)
    };
    let names = widest(figures.what_if.iter().map(name_of).collect(), STRONG);
    for what in &figures.what_if {
        let face = if what.as_it_was || what.enough { STRONG } else { PLAIN };
        let left = area.x + PADDING;
        canvas.text(face, "ink", (left, y), Anchor::Start, &name_of(what));
        let bar = Area {
            x: left + names + BETWEEN,
            y: y - 9.0,
            width: part(what.wall, slowest) * LONGEST,
            height: 9.0,
        };
        canvas.rectangle(if what.enough { "enough" } else { "asis" }, bar);
        let time = Short(what.wall).to_string();
        let x = left + names + BETWEEN + LONGEST + 8.0;
        canvas.text(face, "ink", (x, y), Anchor::Start, &time);
        let (remark, colour) = match (what.as_it_was, what.enough) {
            (true, true) => ("enough, as it was", "good"),
            (false, true) => ("enough", "good"),
            (true, false) => ("as it was", "dim"),
            (false, false) => ("", "dim"),
        };
        canvas.text(
            SMALL,
            colour,
            (x + STRONG.width_of("000.0 ms") + 8.0, y),
            Anchor::Start,
            remark,
        );
        y += LINE;
    }
    y
}

fn name_of(what: &WhatIf) -> String {
    count(what.workers, "worker")
}

fn part(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { part.as_secs_f64() / whole.as_secs_f64() }
}

/// The figures as a sentence, for readers who do not see the picture.
pub(super) fn in_a_sentence(figures: &Figures) -> String {
    let figures_in_words =
        figures.in_words().map(|(what, how_much)| format!("{what}: {how_much}")).join(". ");
    let others =
        figures.what_if.iter().map(|what| format!("{}: {}", name_of(what), Short(what.wall)));
    let others: Vec<String> = others.collect();
    let others = if others.is_empty() { String::new() } else { format!("{}. ", others.join(", ")) };
    format!(
        "{figures_in_words}. With other numbers of workers: {others}{}",
        figures.basis.in_words()
    )
}
