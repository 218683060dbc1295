//! One function, many items: the results in the order of the items, or as they come.
//!
//! Here is the side that is read. The side that is run is the [`job`]: it holds the function once
//! and a state for each item, and as many runners as the executor has workers take part in it. It
//! has all items from the start; a map of items without end is [`buffered`].
//!
//! An item is pending, or claimed by a runner that will complete it, or has ended; and the job
//! cancels what is pending when its last runner leaves it. So whoever waits here for an item is
//! woken.

use std::fmt;
use std::iter::FusedIterator;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::completions::Completions;
use super::timed::{Timed, TimedIterator};
use super::waitable::{Watch, Watched};
use crate::error::{CancelReason, Refused, TaskError, TimedOut};
use crate::executor::{Patience, Takes, raise};
use crate::future::contain::discard;
use crate::future::shared::Unfinished;
use crate::future::task::{Runnable, ScopedTask};
use crate::future::waiting::await_end;
use crate::identity::PoolId;
use crate::label::Label;
use crate::nesting::waiting::Awaited;
use crate::nesting::whereabouts::Whereabouts;

pub(crate) mod buffered;
mod desk;
pub(crate) mod job;
mod tally;
mod window;
use job::{Answers, Job};
use tally::Tally;

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
    /// The next in the order of the items, those before it having gone; and by it, the job.
    next: Item<'a, T>,
    /// Where they come from instead when they come as they end.
    ends: Option<Box<Completions<Item<'a, T>>>>,
    began: Instant,
}

/// One of a job's items, to be waited for, alone or with others.
struct Item<'a, T> {
    answers: Arc<dyn Answers<T> + 'a>,
    place: usize,
    label: Label,
}

impl<T> Item<'_, T> {
    fn at(&self, place: usize) -> Self {
        Self { answers: Arc::clone(&self.answers), place, label: self.label.clone() }
    }

    fn await_end(&self, deadline: Option<Instant>) -> Result<(), Unfinished> {
        let answer = self.answers.answer(self.place);
        await_end(answer.watchable(), self, &self.label, deadline, |deadline| answer.wait(deadline))
    }

    /// Goes on to the next, and says where it was.
    fn step(&mut self) -> usize {
        self.place += 1;
        self.place - 1
    }
}

impl<T> Watch for Item<'_, T> {
    fn watched(&self) -> Watched<'_> {
        Watched {
            end: self.answers.answer(self.place).watchable(),
            awaited: self,
            label: &self.label,
        }
    }
}

