//! Graphs of tasks that wait for each other, drawn at random.
//!
//! `GRAPHS=100000` draws as many; without it, few enough are drawn to hold up no other test.

use std::collections::BTreeSet;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use glasspool::{
    Future, NestedWait, ReturnWhen, Shutdown, Submitter, TaskError, ThreadPoolExecutor,
    as_completed, wait,
};

use crate::nesting::there;
use crate::support::{LONG, limit_of, panic_of};

/// Numbers that look like chance, and are the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 40).unwrap() % end
    }

    fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn shuffled(&mut self, len: usize) -> Vec<usize> {
        let mut all: Vec<_> = (0..len).collect();
        for at in (1..len).rev() {
            all.swap(at, self.below(at + 1));
        }
        all
    }
}

/// How a task waits for those that it depends on.
#[derive(Clone, Copy, Debug)]
enum How {
    Result,
    /// For a moment first, and then for as long as it takes.
    Briefly,
    /// With a deadline that is not reached, in graphs that end.
    WithDeadline,
    All,
    FirstThenEach,
    AsCompleted,
}

#[derive(Debug)]
struct Node {
    waits_for: Vec<usize>,
    how: How,
    pool: usize,
    pause: usize,
}

#[derive(Debug)]
struct Kind {
    workers: usize,
    policy: NestedWait,
}

#[derive(Debug)]
struct Graph {
    nodes: Vec<Node>,
    pools: Vec<Kind>,
    submitted: Vec<usize>,
    /// Whether they are submitted by a task.
    inside: bool,
}

impl Graph {
    fn drawn(chance: &mut Chance) -> Self {
        let mut pools = Vec::new();
        for _ in 0..=chance.below(2) {
            let policy = if chance.one_in(3) { NestedWait::Block } else { NestedWait::RunInline };
            pools.push(Kind { workers: 1 + chance.below(4), policy });
        }
        let len = 2 + chance.below(11);
        let (rank, density) = (chance.shuffled(len), 1 + chance.below(4));
        let forwards = chance.one_in(2);
        let mut nodes = Vec::new();
        for me in 0..len {
            let mut waits_for = BTreeSet::new();
            for _ in 0..chance.below(density + 1) {
                let other = chance.below(len);
                if !forwards || rank[other] < rank[me] {
                    waits_for.insert(other);
                }
            }
            let mut waits_for: Vec<_> = waits_for.into_iter().collect();
            if chance.one_in(2) {
                waits_for.reverse();
            }
            let how = match chance.below(9) {
                0 => How::All,
                1 => How::FirstThenEach,
                2 => How::AsCompleted,
                3 => How::Briefly,
                4 => How::WithDeadline,
                _ => How::Result,
            };
            let (pool, pause) = (chance.below(pools.len()), chance.below(12));
            nodes.push(Node { waits_for, how, pool, pause });
        }
        Self { nodes, pools, submitted: chance.shuffled(len), inside: chance.one_in(4) }
    }

    /// The value of each task, or `None` if it never ends.
    fn values(&self) -> Vec<Option<u64>> {
        let mut values = vec![None; self.nodes.len()];
        for _ in &self.nodes {
            for (me, node) in self.nodes.iter().enumerate() {
                let others = node.waits_for.iter().map(|other| values[*other]);
                values[me] = others.sum::<Option<u64>>().map(|sum| sum + 1);
            }
        }
        values
    }

    fn is_edge(&self, from: usize, to: usize) -> bool {
        self.nodes[from].waits_for.contains(&to)
    }

    /// Whether enough tasks of this pool wait to leave no worker for another.
    fn may_starve(&self, pool: usize) -> bool {
        let waiting =
            self.nodes.iter().filter(|node| node.pool == pool && !node.waits_for.is_empty());
        self.pools[pool].policy == NestedWait::Block && waiting.count() >= self.pools[pool].workers
    }

    fn all_inline(&self) -> bool {
        self.pools.iter().all(|kind| kind.policy == NestedWait::RunInline)
    }
}

/// A graph while it is run.
struct Run {
    graph: Graph,
    endless: bool,
    futures: Vec<OnceLock<Future<Option<u64>>>>,
    /// The tasks that were told that a wait would never end, and the text.
    told: Mutex<Vec<(usize, String)>>,
}

