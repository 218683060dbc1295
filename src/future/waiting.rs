//! To wait for one future: outside a task simply, and inside one as [`nesting`](crate::nesting)
//! says.

use std::sync::Arc;
use std::time::Instant;

use super::shared::Unfinished;
use super::watchers::Watchable;
use super::witness::{Moment, Witness, may_be_any, tell};
use crate::label::Label;
use crate::nesting::inside::is_inside;
use crate::nesting::waiting::{Awaited, Way, before_waiting_for, run_inline};
use crate::sync::is_over;

/// Waits for the end of what is `awaited`, at most until `deadline`; `sleep` does so, and says
/// whether it has come to that.
pub(crate) fn await_end(
    end: &dyn Watchable,
    awaited: &dyn Awaited,
    label: &Label,
    deadline: Option<Instant>,
    sleep: impl FnOnce(Option<Instant>) -> bool,
) -> Result<(), Unfinished> {
    if !is_inside() && !may_be_any() {
        return if sleep(deadline) { Ok(()) } else { Err(Unfinished::TimedOut) };
    }
    let inside = is_inside() && !end.status().is_done();
    if inside && is_over(deadline) && !end.runs_here() {
        return Err(Unfinished::TimedOut);
    }
    if inside && deadline.is_none() && run_inline(awaited, label) {
        return Ok(());
    }
    // An observer may wait for something itself. So it is told before this thread stands among
    // those who wait, and after.
    let witness = who_is_told_of_a_sleep(end, deadline);
    tell(witness.as_ref(), Moment::Blocked);
    let ended = if inside {
        before_waiting_for(awaited, label, deadline.is_some()).map(|way| match way {
            Way::Done => true,
            Way::Sleep(_blocked) => sleep(deadline),
        })
    } else {
        Ok(sleep(deadline))
    };
    if let Some(witness) = witness {
        witness.tell(Moment::Unblocked(matches!(ended, Ok(true)).then(|| witness.id())));
    }
    match ended {
        Ok(true) => Ok(()),
        Ok(false) => Err(Unfinished::TimedOut),
        Err(deadlock) => Err(Unfinished::Deadlock(deadlock)),
    }
}

/// The witness of what is not done yet, and for which there is time to wait.
fn who_is_told_of_a_sleep(
    end: &dyn Watchable,
    deadline: Option<Instant>,
) -> Option<Arc<dyn Witness>> {
    if end.status().is_done() || is_over(deadline) {
        return None;
    }
    end.witness()
}
