//! The words in which the tests are written.

use std::any::type_name;
use std::convert::Infallible;
use std::fmt::Debug;
use std::io::Write;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::process::{self, Command};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use glasspool::{
    BufferedMap, Builder, Future, TaskError, ThreadPoolExecutor, set_unobserved_panic_hook, task,
};

/// How long a test may take before it counts as hanging: far longer than the slowest takes on a
/// machine that is busy.
const LIMIT: Duration = Duration::from_secs(60);

/// Longer than a prompt answer takes, even on a very busy machine.
pub(crate) const PROMPT: Duration = Duration::from_secs(20);

/// A timeout that no test lives to see.
pub(crate) const LONG: Duration = Duration::from_secs(1000);

/// Half of all the addresses there are: no system gives a thread so large a stack.
pub(crate) const NO_SUCH_STACK: usize = usize::MAX / 2;

/// Ends the process, naming this place, if the guard lives too long: then the test hangs.
#[must_use]
#[track_caller]
pub(crate) fn limit() -> Limit {
    limit_of(format!("the test at {}", Location::caller()))
}

/// As [`limit`], for one step of a test.
#[must_use]
pub(crate) fn limit_of(step: String) -> Limit {
    let (alive, ended) = mpsc::channel::<Infallible>();
    thread::spawn(move || {
        if ended.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            // Not by `eprintln!`: what it prints in a test is kept until the test has failed.
            let _ = writeln!(io::stderr(), "{step} hangs: it has not ended within {LIMIT:?}");
            process::exit(101);
        }
    });
    Limit(alive)
}

/// A test has not ended yet. It is the first of the test's variables, so it is dropped last.
pub(crate) struct Limit(
    #[expect(dead_code, reason = "its drop is the message")] Sender<Infallible>,
);

/// The path of the test whose body this is, as libtest prints it. (The thread's name would do, but
/// for `--test-threads=1`.)
fn name_of<F>() -> &'static str {
    let path = type_name::<F>().split("::{{closure}}").next().unwrap();
    path.split_once("::").unwrap().1
}

/// Runs the body in a process of its own, for what belongs to a whole process; returns what it
/// wrote to stderr.
pub(crate) fn alone<F: FnOnce() + Send + 'static>(body: F) -> String {
    alone_as(Command::new(env::current_exe().unwrap()), body)
}

/// As [`alone`], in a process that may have so many bytes of address space.
#[cfg(target_os = "linux")]
pub(crate) fn alone_in<F: FnOnce() + Send + 'static>(bytes: usize, body: F) -> String {
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!(r#"ulimit -v {} && exec "$0" "$@""#, bytes / 1024)]);
    limited.arg(env::current_exe().unwrap());
    alone_as(limited, body)
}

fn alone_as<F: FnOnce() + Send + 'static>(mut process: Command, body: F) -> String {
    const MARK: &str = "GLASSPOOL_SPEC_ALONE";
    // Not zero, with which libtest ends too if it has found no test to run.
    const PASSED: i32 = 42;
    let test = name_of::<F>();
    if env::var(MARK).is_ok_and(|marked| marked == test) {
        let _limit = limit();
        body();
        process::exit(PASSED);
    }
    let output = process.args(["--exact", test, "--nocapture"]).env(MARK, test).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(PASSED), "{test}, alone: {}\n{said}", output.status);
    said
}

/// Waits until it holds, or fails.
#[track_caller]
pub(crate) fn eventually(holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LIMIT / 2, "it did not come to hold");
        thread::sleep(Duration::from_micros(200));
    }
}

/// A place that nobody passes until it is opened.
///
/// It opens when it is dropped, so that a failing test fails, and does not hang in the drop of its
/// pool: make the pool first, the gate second.
pub(crate) struct Gate(Arc<Way>);

/// The way through a gate, for those behind it.
pub(crate) struct Way {
    crowd: Mutex<Crowd>,
    changed: Condvar,
}

