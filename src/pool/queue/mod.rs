//! Where tasks wait for their turn, and workers for tasks.
//!
//! This file alone decides who is idle, whether a submit needs a new worker, who is woken, and when
//! all is over; it does so under one lock, so that no two of these decisions can cross. It knows no
//! threads: a worker is a [seat](super::seats) that somebody has taken. How many tasks may wait is
//! asked of [`Room`].
//!
//! **Idle workers come first.** A worker is idle from when it asks for a task until it has one, and
//! each waiting task has spoken for one of them. So a submit needs a new worker just when
//! `tasks.len() >= idle`. (Counting a worker as free that has a task waiting for it is a defect
//! CPython had: see python/cpython PR 133957.)
//!
//! **Waking.** A wake-up costs the submitter more than all the rest, so one is under way at a time,
//! and the worker it wakes wakes the next. *The rule: if a task waits and a worker sleeps, a
//! wake-up is under way.* A push keeps it by waking somebody, unless that is under way already; a
//! worker that comes out of its sleep has ended the one under way and, having taken its task,
//! starts another if the rule asks for it; a worker goes to sleep only when no task waits. So a
//! task is never left waiting while its worker sleeps.
//!
//! **Retiring** is decided in the same critical section in which the worker saw that no task waits:
//! a push comes either before, and the worker takes the task, or after, and finds one idle worker
//! less.
//!
//! **Husks.** A task that has been cancelled, or run by somebody who waits for it, stays where it
//! is until a worker comes to it, or until there may be more husks than tasks, or until somebody
//! counts: then they are swept out. (Until then it has spoken for a worker as a task does, so it
//! may cost a hire too many.) What then is still being run is kept aside until it has ended, to be
//! counted.
//!
//! **Workers that wait** for other tasks are counted by the [`Crew`], which also says how many
//! seats there may be. Those beyond the pool's own are for workers that stand in for them: such a
//! worker never sleeps, but leaves when nothing waits for it, or when it is one too many.
//!
//! **Hiring.** The thread for a new worker is started outside the lock, by whoever submitted the
//! task that needs it, and may be refused by the system. A task is left in the queue only where a
//! worker is present that will look there before it leaves; while the only workers are still being
//! hired, submitters wait to see whether they come.
//!
//! How hires are begun and settled is in [`hiring`], how it all comes to its end in [`closing`].

pub(crate) mod closing;
pub(crate) mod hiring;
mod sweeping;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::husks::Husks;
use super::room::Room;
use super::seats::{AtWork, SeatNumber, Seats};
use super::stats::Stats;
use crate::error::{Broken, Refusal, Refused};
use crate::events::event::{BlockedOn, EventKind};
use crate::events::watch::Watch;
use crate::executor::Patience;
use crate::future::keeper::Keeper;
use crate::future::shared::husks_so_far;
use crate::future::task::{Ran, ScopedTask};
use crate::nesting::crew::Crew;
use crate::sync::{Condvar, Mutex, MutexGuard, deadline_after, is_over, wait_until};

pub(crate) struct Queue<'a> {
    state: Mutex<State<'a>>,
    crew: Arc<Crew>,
    room: Option<Arc<Room>>,
    /// Who is told, with the lock released, of what is decided here and shows nowhere else.
    watch: Option<Arc<Watch>>,
    /// For sleeping workers: a task waits, or there will be no more.
    task_ready: Condvar,
    /// For submitters that found every seat taken by a worker still to come: one has come, or will
    /// not.
    hire_settled: Condvar,
    /// For those who wait for the pool's end.
    everyone_gone: Condvar,
}

/// What the lock protects.
struct State<'a> {
    tasks: VecDeque<ScopedTask<'a>>,
    /// Those that somebody who waits for them had in hand when their turn came.
    elsewhere: VecDeque<ScopedTask<'a>>,
    phase: Phase,
    seats: Seats<'a>,
    /// Workers that have come and not left.
    present: usize,
    /// Workers that have come and not gone: when they have left, they have still to run their last
    /// user code.
    threads: usize,
    /// Seats whose hire is still under way.
    hires: usize,
    /// Submitters that wait for room, or for a hire to be settled, or whose own hire has failed.
    coming: usize,
    /// Workers that have asked for a task and have none yet, asleep or not.
    idle: usize,
    /// Of the idle, those that sleep (or have been woken, and not yet got the lock).
    asleep: usize,
    /// A wake-up is under way: somebody has been notified, and has not yet got the lock.
    waking: bool,
    /// Those who are just cancelling what was pending, and have not told everyone yet.
    cancelling: usize,
    /// What they have taken out of the queue for that.
    being_cancelled: usize,
    /// How many husks there had been in the process when they were last swept out.
    husks_when_swept: u64,
    /// Only its totals are kept up to date.
    stats: Stats,
}

/// The pool's own life: it only ever goes down this list.
enum Phase {
    Open,
    /// It closes by itself, in the moment in which no task waits or runs.
    LastCall,
    Closed,
    Broken(Broken),
}

