//! Divides a lane into spans that are drawn one by one, and stretches that are drawn together.
//!
//! The number of spans drawn one by one is bounded, so that a picture of a million events is about
//! as large as one of a thousand.

use std::ops::Range;

use crate::timeline::run::{Doing, Lane, Span};

/// Deepest nesting that is drawn; the hover text of the span around tells the rest.
pub(super) const MOST_LEVELS: usize = 4;
/// Most bars of a picture, approximately: they make a file of a few hundred kB.
const MOST_BARS: usize = 2_000;

/// Factor from one attempted grain to the next.
const COARSER: u64 = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// The span at the first index; spans before the second index are inside it.
    One(usize, usize),
    /// Several short spans in a row.
    Many(Stretch),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) spans: Range<usize>,
}

/// Finds the least length of a span that is drawn by itself, so that there are not too many.
pub(super) fn grain(lanes: &[&Lane], shortest: u64) -> u64 {
    let mut grain = shortest;
    loop {
        let bars = lanes.iter().map(|lane| pieces(lane, grain).len()).sum::<usize>();
        if bars <= MOST_BARS || grain > u64::MAX / COARSER {
            return grain;
        }
        grain *= COARSER;
    }
}

/// Divides a lane, ordered by begin; an inner piece comes behind the one around it.
pub(super) fn pieces(lane: &Lane, grain: u64) -> Vec<Piece> {
    let mut pieces = Vec::new();
    divide(&lane.spans, 0..lane.spans.len(), MOST_LEVELS, grain, &mut pieces);
    pieces
}

fn divide(spans: &[Span], range: Range<usize>, levels: usize, grain: u64, pieces: &mut Vec<Piece>) {
    let mut many: Option<Stretch> = None;
    let mut at = range.start;
    while at < range.end {
        let span = spans[at];
        let next = (at + 1..range.end)
            .find(|&other| spans[other].level <= span.level)
            .unwrap_or(range.end);
        // A long span ends the stretch before it; its inner spans are divided by the same rule.
        if span.to - span.from >= grain {
            push(many.take(), pieces);
            pieces.push(Piece::One(at, next));
            if levels > 1 {
                divide(spans, at + 1..next, levels - 1, grain, pieces);
            }
        } else {
            match &mut many {
                Some(many) if span.from - many.to.min(span.from) < grain => {
                    many.to = many.to.max(span.to);
                    many.spans.end = next;
                }
                _ => push(
                    many.replace(Stretch { from: span.from, to: span.to, spans: at..next }),
                    pieces,
                ),
            }
        }
        at = next;
    }
    push(many, pieces);
}

fn push(many: Option<Stretch>, pieces: &mut Vec<Piece>) {
    pieces.extend(many.map(|many| match many.spans.len() {
        1 => Piece::One(many.spans.start, many.spans.end),
        _ => Piece::Many(many),
    }));
}

/// Calls `tell` for consecutive times, each with what the innermost span then did.
pub(super) fn innermost(spans: &[Span], mut tell: impl FnMut(u64, u64, Doing)) {
    let mut open: Vec<&Span> = Vec::new();
    let mut now = 0;
    for span in spans {
        while let Some(inner) = open.last().filter(|inner| inner.level >= span.level) {
            tell(now, inner.to, inner.doing);
            now = now.max(inner.to);
            open.pop();
        }
        if let Some(outer) = open.last() {
            tell(now, span.from, outer.doing);
        }
        // The time between two outermost spans belongs to none.
        now = span.from;
        open.push(span);
    }
    while let Some(inner) = open.pop() {
        tell(now, inner.to, inner.doing);
        now = now.max(inner.to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: u64, to: u64, level: usize) -> Span {
        Span { from, to, level, doing: Doing::Idle, open: false }
    }

    fn pieces_of(spans: &[Span], grain: u64) -> Vec<Piece> {
        let mut pieces = Vec::new();
        divide(spans, 0..spans.len(), MOST_LEVELS, grain, &mut pieces);
        pieces
    }

    #[test]
    fn short_ones_are_put_together() {
        let spans = [
            span(0, 100, 0),
            span(100, 102, 0),
            span(103, 105, 0),
            span(104, 105, 1),
            span(300, 301, 0),
        ];
        let together = Stretch { from: 100, to: 105, spans: 1..4 };
        assert_eq!(
            pieces_of(&spans, 10),
            [Piece::One(0, 1), Piece::Many(together), Piece::One(4, 5)]
        );
    }

    #[test]
    fn what_is_inside_comes_behind() {
        let spans = [span(0, 100, 0), span(10, 90, 1), span(20, 21, 2), span(22, 23, 2)];
        let together = Stretch { from: 20, to: 23, spans: 2..4 };
        assert_eq!(
            pieces_of(&spans, 10),
            [Piece::One(0, 4), Piece::One(1, 4), Piece::Many(together)]
        );
    }

    #[test]
    fn each_moment_counts_once() {
        let spans =
            [span(0, 100, 0), span(10, 90, 1), span(20, 40, 2), span(50, 60, 2), span(110, 120, 0)];
        let mut told = Vec::new();
        innermost(&spans, |from, to, _| told.push((from, to)));
        assert_eq!(
            told,
            [(0, 10), (10, 20), (20, 40), (40, 50), (50, 60), (60, 90), (90, 100), (110, 120)]
        );
    }
}
