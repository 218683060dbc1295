//! Where tasks wait for their turn, and workers for tasks.
//!
//! This file alone decides who is idle, whether a submit needs a new worker, who is woken, and when all is over; it does so under
//! one lock, so that no two of these decisions can cross. It knows no threads: a worker is a seat that somebody has taken.
//!
//! **Idle workers come first.** A worker is idle from when it asks for a task until it has one, and each waiting task has
//! spoken for one of them. So a submit needs a new worker just when `tasks.len() >= idle`. (Counting a worker as free that
//! has a task waiting for it is a defect CPython had: see python/cpython PR 133957.)
//!
//! **Waking.** A wake-up costs the submitter more than all the rest, so one is under way at a time, and the worker it
//! wakes wakes the next. *The rule: if a task waits and a worker sleeps, a wake-up is under way.* A push keeps it by waking
//! somebody, unless that is under way already; a worker that comes out of its sleep has ended the one under way and, having
//! taken its task, starts another if the rule asks for it; a worker goes to sleep only when no task waits. So a
//! task is never left waiting while its worker sleeps.
//!
//! **Retiring** is decided in the same critical section in which the worker saw that no task waits: a push comes either
//! before, and the worker takes the task, or after, and finds one idle worker less.
//!
//! **Husks.** A task that has been cancelled stays where it is until a worker comes to it, or until there may be more husks
//! than tasks: then they are swept out.
//!
//! **Hiring.** The thread for a new worker is started outside the lock, by whoever submitted the task that needs it, and may be
//! refused by the system. A task is left in the queue only where a worker is present that will look there before it leaves; while
//! the only workers are still being hired, submitters wait to see whether they come.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::error::{Broken, CancelReason, Refusal, Refused};
use crate::future::contain::contain;
use crate::future::shared::cancels_so_far;
use crate::future::task::{Runnable, Task};
use crate::sync::{Condvar, Mutex, MutexGuard, deadline_after, wait_until};

/// So few husks are not worth a broom.
const FEWEST_TO_SWEEP: u64 = 64;

pub(crate) struct Queue {
    state: Mutex<State>,
    /// For sleeping workers: a task waits, or there will be no more.
    task_ready: Condvar,
    /// For submitters that found every seat taken by a worker still to come: one has come, or will not.
    hire_settled: Condvar,
    /// For those who wait for the pool's end.
    everyone_left: Condvar,
}

/// What the lock protects.
struct State {
    tasks: VecDeque<Task>,
    phase: Phase,
    /// Those that were ever taken; there can be `max_workers` of them.
    seats: Vec<Seat>,
    taken_seats: usize,
    max_workers: usize,
    /// Workers that have come and not left.
    present: usize,
    /// Seats whose hire is still under way.
    hires: usize,
    /// Workers that have asked for a task and have none yet, asleep or not.
    idle: usize,
    /// Of the idle, those that sleep (or have been woken, and not yet got the lock).
    asleep: usize,
    /// A wake-up is under way: somebody has been notified, and has not yet got the lock.
    waking: bool,
    /// Those who are just cancelling what was pending, and have not told everyone yet.
    cancelling: usize,
    /// How many tasks of the process had been cancelled when husks were last swept out.
    cancels_when_swept: u64,
}

/// The pool's own life: it only ever goes down this list.
enum Phase {
    Open,
    Closed,
    Broken(Broken),
}

#[derive(Default)]
struct Seat {
    /// Who has it: its worker, and until the hire is settled, whoever hires. It is free when both have let go of it, so a
    /// successor always finds its predecessor's thread where that is kept.
    holders: usize,
    /// The task its worker has in hand, for those who want to cancel what of it has not begun. It is a weak reference, so
    /// letting go of it under the lock runs nobody's code.
    in_hand: Option<Weak<dyn Runnable>>,
}

/// A worker's number: the index of its seat. Whoever has one has taken the seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeatNumber(pub(super) usize);

/// What becomes of a task that the queue takes.
#[must_use]
pub(super) enum Admitted {
    /// It waits for its turn.
    Queued,
    /// It is to be the first task of a new worker on this seat, which the submitter has to hire.
    NeedsWorker(Task, SeatNumber),
}

/// What the pool is like at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Snapshot {
    pub(super) queued: usize,
    pub(super) workers: usize,
    pub(super) idle: usize,
    pub(super) open: bool,
}

impl Queue {
    pub(super) fn new(max_workers: usize) -> Self {
        Self {
            state: Mutex::new(State {
                tasks: VecDeque::new(),
                phase: Phase::Open,
                seats: Vec::new(),
                taken_seats: 0,
                max_workers,
                present: 0,
                hires: 0,
                idle: 0,
                asleep: 0,
                waking: false,
                cancelling: 0,
                cancels_when_swept: cancels_so_far(),
            }),
            task_ready: Condvar::new(),
            hire_settled: Condvar::new(),
            everyone_left: Condvar::new(),
        }
    }

