//! One function, many items: the results in the order of the items.
//!
//! Here is the side that is read. The side that is run is the [`job`]: it holds the function once and a state for each item, and
//! as many runners as the executor has workers take part in it.
//!
//! An item is pending, or claimed by a runner that will complete it, or has ended; and the job cancels what is pending when its
//! last runner leaves it. So whoever waits here for an item is woken.

use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::timed::{Timed, TimedIterator};
use crate::error::{CancelReason, Deadlock, Refused, TaskError, TimedOut};
use crate::executor::{Patience, Takes};
use crate::future::contain::discard;
use crate::future::shared::Unfinished;
use crate::future::state::Status;
use crate::future::task::{Runnable, ScopedTask};
use crate::label::Label;

pub(crate) mod job;
use job::{Answers, Job};

/// The results of a `map`, in the order of the items, each as soon as it is there.
///
/// The work has begun when `map` returns, whether or not anyone asks. Asking for the next result blocks until that item has
/// ended. An item that fails is an `Err` in its place, and the iteration goes on. Dropping the iterator cancels what has not
/// begun; what has begun goes on.
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
    answers: Arc<dyn Answers<T> + 'a>,
    /// The place of the next answer to hand over; those before it have gone.
    next: usize,
    began: Instant,
    label: Label,
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
            panic!("{}", Refused::new((), why));
        }
        let items: Vec<I::Item> = items.into_iter().collect();
        let runners = executor.max_workers().max(1).min(items.len());
        let job = Arc::new(Job::new(items, function, runners));
        // Made first: if the executor refuses the job, dropping this cancels its items.
        let map = Self { answers: Arc::clone(&job) as Arc<dyn Answers<T> + 'a>, next: 0, began, label };
        for runner in 0..runners {
            let task = ScopedTask::new(Arc::clone(&job) as Arc<dyn Runnable + 'a>, map.label.clone());
            // The first runner can do the job alone: the others come if there is room for them.
            let patience = if runner == 0 { Patience::Unlimited } else { Patience::None };
            match executor.take(task, patience) {
                Err(refused) if runner == 0 => panic!("{refused}"),
                Ok(()) | Err(_) => {}
            }
        }
        map
    }
}

impl<T> ScopedMap<'_, T> {
    /// Waits in all at most this long, counted from the call of `map`. When the time is up, what has not begun is cancelled.
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

    fn left(&self) -> usize {
        self.answers.len() - self.next
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
        let answer = self.answers.answer(self.next);
        let item = match answer.wait(deadline) {
            Ok(()) => answer.collect().expect("it is done, and this iterator is its only reader"),
            Err(Unfinished::TimedOut) => return Err(TimedOut::new(self.left(), self.answers.len())),
            Err(Unfinished::OnItself) => Err(TaskError::Deadlock(Deadlock::on_itself(self.label.clone()))),
        };
        self.next += 1;
        Ok(Some(item))
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

impl<T> Drop for ScopedMap<'_, T> {
    fn drop(&mut self) {
        if self.left() > 0 {
            self.answers.cancel_pending(&CancelReason::ByCaller);
        }
        for place in self.next..self.answers.len() {
            // One whose drop panics keeps no other from being dropped.
            discard(self.answers.answer(place).forsake());
        }
    }
}

impl<T> ScopedMap<'_, T> {
    /// How many items there are in each state: the finished ones first, as they are the news.
    fn tally(&self) -> [(usize, &'static str); 4] {
        let mut tally = [(0, "finished"), (0, "running"), (0, "pending"), (0, "cancelled")];
        for place in 0..self.answers.len() {
            let row = match self.answers.answer(place).status() {
                Status::Finished(_) => 0,
                Status::Running => 1,
                Status::Pending => 2,
                Status::Cancelled => 3,
            };
            tally[row].0 += 1;
        }
        tally
    }
}

impl<T> fmt::Display for ScopedMap<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Arc::as_ptr(&self.answers).cast::<()>();
        write!(f, "<Map at {address:p} {} futures", self.answers.len())?;
        let mut mark = ':';
        for (count, state) in self.tally() {
            if count > 0 {
                write!(f, "{mark} {count} {state}")?;
                mark = ',';
            }
        }
        f.write_str(">")
    }
}

impl<T> fmt::Debug for ScopedMap<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut facts = f.debug_struct("Map");
        for (count, state) in self.tally() {
            facts.field(state, &count);
        }
        facts
            .field("handed_over", &self.next)
            .field("submitted_at", &format_args!("{}", self.label.submitted_at))
            .finish()
    }
}
