//! Borrowed work: an executor that lives for the length of one call, so its tasks may borrow from
//! the caller.
//!
//! A running pool's workers can never run work that borrows: nothing says that they stop in time,
//! and no safe Rust could say it. So a scope has workers of its own, which are
//! [`std::thread::scope`]'s threads. For the rest it is the same [`Core`] as every pool's, with
//! tasks that borrow for `'scope`.
//!
//! **The end of a scope.** When the body has returned, tasks may still submit others, so the queue
//! closes [when it is idle](Shutdown::WhenIdle), by itself, in the critical section in which the
//! last worker has run out of tasks. When the body has panicked, what is pending is cancelled, what
//! runs is asked to stop, and the queue is closed, or the threads would never end and `std`'s scope
//! would wait for them for ever. Either way every task has ended, and every handle that a task held
//! is gone, before the scope returns.

use std::fmt;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe, resume_unwind};
use std::sync::Arc;

use super::builder::Builder;
use super::core::Core;
use super::hooks::Hooks;
use super::settings::Settings;
use super::stats::Stats;
use crate::error::{BuildError, Panic, Refusal, Refused};
use crate::executor::{Patience, Takes};
use crate::future::contain::catch;
use crate::future::handle::ScopedFuture;
use crate::future::keeper::Keeper;
use crate::future::task::ScopedTask;
use crate::future::unobserved;
use crate::identity::PoolId;
use crate::label::{Label, Name};
use crate::many::map::ScopedMap;
use crate::many::map::buffered::ScopedBufferedMap;
use crate::shutdown::Shutdown;
use crate::stop::StopToken;
use crate::submit::{submit, submit_stoppable, try_submit};
use crate::sync::{Mutex, ThreadScope, thread_scope};

/// Runs `body` with an executor of at most so many workers, whose tasks may borrow what lives
/// around the call.
///
/// Blocks until the body has returned, every task has ended, those that tasks have submitted
/// included, and every worker's thread is gone. Workers start on demand. For a scope with options
/// there is [`Builder::scope`].
///
/// # Errors
///
/// [`BuildError::NoWorkers`] for zero; then the body is not run.
///
/// # Panics
///
/// If the body panics: what is pending is cancelled, what runs is asked to stop if it has a
/// [`StopToken`], and goes on to its end, and then the panic goes on. Else, if a submitted task has
/// panicked and nobody ever looked at its future: with the payload of the first of these, when all
/// tasks have ended. (Others, and items of a map that nobody read, go the way of every [unobserved
/// panic](crate::set_unobserved_panic_hook).)
///
/// ```
/// use glasspool::scope;
///
/// let text = String::from("to be or not to be");
/// let (words, longest) = scope(2, |s| {
///     let words = s.submit(|| text.split(' ').count());
///     let longest = s.submit(|| text.split(' ').max_by_key(|word| word.len()));
///     Ok::<_, glasspool::TaskError>((words.into_result()?, longest.into_result()?))
/// })??;
/// assert_eq!((words, longest), (6, Some("not")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A task that submits takes a clone of the scope with it:
///
/// ```
/// use glasspool::{Scope, scope};
///
/// fn sort<'scope>(s: &Scope<'scope, '_>, numbers: &'scope mut [u32]) {
///     if numbers.len() < 2 {
///         return;
///     }
///     let (pivot, rest) = numbers.split_first_mut().unwrap();
///     let less = partition(pivot, rest);
///     let (left, right) = numbers.split_at_mut(less);
///     let again = s.clone();
///     drop(s.submit(move || sort(&again, left)));
///     sort(s, &mut right[1..]);
/// }
/// # fn partition(pivot: &mut u32, rest: &mut [u32]) -> usize {
/// #     let mut less = 0;
/// #     for i in 0..rest.len() {
/// #         if rest[i] < *pivot {
/// #             rest.swap(i, less);
/// #             less += 1;
/// #         }
/// #     }
/// #     if less > 0 {
/// #         std::mem::swap(pivot, &mut rest[less - 1]);
/// #     }
/// #     less
/// # }
///
/// let mut numbers = [5, 2, 8, 1, 9, 3];
/// scope(2, |s| sort(s, &mut numbers))?;
/// assert_eq!(numbers, [1, 2, 3, 5, 8, 9]);
/// # Ok::<(), glasspool::BuildError>(())
/// ```
///
/// Nothing that a scope lends out survives it, and the compiler sees to that. A future cannot
/// leave:
///
/// ```compile_fail
/// let escaped = glasspool::scope(1, |s| s.submit(|| 1)).unwrap();
/// ```
///
/// nor can the scope itself, so nobody submits to one that has ended:
///
/// ```compile_fail,E0521
/// let mut kept = None;
/// glasspool::scope(1, |s| kept = Some(s.clone())).unwrap();
/// ```
///
/// nor can a task borrow what lives only in the body:
///
/// ```compile_fail,E0373
/// glasspool::scope(1, |s| {
///     let inside = String::from("too short a life");
///     drop(s.submit(|| inside.len()));
/// });
/// ```
///
/// nor two tasks share what one of them changes:
///
/// ```compile_fail,E0499
/// let mut count = 0;
/// glasspool::scope(2, |s| {
///     drop(s.submit(|| count += 1));
///     drop(s.submit(|| count += 1));
/// });
/// ```
///
/// nor one take to another thread what must stay on this:
///
/// ```compile_fail,E0277
/// let count = std::rc::Rc::new(1);
/// glasspool::scope(1, |s| drop(s.submit(|| *count)));
/// ```
///
/// ```compile_fail,E0277
/// glasspool::scope(1, |s| drop(s.submit(|| std::rc::Rc::new(1))));
/// ```
pub fn scope<'env, F, R>(max_workers: usize, body: F) -> Result<R, BuildError>
where
    F: for<'scope> FnOnce(&Scope<'scope, 'env>) -> R,
{
    Builder::default().max_workers(max_workers).scope(body)
}

