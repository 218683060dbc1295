//! The label of each thing, and its hover text.

use super::text::{Face, SMALL, clean};
use crate::kernel::event::{BlockedOn, Shutdown};
use crate::kernel::state::Ending;
use crate::timeline::run::{Doing, End, Lane, Life, Marked, Run, Span};
use crate::timeline::words::short;

/// Distance between two lines, as a multiple of their size.
pub(super) const LINE_HEIGHT: f64 = 1.2;

/// Least number of letters that a cut name keeps beside the task's id.
const LEAST_OF_A_NAME: usize = 3;

/// A label that fits on a bar: one line, or two small ones.
pub(super) struct Label {
    pub(super) face: Face,
    pub(super) lines: Vec<String>,
}

/// Returns the longest label that fits on a bar with this much room.
pub(super) fn label(run: &Run<'_>, span: &Span, face: Face, room: f64, high: f64) -> Option<Label> {
    let one_line = |text: String| Label { face, lines: vec![text] };
    let whole = labels(run, span).into_iter().find(|label| face.width_of(label) <= room);
    match span.doing {
        Doing::Running(task) => whole.or_else(|| name(run, task, face, room)).map(one_line),
        Doing::Blocked { on, task, .. } => {
            let short = short_for(on).filter(|short| face.width_of(short) <= room);
            let two_lines = || in_two_lines(&on_what(run, on, task), room, high);
            whole.map(one_line).or_else(two_lines).or_else(|| short.map(one_line))
        }
        _ => whole.map(one_line),
    }
}

/// Breaks a label that is too long for one line, if the bar is high enough for two.
fn in_two_lines(text: &str, room: f64, high: f64) -> Option<Label> {
    let lines = SMALL.wrap(text, room);
    let fit = lines.len() == 2 && lines.iter().all(|line| !line.is_empty() && !line.contains('…'));
    let is_high = high >= 2.0 * SMALL.size * LINE_HEIGHT;
    (fit && is_high).then_some(Label { face: SMALL, lines })
}

/// Returns a task's id and as much of its name as fits. The id is not cut.
pub(super) fn name(run: &Run<'_>, task: usize, face: Face, room: f64) -> Option<String> {
    let id = run.lives[task].id.to_string();
    let cut = face.fit(&clean(&run.name_of(task).to_string()), room);
    let is_enough =
        |cut: &String| !cut.ends_with('…') || cut.chars().count() > id.len() + LEAST_OF_A_NAME;
    cut.filter(is_enough).or_else(|| Some(id.clone()).filter(|id| face.width_of(id) <= room))
}

/// Labels of a span, from the longest to the shortest.
fn labels(run: &Run<'_>, span: &Span) -> Vec<String> {
    let time = short(span.to - span.from);
    let labels = match span.doing {
        Doing::Running(task) => {
            let name = run.name_of(task).to_string();
            let how = match ended_badly(&run.lives[task]) {
                Some(how) => format!(", {how}"),
                None if span.open => ", goes on".to_owned(),
                None => String::new(),
            };
            vec![format!("{name}  {time}{how}"), name]
        }
        Doing::CallingBack(task) => {
            let id = run.lives[task].id;
            vec![
                format!("callback of {id}  {time}"),
                format!("callback of {id}"),
                "callback".to_owned(),
            ]
        }
        Doing::Blocked { on, task, .. } => {
            let (blocked, whom) = (waiting(run, on, task), on_what(run, on, task));
            // A wait that timed out would otherwise look like one that was fulfilled.
            let longest = if has_given_up(run, span) {
                format!("{blocked}, gave up after {time}")
            } else {
                format!("{blocked}  {time}")
            };
            vec![longest, blocked, whom]
        }
        Doing::Idle => vec![format!("idle  {time}"), "idle".to_owned()],
    };
    labels.iter().map(|label| clean(label)).collect()
}

/// Says that a thread is blocked, and on what.
fn waiting(run: &Run<'_>, on: BlockedOn, task: Option<usize>) -> String {
    match on {
        BlockedOn::Room => on_what(run, on, task),
        _ => format!("blocked on {}", on_what(run, on, task)),
    }
}

/// Names what a thread is blocked on.
fn on_what(run: &Run<'_>, on: BlockedOn, task: Option<usize>) -> String {
    match (on, task) {
        (BlockedOn::Task, Some(task)) => run.lives[task].id.to_string(),
        (BlockedOn::Task, None) => "a task".to_owned(),
        (BlockedOn::AnyOf(1), _) => "the last future".to_owned(),
        (BlockedOn::AnyOf(futures), _) => format!("any of {futures} futures"),
        (BlockedOn::Room, _) => "waiting for room".to_owned(),
        (BlockedOn::Shutdown, _) => "the pool's end".to_owned(),
    }
}

