//! How a future's end reaches whoever awaits it without a thread: by a waker, which is a runtime's
//! code and not ours.
//!
//! The waker is behind a lock of its own, so that a poll can replace it without the answer's; and
//! it is woken, cloned and dropped with no lock held. **Why no wake-up is lost:** a poll first sets
//! its waker and then looks whether the future is done; whoever ends the future makes it done
//! first, and rings then. So the poll sees the end, or its waker is the one that is woken.

use std::sync::Arc;
use std::task::Waker;

use super::contain::{contain, discard};
use crate::sync::Mutex;

/// Rings them all. Whoever is woken may poll at once, and set another waker in vain: that is
/// dropped here, if nobody else has the alarm.
pub(crate) fn ring_all(alarms: Vec<Arc<Alarm>>) {
    for alarm in alarms {
        alarm.ring();
        discard(alarm);
    }
}

/// One for each who awaits. It rings at most once.
pub(crate) struct Alarm(Mutex<Option<Waker>>);

impl Alarm {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// From now on it wakes this one, unless it has rung.
    pub(crate) fn set(&self, waker: &Waker) {
        if self.0.lock().as_ref().is_some_and(|set| set.will_wake(waker)) {
            return;
        }
        let waker = waker.clone();
        let before = self.0.lock().replace(waker);
        drop(before);
    }

    /// Wakes whoever is to be woken. A waker that panics harms nobody.
    pub(crate) fn ring(&self) {
        let waker = self.0.lock().take();
        if let Some(waker) = waker {
            contain(|| waker.wake());
        }
    }
}
