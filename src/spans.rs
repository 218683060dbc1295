//! A span of the `tracing` crate for each task, with the submitter's context.
//!
//! [`Spans`] is an [`Observer`]. A span begins where the task is submitted, so its parent is the
//! submitter's current span. The thread that runs the task enters the span, so what the task emits
//! is inside it.
//!
//! **A subscriber that panics harms no task and no other span.** The panic is caught here, an
//! entered span is left in any case, and after the first panic no more spans are made.

use std::collections::HashMap;
use std::fmt;

use tracing::field::Empty;
use tracing::span::EnteredSpan;
use tracing::{Span, debug, info_span, trace};

use crate::kernel::event::EventKind;
use crate::kernel::id::TaskId;
use crate::kernel::panics::{catch, discard};
use crate::kernel::state::Ending;
use crate::observe::event::{Event, Observer, TaskInfo};
use crate::sync::process_wide::{AtomicBool, Relaxed};
use crate::sync::{Mutex, RefCell, thread_local};

thread_local! {
    /// The spans that this thread is in; several if a task runs inside another.
    static ENTERED: RefCell<Vec<(TaskId, EnteredSpan)>> = const { RefCell::new(Vec::new()) };
}

/// An [`Observer`] that makes a [`tracing`] span for each task.
///
/// *It exists with the feature `tracing`, which is off by default.*
///
/// The span is named `task`, at level `INFO` with the target `glasspool`. Its fields are `id`,
/// `name`, `item`, `submitted_at` and `pool`, and when the task ends `outcome`: `returned`,
/// `panicked`, `lost`, `cancelled` or `refused`. What a thread waits for is an event at level
/// `TRACE`; what happens to workers and the pool, at level `DEBUG`.
///
/// ```
/// use glasspool::{Spans, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::builder().observer(Spans::new()).build()?;
/// let request = tracing::info_span!("request", number = 7);
/// let future = request.in_scope(|| {
///     // This event is inside the span `task`, which is inside `request`, on any thread.
///     pool.named("look up").submit(|| tracing::info!("found"))
/// });
/// future.into_result()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Spans {
    /// Spans of the tasks that have not ended.
    tasks: Mutex<HashMap<TaskId, Span>>,
    has_panicked: AtomicBool,
}

impl Spans {
    /// Makes an observer without any spans.
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

    /// Records a task's outcome and drops its span.
    ///
    /// The span is dropped without the lock, because a subscriber runs its own code when the last
    /// copy of a span goes.
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
    /// Drops a task's span without telling the subscriber its outcome.
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
            // A blocked thread is in its span already, so an event suffices.
            (EventKind::Blocked(on), task) => {
                let task = task.map(|task| tracing::field::display(task.id));
                trace!(target: "glasspool", pool = %event.pool, ?on, task, "blocked");
            }
            (EventKind::Unblocked { by }, _) => {
                let by = by.map(tracing::field::display);
                trace!(target: "glasspool", pool = %event.pool, by, "unblocked");
            }
            (EventKind::WorkerBorn | EventKind::WorkerIdle | EventKind::WorkerGone, _) => {
                let worker = event.worker.map(|worker| worker.index());
                debug!(target: "glasspool", pool = %event.pool, worker, "{:?}", event.kind);
            }
            (EventKind::Closed(how), _) => {
                debug!(target: "glasspool", pool = %event.pool, ?how, "closed");
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
    // A thread that is ending has lost its list; its spans were left when the list was dropped.
    let _ = ENTERED.try_with(|all| all.borrow_mut().push((task, entered)));
}

fn leave(task: TaskId) {
    let left = ENTERED.try_with(|all| {
        let mut all = all.borrow_mut();
        let at = all.iter().rposition(|(entered, _)| *entered == task)?;
        // Spans that were entered inside this one and not left are left with it.
        Some(all.split_off(at))
    });
    // Innermost first, and after the borrow: leaving a span runs the subscriber's code.
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

// A subscriber that panics is responsible for its own half-finished state.
impl std::panic::UnwindSafe for Spans {}
impl std::panic::RefUnwindSafe for Spans {}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spans").field("tasks", &self.tasks.lock().len()).finish()
    }
}
