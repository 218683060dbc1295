//! What keeps a sleeper from being woken, where no other test would notice.

use std::sync::{Arc, OnceLock, mpsc};

use glasspool::{Event, EventKind, Future, as_completed};

use crate::support::{Gate, Tally, limit, pool};
use crate::told::observed_by;

/// The observer looks at the future whose step it is told of, which takes that future's lock.
#[test]
fn an_observer_may_look_at_the_future_that_it_is_told_of() {
    let _limit = limit();
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
}

/// The first spare worker takes a task that waits for `outer`, and `outer` waits for any of two that
/// wait behind it: a second spare worker is hired.
#[test]
fn a_spare_worker_is_hired_when_the_last_worker_waits_for_another() {
    let _limit = limit();
    let (pool, (give, take), (tell, told)) = (pool(1), mpsc::channel(), mpsc::channel());
    let submitter = pool.submitter();
    let outer = Arc::new(pool.submit(move || {
        let myself: Arc<Future<u64>> = take.recv().unwrap();
        drop(submitter.submit(move || tell.send(myself.result().cloned()).unwrap()));
        let any = [7, 7].map(|n| submitter.submit(move || n));
        as_completed(any).next().unwrap().into_result().unwrap()
    }));
    give.send(Arc::clone(&outer)).unwrap();
    assert_eq!(told.recv().unwrap().unwrap(), 7);
}
