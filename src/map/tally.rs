//! What both kinds of map have in common: how they are iterated, and how far they say they are.

use std::fmt;
use std::panic::Location;

use crate::kernel::state::Status;

/// Number of a map's items in each state. The finished ones come first, as they are the news.
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

    /// Number of items that have not ended.
    pub(super) fn unfinished(&self) -> usize {
        let [_finished, (running, _), (pending, _), _cancelled] = self.0;
        running + pending
    }

    /// Writes a map's `Debug`, which has every state, with or without items in it.
    pub(super) fn debug(
        &self,
        f: &mut fmt::Formatter<'_>,
        map: &str,
        handed_over: usize,
        submitted_at: &Location<'_>,
    ) -> fmt::Result {
        let mut facts = f.debug_struct(map);
        for (count, state) in self.0 {
            facts.field(state, &count);
        }
        facts.field("handed_over", &handed_over);
        facts.field("submitted_at", &format_args!("{submitted_at}")).finish()
    }
}

/// `: 1 finished, 3 running`, or nothing if there are no items.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there_are = self.0.iter().filter(|(count, _)| *count > 0);
        for (n, (count, state)) in there_are.enumerate() {
            write!(f, "{} {count} {state}", if n == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}

/// Writes the iterators of a map that has `next_until` and `to_come`, with and without a timeout.
macro_rules! iterate {
    ([$($parameters:tt)*] $map:ty) => {
        impl<$($parameters)*> Iterator for $map {
            type Item = Result<T, TaskError>;

            fn next(&mut self) -> Option<Self::Item> {
                self.next_until(None).expect("a wait without a deadline does not time out")
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                self.to_come()
            }
        }

        impl<$($parameters)*> Iterator for Timed<$map> {
            type Item = Result<Result<T, TaskError>, TimedOut>;

            fn next(&mut self) -> Option<Self::Item> {
                self.next_with(|map, deadline| map.next_until(deadline), |_| None)
            }
        }

        impl<$($parameters)*> FusedIterator for $map {}
        impl<$($parameters)*> FusedIterator for Timed<$map> {}
    };
}
pub(super) use iterate;
