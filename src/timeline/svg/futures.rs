//! The futures: a row for each, from its submit until its result is read.
//!
//! The rows show where the order of reading differs from the order of ending: a line leads from the
//! mark of the end to the mark of the reading.

use super::canvas::{Anchor, Area, Canvas};
use super::look::{GAP, MARGIN, PLOT_LEFT, TASK_COLOURS, WIDTH};
use super::marks::shape_of;
use super::scale::Scale;
use super::text::{PLAIN, SMALL};
use super::words;
use crate::kernel::state::Ending;
use crate::timeline::run::{End, Life, Marked, Run};
use crate::timeline::words::short;

/// Most rows of a picture.
pub(super) const MOST_ROWS: usize = 40;
/// Distance between rows, and height of a bar.
const PITCH: f64 = 25.0;
const BAR: f64 = 17.0;
const PADDING: f64 = 5.0;
/// Height of the mark of an end, and its width for up to two digits.
const BADGE: f64 = 17.0;
const DIAMOND: f64 = 5.5;
/// Space between neighbouring things.
const BESIDE: f64 = 4.0;

/// Chooses the futures that have a row: if there are too many, the most telling ones.
pub(super) fn chosen(run: &Run<'_>) -> Vec<usize> {
    let all: Vec<usize> = (0..run.lives.len()).collect();
    if all.len() <= MOST_ROWS {
        return all;
    }
    let mut chosen: Vec<usize> = Vec::new();
    let mut take = |by: &dyn Fn(&Life) -> u64| {
        let mut best: Vec<usize> =
            all.iter().copied().filter(|&place| by(&run.lives[place]) > 0).collect();
        // The sort is stable: of equal ones, the first are taken.
        best.sort_by_key(|&place| std::cmp::Reverse(by(&run.lives[place])));
        let new: Vec<usize> =
            best.into_iter().filter(|place| !chosen.contains(place)).take(MOST_ROWS / 5).collect();
        chosen.extend(new);
    };
    take(&|life| u64::from(words::ended_badly(life).is_some()));
    take(&|life| life.queue_wait(run.to).unwrap_or(0));
    take(&|life| life.worked);
    take(&|life| unread_for(life).unwrap_or(0));
    let others: Vec<usize> = all.into_iter().filter(|place| !chosen.contains(place)).collect();
    // The rest is taken at equal distances, so that every part of the run has some.
    let room = MOST_ROWS - chosen.len();
    chosen.extend((0..room).map(|nth| others[nth * others.len() / room]));
    chosen.sort_unstable();
    chosen
}

/// Says which futures are shown, if not all are.
pub(super) fn choice(run: &Run<'_>) -> Option<String> {
    (run.lives.len() > MOST_ROWS).then(|| {
        format!(
            "{MOST_ROWS} of {}: {} each that failed, were pending longest, worked longest, \
             waited longest to be read; and some of the others",
            run.lives.len(),
            MOST_ROWS / 5
        )
    })
}

/// How long a future was done before its result was read.
fn unread_for(life: &Life) -> Option<u64> {
    Some(life.collected?.at.saturating_sub(life.ended?.at))
}

/// Draws these rows and returns where they end.
pub(super) fn draw(
    canvas: &mut Canvas,
    run: &Run<'_>,
    places: &[usize],
    scale: Scale,
    top: f64,
) -> f64 {
    let mut y = top;
    for &place in places {
        let area = Area { x: scale.left, y, width: scale.width(), height: BAR };
        let name = words::name(run, place, PLAIN, PLOT_LEFT - GAP - MARGIN).unwrap_or_default();
        canvas.rectangle_behind("lane", area);
        canvas.text(PLAIN, "ink", (MARGIN, area.baseline(PLAIN)), Anchor::Start, &name);
        canvas.with_hover(&words::of_life(run, place), |canvas| {
            Row { run, place, scale, area }.draw(canvas);
        });
        y += PITCH;
    }
    y
}

struct Row<'a> {
    run: &'a Run<'a>,
    place: usize,
    scale: Scale,
    area: Area,
}

