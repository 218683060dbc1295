//! What a pool has been told to be: the options, checked and with their defaults filled in.

use std::sync::Arc;
use std::time::Duration;

use super::identity::PoolId;
use super::queue::SeatNumber;

/// Linux keeps so many bytes of a thread's name. A prefix gives way, so that workers stay distinguishable.
const NAME_BYTES: usize = 15;

pub(super) type Initializer = Arc<dyn Fn() + Send + Sync>;

pub(crate) struct Settings {
    pub(super) id: PoolId,
    pub(super) max_workers: usize,
    pub(super) prefix: String,
    pub(super) stack_size: Option<usize>,
    pub(super) keep_alive: Option<Duration>,
    pub(super) initializer: Option<Initializer>,
}

impl Settings {
    pub(super) fn thread_name(&self, seat: SeatNumber) -> String {
        format!("{}_{}", self.prefix, seat.0)
    }
}

/// The prefix, short enough for the highest number to stand behind it.
pub(super) fn prefix_that_fits(mut prefix: String, max_workers: usize) -> String {
    let number_bytes = format!("_{}", max_workers - 1).len();
    let mut end = NAME_BYTES.saturating_sub(number_bytes).min(prefix.len());
    while !prefix.is_char_boundary(end) {
        end -= 1;
    }
    prefix.truncate(end);
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_gives_way_to_the_highest_number() {
        assert_eq!(prefix_that_fits("flags".into(), 1000), "flags");
        assert_eq!(prefix_that_fits("exactly-13byt".into(), 10), "exactly-13byt");
        assert_eq!(prefix_that_fits("a-very-long-prefix".into(), 10), "a-very-long-p");
        assert_eq!(prefix_that_fits("a-very-long-prefix".into(), 11), "a-very-long-");
        assert_eq!(prefix_that_fits("旗旗旗旗旗".into(), 10), "旗旗旗旗");
    }
}