impl Run {
    fn tell(&self, me: usize, text: String) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push((me, text));
    }

    fn outcome(&self, me: usize, outcome: Result<&Option<u64>, TaskError>) -> Option<u64> {
        match outcome {
            Ok(value) => *value,
            Err(error @ TaskError::Deadlock(_)) => {
                self.tell(me, error.to_string());
                None
            }
            Err(error) => panic!("task {me} got: {error}"),
        }
    }

    fn ask(&self, me: usize, other: usize) -> Option<u64> {
        self.outcome(me, there(&self.futures[other]).result())
    }

    /// A wait that panics in a deadlock, because it has no error to return.
    fn unless_endless(&self, me: usize, wait: impl FnOnce()) -> Option<()> {
        let endless = catch_unwind(AssertUnwindSafe(wait)).err()?;
        self.tell(me, *endless.downcast::<String>().unwrap());
        None::<()>
    }

    fn each(&self, me: usize) -> Option<u64> {
        let others = &self.graph.nodes[me].waits_for;
        let values: Vec<_> = others.iter().map(|other| self.ask(me, *other)).collect();
        values.into_iter().sum()
    }

    fn work(&self, me: usize) -> Option<u64> {
        let node = &self.graph.nodes[me];
        match node.pause {
            0..4 => thread::yield_now(),
            4 => thread::sleep(Duration::from_micros(20)),
            _ => {}
        }
        let others = || node.waits_for.iter().map(|other| there(&self.futures[*other]));
        match node.how {
            How::Briefly => {
                others().for_each(|other| drop(other.result_timeout(Duration::from_micros(300))));
            }
            How::WithDeadline if !self.endless && self.graph.all_inline() => {
                others().for_each(|other| {
                    self.outcome(me, other.result_timeout(LONG).unwrap());
                });
            }
            How::All => {
                self.unless_endless(me, || drop(wait(others(), None, ReturnWhen::AllCompleted)));
            }
            How::FirstThenEach => {
                self.unless_endless(me, || drop(wait(others(), None, ReturnWhen::FirstCompleted)));
            }
            How::AsCompleted => {
                self.unless_endless(me, || assert!(as_completed(others()).all(Future::done)));
            }
            _ => {}
        }
        self.each(me).map(|sum| sum + 1)
    }

    fn submit(self: &Arc<Self>, pools: &[Submitter]) {
        for &me in &self.graph.submitted {
            let run = Arc::clone(self);
            let future =
                pools[self.graph.nodes[me].pool].named(me.to_string()).submit(move || run.work(me));
            assert!(self.futures[me].set(future).is_ok());
        }
    }
}

/// The tasks of a chain that was told, in its order, and the pool that lacks a worker.
struct Told {
    tasks: Vec<usize>,
    wants: Option<String>,
}

impl Told {
    fn read(text: &str) -> Self {
        let told = text.strip_prefix("deadlock: ").unwrap();
        let names = told.split("task '").skip(1);
        let mut tasks: Vec<_> =
            names.map(|rest| rest.split_once('\'').unwrap().0.parse().unwrap()).collect();
        let wants = told
            .split_once("waits for a worker of ")
            .map(|(_, rest)| rest.strip_suffix(", and all of these wait").unwrap().to_owned());
        if told.ends_with("waits for itself") {
            tasks.push(tasks[0]);
        } else {
            let running = tasks.len() - 1;
            assert_eq!(told.matches(", run by worker ").count(), running, "{text}");
            assert_eq!(told.matches(file!()).count(), tasks.len(), "{text}");
        }
        Self { tasks, wants }
    }
}

fn check_told(run: &Run, pools: &[ThreadPoolExecutor], me: usize, text: &str) {
    let (graph, told) = (&run.graph, Told::read(text));
    assert!(told.tasks.contains(&me), "task {me} was told: {text}");
    assert!(
        told.tasks.windows(2).all(|pair| graph.is_edge(pair[0], pair[1])),
        "no such wait: {text}"
    );
    let last = *told.tasks.last().unwrap();
    let distinct: BTreeSet<_> = told.tasks.iter().collect();
    let Some(wants) = told.wants else {
        assert!(run.endless, "a false alarm: {text}");
        assert_eq!(last, told.tasks[0], "it does not lead back: {text}");
        assert_eq!(distinct.len(), told.tasks.len() - 1, "{text}");
        return;
    };
    let pool = graph.nodes[last].pool;
    assert_eq!(wants, pools[pool].id().to_string(), "{text}");
    assert!(graph.may_starve(pool), "a false alarm: {text}");
    assert_eq!(distinct.len(), told.tasks.len(), "{text}");
}

