//! One function, many items: the results in the order of the items, or as they come.
//!
//! Here is the side that is read; the side that runs is the [`job`](super::job). It has all items
//! from the start; a map of endlessly many items is [`buffered`](super::buffered).
//!
//! **Why every reader is woken.** An item is pending, or claimed by a thread that will complete it,
//! or has ended. Pending items for which no runner will come are cancelled.

use std::fmt;
use std::iter::FusedIterator;
use std::mem::take;
use std::ops::Range;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::job::{Items, Job, Runner};
use super::tally::{Tally, iterate};
use crate::kernel::error::{CancelReason, Refused, TaskError, TimedOut, Unfinished};
use crate::kernel::event::EventKind;
use crate::kernel::future::ScopedFuture;
use crate::kernel::meta::{Common, TaskMeta};
use crate::kernel::panics::discard;
use crate::kernel::queue::Run;
use crate::kernel::seams::{Wait, WaitPolicy};
use crate::kernel::task::{ScopedTask, halves};
use crate::many::cancelling::cancel_all;
use crate::many::completions::Completions;
use crate::many::timed::Timed;
use crate::many::waitable::{Waitable, Watched};
use crate::submit::{Target, raise};

/// The results of a `map`, in the order of the items.
///
/// The executor has the work when `map` returns, whether or not results are asked for. Asking for
/// the next result blocks until that item has ended. An item that fails is an `Err` in its place,
/// and the iteration goes on. Dropping the map cancels what has not begun; what has begun goes on.
/// Unread results are dropped by the thread that drops the map; a drop that panics is contained.
///
/// `Display` says how many items are in which state:
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
    /// The places of the items that are still to be handed over in order.
    in_order: Range<usize>,
    state: Box<State<'a, T>>,
}

/// What a map keeps outside its handle, so that the handle is small.
struct State<'a, T> {
    len: usize,
    /// The tasks that run the items.
    runners: Vec<ScopedFuture<'a, ()>>,
    /// The items that are still to be handed over as they end.
    ends: Completions<Item<'a, T>>,
    began: Instant,
    submitted_at: &'static Location<'static>,
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

/// The results of a `map` that borrows nothing.
///
/// Its methods are those of [`ScopedMap`].
///
/// ```
/// use glasspool::{Map, ThreadPoolExecutor};
///
/// fn lengths(texts: Vec<String>, pool: &ThreadPoolExecutor) -> Map<usize> {
///     pool.map(texts, |text| text.len())
/// }
/// let pool = ThreadPoolExecutor::new(2)?;
/// let texts = vec!["a".to_owned(), "bc".to_owned()];
/// let lengths: Result<Vec<_>, _> = lengths(texts, &pool).collect();
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
        let (len, runners) = (items.len(), target.max_workers.max(1).min(items.len()));
        let common = Arc::new(Common { home: target.home.clone(), ..(*target.common).clone() });
        let job = Job::new(items.into_iter(), Arc::new(function), runners, submitted_at, &common);
        let state = State {
            len,
            runners: Vec::with_capacity(runners),
            ends: Completions::of_map(Vec::new()),
            began,
            submitted_at,
        };
        let items = Arc::clone(&job) as _;
        let mut map = Self { items, in_order: 0..len, state: Box::new(state) };
        for n in 1..=runners {
            let runner = Runner::of(&job, n);
            let listener = Arc::clone(&runner);
            let meta = TaskMeta { submitted_at, common: Some(Arc::clone(&target.common)) };
            let (cell, future) = halves(move || runner.run(), meta);
            cell.listen(listener);
            // One runner can do the job: the others come if there is room for them.
            let policy = if n == 1 { WaitPolicy::Forever } else { WaitPolicy::Never };
            match (target.accept)(ScopedTask::new(cell), policy) {
                Ok(()) => map.state.runners.push(future),
                Err(refused) if n == 1 => {
                    // The refused task is the last runner now. `raise` contains its drop, which
                    // drops the function and cancels the items.
                    job.leave(runners - 1);
                    raise(refused)
                }
                Err(refused) => discard(refused),
            }
        }
        // Without items there is no runner that would drop the function.
        job.leave(0);
        map
    }
}