/// What becomes of a task that the queue takes.
#[must_use]
pub(super) enum Admitted<'a> {
    /// It waits for its turn.
    Queued,
    /// It is to be the first task of a new worker on this seat, which the submitter has to hire.
    NeedsWorker(ScopedTask<'a>, SeatNumber),
}

/// What there is to be said of the pool in one moment.
pub(super) struct Census {
    pub(super) stats: Stats,
    pub(super) at_work: Vec<AtWork>,
    /// Those that are gone but for what the system does are not counted.
    pub(super) threads: usize,
    pub(super) everyone_gone: bool,
}

/// Who submits, as far as the queue wants to know.
pub(super) struct Submit {
    pub(super) patience: Patience,
    /// By one of the pool's own workers. It must not wait without limit for room that only workers
    /// can make.
    pub(super) from_inside: bool,
    /// Why the system refused a thread for this very task, if it did.
    pub(super) thread_refused: Option<io::Error>,
}

impl Submit {
    /// Takes room without waiting for it; says whether it has it.
    fn enters(&self, room: &Room) -> bool {
        if self.from_inside && self.patience == Patience::Unlimited {
            room.enter_anyway();
            return true;
        }
        room.enter()
    }
}

impl<'a> Queue<'a> {
    pub(super) fn new(crew: Arc<Crew>, capacity: Option<usize>, watch: Option<Arc<Watch>>) -> Self {
        Self {
            state: Mutex::new(State {
                tasks: VecDeque::new(),
                elsewhere: VecDeque::new(),
                phase: Phase::Open,
                seats: Seats::of(Arc::clone(&crew)),
                present: 0,
                threads: 0,
                hires: 0,
                coming: 0,
                idle: 0,
                asleep: 0,
                waking: false,
                cancelling: 0,
                being_cancelled: 0,
                husks_when_swept: husks_so_far(),
                stats: Stats::default(),
            }),
            crew,
            room: capacity.map(|capacity| Arc::new(Room::new(capacity))),
            watch,
            task_ready: Condvar::new(),
            hire_settled: Condvar::new(),
            everyone_gone: Condvar::new(),
        }
    }

    /// Takes a task: for an idle worker, or else for a new one, or else for whoever is ready first.
    pub(super) fn admit(
        &self,
        task: ScopedTask<'a>,
        submit: &mut Submit,
    ) -> Result<Admitted<'a>, Refused<ScopedTask<'a>>> {
        let mut has_room = false;
        let mut state = self.state.lock();
        if submit.thread_refused.is_some() {
            state.coming -= 1;
        }
        let refusal = loop {
            if let Some(refusal) = state.refusal() {
                break refusal;
            }
            let spoken_for = state.tasks.len() >= state.idle;
            if spoken_for {
                if submit.thread_refused.is_none() {
                    if let Some(seat) = state.seats.take(&task) {
                        state.begin_hire(seat);
                        state.stats.submitted += 1;
                        drop(state);
                        self.give_back_room(has_room);
                        return Ok(Admitted::NeedsWorker(task, seat));
                    }
                }
                if state.present == 0 {
                    // Nobody is there who would look into the queue, and nobody else's hire is of
                    // any use to us if the system has just refused us a thread.
                    if let Some(cause) = submit.thread_refused.take() {
                        break Refusal::Thread(cause);
                    }
                    state.coming += 1;
                    self.hire_settled.wait(&mut state);
                    state.coming -= 1;
                    continue;
                }
            }
            if let Some(room) = &self.room {
                has_room = has_room || submit.enters(room);
                if !has_room {
                    state.coming += 1;
                    drop(state);
                    has_room = self.wait_for_room(room, submit.patience);
                    // That may have taken long: if the system refused a thread before, it may have
                    // one now.
                    submit.thread_refused = None;
                    state = self.state.lock();
                    state.coming -= 1;
                    if has_room {
                        continue;
                    }
                    break Refusal::Full;
                }
                let keeper: Arc<dyn Keeper> = Arc::clone(room) as _;
                if !task.keep(&keeper) {
                    // It has been cancelled already, and takes no room.
                    keeper.no_longer_pending();
                }
            }
            let husks = state.sweep_if_worth_it();
            state.stats.submitted += 1;
            task.set_home(self.crew.id);
            state.tasks.push_back(task);
            self.wake_one_if_needed(state);
            drop(husks);
            return Ok(Admitted::Queued);
        };
        self.close_if_idle(&mut state);
        drop(state);
        self.give_back_room(has_room);
        Err(Refused::new(task, refusal))
    }

    fn wait_for_room(&self, room: &Room, patience: Patience) -> bool {
        let sleeps = match patience {
            Patience::None => false,
            Patience::Until(deadline) => !is_over(Some(deadline)),
            Patience::Unlimited => true,
        };
        let _asleep =
            self.watch.as_ref().filter(|_| sleeps).map(|watch| watch.block(BlockedOn::Room));
        room.wait_to_enter(patience)
    }

