//! Who waits for whom among the threads that run tasks, and whether a wait would close a cycle.
//!
//! ```text
//! a cycle: the last of these waits would close it      one that still moves
//!
//! thread 1 runs A ──waits for──▶ B, run by thread 2    thread 1 runs A ──waits for──▶ B, run by
//!       ▲                             │                thread 2, which waits for C; C is run by
//!       └────────── waits for A ◀─────┘                thread 3, which waits for nobody
//! ```
//!
//! A wait is in the graph if it is *inside* a task and really has to wait. Each thread has one at
//! most: it enters before it goes to sleep, and looks in the same critical section whether it could
//! ever be woken. If not, it does not wait at all.
//!
//! **Why every cycle is found.** The waits of a cycle enter one after the other, and the last of
//! them sees all others: an [`Owner`] says who runs a task before that thread can wait for
//! anything. So the wait that closes the cycle gets the error.
//!
//! **Why there is no false alarm.** What is found to be stuck *is* stuck. A thread in the graph
//! sleeps, or will, or was woken by an end that its `Owner` shows. A task that such a thread runs
//! can be ended by no other thread. A task that waits for a pool is taken by a worker with a slot
//! there, and all of these are among the stuck. So none of them can move first. Everything else
//! counts as able to move: a thread that is not in the graph, a wait with a deadline, a task that
//! no pool has taken. (That somebody outside might cancel a task for which no worker can come is
//! not counted.)
//!
//! The graph's lock is the outermost: under it, the locks of [`AnyOf`] and [`Owner`] are taken for
//! a moment, and no user code runs.

use std::collections::BTreeMap;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::kernel::error::Deadlock;
use crate::kernel::id::PoolId;
use crate::kernel::panics::Label;
use crate::kernel::seams::{Await, Listener};
use crate::kernel::staff::{RunningTask, Staff, Worker};
use crate::kernel::state::Status;
use crate::sync::{Mutex, ThreadId, current_thread, global};

global! {
    static WAITS: Mutex<Vec<Edge>> = Vec::new();
}

/// One thread that waits.
pub(super) struct Edge {
    pub(super) thread: ThreadId,
    pub(super) worker: Option<Worker>,
    /// The pool in which the thread has a worker slot.
    pub(super) staff: Option<Arc<Staff>>,
    /// The tasks that the thread runs inline, each because the one before waits for it.
    pub(super) nest: Vec<RunningTask>,
    pub(super) target: Target,
    /// The wait ends by itself.
    pub(super) timed: bool,
}

/// What one thread waits for.
pub(super) enum Target {
    One(Sought),
    AnyOf(Arc<AnyOf>),
}

/// A task that is waited for.
#[derive(Clone)]
pub(crate) struct Sought {
    address: usize,
    label: Label,
    owner: Arc<Owner>,
}

impl Sought {
    /// Watches the task, until it is unwatched.
    pub(crate) fn of(cell: &dyn Await) -> Self {
        let owner = Arc::new(Owner { home: cell.home(), place: Mutex::new(Place::Ended) });
        cell.watch(Arc::clone(&owner) as Arc<dyn Listener>);
        Self { address: cell.place().address, label: cell.label(), owner }
    }

    pub(super) fn runs_on(&self) -> Option<ThreadId> {
        match self.owner.now() {
            Place::RunsOn(thread) => Some(thread),
            Place::Pending(_) | Place::Ended => None,
        }
    }

    pub(crate) fn listener(&self) -> Arc<dyn Listener> {
        Arc::clone(&self.owner) as _
    }
}

/// Knows who runs a task; it changes in the critical section in which the task's state changes.
struct Owner {
    home: Option<PoolId>,
    place: Mutex<Place>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The task will be run by a worker of this pool, if a pool has taken it.
    Pending(Option<PoolId>),
    RunsOn(ThreadId),
    Ended,
}

impl Owner {
    fn now(&self) -> Place {
        *self.place.lock()
    }
}

impl Listener for Owner {
    fn locked(&self, status: Status, runs_on: Option<ThreadId>) {
        *self.place.lock() = match (status, runs_on) {
            (Status::Pending, _) => Place::Pending(self.home),
            (_, Some(thread)) => Place::RunsOn(thread),
            (_, None) => Place::Ended,
        };
    }
}

/// Tasks of which any will do. The set is kept from one wait for them to the next, so that waiting
/// for all of them one by one has linear cost.
pub(crate) struct AnyOf(Mutex<BTreeMap<usize, Sought>>);

// No user code runs while it is locked.
impl UnwindSafe for AnyOf {}
impl RefUnwindSafe for AnyOf {}

