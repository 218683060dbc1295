//! Keeps events up to a bound, and counts the rest.
//!
//! Each thread keeps its events on a [`Tape`] of its own, so that recording threads do not contend
//! for one lock. [`Recorder::trace`] merges the tapes.
//!
//! **The bound.** A tape grows by one reel at a time. A reel is counted when it is full or when its
//! thread ends, and the recorder is full when the count reaches the capacity. So at least as many
//! events as the capacity are kept, and at most one begun reel per thread more. The trace ends at
//! the time of the first dropped event, for all threads, so that it has no gaps.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Instant;

use super::trace::{Entry, Task, Thread, Trace};
use crate::kernel::event::EventKind;
use crate::kernel::id::{PoolId, TaskId};
use crate::kernel::staff::Worker;
use crate::observe::event::{Event, Observer, TaskInfo};
use crate::sync::process_wide::{AtomicU64, AtomicUsize, Relaxed};
use crate::sync::{Mutex, RefCell, ThreadId, current_thread, current_thread_name, thread_local};

/// Number of events on a reel; a small recorder has shorter ones.
const LONGEST_REEL: usize = 1024;

/// A reel holds at most one part in `REELS` of the capacity.
const REELS: usize = 16;

thread_local! {
    /// The tapes of this thread, one for each recorder that heard from it.
    static MY_TAPES: RefCell<Vec<MyTape>> = const { RefCell::new(Vec::new()) };
}

/// An [`Observer`] that keeps events, to return them as a [`Trace`].
///
/// It keeps every event until it holds as many as its capacity ([a few more](Self::with_capacity),
/// because threads count in batches). From then on it drops events, and [`Trace::dropped`] says how
/// many. An event takes 64 bytes; a task takes 64 more, and its name. One recorded event costs 100
/// to 130 ns in the thread it comes from, most of it for making the event (`cargo bench --bench
/// recorder` measures both), plus the first use of fresh memory. Threads that record do not wait
/// for each other; they wait while [`trace`](Self::trace) copies their events.
///
/// Give the pool an `Arc` of the recorder, and keep another. Several pools can share one recorder:
/// their events are then in one trace.
///
/// ```
/// use std::sync::Arc;
/// use glasspool::ThreadPoolExecutor;
/// use glasspool::timeline::Recorder;
///
/// let recorder = Arc::new(Recorder::default());
/// let pool = ThreadPoolExecutor::builder().observer(Arc::clone(&recorder)).build()?;
/// pool.submit(|| 2 + 2).into_result()?;
/// assert_eq!(recorder.trace().tasks().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Recorder {
    /// Unique in the process.
    id: u64,
    counter: Arc<Counter>,
    tapes: Mutex<Vec<Arc<Tape>>>,
}

/// Shared by all tapes: the clock, and how many events are counted.
struct Counter {
    began: Instant,
    capacity: usize,
    reel: usize,
    /// Events on full reels, and on reels of threads that have ended.
    counted: AtomicUsize,
    /// Events of threads that got no tape, because the recorder was full already.
    dropped: AtomicU64,
    /// Time of the earliest dropped event of all threads.
    first_dropped: AtomicU64,
}

impl Counter {
    fn is_full(&self) -> bool {
        self.counted.load(Relaxed) >= self.capacity
    }

    fn time_of(&self, event: &Event<'_>) -> u64 {
        self.since(event.at)
    }

