//! Borrowed work: an executor that lives for the length of one call, so its tasks may borrow from
//! the caller.
//!
//! The workers of a running pool cannot run work that borrows: safe Rust has no way to say that
//! they stop in time. So a scope has workers of its own, which are threads of
//! [`std::thread::scope`]. Apart from that it is a [`Pool`] like any other, with tasks that borrow
//! for `'scope`.
//!
//! **The end of a scope.** When the body has returned, tasks may still submit others, so the pool
//! closes [when it is idle](Shutdown::WhenIdle). When the body has panicked, pending tasks are
//! cancelled, running tasks are asked to stop, and the pool closes: an open pool's threads would
//! not end, and `std`'s scope would wait for them for ever. Either way every task has ended, and
//! every handle that a task held is gone, before the scope returns.

use std::fmt;
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe, resume_unwind};
use std::sync::Arc;

use crate::kernel::event::Shutdown;
use crate::kernel::meta::Common;
use crate::kernel::panics::{Label, Panic, catch, report_unobserved};
use crate::kernel::pool::Pool;
use crate::kernel::seams::{Listener, Origin, WaitPolicy};
use crate::options::builder::{BuildError, Builder};
use crate::options::stats::pool_facts;
use crate::submit::{Entry, submit_family};
use crate::sync::{Mutex, ThreadScope, scoped_threads, thread_scope};
use crate::{Refused, ScopedBufferedMap, ScopedFuture, ScopedMap, StopToken};

/// Runs `body` with an executor of at most so many workers, whose tasks may borrow what lives
/// around the call.
///
/// Blocks until the body has returned, every task has ended (tasks that tasks have submitted
/// included), and every worker's thread is gone. Workers start on demand. [`Builder::scope`] makes
/// a scope with options.
///
/// # Errors
///
/// Returns [`BuildError::NoWorkers`] for zero; then the body is not run.
///
/// # Panics
///
/// Panics if the body panics: pending tasks are cancelled, running tasks that have a [`StopToken`]
/// are asked to stop, and when all of them have ended the body's panic goes on. Panics also if a
/// submitted task has panicked and nobody has looked at its future: with the payload of the first
/// such task, when all tasks have ended. (Other such tasks, and items of a map that nobody read,
/// are [unobserved panics](crate::set_unobserved_panic_hook).)
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
/// The compiler checks that nothing that a scope lends out survives the scope. A future cannot
/// leave:
///
/// ```compile_fail
/// let escaped = glasspool::scope(1, |s| s.submit(|| 1)).unwrap();
/// ```
///
/// nor can the scope itself, so nobody submits to a scope that has ended:
///
/// ```compile_fail,E0521
/// let mut kept = None;
/// glasspool::scope(1, |s| kept = Some(s.clone())).unwrap();
/// ```
///
/// nor can a task borrow what lives in the body:
///
/// ```compile_fail,E0373
/// glasspool::scope(1, |s| {
///     let inside = String::from("too short a life");
///     drop(s.submit(|| inside.len()));
/// });
/// ```
///
/// nor can two tasks share what one of them changes:
///
/// ```compile_fail,E0499
/// let mut count = 0;
/// glasspool::scope(2, |s| {
///     drop(s.submit(|| count += 1));
///     drop(s.submit(|| count += 1));
/// });
/// ```
///
/// nor can a task take to another thread what must stay on this one:
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