/// A shorter name for a wait, where there is no room for the whole.
fn short_for(on: BlockedOn) -> Option<String> {
    match on {
        BlockedOn::AnyOf(1) => Some("the last".to_owned()),
        BlockedOn::AnyOf(futures) => Some(format!("any of {futures}")),
        BlockedOn::Room => Some("room".to_owned()),
        BlockedOn::Task | BlockedOn::Shutdown => None,
    }
}

/// Returns `true` if a wait for a task ended before the task did.
fn has_given_up(run: &Run<'_>, span: &Span) -> bool {
    match span.doing {
        Doing::Blocked { on: BlockedOn::Task, task: Some(task), by: None } if !span.open => {
            run.lives[task].ended.is_none_or(|ended| ended.at > span.to)
        }
        _ => false,
    }
}

/// Hover text of a span.
pub(super) fn hover(run: &Run<'_>, lane: &Lane, span: &Span) -> Vec<String> {
    let when = format!(
        "{} on {}, from {} to {}",
        short(span.to - span.from),
        lane.name,
        short(span.from - run.from),
        short(span.to - run.from)
    );
    let mut lines = match span.doing {
        Doing::Running(task) => {
            let mut lines = of_life(run, task);
            lines.insert(1, format!("running for {when}"));
            lines
        }
        Doing::CallingBack(task) => vec![format!("a callback of {}", run.name_of(task)), when],
        Doing::Blocked { on, task, by } => {
            let what = match (on, task) {
                (BlockedOn::Task, Some(task)) => format!("blocked on {}", run.name_of(task)),
                _ => waiting(run, on, task),
            };
            let mut lines = vec![what, when];
            // Of several futures, the reader wants to know which one ended the wait.
            lines.extend(by.map(|by| format!("until the end of {}", run.name_of(by))));
            if has_given_up(run, span) {
                lines.push(format!("gave up after {}", short(span.to - span.from)));
            }
            lines
        }
        Doing::Idle => vec!["idle".to_owned(), when],
    };
    if span.open {
        lines.push("its end is not in the trace".to_owned());
    }
    lines
}

/// Hover text of a task.
pub(super) fn of_life(run: &Run<'_>, place: usize) -> Vec<String> {
    let life = &run.lives[place];
    let mut lines = vec![run.name_of(place).to_string()];
    if let Some((from, to)) = life.pending(run.to) {
        lines.push(format!("pending for {}", short(to - from)));
    }
    if life.started.is_some() {
        lines.push(format!("worked for {}", short(life.worked)));
    }
    let rank = life.rank.map_or(String::new(), |rank| format!(", ended as number {rank}"));
    lines.push(match &life.end {
        End::Unknown if life.started.is_some() => "its end is not in the trace".to_owned(),
        End::Unknown => "its start is not in the trace".to_owned(),
        End::Finished(Ending::Returned) => format!("finished{rank}"),
        End::Finished(Ending::Panicked) => format!("panicked{rank}"),
        End::Finished(Ending::Lost) => format!("lost with its worker{rank}"),
        End::Cancelled(reason) => format!("cancelled {reason}{rank}"),
        End::Refused => "refused".to_owned(),
    });
    if let (Some(collected), Some(rank)) = (life.collected, life.collected_rank) {
        let since = life.ended.map_or(0, |ended| collected.at.saturating_sub(ended.at));
        lines.push(format!(
            "result read as number {rank}, {} later, by {}",
            short(since),
            run.lanes[collected.lane].name
        ));
    }
    if let Some(task) = run.name_of(place).task {
        lines.push(format!("submitted at {}", task.submitted_at));
    }
    lines
}

/// The word for an end other than a return.
pub(super) fn ended_badly(life: &Life) -> Option<&'static str> {
    match life.end {
        End::Unknown | End::Finished(Ending::Returned) => None,
        End::Finished(Ending::Panicked) => Some("panicked"),
        End::Finished(Ending::Lost) => Some("lost"),
        End::Cancelled(_) => Some("cancelled"),
        End::Refused => Some("refused"),
    }
}

/// Hover text of a mark.
pub(super) fn of_mark(run: &Run<'_>, what: Marked) -> String {
    match what {
        Marked::Submitted(task) => format!("submitted {}", run.name_of(task)),
        Marked::Refused(task) => format!("refused {}", run.name_of(task)),
        Marked::Cancelled(task) => format!("cancelled {}", run.name_of(task)),
        Marked::Collected(task) => format!("result of {} read", run.name_of(task)),
        Marked::Closed(pool, how) => format!("closed {pool}: {}", closing(how)),
    }
}

pub(super) fn closing(how: Shutdown) -> &'static str {
    match how {
        Shutdown::Drain => "drain",
        Shutdown::WhenIdle => "when idle",
        Shutdown::CancelPending => "cancel pending",
        Shutdown::Stop => "stop",
    }
}
