//! The half that is run: a closure meets its promise.
//!
//! [`task`] makes both halves at once, which is the only way to make either: a [`Future`] without a
//! task that will end it cannot be written. A [`Task`] is run by value, so it runs at most once;
//! dropped unrun, it cancels its future, so no reader is ever stranded.
//!
//! Where the queue and the workers are is not known here. From here the story goes on to whoever
//! takes a task: see [`Executor`](crate::Executor).

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Weak};

use super::asked::Asked;
use super::claimed::{Claimed, ClaimedWork};
use super::contain::{contain, outcome_of};
use super::handle::ScopedFuture;
use super::keeper::Keeper;
use super::shared::Shared;
use super::state::{Cancel, Ending, Status};
use super::watchers::Watchable;
use super::witness::{Witnesses, may_be_any};
use crate::error::CancelReason;
use crate::identity::PoolId;
use crate::label::Label;
use crate::nesting::inside::by_hand;
use crate::nesting::whereabouts::Home;

/// Makes a task and the future of what it will return: an executor of one's own is whoever holds
/// the task.
///
/// Nothing blocks, and nothing runs until [`run`](ScopedTask::run) is called.
///
/// ```
/// use glasspool::task;
///
/// let (task, future) = task(|| 2 + 2);
/// let worker = std::thread::spawn(move || task.run());
/// assert_eq!(future.result()?, &4);
/// # worker.join().unwrap();
/// # Ok::<(), glasspool::TaskError>(())
/// ```
///
/// The closure may borrow, and then both halves live no longer than what it borrows:
///
/// ```
/// let local = String::from("on this stack");
/// let (task, future) = glasspool::task(|| local.as_str());
/// std::thread::scope(|scope| {
///     scope.spawn(|| task.run());
/// });
/// assert_eq!(future.result()?, &"on this stack");
/// # Ok::<(), glasspool::TaskError>(())
/// ```
///
/// So an executor that outlives the caller does not take it, because nobody knows when it will run:
///
/// ```compile_fail,E0373
/// use glasspool::{Executor, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::new(1).unwrap();
/// let local = String::from("on this stack");
/// let (task, future) = glasspool::task(|| local.len());
/// pool.execute(task);
/// ```
///
/// It must be able to change threads:
///
/// ```compile_fail,E0277
/// let count = std::rc::Rc::new(1);
/// let (task, future) = glasspool::task(move || *count);
/// ```
///
/// ```compile_fail,E0277
/// let (task, future) = glasspool::task(|| std::rc::Rc::new(1));
/// ```
#[track_caller]
pub fn task<'a, F, T>(work: F) -> (ScopedTask<'a>, ScopedFuture<'a, T>)
where
    F: FnOnce() -> T + Send + 'a,
    T: Send + 'a,
{
    let (_, task, future) = halves(work, Label::here());
    (task, future)
}