    fn since(&self, at: Instant) -> u64 {
        // A `u64` of nanoseconds lasts for more than five hundred years.
        u64::try_from(at.saturating_duration_since(self.began).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// One thread's events.
struct Tape {
    id: ThreadId,
    name: String,
    worker: Option<Worker>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    reels: Vec<Vec<Record>>,
    tasks: Vec<(TaskId, TaskRecord)>,
    dropped: u64,
    /// The last reel is counted: the tape takes no more events.
    closed: bool,
}

struct Record {
    /// Nanoseconds since the recorder was made.
    at: u64,
    pool: PoolId,
    task: Option<TaskId>,
    queue_depth: u32,
    kind: EventKind,
}

struct TaskRecord {
    name: Option<Arc<str>>,
    item: Option<usize>,
    submitted_at: &'static Location<'static>,
}

/// A thread's access to its tape, dropped when the thread ends.
struct MyTape {
    recorder: u64,
    tape: Arc<Tape>,
    counter: Arc<Counter>,
}

impl Drop for MyTape {
    fn drop(&mut self) {
        self.tape.kept.lock().close(&self.counter);
    }
}

impl Recorder {
    /// Capacity of a [default](Self::default) recorder, in events.
    ///
    /// ```
    /// # use glasspool::timeline::Recorder;
    /// assert!(Recorder::DEFAULT_CAPACITY >= 1_000_000);
    /// ```
    pub const DEFAULT_CAPACITY: usize = 1 << 20;

    /// Makes a recorder that keeps this many events; its clock starts now.
    ///
    /// A few more may be kept: each thread can have begun a reel of a sixteenth of the capacity.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use glasspool::ThreadPoolExecutor;
    /// use glasspool::timeline::Recorder;
    ///
    /// let recorder = Arc::new(Recorder::with_capacity(10));
    /// let pool = ThreadPoolExecutor::builder()
    ///     .max_workers(1)
    ///     .observer(Arc::clone(&recorder))
    ///     .build()?;
    /// pool.map(0..100, |n| n).for_each(drop);
    /// let trace = recorder.trace();
    /// assert!(trace.entries().len() >= 10 && trace.dropped() > 0);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn with_capacity(events: usize) -> Self {
        static RECORDERS: AtomicU64 = AtomicU64::new(0);
        let counter = Counter {
            began: Instant::now(),
            capacity: events,
            reel: (events / REELS).clamp(1, LONGEST_REEL),
            counted: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
            first_dropped: AtomicU64::new(u64::MAX),
        };
        Self {
            id: RECORDERS.fetch_add(1, Relaxed),
            counter: Arc::new(counter),
            tapes: Mutex::new(Vec::new()),
        }
    }

    /// Returns a trace of what is kept so far; recording goes on.
    ///
    /// Blocks while it copies. The trace has every kept event that [was told](Observer) before the
    /// call. If events were dropped, the trace ends at the first of them, and later events that
    /// were kept count as dropped.
    ///
    /// ```
    /// # use glasspool::timeline::Recorder;
    /// assert!(Recorder::default().trace().entries().is_empty());
    /// ```
    pub fn trace(&self) -> Trace {
        let now = self.counter.since(Instant::now());
        let tapes = self.tapes.lock().clone();
        let mut trace = Trace { dropped: self.counter.dropped.load(Relaxed), ..Trace::default() };
        let mut sites = HashMap::new();
        for (thread, tape) in tapes.iter().enumerate() {
            trace.threads.push(Thread { name: tape.name.clone(), worker: tape.worker });
            let kept = tape.kept.lock();
            trace.dropped += kept.dropped;
            trace.tasks.extend(kept.tasks.iter().map(|(id, task)| (*id, task.to_task(&mut sites))));
            trace.entries.extend(kept.reels.iter().flatten().map(|record| record.to_entry(thread)));
        }
        let until = self.counter.first_dropped.load(Relaxed);
        let all = trace.entries.len();
        trace.entries.retain(|entry| entry.at < until);
        trace.dropped += (all - trace.entries.len()) as u64;
        trace.entries.retain(|entry| entry.at <= now);
        // The submit of these tasks may lie behind the end of the trace: then the trace must not
        // know the task either, or its file would not read back as the same trace.
        let submits = trace.entries.iter().filter(|entry| entry.kind == EventKind::Submitted);
        let submitted: HashSet<_> = submits.filter_map(|entry| entry.task).collect();
        trace.tasks.retain(|id, _| submitted.contains(id));
        trace.sort();
        trace
    }

    /// Makes a tape for the calling thread; `None` if the recorder is full.
    fn new_tape(&self, worker: Option<Worker>) -> Option<Arc<Tape>> {
        if self.counter.is_full() {
            return None;
        }
        let (id, name) = (current_thread(), current_thread_name().unwrap_or_default());
        let tape = Arc::new(Tape { id, name, worker, kept: Mutex::new(Kept::default()) });
        self.tapes.lock().push(Arc::clone(&tape));
        Some(tape)
    }

    /// Finds the tape of a thread that is ending, whose thread-local is gone already.
    fn tape_of_this_thread(&self) -> Option<Arc<Tape>> {
        let id = current_thread();
        self.tapes.lock().iter().rev().find(|tape| tape.id == id).cloned()
    }

    /// Keeps the first event of a thread.
    fn keep_first(&self, event: &Event<'_>, tapes: &mut Vec<MyTape>) {
        let Some(tape) = self.new_tape(event.worker) else { return self.drop_one(event) };
        tape.kept.lock().keep(event, &self.counter);
        // A tape whose recorder is gone has no other owner left.
        tapes.retain(|mine| Arc::strong_count(&mine.tape) > 1);
        tapes.push(MyTape { recorder: self.id, tape, counter: Arc::clone(&self.counter) });
    }

    /// Keeps an event of a thread that is ending.
    fn keep_last(&self, event: &Event<'_>) {
        let Some(tape) = self.tape_of_this_thread().or_else(|| self.new_tape(event.worker)) else {
            return self.drop_one(event);
        };
        let mut kept = tape.kept.lock();
        kept.keep(event, &self.counter);
        kept.close(&self.counter);
    }

    fn drop_one(&self, event: &Event<'_>) {
        self.counter.first_dropped.fetch_min(self.counter.time_of(event), Relaxed);
        self.counter.dropped.fetch_add(1, Relaxed);
    }
}

/// A recorder with the [default capacity](Recorder::DEFAULT_CAPACITY).
impl Default for Recorder {
    fn default() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }
}

impl Observer for Recorder {
    fn observe(&self, event: &Event<'_>) {
        let kept = MY_TAPES.try_with(|tapes| {
            let mut tapes = tapes.borrow_mut();
            match tapes.iter().find(|mine| mine.recorder == self.id) {
                Some(mine) => mine.tape.kept.lock().keep(event, &self.counter),
                None => self.keep_first(event, &mut tapes),
            }
        });
        if kept.is_err() {
            self.keep_last(event);
        }
    }
}

// No user code runs while a tape is locked, so a panic cannot leave a tape half-written.
impl UnwindSafe for Recorder {}
impl RefUnwindSafe for Recorder {}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("capacity", &self.counter.capacity).finish_non_exhaustive()
    }
}