/// How to make a scope that has options.
impl Builder {
    /// Runs `body` as [`scope`](crate::scope()) does, in a scope with these options: with a larger
    /// stack, say. Without a prefix, the names of its threads begin with `scope-0`, `scope-1`, ….
    ///
    /// # Errors
    ///
    /// Returns an error if no scope can be made of these options; then the body is not run. The
    /// errors are those of a pool, and one for a [`queue_capacity`](Self::queue_capacity), since a
    /// scope has no bound.
    ///
    /// # Panics
    ///
    /// Panics as [`scope`](crate::scope()) does.
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
        if self.queue_capacity.is_some() {
            return Err(BuildError::BoundedScope);
        }
        thread_scope(|threads: &ThreadScope<'_, 'env>| {
            let unobserved = Arc::new(Unobserved(Arc::new(Mutex::new(None))));
            let listeners = vec![Arc::clone(&unobserved) as Arc<dyn Listener>];
            let pool = self.make("scope", listeners, scoped_threads(threads))?;
            Ok(run(pool, &unobserved, body))
        })
    }
}

/// Runs the body of a scope, and all of its tasks to their end.
fn run<'scope, 'env: 'scope, F, R>(pool: Arc<Pool<'scope>>, unobserved: &Unobserved, body: F) -> R
where
    F: FnOnce(&Scope<'scope, 'env>) -> R,
{
    let common = Arc::clone(&pool.common);
    let scope = Scope { pool, common, env: PhantomData };
    let result = catch(|| body(&scope));
    let how = if result.is_ok() { Shutdown::WhenIdle } else { Shutdown::Stop };
    scope.pool.shutdown(how).expect("the body does not run on one of the scope's own workers");
    // The pool goes before a panic goes on, so that user code in its drops does not run meanwhile.
    drop(scope);
    let panic = unobserved.0.lock().take();
    match (result, panic) {
        (Ok(value), None) => value,
        (Ok(_), Some(panic)) => panic.resume(),
        (Err(payload), panic) => {
            panic.iter().for_each(report_unobserved);
            resume_unwind(payload)
        }
    }
}

/// The executor of one [`scope`]. Its tasks may borrow for `'scope` from `'env`, which is all that
/// lives around the call.
///
/// Clones are the same scope; a task that submits takes a clone with it. (If the compiler asks for
/// `&'scope Scope`, move a clone into the task.)
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
    pool: Arc<Pool<'scope>>,
    common: Arc<Common<'scope>>,
    /// Keeps both lifetimes as they are: no borrow becomes longer or shorter.
    env: PhantomData<fn() -> &'scope &'env ()>,
}

impl<'scope> Scope<'scope, '_> {
    submit_family!('scope, 'scope);

    pool_facts!();

    /// Returns the same scope, which gives this name to each task it submits, for error messages
    /// and `Debug`. Never blocks.
    ///
    /// ```
    /// use glasspool::scope;
    ///
    /// assert_eq!(scope(3, |s| (s.max_workers(), s.stats().submitted))?, (3, 0));
    /// let result: Result<(), _> =
    ///     scope(1, |s| s.named("BR").submit(|| panic!("no flag")).into_result())?;
    /// assert_eq!(result.unwrap_err().to_string(), "task 'BR' panicked: no flag");
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    #[must_use = "a name does nothing until something is submitted under it"]
    pub fn named(&self, name: impl Into<String>) -> Self {
        Self { common: self.pool.named(name.into()), ..self.clone() }
    }

    fn entry(&self) -> Entry<'_, 'scope> {
        Entry { pool: &self.pool, common: &self.common }
    }
}

/// Keeps the first panic that nobody looked at. The scope raises it at its end.
struct Unobserved(Arc<Mutex<Option<Panic>>>);

impl Listener for Unobserved {
    fn for_task(&self, _: &Label, origin: Origin) -> Option<Arc<dyn Listener>> {
        // An item of a map that nobody read is left to the process's hook.
        let is_submitted = origin == Origin::Submitted;
        is_submitted.then(|| Arc::new(Self(Arc::clone(&self.0))) as Arc<dyn Listener>)
    }

    fn unobserved(&self, panic: &Panic) -> bool {
        let mut first = self.0.lock();
        let is_first = first.is_none();
        if is_first {
            *first = Some(panic.clone());
        }
        is_first
    }
}

// No user code runs while the pool is locked, so a panic cannot leave it half-changed.
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