struct Crowd {
    come: usize,
    open: bool,
}

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(Arc::new(Way {
            crowd: Mutex::new(Crowd { come: 0, open: false }),
            changed: Condvar::new(),
        }))
    }

    pub(crate) fn way(&self) -> Arc<Way> {
        Arc::clone(&self.0)
    }

    /// The work, behind this gate.
    pub(crate) fn then<F: FnOnce() -> T, T>(&self, work: F) -> impl FnOnce() -> T + use<F, T> {
        let way = self.way();
        move || {
            way.pass();
            work()
        }
    }

    /// Waits until so many have come to the gate.
    pub(crate) fn wait_for(&self, come: usize) {
        let crowd = self.0.crowd.lock().unwrap();
        drop(self.0.changed.wait_while(crowd, |crowd| crowd.come < come).unwrap());
    }

    pub(crate) fn open(&self) {
        self.0.crowd.lock().unwrap().open = true;
        self.0.changed.notify_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

impl Way {
    pub(crate) fn pass(&self) {
        let mut crowd = self.crowd.lock().unwrap();
        crowd.come += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(crowd, |crowd| !crowd.open).unwrap());
    }
}

/// Counts the drops of what it has [made](Drops::one).
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<AtomicUsize>);

/// Something whose drop is counted.
pub(crate) struct Counted(Drops);

impl Drops {
    pub(crate) fn one(&self) -> Counted {
        Counted(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }

    /// The work, with something captured beside it whose drop is counted.
    pub(crate) fn with<F: FnOnce() -> T, T>(&self, work: F) -> impl FnOnce() -> T + use<F, T> {
        let captured = self.one();
        move || {
            let _captured = &captured;
            work()
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, SeqCst);
    }
}

/// Something that panics when it is dropped.
pub(crate) struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        assert!(thread::panicking(), "the drop panics");
    }
}

/// As that, also while a panic is going past: two of them dropped in one go end the process.
pub(crate) struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the bomb goes off");
    }
}

/// How often something was done.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<AtomicUsize>);

impl Tally {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, SeqCst);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

pub(crate) fn pool(max_workers: usize) -> ThreadPoolExecutor {
    ThreadPoolExecutor::new(max_workers).unwrap()
}

/// A pool whose only worker stands at a gate, so that whatever is submitted to it is pending.
pub(crate) fn held_pool() -> (ThreadPoolExecutor, Gate) {
    let pool = pool(1);
    let gate = hold(&pool);
    (pool, gate)
}

/// Has all workers of a pool stand at a gate.
pub(crate) fn hold(pool: &ThreadPoolExecutor) -> Gate {
    let gate = Gate::closed();
    (0..pool.max_workers()).for_each(|_| drop(pool.submit(gate.then(|| ()))));
    gate.wait_for(pool.max_workers());
    gate
}

/// Fills a bounded queue, and returns the futures of the tasks in it.
pub(crate) fn fill(pool: &ThreadPoolExecutor) -> Vec<Future<()>> {
    std::iter::from_fn(|| pool.try_submit(|| ()).ok()).collect()
}

/// A pool that was broken by its initializer.
pub(crate) fn broken_pool() -> ThreadPoolExecutor {
    let pool = ThreadPoolExecutor::builder().max_workers(1).initializer(|| panic!("no database"));
    let pool = pool.build().unwrap();
    assert!(pool.submit(|| ()).result().is_err());
    pool
}

/// Whether the pool says so of itself, as in `workers: 3`.
pub(crate) fn shows(pool: &ThreadPoolExecutor, fact: &str) -> bool {
    format!("{pool:?}").contains(fact)
}

/// What came of a task, in words.
pub(crate) fn words<T: Debug>(outcome: Result<T, TaskError>) -> String {
    outcome.map_or_else(|error| error.to_string(), |value| format!("{value:?}"))
}

/// The state that a future prints.
pub(crate) fn state<T>(future: impl Deref<Target = Future<T>>) -> String {
    let text = future.to_string();
    let (_, state) = text.split_once("state=").unwrap();
    state.strip_suffix('>').unwrap().to_owned()
}

/// The text of the panic that comes out of this.
pub(crate) fn panic_of<T>(it: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(it)) else { panic!("it does not panic") };
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}

pub(crate) fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

/// How many threads of this process have a name that begins so.
#[cfg(target_os = "linux")]
pub(crate) fn threads_named(prefix: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    // A thread may end while we look: then it has no name to read.
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with(prefix)).count()
}