/// The two halves, and the place they share, for an executor that may have to give the closure
/// back.
pub(crate) fn halves<'a, F, T>(
    work: F,
    label: Label,
) -> (Arc<Shared<F, T, Home>>, ScopedTask<'a>, ScopedFuture<'a, T>)
where
    F: FnOnce() -> T + Send + 'a,
    T: Send + 'a,
{
    let shared = Arc::new(Shared::pending(work, Home::none()));
    let task = ScopedTask::new(Arc::clone(&shared) as Arc<dyn Runnable + 'a>, label.clone());
    let future = ScopedFuture::new(Arc::clone(&shared) as Arc<dyn Asked<T> + 'a>, label);
    (shared, task, future)
}

/// What the running side can do, whatever the closure and its value are.
pub(crate) trait Runnable: Send + Sync {
    /// This pool has taken it, for good.
    fn set_home(&self, pool: PoolId);

    /// From now on, it has one of these witnesses, if it has none of them already: a task that had
    /// no room may be given to its pool again.
    fn be_witnessed(&self, by: &dyn Witnesses, label: &Label);

    /// The pool whose witness it has does not take it after all.
    fn be_refused(&self);

    /// It waits in a place of this keeper's, for somebody to [`run`](Self::run) it. `false` if it
    /// has been cancelled already, and then the keeper is not told of anything.
    fn keep(&self, keeper: &Arc<dyn Keeper>) -> bool;

    /// Claims it and runs it to its end, in this thread; or says what has become of it already.
    fn run(&self, label: &Label) -> Status;

    /// Takes the work in order to run it later, in this thread; or says what has become of it
    /// already. It costs an allocation: it is for a hand-over, where user code must wait until
    /// somebody else has been told of the claim.
    fn claim<'a>(self: Arc<Self>) -> Result<Box<dyn ClaimedWork + 'a>, Status>
    where
        Self: 'a;

    /// Cancels what of it has not begun, and tells everyone who waits for that. Runs nobody's code.
    /// Whether there was anything; then [`clear_away`](Self::clear_away) is owed.
    fn cancel_pending(&self, reason: &CancelReason) -> bool;

    /// Wakes those who await what was cancelled. It is part of [`clear_away`](Self::clear_away);
    /// whoever cancels many does it for all of them first.
    fn ring(&self) {}

    /// Drops what was cancelled, and runs its callbacks.
    fn clear_away(&self);

    /// What is to be said of it. If that is that it is done, nothing of it is left to do.
    fn status(&self) -> Status;

    /// Whether it is of no more use to whoever keeps it, to be run in its turn.
    fn is_husk(&self) -> bool {
        self.status() != Status::Pending
    }

    /// This task will not be run.
    fn abandon(&self) {
        if self.cancel_pending(&CancelReason::TaskDropped) {
            self.clear_away();
        }
    }
}

impl<F, T> Runnable for Shared<F, T, Home>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn set_home(&self, pool: PoolId) {
        self.home.set(pool);
    }

    fn be_witnessed(&self, by: &dyn Witnesses, label: &Label) {
        if Watchable::witness(self).is_some_and(|witness| witness.pool() == by.pool()) {
            return;
        }
        // If it was another pool's, that has refused it.
        self.tell_refused();
        let witness = by.one_for(label, None);
        self.witnessed_by(witness);
    }

    fn be_refused(&self) {
        self.tell_refused();
    }

    fn keep(&self, keeper: &Arc<dyn Keeper>) -> bool {
        self.keep(keeper)
    }

    fn run(&self, label: &Label) -> Status {
        match self.claim() {
            Some(work) => Status::Finished(self.complete(outcome_of(work, label))),
            None => self.status(),
        }
    }

    fn claim<'a>(self: Arc<Self>) -> Result<Box<dyn ClaimedWork + 'a>, Status>
    where
        Self: 'a,
    {
        match self.claim_untold() {
            Some((work, _)) => Ok(Box::new((self, work))),
            None => Err(self.status()),
        }
    }

    fn cancel_pending(&self, reason: &CancelReason) -> bool {
        self.cancel_and_tell(reason.clone()) == Cancel::Won
    }

    fn ring(&self) {
        self.ring();
    }

    fn clear_away(&self) {
        self.clear_away();
    }

    fn status(&self) -> Status {
        self.status()
    }
}

/// The half that is run, of work that may borrow for `'a`. Whoever holds it is the executor of its
/// future.
///
/// ```
/// use glasspool::{Task, task};
///
/// // The smallest executor there is: a list.
/// let mut later: Vec<Task> = Vec::new();
/// let (first, future) = task(|| "done");
/// later.push(first);
/// assert!(!future.done());
/// for task in later {
///     task.run();
/// }
/// assert_eq!(future.into_result()?, "done");
/// # Ok::<(), glasspool::TaskError>(())
/// ```
///
/// It runs at most once, and the compiler sees to that:
///
/// ```compile_fail,E0382
/// let (task, future) = glasspool::task(|| 1);
/// task.run();
/// task.run();
/// ```
#[must_use = "a task that is dropped is cancelled"]
pub struct ScopedTask<'a> {
    /// `None` once it has been run, claimed or abandoned.
    runnable: Option<Arc<dyn Runnable + 'a>>,
    label: Label,
}

/// What came of running a task.
pub(crate) enum Ran<'a> {
    Ended(Status),
    /// Somebody who waits for it runs it inside their own, and has not ended it yet.
    Elsewhere(ScopedTask<'a>),
}

/// The half that is run, of work that borrows nothing: what an [`Executor`](crate::Executor) takes.
///
/// ```
/// use glasspool::{Task, task};
///
/// fn later() -> Task {
///     task(|| 1).0
/// }
/// later().run();
/// ```
pub type Task = ScopedTask<'static>;

impl<'a> ScopedTask<'a> {
    pub(crate) fn new(runnable: Arc<dyn Runnable + 'a>, label: Label) -> Self {
        Self { runnable: Some(runnable), label }
    }

    /// Runs the closure in this thread, ends the future with what it returns or panics with, and
    /// runs the future's callbacks. If the future has been cancelled, it does nothing. Blocks for
    /// as long as the closure does.
    ///
    /// A panic of the closure does not come out here: it is the future's outcome.
    ///
    /// ```
    /// let (task, future) = glasspool::task(|| 1);
    /// assert!(future.cancel());
    /// task.run(); // to no effect
    /// assert!(future.cancelled());
    /// ```
    pub fn run(self) {
        // If a pool has given it back for want of room, it is not that pool's any more.
        if may_be_any() {
            self.be_refused();
        }
        drop(by_hand(|| self.run_to_its_end()));
    }

