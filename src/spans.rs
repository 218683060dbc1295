//! A span of the `tracing` crate for each task, which carries the context of whoever submitted it.
//!
//! It is an [`Observer`] as any other. A span begins where the task is submitted, so its parent is
//! the span that the submitter is in; it is entered for as long as a thread runs the task, so what
//! the task's code emits is inside it, wherever that runs.
//!
//! **A subscriber that panics harms no task, and no other task's span.** What it does is contained
//! here, so that a span which was entered is left in any case; after its first panic no more spans
//! are begun.

use std::collections::HashMap;
use std::fmt;

use tracing::field::Empty;
use tracing::span::EnteredSpan;
use tracing::{Span, debug, info_span, trace};

use crate::kernel::panics::{catch, discard};
use crate::kernel::seams::EventKind;
use crate::kernel::seams::TaskId;
use crate::kernel::state::Ending;
use crate::observe::event::{Event, Observer, TaskInfo};
use crate::sync::process_wide::{AtomicBool, Relaxed};
use crate::sync::{Mutex, RefCell, thread_local};

thread_local! {
    /// Those that this thread is in, for the tasks that it runs one inside the other.
    static ENTERED: RefCell<Vec<(TaskId, EnteredSpan)>> = const { RefCell::new(Vec::new()) };
}

/// An [`Observer`] that makes a [`tracing`] span of each task.
///
/// *It is there with the feature `tracing`, which is off by default.*
///
/// The span is called `task`, of level `INFO` and target `glasspool`, with the fields `id`, `name`,
/// `item`, `submitted_at` and `pool`, and at its end `outcome`: `returned`, `panicked`, `lost`,
/// `cancelled` or `refused`. What a thread waits for, and what becomes of workers and of the pool,
/// are events of the levels `TRACE` and `DEBUG`.
///
/// ```
/// use glasspool::{Spans, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::builder().observer(Spans::new()).build()?;
/// let request = tracing::info_span!("request", number = 7);
/// let future = request.in_scope(|| {
///     // What this says is inside `task`, and that inside `request`, whichever thread it is.
///     pool.named("look up").submit(|| tracing::info!("found"))
/// });
/// future.into_result()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Spans {
    /// Of those tasks that have not ended.
    tasks: Mutex<HashMap<TaskId, Span>>,
    has_panicked: AtomicBool,
}

impl Spans {
    /// One that has seen nothing yet.
    ///
    /// ```
    /// let observer = glasspool::Spans::new();
    /// # drop(observer);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    fn span_of(&self, task: TaskId) -> Option<Span> {
        self.tasks.lock().get(&task).cloned()
    }

    /// It has come to this. A subscriber runs its own code when the last copy of a span goes, so
    /// that is not under the lock.
    fn end(&self, task: TaskId, outcome: &'static str) {
        let span = self.tasks.lock().remove(&task);
        if let Some(span) = span {
            span.record("outcome", outcome);
        }
    }
}

impl Observer for Spans {
    fn observe(&self, event: &Event<'_>) {
        if let (EventKind::Finished(_), Some(task)) = (&event.kind, event.task) {
            leave(task.id);
        }
        if self.has_panicked.load(Relaxed) {
            return self.forget(event);
        }
        if let Err(payload) = catch(|| self.tell(event)) {
            self.has_panicked.store(true, Relaxed);
            discard(payload);
        }
    }
}

impl Spans {
    /// What it would have ended is dropped, and nothing more said of it.
    fn forget(&self, event: &Event<'_>) {
        if let Some(task) = event.task {
            let span = self.tasks.lock().remove(&task.id);
            discard(span);
        }
    }

    fn tell(&self, event: &Event<'_>) {
        match (&event.kind, &event.task) {
            (EventKind::Submitted, Some(task)) => {
                let span = span_for(task, event);
                self.tasks.lock().insert(task.id, span);
            }
            (EventKind::Started, Some(task)) => {
                if let Some(span) = self.span_of(task.id) {
                    enter(task.id, span);
                }
            }
            (EventKind::Finished(ending), Some(task)) => self.end(task.id, word_for(*ending)),
            (EventKind::Cancelled(_), Some(task)) => self.end(task.id, "cancelled"),
            (EventKind::Refused, Some(task)) => self.end(task.id, "refused"),
            (EventKind::Blocked(on), task) => {
                let task = task.map(|task| tracing::field::display(task.id));
                trace!(target: "glasspool", pool = %event.pool, ?on, task, "blocked");
            }
            (EventKind::Unblocked { by }, _) => {
                trace!(target: "glasspool", pool = %event.pool, by = by.map(tracing::field::display), "unblocked");
            }
            (EventKind::WorkerBorn | EventKind::WorkerIdle | EventKind::WorkerGone, _) => {
                let worker = event.worker.map(|worker| worker.index());
                debug!(target: "glasspool", pool = %event.pool, worker, "{:?}", event.kind);
            }
            (EventKind::Closed(how), _) => {
                debug!(target: "glasspool", pool = %event.pool, ?how, "closed")
            }
            _ => {}
        }
    }
}

fn span_for(task: &TaskInfo<'_>, event: &Event<'_>) -> Span {
    info_span!(
        target: "glasspool",
        "task",
        id = %task.id,
        name = task.name,
        item = task.item,
        submitted_at = %task.submitted_at,
        pool = %event.pool,
        outcome = Empty,
    )
}

fn enter(task: TaskId, span: Span) {
    let entered = span.entered();
    // A thread that is ending is in nothing any more.
    let _ = ENTERED.try_with(|all| all.borrow_mut().push((task, entered)));
}

fn leave(task: TaskId) {
    let left = ENTERED.try_with(|all| {
        let mut all = all.borrow_mut();
        let at = all.iter().rposition(|(entered, _)| *entered == task)?;
        // Those that were entered inside it, and never left, go with it.
        Some(all.split_off(at))
    });
    // Innermost first, and not while the row is borrowed: a subscriber hears of it.
    for entered in left.ok().flatten().into_iter().flatten().rev() {
        discard(entered);
    }
}

fn word_for(ending: Ending) -> &'static str {
    match ending {
        Ending::Returned => "returned",
        Ending::Panicked => "panicked",
        Ending::Lost => "lost",
    }
}

// What a subscriber leaves half-done when it panics is its own.
impl std::panic::UnwindSafe for Spans {}
impl std::panic::RefUnwindSafe for Spans {}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spans").field("tasks", &self.tasks.lock().len()).finish()
    }
}