/// Whether this task, or one that it depends on, was told so.
fn explained(run: &Run, told: &[(usize, String)], me: usize) -> bool {
    let mut known = BTreeSet::from([me]);
    let mut next = vec![me];
    while let Some(at) = next.pop() {
        next.extend(run.graph.nodes[at].waits_for.iter().filter(|other| known.insert(**other)));
    }
    told.iter().any(|(who, _)| known.contains(who))
}

fn check(graph: Graph) {
    let build = |kind: &Kind| {
        let builder =
            ThreadPoolExecutor::builder().max_workers(kind.workers).nested_wait(kind.policy);
        builder.build().unwrap()
    };
    let pools: Vec<_> = graph.pools.iter().map(build).collect();
    let submitters: Vec<_> = pools.iter().map(ThreadPoolExecutor::submitter).collect();
    let values = graph.values();
    let futures = graph.nodes.iter().map(|_| OnceLock::new()).collect();
    let endless = values.contains(&None);
    let run = Arc::new(Run { graph, endless, futures, told: Mutex::default() });
    if run.graph.inside {
        let (inner, submitters) = (Arc::clone(&run), submitters.clone());
        pools[0].submit(move || inner.submit(&submitters)).into_result().unwrap();
    } else {
        run.submit(&submitters);
    }
    let came_to: Vec<_> =
        run.futures.iter().map(|future| *there(future).result().unwrap()).collect();
    let told = run.told.lock().unwrap().clone();
    for (me, text) in &told {
        check_told(&run, &pools, *me, text);
    }
    assert!(!endless || !told.is_empty(), "nobody was told");
    for (me, value) in came_to.iter().enumerate() {
        assert!(value.is_none() || *value == values[me], "task {me}: {value:?}, not {values:?}");
        assert!(value.is_some() || explained(&run, &told, me), "task {me} fails for no reason");
    }
    for (pool, kind) in pools.iter().zip(&run.graph.pools) {
        pool.shutdown(Shutdown::Drain).unwrap();
        let stats = pool.stats();
        assert_eq!(
            (stats.queued, stats.running, stats.blocked, stats.nested),
            (0, 0, 0, 0),
            "{stats:?}"
        );
        assert_eq!(stats.submitted, stats.returned, "{stats:?}");
        assert!(stats.added == 0 || kind.policy == NestedWait::RunInline, "{stats:?}");
    }
}

fn drawn(number: u64) -> Graph {
    let mut chance = Chance(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    chance.below(1);
    Graph::drawn(&mut chance)
}

#[test]
fn random_graphs_end_if_they_can_and_say_truly_why_if_they_cannot() {
    let graphs: u64 = env::var("GRAPHS").map_or(1500, |graphs| graphs.parse().unwrap());
    for number in 0..graphs {
        let graph = format!("graph {number}, {:?},", drawn(number));
        let _limit = limit_of(graph.clone());
        let checked = catch_unwind(AssertUnwindSafe(|| check(drawn(number))));
        assert!(checked.is_ok(), "{graph} does not hold");
    }
}

#[test]
fn graphs_of_every_sort_are_drawn() {
    let graphs: Vec<_> = (0..1000).map(drawn).collect();
    let sorts: [fn(&Graph) -> bool; 5] = [
        |graph| graph.values().contains(&None),
        |graph| graph.pools.len() == 2,
        |graph| !graph.all_inline(),
        |graph| graph.nodes.len() == 12,
        |graph| graph.nodes.iter().filter(|node| !node.waits_for.is_empty()).count() > 6,
    ];
    for (n, sort) in sorts.into_iter().enumerate() {
        let of_it = graphs.iter().filter(|graph| sort(graph)).count();
        assert!((50..900).contains(&of_it), "sort {n}: {of_it}");
    }
    assert!(panic_of(|| Told::read("nothing")).contains("unwrap"));
}
