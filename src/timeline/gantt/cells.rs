//! Computes how a thread spent the time of each column.
//!
//! A run may have far more tasks than columns, so a cell counts and does not list them.

use super::scale::{PARTS, Scale};
use crate::timeline::run::{Doing, Lane, Span};

/// One column of one lane; times are in parts of the column.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cell {
    pub(super) running: u64,
    pub(super) blocked: u64,
    pub(super) calling_back: u64,
    pub(super) idle: u64,
    /// How often a task began here or was resumed.
    pub(super) tasks: usize,
    /// Whether a task begins here.
    pub(super) begins: bool,
    /// The last task and the last wait here: indexes of spans in the lane.
    pub(super) task: Option<usize>,
    pub(super) wait: Option<usize>,
    /// Alternates between successive tasks.
    pub(super) shade: bool,
}

/// What a cell shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The thread does not exist, or nothing is known of it.
    Nothing,
    Idle,
    Blocked,
    CallingBack,
    /// One task takes the whole cell.
    Running,
    /// Tasks take this many parts of the cell.
    Partly(u64),
}

impl Cell {
    /// From this many parts on, a cell counts as whole.
    const WHOLE: u64 = PARTS * 7 / 8;

    pub(super) fn look(&self) -> Look {
        let nothing =
            PARTS.saturating_sub(self.running + self.blocked + self.calling_back + self.idle);
        let most =
            self.running.max(self.blocked).max(self.calling_back).max(self.idle).max(nothing);
        // A task shows where it begins, however short it is.
        if self.begins && (self.tasks > 1 || self.running < Self::WHOLE) {
            Look::Partly(self.running)
        } else if self.tasks > 0 && self.running == most {
            if self.tasks == 1 { Look::Running } else { Look::Partly(self.running) }
        } else if self.blocked == most {
            Look::Blocked
        } else if self.calling_back == most {
            Look::CallingBack
        } else if self.idle == most {
            Look::Idle
        } else {
            Look::Nothing
        }
    }
}

/// Returns the cells of a lane.
pub(super) fn cells_of(lane: &Lane, scale: Scale) -> Vec<Cell> {
    let mut filler = Filler {
        scale,
        cells: vec![Cell::default(); scale.columns],
        shades: vec![false; lane.spans.len()],
        shade: true,
    };
    let mut open: Vec<usize> = Vec::new();
    // Time is filled in up to here. A span's own time is what lies between its inner spans.
    let mut done = lane.from;
    for (place, span) in lane.spans.iter().enumerate() {
        while let Some(&outer) = open.last().filter(|&&outer| lane.spans[outer].level >= span.level)
        {
            filler.fill(lane, outer, done, lane.spans[outer].to);
            done = done.max(lane.spans[outer].to);
            open.pop();
        }
        if let Some(&outer) = open.last() {
            filler.fill(lane, outer, done, span.from);
        }
        done = done.max(span.from);
        filler.begin(place, span);
        open.push(place);
    }
    for place in open.into_iter().rev() {
        filler.fill(lane, place, done, lane.spans[place].to);
        done = done.max(lane.spans[place].to);
    }
    if lane.worker.is_some() {
        filler.rest_is_idle(lane);
    }
    filler.cells
}

struct Filler {
    scale: Scale,
    cells: Vec<Cell>,
    /// Shade of each span.
    shades: Vec<bool>,
    /// Shade of the task that ran last.
    shade: bool,
}

impl Filler {
    fn begin(&mut self, place: usize, span: &Span) {
        if let Doing::Running(_) = span.doing {
            self.shade = !self.shade;
            self.shades[place] = self.shade;
            let cell = &mut self.cells[self.scale.column_of(span.from)];
            cell.begins = true;
            // A task whose own time here rounds to nothing must still be counted.
            if cell.task != Some(place) {
                cell.tasks += 1;
                cell.task = Some(place);
                cell.shade = self.shade;
            }
        }
    }

    /// Counts a time in which the thread did this and nothing inside it.
    fn fill(&mut self, lane: &Lane, place: usize, from: u64, to: u64) {
        if from >= to {
            return;
        }
        let doing = lane.spans[place].doing;
        if let Doing::Running(_) = doing {
            self.shade = self.shades[place];
        }
        for (column, parts) in self.scale.shares(from, to) {
            let cell = &mut self.cells[column];
            match doing {
                Doing::Running(_) => {
                    cell.running += parts;
                    // The task that was in the cell last is not counted again.
                    if cell.task != Some(place) {
                        cell.tasks += 1;
                        cell.task = Some(place);
                    }
                    cell.shade = self.shade;
                }
                Doing::Blocked { .. } => {
                    cell.blocked += parts;
                    cell.wait = Some(place);
                }
                Doing::CallingBack(_) => cell.calling_back += parts,
                Doing::Idle => cell.idle += parts,
            }
        }
    }

    /// Counts the rest of a worker's lifetime as idle.
    fn rest_is_idle(&mut self, lane: &Lane) {
        for (column, parts) in self.scale.shares(lane.from, lane.to) {
            let cell = &mut self.cells[column];
            let rest =
                parts.saturating_sub(cell.running + cell.blocked + cell.calling_back + cell.idle);
            cell.idle += rest;
        }
    }
}
