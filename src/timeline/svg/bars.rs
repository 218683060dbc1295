//! Draws what one thread did as bars; an inner bar is narrower than the one around it.
//!
//! Many short spans in a row become one profile: the shares of work and of waits at each moment.

use super::canvas::{Anchor, Area, Canvas, Px};
use super::look::TASK_COLOURS;
use super::pieces::{Piece, Stretch, innermost, pieces};
use super::profile::Profile;
use super::scale::{Scale, percent};
use super::text::{PLAIN, SMALL};
use super::words::{self, LINE_HEIGHT, Label};
use crate::kernel::state::Ending;
use crate::timeline::run::{Doing, End, Lane, Run, Span};
use crate::timeline::words::{count, short};

/// Least width of a bar, however short its span is.
const NARROWEST: f64 = 1.5;
/// Narrower bars have no outline, because it would cover them.
const THIN: f64 = 5.0;
/// Space on both sides of a label.
const PADDING: f64 = 5.0;
/// How far an inner bar is inset above and below, as a share of the outermost height.
const INSET: f64 = 0.12;
/// Width of the parts of a profile that have a hover text each.
const SLICE: f64 = 36.0;

/// The bars of one lane, and where they go. Spans shorter than `grain` are drawn together.
pub(super) struct Strip<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) lane: &'a Lane,
    pub(super) scale: Scale,
    pub(super) area: Area,
    pub(super) grain: u64,
}