    /// Takes a task: for an idle worker, or else for a new one, or else for whoever is ready first.
    pub(super) fn admit(&self, task: Task) -> Result<Admitted, Refused<Task>> {
        let mut state = self.state.lock();
        loop {
            if let Some(refusal) = state.refusal() {
                drop(state);
                return Err(Refused::new(task, refusal));
            }
            let spoken_for = state.tasks.len() >= state.idle;
            if spoken_for {
                if let Some(seat) = state.take_seat(&task) {
                    state.hires += 1;
                    return Ok(Admitted::NeedsWorker(task, seat));
                }
                if state.present == 0 {
                    self.hire_settled.wait(&mut state);
                    continue;
                }
            }
            let husks = state.sweep_if_needed();
            state.tasks.push_back(task);
            self.wake_one_if_needed(state);
            drop(husks);
            return Ok(Admitted::Queued);
        }
    }

    /// Why a task would be refused now.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.state.lock().refusal()
    }

    /// A new worker's thread has begun.
    pub(super) fn arrive(&self) {
        self.state.lock().present += 1;
        self.hire_settled.notify_all();
    }

    /// The hire is done, and whoever waits for the pool's end will find its thread.
    pub(super) fn hire_succeeded(&self, seat: SeatNumber) {
        let mut state = self.state.lock();
        state.hires -= 1;
        state.let_go_of(seat);
        // If the worker has left already, its seat is free only now, and somebody may be waiting for it.
        self.hire_settled.notify_all();
        self.tell_if_everyone_left(state);
    }

    /// The system refused the thread. The task waits for those who are there; if nobody is, or the pool has been closed
    /// meanwhile, it comes back.
    pub(super) fn hire_failed(
        &self,
        seat: SeatNumber,
        task: Task,
        cause: std::io::Error,
    ) -> Result<(), Refused<Task>> {
        let mut state = self.state.lock();
        // For the worker that will not come, and for ourselves.
        state.let_go_of(seat);
        state.let_go_of(seat);
        state.hires -= 1;
        // Somebody may be waiting for this seat, or for this hire.
        self.hire_settled.notify_all();
        let alone = state.present == 0;
        if let Some(refusal) = state.refusal().or_else(|| alone.then_some(Refusal::Thread(cause))) {
            self.tell_if_everyone_left(state);
            return Err(Refused::new(task, refusal));
        }
        state.tasks.push_back(task);
        self.wake_one_if_needed(state);
        Ok(())
    }

    /// The next task for this worker; sleeps until there is one. `None` means that the worker has left: because the pool
    /// is closed and all is done, or because it slept for as long as `keep_alive` and nothing came.
    pub(super) fn next(&self, seat: SeatNumber, keep_alive: Option<Duration>) -> Option<Task> {
        let mut state = self.state.lock();
        state.seats[seat.0].in_hand = None;
        state.idle += 1;
        // Read off the clock only if it comes to sleeping.
        let mut retires_at = None;
        loop {
            if let Some(task) = state.tasks.pop_front() {
                state.idle -= 1;
                state.seats[seat.0].in_hand = task.in_hand();
                self.wake_one_if_needed(state);
                return Some(task);
            }
            if !matches!(state.phase, Phase::Open) {
                break;
            }
            let deadline = *retires_at.get_or_insert_with(|| keep_alive.and_then(deadline_after));
            state.asleep += 1;
            let gave_up = wait_until(&self.task_ready, &mut state, deadline);
            state.asleep -= 1;
            // If the wake-up under way was for somebody else, forgetting it costs one wake-up too many, and loses none.
            state.waking = false;
            if gave_up && state.tasks.is_empty() {
                break;
            }
        }
        state.idle -= 1;
        self.leave_seat(state, seat);
        None
    }

    /// A worker leaves that has not asked for a task.
    pub(super) fn leave(&self, seat: SeatNumber) {
        self.leave_seat(self.state.lock(), seat);
    }

    /// No more tasks are taken. Those that wait are run, or cancelled if there is a reason; then workers leave.
    pub(super) fn close(&self, cancel: Option<&CancelReason>) -> Husks {
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Open) {
            state.phase = Phase::Closed;
        }
        self.end(state, cancel)
    }

    /// No more tasks are taken, and those that wait are cancelled, because the pool is of no use any more.
    pub(super) fn break_down(&self, broken: &Broken) -> Husks {
        let mut state = self.state.lock();
        state.phase = Phase::Broken(broken.clone());
        self.end(state, Some(&CancelReason::PoolBroke(broken.clone())))
    }

    /// Blocks until every worker has left, every hire is settled, and whatever was cancelled is known to be. The pool must have
    /// been closed.
    pub(super) fn wait_until_everyone_left(&self) {
        let mut state = self.state.lock();
        while !state.everyone_left() {
            self.everyone_left.wait(&mut state);
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let state = self.state.lock();
        Snapshot {
            queued: state.tasks.iter().filter(|task| !task.is_husk()).count(),
            workers: state.present,
            idle: state.idle,
            open: matches!(state.phase, Phase::Open),
        }
    }

    fn wake_one_if_needed(&self, mut state: MutexGuard<'_, State>) {
        let needed = !state.tasks.is_empty() && state.asleep > 0 && !state.waking;
        state.waking |= needed;
        drop(state);
        // After unlocking, so that the worker does not wake into a held lock. The rule above holds already: it is a
        // rule about `waking`, and whoever set it does notify.
        if needed {
            self.task_ready.notify_one();
        }
    }

    fn end(&self, mut state: MutexGuard<'_, State>, cancel: Option<&CancelReason>) -> Husks {
        let unbegun = cancel.map(|reason| {
            state.cancelling += 1;
            let in_hand: Vec<_> =
                state.seats.iter().filter_map(|seat| seat.in_hand.as_ref()?.upgrade()).collect();
            (reason, std::mem::take(&mut state.tasks), in_hand)
        });
        drop(state);
        // Every sleeper has to see that there will be no more, and so has everyone who waits for a hire.
        self.task_ready.notify_all();
        self.hire_settled.notify_all();
        let Some((reason, mut waiting, in_hand)) = unbegun else { return Husks::none() };
        // All of them, before anything of any of them is dropped or called back: see `future::shared`.
        waiting.retain(|task| task.cancel_pending(reason));
        let (in_hand, begun) = in_hand.into_iter().partition(|task| task.cancel_pending(reason));
        let mut state = self.state.lock();
        state.cancelling -= 1;
        self.tell_if_everyone_left(state);
        Husks { waiting, in_hand, begun }
    }

    fn leave_seat(&self, mut state: MutexGuard<'_, State>, seat: SeatNumber) {
        state.let_go_of(seat);
        state.present -= 1;
        self.tell_if_everyone_left(state);
    }

    fn tell_if_everyone_left(&self, state: MutexGuard<'_, State>) {
        let everyone = state.everyone_left();
        drop(state);
        if everyone {
            self.everyone_left.notify_all();
        }
    }
}