impl AnyOf {
    pub(crate) fn new(all: impl IntoIterator<Item = (usize, Sought)>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(all.into_iter().collect())))
    }

    pub(crate) fn add(&self, place: usize, sought: Sought) {
        self.0.lock().insert(place, sought);
    }

    pub(crate) fn remove(&self, place: usize) -> Option<Sought> {
        self.0.lock().remove(&place)
    }
}

impl Target {
    fn any(&self, mut will_do: impl FnMut(&Sought) -> bool) -> bool {
        match self {
            Self::One(sought) => will_do(sought),
            Self::AnyOf(any_of) => any_of.0.lock().values().any(will_do),
        }
    }

    fn all(&self) -> Vec<Sought> {
        let mut all = Vec::new();
        self.any(|sought| {
            all.push(sought.clone());
            false
        });
        all
    }
}

/// The calling thread's wait is in the graph for as long as this lives.
pub(super) struct Entered(());

impl Entered {
    /// Enters the wait, unless it would have no end.
    pub(super) fn with(edge: Edge) -> Result<Self, Stuck> {
        let mut waits = WAITS.lock();
        waits.push(edge);
        if !is_stuck(&waits) {
            return Ok(Self(()));
        }
        let stuck = chain_from_last(&waits);
        // What an edge holds is dropped without the lock.
        let edge = waits.pop();
        drop(waits);
        drop(edge);
        Err(stuck)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut waits = WAITS.lock();
        let mine = position_of(&waits, current_thread()).map(|at| waits.swap_remove(at));
        drop(waits);
        drop(mine);
    }
}

fn position_of(waits: &[Edge], thread: ThreadId) -> Option<usize> {
    // From the back: most threads that are looked for have come last.
    waits.iter().rposition(|wait| wait.thread == thread)
}

/// Returns `true` if the last wait has no end: nothing that can move is reached from it. (A wait
/// for several tasks goes on when any of them ends, and a pool when any of its workers does. So one
/// thread that can move will in the end set free all from which it is reached.)
fn is_stuck(waits: &[Edge]) -> bool {
    let last = waits.len() - 1;
    let mut seen = vec![false; waits.len()];
    seen[last] = true;
    let mut to_visit = vec![last];
    while let Some(at) = to_visit.pop() {
        let mut visit = |found: usize| {
            if !std::mem::replace(&mut seen[found], true) {
                to_visit.push(found);
            }
        };
        if waits[at].timed || waits[at].target.any(|sought| can_end(sought, waits, &mut visit)) {
            return false;
        }
    }
    true
}

/// Returns `true` if the task can end, as far as the graph knows; or else visits the waits of which
/// one would have to end first.
fn can_end(sought: &Sought, waits: &[Edge], visit: &mut impl FnMut(usize)) -> bool {
    let place = sought.owner.now();
    match place {
        Place::Ended | Place::Pending(None) => true,
        Place::RunsOn(thread) => position_of(waits, thread).map(visit).is_none(),
        Place::Pending(Some(pool)) => {
            let of_pool = |wait: &&Edge| wait.staff.as_ref().is_some_and(|staff| staff.id == pool);
            let waiting = waits.iter().filter(of_pool).count();
            let staff = waits.iter().find(of_pool).and_then(|wait| wait.staff.as_ref());
            let all_wait = staff.is_some_and(|staff| staff.workers() <= waiting);
            (0..waits.len()).filter(|at| of_pool(&&waits[*at])).for_each(visit);
            // A second look: a worker may have claimed the task and left since the first one.
            !all_wait || sought.owner.now() != place
        }
    }
}

/// A task on the way from the last wait to where it is stuck.
struct Step {
    sought: Sought,
    place: Place,
    /// The step whose task waits for this one; `None` if the last wait does.
    before: Option<usize>,
}

