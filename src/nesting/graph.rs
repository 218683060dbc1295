//! Who waits for whom, among the threads that run tasks; and whether a wait would close a cycle.
//!
//! ```text
//! a cycle: the last of these waits would close it      one that still moves
//!
//! thread 1 runs A ──waits for──▶ B, run by thread 2    thread 1 runs A ──waits for──▶ B, run by
//!       ▲                             │                thread 2, which waits for C; C is run by
//!       └────────── waits for A ◀─────┘                thread 3, which waits for nobody
//! ```
//!
//! A wait comes here if it is *inside* a task and really has to wait; each thread has one at most.
//! A thread enters before it goes to sleep, and looks in the same critical section whether it could
//! ever be woken. If not, it does not wait at all.
//!
//! **Why every cycle is found.** Its waits enter one after the other, and the last of them sees all
//! others: an [`Owner`] says who runs a task before that thread can wait for anything itself. So
//! one wait closes the cycle, and is told.
//!
//! **Why there is no false alarm.** What is found to be stuck *is*: a thread that is in here
//! sleeps, or will, or was woken by an end that its `Owner` shows; a task that it runs can be ended
//! by nobody else; and a task that waits for a pool is taken by a worker with a slot there, and all
//! of these are among the stuck. So none of them can make the first move. Whatever might move
//! otherwise counts as moving: a thread that is not in here, a wait with a deadline, a task that no
//! pool has taken. (That somebody outside might cancel a task for which no worker can come is not
//! counted.)
//!
//! The graph's lock is the outermost: under it, those of [`AnyOf`] and [`Owner`] are taken for a
//! moment, and no user code runs.

use std::collections::BTreeMap;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::kernel::error::Deadlock;
use crate::kernel::panics::Label;
use crate::kernel::seams::{Await, Listener, PoolId};
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

/// Who runs a task, kept up to date in the critical section in which the task's state changes.
struct Owner {
    home: Option<PoolId>,
    place: Mutex<Place>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// One of this pool's workers will run the task, if a pool has taken it.
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

/// Tasks of which any will do. It is kept as long as somebody goes on waiting for them, and not
/// made for each wait: so waiting for all of them costs what there are, and not the square of it.
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
        match self {
            Self::One(sought) => vec![sought.clone()],
            Self::AnyOf(any_of) => any_of.0.lock().values().cloned().collect(),
        }
    }
}

/// The calling thread's wait, for as long as this lives.
pub(super) struct Entered(());

