//! Who waits for what, among the threads that have tasks in hand; and whether a wait would close a
//! cycle.
//!
//! Only waits *inside* a task come here, and only those that really have to wait. Each thread has
//! one at most. A thread enters it before it goes to sleep, and looks in the same critical section
//! whether it could ever be woken; if not, it does not wait at all.
//!
//! **Why every cycle is found.** Its waits enter one after the other, and the last of them sees all
//! others: what each task is in the hands of is [kept up to date](super::whereabouts) before that
//! thread can wait for anything itself. So just one closes the cycle, and is told.
//!
//! **Why there is no false alarm.** What is found to be stuck *is*: a thread that is in here
//! sleeps, or will, or has been woken by an end that shows in what it waits for; a task in its
//! hands can be ended by nobody else; and one that waits for a pool is taken by a worker that has a
//! seat there, of which all are among the stuck. So none of them can make the first move. Whatever
//! might move otherwise counts as moving: a thread that is not in here, a wait with a deadline, a
//! task that no pool has taken. (That somebody outside might cancel a task for which no worker can
//! come is not counted.)
//!
//! The lock is the outermost: under it, those of [`Roll`] and [`Whereabouts`] are taken, for a
//! moment, and nobody's code is run.

use std::collections::BTreeMap;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use super::crew::Crew;
use super::whereabouts::{Place, Whereabouts};
use crate::error::{Deadlock, Link};
use crate::identity::{PoolId, Worker};
use crate::label::Label;
use crate::sync::{Mutex, ThreadId, current_thread, global};

global! {
    static WAITS: Mutex<Vec<Wait>> = Vec::new();
}

/// One thread that waits.
pub(super) struct Wait {
    pub(super) thread: ThreadId,
    pub(super) worker: Option<Worker>,
    /// Where it has a seat.
    pub(super) crew: Option<Arc<Crew>>,
    /// The tasks that it runs inside the one it has in hand, each because the one before waits for
    /// it.
    pub(super) nest: Vec<Nested>,
    pub(super) whom: Whom,
    /// It ends by itself.
    pub(super) timed: bool,
}

/// A task that is run inside another.
#[derive(Clone)]
pub(super) struct Nested {
    pub(super) id: usize,
    pub(super) label: Label,
}

/// What one thread waits for.
pub(super) enum Whom {
    One(Sought),
    AnyOf(Arc<Roll>),
}

/// A task that is waited for.
#[derive(Clone)]
pub(crate) struct Sought {
    pub(crate) id: usize,
    pub(crate) label: Label,
    pub(crate) whereabouts: Arc<Whereabouts>,
}

// No user code runs while it is locked.
impl UnwindSafe for Roll {}
impl RefUnwindSafe for Roll {}

/// Those of whom any will do, by their places. It is kept as long as somebody goes on waiting for
/// them, and not made for each wait: so waiting for all of them costs what there are, and not the
/// square of it.
pub(crate) struct Roll(Mutex<BTreeMap<usize, Sought>>);

impl Roll {
    pub(crate) fn of(all: impl IntoIterator<Item = (usize, Sought)>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(all.into_iter().collect())))
    }

    pub(crate) fn add(&self, place: usize, sought: Sought) {
        self.0.lock().insert(place, sought);
    }

    pub(crate) fn strike(&self, place: usize) {
        let struck = self.0.lock().remove(&place);
        drop(struck);
    }
}

impl Whom {
    fn any(&self, mut will_do: impl FnMut(&Sought) -> bool) -> bool {
        match self {
            Self::One(sought) => will_do(sought),
            Self::AnyOf(roll) => roll.0.lock().values().any(will_do),
        }
    }

    fn all(&self) -> Vec<Sought> {
        match self {
            Self::One(sought) => vec![sought.clone()],
            Self::AnyOf(roll) => roll.0.lock().values().cloned().collect(),
        }
    }
}

/// The caller's wait, for as long as this lives.
pub(super) struct Entered(());

