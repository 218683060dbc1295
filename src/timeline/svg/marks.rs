//! Marks what a thread did in no time: a row above its bars, and below it the results it read.
//!
//! Marks that would overlap become one mark with their number.

use super::canvas::{Anchor, Canvas};
use super::look::{MARGIN, WIDTH};
use super::scale::Scale;
use super::text::SMALL;
use super::words;
use crate::timeline::run::{Mark, Marked, Run};
use crate::timeline::words::{count, short};

/// Least distance between marks.
const APART: f64 = 13.0;
/// Distance from the middle of a mark to its edge, and to its label.
const RADIUS: f64 = 5.0;
const BESIDE: f64 = 8.0;
/// Most marks that a hover text names.
const MOST_NAMED: usize = 4;
/// In a row with more marks than this, labels are left out; the end of the row has a summary.
const MOST_LABELLED: usize = 16;
/// Distance from a row of bars to its row of marks.
pub(super) const ROW: f64 = 16.0;

pub(super) fn is_above(mark: &Mark) -> bool {
    !matches!(mark.what, Marked::Collected(_))
}

/// Marks that would overlap.
struct Group<'a> {
    x: f64,
    marks: Vec<&'a Mark>,
}

/// Draws marks of one lane in a row with this middle.
pub(super) fn draw<'a>(
    canvas: &mut Canvas,
    run: &Run<'_>,
    scale: Scale,
    marks: impl Iterator<Item = &'a Mark>,
    middle: f64,
) {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for mark in marks.filter(|mark| (scale.from..=scale.to).contains(&mark.at)) {
        let x = scale.x(mark.at);
        match groups.last_mut() {
            Some(group) if x - group.x < APART => group.marks.push(mark),
            _ => groups.push(Group { x, marks: vec![mark] }),
        }
    }
    let is_crowded = groups.len() > MOST_LABELLED;
    for (place, group) in groups.iter().enumerate() {
        let next = groups.get(place + 1).map_or(WIDTH - MARGIN, |next| next.x - APART / 2.0);
        canvas.with_hover(&say(run, group), |canvas| {
            draw_shape(canvas, most_telling(group), group.x, middle);
            if !is_crowded {
                draw_label(canvas, run, group, middle, next);
            }
        });
    }
    // One summary at the end of the row stands for the labels that were left out.
    if let Some(last) = groups.last().filter(|_| is_crowded) {
        let all = Group {
            x: last.x,
            marks: groups.iter().flat_map(|group| &group.marks).copied().collect(),
        };
        draw_label(canvas, run, &all, middle, WIDTH - MARGIN);
    }
}

/// Writes a label beside a mark if it fits before `next`.
fn draw_label(canvas: &mut Canvas, run: &Run<'_>, group: &Group<'_>, middle: f64, next: f64) {
    let x = group.x + BESIDE;
    if let Some(text) = labels(run, group).into_iter().find(|text| SMALL.width_of(text) <= next - x)
    {
        canvas.text(SMALL, "dim", (x, middle + SMALL.size * 0.36), Anchor::Start, &text);
    }
}

/// Importance of a mark: the lowest is the most important.
fn rank(mark: &Mark) -> usize {
    match mark.what {
        Marked::Closed(..) => 0,
        Marked::Refused(_) => 1,
        Marked::Cancelled(_) => 2,
        Marked::Submitted(_) => 3,
        Marked::Collected(_) => 4,
    }
}

fn most_telling<'a>(group: &Group<'a>) -> &'a Mark {
    group.marks.iter().min_by_key(|mark| rank(mark)).unwrap_or(&group.marks[0])
}

/// Name of a mark's shape, for the legend.
pub(super) fn shape_of(what: Marked) -> &'static str {
    match what {
        Marked::Submitted(_) => "submitted",
        Marked::Collected(_) => "collected",
        Marked::Closed(..) => "closed",
        Marked::Cancelled(_) => "cancelled",
        Marked::Refused(_) => "refused",
    }
}

pub(super) fn draw_shape(canvas: &mut Canvas, mark: &Mark, x: f64, middle: f64) {
    canvas.note(shape_of(mark.what));
    match mark.what {
        Marked::Submitted(_) => {
            canvas.path("mark", (x - RADIUS, middle - RADIUS + 1.0), "h10l-5 9z");
        }
        Marked::Collected(_) => canvas.path("mark", (x, middle - RADIUS), "l5 5l-5 5l-5-5z"),
        Marked::Closed(..) => canvas.path("closed", (x - 4.0, middle - RADIUS), "h8v10h-8z"),
        Marked::Cancelled(_) => canvas.path("void", (x - 4.0, middle - 4.0), "l8 8m0-8l-8 8"),
        Marked::Refused(_) => {
            canvas.circle("void", (x, middle), RADIUS - 0.5);
            canvas.line("void", (x - 3.0, middle + 3.0), (x + 3.0, middle - 3.0));
        }
    }
}

/// Labels of a mark, from the longest to the shortest.
fn labels(run: &Run<'_>, group: &Group<'_>) -> Vec<String> {
    let of_rank = |wanted| group.marks.iter().filter(|mark| rank(mark) == wanted).count();
    let mut parts: Vec<String> = group
        .marks
        .iter()
        .filter_map(|mark| match mark.what {
            Marked::Closed(_, how) => Some(format!("closed: {}", words::closing(how))),
            _ => None,
        })
        .collect();
    let told = [(1, "refused"), (2, "cancelled"), (3, "submitted"), (4, "result read")];
    parts.extend(
        told.into_iter()
            .map(|(rank, word)| (of_rank(rank), word))
            .filter(|&(many, _)| many > 0)
            .map(
                |(many, word)| if many == 1 { word.to_owned() } else { format!("{word} ×{many}") },
            ),
    );
    if let [
        Mark {
            what:
                Marked::Submitted(task)
                | Marked::Refused(task)
                | Marked::Cancelled(task)
                | Marked::Collected(task),
            ..
        },
    ] = group.marks[..]
    {
        let id = run.lives[*task].id.to_string();
        return vec![format!("{} {id}", parts.swap_remove(0)), id];
    }
    // Four lengths: all words, the rarest one, that without its detail, and the number alone.
    let whole = parts.join(", ");
    let many = of_rank(rank(most_telling(group)));
    let short = if many == 1 { String::new() } else { format!("×{many}") };
    let word = parts.swap_remove(0);
    let shorter = word.split(':').next().unwrap_or_default().to_owned();
    vec![whole, word, shorter, short]
}

fn say(run: &Run<'_>, group: &Group<'_>) -> Vec<String> {
    let named = group.marks.iter().take(MOST_NAMED);
    let mut lines: Vec<String> = named
        .map(|mark| format!("{} at {}", words::of_mark(run, mark.what), short(mark.at - run.from)))
        .collect();
    if group.marks.len() > MOST_NAMED {
        lines.push(format!("and {}", count(group.marks.len() - MOST_NAMED, "more event")));
    }
    lines
}
