//! Through what a pool tells its observer: the pool's watch, and a witness for each of its tasks.
//!
//! **The observer harms nobody.** It is called with no lock held. Its panic ends here, and with it
//! its calls: one that panics at every event would drown all else. What it does itself is not told.

use std::panic::RefUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use super::event::{BlockedOn, Event, EventKind, Observer, TaskInfo};
use crate::error::CancelReason;
use crate::future::contain::{catch, discard};
use crate::future::state::Ending;
use crate::future::witness::{Moment, Witness, Witnesses, there_may_be_some};
use crate::identity::{PoolId, TaskId, current_worker};
use crate::label::Label;
use crate::sync::process_wide::{AtomicBool, AtomicUsize, Relaxed};
use crate::sync::{Cell, Mutex, thread_local};

thread_local! {
    /// This thread is just telling an observer something.
    #[allow(clippy::missing_const_for_thread_local, reason = "the model checker's has no such form")]
    static TELLING: Cell<bool> = Cell::new(false);
}

/// A pool's.
pub(crate) struct Watch {
    pool: PoolId,
    /// `None` only while it is dropped.
    observer: Option<Arc<dyn Observer>>,
    has_panicked: AtomicBool,
    /// How many tasks are pending, as far as they have been told of.
    queue_depth: AtomicUsize,
}

impl Watch {
    pub(crate) fn new(pool: PoolId, observer: Arc<dyn Observer>) -> Arc<Self> {
        there_may_be_some();
        let (has_panicked, queue_depth) = (AtomicBool::new(false), AtomicUsize::new(0));
        Arc::new(Self { pool, observer: Some(observer), has_panicked, queue_depth })
    }

    /// Something happens to the pool, and to no task of it, in this thread.
    pub(crate) fn tell(&self, kind: EventKind) {
        self.tell_of(None, Instant::now(), kind);
    }

    /// The same, of something that has happened a moment ago.
    pub(crate) fn tell_at(&self, at: Instant, kind: EventKind) {
        self.tell_of(None, at, kind);
    }

    /// Whether there is anybody to tell in this thread: not if the observer is just being told
    /// something, as what is done meanwhile is its own doing.
    pub(crate) fn is_heard(&self) -> bool {
        !self.has_panicked.load(Relaxed) && !TELLING.try_with(Cell::get).unwrap_or(true)
    }

    /// This thread goes to sleep, for as long as the guard lives.
    pub(crate) fn block(&self, on: BlockedOn) -> Asleep<'_> {
        self.tell(EventKind::Blocked(on));
        Asleep(self)
    }

    fn tell_of(&self, task: Option<TaskInfo<'_>>, at: Instant, kind: EventKind) {
        if self.has_panicked.load(Relaxed)
            || !TELLING.try_with(|telling| !telling.replace(true)).unwrap_or(false)
        {
            return;
        }
        let queue_depth = self.queue_depth.load(Relaxed);
        let event =
            Event { at, pool: self.pool, worker: current_worker(), task, queue_depth, kind };
        let outcome = catch(|| {
            if let Some(observer) = &self.observer {
                observer.observe(&event);
            }
        });
        if let Err(payload) = outcome {
            self.has_panicked.store(true, Relaxed);
            discard(payload);
        }
        TELLING.with(|telling| telling.set(false));
    }
}

/// It may be the last to have the observer, whose drop is the user's code.
impl Drop for Watch {
    fn drop(&mut self) {
        discard(self.observer.take());
    }
}

/// A thread that waits for something else than a task.
pub(crate) struct Asleep<'a>(&'a Watch);

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        self.0.tell(EventKind::Unblocked { by: None });
    }
}

impl Witnesses for Arc<Watch> {
    fn pool(&self) -> PoolId {
        self.pool
    }

    fn one_for(&self, label: &Label, item: Option<usize>) -> Arc<dyn Witness> {
        let (id, watch) = (TaskId::next(), Self::clone(self));
        let witness = TaskWitness {
            id,
            label: label.clone(),
            item,
            watch,
            is_pending: AtomicBool::new(true),
            marked: Mutex::new(None),
        };
        self.queue_depth.fetch_add(1, Relaxed);
        witness.tell_at(Instant::now(), EventKind::Submitted);
        Arc::new(witness)
    }
}

/// A task's.
struct TaskWitness {
    id: TaskId,
    label: Label,
    item: Option<usize>,
    watch: Arc<Watch>,
    is_pending: AtomicBool,
    /// When it was cancelled, until that is told.
    marked: Mutex<Option<Instant>>,
}

impl TaskWitness {
    fn tell_at(&self, at: Instant, kind: EventKind) {
        if let EventKind::Blocked(BlockedOn::AnyOf(_)) | EventKind::Unblocked { .. } = kind {
            // It speaks for the pool: this is about no task, or about another.
            return self.watch.tell_of(None, at, kind);
        }
        let Self { id, label, item, .. } = self;
        let info =
            TaskInfo { id: *id, name: label.name(), item: *item, submitted_at: label.submitted_at };
        self.watch.tell_of(Some(info), at, kind);
    }

    fn no_longer_pending(&self) {
        if self.is_pending.swap(false, Relaxed) {
            self.watch.queue_depth.fetch_sub(1, Relaxed);
        }
    }
}

// An observer that panics is told no more, so nobody sees what it has left half-done.
impl RefUnwindSafe for TaskWitness {}

impl Witness for TaskWitness {
    fn id(&self) -> TaskId {
        self.id
    }

    fn pool(&self) -> PoolId {
        self.watch.pool
    }

    fn tell(&self, moment: Moment<'_>) {
        let mut at = Instant::now();
        if let Moment::Cancelled(_) = moment {
            let Some(marked) = self.marked.lock().take() else { return };
            at = marked;
        }
        if let Moment::Refused | Moment::Started | Moment::Finished(Ending::Lost) = moment {
            self.no_longer_pending();
        }
        self.tell_at(at, EventKind::of(moment));
    }

    fn mark_time(&self) {
        self.no_longer_pending();
        *self.marked.lock() = Some(Instant::now());
    }
}

impl EventKind {
    fn of(moment: Moment<'_>) -> Self {
        match moment {
            Moment::Refused => Self::Refused,
            Moment::Started => Self::Started,
            Moment::CallbackBegan => Self::CallbackBegan,
            Moment::CallbackEnded => Self::CallbackEnded,
            Moment::Finished(ending) => Self::Finished(ending),
            Moment::Cancelled(reason) => Self::Cancelled(CancelReason::clone(reason)),
            Moment::Collected => Self::Collected,
            Moment::Blocked => Self::Blocked(BlockedOn::Task),
            Moment::BlockedOnAnyOf(how_many) => Self::Blocked(BlockedOn::AnyOf(how_many)),
            Moment::Unblocked(by) => Self::Unblocked { by },
        }
    }
}
