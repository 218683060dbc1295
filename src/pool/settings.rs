//! What a pool has been told to be: the options, checked and with their defaults filled in.

use std::sync::Arc;
use std::time::Duration;

use super::seats::SeatNumber;
use crate::events::watch::Watch;
use crate::identity::PoolId;
use crate::nesting::policy::NestedWait;
use crate::sync::default_stack_size;

/// Linux keeps so many bytes of a thread's name. A prefix gives way, so that workers stay
/// distinguishable.
const NAME_BYTES: usize = 15;

/// Of a pool that may have more workers than this, the names of those beyond it may be longer.
const MOST_NUMBERED: usize = 10_000;

pub(crate) struct Settings {
    pub(super) id: PoolId,
    pub(super) max_workers: usize,
    /// How many tasks may wait; `None` is as many as like.
    pub(super) queue_capacity: Option<usize>,
    /// As it was given.
    pub(super) name: String,
    pub(super) stack_size: Option<usize>,
    pub(super) keep_alive: Option<Duration>,
    pub(super) nested_wait: NestedWait,
    /// Through what it tells its observer, if it has one.
    pub(super) watch: Option<Arc<Watch>>,
}

impl Settings {
    /// How large a worker's stack is, in bytes.
    pub(super) fn stack_bytes(&self) -> usize {
        self.stack_size.unwrap_or_else(default_stack_size)
    }

    pub(super) fn thread_name(&self, seat: SeatNumber) -> String {
        format!("{}_{}", prefix_that_fits(&self.name, self.max_workers), seat.0)
    }
}

/// As much of the prefix as leaves room for the highest number behind it.
fn prefix_that_fits(prefix: &str, max_workers: usize) -> &str {
    let number_bytes = format!("_{}", max_workers.min(MOST_NUMBERED) - 1).len();
    let mut end = (NAME_BYTES - number_bytes).min(prefix.len());
    while !prefix.is_char_boundary(end) {
        end -= 1;
    }
    &prefix[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_gives_way_to_the_highest_number() {
        assert_eq!(prefix_that_fits("flags", 1000), "flags");
        assert_eq!(prefix_that_fits("exactly-13byt", 10), "exactly-13byt");
        assert_eq!(prefix_that_fits("a-very-long-prefix", 10), "a-very-long-p");
        assert_eq!(prefix_that_fits("a-very-long-prefix", 11), "a-very-long-");
        assert_eq!(prefix_that_fits("旗旗旗旗旗", 10), "旗旗旗旗");
    }
}
