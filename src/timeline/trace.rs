//! A recorded run: every event in order of time, with the threads and tasks that it is about.
//!
//! A [`Recorder`](super::Recorder) makes a trace, or it is [read](super::file) from a file. Times
//! are nanoseconds since the recorder was made. What the events add up to is worked out in
//! [`run`](super::run).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::fmt;
use std::sync::Arc;

use crate::kernel::event::EventKind;
use crate::kernel::id::{PoolId, TaskId};
use crate::kernel::staff::Worker;

/// A recorded run, from a [`Recorder`](super::Recorder) or from a file.
///
/// ```
/// use std::sync::Arc;
/// use glasspool::ThreadPoolExecutor;
/// use glasspool::timeline::{Recorder, Trace};
///
/// let recorder = Arc::new(Recorder::default());
/// let pool = ThreadPoolExecutor::builder().observer(Arc::clone(&recorder)).build()?;
/// pool.named("square").map(1..=3, |n| n * n).for_each(drop);
/// drop(pool);
///
/// let trace = recorder.trace().with_title("squares");
/// assert_eq!(trace.tasks().count(), 3);
/// let mut file = Vec::new();
/// trace.write(&mut file)?;
/// assert_eq!(Trace::read(&*file)?, trace);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    pub(super) title: String,
    /// Ordered by their numbers.
    pub(super) threads: Vec<Thread>,
    pub(super) tasks: BTreeMap<TaskId, Task>,
    /// Ordered by time.
    pub(super) entries: Vec<Entry>,
    pub(super) dropped: u64,
    /// Whether the file that the trace was read from is cut short.
    pub(super) breaks_off: bool,
}

/// A thread that at least one event is from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Thread {
    /// The thread's name; empty if it has none.
    pub name: String,
    /// Which worker the thread is; `None` for any other thread.
    pub worker: Option<Worker>,
}

/// A task as it was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Task {
    /// The task's name, if it was given one.
    pub name: Option<Arc<str>>,
    /// For a task of a `map`: the index of its item, from 0.
    pub item: Option<usize>,
    /// Where the task was submitted: file, line and column.
    pub submitted_at: Arc<str>,
}

/// One recorded event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Time of the event, in nanoseconds since the recorder was made.
    pub at: u64,
    /// Index of the event's thread in [`Trace::threads`].
    pub thread: usize,
    /// The pool that the event is about.
    pub pool: PoolId,
    /// The task that the event is about, if any.
    pub task: Option<TaskId>,
    /// Number of pending tasks of that pool.
    pub queue_depth: usize,
    /// What happened.
    pub kind: EventKind,
}

impl Trace {
    /// Returns this trace with a title, which the views show.
    ///
    /// ```
    /// # use glasspool::timeline::Recorder;
    /// let trace = Recorder::default().trace().with_title("nothing at all");
    /// assert_eq!(trace.title(), "nothing at all");
    /// ```
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Returns the title; empty if there is none.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Returns the threads that events are from, ordered by their numbers.
    pub fn threads(&self) -> &[Thread] {
        &self.threads
    }

    /// Returns the tasks whose submit was recorded, ordered by their ids.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = (TaskId, &Task)> {
        self.tasks.iter().map(|(&id, task)| (id, task))
    }

    /// Returns all events, ordered by time.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns how many events did not fit in the recorder.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns `true` if the trace was read from a file that is cut short.
    pub fn breaks_off(&self) -> bool {
        self.breaks_off
    }

    /// Describes what is missing from the trace; `None` if it is complete.
    pub(super) fn missing(&self) -> Option<String> {
        let dropped = match self.dropped {
            0 => None,
            1 => Some("1 event dropped: the recorder was full".to_owned()),
            many => Some(format!("{many} events dropped: the recorder was full")),
        };
        let breaks_off = self.breaks_off.then(|| "the file breaks off before its end".to_owned());
        match (dropped, breaks_off) {
            (Some(dropped), Some(breaks_off)) => Some(format!("{dropped}; {breaks_off}")),
            (one, other) => one.or(other),
        }
    }

    /// Sorts the events by time.
    ///
    /// Events of one thread at the same time keep their order. Between threads, a possible cause
    /// comes before its effect: see [`EventKind::rank`].
    pub(super) fn sort(&mut self) {
        self.entries.sort_by_key(|entry| entry.at);
        for same_time in self.entries.chunk_by_mut(|one, next| one.at == next.at) {
            if same_time.iter().any(|entry| entry.thread != same_time[0].thread) {
                interleave(same_time);
            }
        }
    }

    /// A task's id and name as far as they are known: `F3 loiter[3]`.
    pub(super) fn name_of(&self, id: TaskId) -> TaskName<'_> {
        TaskName { id, task: self.tasks.get(&id) }
    }
}

/// Merges events that have the same time: repeatedly takes the event of lowest rank among the next
/// events of all threads.
fn interleave(entries: &mut [Entry]) {
    let mut threads: BTreeMap<usize, VecDeque<Entry>> = BTreeMap::new();
    for entry in &*entries {
        threads.entry(entry.thread).or_default().push_back(entry.clone());
    }
    let next_of =
        |rest: &VecDeque<Entry>, thread: usize| Some(Reverse((rest.front()?.kind.rank(), thread)));
    let mut next: BinaryHeap<_> =
        threads.iter().filter_map(|(&thread, rest)| next_of(rest, thread)).collect();
    for place in entries {
        let Some(Reverse((_, thread))) = next.pop() else { return };
        let Some(rest) = threads.get_mut(&thread) else { return };
        if let Some(entry) = rest.pop_front() {
            *place = entry;
        }
        next.extend(next_of(rest, thread));
    }
}

/// Displays a task by its id and name.
#[derive(Clone, Copy, Debug)]
pub(super) struct TaskName<'a> {
    pub(super) id: TaskId,
    pub(super) task: Option<&'a Task>,
}

impl fmt::Display for TaskName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        match self.task {
            Some(Task { name: Some(name), item: Some(item), .. }) => write!(f, " {name}[{item}]"),
            Some(Task { name: Some(name), item: None, .. }) => write!(f, " {name}"),
            Some(Task { name: None, item: Some(item), .. }) => write!(f, " [{item}]"),
            _ => Ok(()),
        }
    }
}

impl EventKind {
    /// Position in a task's life; an effect has a higher rank than its cause.
    fn rank(&self) -> u8 {
        match self {
            Self::WorkerBorn => 0,
            Self::Submitted => 1,
            Self::Refused => 2,
            Self::Started => 3,
            Self::CallbackBegan => 4,
            Self::CallbackEnded => 5,
            Self::Finished(_) | Self::Cancelled(_) => 6,
            Self::Blocked(_) => 7,
            Self::Unblocked { .. } => 8,
            Self::Collected => 9,
            Self::Closed(_) => 10,
            Self::WorkerIdle => 11,
            Self::WorkerGone => 12,
        }
    }
}
