//! One function, many items: the results in the order of the items, or as they come.
//!
//! Here is the side that is read; the side that runs is the [`job`](super::job). It has all items
//! from the start; a map of endlessly many items is [`buffered`](super::buffered).
//!
//! An item is pending, or claimed by a runner that will complete it, or has ended; and items for
//! which no runner will come are cancelled. So whoever waits here for an item is woken.

use std::fmt;
use std::iter::FusedIterator;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::job::{Items, Job, Runner};
use super::tally::Tally;
use crate::kernel::error::{CancelReason, Refused, TaskError, TimedOut, Unfinished};
use crate::kernel::future::ScopedFuture;
use crate::kernel::meta::{Common, TaskMeta};
use crate::kernel::panics::discard;
use crate::kernel::queue::Run;
use crate::kernel::seams::{EventKind, Listener, Wait, WaitPolicy};
use crate::kernel::task::{ScopedTask, halves};
use crate::many::cancelling::cancel_all;
use crate::many::completions::Completions;
use crate::many::timed::Timed;
use crate::many::waitable::{Waitable, Watched};
use crate::submit::{Target, raise};

/// The results of a `map`, in the order of the items.
///
/// The executor has the work when `map` returns, whether or not anyone asks. Asking for the next
/// result blocks until that item has ended. An item that fails is an `Err` in its place, and the
/// iteration goes on. Dropping the iterator cancels what has not begun; what has begun goes on.
/// What is unread is dropped there and then; a drop that panics is contained, as there may be many.
///
/// `Display` says how far it is:
///
/// ```
/// use glasspool::{Executor, Inline};
///
/// let executor: &dyn Executor = &Inline;
/// let mut results = executor.map(0..5, |n| 60 / n);
/// assert!(results.to_string().starts_with("<Map at 0x"));
/// assert!(results.to_string().ends_with(" 5 futures: 5 finished>"));
/// assert!(results.next().unwrap().is_err()); // division by zero
/// assert_eq!(results.next().unwrap()?, 60);
/// assert_eq!(results.len(), 3);
/// # Ok::<(), glasspool::TaskError>(())
/// ```
#[must_use = "dropping a map cancels what has not begun"]
pub struct ScopedMap<'a, T> {
    items: Arc<dyn Items<T> + 'a>,
    /// The tasks that run the items.
    runners: Box<[ScopedFuture<'a, ()>]>,
    /// The next item in order; those before it have been handed over.
    next: usize,
    /// Where the items come from instead when they come as they end.
    ends: Option<Box<Completions<Item<'a, T>>>>,
    began: Instant,
}

/// One item of a map, to be waited for together with others.
struct Item<'a, T> {
    items: Arc<dyn Items<T> + 'a>,
    place: usize,
}

impl<T> Waitable for Item<'_, T> {
    fn watched(&self) -> Watched<'_> {
        Watched(self.items.cell(self.place))
    }

    fn run_inline(&self) -> bool {
        self.items.run_inline(self.place)
    }
}

/// The results of a `map` over what borrows nothing: what an executor's `map` returns.
///
/// All that can be done with it is a [`ScopedMap`]'s.
///
/// ```
/// use glasspool::{Map, ThreadPoolExecutor};
///
/// fn lengths(texts: Vec<String>, pool: &ThreadPoolExecutor) -> Map<usize> {
///     pool.map(texts, |text| text.len())
/// }
/// let pool = ThreadPoolExecutor::new(2)?;
/// let lengths: Result<Vec<_>, _> = lengths(vec!["a".to_owned(), "bc".to_owned()], &pool).collect();
/// assert_eq!(lengths?, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Map<T> = ScopedMap<'static, T>;

impl<'a, T: Send + 'a> ScopedMap<'a, T> {
    /// Starts the job with as many runners as it can use.
    #[track_caller]
    pub(crate) fn start<I, F>(
        target: &Target<'_, 'a>,
        items: I,
        function: F,
        submitted_at: &'static Location<'static>,
    ) -> Self
    where
        I: IntoIterator<Item: Send + 'a>,
        F: Fn(I::Item) -> T + Send + Sync + 'a,
    {
        let began = Instant::now();
        if let Some(why) = (target.refusal)() {
            raise(Refused::new((items, function), why));
        }
        let items: Vec<I::Item> = items.into_iter().collect();
        let runners = target.max_workers.max(1).min(items.len());
        let function = Arc::new(function);
        let of_items = Arc::new(Common { home: target.home.clone(), ..(*target.common).clone() });
        let job = Job::new(items, &function, runners, submitted_at, &of_items);
        // Made first: if the executor refuses the job, dropping this cancels its items.
        let items = Arc::clone(&job) as Arc<dyn Items<T> + 'a>;
        let mut map = Self { items, runners: Box::default(), next: 0, ends: None, began };
        let mut futures = Vec::with_capacity(runners);
        for n in 0..runners {
            let runner = Runner::new(&job, &function);
            let listener = Arc::clone(&job) as Arc<dyn Listener + 'a>;
            let meta = TaskMeta { submitted_at, common: Some(Arc::clone(&target.common)) };
            let (cell, future) = halves(move || runner.run(), meta);
            cell.listen(listener);
            // One runner can do the job: the others come if there is room for them.
            let policy = if n == 0 { WaitPolicy::Forever } else { WaitPolicy::Never };
            match (target.accept)(ScopedTask::new(cell), policy) {
                Ok(()) => futures.push(future),
                Err(refused) if n == 0 => {
                    // Before the panic: these drops are user code, which may panic itself.
                    let (task, why) = refused.into_parts();
                    discard(function);
                    discard(task);
                    discard((map, futures, future));
                    raise(Refused::new((), why))
                }
                Err(refused) => discard(refused),
            }
        }
        discard(function);
        map.runners = futures.into();
        map
    }
}

