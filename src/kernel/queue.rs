//! Where tasks wait for their turn, and workers for tasks.
//!
//! The queue decides who is idle, whether a submit needs a new worker, who is woken and when the
//! pool is over. All of that is one state under one lock, and a thread that has changed the state
//! leaves the lock in one of two ways: through [`settle`](Queue::settle), which derives from the
//! state who must be woken, or by going to sleep on a condvar, where nobody may be left to wake.
//!
//! **Why no wake-up is lost.** Whoever sleeps has looked at the state under the lock and sleeps in
//! one step with letting go of it. Whoever changes the state leaves by `settle`:
//!
//! | who sleeps | until | `settle` wakes if |
//! |---|---|---|
//! | a worker | a task waits, or closed | a task waits and no wake-up is under way; or closed |
//! | a submitter that waits for a hire | one has come, or none will | a worker is present, no hire is left, or closed |
//! | whoever waits for the end | closed, and no worker, hire or cancellation is left | the same |
//!
//! **One wake-up at a time.** Waking a thread costs a submitter more than all else it does. So one
//! wake-up is under way at most (`waking`), and the worker that wakes up takes a task and leaves by
//! `settle`, which wakes the next sleeper if another task waits.
//!
//! ```text
//! the chain of wake-ups: three tasks are pushed while three workers sleep
//!
//! submitter   push, waking = true, notify ─▶ A     push     push (waking: nobody is notified)
//! worker A    wakes: waking = false; takes a task; a task waits: waking = true, notify ─▶ B
//! worker B    wakes: waking = false; takes a task; a task waits: waking = true, notify ─▶ C
//! worker C    wakes: waking = false; takes the last task; the chain ends
//! ```
//!
//! **No task is left without a worker.** A task is queued while a worker is present. Otherwise its
//! submitter hires, or waits until somebody else's hire is settled, because that one may fail.
//!
//! The cell's lock and the queue's are never held together.

use std::io;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::backlog::{Backlog, Place, Ticket};
use super::error::{Broken, CancelReason, Refusal};
use super::event::{EventKind, Shutdown};
use super::queue_state::{self, Cancelling, Inbox, Phase, Snapshot, Totals, Workers};
use super::seams::{Await, Listener, Origin};
use super::staff::{Slot, Staff};
use super::state::Status;
use crate::sync::{Condvar, Mutex, MutexGuard, deadline_after, wait_until};

/// What waits in a queue: a cell, seen as something to run.
pub(crate) trait Run<'a>: Await {
    /// Claims the task for the worker in this slot and runs it to its end.
    fn run(&self, slot: &Slot);

    /// Claims the task for the worker in this slot, which runs it later. `None` if it is too late.
    fn claim(self: Arc<Self>, slot: &Slot) -> Option<ClaimedTask<'a>>;

    fn set_ticket(&self, ticket: Ticket);

    /// Adds a listener. Returns `false` if the task is not pending any more.
    fn listen(&self, listener: Arc<dyn Listener + 'a>) -> bool;

    /// Returns the listeners that follow the pool that takes the task.
    fn followers(&self) -> Vec<Arc<dyn Listener + 'a>>;

    /// Has the listeners of the pool that takes the task listen to it.
    fn introduce(&self, pool: &[Arc<dyn Listener>], origin: Origin);

    /// Gives a home to a task that was made without one, or takes it away.
    fn set_home(&self, home: Option<Arc<Queue<'a>>>);
}

pub(crate) type QueuedTask<'a> = Arc<dyn Run<'a> + 'a>;

/// A task that was claimed and has not begun. It has to be called: with `None` to run, or with the
/// cause for which it is lost.
pub(crate) type ClaimedTask<'a> = Box<dyn FnOnce(&Slot, Option<&Broken>) + Send + 'a>;

/// Tasks that were cancelled all together. The second half of that is owed to each of them.
#[must_use]
pub(super) struct Cancelled<'a> {
    tasks: Vec<QueuedTask<'a>>,
    followers: Vec<Arc<dyn Listener + 'a>>,
}

impl Cancelled<'_> {
    fn nothing() -> Self {
        Self { tasks: Vec::new(), followers: Vec::new() }
    }

    pub(super) fn finish(self) {
        self.tasks.iter().for_each(|task| task.finish_cancel());
        let step = EventKind::Closed(Shutdown::CancelPending);
        self.followers.iter().for_each(|follower| follower.hear(&step, Instant::now()));
    }
}

