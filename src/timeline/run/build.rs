//! Puts a run together, in one pass over the events.
//!
//! The events of one thread open and close its spans as calls and returns do. Events may be missing
//! (dropped, or cut off, or the file was written by hand): an end without a begin is skipped, and a
//! span that is still open when the span around it ends, ends with it.

use std::collections::{HashMap, HashSet};

use super::{Doing, End, Lane, Life, Mark, Marked, Moment, Run, Span};
use crate::kernel::event::EventKind;
use crate::kernel::id::{PoolId, TaskId};
use crate::kernel::staff::Worker;
use crate::timeline::trace::{Entry, Thread, Trace};

impl<'a> Run<'a> {
    pub(in crate::timeline) fn of(trace: &'a Trace) -> Self {
        let from = trace.entries.first().map_or(0, |entry| entry.at);
        let to = trace.entries.last().map_or(0, |entry| entry.at);
        let (lanes, lane_of) = lanes_of(trace);
        let (lives, queue) = (Vec::new(), Vec::new());
        let stacks = lanes.iter().map(|_| Vec::new()).collect();
        let run = Self { trace, from, to, lanes, lives, queue };
        let builder = Builder {
            run,
            places: HashMap::with_capacity(trace.tasks.len()),
            stacks,
            pending: HashSet::new(),
            ended: 0,
            collected: 0,
        };
        builder.build(&lane_of)
    }
}

struct Builder<'a> {
    run: Run<'a>,
    /// Index of each task in `Run::lives`.
    places: HashMap<TaskId, usize>,
    /// The open spans of each lane.
    stacks: Vec<Vec<Open>>,
    pending: HashSet<usize>,
    ended: usize,
    collected: usize,
}

/// A span that has not ended yet.
struct Open {
    /// Index of the span in its lane.
    span: usize,
    /// How long the thread was blocked inside the span, or ran other tasks there.
    inside: u64,
}

/// Returns the lanes in the order in which they are drawn, and the lane of each thread.
fn lanes_of(trace: &Trace) -> (Vec<Lane>, Vec<usize>) {
    let mut order: Vec<usize> = (0..trace.threads.len()).collect();
    order.sort_by_key(|&number| {
        (trace.threads[number].worker.map(|worker| (worker.pool(), worker.index())), number)
    });
    // With one pool, a worker's number names it; with several, the thread's name is needed.
    let several_pools = {
        let mut pools = trace.threads.iter().filter_map(|thread| Some(thread.worker?.pool()));
        let first = pools.next();
        pools.any(|pool| Some(pool) != first)
    };
    let mut lane_of = vec![0; order.len()];
    let lanes = order.into_iter().enumerate().map(|(place, number)| {
        lane_of[number] = place;
        let Thread { name, worker } = &trace.threads[number];
        let name = name_of(number, name, *worker, several_pools);
        let (spans, marks) = (Vec::new(), Vec::new());
        Lane {
            thread: number,
            worker: *worker,
            name,
            from: u64::MAX,
            to: 0,
            spans,
            marks,
            busy: 0,
            blocked: 0,
        }
    });
    (lanes.collect(), lane_of)
}

fn name_of(number: usize, name: &str, worker: Option<Worker>, several_pools: bool) -> String {
    match worker {
        Some(_) if several_pools && !name.is_empty() => name.to_owned(),
        Some(worker) if several_pools => worker.to_string(),
        Some(worker) => format!("worker {}", worker.index()),
        None if name.is_empty() => format!("thread {number}"),
        None => name.to_owned(),
    }
}