impl Strip<'_> {
    pub(super) fn draw(&self, canvas: &mut Canvas) {
        for piece in pieces(self.lane, self.grain) {
            match piece {
                Piece::One(span, next) => self.draw_one(canvas, span, next),
                Piece::Many(stretch) => self.draw_many(canvas, &stretch),
            }
        }
    }

    /// Area of a span; `None` if it is outside the scale.
    fn area_of(&self, from: u64, to: u64, level: usize) -> Option<Area> {
        if to < self.scale.from || from > self.scale.to {
            return None;
        }
        let inset = (0..level).map(|_| self.area.height * INSET).sum::<f64>();
        let (x, right) = (self.scale.x(from), self.scale.x(to));
        let width = (right - x).max(NARROWEST);
        // A bar that was widened must not stick out at the end.
        let x = x.min(self.scale.right - width);
        Some(Area { x, y: self.area.y + inset, width, height: self.area.height - 2.0 * inset })
    }

    fn draw_one(&self, canvas: &mut Canvas, place: usize, next: usize) {
        let span = &self.lane.spans[place];
        let Some(area) = self.area_of(span.from, span.to, span.level) else { return };
        let (class, colour, on_plate) = match span.doing {
            Doing::Running(task) => (format!("bar task-{}", task % TASK_COLOURS), "on-task", false),
            Doing::CallingBack(_) => ("bar callback".to_owned(), "callback-text", true),
            Doing::Blocked { .. } => ("bar blocked".to_owned(), "blocked-text", true),
            Doing::Idle => ("bar idle".to_owned(), "dim", false),
        };
        let class = if span.open { format!("{class} open") } else { class };
        let class = if area.width < THIN { format!("{class} thin") } else { class };
        canvas.with_hover(&words::hover(self.run, self.lane, span), |canvas| {
            canvas.rectangle(&class, area);
            if span.to > self.scale.to {
                // A triangle: the span continues behind the end of the scale.
                let middle = area.y + area.height / 2.0;
                canvas.path("onward", (self.scale.right + 3.0, middle - 5.0), "l6 5l-6 5z");
            }
            if let Doing::Running(task) = span.doing {
                self.draw_bad_end(canvas, task, area);
            }
            let face = if area.height >= PLAIN.size * 1.5 { PLAIN } else { SMALL };
            if area.height < face.size * 1.25 {
                return;
            }
            let (from, to) = self.free_part(span, place + 1..next);
            let (left, right) = (
                self.scale.x(from).max(area.x) + PADDING,
                self.scale.x(to).min(area.right()) - PADDING,
            );
            let label = words::label(self.run, span, face, right - left, area.height);
            let Some(Label { face, lines }) = label else { return };
            let middle = f64::midpoint(left, right);
            // One line is in the middle of the bar; the first of two is half a line higher.
            let mut baseline = area.baseline(face);
            baseline -= if lines.len() == 2 { face.size * LINE_HEIGHT / 2.0 } else { 0.0 };
            for text in lines {
                match (span.doing, on_plate) {
                    (Doing::Running(_), _) => {
                        canvas.text(face, colour, (left, baseline), Anchor::Start, &text);
                    }
                    (_, true) => {
                        let at = (middle, baseline);
                        canvas.text_on_plate(face, colour, at, Anchor::Middle, &text);
                    }
                    _ => canvas.text(face, colour, (middle, baseline), Anchor::Middle, &text),
                }
                baseline += face.size * LINE_HEIGHT;
            }
        });
    }

    /// Gives a task that ended badly a jagged end, or a red foot if the bar is too narrow.
    fn draw_bad_end(&self, canvas: &mut Canvas, task: usize, area: Area) {
        let life = &self.run.lives[task];
        let is_here = life.ended.is_some_and(|ended| ended.at <= self.scale.to);
        if words::ended_badly(life).is_none() || !is_here {
            return;
        }
        if area.width < 2.0 * PADDING {
            canvas.rectangle("teeth", foot_of(area));
            return;
        }
        let tooth = area.height / 4.0;
        let teeth = format!("l-{0} {1}l{0} {1}l-{0} {1}l{0} {1}z", Px(PADDING), Px(tooth));
        canvas.path("teeth", (area.right(), area.y), &teeth);
    }

    /// Returns the longest time without inner bars: the name goes there.
    fn free_part(&self, span: &Span, inside: std::ops::Range<usize>) -> (u64, u64) {
        let (shown_from, shown_to) = (span.from.max(self.scale.from), span.to.min(self.scale.to));
        let children = self.lane.spans[inside].iter().filter(|child| child.level == span.level + 1);
        let mut longest = (shown_from, shown_from);
        let mut free_from = shown_from;
        for child in children.copied().chain([Span { from: shown_to, to: shown_to, ..*span }]) {
            let free_to = child.from.min(shown_to);
            if free_to.saturating_sub(free_from) > longest.1 - longest.0 {
                longest = (free_from, free_to);
            }
            free_from = child.to.max(free_from);
        }
        longest
    }

    fn draw_many(&self, canvas: &mut Canvas, stretch: &Stretch) {
        let spans = &self.lane.spans[stretch.spans.clone()];
        let Some(area) = self.area_of(stretch.from, stretch.to, spans[0].level) else { return };
        let tasks = tasks_of(spans);
        if area.width < 2.0 * Profile::STEP {
            // Too narrow for a profile of two steps.
            canvas.with_hover(&self.say(stretch.from, stretch.to, spans), |canvas| {
                canvas.rectangle(if tasks > 0 { "bar many" } else { "bar blocked" }, area);
                if self.panics_of(spans).next().is_some() {
                    canvas.rectangle("teeth", foot_of(area));
                }
            });
            return;
        }
        let profile = Profile::of(spans, self.scale, area);
        canvas.path("bar many", (area.x, area.bottom()), &profile.outline(|(work, _)| (0.0, work)));
        if profile.is_ever_blocked() {
            let blocked = profile.outline(|(work, blocked)| (work, work + blocked));
            canvas.path("bar blocked", (area.x, area.bottom()), &blocked);
        }
        for (x, right) in together(self.panics_of(spans).map(|at| self.scale.x(at)), Profile::STEP)
        {
            let x = x.min(area.right() - Profile::STEP);
            let right = right.min(area.right());
            canvas.rectangle("teeth", foot_of(Area { x, width: right - x, ..area }));
        }
        self.draw_slices(canvas, stretch, area);
        if area.height >= SMALL.size * 1.25 && tasks > 0 {
            if let Some(text) = Some(count(tasks, "task"))
                .filter(|text| SMALL.width_of(text) + 2.0 * PADDING <= area.width)
            {
                let middle = (f64::midpoint(area.x, area.right()), area.baseline(SMALL));
                canvas.text_on_plate(SMALL, "ink", middle, Anchor::Middle, &text);
            }
        }
    }

    /// Times of the panics of these spans' tasks, ordered by the tasks' starts.
    fn panics_of(&self, spans: &[Span]) -> impl Iterator<Item = u64> {
        spans.iter().filter_map(|span| match span.doing {
            Doing::Running(task) if self.run.lives[task].end == End::Finished(Ending::Panicked) => {
                Some(span.to)
            }
            _ => None,
        })
    }

    fn draw_slices(&self, canvas: &mut Canvas, stretch: &Stretch, area: Area) {
        let spans = &self.lane.spans[stretch.spans.clone()];
        let length = self.scale.length_of(SLICE);
        let shown_to = stretch.to.min(self.scale.to);
        let mut from = stretch.from.max(self.scale.from);
        while from < shown_to {
            // The last slice takes the remainder, so that none is too narrow to point at.
            let to = if shown_to - from < 2 * length { shown_to } else { from + length };
            let first = spans.partition_point(|span| span.from < from);
            let last = spans.partition_point(|span| span.from < to);
            let (x, right) = (self.scale.x(from), self.scale.x(to));
            canvas.with_hover(&self.say(from, to, &spans[first..last]), |canvas| {
                canvas.rectangle("slice", Area { x, width: right - x, ..area });
            });
            from = to;
        }
    }

    /// Hover text for the spans that began between these times.
    fn say(&self, from: u64, to: u64, spans: &[Span]) -> Vec<String> {
        let (mut work, mut blocked, mut idle) = (0, 0, 0);
        // Spans nest, so their lengths must not simply be added.
        innermost(spans, |from, to, doing| match doing {
            Doing::Running(_) | Doing::CallingBack(_) => work += to - from,
            Doing::Blocked { .. } => blocked += to - from,
            Doing::Idle => idle += to - from,
        });
        let waits = spans.iter().filter(|span| matches!(span.doing, Doing::Blocked { .. })).count();
        let panics = match self.panics_of(spans).count() {
            0 => String::new(),
            many => format!("; {many} panicked"),
        };
        let begun = format!(
            "{} and {} began here{panics}",
            count(tasks_of(spans), "task"),
            count(waits, "wait")
        );
        let when = format!(
            "{}, from {} to {}",
            self.lane.name,
            short(from - self.run.from),
            short(to - self.run.from)
        );
        let whole = work + blocked + idle;
        vec![
            begun,
            when,
            format!(
                "{} work, {} blocked, {} idle",
                percent(work, whole),
                percent(blocked, whole),
                percent(idle, whole)
            ),
        ]
    }
}

/// Area of the red foot of a bar without room for teeth.
fn foot_of(bar: Area) -> Area {
    let height = bar.height / 4.0;
    Area { y: bar.bottom() - height, height, ..bar }
}

/// Merges places that are less than `step` apart into ranges.
fn together(places: impl Iterator<Item = f64>, step: f64) -> Vec<(f64, f64)> {
    let mut all: Vec<(f64, f64)> = Vec::new();
    for place in places {
        match all.last_mut() {
            Some((_, right)) if place <= *right => *right = right.max(place + step),
            _ => all.push((place, place + step)),
        }
    }
    all
}

fn tasks_of(spans: &[Span]) -> usize {
    spans.iter().filter(|span| matches!(span.doing, Doing::Running(_))).count()
}
