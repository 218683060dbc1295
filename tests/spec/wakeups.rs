//! What would hang if a listener were told with a lock of the library's held.

use std::sync::{Arc, OnceLock};

use glasspool::{Event, EventKind, Future};

use crate::support::{Gate, Tally, within};
use crate::told::observed_by;

/// The observer looks at the future whose step it is told of, which takes that future's lock.
#[test]
fn an_observer_may_look_at_the_future_that_it_is_told_of() {
    within(|| {
        let (watched, looks) = (Arc::new(OnceLock::<Future<u8>>::new()), Tally::default());
        let (seen, looked) = (Arc::clone(&watched), looks.clone());
        let observer = move |event: &Event<'_>| {
            if let Some(future) = seen.get() {
                if matches!(event.kind, EventKind::Finished(_)) {
                    assert!(future.running());
                    looked.add();
                }
            }
        };
        let pool = observed_by(observer).max_workers(1).build().unwrap();
        let gate = Gate::closed();
        assert!(watched.set(pool.submit(gate.then(|| 7))).is_ok());
        gate.open();
        assert_eq!(watched.get().unwrap().result().unwrap(), &7);
        assert_eq!(looks.count(), 1);
    });
}