/// Returns why the last wait has no end: the shortest way from it back to itself, or else to a pool
/// of which no worker can come.
fn chain_from_last(waits: &[Edge]) -> Stuck {
    let last = waits.len() - 1;
    let steps_from = |wait: &Edge, before: Option<usize>| {
        let step = move |sought: Sought| Step { place: sought.owner.now(), sought, before };
        wait.target.all().into_iter().map(step)
    };
    let mut seen = vec![false; waits.len()];
    let mut steps: Vec<Step> = steps_from(&waits[last], None).collect();
    let (mut next, mut end, mut for_want_of) = (0, 0, None);
    // Breadth first, so that the first way back is the shortest.
    while let Some(step) = steps.get(next) {
        match step.place {
            Place::RunsOn(thread) => match position_of(waits, thread) {
                Some(at) if at == last => {
                    (end, for_want_of) = (next, None);
                    break;
                }
                Some(at) if !std::mem::replace(&mut seen[at], true) => {
                    steps.extend(steps_from(&waits[at], Some(next)));
                }
                _ => {}
            },
            Place::Pending(Some(pool)) if for_want_of.is_none() => {
                (end, for_want_of) = (next, Some(pool));
            }
            Place::Pending(_) | Place::Ended => {}
        }
        next += 1;
    }
    let way = std::iter::successors(steps.get(end), |step| steps.get(step.before?));
    let way: Vec<&Step> = way.collect();
    let links = way.into_iter().rev().flat_map(|Step { sought, place, .. }| {
        let holder = match place {
            Place::RunsOn(thread) => position_of(waits, *thread).map(|at| &waits[at]),
            Place::Pending(_) | Place::Ended => None,
        };
        let (worker, inline) =
            holder.map_or((None, &[][..]), |holder| (holder.worker, &holder.nest));
        links_from(sought.address, &sought.label, worker, inline)
    });
    Stuck { chain: links.collect(), for_want_of }
}

/// The label of a task, and the worker that runs it if that is known.
pub(super) type Link = (String, Option<Worker>);

/// Returns the link of a task, and of the tasks that are run inline inside it.
pub(super) fn links_from(
    address: usize,
    label: &Label,
    worker: Option<Worker>,
    nest: &[RunningTask],
) -> Vec<Link> {
    let outer = nest.iter().position(|nested| nested.address == address);
    let inside = &nest[outer.map_or(0, |outer| outer + 1)..];
    let labels = std::iter::once(label).chain(inside.iter().map(|nested| &nested.label));
    labels.map(|label| (label.to_string(), worker)).collect()
}

/// Why a wait was not entered: the tasks that would wait for each other, beginning with the one
/// that would have been waited for.
pub(super) struct Stuck {
    chain: Vec<Link>,
    /// The pool for whose workers the last task waits, if the chain is not a cycle.
    for_want_of: Option<PoolId>,
}

impl Stuck {
    /// Returns the error of the wait of `task`, which comes first if the chain is not a cycle.
    pub(super) fn deadlock(mut self, task: Link) -> Deadlock {
        let Some(pool) = self.for_want_of else { return cycle(&self.chain) };
        self.chain.insert(0, task);
        starvation(&self.chain, pool)
    }
}

/// Each task waits for the next one, and the last for the first.
pub(super) fn cycle(links: &[Link]) -> Deadlock {
    match links {
        [(task, _)] => Deadlock::new(format!("{task} waits for itself")),
        _ => chain(links, links[0].0.clone()),
    }
}

/// Each task waits for the next one, and the last for a worker of this pool.
fn starvation(links: &[Link], pool: PoolId) -> Deadlock {
    chain(links, format!("a worker of {pool}, and all of these wait"))
}

/// Each task waits for the next one, and the last for `end`.
fn chain(links: &[Link], end: String) -> Deadlock {
    let text = |(task, worker): &Link| match worker {
        Some(worker) => format!("{task}, run by {worker}"),
        None => task.clone(),
    };
    let texts: Vec<_> = links.iter().map(text).chain([end]).collect();
    Deadlock::new(format!("{}, waits for {}", texts[0], texts[1..].join(", which waits for ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    #[test]
    fn a_chain_is_told_from_its_start_and_back_to_it() {
        let pool = PoolId::next();
        let label = || Label { name: None, submitted_at: Location::caller() };
        let (a, b, c) = (label(), label(), label());
        let worker = |index| Some(Worker { pool, index });
        let link = |task: &Label, worker| (task.to_string(), worker);
        let (first, second, third) = (link(&a, worker(0)), link(&b, worker(1)), link(&c, None));
        assert_eq!(
            cycle(&[link(&a, worker(0))]).to_string(),
            format!("deadlock: {a} waits for itself")
        );
        assert_eq!(
            cycle(&[first, second, third]).to_string(),
            format!(
                "deadlock: {a}, run by worker 0 of {pool}, waits for {b}, \
                 run by worker 1 of {pool}, which waits for {c}, which waits for {a}"
            )
        );
        assert_eq!(
            starvation(&[link(&a, worker(0)), link(&c, None)], pool).to_string(),
            format!(
                "deadlock: {a}, run by worker 0 of {pool}, waits for {c}, \
                 which waits for a worker of {pool}, and all of these wait"
            )
        );
    }
}
