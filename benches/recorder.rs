//! What observing costs: the same tasks on a pool without an observer, with an observer that does
//! nothing, and with a recorder.
//!
//! The tasks are empty, so that their work does not hide the cost. Each has four events (submitted,
//! started, finished, result read), and now and then a thread blocks or a worker falls idle. The
//! cost of an event is therefore the difference divided by a little more than four.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glasspool::timeline::Recorder;
use glasspool::{Builder, Event, ThreadPoolExecutor};

const TASKS: u64 = 1000;

/// Capacity of the recorder: more events than all rounds have.
const EVENTS: usize = 50_000_000;

type Watch = fn(Builder) -> Builder;

fn pools() -> [(&'static str, Watch); 3] {
    [
        ("unobserved", |pool| pool),
        ("observed", |pool| {
            pool.observer(|event: &Event<'_>| {
                black_box(event);
            })
        }),
        ("recorded", |pool| pool.observer(Arc::new(Recorder::with_capacity(EVENTS)))),
    ]
}

fn tasks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("seen");
    group.throughput(Throughput::Elements(TASKS)).sample_size(20);
    for (seen, watch) in pools() {
        let pool = watch(ThreadPoolExecutor::builder().max_workers(2)).build().unwrap();
        group.bench_function(BenchmarkId::new("submit", seen), |bencher| {
            bencher.iter(|| {
                let futures: Vec<_> = (0..TASKS).map(|n| pool.submit(move || n)).collect();
                futures.into_iter().map(|future| future.into_result().unwrap()).sum::<u64>()
            });
        });
        group.bench_function(BenchmarkId::new("map", seen), |bencher| {
            bencher.iter(|| pool.map(0..TASKS, |n| n).map(Result::unwrap).sum::<u64>());
        });
    }
    group.finish();
}

criterion_group!(benches, tasks);
criterion_main!(benches);