    /// As [`run`](Self::run), and says how it ended: the task itself, if somebody who waits for it
    /// has it in hand.
    pub(crate) fn run_to_its_end(mut self) -> Ran<'a> {
        let Some(runnable) = self.runnable.take() else { return Ran::Ended(Status::Cancelled) };
        let mut status = Status::Finished(Ending::Lost);
        // The closure's panic is caught further in, and nothing of the user's should be left to be
        // dropped here. But this thread may be a worker, and its life shall not hang on that.
        let mut elsewhere = None;
        contain(|| {
            status = runnable.run(&self.label);
            if status == Status::Running {
                elsewhere = Some(runnable);
            } else {
                drop(runnable);
            }
        });
        match elsewhere {
            Some(runnable) => Ran::Elsewhere(Self::new(runnable, self.label.clone())),
            None => Ran::Ended(status),
        }
    }

    /// As [`Runnable::set_home`].
    pub(crate) fn set_home(&self, pool: PoolId) {
        if let Some(runnable) = &self.runnable {
            runnable.set_home(pool);
        }
    }

    /// As [`Runnable::be_witnessed`].
    pub(crate) fn be_witnessed(&self, by: &dyn Witnesses) {
        if let Some(runnable) = &self.runnable {
            runnable.be_witnessed(by, &self.label);
        }
    }

    /// As [`Runnable::be_refused`].
    pub(crate) fn be_refused(&self) {
        if let Some(runnable) = &self.runnable {
            runnable.be_refused();
        }
    }

    /// Whether it is this one, of those that [`Awaited::id`](crate::nesting::waiting::Awaited::id)
    /// tells apart.
    pub(crate) fn has_id(&self, id: usize) -> bool {
        self.runnable.as_ref().is_some_and(|runnable| Arc::as_ptr(runnable).addr() == id)
    }

    /// As [`Runnable::keep`].
    pub(crate) fn keep(&self, keeper: &Arc<dyn Keeper>) -> bool {
        self.runnable.as_ref().is_some_and(|runnable| runnable.keep(keeper))
    }

    pub(crate) fn label(&self) -> &Label {
        &self.label
    }

    /// Claims the closure for this thread, without running it yet. What comes beside it is to be
    /// dropped where user code may run: it may be the last that holds what the task has left
    /// unread.
    pub(crate) fn claim(
        mut self,
    ) -> (Result<Claimed<'a>, Ran<'a>>, Option<Arc<dyn Runnable + 'a>>) {
        let Some(runnable) = self.runnable.take() else {
            return (Err(Ran::Ended(Status::Cancelled)), None);
        };
        match Arc::clone(&runnable).claim() {
            Ok(work) => {
                (Ok(Claimed { work: Some(work), label: self.label.clone() }), Some(runnable))
            }
            Err(Status::Running) => {
                (Err(Ran::Elsewhere(Self::new(runnable, self.label.clone()))), None)
            }
            Err(ended) => (Err(Ran::Ended(ended)), Some(runnable)),
        }
    }

    /// For those who may want to cancel what of it has not begun, while somebody else runs it.
    pub(crate) fn in_hand(&self) -> Option<Weak<dyn Runnable + 'a>> {
        self.runnable.as_ref().map(Arc::downgrade)
    }

    /// As [`Runnable::cancel_pending`].
    pub(crate) fn cancel_pending(&self, reason: &CancelReason) -> bool {
        self.runnable.as_ref().is_some_and(|runnable| runnable.cancel_pending(reason))
    }

    /// As [`Runnable::ring`].
    pub(crate) fn ring(&self) {
        if let Some(runnable) = &self.runnable {
            runnable.ring();
        }
    }

    /// As [`Runnable::clear_away`].
    pub(crate) fn clear_away(&self) {
        if let Some(runnable) = &self.runnable {
            runnable.clear_away();
        }
    }

    /// As [`Runnable::is_husk`].
    pub(crate) fn is_husk(&self) -> bool {
        self.runnable.as_ref().is_none_or(|runnable| runnable.is_husk())
    }

    /// As [`Runnable::status`].
    pub(crate) fn status(&self) -> Status {
        self.runnable.as_ref().map_or(Status::Cancelled, |runnable| runnable.status())
    }
}

// What the closure has captured is touched by running it only, and that is contained.
impl UnwindSafe for ScopedTask<'_> {}
impl RefUnwindSafe for ScopedTask<'_> {}

impl Drop for ScopedTask<'_> {
    fn drop(&mut self) {
        if let Some(runnable) = self.runnable.take() {
            contain(move || runnable.abandon());
        }
    }
}

impl fmt::Debug for ScopedTask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("label", &format_args!("{}", self.label))
            .finish_non_exhaustive()
    }
}
