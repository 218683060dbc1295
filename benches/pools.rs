//! The pools that are compared, behind one trait.
//!
//! `threadpool` and `rayon` run closures and return nothing, so [`WithChannels`] adds what a
//! program would write to get its results: a `oneshot` channel for each task, or one channel for
//! all.

use std::sync::{Arc, Barrier};

use glasspool::{Future, ThreadPoolExecutor, as_completed};

/// The number of a task, which is what it returns.
pub type Value = usize;

/// A pool of threads, and how one gets the values of its tasks.
pub trait Pool: Sized {
    /// Holds the value of one task, once it has ended.
    type Handle;

    /// Starts a pool of so many workers.
    fn start(workers: usize) -> Self;

    /// Queues a task.
    fn submit(&self, work: impl FnOnce() -> Value + Send + 'static) -> Self::Handle;

    /// Waits for a task to end and returns its value.
    fn read(handle: Self::Handle) -> Value;

    /// Queues so many tasks, calls `release`, reads the values in the order in which the tasks end,
    /// and returns their sum.
    fn sum_as_completed(&self, tasks: usize, release: impl FnOnce()) -> Value;
}

/// Workers that wait inside a task, so that other tasks stay queued.
pub struct Held<P: Pool> {
    released: Arc<Barrier>,
    handles: Vec<P::Handle>,
}

impl<P: Pool> Held<P> {
    /// Occupies every worker. By the return, a pool that starts its workers on demand has started
    /// all of them.
    pub fn hold(pool: &P, workers: usize) -> Self {
        let arrived = Arc::new(Barrier::new(workers + 1));
        let released = Arc::new(Barrier::new(workers + 1));
        let handles = (0..workers)
            .map(|number| {
                let (arrived, released) = (Arc::clone(&arrived), Arc::clone(&released));
                pool.submit(move || {
                    arrived.wait();
                    released.wait();
                    number
                })
            })
            .collect();
        arrived.wait();
        Self { released, handles }
    }

    /// Lets the workers go on, and returns the handles of the tasks that held them.
    pub fn release(self) -> Vec<P::Handle> {
        self.released.wait();
        self.handles
    }
}

impl Pool for ThreadPoolExecutor {
    type Handle = Future<Value>;

    fn start(workers: usize) -> Self {
        Self::new(workers).expect("there is at least one worker")
    }

    fn submit(&self, work: impl FnOnce() -> Value + Send + 'static) -> Self::Handle {
        self.submit(work)
    }

    fn read(handle: Self::Handle) -> Value {
        handle.into_result().expect("no task fails")
    }

    fn sum_as_completed(&self, tasks: usize, release: impl FnOnce()) -> Value {
        let futures: Vec<_> = (0..tasks).map(|number| self.submit(move || number)).collect();
        // No task has ended yet if the workers are held, so each end has to be announced.
        let completed = as_completed(futures);
        release();
        completed.map(Self::read).sum()
    }
}

/// A pool that runs closures and returns no results.
pub trait Spawn {
    /// Starts a pool of so many workers.
    fn start(workers: usize) -> Self;

    /// Queues a closure.
    fn spawn(&self, work: impl FnOnce() + Send + 'static);
}

impl Spawn for threadpool::ThreadPool {
    fn start(workers: usize) -> Self {
        Self::new(workers)
    }

    fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        self.execute(work);
    }
}

impl Spawn for rayon::ThreadPool {
    fn start(workers: usize) -> Self {
        rayon::ThreadPoolBuilder::new()
            .num_threads(workers)
            .build()
            .expect("the system gives a thread")
    }

    fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        self.spawn(work);
    }
}

/// A peer, with channels for its results.
pub struct WithChannels<S>(S);

impl<S: Spawn> Pool for WithChannels<S> {
    type Handle = oneshot::Receiver<Value>;

    fn start(workers: usize) -> Self {
        Self(S::start(workers))
    }

    fn submit(&self, work: impl FnOnce() -> Value + Send + 'static) -> Self::Handle {
        let (sender, receiver) = oneshot::channel();
        // Nobody may be left to read it.
        self.0.spawn(move || drop(sender.send(work())));
        receiver
    }

    fn read(handle: Self::Handle) -> Value {
        handle.recv().expect("no task fails")
    }

    fn sum_as_completed(&self, tasks: usize, release: impl FnOnce()) -> Value {
        let (sender, receiver) = crossbeam_channel::unbounded();
        for number in 0..tasks {
            let sender = sender.clone();
            self.0.spawn(move || sender.send(number).expect("every value is received"));
        }
        drop(sender);
        release();
        receiver.into_iter().sum()
    }
}