impl Entered {
    /// # Errors
    ///
    /// If that wait would never end: then it is not entered.
    pub(super) fn with(wait: Wait) -> Result<Self, Stuck> {
        let mut waits = WAITS.lock();
        waits.push(wait);
        if !is_stuck(&waits) {
            return Ok(Self(()));
        }
        let chain = chain_from_last(&waits);
        let wait = waits.pop();
        drop(waits);
        drop(wait);
        Err(chain)
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

fn position_of(waits: &[Wait], thread: ThreadId) -> Option<usize> {
    // From the back: whoever looks for one mostly looks for who came last.
    waits.iter().rposition(|wait| wait.thread == thread)
}

/// Whether the last wait can never end: nothing that can move is to be found from there. (Each
/// waits for *any* of what it is for, and a pool for any of its workers; so one that can move will
/// in the end set free all from whom it can be reached.)
fn is_stuck(waits: &[Wait]) -> bool {
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
        if waits[at].timed || waits[at].whom.any(|sought| can_end(sought, waits, &mut visit)) {
            return false;
        }
    }
    true
}

/// Whether it can, for what is known here; else those are visited of whom one would have to move.
fn can_end(sought: &Sought, waits: &[Wait], visit: &mut impl FnMut(usize)) -> bool {
    let place = sought.whereabouts.now();
    match place {
        Place::Ended | Place::Waiting(None) => true,
        Place::InHands(thread) => match position_of(waits, thread) {
            None => true,
            Some(at) => {
                visit(at);
                false
            }
        },
        Place::Waiting(Some(pool)) => {
            let crew_of =
                |wait: &Wait| wait.crew.as_ref().filter(|crew| crew.id == pool).map(Arc::clone);
            let waiting =
                waits.iter().enumerate().filter_map(|(at, wait)| Some((at, crew_of(wait)?)));
            let waiting: Vec<_> = waiting.collect();
            let all_wait = waiting.first().is_some_and(|(_, crew)| crew.seated() <= waiting.len());
            for &(at, _) in &waiting {
                visit(at);
            }
            // Looked at again: whoever was there to be counted may have come for it in between, and
            // left since.
            !all_wait || sought.whereabouts.now() != place
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
fn chain_from_last(waits: &[Wait]) -> Stuck {
    let last = waits.len() - 1;
    let steps_from = |wait: &Wait, before: Option<usize>| {
        let step = move |sought: Sought| Step { place: sought.whereabouts.now(), sought, before };
        wait.whom.all().into_iter().map(step)
    };
    let mut seen = vec![false; waits.len()];
    let mut steps: Vec<Step> = steps_from(&waits[last], None).collect();
    let (mut next, mut want) = (0, None);
    while let Some(step) = steps.get(next) {
        match step.place {
            Place::InHands(thread) => match position_of(waits, thread) {
                Some(at) if at == last => {
                    return Stuck { chain: chain_to(next, &steps, waits), for_want_of: None };
                }
                Some(at) if !std::mem::replace(&mut seen[at], true) => {
                    steps.extend(steps_from(&waits[at], Some(next)));
                }
                Some(_) | None => {}
            },
            Place::Waiting(Some(pool)) => want = want.or(Some((next, pool))),
            Place::Waiting(None) | Place::Ended => {}
        }
        next += 1;
    }
    match want {
        Some((at, pool)) => Stuck { chain: chain_to(at, &steps, waits), for_want_of: Some(pool) },
        None => Stuck { chain: chain_to(0, &steps, waits), for_want_of: None },
    }
}

fn chain_to(end: usize, steps: &[Step], waits: &[Wait]) -> Vec<Link> {
    let way = std::iter::successors(steps.get(end), |step| steps.get(step.before?));
    let way: Vec<&Step> = way.collect();
    let links = way.into_iter().rev().flat_map(|Step { sought, place, .. }| {
        let holder = match place {
            Place::InHands(thread) => position_of(waits, *thread).map(|at| &waits[at]),
            Place::Waiting(_) | Place::Ended => None,
        };
        let (worker, nest) = holder.map_or((None, &[][..]), |holder| (holder.worker, &holder.nest));
        links_from(sought.id, sought.label.clone(), worker, nest)
    });
    links.collect()
}

/// A task in somebody's hands, and those that are run inside it, each waited for by the one before.
pub(super) fn links_from(
    id: usize,
    label: Label,
    worker: Option<Worker>,
    nest: &[Nested],
) -> Vec<Link> {
    let below = nest.iter().position(|nested| nested.id == id);
    let inside = nest[below.map_or(0, |below| below + 1)..].iter();
    let tasks = std::iter::once(label).chain(inside.map(|nested| nested.label.clone()));
    tasks.map(|task| Link { task: Some(task), worker }).collect()
}

/// Why a wait was not entered: the tasks that would wait for each other, from the one that was to
/// be waited for.
pub(super) struct Stuck {
    chain: Vec<Link>,
    /// The last waits for one of its workers.
    for_want_of: Option<PoolId>,
}

impl Stuck {
    /// The error of whoever was to wait. If the chain does not lead back to them, they come first.
    pub(super) fn deadlock(self, who_waits: impl FnOnce() -> Link) -> Deadlock {
        match self.for_want_of {
            Some(pool) => {
                Deadlock::starvation(std::iter::once(who_waits()).chain(self.chain).collect(), pool)
            }
            None => Deadlock::cycle(self.chain),
        }
    }
}