type State<'a> = queue_state::State<QueuedTask<'a>>;

pub(crate) struct Queue<'a> {
    pub(crate) staff: Arc<Staff>,
    is_bounded: bool,
    /// Taken on its own, or while the state is locked.
    inbox: Mutex<Inbox<QueuedTask<'a>>>,
    state: Mutex<State<'a>>,
    /// Listeners that hear when pending tasks are cancelled.
    followers: Mutex<Vec<Weak<dyn Listener + 'a>>>,
    /// For sleeping workers: a task waits, or there will be no more.
    task_ready: Condvar,
    /// For submitters that found only workers still being hired: one has come, or will not.
    hire_settled: Condvar,
    /// For those who wait for the pool's end.
    everyone_gone: Condvar,
}

/// One submitter's way into the queue, which may lead there more than once.
pub(crate) struct Submit {
    /// The queue is bounded, and the task has no permit yet.
    pub(crate) needs_permit: bool,
    /// Why the system refused a thread for this task, if it did.
    pub(crate) thread_refused: Option<io::Error>,
    /// Counted among `submitting`.
    is_counted: bool,
}

impl Submit {
    pub(crate) fn new(is_bounded: bool) -> Self {
        Self { needs_permit: is_bounded, thread_refused: None, is_counted: false }
    }
}

