//! How many workers does this work need?
//!
//! The same 64 tasks are run by 1, 2, 4, … 64 workers: as work that computes, work that waits, and
//! a mix of both. Each has a chart of the time against the number of workers. Both its axes are
//! logarithmic, so what halves with each doubling is a straight line down. Take the smallest number
//! after which the line stays level: the knee.
//!
//! Before measuring, say where the knee will be:
//!
//! - **compute**: at the number of cores. One worker more has no core to run on.
//! - **waiting**: there is none. Who waits needs no core, so each doubling halves the time, until
//!   every task has its worker.
//! - **mix**: each task waits and then computes, as long as those do. If it computes for a share
//!   *p* of its time, it keeps *p* of a core busy, so the knee is near cores / *p*. That is Goetz's
//!   rule, cores × (1 + wait / compute), and the first two charts have both numbers: what waiting
//!   and compute take with one worker.
//!
//! What it cannot say:
//!
//! - Anything about another machine, or about your own work. The shapes carry over, and no number
//!   does.
//! - What a server does. A sleep is not a network: any number of sleeps go on at once, and a server
//!   has a knee of its own.
//! - What a pool costs. The workers have started before the clock does, and handing a task over is
//!   quick beside the task; it shows only at the end of the waiting chart, where to wake 64 workers
//!   takes about as long as they then sleep.
//! - How long anything takes, to a few per cent. Ten samples show a knee, and that only while
//!   nothing else keeps the cores busy.
//!
//! It takes about half a minute:
//!
//! ```text
//! cargo bench --bench pool_size
//! cargo bench --bench pool_size -- waiting
//! ```
//!
//! The charts are in the reports of the groups; the first page links to all. "Input" is the number
//! of workers. The axis of the time reaches only from the least to the most that was measured, so
//! noise may look like a cliff, and it is numbered only from the first power of ten on: the
//! terminal shows all numbers.
//!
//! ```text
//! target/criterion/report/index.html
//! target/criterion/pool_size_compute/report/index.html
//! target/criterion/pool_size_waiting/report/index.html
//! target/criterion/pool_size_mix/report/index.html
//! ```

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use criterion::{AxisScale, BenchmarkId, Criterion, PlotConfiguration, SamplingMode};
use glasspool::ThreadPoolExecutor;

/// Powers of two are dense enough for a knee, and evenly spaced on the chart.
const WORKERS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

/// As many as the most workers, and a multiple of each size: no worker goes without while others
/// have two left.
const TASKS: usize = 64;

/// Finding the primes below it keeps a core of today busy for a quarter as long as a task waits.
const LIMIT: u32 = 8_500;

/// Long beside the few dozen microseconds by which a sleeper oversleeps.
const WAIT: Duration = Duration::from_micros(750);

/// The fewest that criterion takes.
const SAMPLES: usize = 10;

/// Plenty for ten samples. With criterion's own number, its statistics would take longer than the
/// measuring.
const RESAMPLES: usize = 2_000;

/// Only to estimate how often the work fits into a sample: the pool is warm already.
const WARM_UP: Duration = Duration::from_millis(100);

/// Enough for so many samples of the longest, which is the mix with one worker.
const MEASUREMENT: Duration = Duration::from_secs(1);

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(SAMPLES)
        .nresamples(RESAMPLES)
        .warm_up_time(WARM_UP)
        .measurement_time(MEASUREMENT)
        .configure_from_args();
    sweep(&mut criterion, "pool_size/compute", compute);
    sweep(&mut criterion, "pool_size/waiting", wait);
    sweep(&mut criterion, "pool_size/mix", || {
        wait();
        compute()
    });
    criterion.final_summary();
}

/// Runs the tasks with each number of workers.
///
/// The line chart is drawn only if the parameters are numbers and no throughput is set, which would
/// take their place.
fn sweep<T: Send + 'static>(criterion: &mut Criterion, name: &str, task: fn() -> T) {
    let mut group = criterion.benchmark_group(name);
    group
        .sampling_mode(SamplingMode::Flat)
        .plot_config(PlotConfiguration::default().summary_scale(AxisScale::Logarithmic));
    for workers in WORKERS {
        let pool = warm_pool(workers);
        group.bench_function(BenchmarkId::from_parameter(workers), |bencher| {
            bencher.iter(|| {
                let results: Result<Vec<T>, _> = pool.map(0..TASKS, move |_| task()).collect();
                assert_eq!(results.expect("no task fails").len(), TASKS);
            });
        });
    }
    group.finish();
}

/// A pool whose workers have all started. They come on demand and idle ones are reused, so each is
/// held until all are there.
fn warm_pool(workers: usize) -> ThreadPoolExecutor {
    let pool = ThreadPoolExecutor::new(workers).expect("there is at least one worker");
    let everyone = Barrier::new(workers);
    for arrived in pool.map(0..workers, move |_| everyone.wait()) {
        arrived.expect("waiting at a barrier does not fail");
    }
    pool
}

/// Counts primes by trial division: nothing but a core is needed, and no memory is shared.
fn compute() -> usize {
    // The limit is hidden, lest the compiler count once and for all.
    (2..black_box(LIMIT)).filter(|&n| is_prime(n)).count()
}

fn is_prime(n: u32) -> bool {
    (2..n).take_while(|d| d * d <= n).all(|d| n % d != 0)
}

fn wait() {
    thread::sleep(WAIT);
}
