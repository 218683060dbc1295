//! To wait for one future: outside a task simply, and inside one as [`nesting`](crate::nesting) says.

use std::time::Instant;

use super::shared::Unfinished;
use super::watchers::Watchable;
use crate::label::Label;
use crate::nesting::inside::is_inside;
use crate::nesting::waiting::{Awaited, Way, before_waiting_for};
use crate::sync::is_over;

/// Waits for the end of what is `awaited`, at most until `deadline`; `sleep` does so, and says whether it has come to that.
pub(crate) fn await_end(
    end: &dyn Watchable,
    awaited: &dyn Awaited,
    label: &Label,
    deadline: Option<Instant>,
    sleep: impl FnOnce(Option<Instant>) -> bool,
) -> Result<(), Unfinished> {
    let ended = if is_inside() && !end.status().is_done() {
        if is_over(deadline) && !end.runs_here() {
            return Err(Unfinished::TimedOut);
        }
        match before_waiting_for(awaited, label, deadline.is_some()).map_err(Unfinished::Deadlock)? {
            Way::Done => true,
            Way::Sleep(_blocked) => sleep(deadline),
        }
    } else {
        sleep(deadline)
    };
    if ended { Ok(()) } else { Err(Unfinished::TimedOut) }
}
