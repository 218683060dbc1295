//! A recorder keeps what it is told, up to a bound, and counts the rest.
//!
//! Each thread has a [`Tape`] of its own to keep its events on, so threads do not get into each
//! other's way; they are put together when somebody asks for the [trace](Recorder::trace).
//!
//! **The bound.** A tape grows by a reel at a time, and a reel is counted when it is full, or when
//! its thread ends. As long as fewer events are counted than the recorder has capacity for,
//! everything is kept; from then on nothing is. So nothing is dropped below the bound, and above it
//! are at most the reels that were begun. It is the last events that are dropped, and not the
//! first; and where the first was dropped, the trace ends for all threads: so it is a whole story,
//! as far as it goes.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Instant;

use super::trace::{Entry, Task, Thread, Trace};
use crate::kernel::seams::EventKind;
use crate::kernel::seams::{PoolId, TaskId};
use crate::kernel::staff::Worker;
use crate::observe::event::{Event, Observer, TaskInfo};
use crate::sync::process_wide::{AtomicU64, AtomicUsize, Relaxed};
use crate::sync::{Mutex, RefCell, ThreadId, current_thread, current_thread_name, thread_local};

/// A reel has room for so many events, or for less in a small recorder.
const LONGEST_REEL: usize = 1024;

/// The reels that are begun are at most one part in so many of the capacity, each.
const REELS: usize = 16;

thread_local! {
    /// This thread's, of every recorder that it has told anything.
    static MY_TAPES: RefCell<Vec<MyTape>> = const { RefCell::new(Vec::new()) };
}

/// An [`Observer`] that keeps the events it is told of, for a [`Trace`].
///
/// It keeps everything until it has as many events as its capacity, and then, but for [a
/// little](Self::with_capacity), nothing more: [`Trace::dropped`] says how many there were. An
/// event takes 64 bytes, and a task as much again, and its name. To be told of one and to keep it
/// costs 100 to 130 ns in the thread in which it happens, most of which is to be told (`cargo bench
/// --bench recorder` measures both); memory that is used for the first time comes to that. Threads
/// do not wait for each other, but for whoever copies what they have kept into a
/// [trace](Self::trace).
///
/// Give a pool an `Arc` of it, and keep another. Several pools may have the same: then their events
/// are in one trace.
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
    /// Never that of another.
    id: u64,
    counter: Arc<Counter>,
    tapes: Mutex<Vec<Arc<Tape>>>,
}

/// How many events are kept, and how many more may be.
struct Counter {
    began: Instant,
    capacity: usize,
    reel: usize,
    /// Those on reels that are full, or whose thread has ended.
    counted: AtomicUsize,
    /// By threads that have no tape, because it was too late for one.
    dropped: AtomicU64,
    /// When the first one was, by whichever thread.
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
        // Five hundred years at most.
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
    /// The last reel is counted already: nothing more is put on it.
    closed: bool,
}

struct Record {
    /// In nanoseconds since the recorder began.
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

/// A thread's own way to its tape. When it ends, so does the thread.
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
    /// So many events are kept unless one says otherwise.
    ///
    /// ```
    /// # use glasspool::timeline::Recorder;
    /// assert!(Recorder::DEFAULT_CAPACITY >= 1_000_000);
    /// ```
    pub const DEFAULT_CAPACITY: usize = 1 << 20;

    /// A recorder that keeps so many events, and a little more: each thread may have begun another
    /// sixteenth. Its clock begins now.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use glasspool::ThreadPoolExecutor;
    /// use glasspool::timeline::Recorder;
    ///
    /// let recorder = Arc::new(Recorder::with_capacity(10));
    /// let pool = ThreadPoolExecutor::builder().max_workers(1).observer(Arc::clone(&recorder)).build()?;
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

    /// What has been kept so far. It goes on recording. Blocks for as long as it takes to copy
    /// that.
    ///
    /// It goes up to the moment of the call: all that [had been told](Observer) before is in it, if
    /// it was kept. If events were dropped, it goes up to the first of those, and what was kept
    /// behind that counts as dropped.
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
        // What is not in it is not known of either.
        let submits = trace.entries.iter().filter(|entry| entry.kind == EventKind::Submitted);
        let submitted: HashSet<_> = submits.filter_map(|entry| entry.task).collect();
        trace.tasks.retain(|id, _| submitted.contains(id));
        trace.sort();
        trace
    }

    /// A tape for this thread; `None` if it is too late for one.
    fn new_tape(&self, worker: Option<Worker>) -> Option<Arc<Tape>> {
        if self.counter.is_full() {
            return None;
        }
        let (id, name) = (current_thread(), current_thread_name().unwrap_or_default());
        let tape = Arc::new(Tape { id, name, worker, kept: Mutex::new(Kept::default()) });
        self.tapes.lock().push(Arc::clone(&tape));
        Some(tape)
    }

    /// That of a thread which is ending, and has lost its own way to it.
    fn tape_of_this_thread(&self) -> Option<Arc<Tape>> {
        let id = current_thread();
        self.tapes.lock().iter().rev().find(|tape| tape.id == id).cloned()
    }

    /// The first event of a thread.
    fn keep_first(&self, event: &Event<'_>, tapes: &mut Vec<MyTape>) {
        let Some(tape) = self.new_tape(event.worker) else { return self.drop_one(event) };
        tape.kept.lock().keep(event, &self.counter);
        // Of those whose recorder is gone, nobody else has the tape.
        tapes.retain(|mine| Arc::strong_count(&mine.tape) > 1);
        tapes.push(MyTape { recorder: self.id, tape, counter: Arc::clone(&self.counter) });
    }

    /// One of the last events of a thread.
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

/// With the [default capacity](Recorder::DEFAULT_CAPACITY).
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

// No user code runs while a tape is locked, so a panic cannot leave one half-written.
impl UnwindSafe for Recorder {}
impl RefUnwindSafe for Recorder {}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("capacity", &self.counter.capacity).finish_non_exhaustive()
    }
}

/// Threads may keep their way to a tape, but not what was on it.
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
            // Not only of the first: a cancellation is told later than it was.
            counter.first_dropped.fetch_min(counter.time_of(event), Relaxed);
            self.dropped += 1;
            return;
        }
        if let (Some(info), EventKind::Submitted) = (&event.task, &event.kind) {
            let task = self.task_of(info);
            self.tasks.push((info.id, task));
        }
        if self.reels.last().is_none_or(|reel| reel.len() == counter.reel) {
            // The first one grows as it is needed: most threads tell little.
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
        // A name is mostly that of the task before.
        let known = self.tasks.last().and_then(|(_, task)| task.name.as_ref());
        let name = info.name.map(|name| match known {
            Some(known) if **known == *name => Arc::clone(known),
            _ => Arc::from(name),
        });
        TaskRecord { name, item: info.item, submitted_at: info.submitted_at }
    }

    /// Counts what is on the last reel.
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
    /// Many have the same site, and few sites are to be written out.
    fn to_task(&self, sites: &mut HashMap<&'static Location<'static>, Arc<str>>) -> Task {
        let site =
            sites.entry(self.submitted_at).or_insert_with_key(|site| site.to_string().into());
        Task { name: self.name.clone(), item: self.item, submitted_at: Arc::clone(site) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the documentation of [`Recorder`] says of its memory.
    #[test]
    fn an_event_takes_as_much_memory_as_is_said() {
        assert!(size_of::<Record>() <= 64);
        assert!(size_of::<(TaskId, TaskRecord)>() <= 64);
    }
}