/// How a scope is made that has options.
impl Builder {
    /// As [`scope`](crate::scope()), for a scope with these options: a stack for deep recursion,
    /// say. Its threads are called `scope-0`, `scope-1`, … if no prefix is given.
    ///
    /// # Errors
    ///
    /// If no scope can be made of these options, and then the body is not run: the same as for a
    /// pool, and a [`queue_capacity`](Self::queue_capacity), because a scope has no bound.
    ///
    /// # Panics
    ///
    /// As [`scope`](crate::scope()).
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// fn depth(left: u32) -> u32 {
    ///     if left == 0 { 0 } else { 1 + depth(std::hint::black_box(left - 1)) }
    /// }
    /// let rounds = 50_000;
    /// let builder = ThreadPoolExecutor::builder().max_workers(1).stack_size(64 << 20);
    /// let dug = builder.scope(|s| s.submit(|| depth(rounds)).into_result())??;
    /// assert_eq!(dug, rounds);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn scope<'env, F, R>(self, body: F) -> Result<R, BuildError>
    where
        F: for<'scope> FnOnce(&Scope<'scope, 'env>) -> R,
    {
        if self.has_a_bound() {
            return Err(BuildError::BoundedScope);
        }
        let (settings, hooks) = self.check("scope")?;
        Ok(run(settings, hooks, body))
    }
}

/// Runs the body of a scope that was made of these, and whatever comes of it to its end.
fn run<'env, F, R>(settings: Settings, hooks: Hooks, body: F) -> R
where
    F: for<'scope> FnOnce(&Scope<'scope, 'env>) -> R,
{
    thread_scope(|threads: &ThreadScope<'_, 'env>| {
        let unobserved = Arc::new(Unobserved(Mutex::new(None)));
        let core = Core::new(settings, hooks, threads);
        let scope =
            Scope { core, unobserved: Arc::clone(&unobserved), name: None, env: PhantomData };
        let result = catch(|| body(&scope));
        scope.core.close(if result.is_ok() { Shutdown::WhenIdle } else { Shutdown::Stop });
        scope.core.join().expect("the body does not run on one of the scope's own workers");
        drop(scope);
        let of_a_task = unobserved.0.lock().take();
        match (result, of_a_task) {
            (Ok(value), None) => value,
            (Ok(_), Some(panic)) => panic.resume(),
            (Err(payload), of_a_task) => {
                if let Some(panic) = of_a_task {
                    unobserved::report(&panic);
                }
                resume_unwind(payload)
            }
        }
    })
}

