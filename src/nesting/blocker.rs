//! Waiting inside a task: by running what is waited for, or asleep if that can ever end.
//!
//! This is the blocker of every worker, and of a thread that runs a task by hand. It decides what a
//! wait does; the sleeping itself is the kernel's. The thread that wins the claim runs a task, as
//! everywhere: so a worker that waits for a pending task and the worker that comes for it in its
//! turn need no other agreement.
//!
//! **Why the end of a wait is not lost.** Before it sleeps, the thread makes sure that somebody can
//! end the wait: it runs a pending task of its own pool itself; or it counts itself as blocked, and
//! then a spare worker is hired if a task waits for one; and last it enters the graph of waits,
//! where it is found if it closes a cycle.

use std::sync::Arc;

use super::graph::{AnyOf, Edge, Entered, Sought, Target, cycle, links_from};
use crate::kernel::backlog::Place;
use crate::kernel::error::{Deadlock, Unfinished};
use crate::kernel::queue::QueuedTask;
use crate::kernel::seams::{Await, PoolId, Wait, set_blocker};
use crate::kernel::staff::{
    Blocked, BlockedGuard, RunningTask, Slot, Staff, WorkerContext, WorkerPhase, current_worker,
};
use crate::sync::{current_thread, is_over};

/// Seam 2: waits inside a task.
pub(crate) fn block(wait: &Wait<'_>) -> Result<(), Unfinished> {
    let cell = wait.cell;
    if cell.status().is_done() {
        return Ok(());
    }
    if is_over(wait.deadline) && !cell.runs_here() {
        return Err(Unfinished::TimedOut);
    }
    if wait.deadline.is_none() && may_run_inline(cell.home()) && (wait.run_inline)() {
        return Ok(());
    }
    wait.heard(|| {
        let watched = Watched { cell, sought: Sought::of(cell) };
        if cell.status().is_done() {
            return Ok(true);
        }
        let runs_on = watched.sought.runs_on();
        if runs_on == Some(current_thread()) {
            // With a deadline, too: it can only be missed.
            return Err(waits_for_itself(cell));
        }
        // If another worker of this pool runs the task, it is enough that not all workers wait so.
        let home = cell.home();
        let is_mine = WorkerContext::with(|me| Some(me.staff.id) == home).unwrap_or(false);
        let timed = wait.deadline.is_some();
        let how = match runs_on {
            Some(_) if is_mine && !timed => Blocked::Uncompensated,
            _ => Blocked::Compensated,
        };
        let target = Target::One(watched.sought.clone());
        let _blocked = enter(target, how, Some(cell.place()), timed)?;
        Ok(wait.sleep())
    })
}

/// A task whose owner is kept up to date, for as long as this lives.
struct Watched<'w> {
    cell: &'w dyn Await,
    sought: Sought,
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.cell.unwatch(&self.sought.listener());
    }
}

/// Is held while a thread sleeps. The fields are dropped in this order.
pub(crate) struct BlockedWait {
    _entered: Entered,
    _counted: Option<BlockedGuard>,
}

/// Before a wait for any of several tasks.
pub(crate) fn block_on_any(any_of: &Arc<AnyOf>, timed: bool) -> Result<BlockedWait, Deadlock> {
    let target = Target::AnyOf(Arc::clone(any_of));
    enter(target, Blocked::Compensated, None, timed)
}

/// Counts this worker as blocked and enters the graph, unless the wait could never end.
fn enter(
    target: Target,
    how: Blocked,
    wanted: Option<Place>,
    timed: bool,
) -> Result<BlockedWait, Deadlock> {
    let (staff, stack) = standing();
    let counted = staff.as_ref().map(|staff| staff.block(how, wanted));
    let worker = current_worker();
    let in_hand = stack.last().map(|task| task.label.clone());
    let nest = stack.into_iter().skip(1).collect();
    let edge = Edge { thread: current_thread(), worker, staff, nest, target, timed };
    match Entered::with(edge) {
        Ok(entered) => Ok(BlockedWait { _entered: entered, _counted: counted }),
        Err(endless) => Err(endless.deadlock(in_hand, worker)),
    }
}

/// Returns where this thread has a worker slot, and what it runs there.
fn standing() -> (Option<Arc<Staff>>, Vec<RunningTask>) {
    let standing = WorkerContext::with(|me| {
        let has_slot = me.phase != WorkerPhase::Leaving;
        (has_slot.then(|| Arc::clone(&me.staff)), me.slot.running())
    });
    standing.unwrap_or_default()
}

/// Returns the error of a wait for a task that this very thread runs: the task cannot end before
/// the wait does.
pub(crate) fn waits_for_itself(cell: &dyn Await) -> Deadlock {
    let nest: Vec<_> = standing().1.into_iter().skip(1).collect();
    let links = links_from(cell.place().address, &cell.label(), current_worker(), &nest);
    cycle(&links)
}

/// Returns `true` if this thread may run a task of this pool inside the task that it runs: it is a
/// worker of that pool and is ready, and has enough of its stack left.
pub(crate) fn may_run_inline(home: Option<PoolId>) -> bool {
    WorkerContext::with(|me| {
        Some(me.staff.id) == home
            && me.staff.compensates()
            && me.phase == WorkerPhase::Ready
            && me.has_stack_left()
    })
    .unwrap_or(false)
}

/// Returns `true` if this worker blocks and no spare worker can stand in for it.
pub(crate) fn nobody_can_stand_in() -> bool {
    WorkerContext::with(|me| me.phase != WorkerPhase::Leaving && me.staff.is_complete())
        .unwrap_or(false)
}

/// Runs a task that this thread was given by hand.
pub(crate) fn run_by_hand(task: &QueuedTask<'_>) {
    let before = set_blocker(Some(block));
    task.run(&Slot::new(0));
    set_blocker(before);
}
