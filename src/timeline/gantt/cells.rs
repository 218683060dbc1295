//! What a thread did in each column: how much of the time went into what.
//!
//! A run may have far more tasks than columns, so a cell only counts. Nothing is drawn here.

use super::scale::{PARTS, Scale};
use crate::timeline::run::{Doing, Lane, Span};

/// One column of one lane; times in parts of the column.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cell {
    pub(super) running: u64,
    pub(super) blocked: u64,
    pub(super) calling_back: u64,
    pub(super) idle: u64,
    /// How many times a task was begun, or gone on with.
    pub(super) tasks: usize,
    /// A task begins in it.
    pub(super) begins: bool,
    /// The last task, and the last that it was blocked for: spans, by their places in the lane.
    pub(super) task: Option<usize>,
    pub(super) wait: Option<usize>,
    /// Tasks that follow one another have it by turns.
    pub(super) shade: bool,
}

/// What is most of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The thread is not there, or does what nobody knows of.
    Nothing,
    Idle,
    Blocked,
    CallingBack,
    /// Wholly by one task.
    Running,
    /// So many parts, by one task or by several.
    Partly(u64),
}

impl Cell {
    /// From so many parts on, it is as good as the whole.
    const WHOLE: u64 = PARTS * 7 / 8;

    pub(super) fn look(&self) -> Look {
        let nothing =
            PARTS.saturating_sub(self.running + self.blocked + self.calling_back + self.idle);
        let most =
            self.running.max(self.blocked).max(self.calling_back).max(self.idle).max(nothing);
        // However short a task is, it is seen where it begins.
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

/// The cells of a lane.
pub(super) fn cells_of(lane: &Lane, scale: Scale) -> Vec<Cell> {
    let mut filler = Filler {
        scale,
        cells: vec![Cell::default(); scale.columns],
        shades: vec![false; lane.spans.len()],
        shade: true,
    };
    let mut open: Vec<usize> = Vec::new();
    // Up to here, all is filled in.
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
    /// Of each span.
    shades: Vec<bool>,
    /// Of the task that was last gone on with.
    shade: bool,
}

impl Filler {
    fn begin(&mut self, place: usize, span: &Span) {
        if let Doing::Running(_) = span.doing {
            self.shade = !self.shade;
            self.shades[place] = self.shade;
            let cell = &mut self.cells[self.scale.column_of(span.from)];
            cell.begins = true;
            // It may have no time of its own there.
            if cell.task != Some(place) {
                cell.tasks += 1;
                cell.task = Some(place);
                cell.shade = self.shade;
            }
        }
    }

    /// The thread did this then, and nothing inside it.
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

    /// A worker that is there and does nothing else looks for work.
    fn rest_is_idle(&mut self, lane: &Lane) {
        for (column, parts) in self.scale.shares(lane.from, lane.to) {
            let cell = &mut self.cells[column];
            let rest =
                parts.saturating_sub(cell.running + cell.blocked + cell.calling_back + cell.idle);
            cell.idle += rest;
        }
    }
}