/// Threads may keep their access to a tape; the memory of its events is freed here.
impl Drop for Recorder {
    fn drop(&mut self) {
        for tape in self.tapes.lock().drain(..) {
            *tape.kept.lock() = Kept::default();
        }
    }
}

impl Kept {
    fn keep(&mut self, event: &Event<'_>, counter: &Counter) {
        if self.closed {
            // `fetch_min` for every dropped event: a cancellation is told later than it happened.
            counter.first_dropped.fetch_min(counter.time_of(event), Relaxed);
            self.dropped += 1;
            return;
        }
        if let (Some(info), EventKind::Submitted) = (&event.task, &event.kind) {
            let task = self.task_of(info);
            self.tasks.push((info.id, task));
        }
        if self.reels.last().is_none_or(|reel| reel.len() == counter.reel) {
            // The first reel grows on demand, because most threads tell few events.
            let room = if self.reels.is_empty() { 0 } else { counter.reel };
            self.reels.push(Vec::with_capacity(room));
        }
        let Some(reel) = self.reels.last_mut() else { return };
        reel.push(Record {
            at: counter.time_of(event),
            pool: event.pool,
            task: event.task.map(|task| task.id),
            queue_depth: u32::try_from(event.queue_depth).unwrap_or(u32::MAX),
            kind: event.kind.clone(),
        });
        if reel.len() == counter.reel {
            counter.counted.fetch_add(counter.reel, Relaxed);
            self.closed = counter.is_full();
        }
    }

    fn task_of(&self, info: &TaskInfo<'_>) -> TaskRecord {
        // Successive tasks mostly have the same name: share it.
        let known = self.tasks.last().and_then(|(_, task)| task.name.as_ref());
        let name = info.name.map(|name| match known {
            Some(known) if **known == *name => Arc::clone(known),
            _ => Arc::from(name),
        });
        TaskRecord { name, item: info.item, submitted_at: info.submitted_at }
    }

    /// Counts the events on the last reel.
    fn close(&mut self, counter: &Counter) {
        let begun = self.reels.last().map_or(0, Vec::len);
        if begun < counter.reel {
            counter.counted.fetch_add(begun, Relaxed);
        }
        self.reels.push(Vec::new());
        self.closed = counter.is_full();
    }
}

impl Record {
    fn to_entry(&self, thread: usize) -> Entry {
        Entry {
            at: self.at,
            thread,
            pool: self.pool,
            task: self.task,
            queue_depth: self.queue_depth as usize,
            kind: self.kind.clone(),
        }
    }
}

impl TaskRecord {
    /// Converts to the public form; tasks of one site share the site's text.
    fn to_task(&self, sites: &mut HashMap<&'static Location<'static>, Arc<str>>) -> Task {
        let site =
            sites.entry(self.submitted_at).or_insert_with_key(|site| site.to_string().into());
        Task { name: self.name.clone(), item: self.item, submitted_at: Arc::clone(site) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documentation of [`Recorder`] states these sizes.
    #[test]
    fn an_event_takes_as_much_memory_as_is_said() {
        assert!(size_of::<Record>() <= 64);
        assert!(size_of::<(TaskId, TaskRecord)>() <= 64);
    }
}