impl<'a> Builder<'a> {
    fn build(mut self, lane_of: &[usize]) -> Run<'a> {
        for entry in &self.run.trace.entries {
            self.take(entry, lane_of[entry.thread]);
        }
        let to = self.run.to;
        for lane in 0..self.stacks.len() {
            while self.close_innermost(lane, to, true).is_some() {}
            let lane = &mut self.run.lanes[lane];
            lane.from = lane.from.min(lane.to);
        }
        self.run
    }

    fn take(&mut self, entry: &Entry, lane: usize) {
        let at = entry.at;
        let moment = Moment { at, lane };
        let task = entry.task.map(|id| self.place_of(id, entry.pool));
        self.run.lanes[lane].from = self.run.lanes[lane].from.min(at);
        self.run.lanes[lane].to = at;
        match (&entry.kind, task) {
            (EventKind::Submitted, Some(task)) => {
                self.run.lives[task].submitted = Some(moment);
                self.mark(lane, at, Marked::Submitted(task));
            }
            (EventKind::Refused, Some(task)) => {
                self.end(task, moment, End::Refused);
                self.mark(lane, at, Marked::Refused(task));
            }
            (EventKind::Started, Some(task)) => {
                self.close_idle(lane, at);
                self.run.lives[task].started = Some(moment);
                self.open(lane, at, Doing::Running(task));
            }
            (EventKind::Finished(ending), Some(task)) => {
                self.close(lane, at, |doing| doing == Doing::Running(task));
                self.end(task, moment, End::Finished(*ending));
            }
            (EventKind::Cancelled(reason), Some(task)) => {
                self.end(task, moment, End::Cancelled(reason.clone()));
                self.mark(lane, at, Marked::Cancelled(task));
            }
            (EventKind::Collected, Some(task)) => {
                if self.run.lives[task].collected.is_none() {
                    self.collected += 1;
                    self.run.lives[task].collected = Some(moment);
                    self.run.lives[task].collected_rank = Some(self.collected);
                }
                self.mark(lane, at, Marked::Collected(task));
            }
            (EventKind::CallbackBegan, Some(task)) => self.open(lane, at, Doing::CallingBack(task)),
            (EventKind::CallbackEnded, Some(task)) => {
                self.close(lane, at, |doing| doing == Doing::CallingBack(task));
            }
            (EventKind::Blocked(on), task) => {
                self.open(lane, at, Doing::Blocked { on: *on, task, by: None });
            }
            (EventKind::Unblocked { by }, _) => {
                let by = by.map(|id| self.place_of(id, entry.pool));
                if let Some(span) =
                    self.close(lane, at, |doing| matches!(doing, Doing::Blocked { .. }))
                {
                    if let Doing::Blocked { by: whom, .. } =
                        &mut self.run.lanes[lane].spans[span].doing
                    {
                        *whom = by;
                    }
                }
            }
            (EventKind::WorkerIdle, _) if self.stacks[lane].is_empty() => {
                self.open(lane, at, Doing::Idle);
            }
            (EventKind::WorkerGone, _) => while self.close_innermost(lane, at, false).is_some() {},
            (EventKind::Closed(how), _) => self.mark(lane, at, Marked::Closed(entry.pool, *how)),
            // An event of a task that names no task says nothing: the file was written by hand.
            _ => {}
        }
        self.note_queue(at, task, &entry.kind);
    }

    fn place_of(&mut self, id: TaskId, pool: PoolId) -> usize {
        let lives = &mut self.run.lives;
        *self.places.entry(id).or_insert_with(|| {
            lives.push(Life {
                id,
                pool,
                submitted: None,
                started: None,
                ended: None,
                end: End::Unknown,
                collected: None,
                rank: None,
                collected_rank: None,
                worked: 0,
            });
            lives.len() - 1
        })
    }

    fn end(&mut self, task: usize, moment: Moment, end: End) {
        let life = &mut self.run.lives[task];
        if life.ended.is_none() {
            if end != End::Refused {
                self.ended += 1;
                life.rank = Some(self.ended);
            }
            life.ended = Some(moment);
            life.end = end;
        }
    }

    fn mark(&mut self, lane: usize, at: u64, what: Marked) {
        self.run.lanes[lane].marks.push(Mark { at, what });
    }

    fn open(&mut self, lane: usize, from: u64, doing: Doing) {
        let spans = &mut self.run.lanes[lane].spans;
        let level = self.stacks[lane].len();
        self.stacks[lane].push(Open { span: spans.len(), inside: 0 });
        spans.push(Span { from, to: from, level, doing, open: false });
    }

    fn close_idle(&mut self, lane: usize, at: u64) {
        let innermost =
            self.stacks[lane].last().map(|open| self.run.lanes[lane].spans[open.span].doing);
        if innermost == Some(Doing::Idle) {
            self.close_innermost(lane, at, false);
        }
    }

    /// Closes the innermost span that `is_meant`, and every span open inside it.
    fn close(&mut self, lane: usize, at: u64, is_meant: impl Fn(Doing) -> bool) -> Option<usize> {
        let spans = &self.run.lanes[lane].spans;
        let depth = self.stacks[lane].iter().rposition(|open| is_meant(spans[open.span].doing))?;
        let meant = self.stacks[lane][depth].span;
        while self.stacks[lane].len() > depth {
            self.close_innermost(lane, at, false);
        }
        Some(meant)
    }

    fn close_innermost(&mut self, lane: usize, at: u64, open: bool) -> Option<usize> {
        let Open { span: closed, inside } = self.stacks[lane].pop()?;
        let Run { lanes, lives, .. } = &mut self.run;
        let lane_of_it = &mut lanes[lane];
        let span = &mut lane_of_it.spans[closed];
        span.to = at.max(span.from);
        span.open = open;
        let (doing, length) = (span.doing, span.to - span.from);
        lane_of_it.to = lane_of_it.to.max(span.to);
        let not_the_outers = match doing {
            Doing::Running(task) => {
                // A file may claim that one task runs on several threads: do not overflow.
                lives[task].worked = lives[task].worked.saturating_add(length - inside);
                lane_of_it.busy += length - inside;
                length
            }
            Doing::Blocked { .. } => {
                lane_of_it.blocked += length - inside;
                length
            }
            Doing::CallingBack(_) | Doing::Idle => inside,
        };
        if let Some(outer) = self.stacks[lane].last_mut() {
            outer.inside += not_the_outers;
        }
        Some(closed)
    }

    /// Notes how many tasks are pending after this event.
    fn note_queue(&mut self, at: u64, task: Option<usize>, kind: &EventKind) {
        let Some(task) = task else { return };
        match kind {
            EventKind::Submitted => self.pending.extend([task]),
            EventKind::Refused
            | EventKind::Started
            | EventKind::Cancelled(_)
            | EventKind::Finished(_) => {
                if !self.pending.remove(&task) {
                    return;
                }
            }
            _ => return,
        }
        self.run.queue.push((at, self.pending.len()));
    }
}
