//! What was recorded: every event, by its time, with the threads and tasks that they are about.
//!
//! It is made by a [`Recorder`](super::Recorder), or [read](super::file) from a file; every view is
//! drawn from it. Times are nanoseconds from when the recorder was made. It knows nothing of what
//! can be seen in it: that is put together in [`run`](super::run).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::fmt;
use std::sync::Arc;

use crate::kernel::seams::EventKind;
use crate::kernel::seams::{PoolId, TaskId};
use crate::kernel::staff::Worker;

/// A recorded run: what a [`Recorder`](super::Recorder) has kept, or what a file has.
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
    /// By their numbers.
    pub(super) threads: Vec<Thread>,
    pub(super) tasks: BTreeMap<TaskId, Task>,
    /// By their time.
    pub(super) entries: Vec<Entry>,
    pub(super) dropped: u64,
    /// The file that it is from breaks off.
    pub(super) breaks_off: bool,
}

/// A thread in which something has happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Thread {
    /// Empty if it has none.
    pub name: String,
    /// Which worker it is; `None` if it is none.
    pub worker: Option<Worker>,
}

/// A task, as it was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Task {
    /// The name that it was given.
    pub name: Option<Arc<str>>,
    /// If it is one of a map's: its place among them, from 0.
    pub item: Option<usize>,
    /// Where it was submitted: file, line and column.
    pub submitted_at: Arc<str>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// When, in nanoseconds since the recorder was made.
    pub at: u64,
    /// In which of the [threads](Trace::threads).
    pub thread: usize,
    /// In which pool.
    pub pool: PoolId,
    /// About which task.
    pub task: Option<TaskId>,
    /// How many tasks of that pool were pending.
    pub queue_depth: usize,
    /// What has happened.
    pub kind: EventKind,
}

impl Trace {
    /// The same under this title, which its pictures bear.
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

    /// What it was called, if anything.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Those in which anything has happened, by their numbers.
    pub fn threads(&self) -> &[Thread] {
        &self.threads
    }

    /// Those whose submit was recorded, in the order in which they were numbered.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = (TaskId, &Task)> {
        self.tasks.iter().map(|(&id, task)| (id, task))
    }

    /// All that has happened, by its time.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many events there was no room for. They are the last ones of their threads.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether the file that it was read from breaks off before its end.
    pub fn breaks_off(&self) -> bool {
        self.breaks_off
    }

    /// What is missing from it, in words; `None` if nothing is.
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

    /// Puts the events in order. Those of one thread that are at the same time stay in theirs; of
    /// two threads', the one that may have been the other's cause comes first.
    pub(super) fn sort(&mut self) {
        self.entries.sort_by_key(|entry| entry.at);
        for same_time in self.entries.chunk_by_mut(|one, next| one.at == next.at) {
            if same_time.iter().any(|entry| entry.thread != same_time[0].thread) {
                interleave(same_time);
            }
        }
    }

    /// `F3 loiter[3]`, or as much of that as is known.
    pub(super) fn name_of(&self, id: TaskId) -> TaskName<'_> {
        TaskName { id, task: self.tasks.get(&id) }
    }
}

/// Takes one after the other what of some thread comes next, and is of the lowest rank of those.
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

/// A task by its number and name.
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
    /// A task's life in its order; what follows from an event comes behind it.
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
