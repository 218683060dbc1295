//! How a pool tells its observer: a listener for the pool, and one for each of its tasks.
//!
//! **An observer harms nobody.** It is called with no lock held. If it panics, the panic ends here
//! and the observer is told no more: one that panics at every event would drown all else. What an
//! observer does itself is not told, or there would be no end to it.

use std::sync::Arc;
use std::time::Instant;

use super::event::{Event, Observer, TaskInfo};
use crate::kernel::event::{BlockedOn, EventKind};
use crate::kernel::id::{PoolId, TaskId};
use crate::kernel::panics::{Label, catch, discard};
use crate::kernel::seams::{Listener, Origin};
use crate::kernel::staff::current_worker;
use crate::kernel::state::{Ending, Status};
use crate::sync::process_wide::{AtomicBool, AtomicUsize, Relaxed};
use crate::sync::{Cell, Mutex, ThreadId, thread_local};

thread_local! {
    /// This thread is telling an observer something at the moment.
    #[allow(clippy::missing_const_for_thread_local, reason = "the model checker has no such form")]
    static TELLING: Cell<bool> = Cell::new(false);
}

/// Listens to a pool.
pub(crate) struct PoolListener(Arc<Shared>);

/// What the listeners of one pool share.
struct Shared {
    pool: PoolId,
    /// `None` while it is dropped.
    observer: Option<Arc<dyn Observer>>,
    has_panicked: AtomicBool,
    /// Number of tasks that are pending, as far as they have been told of.
    queue_depth: AtomicUsize,
}

impl PoolListener {
    pub(crate) fn new(pool: PoolId, observer: Arc<dyn Observer>) -> Arc<Self> {
        let (has_panicked, queue_depth) = (AtomicBool::new(false), AtomicUsize::new(0));
        Arc::new(Self(Arc::new(Shared {
            pool,
            observer: Some(observer),
            has_panicked,
            queue_depth,
        })))
    }
}

impl Shared {
    fn tell(&self, task: Option<TaskInfo<'_>>, at: Instant, kind: EventKind) {
        let is_telling = || TELLING.try_with(|telling| telling.replace(true)).unwrap_or(true);
        if self.has_panicked.load(Relaxed) || is_telling() {
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

    /// Returns `true` if an event of this thread would be told.
    fn is_heard(&self) -> bool {
        !self.has_panicked.load(Relaxed) && !TELLING.try_with(Cell::get).unwrap_or(true)
    }
}

/// This may drop the last reference to the observer, whose drop is user code.
impl Drop for Shared {
    fn drop(&mut self) {
        discard(self.observer.take());
    }
}

impl Listener for PoolListener {
    fn hear(&self, step: &EventKind, at: Instant) {
        self.0.tell(None, at, step.clone());
    }

    /// Tells that the task is submitted.
    fn for_task(&self, label: &Label, origin: Origin) -> Option<Arc<dyn Listener>> {
        if !self.0.is_heard() {
            return None;
        }
        let listener = TaskListener {
            id: TaskId::next(),
            label: label.clone(),
            item: match origin {
                Origin::Item(place) => Some(place),
                Origin::Submitted | Origin::Adopted => None,
            },
            pool: Arc::clone(&self.0),
            is_pending: AtomicBool::new(true),
            cancelled_at: Mutex::new(None),
        };
        self.0.queue_depth.fetch_add(1, Relaxed);
        listener.hear(&EventKind::Submitted, Instant::now());
        Some(Arc::new(listener))
    }
}

/// Listens to a task.
struct TaskListener {
    id: TaskId,
    label: Label,
    item: Option<usize>,
    pool: Arc<Shared>,
    is_pending: AtomicBool,
    /// When the task was cancelled, until that is told.
    cancelled_at: Mutex<Option<Instant>>,
}

impl TaskListener {
    fn left_queue(&self) {
        if self.is_pending.swap(false, Relaxed) {
            self.pool.queue_depth.fetch_sub(1, Relaxed);
        }
    }
}

impl Listener for TaskListener {
    /// Whoever cancels tells everyone who waits before any user code runs; so a cancellation is
    /// noted here, and told later.
    fn locked(&self, status: Status, _: Option<ThreadId>) {
        if status == Status::Cancelled {
            self.left_queue();
            *self.cancelled_at.lock() = Some(Instant::now());
        }
    }

    fn hear(&self, step: &EventKind, at: Instant) {
        let mut at = at;
        match step {
            EventKind::Cancelled(_) => match self.cancelled_at.lock().take() {
                Some(cancelled_at) => at = cancelled_at,
                None => return,
            },
            EventKind::Refused | EventKind::Started | EventKind::Finished(Ending::Lost) => {
                self.left_queue();
            }
            // The task speaks for its pool: this is about no task, or about another.
            EventKind::Blocked(BlockedOn::AnyOf(_)) | EventKind::Unblocked { .. } => {
                return self.pool.tell(None, at, step.clone());
            }
            _ => {}
        }
        let Self { id, label, item, .. } = self;
        let name = label.name.as_deref();
        let info = TaskInfo { id: *id, name, item: *item, submitted_at: label.submitted_at };
        self.pool.tell(Some(info), at, step.clone());
    }

    fn task_id(&self) -> Option<TaskId> {
        Some(self.id)
    }
}