/// The executor of one [`scope`]: its tasks may borrow for `'scope` from `'env`, which is whatever
/// lives around the call.
///
/// Clones are the same scope; a task that submits takes one with it. (If the compiler asks for
/// `&'scope Scope`, that is what is missing: move a clone into the task.)
///
/// ```
/// use glasspool::{as_completed, scope};
///
/// let flags = ["br.gif", "cn.gif"];
/// scope(2, |s| {
///     let futures = flags.each_ref().map(|flag| s.submit(|| flag.to_uppercase()));
///     for future in as_completed(&futures) {
///         println!("{}", future.result().unwrap());
///     }
/// })?;
/// # Ok::<(), glasspool::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Scope<'scope, 'env: 'scope> {
    core: Arc<Core<'scope>>,
    unobserved: Arc<Unobserved>,
    name: Option<Name>,
    env: PhantomData<fn() -> &'scope &'env ()>,
}

impl<'scope> Scope<'scope, '_> {
    /// Has `work` run by a worker of the scope, and returns the future of what it returns. Blocks
    /// only while a worker's thread starts.
    ///
    /// # Panics
    ///
    /// If the body has panicked, or there is no worker and the system gives no thread for one.
    ///
    /// ```
    /// let total = 40;
    /// let sum = glasspool::scope(1, |s| s.submit(|| total + 2).into_result())??;
    /// assert_eq!(sum, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn submit<F, T>(&self, work: F) -> ScopedFuture<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        submit(self, work, self.label(Label::here()))
    }

    /// As [`submit`](Self::submit), and never panics.
    ///
    /// # Errors
    ///
    /// The closure back, with the reason why it was not taken.
    ///
    /// ```
    /// let greeting = String::from("hello");
    /// let length = glasspool::scope(1, |s| s.try_submit(|| greeting.len()).unwrap().into_result())??;
    /// assert_eq!(length, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn try_submit<F, T>(&self, work: F) -> Result<ScopedFuture<'scope, T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        try_submit(self, Patience::None, work, self.label(Label::here()))
    }

    /// As [`submit`](Self::submit), for work that is given the token by which its future
    /// [asks it to stop](ScopedFuture::request_stop).
    ///
    /// # Panics
    ///
    /// As [`submit`](Self::submit).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let patience = Duration::from_secs(100);
    /// glasspool::scope(1, |s| {
    ///     let future = s.submit_stoppable(|stop| stop.wait_timeout(patience));
    ///     assert!(future.request_stop());
    ///     assert_eq!(future.result().unwrap(), &true);
    /// })?;
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    #[track_caller]
    pub fn submit_stoppable<F, T>(&self, work: F) -> ScopedFuture<'scope, T>
    where
        F: FnOnce(StopToken) -> T + Send + 'scope,
        T: Send + 'scope,
    {
        submit_stoppable(self, work, self.label(Label::here()))
    }

    /// Applies `f` to each item, as a pool's [`map`](crate::ThreadPoolExecutor::map) does; items,
    /// function and results may borrow.
    ///
    /// # Panics
    ///
    /// As [`submit`](Self::submit).
    ///
    /// ```
    /// let words = vec!["to".to_owned(), "be".to_owned()];
    /// let initials: Result<Vec<&str>, _> = glasspool::scope(2, |s| s.map(&words, |word| &word[..1]).collect())?;
    /// assert_eq!(initials?, ["t", "b"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn map<I, F, T>(&self, items: I, f: F) -> ScopedMap<'scope, T>
    where
        I: IntoIterator<Item: Send + 'scope>,
        F: Fn(I::Item) -> T + Send + Sync + 'scope,
        T: Send + 'scope,
    {
        ScopedMap::start(self, items, f, self.label(Label::here()))
    }

    /// Applies `f` to each item, with so many in flight at a time, as a pool's
    /// [`map_buffered`](crate::ThreadPoolExecutor::map_buffered) does; items, function and results
    /// may borrow.
    ///
    /// # Panics
    ///
    /// If the buffer has no room, and as [`submit`](Self::submit).
    ///
    /// ```
    /// let words = vec!["to".to_owned(), "be".to_owned()];
    /// let initials: Result<Vec<&str>, _> =
    ///     glasspool::scope(2, |s| s.map_buffered(words.iter().cycle(), 2, |word| &word[..1]).take(3).collect())?;
    /// assert_eq!(initials?, ["t", "b", "t"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn map_buffered<I, F, T>(
        &self,
        items: I,
        buffer_size: usize,
        f: F,
    ) -> ScopedBufferedMap<'scope, I::IntoIter, T>
    where
        I: IntoIterator<Item: Send + 'scope>,
        F: Fn(I::Item) -> T + Send + Sync + 'scope,
        T: Send + 'scope,
    {
        ScopedBufferedMap::start(
            Arc::clone(&self.core),
            items,
            buffer_size,
            f,
            self.label(Label::here()),
        )
    }

    /// The same scope, under which what is submitted has a name, for error messages and `Debug`.
    /// Never blocks.
    ///
    /// ```
    /// use glasspool::scope;
    ///
    /// let error = scope(1, |s| s.named("BR").submit(|| panic!("no flag")).into_result()).map(Result::<(), _>::unwrap_err)?;
    /// assert_eq!(error.to_string(), "task 'BR' panicked: no flag");
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    #[must_use = "a name does nothing until something is submitted under it"]
    pub fn named(&self, name: impl Into<String>) -> Self {
        Self { name: Some(Name::new(name)), ..self.clone() }
    }

    /// How many workers it may have at most. Never blocks.
    ///
    /// ```
    /// assert_eq!(glasspool::scope(3, |s| s.max_workers())?, 3);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn max_workers(&self) -> usize {
        self.core.settings.max_workers
    }

    /// What it is doing and has done; see
    /// [`ThreadPoolExecutor::stats`](crate::ThreadPoolExecutor::stats).
    ///
    /// ```
    /// assert_eq!(glasspool::scope(3, |s| s.stats().submitted)?, 0);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn stats(&self) -> Stats {
        self.core.queue.stats()
    }

    /// Which pool this is, to its [workers](crate::current_worker). Never blocks.
    ///
    /// ```
    /// use glasspool::{current_worker, scope};
    ///
    /// let (mine, theirs) = scope(1, |s| (s.id(), s.submit(|| current_worker().unwrap().pool()).into_result()))?;
    /// assert_eq!(mine, theirs?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn id(&self) -> PoolId {
        self.core.settings.id
    }

    fn label(&self, label: Label) -> Label {
        match &self.name {
            Some(name) => label.named(name),
            None => label,
        }
    }
}