impl Row<'_> {
    fn draw(&self, canvas: &mut Canvas) {
        let life = &self.run.lives[self.place];
        let badge = badge_width(life.rank);
        // A future without an end in the trace lasts to the end of the run.
        let ends_at = self.scale.x(life.ended.map_or(self.run.to, |ended| ended.at));
        if let Some((from, to)) = life.pending(self.run.to) {
            let area = self.between(from, to);
            canvas.rectangle("bar pending", area);
            let room = area.width - 2.0 * PADDING;
            let texts = [format!("pending {}", short(to - from)), "pending".to_owned()];
            if let Some(text) = texts.iter().find(|text| SMALL.width_of(text) <= room) {
                let middle = (area.x + area.width / 2.0, area.baseline(SMALL));
                canvas.text_on_plate(SMALL, "ink", middle, Anchor::Middle, text);
            }
        }
        if let Some((from, to)) = life.running(self.run.to) {
            let area = self.between(from, to);
            let open = if life.ended.is_none() { " open" } else { "" };
            canvas.rectangle(&format!("bar task-{}{open}", self.place % TASK_COLOURS), area);
            let room = area.width - 2.0 * PADDING;
            let texts = [format!("running {}", short(to - from)), "running".to_owned()];
            if let Some(text) = texts.iter().find(|text| SMALL.width_of(text) <= room) {
                canvas.text(
                    SMALL,
                    "on-task",
                    (area.x + PADDING, area.baseline(SMALL)),
                    Anchor::Start,
                    text,
                );
            }
        }
        self.draw_end(canvas, life, ends_at, badge);
    }

    fn between(&self, from: u64, to: u64) -> Area {
        let (x, right) = (self.scale.x(from), self.scale.x(to));
        Area { x, width: (right - x).max(1.0), ..self.area }
    }

    fn draw_end(&self, canvas: &mut Canvas, life: &Life, ends_at: f64, badge: f64) {
        let middle = self.area.y + self.area.height / 2.0;
        let mut free_from = ends_at;
        if life.ended.is_some() {
            free_from += badge;
            if let Some(collected) = life.collected {
                // A result that is read at once has its diamond beside the disc, not on it.
                let x = (self.scale.x(collected.at)).max(free_from + BESIDE + DIAMOND);
                self.draw_wait(canvas, life, free_from, x - DIAMOND);
                canvas.note(shape_of(Marked::Collected(self.place)));
                canvas.path("mark", (x, middle - DIAMOND), "l5.5 5.5l-5.5 5.5l-5.5-5.5z");
                free_from = x + DIAMOND;
                let rank = life.collected_rank.map_or(String::new(), |rank| rank.to_string());
                canvas.text(
                    SMALL,
                    "dim",
                    (free_from + BESIDE, self.area.baseline(SMALL)),
                    Anchor::Start,
                    &rank,
                );
                free_from += BESIDE + SMALL.width_of(&rank);
            }
            self.draw_badge(canvas, life, ends_at, badge);
        }
        let word = words::ended_badly(life).or(life.ended.is_none().then_some("end unknown"));
        let Some(word) = word else { return };
        let room = WIDTH - MARGIN - free_from - BESIDE;
        if SMALL.width_of(word) <= room {
            let colour = if matches!(life.end, End::Finished(_)) { "bad" } else { "dim" };
            canvas.text(
                SMALL,
                colour,
                (free_from + BESIDE, self.area.baseline(SMALL)),
                Anchor::Start,
                word,
            );
        }
    }

    /// Draws the time between the end and the reading of the result.
    fn draw_wait(&self, canvas: &mut Canvas, life: &Life, from: f64, to: f64) {
        let middle = self.area.y + self.area.height / 2.0;
        if to - from <= 2.0 * BESIDE {
            return;
        }
        canvas.line("waits", (from, middle), (to, middle));
        let texts = unread_for(life).map(|wait| {
            [format!("result not yet read {}", short(wait)), "result not yet read".to_owned()]
        });
        let room = to - from - 4.0 * PADDING;
        if let Some(text) = texts.iter().flatten().find(|text| SMALL.width_of(text) <= room) {
            let at = (f64::midpoint(from, to), self.area.baseline(SMALL));
            canvas.text_on_plate(SMALL, "dim", at, Anchor::Middle, text);
        }
    }

    /// Draws the mark of the end, with its rank.
    fn draw_badge(&self, canvas: &mut Canvas, life: &Life, x: f64, width: f64) {
        let area = Area { x, y: self.area.y, width, height: BADGE };
        let (class, colour) = match life.end {
            End::Finished(Ending::Returned) => ("badge", "on-badge"),
            End::Finished(_) => ("alarm", "on-badge"),
            _ => ("void hollow", "ink"),
        };
        canvas.badge(class, area);
        let rank = life.rank.map_or("–".to_owned(), |rank| rank.to_string());
        canvas.text(SMALL, colour, (x + width / 2.0, area.baseline(SMALL)), Anchor::Middle, &rank);
    }
}

fn badge_width(rank: Option<usize>) -> f64 {
    let rank = rank.map_or(String::new(), |rank| rank.to_string());
    (SMALL.width_of(&rank) + 6.0).max(BADGE)
}
