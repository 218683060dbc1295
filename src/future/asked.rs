//! What a reader can ask of a task of its own: all that can be asked of an answer; and, if the
//! reader is a worker, to be run by it.

use std::sync::Arc;

use super::contain::outcome_of;
use super::shared::{Answer, Shared, count_husk};
use super::watchers::Watchable;
use crate::identity::PoolId;
use crate::label::Label;
use crate::nesting::waiting::Awaited;
use crate::nesting::whereabouts::{Home, Whereabouts};

/// The reading side of a task of its own. (An item of a map has its function elsewhere.)
pub(crate) trait Asked<T>: Answer<T> + Awaited {
    /// The same, for those who do not care what its value is.
    fn awaited(&self) -> &dyn Awaited;
}

impl<F, T> Asked<T> for Shared<F, T, Home>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn awaited(&self) -> &dyn Awaited {
        self
    }
}

impl<F, T> Awaited for Shared<F, T, Home>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn home(&self) -> Option<PoolId> {
        self.home.get()
    }

    fn whereabouts(&self) -> Option<Arc<Whereabouts>> {
        Watchable::whereabouts(self, self.home.get())
    }

    fn run_here(&self, label: &Label) -> bool {
        let work = self.claim();
        let claimed = work.is_some();
        if let Some(work) = work {
            count_husk();
            self.complete(outcome_of(work, label));
        }
        claimed
    }
}
