//! How far a map is: how many of its items there are in each state.

use std::fmt;

use crate::kernel::state::Status;

/// The finished ones come first, as they are the news.
pub(super) struct Tally([(usize, &'static str); 4]);

impl Tally {
    pub(super) fn of(items: impl Iterator<Item = Status>) -> Self {
        let mut tally = [(0, "finished"), (0, "running"), (0, "pending"), (0, "cancelled")];
        for status in items {
            let row = match status {
                Status::Finished(_) => 0,
                Status::Running => 1,
                Status::Pending => 2,
                Status::Cancelled => 3,
            };
            tally[row].0 += 1;
        }
        Self(tally)
    }

    /// How many have not ended.
    pub(super) fn unfinished(&self) -> usize {
        let [_finished, (running, _), (pending, _), _cancelled] = self.0;
        running + pending
    }

    /// For `Debug`: every state, also those in which there is none.
    pub(super) fn add_to(&self, facts: &mut fmt::DebugStruct<'_, '_>) {
        for (count, state) in self.0 {
            facts.field(state, &count);
        }
    }
}

/// `: 1 finished, 3 running`, or nothing if there are no items.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there_are = self.0.iter().filter(|(count, _)| *count > 0);
        for (mark, (count, state)) in [":"].into_iter().chain(std::iter::repeat(",")).zip(there_are)
        {
            write!(f, "{mark} {count} {state}")?;
        }
        Ok(())
    }
}
