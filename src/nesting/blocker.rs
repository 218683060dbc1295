//! Waiting inside a task: by running the task that is waited for, or asleep if that can end.
//!
//! This is the blocker of every worker, and of a thread that runs a task by hand. It decides what a
//! wait does; the kernel does the sleeping. As everywhere, the thread that wins the claim runs a
//! task. So a worker that waits for a pending task and the worker that comes for it in its turn
//! need no other agreement.
//!
//! **Why the end of a wait is not lost.** Before it sleeps, the thread makes sure that somebody can
//! end the wait. It runs a pending task of its own pool itself; or it counts itself as blocked, and
//! then a spare worker is hired if a task waits for one. Last it enters the graph of waits, which
//! refuses a wait that closes a cycle.

use std::sync::Arc;

use super::graph::{AnyOf, Edge, Entered, Sought, Target, cycle, links_from};
use crate::kernel::backlog::Place;
use crate::kernel::error::{Deadlock, Unfinished};
use crate::kernel::id::PoolId;
use crate::kernel::queue::QueuedTask;
use crate::kernel::seams::{Await, Wait, set_blocker};
use crate::kernel::staff::{
    Blocked, BlockedGuard, RunningTask, Slot, WorkerContext, WorkerPhase, current_worker,
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
            // With a deadline, too, which would be missed.
            return Err(waits_for_itself(cell));
        }
        let is_mine = WorkerContext::with(|me| me.staff.id) == cell.home();
        let timed = wait.deadline.is_some();
        let how = match runs_on {
            // Another worker of this pool runs the task: no spare is needed unless all wait so.
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

/// Prepares this thread for a wait for any of several tasks.
pub(crate) fn block_on_any(any_of: &Arc<AnyOf>, timed: bool) -> Result<BlockedWait, Deadlock> {
    let target = Target::AnyOf(Arc::clone(any_of));
    enter(target, Blocked::Compensated, None, timed)
}

/// Counts this worker as blocked and enters the graph, unless the wait would have no end.
fn enter(
    target: Target,
    how: Blocked,
    wanted: Option<Place>,
    timed: bool,
) -> Result<BlockedWait, Deadlock> {
    let slot_of =
        |me: &WorkerContext| (me.phase != WorkerPhase::Leaving).then(|| Arc::clone(&me.staff));
    let staff = WorkerContext::with(slot_of).flatten();
    let counted = staff.as_ref().map(|staff| staff.block(how, wanted));
    let (worker, tasks) = (current_worker(), running_tasks());
    let in_hand = tasks.last().map(|task| task.label.clone());
    let nest = tasks.into_iter().skip(1).collect();
    let edge = Edge { thread: current_thread(), worker, staff, nest, target, timed };
    match Entered::with(edge) {
        Ok(entered) => Ok(BlockedWait { _entered: entered, _counted: counted }),
        Err(stuck) => {
            let task = in_hand.map_or_else(|| "a task".to_owned(), |label| label.to_string());
            Err(stuck.deadlock((task, worker)))
        }
    }
}

/// Returns the tasks that this worker runs, each inside the one before.
fn running_tasks() -> Vec<RunningTask> {
    WorkerContext::with(|me| me.slot.running()).unwrap_or_default()
}

/// Returns the error of a wait for a task that this very thread runs: the task cannot end before
/// the wait does.
pub(crate) fn waits_for_itself(cell: &dyn Await) -> Deadlock {
    let nest: Vec<_> = running_tasks().into_iter().skip(1).collect();
    cycle(&links_from(cell.place().address, &cell.label(), current_worker(), &nest))
}

/// Returns `true` if this thread may run a task of this pool inside the task that it runs: it is a
/// worker of that pool and is ready, and has enough of its stack left.
pub(crate) fn may_run_inline(home: Option<PoolId>) -> bool {
    WorkerContext::with(|me| {
        Some(me.staff.id) == home
            && me.staff.compensates()
            && me.phase == WorkerPhase::Ready
            && me.has_stack_left()
    }) == Some(true)
}

/// Returns `true` if this thread is a worker for which no spare worker can be added.
pub(crate) fn nobody_can_stand_in() -> bool {
    let nobody = |me: &WorkerContext| me.phase != WorkerPhase::Leaving && me.staff.is_complete();
    WorkerContext::with(nobody) == Some(true)
}

/// Runs a task that this thread was given by hand.
pub(crate) fn run_by_hand(task: &QueuedTask<'_>) {
    let before = set_blocker(Some(block));
    task.run(&Slot::new(0));
    set_blocker(before);
}