impl State {
    fn refusal(&self) -> Option<Refusal> {
        match &self.phase {
            Phase::Open => None,
            Phase::Closed => Some(Refusal::ShutDown),
            Phase::Broken(broken) => Some(Refusal::Broken(broken.clone())),
        }
    }

    /// The free seat with the lowest number, so that a worker's successor has its name.
    fn take_seat(&mut self, task: &Task) -> Option<SeatNumber> {
        if self.taken_seats == self.max_workers {
            return None;
        }
        let number = self.seats.iter().position(|seat| seat.holders == 0).unwrap_or_else(|| {
            self.seats.push(Seat::default());
            self.seats.len() - 1
        });
        self.seats[number] = Seat { holders: 2, in_hand: task.in_hand() };
        self.taken_seats += 1;
        Some(SeatNumber(number))
    }

    fn let_go_of(&mut self, seat: SeatNumber) {
        let holders = &mut self.seats[seat.0].holders;
        *holders -= 1;
        if *holders == 0 {
            self.seats[seat.0] = Seat::default();
            self.taken_seats -= 1;
        }
    }

    fn everyone_left(&self) -> bool {
        self.present == 0 && self.hires == 0 && self.cancelling == 0
    }

    /// Takes out the husks, if there may be as many of them as there are tasks: there are no more than tasks have been cancelled
    /// since the last time, wherever that was. They are the caller's to drop, without the lock.
    fn sweep_if_needed(&mut self) -> VecDeque<Task> {
        let cancels = cancels_so_far();
        let most_husks = cancels - self.cancels_when_swept;
        if most_husks < FEWEST_TO_SWEEP.max(self.tasks.len() as u64 / 2) {
            return VecDeque::new();
        }
        self.cancels_when_swept = cancels;
        let (husks, tasks) = std::mem::take(&mut self.tasks).into_iter().partition(Task::is_husk);
        self.tasks = tasks;
        husks
    }
}

/// What was cancelled, and is still to be dropped and called back; by whoever holds this, with no lock.
#[must_use]
pub(super) struct Husks {
    waiting: VecDeque<Task>,
    in_hand: Vec<Arc<dyn Runnable>>,
    /// Too late for these, but this may be the last to hold them.
    begun: Vec<Arc<dyn Runnable>>,
}

impl Husks {
    fn none() -> Self {
        Self { waiting: VecDeque::new(), in_hand: Vec::new(), begun: Vec::new() }
    }

    pub(super) fn clear_away(self) {
        for task in self.waiting {
            task.clear_away();
        }
        for task in self.in_hand {
            contain(move || task.clear_away());
        }
        for task in self.begun {
            contain(move || drop(task));
        }
    }
}