impl<'scope> Takes<'scope> for Scope<'scope, '_> {
    fn take(
        &self,
        task: ScopedTask<'scope>,
        patience: Patience,
    ) -> Result<(), Refused<ScopedTask<'scope>>> {
        let unobserved: Arc<dyn Keeper> = Arc::clone(&self.unobserved) as _;
        // `false` means that it has been cancelled already, and then there will be no panic to
        // keep.
        let _ = task.keep(&unobserved);
        self.core.take(task, patience)
    }

    fn max_workers(&self) -> usize {
        self.core.max_workers()
    }

    fn refusal(&self) -> Option<Refusal> {
        self.core.refusal()
    }
}

/// Keeps the first panic that nobody looked at, for the scope to panic with.
struct Unobserved(Mutex<Option<Panic>>);

impl Keeper for Unobserved {
    fn panicked_unobserved(&self, panic: &Panic) {
        let mut first = self.0.lock();
        if first.is_none() {
            *first = Some(panic.clone());
            return;
        }
        drop(first);
        unobserved::report(panic);
    }
}

// As a pool's handles: no user code runs while it is locked.
impl UnwindSafe for Scope<'_, '_> {}
impl RefUnwindSafe for Scope<'_, '_> {}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.stats();
        f.debug_struct("Scope")
            .field("max_workers", &self.max_workers())
            .field("workers", &now.workers)
            .field("idle", &now.idle)
            .field("queued", &now.queued)
            .finish()
    }
}
