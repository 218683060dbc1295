//! The three seams: where a layer hears what the kernel does, and where it has a say.
//!
//! 1. A [`Listener`] hears each step of a task and of a pool. It may also hold a task back before
//!    it is queued ([`admit`](Listener::admit)), as a bound does.
//! 2. A [`Blocker`] is asked by a thread that is about to sleep until a task ends.
//! 3. [`WorkerHooks`] run when a worker begins and when it ends.
//!
//! The kernel knows the layers by these types. A pool without layers has none of them, and a
//! program that uses such a pool pays for the look whether there are any.

use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use super::backlog::Place;
use super::error::{CancelReason, Deadlock, Unfinished};
use super::event::{BlockedOn, EventKind};
use super::id::{PoolId, TaskId};
use super::panics::{Label, Panic};
use super::state::Status;
use crate::sync::{Cell, Parker, Sender, ThreadId, is_over, thread_local};

/// Seam 1: hears what becomes of a task, or of a pool.
pub(crate) trait Listener: Send + Sync {
    /// Hears a change of state under the cell's lock, in the moment in which it happens, with the
    /// thread that runs the task, if one does. It must not block or run user code.
    fn locked(&self, _status: Status, _runs_on: Option<ThreadId>) {}

    /// The task was claimed, or cancelled for this reason. Called once, without the cell's lock, by
    /// the thread that did it. It must not run user code: others may still have to be told.
    fn left_pending(&self, _cancelled: Option<&CancelReason>) {}

    /// Hears a step, and when it was. No lock is held, so this may run user code; it must not
    /// panic.
    fn hear(&self, _step: &EventKind, _at: Instant) {}

    /// A pool takes the task, with these listeners of its own. Returns `true` if this task stands
    /// for others, which the listener has put in its place.
    fn accepted(&self, _pool: &[Arc<dyn Listener>]) -> bool {
        false
    }

    /// The task panicked and nobody will look at it. Returns `true` if the listener has kept that.
    fn unobserved(&self, _panic: &Panic) -> bool {
        false
    }

    /// The number by which an observer knows the task.
    fn task_id(&self) -> Option<TaskId> {
        None
    }

    /// A pool has taken the task, and does not give it back.
    fn taken(&self) {}

    /// Whether this wants `left_pending` when the pool of the task cancels what is pending.
    fn follows_pool(&self) -> bool {
        false
    }

    /// For a pool's listener: returns what is to listen to this task, which the pool has been
    /// given.
    fn for_task(&self, _label: &Label, _origin: Origin) -> Option<Arc<dyn Listener>> {
        None
    }

    /// For a pool's listener: has its say before a task is queued; may block if the policy allows.
    /// Returns `false` if there is no room. `inside` is true on the pool's own workers.
    fn admit(&self, _policy: &WaitPolicy, _inside: bool) -> bool {
        true
    }

    /// For a pool's listener: what `admit` gave is not needed.
    fn give_back(&self) {}

    /// For a pool's listener: the pool takes no more tasks, so nobody may wait in `admit` any more.
    fn closed(&self) {}
}

/// Whoever is told when a task has ended.
pub(crate) enum Told {
    /// Has this place sent into the channel.
    Channel(Sender<usize>, usize),
    Thread(Arc<Parker>),
    /// Somebody who awaits the task, and is known by a number.
    Waker(u64, Waker),
}

impl Told {
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Channel(a, p), Self::Channel(b, q)) => p == q && a.same_channel(b),
            (Self::Thread(a), Self::Thread(b)) => Arc::ptr_eq(a, b),
            (Self::Waker(a, _), Self::Waker(b, _)) => a == b,
            _ => false,
        }
    }
}

/// How a task came to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Submitted,
    /// It was made before the pool took it.
    Adopted,
    /// It is an item of a map, with this place.
    Item(usize),
}

/// What a layer may ask of a task, whatever its value is.
pub(crate) trait Await: Send + Sync {
    fn status(&self) -> Status;

    fn label(&self) -> Label;

    /// Returns the task's place in the queue of its pool, where it may not be any more.
    fn place(&self) -> Place;

    /// Returns the pool that has taken the task.
    fn home(&self) -> Option<PoolId>;

    /// Returns `true` if the calling thread runs the task, below the call on its stack: then the
    /// task cannot end before the call returns.
    fn runs_here(&self) -> bool;

    /// Sleeps until the task has ended. Returns `false` if the deadline came first.
    fn wait(&self, deadline: Option<Instant>) -> bool;

    /// Has this one told when the task ends. Returns `false` if it has ended. `observes` says
    /// whether this is looking at the task: then its panic is the reader's to notice.
    fn add(&self, who: Told, observes: bool) -> bool;

    /// Takes it out again. The drop of what is returned may be user code.
    fn remove(&self, who: &Told) -> Option<Told>;

    fn add_parker(&self, parker: &Arc<Parker>) -> bool {
        self.add(Told::Thread(Arc::clone(parker)), true)
    }

    fn remove_parker(&self, parker: &Arc<Parker>) {
        self.remove(&Told::Thread(Arc::clone(parker)));
    }

    fn subscribe(&self, channel: &Sender<usize>, place: usize, observes: bool) -> bool {
        self.add(Told::Channel(channel.clone(), place), observes)
    }

    fn unsubscribe(&self, channel: &Sender<usize>, place: usize) {
        self.remove(&Told::Channel(channel.clone(), place));
    }

