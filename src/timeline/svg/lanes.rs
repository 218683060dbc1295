//! The lanes: one for each thread, with its name and how busy it was.

use super::bars::Strip;
use super::canvas::{Anchor, Area, Canvas};
use super::look::{GAP, MARGIN, PLOT_LEFT};
use super::marks;
use super::scale::{Scale, percent};
use super::text::{SMALL, STRONG};
use crate::timeline::run::{Lane, Mark, Run};

/// Most lanes of a picture.
pub(super) const MOST_LANES: usize = 48;
/// Most lanes of threads other than workers.
pub(super) const MOST_CALLERS: usize = 12;
/// With more lanes than this, they are drawn closer.
const MOST_ROOMY: usize = 12;

/// Height of lanes, and distance between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pitch {
    bar: f64,
    between: f64,
}

impl Pitch {
    pub(super) fn of(lanes: usize) -> Self {
        if lanes <= MOST_ROOMY {
            Self { bar: 32.0, between: 12.0 }
        } else {
            Self { bar: 18.0, between: 5.0 }
        }
    }

    fn is_roomy(self) -> bool {
        self.bar > 30.0
    }
}

/// Chooses the lanes that are drawn: if there are too many, those of the threads that did most.
pub(super) fn chosen<'a>(run: &'a Run<'_>) -> Vec<&'a Lane> {
    let mut order: Vec<usize> = (0..run.lanes.len()).collect();
    order.sort_by_key(|&place| {
        let lane = &run.lanes[place];
        std::cmp::Reverse((lane.busy + lane.blocked, lane.marks.len()))
    });
    let callers =
        order.iter().copied().filter(|&place| run.lanes[place].worker.is_none()).take(MOST_CALLERS);
    let mut chosen: Vec<usize> = callers.collect();
    let room = MOST_LANES - chosen.len();
    chosen.extend(
        order.iter().copied().filter(|&place| run.lanes[place].worker.is_some()).take(room),
    );
    chosen.sort_unstable();
    chosen.into_iter().map(|place| &run.lanes[place]).collect()
}

/// Draws a lane and returns where it ends.
pub(super) fn draw(
    canvas: &mut Canvas,
    run: &Run<'_>,
    lane: &Lane,
    scale: Scale,
    pitch: Pitch,
    grain: u64,
    top: f64,
) -> f64 {
    let seen = |mark: &&Mark| (scale.from..=scale.to).contains(&mark.at);
    let above = lane.marks.iter().filter(seen).any(marks::is_above);
    let below = lane.marks.iter().filter(seen).any(|mark| !marks::is_above(mark));
    let bars_top = top + if above { marks::ROW } else { 0.0 };
    let area = Area { x: scale.left, y: bars_top, width: scale.width(), height: pitch.bar };
    let is_whole = scale.to - scale.from == run.length();
    draw_name(canvas, lane, is_whole.then(|| how_busy(run, lane)), pitch, area);
    let (x, right) = (scale.x(lane.from), scale.x(lane.to));
    // A worker's lifetime is known; of another thread, the events show only a part.
    let there = if lane.worker.is_some() { Area { x, width: right - x, ..area } } else { area };
    canvas.rectangle_behind("lane", there);
    Strip { run, lane, scale, area, grain }.draw(canvas);
    marks::draw(
        canvas,
        run,
        scale,
        lane.marks.iter().filter(|mark| marks::is_above(mark)),
        bars_top - marks::ROW / 2.0 + 1.0,
    );
    let under = area.bottom() + marks::ROW / 2.0 - 1.0;
    marks::draw(canvas, run, scale, lane.marks.iter().filter(|mark| !marks::is_above(mark)), under);
    area.bottom() + if below { marks::ROW } else { 0.0 } + pitch.between
}

/// What the share beside a name is of: for workers, and for other threads.
pub(super) const BUSY: &str = "busy";
pub(super) const BLOCKED: &str = "blocked";

/// Draws the word above the lanes if they are too low for it, and returns where the first lane
/// begins.
pub(super) fn draw_head(canvas: &mut Canvas, word: &str, pitch: Pitch, top: f64) -> f64 {
    if pitch.is_roomy() {
        return top;
    }
    let y = top + SMALL.size;
    canvas.text(SMALL, "dim", (PLOT_LEFT - GAP, y), Anchor::End, word);
    y + pitch.between
}

/// Share of the run that the thread was busy or blocked, and which of the two.
fn how_busy(run: &Run<'_>, lane: &Lane) -> (String, &'static str) {
    match lane.worker {
        Some(_) => (percent(lane.busy, run.length()), BUSY),
        None => (percent(lane.blocked, run.length()), BLOCKED),
    }
}

fn draw_name(
    canvas: &mut Canvas,
    lane: &Lane,
    how: Option<(String, &'static str)>,
    pitch: Pitch,
    area: Area,
) {
    let (left, right) = (MARGIN, PLOT_LEFT - GAP);
    let (how, word) = how.unwrap_or_default();
    if pitch.is_roomy() {
        let how = format!("{how} {word}");
        let name = STRONG.fit(&super::text::clean(&lane.name), right - left).unwrap_or_default();
        canvas.text(STRONG, "ink", (left, area.y + 12.0), Anchor::Start, &name);
        canvas.text(SMALL, "dim", (left, area.y + 28.0), Anchor::Start, how.trim());
    } else {
        let room = right - left - SMALL.width_of(&how) - GAP;
        let name = STRONG.fit(&super::text::clean(&lane.name), room).unwrap_or_default();
        canvas.text(STRONG, "ink", (left, area.baseline(STRONG)), Anchor::Start, &name);
        canvas.text(SMALL, "dim", (right, area.baseline(SMALL)), Anchor::End, &how);
    }
}