/// By how much this process grows while it does this fifty thousand times. For those who are
/// [`alone`].
#[cfg(target_os = "linux")]
pub(crate) fn kib_grown(it: impl Fn()) -> usize {
    let resident = || -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    it();
    let before = resident();
    (0..50_000).for_each(|_| it());
    resident().saturating_sub(before)
}

/// Runs `body` while one future ends every millisecond, of so many that they outlast it; gives it
/// the futures, none of which has ended. A time limit that began anew with each end would never
/// be reached; how long a millisecond is in truth decides nothing.
pub(crate) fn while_futures_trickle<T>(body: impl FnOnce(Vec<Future<usize>>) -> T) -> T {
    let (tasks, futures): (Vec<_>, Vec<_>) = (0..10_000).map(|n| task(move || n)).unzip();
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        threads.spawn(|| {
            for task in tasks.into_iter().take_while(|_| !over.load(SeqCst)) {
                task.run();
                thread::sleep(Duration::from_millis(1));
            }
        });
        let result = body(futures);
        over.store(true, SeqCst);
        result
    })
}

/// The outcomes of so many tasks that all run at the same time.
pub(crate) fn at_once<T: Send + 'static>(
    pool: &ThreadPoolExecutor,
    tasks: usize,
    found: fn() -> T,
) -> Vec<T> {
    let barrier = Arc::new(Barrier::new(tasks));
    let meet = |_| {
        let barrier = Arc::clone(&barrier);
        pool.submit(move || {
            barrier.wait();
            found()
        })
    };
    let futures: Vec<_> = (0..tasks).map(meet).collect();
    futures.into_iter().map(|future| future.into_result().unwrap()).collect()
}

/// A pool with room for so many pending tasks, whose only worker stands at a gate.
pub(crate) fn held_with_room_for(tasks: usize) -> (ThreadPoolExecutor, Gate) {
    let pool = ThreadPoolExecutor::builder().max_workers(1).queue_capacity(tasks).build().unwrap();
    let gate = hold(&pool);
    (pool, gate)
}

/// A pool whose only worker breaks it when the gate is opened.
pub(crate) fn about_to_break() -> (ThreadPoolExecutor, Gate) {
    breaks_at_a_gate(ThreadPoolExecutor::builder())
}

pub(crate) fn breaks_at_a_gate(builder: Builder) -> (ThreadPoolExecutor, Gate) {
    let gate = Gate::closed();
    let way = gate.way();
    let breaking = builder.max_workers(1).initializer(move || {
        way.pass();
        panic!("no database");
    });
    (breaking.build().unwrap(), gate)
}

/// The messages of unobserved panics from now on. The hook belongs to the whole process.
pub(crate) fn listen() -> Receiver<String> {
    let (tell, heard) = mpsc::channel();
    set_unobserved_panic_hook(Some(Box::new(move |panic| {
        tell.send(panic.message().to_owned()).unwrap();
    })));
    heard
}

/// Items that count from zero to this, and how many of them have been taken.
pub(crate) fn counted(items: usize) -> (impl Iterator<Item = usize>, Tally) {
    let taken = Tally::default();
    let count = taken.clone();
    ((0..items).inspect(move |_| count.add()), taken)
}

/// Gates, and a function for a map in which each of the first items passes one of them.
pub(crate) fn gated(gates: usize) -> (Vec<Gate>, impl Fn(usize) -> usize + Send + Sync + 'static) {
    let gates: Vec<_> = (0..gates).map(|_| Gate::closed()).collect();
    let ways: Vec<_> = gates.iter().map(Gate::way).collect();
    let function = move |item: usize| {
        if let Some(way) = ways.get(item) {
            way.pass();
        }
        item
    };
    (gates, function)
}

/// Something that can be copied, but is not without its being noticed.
pub(crate) struct CountsClones(pub(crate) Tally);

impl Clone for CountsClones {
    fn clone(&self) -> Self {
        self.0.add();
        Self(self.0.clone())
    }
}

/// The results of a map in the order of the items, or in the order of their ends.
pub(crate) fn ordered<I: Iterator, T>(map: BufferedMap<I, T>, in_order: bool) -> BufferedMap<I, T> {
    if in_order { map } else { map.unordered() }
}