impl<T> Awaited for Item<'_, T> {
    fn id(&self) -> usize {
        std::ptr::from_ref(self.answers.answer(self.place)).addr()
    }

    fn home(&self) -> Option<PoolId> {
        self.answers.home()
    }

    fn whereabouts(&self) -> Option<Arc<Whereabouts>> {
        self.answers.answer(self.place).watchable().whereabouts(self.home())
    }

    fn run_here(&self, label: &Label) -> bool {
        self.answers.run_here(self.place, label)
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
    pub(crate) fn start<E, I, F>(executor: &E, items: I, function: F, label: Label) -> Self
    where
        E: Takes<'a> + ?Sized,
        I: IntoIterator<Item: Send + 'a>,
        F: Fn(I::Item) -> T + Send + Sync + 'a,
    {
        let began = Instant::now();
        if let Some(why) = executor.refusal() {
            raise(Refused::new((items, function), why));
        }
        let items: Vec<I::Item> = items.into_iter().collect();
        let runners = executor.max_workers().max(1).min(items.len());
        let job = Arc::new(Job::new(items, function, runners));
        // Made first: if the executor refuses the job, dropping this cancels its items.
        let answers = Arc::clone(&job) as Arc<dyn Answers<T> + 'a>;
        let map = Self { next: Item { answers, place: 0, label }, ends: None, began };
        for runner in 0..runners {
            let task =
                ScopedTask::new(Arc::clone(&job) as Arc<dyn Runnable + 'a>, map.next.label.clone());
            // The first runner can do the job alone: the others come if there is room for them.
            let patience = if runner == 0 { Patience::Unlimited } else { Patience::None };
            match executor.take(task, patience) {
                Err(refused) if runner == 0 => raise(refused),
                Ok(()) | Err(_) => {}
            }
        }
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
            let left =
                (self.next.place..self.answers().len()).map(|place| self.next.at(place)).collect();
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
        Timed::new(self, timeout)
    }

    fn answers(&self) -> &dyn Answers<T> {
        &*self.next.answers
    }

    fn left(&self) -> usize {
        match &self.ends {
            None => self.answers().len() - self.next.place,
            Some(ends) => ends.left(),
        }
    }

    /// The place of the next answer, when it is there.
    fn next_end(&mut self, deadline: Option<Instant>) -> Result<usize, Unfinished> {
        if let Some(ends) = &mut self.ends {
            ends.await_end(deadline)?;
            return Ok(ends.take_next().place);
        }
        self.next.await_end(deadline)?;
        Ok(self.next.step())
    }

    /// Goes on without the one that would be next, and says where that is.
    fn skip_one(&mut self) -> usize {
        match &mut self.ends {
            None => self.next.step(),
            Some(ends) => ends.take_first().place,
        }
    }

    fn tally(&self) -> Tally {
        Tally::of((0..self.answers().len()).map(|place| self.answers().answer(place).status()))
    }
}

impl<T> TimedIterator for ScopedMap<'_, T> {
    type Item = Result<T, TaskError>;

    fn began(&self) -> Instant {
        self.began
    }

    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<Self::Item>, TimedOut> {
        if self.left() == 0 {
            return Ok(None);
        }
        match self.next_end(deadline) {
            Ok(place) => {
                let answer = self.answers().answer(place);
                let outcome =
                    answer.collect().expect("it is done, and this iterator is its only reader");
                answer.watchable().tell_collected();
                Ok(Some(outcome))
            }
            Err(Unfinished::Deadlock(deadlock)) => {
                let place = self.skip_one();
                discard(self.answers().answer(place).forsake());
                Ok(Some(Err(TaskError::Deadlock(deadlock))))
            }
            Err(Unfinished::TimedOut) => {
                Err(TimedOut::new(self.tally().unfinished(), self.answers().len()))
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

impl<T> ExactSizeIterator for ScopedMap<'_, T> {}

impl<T> FusedIterator for ScopedMap<'_, T> {}

impl<T> FusedIterator for Timed<ScopedMap<'_, T>> {}

// As for a future; and no value is lent here.
impl<T> UnwindSafe for ScopedMap<'_, T> {}
impl<T> RefUnwindSafe for ScopedMap<'_, T> {}

impl<T> Drop for ScopedMap<'_, T> {
    fn drop(&mut self) {
        if self.left() > 0 {
            self.answers().cancel_pending(&CancelReason::ByCaller);
        }
        // One whose drop panics keeps no other from being dropped.
        let forsake = |place| discard(self.answers().answer(place).forsake());
        match &self.ends {
            None => (self.next.place..self.answers().len()).for_each(forsake),
            Some(ends) => ends.rest().map(|item| item.place).for_each(forsake),
        }
    }
}

impl<T> fmt::Display for ScopedMap<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Arc::as_ptr(&self.next.answers).cast::<()>();
        write!(f, "<Map at {address:p} {} futures{}>", self.answers().len(), self.tally())
    }
}

impl<T> fmt::Debug for ScopedMap<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut facts = f.debug_struct("Map");
        self.tally().add_to(&mut facts);
        facts
            .field("handed_over", &(self.answers().len() - self.left()))
            .field("submitted_at", &format_args!("{}", self.next.label.submitted_at))
            .finish()
    }
}
