//! How a hire is begun, and how it is settled: the worker comes, or the system has refused its
//! thread.
//!
//! A submitter hires for its own task, if [`admit`](Queue::admit) says so. Whoever waits inside a
//! task hires for one that waits already, and for which nobody is there: a
//! [stand-in](Queue::stand_in).

use super::super::seats::SeatNumber;
use super::{Queue, State};
use crate::future::task::ScopedTask;
use crate::label::Label;

impl<'a> Queue<'a> {
    /// A new worker's thread has begun.
    pub(in crate::pool) fn arrive(&self) {
        let mut state = self.state.lock();
        state.hires -= 1;
        state.present += 1;
        state.threads += 1;
        drop(state);
        self.hire_settled.notify_all();
    }

    /// The system refused the thread; the task is the submitter's again, who comes once more and
    /// says so.
    pub(in crate::pool) fn hire_failed(&self, seat: SeatNumber) {
        let mut state = self.state.lock();
        state.fail_hire(seat);
        state.coming += 1;
        state.stats.submitted -= 1;
        // Somebody may be waiting for this seat, or for this hire.
        self.hire_settled.notify_all();
        self.tell_if_everyone_gone(state);
    }

    /// A task for a worker that is to be added, and its seat, if one is needed: a task waits for
    /// whom no idle worker is there, and there may be one more. It is the `wanted` one, if that
    /// waits here; else the first.
    pub(in crate::pool) fn stand_in(
        &self,
        wanted: Option<usize>,
    ) -> Option<(ScopedTask<'a>, SeatNumber)> {
        let mut state = self.state.lock();
        let mut husks = state.sweep_if_worth_it();
        while state.tasks.front().is_some_and(ScopedTask::is_husk) {
            let husk = state.tasks.pop_front();
            husks.extend(husk.and_then(|husk| state.set_aside(husk)));
        }
        let mut begins_with = None;
        if state.tasks.len() > state.idle {
            let is_wanted = |task: &ScopedTask<'a>| wanted.is_some_and(|id| task.has_id(id));
            // From the back: what is waited for has mostly been submitted just now.
            let at = state.tasks.iter().rposition(is_wanted).unwrap_or(0);
            let State { seats, tasks, .. } = &mut *state;
            if let Some(seat) = seats.take(&tasks[at]) {
                begins_with = tasks.remove(at).map(|task| (task, seat));
                state.begin_hire(seat);
            }
        }
        drop(state);
        drop(husks);
        begins_with
    }

    /// The system refused the thread of a worker that was to be added; the task waits for those who
    /// are there.
    pub(in crate::pool) fn stand_in_failed(&self, task: ScopedTask<'a>, seat: SeatNumber) {
        let mut state = self.state.lock();
        state.fail_hire(seat);
        state.tasks.push_front(task);
        self.hire_settled.notify_all();
        self.wake_one_if_needed(state);
    }

    /// What the worker with this number has in hand.
    pub(in crate::pool) fn label_in_hand(&self, number: usize) -> Option<Label> {
        self.state.lock().seats.label_in_hand(number)
    }
}

impl State<'_> {
    pub(super) fn begin_hire(&mut self, seat: SeatNumber) {
        self.hires += 1;
        self.stats.added += u64::from(self.seats.is_added(seat));
    }

    pub(super) fn fail_hire(&mut self, seat: SeatNumber) {
        self.stats.added -= u64::from(self.seats.is_added(seat));
        self.seats.leave(seat);
        self.hires -= 1;
    }
}
