//! To wait inside a task: by running what is waited for, or else asleep, if that can ever end.
//!
//! Here is decided which of these it is; the sleeping itself is the future's. **Who may do what:**
//! only the thread that wins the claim runs a task, as everywhere, so whoever waits for a pending
//! task and a worker that comes for it at the same time need no other agreement; what was run
//! inline leaves a husk in the queue, as what was cancelled does.

use std::sync::Arc;

use super::crew::{Absence, Absent};
use super::graph::{Entered, Roll, Sought, Wait, Whom, links_from};
use super::inside::{Standing, is_worker_of, may_run, nested, standing};
use crate::error::{Deadlock, Link};
use crate::identity::{PoolId, current_worker};
use crate::label::Label;
use crate::nesting::whereabouts::Whereabouts;
use crate::sync::current_thread;

/// What can be waited for inside a task.
pub(crate) trait Awaited {
    /// It is this one, as long as it lives.
    fn id(&self) -> usize;

    /// The pool that has taken it.
    fn home(&self) -> Option<PoolId>;

    /// Where it is; `None` if it is done.
    fn whereabouts(&self) -> Option<Arc<Whereabouts>>;

    /// Claims it and runs it to its end, in this thread; `false` if it is too late for that.
    fn run_here(&self, label: &Label) -> bool;
}

/// To be held while one sleeps.
pub(crate) struct Blocked {
    // In the order in which they end.
    _entered: Entered,
    _absent: Option<Absent>,
}

/// What there is to do about a wait.
pub(crate) enum Way {
    /// What is waited for is done.
    Done,
    Sleep(Blocked),
}

/// Before a wait for one task, which could not be [run here](run_inline).
pub(crate) fn before_waiting_for(
    awaited: &dyn Awaited,
    label: &Label,
    timed: bool,
) -> Result<Way, Deadlock> {
    let Some(whereabouts) = awaited.whereabouts() else { return Ok(Way::Done) };
    let holder = whereabouts.holder();
    if holder == Some(current_thread()) {
        // With a deadline, too: it can only be missed.
        return Err(on_this_thread(awaited, label));
    }
    let behind = !timed && holder.is_some() && is_worker_of(awaited.home());
    let absence = if behind { Absence::Behind } else { Absence::Away };
    let sought = Sought { id: awaited.id(), label: label.clone(), whereabouts };
    block(Whom::One(sought), timed, absence).map(Way::Sleep)
}

/// What is wrong with waiting for what this very thread has in hand: it cannot end before the wait
/// does.
pub(crate) fn on_this_thread(awaited: &dyn Awaited, label: &Label) -> Deadlock {
    let nest = standing().nest;
    Deadlock::cycle(links_from(awaited.id(), label.clone(), current_worker(), &nest))
}

/// Before a wait for any of those on the roll.
pub(crate) fn before_waiting_for_any(roll: &Arc<Roll>, timed: bool) -> Result<Blocked, Deadlock> {
    block(Whom::AnyOf(Arc::clone(roll)), timed, Absence::Away)
}

/// Runs it inside the task that this thread has in hand, if it is pending, and that may be. Says
/// whether it is done by that.
pub(crate) fn run_inline(awaited: &dyn Awaited, label: &Label) -> bool {
    may_run(awaited.home()) && nested(awaited.id(), label, || awaited.run_here(label))
}

/// Enters the wait, unless it could never end.
fn block(whom: Whom, timed: bool, absence: Absence) -> Result<Blocked, Deadlock> {
    let Standing { crew, has_seat, nest } = standing();
    let crew = crew.filter(|_| has_seat);
    let wanted = match &whom {
        Whom::One(sought) => Some(sought.id),
        Whom::AnyOf(_) => None,
    };
    let absent = crew.clone().map(|crew| Absent::from(crew, absence, wanted));
    let worker = current_worker();
    let in_hand = nest.last().map(|nested| nested.label.clone());
    let wait = Wait { thread: current_thread(), worker, crew: crew.clone(), nest, whom, timed };
    match Entered::with(wait) {
        Ok(entered) => Ok(Blocked { _entered: entered, _absent: absent }),
        Err(stuck) => {
            let in_hand = || in_hand.or_else(|| crew?.in_hand(worker?));
            Err(stuck.deadlock(|| Link { task: in_hand(), worker }))
        }
    }
}
