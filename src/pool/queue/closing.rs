//! How a queue comes to its end: no more is taken, what waits is run or cancelled, and everyone
//! goes.
//!
//! The end comes in three steps: no task is taken any more; every worker has left its seat; every
//! worker has run its last hook, and is gone but for what the system does to end a thread. Whoever
//! closes the pool waits for the third.
//!
//! **Why nobody waits for ever.** A worker sleeps only while the phase is an open one, so whoever
//! ends that wakes them all; and so it does with those who wait for a hire, or for room. Whoever
//! waits for the end looks at the counters under the lock, and each step that may be the last looks
//! at them under the same lock and tells.

use std::collections::VecDeque;
use std::time::Instant;

use super::super::husks::Husks;
use super::super::stats::Stats;
use super::{Phase, Queue, State};
use crate::error::{Broken, CancelReason};
use crate::future::state::Status;
use crate::shutdown::Shutdown;
use crate::stop::StopToken;
use crate::sync::{MutexGuard, wait_until};

impl<'a> Queue<'a> {
    /// No more tasks are taken, now or soon. Those that wait are run, or cancelled; then workers
    /// leave. Whether anything has been changed by that comes beside what was cancelled.
    pub(in crate::pool) fn close(&self, how: Shutdown) -> (bool, Husks<'a>) {
        let (cancel, stop) = match how {
            Shutdown::WhenIdle => {
                return (self.last_call(), Husks::none());
            }
            Shutdown::Drain => (None, false),
            Shutdown::CancelPending => (Some(&CancelReason::ByShutdown), false),
            Shutdown::Stop => (Some(&CancelReason::ByShutdown), true),
        };
        let mut state = self.state.lock();
        let was_open = matches!(state.phase, Phase::Open | Phase::LastCall);
        if was_open {
            state.phase = Phase::Closed;
        }
        let stops: Vec<_> = if stop { state.stop_tokens().collect() } else { Vec::new() };
        let husks = self.end(state, cancel, stop);
        let is_news =
            was_open || husks.are_any() || stops.iter().any(|stop| !stop.stop_requested());
        for stop in stops {
            stop.request_stop();
        }
        (is_news, husks)
    }

    /// Whether it has been open till now.
    fn last_call(&self) -> bool {
        let mut state = self.state.lock();
        let was_open = matches!(state.phase, Phase::Open);
        if was_open {
            state.phase = Phase::LastCall;
            self.close_if_idle(&mut state);
        }
        was_open
    }

    /// After the last call: closes in the moment in which no task waits, runs, or is on its way: to
    /// a new worker, or by a submitter that waits to be let in. So whatever may bring that moment
    /// about asks here, in the critical section in which it does.
    pub(super) fn close_if_idle(&self, state: &mut State<'a>) {
        let nothing_waits = state.tasks.is_empty() && state.hires == 0 && state.coming == 0;
        if nothing_waits && state.idle == state.present && matches!(state.phase, Phase::LastCall) {
            state.phase = Phase::Closed;
            self.wake_all_who_wait_for_more();
            // The last workers may have retired before, while a submitter was still on its way.
            self.everyone_gone.notify_all();
        }
    }

    /// No more tasks are taken, and those that wait are cancelled, because the pool is of no use
    /// any more.
    pub(in crate::pool) fn break_down(&self, broken: &Broken) -> Husks<'a> {
        let mut state = self.state.lock();
        state.phase = Phase::Broken(broken.clone());
        self.end(state, Some(&CancelReason::PoolBroke(broken.clone())), false)
    }

    /// Blocks until every worker has gone, every hire is settled, and whatever was cancelled is
    /// known to be; at most until `deadline`. Whether it has come to that. The pool must have been
    /// closed, or be at its last call.
    pub(in crate::pool) fn wait_until_everyone_gone(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        let mut gave_up = false;
        while !gave_up && !state.everyone_gone() {
            gave_up = wait_until(&self.everyone_gone, &mut state, deadline);
        }
        state.everyone_gone()
    }

    /// Whether somebody has asked for the pool to be closed when it is idle, and that has not come
    /// yet.
    pub(in crate::pool) fn is_at_its_last_call(&self) -> bool {
        matches!(self.state.lock().phase, Phase::LastCall)
    }

    /// Whether the pool is closed, and everyone has gone.
    pub(in crate::pool) fn is_over(&self) -> bool {
        self.state.lock().everyone_gone()
    }

    /// A worker that has left has run its exit hook.
    pub(in crate::pool) fn go(&self) {
        let mut state = self.state.lock();
        state.threads -= 1;
        self.tell_if_everyone_gone(state);
    }

    fn end(
        &self,
        mut state: MutexGuard<'_, State<'a>>,
        cancel: Option<&CancelReason>,
        stop: bool,
    ) -> Husks<'a> {
        let unbegun = cancel.map(|reason| {
            state.cancelling += 1;
            state.being_cancelled += state.tasks.len();
            (reason, std::mem::take(&mut state.tasks), state.seats.in_hand())
        });
        drop(state);
        self.wake_all_who_wait_for_more();
        let Some((reason, waiting, in_hand)) = unbegun else { return Husks::none() };
        let taken = waiting.len();
        // All of them, before anything of any of them is dropped or called back: see
        // `future::shared`.
        let mut cancelled = Stats::default();
        let mut elsewhere = VecDeque::new();
        let waiting = waiting.into_iter().filter_map(|task| {
            let won = task.cancel_pending(reason);
            let status = task.status();
            if !won && status == Status::Running {
                // Whoever waits for it runs it inside another.
                if let Some(token) = task.label().stop().filter(|_| stop) {
                    token.request_stop();
                }
                elsewhere.push_back(task);
                return None;
            }
            cancelled.count_status(status);
            won.then_some(task)
        });
        let waiting = waiting.collect();
        let (in_hand, begun) = in_hand.into_iter().partition(|task| task.cancel_pending(reason));
        let mut state = self.state.lock();
        state.stats.add(&cancelled);
        state.being_cancelled -= taken;
        state.elsewhere.append(&mut elsewhere);
        state.cancelling -= 1;
        self.tell_if_everyone_gone(state);
        Husks { waiting, in_hand, begun }
    }

    /// Every sleeper has to see that there will be no more, and so has everyone who waits for a
    /// hire, or for room.
    fn wake_all_who_wait_for_more(&self) {
        self.task_ready.notify_all();
        self.hire_settled.notify_all();
        if let Some(room) = &self.room {
            room.close();
        }
    }

    pub(super) fn tell_if_everyone_gone(&self, state: MutexGuard<'_, State<'a>>) {
        let everyone = state.everyone_gone();
        drop(state);
        if everyone {
            self.everyone_gone.notify_all();
        }
    }
}

impl State<'_> {
    /// Those that were given to what is running: by workers in their turn, or inside another task,
    /// unless it still lies among those that wait.
    fn stop_tokens(&self) -> impl Iterator<Item = StopToken> {
        let nested = self.elsewhere.iter().filter_map(|task| task.label().stop().cloned());
        self.seats.stop_tokens().chain(nested)
    }

    /// And nobody will come any more: while tasks are still taken, the last worker to retire is not
    /// the last of all.
    pub(super) fn everyone_gone(&self) -> bool {
        let no_more_come = matches!(self.phase, Phase::Closed | Phase::Broken(_));
        no_more_come && self.threads == 0 && self.hires == 0 && self.cancelling == 0
    }
}
