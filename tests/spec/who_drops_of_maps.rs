//! Who drops what of a map, and of futures that were given away: the rules are in
//! [`who_drops`](crate::who_drops).

use std::iter;
use std::panic::panic_any;
use std::time::Duration;
use std::vec::IntoIter;

use glasspool::{BufferedMap, Executor, Map, Shutdown, ThreadPoolExecutor, first_success, task};

use crate::executors::Later;
use crate::support::{Gate, NO_SUCH_STACK, limit};
use crate::who_drops::{Returns, Thing, Things, builder, done, each_once, held};

type Cancel = fn(&ThreadPoolExecutor, Map<Thing>);
type CancelBuffered = fn(BufferedMap<IntoIter<Thing>, Thing>);

/// A map of two items, none of which has begun.
fn unbegun(things: &Things) -> (ThreadPoolExecutor, Gate, Map<Thing>) {
    let (pool, gate) = held();
    let map = pool.map([things.one("item"), things.one("item")], things.function());
    (pool, gate, map)
}

#[test]
fn things_of_a_map_that_runs() {
    let _limit = limit();
    let all =
        "item by worker, item by worker, function by worker, value by reader, value by reader";
    let item = ("item", "item by worker, item by worker, function by worker");
    let out = (
        "value",
        "item by worker, item by worker, function by worker, value by reader, out of reader, value by reader, out of reader",
    );
    each_once("read", all, &[item, out], |things| {
        let (pool, gate, map) = unbegun(things);
        done(&pool, &gate);
        map.for_each(|value| _ = things.by("reader", || drop(value)));
    });
    each_once("never read", all, &[item], |things| {
        let (pool, gate, map) = unbegun(things);
        done(&pool, &gate);
        things.by("reader", || drop(map)).unwrap();
    });
    each_once("never read, and the pool gone", all, &[item], |things| {
        let (pool, gate, map) = unbegun(things);
        gate.open();
        drop(pool);
        things.by("reader", || drop(map)).unwrap();
    });
    let begun = "item by reader, item by worker, value by worker, function by worker";
    let item = ("item", "item by reader, item by worker, function by worker");
    each_once("dropped while its first item runs", begun, &[item], |things| {
        let (pool, gate, function) =
            (builder().build().unwrap(), Gate::closed(), things.function());
        let way = gate.way();
        let map = pool.map([things.one("item"), things.one("item")], move |item| {
            way.pass();
            function(item)
        });
        gate.wait_for(1);
        things.by("reader", || drop(map)).unwrap();
        done(&pool, &gate);
    });
}

#[test]
fn things_of_a_map_that_does_not_run() {
    let _limit = limit();
    let cancelled = "function by canceller, item by canceller, item by canceller";
    let ways: [(&str, Cancel); 4] = [
        ("dropped", |_, map| drop(map)),
        ("its time is up", |_, map| {
            assert!(map.timeout(Duration::ZERO).next().unwrap().is_err());
        }),
        ("close", |pool, _map| pool.close(Shutdown::CancelPending)),
        ("shutdown_timeout", |pool, _map| {
            _ = pool.shutdown_timeout(Shutdown::Drain, Duration::ZERO);
        }),
    ];
    for (way, cancel) in ways {
        each_once(way, cancelled, &[], |things| {
            let (pool, gate, map) = unbegun(things);
            things.by("canceller", || cancel(&pool, map)).unwrap();
            gate.open();
            drop(pool);
        });
    }
    each_once(
        "its task dropped",
        "function by holder, item by holder, item by holder",
        &[],
        |things| {
            let later = Later::default();
            let executor: &dyn Executor = &later;
            let map = executor.map([things.one("item"), things.one("item")], things.function());
            things.by("holder", || drop(later.tasks())).unwrap();
            assert!(map.map(Result::err).all(|error| error.is_some()));
        },
    );
    each_once(
        "lost with its worker",
        "item by worker, function by worker, item by worker",
        &[],
        |things| {
            let pool = builder().initializer(|| panic_any(())).build().unwrap();
            let map = pool.map([things.one("item"), things.one("item")], things.function());
            drop(pool);
            assert!(map.map(Result::err).all(|error| error.is_some()));
        },
    );
    each_once("refused before it has its items", "function by submitter", &[], |things| {
        let (pool, _gate) = held();
        pool.close(Shutdown::Drain);
        let items = iter::once_with(|| things.one("item"));
        assert!(things.by("submitter", || drop(pool.map(items, things.function()))).is_none());
    });
    each_once("its iterator panics", "item by submitter, function by submitter", &[], |things| {
        let (pool, _gate) = held();
        let items = iter::once_with(|| things.one("item")).chain(iter::once_with(|| panic_any(())));
        assert!(things.by("submitter", || drop(pool.map(items, things.function()))).is_none());
    });
    let refused = "function by submitter, item by submitter";
    each_once("refused when it has its items", refused, &[], |things| {
        let pool = builder().stack_size(NO_SUCH_STACK).build().unwrap();
        let items = [things.one("item")];
        assert!(things.by("submitter", || drop(pool.map(items, things.function()))).is_none());
    });
}

#[test]
fn things_of_a_buffered_map() {
    let _limit = limit();
    let ways: [(&str, CancelBuffered); 2] = [
        ("dropped", |map| drop(map)),
        ("its time is up", |map| assert!(map.timeout(Duration::ZERO).next().unwrap().is_err())),
    ];
    let cancelled = "item by reader, item by reader, item by reader, function by reader";
    for (way, cancel) in ways {
        each_once(way, cancelled, &[], |things| {
            let (pool, gate) = held();
            let items = vec![things.one("item"), things.one("item"), things.one("item")];
            let map = pool.map_buffered(items, 2, things.function());
            things.by("reader", || cancel(map)).unwrap();
            gate.open();
            drop(pool);
        });
    }
    let unread = "item by worker, value by reader, item by reader, function by reader";
    let item = ("item", "item by worker, item by reader, function by reader");
    each_once("never read", unread, &[item], |things| {
        let (pool, gate) = held();
        let map =
            pool.map_buffered(vec![things.one("item"), things.one("item")], 1, things.function());
        done(&pool, &gate);
        things.by("reader", || drop(map)).unwrap();
    });
}

#[test]
fn things_of_futures_that_do_not_win() {
    let _limit = limit();
    let all =
        "capture by worker, capture by worker, capture by reader, value by reader, value by winner";
    let capture = ("capture", "capture by worker, capture by worker, capture by reader");
    let out = (
        "value",
        "capture by worker, capture by worker, capture by reader, value by reader, value by winner, out of winner",
    );
    each_once(
        "one that is no success, and one that has not begun",
        all,
        &[capture, out],
        |things| {
            let (pool, gate) = held();
            let futures = [pool.submit(things.work(Returns)), pool.submit(things.work(Returns))];
            done(&pool, &gate);
            let (_task, third) = task(things.work(Returns));
            let mut asked = 0;
            let is_second = |_: &Thing| {
                asked += 1;
                asked == 2
            };
            let futures = futures.into_iter().chain([third]);
            let first = things
                .by("reader", || first_success(futures, Some(Duration::ZERO), is_second).ok())
                .unwrap();
            things.by("winner", || drop(first));
        },
    );
}