    /// For a task that had room and goes elsewhere.
    fn give_back_room(&self, has_room: bool) {
        if let Some(room) = self.room.as_ref().filter(|_| has_room) {
            room.no_longer_pending();
        }
    }

    /// Why a task would be refused now.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.state.lock().refusal()
    }

    /// The next task for this worker, whose last came to this; sleeps until there is one. No task
    /// means that the worker has left: because the pool is closed and all is done, or because it
    /// slept for as long as `keep_alive` and nothing came; or because it had been added, and is not
    /// needed now.
    pub(super) fn next(
        &self,
        seat: SeatNumber,
        last: Ran<'a>,
        keep_alive: Option<Duration>,
    ) -> Option<ScopedTask<'a>> {
        // Read off before the lock is taken, which others wait for.
        let mut now = Instant::now();
        let mut state = self.state.lock();
        state.seats.put_down(seat);
        let husk = state.count_last(last);
        state.idle += 1;
        let mut retires_at = None;
        let mut to_tell = self.watch.as_ref();
        while !state.seats.is_one_too_many(seat) {
            if let Some(task) = state.tasks.pop_front() {
                state.idle -= 1;
                state.seats.hand(seat, &task, now);
                self.wake_one_if_needed(state);
                drop(husk);
                return Some(task);
            }
            self.close_if_idle(&mut state);
            if !matches!(state.phase, Phase::Open | Phase::LastCall) || state.seats.is_added(seat) {
                break;
            }
            if let Some(watch) = to_tell.take() {
                // It is not asleep yet, so nobody wakes it: it looks again. And it is not idle as
                // long as it tells, which may take long.
                state.idle -= 1;
                drop(state);
                watch.tell(EventKind::WorkerIdle);
                state = self.state.lock();
                state.idle += 1;
                continue;
            }
            let deadline = *retires_at.get_or_insert_with(|| keep_alive.and_then(deadline_after));
            state.asleep += 1;
            let gave_up = wait_until(&self.task_ready, &mut state, deadline);
            state.asleep -= 1;
            // If the wake-up under way was for somebody else, forgetting it costs one wake-up too
            // many, and loses none.
            state.waking = false;
            if gave_up && state.tasks.is_empty() {
                break;
            }
            now = Instant::now();
        }
        // An added worker may be the last to have had a task.
        self.close_if_idle(&mut state);
        state.idle -= 1;
        state.leave_seat(seat);
        drop(state);
        drop(husk);
        None
    }

    /// A worker leaves that has not asked for a task; its first came to this end.
    pub(super) fn leave(&self, seat: SeatNumber, first: Ran<'a>) {
        let mut state = self.state.lock();
        let husk = state.count_last(first);
        state.leave_seat(seat);
        drop(state);
        drop(husk);
    }

    pub(super) fn is_open(&self) -> bool {
        self.state.lock().refusal().is_none()
    }

    pub(super) fn stats(&self) -> Stats {
        let mut state = self.state.lock();
        let husks = state.sweep();
        self.close_if_idle(&mut state);
        let now = self.stats_of(&state);
        drop(state);
        drop(husks);
        now
    }

    /// The same, and who is at work on what. What has ended and not been counted yet is counted
    /// here.
    pub(super) fn census(&self) -> Census {
        let mut state = self.state.lock();
        let husks = state.sweep();
        self.close_if_idle(&mut state);
        let (mut now, threads) = (self.stats_of(&state), state.threads + state.hires);
        let everyone_gone = state.everyone_gone();
        let (at_work, just_ended, held) = state.seats.at_work();
        drop(state);
        drop(husks);
        Husks { begun: held, ..Husks::none() }.clear_away();
        for ended in just_ended {
            now.count_status(ended);
        }
        Census { stats: now, at_work, threads, everyone_gone }
    }

    fn stats_of(&self, state: &State<'a>) -> Stats {
        Stats {
            workers: state.present,
            idle: state.idle,
            running: state.present - state.idle,
            blocked: self.crew.blocked(),
            nested: state.elsewhere.len(),
            queued: state.tasks.len() + state.being_cancelled,
            ..state.stats
        }
    }

    fn wake_one_if_needed(&self, mut state: MutexGuard<'_, State<'a>>) {
        let needed = !state.tasks.is_empty() && state.asleep > 0 && !state.waking;
        state.waking |= needed;
        drop(state);
        // After unlocking, so that the worker does not wake into a held lock. The rule above holds
        // already: it is a rule about `waking`, and whoever set it does notify.
        if needed {
            self.task_ready.notify_one();
        }
    }
}

impl State<'_> {
    fn refusal(&self) -> Option<Refusal> {
        match &self.phase {
            Phase::Open | Phase::LastCall => None,
            Phase::Closed => Some(Refusal::ShutDown),
            Phase::Broken(broken) => Some(Refusal::Broken(broken.clone())),
        }
    }

    fn leave_seat(&mut self, seat: SeatNumber) {
        self.seats.leave(seat);
        self.present -= 1;
    }
}