/// What the queue says to a task.
#[must_use]
pub(crate) enum Admitted<'a> {
    /// It waits for its turn.
    Queued,
    /// It is the first task of a new worker in this slot, whom the submitter has to hire.
    Hire(QueuedTask<'a>, Arc<Slot>),
    NeedsPermit(QueuedTask<'a>),
    Refused(QueuedTask<'a>, Refusal),
}

impl<'a> Queue<'a> {
    pub(crate) fn new(staff: Arc<Staff>, is_bounded: bool) -> Self {
        let inbox = Inbox { is_open: false, tasks: Backlog::new(), submitted: 0 };
        let state = State {
            inbox_is_open: false,
            tasks: Backlog::new(),
            phase: Phase::Open,
            slots: Vec::new(),
            workers: Workers::default(),
            submitting: 0,
            cancelling: Cancelling::default(),
            totals: Totals::default(),
        };
        Self {
            staff,
            is_bounded,
            inbox: Mutex::new(inbox),
            state: Mutex::new(state),
            followers: Mutex::new(Vec::new()),
            task_ready: Condvar::new(),
            hire_settled: Condvar::new(),
            everyone_gone: Condvar::new(),
        }
    }

    /// The way out of the lock: wakes everyone who must learn of the state that it leaves.
    fn settle(&self, mut state: MutexGuard<'_, State<'a>>) {
        state.close_if_idle();
        let opens = state.needs_no_wake_up(&self.staff) && !self.is_bounded;
        if opens != state.inbox_is_open {
            self.open_inbox(&mut state, opens);
        }
        let (over, closed, wake_one) = (state.is_over(), state.is_closed(), state.owes_a_wake_up());
        let wake_all = closed && state.workers.asleep > 0;
        let hire_settled = state.submitting > 0
            && (closed || state.workers.present > 0 || state.workers.hiring == 0);
        state.workers.waking |= wake_one;
        // Notified after unlocking, so that nobody wakes into a held lock. The rules hold already.
        drop(state);
        if wake_all {
            self.task_ready.notify_all();
        } else if wake_one {
            self.task_ready.notify_one();
        }
        if hire_settled {
            self.hire_settled.notify_all();
        }
        if over {
            self.everyone_gone.notify_all();
        }
    }

    fn open_inbox(&self, state: &mut State<'a>, open: bool) {
        let mut inbox = self.inbox.lock();
        state.inbox_is_open = open;
        inbox.is_open = open;
        if open {
            inbox.tasks = state.tasks.behind();
        } else {
            state.take_from(&mut inbox);
        }
    }

    /// Puts a task into the inbox, or gives it back if the inbox is closed.
    pub(crate) fn put(&self, task: QueuedTask<'a>) -> Result<(), QueuedTask<'a>> {
        let mut inbox = self.inbox.lock();
        if !inbox.is_open {
            return Err(task);
        }
        task.set_ticket(inbox.tasks.next_ticket());
        inbox.tasks.push(task);
        inbox.submitted += 1;
        Ok(())
    }

    fn push(&self, state: &mut State<'a>, task: QueuedTask<'a>) {
        state.totals.submitted += 1;
        let mut inbox = self.inbox.lock();
        let tasks = if state.inbox_is_open { &mut inbox.tasks } else { &mut state.tasks };
        task.set_ticket(tasks.next_ticket());
        tasks.push(task);
    }

    /// Returns the next task; looks into the inbox if there is none here.
    fn pop(&self, state: &mut State<'a>) -> Option<QueuedTask<'a>> {
        if state.tasks.is_empty() && state.inbox_is_open {
            state.take_from(&mut self.inbox.lock());
        }
        state.tasks.pop()
    }

    /// The other way out of the lock, and back in. Returns `true` if the deadline came first.
    fn sleep(
        state: &mut MutexGuard<'_, State<'a>>,
        event: &Condvar,
        deadline: Option<Instant>,
    ) -> bool {
        debug_assert!(!state.owes_a_wake_up(), "a thread sleeps and leaves another one asleep");
        wait_until(event, state, deadline)
    }

    /// Takes a task: for an idle worker, or for a new one, or for whichever worker is ready first.
    pub(crate) fn admit(&self, task: QueuedTask<'a>, submit: &mut Submit) -> Admitted<'a> {
        let mut state = self.state.lock();
        state.submitting -= usize::from(std::mem::take(&mut submit.is_counted));
        let admitted = loop {
            if let Some(why) = state.refusal() {
                break Admitted::Refused(task, why);
            }
            if state.tasks.len() >= state.workers.asleep {
                if submit.thread_refused.is_none() {
                    if let Some(slot) = state.hire(&self.staff) {
                        state.totals.submitted += 1;
                        break Admitted::Hire(task, slot);
                    }
                }
                if state.workers.present == 0 {
                    // Nobody would look into the queue. If the system has just refused this task a
                    // thread, somebody else's hire is of no use to it.
                    if let Some(cause) = submit.thread_refused.take() {
                        break Admitted::Refused(task, Refusal::Thread(cause));
                    }
                    state.submitting += 1;
                    Self::sleep(&mut state, &self.hire_settled, None);
                    state.submitting -= 1;
                    continue;
                }
            }
            if submit.needs_permit {
                state.submitting += 1;
                submit.is_counted = true;
                break Admitted::NeedsPermit(task);
            }
            self.push(&mut state, task);
            break Admitted::Queued;
        };
        self.settle(state);
        admitted
    }

    /// Gives up a submit that was told that it needs a permit.
    pub(crate) fn give_up(&self, submit: &mut Submit) {
        let mut state = self.state.lock();
        state.submitting -= usize::from(std::mem::take(&mut submit.is_counted));
        self.settle(state);
    }

    /// A new worker's thread has begun.
    pub(super) fn arrive(&self) {
        let mut state = self.state.lock();
        state.workers.present += 1;
        self.settle(state);
    }

    /// The worker has claimed its first task, and its thread will be joined.
    pub(super) fn hired(&self) {
        let mut state = self.state.lock();
        state.workers.hiring -= 1;
        self.settle(state);
    }

    /// The system refused the thread. The submitter has the task back and comes again.
    pub(super) fn hire_failed(&self, slot: &Slot, submit: &mut Submit) {
        let mut state = self.state.lock();
        state.unhire(slot, &self.staff);
        state.submitting += 1;
        submit.is_counted = true;
        state.totals.submitted -= 1;
        self.settle(state);
    }

    /// Returns a task for a spare worker and its slot, if a task waits for which no worker is idle
    /// and there may be one more worker. It is the wanted task, if that waits; else the first.
    pub(super) fn hire_spare(&self, wanted: Option<Place>) -> Option<(QueuedTask<'a>, Arc<Slot>)> {
        let mut state = self.state.lock();
        // A push that comes now has to see that there may be one more worker.
        self.open_inbox(&mut state, false);
        let mut hire = None;
        if state.tasks.len() > state.workers.asleep {
            if let Some(slot) = state.hire(&self.staff) {
                let wanted = wanted.and_then(|wanted| state.tasks.remove_task(wanted));
                hire = wanted.or_else(|| state.tasks.pop()).map(|task| (task, slot));
            }
        }
        self.settle(state);
        hire
    }

    /// The system refused the thread of a spare worker. Its task waits for those who are there, now
    /// at the end of the line.
    pub(super) fn spare_failed(&self, task: QueuedTask<'a>, slot: &Slot) {
        let mut state = self.state.lock();
        state.unhire(slot, &self.staff);
        self.push(&mut state, task);
        state.totals.submitted -= 1;
        self.settle(state);
    }

    /// Returns the next task for the worker in this slot; sleeps until there is one. `None` means
    /// that the worker has left its slot: because the queue is closed and empty, or no task came
    /// for as long as `keep_alive`, or a spare is not needed.
    ///
    /// `idle` is called once, without the lock, before the worker sleeps.
    pub(super) fn take(
        &self,
        slot: &Slot,
        keep_alive: Option<Duration>,
        mut idle: Option<impl FnOnce()>,
    ) -> Option<QueuedTask<'a>> {
        let mut state = self.state.lock();
        state.totals.count_ended(slot);
        let is_spare = self.staff.is_spare(slot.index);
        let mut retires_at = None;
        // A spare worker that is not needed leaves; but the last worker looks into the queue first.
        let is_one_too_many = |state: &State<'_>| {
            is_spare && state.workers.present > 1 && self.staff.workers() > self.staff.most()
        };
        while !is_one_too_many(&state) {
            if let Some(task) = self.pop(&mut state) {
                self.settle(state);
                return Some(task);
            }
            state.workers.asleep += 1;
            state.close_if_idle();
            state.workers.asleep -= 1;
            if state.is_closed() || is_spare {
                break;
            }
            if let Some(idle) = idle.take() {
                // That is user code, so the lock is released, and the worker looks again after it.
                self.settle(state);
                idle();
                state = self.state.lock();
                continue;
            }
            if state.inbox_is_open {
                self.open_inbox(&mut state, false);
                continue;
            }
            let deadline = *retires_at.get_or_insert_with(|| keep_alive.and_then(deadline_after));
            state.workers.asleep += 1;
            let gave_up = Self::sleep(&mut state, &self.task_ready, deadline);
            state.workers.asleep -= 1;
            // If the wake-up was for another worker, forgetting it costs one wake-up too many.
            state.workers.waking = false;
            // A submit may have come with the deadline: the queue is looked at once more.
            if gave_up && state.tasks.is_empty() {
                break;
            }
        }
        self.leave(state, slot);
        None
    }

    /// The worker in this slot leaves without having asked for a task.
    pub(super) fn leave_early(&self, slot: &Slot) {
        let mut state = self.state.lock();
        state.totals.count_ended(slot);
        self.leave(state, slot);
    }

    fn leave(&self, mut state: MutexGuard<'_, State<'a>>, slot: &Slot) {
        state.free(slot, &self.staff);
        state.workers.present -= 1;
        state.workers.leaving += 1;
        self.settle(state);
    }

    /// A worker that has left its slot has run its last user code.
    pub(super) fn gone(&self) {
        let mut state = self.state.lock();
        state.workers.leaving -= 1;
        self.settle(state);
    }

    /// Takes a task out that was cancelled or is run inline. (Harmless if it is not here.)
    pub(super) fn remove(&self, task: Place, is_cancelled: bool) {
        let mut state = self.state.lock();
        let waiting = state.tasks.remove_task(task);
        let removed = waiting.or_else(|| self.inbox.lock().tasks.remove_task(task));
        // Whoever takes a cancelled task out of the queue counts it.
        state.totals.cancelled += u64::from(is_cancelled && removed.is_some());
        state.workers.nested += usize::from(!is_cancelled);
        self.settle(state);
    }

    /// Counts the end of a task that was run inline.
    pub(super) fn count_inline(&self, status: Status) {
        let mut state = self.state.lock();
        state.workers.nested -= 1;
        state.totals.count(status);
        self.settle(state);
    }

    /// Takes no more tasks. Returns whether that is news, and the tasks that were cancelled, of
    /// which the caller owes the second half.
    pub(super) fn close(&self, how: Shutdown) -> (bool, Cancelled<'a>) {
        let mut state = self.state.lock();
        let was_open = matches!(state.phase, Phase::Open);
        if how == Shutdown::WhenIdle {
            if was_open {
                state.phase = Phase::LastCall;
            }
            self.settle(state);
            return (was_open, Cancelled::nothing());
        }
        let was_open = !state.is_closed();
        if was_open {
            state.phase = Phase::Closed;
        }
        if how == Shutdown::Drain {
            self.settle(state);
            return (was_open, Cancelled::nothing());
        }
        let slots: Vec<_> = state.slots.iter().flatten().cloned().collect();
        let cancelled = self.cancel_pending(state, &CancelReason::ByShutdown);
        let mut is_news = was_open || !cancelled.tasks.is_empty();
        if how == Shutdown::Stop {
            is_news |= slots.iter().fold(false, |is_news, slot| slot.stop() | is_news);
        }
        (is_news, cancelled)
    }

    /// Takes no more tasks and cancels those that wait, because no worker can be initialized.
    pub(super) fn break_down(&self, broken: &Broken) -> Cancelled<'a> {
        let mut state = self.state.lock();
        state.phase = Phase::Broken(broken.clone());
        self.cancel_pending(state, &CancelReason::PoolBroke(broken.clone()))
    }

    fn cancel_pending(
        &self,
        mut state: MutexGuard<'_, State<'a>>,
        reason: &CancelReason,
    ) -> Cancelled<'a> {
        self.open_inbox(&mut state, false);
        let pending: Vec<_> = std::iter::from_fn(|| state.tasks.pop()).collect();
        let taken = pending.len();
        // Whoever waits for the end waits until all of these are known to be cancelled.
        state.cancelling.closers += 1;
        state.cancelling.tasks += taken;
        self.settle(state);
        let (tasks, lost): (Vec<_>, Vec<_>) =
            pending.into_iter().partition(|task| task.cancel(reason.clone()));
        let before = lost.iter().filter(|task| task.status() == Status::Cancelled).count();
        let followers: Vec<_> = self.followers.lock().iter().filter_map(Weak::upgrade).collect();
        followers.iter().for_each(|follower| follower.left_pending(Some(reason)));
        let mut state = self.state.lock();
        state.totals.cancelled += (tasks.len() + before) as u64;
        state.cancelling.closers -= 1;
        state.cancelling.tasks -= taken;
        self.settle(state);
        Cancelled { tasks, followers }
    }

    /// Has a listener hear when pending tasks are cancelled.
    pub(super) fn follow(&self, listener: &Arc<dyn Listener + 'a>) {
        let mut followers = self.followers.lock();
        let is_it = |known: &Arc<dyn Listener + 'a>| Arc::ptr_eq(known, listener);
        let gone = |known: &Weak<dyn Listener + 'a>| known.upgrade().is_none_or(|it| is_it(&it));
        followers.retain(|known| !gone(known));
        followers.push(Arc::downgrade(listener));
    }

    /// Waits until the queue is closed and everyone is gone. Returns `false` if the deadline came
    /// first.
    pub(crate) fn wait_until_over(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        while !state.is_over() {
            if Self::sleep(&mut state, &self.everyone_gone, deadline) {
                return state.is_over();
            }
        }
        true
    }

    /// Returns why a task would be refused now.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.state.lock().refusal()
    }

    pub(crate) fn is_at_last_call(&self) -> bool {
        matches!(self.state.lock().phase, Phase::LastCall)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state.lock().is_over()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let state = self.state.lock();
        let inbox = self.inbox.lock();
        let Workers { present, hiring, leaving, asleep, .. } = state.workers;
        let submitted = state.totals.submitted + inbox.submitted;
        Snapshot {
            queued: state.tasks.len() + inbox.tasks.len() + state.cancelling.tasks,
            workers: present,
            idle: asleep,
            nested: state.workers.nested,
            threads: present + leaving + hiring,
            totals: Totals { submitted, ..state.totals },
            slots: state.slots.iter().flatten().cloned().collect(),
            is_open: !state.is_closed(),
            is_over: state.is_over(),
        }
    }
}

impl<'a> Backlog<QueuedTask<'a>> {
    fn remove_task(&mut self, task: Place) -> Option<QueuedTask<'a>> {
        self.remove(task.ticket, |found| found.place().address == task.address)
    }
}