    /// Sets the waker of the caller with this number. Returns `false` if the task has ended.
    fn set_waker(&self, caller: u64, waker: &Waker) -> bool {
        let waker = Told::Waker(caller, waker.clone());
        let before = self.remove(&waker);
        let is_set = self.add(waker, true);
        // This is user code, which may panic, or end the task.
        drop(before);
        is_set && !self.status().is_done()
    }

    fn remove_waker(&self, caller: u64) {
        self.remove(&Told::Waker(caller, Waker::noop().clone()));
    }

    /// Adds a listener, which hears the present state at once. Returns `false` if the task has
    /// ended; then the listener hears no more.
    fn watch(&self, listener: Arc<dyn Listener>) -> bool;

    /// Takes a listener back. Returns `true` if it was there and the task is pending.
    fn unwatch(&self, listener: &Arc<dyn Listener>) -> bool;

    /// Tells the task's listeners of a step. No lock may be held.
    fn tell(&self, step: &EventKind);

    /// Returns the number by which an observer knows the task, if one listens to it.
    fn task_id(&self) -> Option<TaskId>;

    /// First half of a cancellation: pending → cancelled, and everyone who waits is told, which
    /// runs no user code. Returns `true` if it won; then the caller owes a `finish_cancel`.
    ///
    /// Whoever cancels many tasks does this half for all of them before the second half for any.
    fn cancel(&self, reason: CancelReason) -> bool;

    /// Second half: runs wakers and callbacks, and drops the work. This is user code.
    fn finish_cancel(&self);
}

/// Seam 2: is called by a thread that would sleep until a task ends. It returns when the task has
/// ended, or with the reason why the wait is over.
pub(crate) type Blocker = fn(&Wait<'_>) -> Result<(), Unfinished>;

thread_local! {
    #[allow(clippy::missing_const_for_thread_local, reason = "the model checker has no such form")]
    static BLOCKER: Cell<Option<Blocker>> = Cell::new(None);
}

/// Sets this thread's blocker and returns the one before.
pub(crate) fn set_blocker(blocker: Option<Blocker>) -> Option<Blocker> {
    BLOCKER.try_with(|cell| cell.replace(blocker)).ok().flatten()
}

/// Returns `true` if this thread has a blocker: it is a worker, or runs a task by hand.
pub(crate) fn has_blocker() -> bool {
    BLOCKER.try_with(|cell| cell.get().is_some()).unwrap_or(false)
}

/// One thread's wait for one task.
pub(crate) struct Wait<'w> {
    pub(crate) cell: &'w dyn Await,
    /// Claims the task and runs it in this thread. Returns `false` if it is too late for that.
    pub(crate) run_inline: &'w dyn Fn() -> bool,
    pub(crate) deadline: Option<Instant>,
}

impl Wait<'_> {
    /// Waits until the task has ended, in the way of this thread's blocker if it has one.
    pub(crate) fn wait(&self) -> Result<(), Unfinished> {
        match BLOCKER.try_with(Cell::get) {
            Ok(Some(blocker)) => blocker(self),
            _ => self.heard(|| Ok(self.sleep())),
        }
    }

    /// Sleeps until the task has ended. Returns `false` if the deadline came first.
    pub(crate) fn sleep(&self) -> bool {
        self.cell.wait(self.deadline)
    }

    /// Runs `sleep` between two events, if somebody listens to the task and it has not ended.
    ///
    /// Listeners may wait for something themselves, so they hear of a wait before `sleep` enters
    /// it, and after `sleep` has left it.
    pub(crate) fn heard(
        &self,
        sleep: impl FnOnce() -> Result<bool, Deadlock>,
    ) -> Result<(), Unfinished> {
        let heard = self.cell.task_id().filter(|_| !self.cell.status().is_done());
        let heard = heard.filter(|_| !is_over(self.deadline));
        if heard.is_some() {
            self.cell.tell(&EventKind::Blocked(BlockedOn::Task));
        }
        let ended = sleep();
        if heard.is_some() {
            let by = heard.filter(|_| matches!(ended, Ok(true)));
            self.cell.tell(&EventKind::Unblocked { by });
        }
        match ended {
            Ok(true) => Ok(()),
            Ok(false) => Err(Unfinished::TimedOut),
            Err(deadlock) => Err(Unfinished::Deadlock(deadlock)),
        }
    }
}

/// Asks a running task to stop. Returns `true` if nobody had asked before.
pub(crate) type StopHook = Arc<dyn Fn() -> bool + Send + Sync>;

/// A user's function that every worker runs.
pub(crate) type Hook = Arc<dyn Fn() + Send + Sync>;

/// Seam 3: what every worker runs before its first task and after its last.
#[derive(Clone, Default)]
pub(crate) struct WorkerHooks {
    /// If it panics, the pool is broken.
    pub(crate) begin: Option<Hook>,
    pub(crate) end: Option<Hook>,
}

/// All that the layers have put into one pool.
#[derive(Default)]
pub(crate) struct Seams {
    pub(crate) listeners: Vec<Arc<dyn Listener>>,
    /// The one of them that has to [admit](Listener::admit) each task before it is queued.
    pub(crate) bound: Option<Arc<dyn Listener>>,
    pub(crate) blocker: Option<Blocker>,
    pub(crate) hooks: WorkerHooks,
}

/// How long a submitter waits for room.
#[derive(Clone)]
pub(crate) enum WaitPolicy {
    Never,
    Until(Instant),
    Forever,
    /// Until there is room, or somebody else wakes the parker, or the deadline comes.
    UntilWoken(Arc<Parker>, Option<Instant>),
}

impl WaitPolicy {
    pub(crate) fn until(deadline: Option<Instant>) -> Self {
        deadline.map_or(Self::Forever, Self::Until)
    }
}
