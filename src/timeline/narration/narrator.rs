//! Writes the sentences while things happen.
//!
//! One lock is held while a sentence is made and written, so that lines do not mix and have one
//! order. A thread with something to tell waits for the lock.

use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::time::Instant;

use super::Time;
use super::story::{Happened, Story, Subject};
use crate::kernel::event::EventKind;
use crate::kernel::id::PoolId;
use crate::kernel::staff::Worker;
use crate::observe::event::{Event, Observer};
use crate::sync::{Mutex, ThreadId, current_thread, current_thread_name};

/// An [`Observer`] that writes events as they happen, in the words of a
/// [`Narration`](super::Narration).
///
/// The thread of an event writes and flushes its line before it goes on. That slows the pool down,
/// and its threads wait for each other: to measure a pool, use a
/// [`Recorder`](crate::timeline::Recorder). After its writer's first error, a narrator writes no
/// more.
///
/// Do not give it a writer that the pool's own tasks lock while they submit or wait, as they do
/// with standard output while they hold a [`StdoutLock`](std::io::StdoutLock).
///
/// ```
/// use std::io;
/// use glasspool::ThreadPoolExecutor;
/// use glasspool::timeline::Narrator;
///
/// let narrator = Narrator::new(io::stdout());
/// let pool = ThreadPoolExecutor::builder().max_workers(1).observer(narrator).build()?;
/// pool.named("square").map(1..=3, |n| n * n).for_each(drop);
/// # Ok::<(), glasspool::BuildError>(())
/// ```
pub struct Narrator<W> {
    began: Instant,
    state: Mutex<State<W>>,
}

struct State<W> {
    /// `None` after the writer's first error.
    to: Option<W>,
    story: Story,
    /// Number and name of each thread.
    threads: HashMap<ThreadId, (usize, String)>,
    how_many: usize,
    /// The first pool heard of: its workers are named without it.
    pool: Option<PoolId>,
}

impl<W: Write + Send> Narrator<W> {
    /// Makes a narrator that writes to `to`. Times count from now.
    ///
    /// ```
    /// use glasspool::timeline::Narrator;
    ///
    /// let narrator = Narrator::new(Vec::new());
    /// # let _ = narrator;
    /// ```
    pub fn new(to: W) -> Self {
        let (story, threads) = (Story::default(), HashMap::new());
        let state = State { to: Some(to), story, threads, how_many: 0, pool: None };
        Self { began: Instant::now(), state: Mutex::new(state) }
    }
}

impl<W: Write + Send> Observer for Narrator<W> {
    fn observe(&self, event: &Event<'_>) {
        let at = event.at.saturating_duration_since(self.began).as_nanos();
        self.state.lock().tell(u64::try_from(at).unwrap_or(u64::MAX), event);
    }
}

impl<W: Write> State<W> {
    fn tell(&mut self, at: u64, event: &Event<'_>) {
        let Some(to) = &mut self.to else { return };
        let pool = *self.pool.get_or_insert(event.pool);
        let me = current_thread();
        let (thread, who) = self.threads.entry(me).or_insert_with(|| {
            let number = self.how_many;
            self.how_many += 1;
            (number, name_of(number, event.worker, pool))
        });
        let place = event.task.map(|task| task.submitted_at.to_string()).unwrap_or_default();
        let task = event.task.map(|task| Subject {
            id: task.id,
            name: task.to_string(),
            submitted_at: &place,
        });
        let queue_depth = event.queue_depth;
        let happened =
            Happened { at, thread: *thread, who, task, by: None, queue_depth, kind: &event.kind };
        let line = format!("{}  {}\n", Time(at), self.story.tell(&happened));
        if to.write_all(line.as_bytes()).and_then(|()| to.flush()).is_err() {
            self.to = None;
        }
        // A pool with a keep-alive starts ever new threads: forget those that are gone.
        if event.kind == EventKind::WorkerGone {
            self.threads.remove(&me);
        }
    }
}

/// Name of the calling thread.
fn name_of(number: usize, worker: Option<Worker>, narrated: PoolId) -> String {
    match worker {
        Some(worker) if worker.pool() == narrated => format!("worker {}", worker.index()),
        Some(worker) => worker.to_string(),
        None => current_thread_name().unwrap_or_else(|| format!("thread {number}")),
    }
}

impl<W> fmt::Debug for Narrator<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Narrator").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::event::BlockedOn;
    use crate::kernel::id::TaskId;
    use crate::kernel::state::Ending;
    use crate::observe::event::TaskInfo;
    use crate::sync::{Builder, thread_scope};
    use std::io;
    use std::panic::Location;
    use std::time::Duration;

    fn event(at: Instant, worker: Option<usize>, kind: EventKind) -> Event<'static> {
        let submitted_at = Location::caller();
        let task =
            Some(TaskInfo { id: TaskId(3), name: Some("nap\n"), item: Some(1), submitted_at });
        let worker = worker.map(|index| Worker { pool: PoolId(0), index });
        Event { at, pool: PoolId(0), worker, task, queue_depth: 1, kind }
    }

    fn written(narrator: Narrator<Vec<u8>>) -> String {
        String::from_utf8(narrator.state.into_inner().to.unwrap()).unwrap()
    }

    #[test]
    fn the_words_are_those_of_a_narration() {
        let narrator = Narrator::new(Vec::new());
        let at = |micros| narrator.began + Duration::from_micros(micros);
        let tell = |micros, worker, kind| narrator.observe(&event(at(micros), worker, kind));
        thread_scope(|scope| {
            let caller = Builder::new().name("caller".to_owned());
            let waits = || tell(10, None, EventKind::Blocked(BlockedOn::Task));
            caller.spawn_scoped(scope, waits).unwrap().join().unwrap();
        });
        thread_scope(|scope| {
            let works = || {
                tell(1_000, Some(0), EventKind::Started);
                tell(3_500, Some(0), EventKind::Finished(Ending::Panicked));
            };
            Builder::new().spawn_scoped(scope, works).unwrap().join().unwrap();
        });
        assert_eq!(
            written(narrator),
            "       0.010 ms  caller goes to sleep until F3 nap␊[1] ends\n       \
             1.000 ms  worker 0 starts F3 nap␊[1]\n       \
             3.500 ms  worker 0 finishes F3 nap␊[1]: it panicked after 2.50 ms\n"
        );
    }

    #[test]
    fn a_task_that_was_submitted_is_known_when_it_starts() {
        let narrator = Narrator::new(Vec::new());
        let at = narrator.began;
        narrator.observe(&event(at, Some(0), EventKind::Submitted));
        narrator.observe(&event(at + Duration::from_millis(2), Some(0), EventKind::Started));
        let told = written(narrator);
        assert!(
            told.contains("worker 0 submits F3 nap␊[1] (")
                && told.contains("; 1 task is pending\n"),
            "{told}"
        );
        assert!(
            told.ends_with("worker 0 starts F3 nap␊[1], which was pending for 2.00 ms\n"),
            "{told}"
        );
    }

    /// A writer that fails, and panics if it is asked again.
    struct Full(bool);

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            assert!(!self.0, "it has failed before");
            self.0 = true;
            Err(io::Error::other("no room"))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_writer_that_fails_is_told_no_more() {
        let narrator = Narrator::new(Full(false));
        for _ in 0..3 {
            narrator.observe(&event(narrator.began, None, EventKind::WorkerIdle));
        }
        assert!(narrator.state.into_inner().to.is_none());
    }
}