impl<T> ScopedMap<'_, T> {
    /// Hands the results over as they come, and no longer in the order of the items. Does not
    /// block.
    ///
    /// Results that are there already come first, in the order of their items. To know the item of
    /// a result, have the function return both. To set a timeout as well, call it last:
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
        if !self.in_order.is_empty() {
            let item = |place| Item { items: Arc::clone(&self.items), place };
            self.state.ends = Completions::of_map(take(&mut self.in_order).map(item).collect());
        }
        self
    }

    /// Limits the time in which all results have to come, counted from the call of `map`. When the
    /// time is up, what has not begun is cancelled.
    ///
    /// ```
    /// use std::sync::{Mutex, mpsc};
    /// use std::time::Duration;
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let (open, gate) = mpsc::channel::<()>();
    /// let gate = Mutex::new(gate);
    /// let results = pool.map(0..3, move |_| gate.lock().unwrap().recv().is_ok());
    /// let mut results = results.timeout(Duration::from_millis(5));
    /// assert_eq!(results.next().unwrap().unwrap_err().to_string(), "3 (of 3) futures unfinished");
    /// assert!(results.next().is_none());
    /// drop(open);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(self, timeout: Duration) -> Timed<Self> {
        Timed::new(self.state.began, timeout, self)
    }

    fn left(&self) -> usize {
        self.in_order.len() + self.state.ends.left()
    }

    fn to_come(&self) -> (usize, Option<usize>) {
        (self.left(), Some(self.left()))
    }

    fn tally(&self) -> Tally {
        Tally::of((0..self.state.len).map(|place| self.items.cell(place).status()))
    }

    /// Waits until the next item has ended. There must be one.
    fn await_next(&mut self, deadline: Option<Instant>) -> Result<(), Unfinished> {
        if self.in_order.is_empty() {
            return self.state.ends.await_end(deadline);
        }
        let place = self.in_order.start;
        let (cell, run_inline) = (self.items.cell(place), || self.items.run_inline(place));
        if cell.status().is_done() {
            return Ok(());
        }
        Wait { cell, run_inline: &run_inline, deadline }.wait()
    }

    fn next_until(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Option<Result<T, TaskError>>, TimedOut> {
        if self.left() == 0 {
            return Ok(None);
        }
        match self.await_next(deadline) {
            Ok(()) => {
                let place =
                    self.in_order.next().unwrap_or_else(|| self.state.ends.take_next().place);
                let outcome = self.items.collect(place);
                self.items.cell(place).tell(&EventKind::Collected);
                Ok(Some(outcome.expect("the item has ended, and this is its only reader")))
            }
            Err(Unfinished::Deadlock(deadlock)) => {
                let place =
                    self.in_order.next().unwrap_or_else(|| self.state.ends.take_first().place);
                discard(self.items.drop_handle(place));
                Ok(Some(Err(TaskError::Deadlock(deadlock))))
            }
            Err(Unfinished::TimedOut) => {
                Err(TimedOut::new(self.tally().unfinished(), self.state.len))
            }
        }
    }
}

iterate!([T] ScopedMap<'_, T>);

impl<T> ExactSizeIterator for ScopedMap<'_, T> {}

// As for a future; but no value is lent here, so `T` does not matter.
impl<T> UnwindSafe for ScopedMap<'_, T> {}
impl<T> RefUnwindSafe for ScopedMap<'_, T> {}

impl<T> Drop for ScopedMap<'_, T> {
    fn drop(&mut self) {
        if self.left() > 0 {
            self.items.cancel(&CancelReason::ByCaller);
            // Runners that wait for their turn have nothing to run any more.
            cancel_all(take(&mut self.state.runners));
            self.items.finish_cancel();
        }
        // One value whose drop panics keeps no other from being dropped.
        let left = self.in_order.clone().chain(self.state.ends.rest().map(|item| item.place));
        left.for_each(|place| discard(self.items.drop_handle(place)));
    }
}

impl<T> fmt::Display for ScopedMap<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Arc::as_ptr(&self.items).cast::<()>();
        write!(f, "<Map at {address:p} {} futures{}>", self.state.len, self.tally())
    }
}

impl<T> fmt::Debug for ScopedMap<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tally().debug(f, "Map", self.state.len - self.left(), self.state.submitted_at)
    }
}