impl<T> ScopedMap<'_, T> {
    /// Hands the results over as they come, and no longer in the order of the items. Does not
    /// block.
    ///
    /// Those that are there already come first, in the order of their items. To know which result
    /// is whose, have the function return the item beside it. A timeout comes behind:
    /// `map.unordered().timeout(…)`.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(3)?;
    /// let mut squares = Vec::new();
    /// for result in pool.map(1..=4, |n| (n, n * n)).unordered() {
    ///     squares.push(result?);
    /// }
    /// squares.sort();
    /// assert_eq!(squares, [(1, 1), (2, 4), (3, 9), (4, 16)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unordered(mut self) -> Self {
        if self.ends.is_none() {
            let item = |place| Item { items: Arc::clone(&self.items), place };
            let left = (self.next..self.items.len()).map(item).collect();
            self.ends = Some(Box::new(Completions::of_map(left)));
        }
        self
    }

    /// Waits in all at most this long, counted from the call of `map`. When the time is up, what
    /// has not begun is cancelled.
    ///
    /// ```
    /// use std::sync::{Mutex, mpsc};
    /// use std::time::Duration;
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let (open, gate) = mpsc::channel::<()>();
    /// let gate = Mutex::new(gate);
    /// let mut results =
    ///     pool.map(0..3, move |_| gate.lock().unwrap().recv().is_ok()).timeout(Duration::from_millis(5));
    /// assert_eq!(results.next().unwrap().unwrap_err().to_string(), "3 (of 3) futures unfinished");
    /// assert!(results.next().is_none());
    /// drop(open);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(self, timeout: Duration) -> Timed<Self> {
        Timed::new(self.began, timeout, self)
    }

    fn left(&self) -> usize {
        match &self.ends {
            None => self.items.len() - self.next,
            Some(ends) => ends.left(),
        }
    }

    /// Waits for the next item, and returns its place.
    fn next_end(&mut self, deadline: Option<Instant>) -> Result<usize, Unfinished> {
        if let Some(ends) = &mut self.ends {
            ends.await_end(deadline)?;
            return Ok(ends.take_next().place);
        }
        let cell = self.items.cell(self.next);
        if !cell.status().is_done() {
            let run_inline = || self.items.run_inline(self.next);
            Wait { cell, run_inline: &run_inline, deadline }.wait()?;
        }
        Ok(self.skip_one())
    }

    /// Goes on without the item that would be next, and returns its place.
    fn skip_one(&mut self) -> usize {
        if let Some(ends) = &mut self.ends {
            return ends.take_first().place;
        }
        self.next += 1;
        self.next - 1
    }

    fn tally(&self) -> Tally {
        Tally::of((0..self.items.len()).map(|place| self.items.cell(place).status()))
    }

    fn next_until(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Option<Result<T, TaskError>>, TimedOut> {
        if self.left() == 0 {
            return Ok(None);
        }
        match self.next_end(deadline) {
            Ok(place) => {
                let outcome = self.items.collect(place);
                self.items.cell(place).tell(&EventKind::Collected);
                Ok(Some(outcome.expect("the item has ended, and this is its only reader")))
            }
            Err(Unfinished::Deadlock(deadlock)) => {
                let place = self.skip_one();
                discard(self.items.drop_handle(place));
                Ok(Some(Err(TaskError::Deadlock(deadlock))))
            }
            Err(Unfinished::TimedOut) => {
                Err(TimedOut::new(self.tally().unfinished(), self.items.len()))
            }
        }
    }
}

impl<T> Iterator for ScopedMap<'_, T> {
    type Item = Result<T, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_until(None).expect("a wait without a deadline does not time out")
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left(), Some(self.left()))
    }
}

impl<T> Iterator for Timed<ScopedMap<'_, T>> {
    type Item = Result<Result<T, TaskError>, TimedOut>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_with(ScopedMap::next_until, |_| None)
    }
}

impl<T> ExactSizeIterator for ScopedMap<'_, T> {}

impl<T> FusedIterator for ScopedMap<'_, T> {}

impl<T> FusedIterator for Timed<ScopedMap<'_, T>> {}

// As for a future; and no value is lent here.
impl<T> UnwindSafe for ScopedMap<'_, T> {}
impl<T> RefUnwindSafe for ScopedMap<'_, T> {}

impl<T> Drop for ScopedMap<'_, T> {
    fn drop(&mut self) {
        if self.left() > 0 {
            self.items.cancel(&CancelReason::ByCaller);
            // Runners that wait for their turn have nothing to run any more.
            cancel_all(std::mem::take(&mut self.runners));
            self.items.finish_cancel();
        }
        // One value whose drop panics keeps no other from being dropped.
        let drop_handle = |place| discard(self.items.drop_handle(place));
        match &self.ends {
            None => (self.next..self.items.len()).for_each(drop_handle),
            Some(ends) => ends.rest().map(|item| item.place).for_each(drop_handle),
        }
    }
}

impl<T> fmt::Display for ScopedMap<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Arc::as_ptr(&self.items).cast::<()>();
        write!(f, "<Map at {address:p} {} futures{}>", self.items.len(), self.tally())
    }
}

impl<T> fmt::Debug for ScopedMap<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut facts = f.debug_struct("Map");
        self.tally().add_to(&mut facts);
        facts
            .field("handed_over", &(self.items.len() - self.left()))
            .field("submitted_at", &format_args!("{}", self.items.submitted_at()))
            .finish()
    }
}