impl Entered {
    /// Enters the wait, unless it would never end.
    pub(super) fn with(edge: Edge) -> Result<Self, Stuck> {
        let mut waits = WAITS.lock();
        waits.push(edge);
        if !is_stuck(&waits) {
            return Ok(Self(()));
        }
        let stuck = chain_from_last(&waits);
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
    // From the back: the thread that is looked for has mostly come last.
    waits.iter().rposition(|wait| wait.thread == thread)
}

/// Whether the last wait can never end: nothing that can move is to be found from there. (Each
/// waits for *any* of what it is for, and a pool for any of its workers; so one that can move will
/// in the end set free all from whom it can be reached.)
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

/// Whether it can, for what is known here; else those are visited of whom one would have to move.
fn can_end(sought: &Sought, waits: &[Edge], visit: &mut impl FnMut(usize)) -> bool {
    let place = sought.owner.now();
    match place {
        Place::Ended | Place::Pending(None) => true,
        Place::RunsOn(thread) => match position_of(waits, thread) {
            None => true,
            Some(at) => {
                visit(at);
                false
            }
        },
        Place::Pending(Some(pool)) => {
            let works_there = |wait: &Edge| wait.staff.clone().filter(|staff| staff.id == pool);
            let waiting = waits.iter().enumerate();
            let waiting = waiting.filter_map(|(at, wait)| Some((at, works_there(wait)?)));
            let waiting: Vec<_> = waiting.collect();
            let all_wait =
                waiting.first().is_some_and(|(_, staff)| staff.workers() <= waiting.len());
            for &(at, _) in &waiting {
                visit(at);
            }
            // Looked at again: whoever was there to be counted may have come for it in between, and
            // left since.
            !all_wait || sought.owner.now() != place
        }
    }
}

/// A task on the way from a wait to where that comes to nothing.
struct Step {
    sought: Sought,
    place: Place,
    /// The step at which it is waited for; the wait itself, if there is none.
    before: Option<usize>,
}

/// Why the last wait, which is stuck, would never end: the shortest way from what it waits for back
/// to itself, or else to a pool of which no worker can come.
fn chain_from_last(waits: &[Edge]) -> Stuck {
    let last = waits.len() - 1;
    let steps_from = |wait: &Edge, before: Option<usize>| {
        let step = move |sought: Sought| Step { place: sought.owner.now(), sought, before };
        wait.target.all().into_iter().map(step)
    };
    let mut seen = vec![false; waits.len()];
    let mut steps: Vec<Step> = steps_from(&waits[last], None).collect();
    let (mut next, mut want) = (0, None);
    while let Some(step) = steps.get(next) {
        match step.place {
            Place::RunsOn(thread) => match position_of(waits, thread) {
                Some(at) if at == last => {
                    return Stuck { chain: chain_to(next, &steps, waits), for_want_of: None };
                }
                Some(at) if !std::mem::replace(&mut seen[at], true) => {
                    steps.extend(steps_from(&waits[at], Some(next)));
                }
                Some(_) | None => {}
            },
            Place::Pending(Some(pool)) => want = want.or(Some((next, pool))),
            Place::Pending(None) | Place::Ended => {}
        }
        next += 1;
    }
    match want {
        Some((at, pool)) => Stuck { chain: chain_to(at, &steps, waits), for_want_of: Some(pool) },
        None => Stuck { chain: chain_to(0, &steps, waits), for_want_of: None },
    }
}

fn chain_to(end: usize, steps: &[Step], waits: &[Edge]) -> Vec<Link> {
    let way = std::iter::successors(steps.get(end), |step| steps.get(step.before?));
    let way: Vec<&Step> = way.collect();
    let links = way.into_iter().rev().flat_map(|Step { sought, place, .. }| {
        let holder = match place {
            Place::RunsOn(thread) => position_of(waits, *thread).map(|at| &waits[at]),
            Place::Pending(_) | Place::Ended => None,
        };
        let (worker, nest) = holder.map_or((None, &[][..]), |holder| (holder.worker, &holder.nest));
        links_from(sought.address, &sought.label, worker, nest)
    });
    links.collect()
}

/// A task and the worker that runs it, as far as they are known.
pub(super) struct Link {
    task: Option<Label>,
    worker: Option<Worker>,
}

impl Link {
    fn text(&self) -> String {
        match &self.worker {
            Some(worker) => format!("{}, run by {worker}", label_of(self.task.as_ref())),
            None => label_of(self.task.as_ref()),
        }
    }
}

/// Returns the link of a task, and of those that are run inline inside it.
pub(super) fn links_from(
    address: usize,
    label: &Label,
    worker: Option<Worker>,
    nest: &[RunningTask],
) -> Vec<Link> {
    let below = nest.iter().position(|nested| nested.address == address);
    let inside = nest[below.map_or(0, |below| below + 1)..].iter();
    let tasks = std::iter::once(label.clone()).chain(inside.map(|nested| nested.label.clone()));
    tasks.map(|task| Link { task: Some(task), worker }).collect()
}

/// Why a wait was not entered: the tasks that would wait for each other, from the one that was to
/// be waited for.
pub(super) struct Stuck {
    chain: Vec<Link>,
    /// The last waits for one of this pool's workers.
    for_want_of: Option<PoolId>,
}

impl Stuck {
    /// Returns the error of the wait of this task, which comes first if the chain does not lead
    /// back to it.
    pub(super) fn deadlock(self, task: Option<Label>, worker: Option<Worker>) -> Deadlock {
        match self.for_want_of {
            Some(pool) => {
                let waits = std::iter::once(Link { task, worker });
                starvation(&waits.chain(self.chain).collect::<Vec<_>>(), pool)
            }
            None => cycle(&self.chain),
        }
    }
}

/// Each of these waits for the next, and the last for the first.
pub(super) fn cycle(links: &[Link]) -> Deadlock {
    let first = label_of(links.first().and_then(|link| link.task.as_ref()));
    if links.len() == 1 {
        return Deadlock::new(format!("{first} waits for itself"));
    }
    Deadlock::new(format!("{}waits for {first}", chain(links)))
}

/// Each of these waits for the next, and the last for a worker of this pool.
fn starvation(links: &[Link], pool: PoolId) -> Deadlock {
    Deadlock::new(format!("{}waits for a worker of {pool}, and all of these wait", chain(links)))
}

fn chain(links: &[Link]) -> String {
    let texts: Vec<String> = links.iter().map(Link::text).collect();
    let which = if links.len() > 1 { "which " } else { "" };
    match texts.split_first() {
        Some((first, rest)) if !rest.is_empty() => {
            format!("{first}, waits for {}, {which}", rest.join(", which waits for "))
        }
        _ => texts.concat() + ", ",
    }
}

fn label_of(task: Option<&Label>) -> String {
    task.map_or_else(|| "a task".to_owned(), Label::to_string)
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
        let link = |task: &Label, worker| Link { task: Some(task.clone()), worker };
        let (first, second, third) = (link(&a, worker(0)), link(&b, worker(1)), link(&c, None));
        assert_eq!(
            cycle(&[link(&a, worker(0))]).to_string(),
            format!("deadlock: {a} waits for itself")
        );
        assert_eq!(
            cycle(&[first, second, third]).to_string(),
            format!(
                "deadlock: {a}, run by worker 0 of {pool}, waits for {b}, \
                 run by worker 1 of {pool}, \
                 which waits for {c}, which waits for {a}"
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
