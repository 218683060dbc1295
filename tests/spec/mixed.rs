//! Everything at once: pools of several sizes under a mix of all that can be done to them, drawn
//! from a seed. Whatever the order, each closure runs, is cancelled or comes back, each capture is
//! dropped once, every future ends, and the counts agree.

use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use glasspool::{
    Executor, Future, Refusal, Refused, Shutdown, Submitter, TaskError, ThreadPoolExecutor, task,
};

use crate::support::{Drops, Tally, limit};

const SIZES: [usize; 4] = [1, 2, 3, 8];
const SEEDS: std::ops::Range<u64> = 1..9;
const SUBMITTERS: u64 = 3;
const STEPS: u64 = 100;

/// Numbers that look drawn, and are the same for the same seed (Marsaglia's xorshift).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn one_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }
}

/// What became of closures, counted by those to whom it became known.
#[derive(Clone, Default)]
struct Fates {
    made: Tally,
    ran: Tally,
    cancelled: Tally,
    came_back: Tally,
    drops: Drops,
}

impl Fates {
    fn closure(&self, work: Box<dyn FnOnce() + Send>) -> impl FnOnce() + Send + use<> {
        self.made.add();
        let ran = self.ran.clone();
        self.drops.with(move || {
            ran.add();
            work();
        })
    }

    fn accepted(&self, future: &Future<()>) {
        let cancelled = self.cancelled.clone();
        future.add_done_callback(move |outcome| {
            if matches!(outcome, Err(TaskError::Cancelled(_))) {
                cancelled.add();
            }
        });
    }

    fn refused<W>(&self, refused: Refused<W>) {
        assert!(matches!(refused.why(), Refusal::Full | Refusal::ShutDown));
        drop(refused.into_inner());
        self.came_back.add();
    }
}

/// One submit, of whatever kind.
fn submit(to: &Submitter, fates: &Fates, draw: &mut Draw, depth: u64) -> Option<Future<()>> {
    let work = match draw.below(4) {
        0 => fates.closure(boxed(|| resume_unwind(Box::new("as drawn, without a word on stderr")))),
        1 if depth > 0 => {
            let (to, inner, mut drawn) = (to.clone(), fates.clone(), Draw(draw.0 | 1));
            fates.closure(boxed(move || drop(submit(&to, &inner, &mut drawn, depth - 1))))
        }
        _ => fates.closure(boxed(|| ())),
    };
    let tried = match draw.below(3) {
        0 => to.try_submit(work).map_err(|refused| fates.refused(refused)),
        1 => {
            let patience = Duration::from_micros(draw.below(200));
            to.named("mixed")
                .try_submit_timeout(patience, work)
                .map_err(|refused| fates.refused(refused))
        }
        _ => {
            let (task, future) = task(work);
            to.try_execute(task).map(|()| future).map_err(|refused| fates.refused(refused))
        }
    };
    tried.ok().inspect(|future| fates.accepted(future))
}

fn boxed(work: impl FnOnce() + Send + 'static) -> Box<dyn FnOnce() + Send> {
    Box::new(work)
}

fn submit_many(to: &Submitter, fates: &Fates, mut draw: Draw) {
    let mut held = Vec::new();
    for _ in 0..STEPS {
        let Some(future) = submit(to, fates, &mut draw, 2) else { continue };
        match draw.below(5) {
            0 => drop(future),
            1 => _ = future.cancel(),
            2 => _ = future.request_stop(),
            3 => _ = future.result_timeout(Duration::from_micros(draw.below(100))),
            _ => held.push(future),
        }
    }
    for future in held {
        let _ = future.result();
        assert!(future.done());
    }
}

fn pool_as_drawn(max_workers: usize, draw: &mut Draw) -> ThreadPoolExecutor {
    let mut builder = ThreadPoolExecutor::builder().max_workers(max_workers);
    if draw.one_in(2) {
        builder = builder.queue_capacity(1 + usize::try_from(draw.below(5)).unwrap());
    }
    if draw.one_in(2) {
        builder = builder.keep_alive(Duration::from_micros(draw.below(100)));
    }
    builder.build().unwrap()
}

fn close_as_drawn(pool: &ThreadPoolExecutor, draw: &mut Draw) {
    let ways = [Shutdown::Drain, Shutdown::WhenIdle, Shutdown::CancelPending, Shutdown::Stop];
    let mut way = || ways[usize::try_from(draw.below(4)).unwrap()];
    pool.close(way());
    let _ = pool.shutdown_timeout(way(), Duration::from_micros(50)).unwrap();
    pool.shutdown(way()).unwrap();
}

#[test]
fn a_mix_of_everything_loses_nothing_and_its_counts_agree() {
    let _limit = limit();
    for (max_workers, seed) in
        SIZES.into_iter().flat_map(|size| SEEDS.map(move |seed| (size, seed)))
    {
        let mut draw = Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (pool, fates) = (pool_as_drawn(max_workers, &mut draw), Fates::default());
        let early = draw.one_in(2);
        thread::scope(|scope| {
            let submitters: Vec<_> = (0..SUBMITTERS)
                .map(|_| {
                    let (to, fates, draw) =
                        (pool.submitter(), fates.clone(), Draw(draw.below(u64::MAX) | 1));
                    scope.spawn(move || submit_many(&to, &fates, draw))
                })
                .collect();
            if !early {
                for submitter in submitters {
                    submitter.join().unwrap();
                }
            }
            close_as_drawn(&pool, &mut draw);
        });
        let [made, ran, cancelled, came_back] =
            [&fates.made, &fates.ran, &fates.cancelled, &fates.came_back].map(Tally::count);
        let stats = pool.stats();
        let seen = format!("{max_workers} workers, seed {seed}: {stats:?}");
        assert_eq!((made, made), (ran + cancelled + came_back, fates.drops.count()), "{seen}");
        assert_eq!((stats.workers, stats.queued), (0, 0), "{seen}");
        assert_eq!(stats.returned + stats.panicked, ran as u64, "{seen}");
        assert_eq!(stats.cancelled, cancelled as u64, "{seen}");
        assert_eq!(stats.submitted, (ran + cancelled) as u64, "{seen}");
    }
}
