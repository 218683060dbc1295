//! One function, items without end: so many are in flight, and the next is taken when a result is handed over.
//!
//! Each item is a task of its own, submitted as any other; what makes it a map is who submits it, and when. That is the reader:
//! nobody else touches the items, so they may come from anything, and there is nothing here that two threads share.
//!
//! **How many are in flight.** Submitted, or on the way to it, and not handed over: always as many as the buffer holds, until the items
//! end. A result is taken out of the window first, and then the next item comes in, so there is never one more; and it comes in before the
//! result is handed over, so there is none less while the reader works on that.

use std::any::Any;
use std::fmt;
use std::iter::FusedIterator;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::cancelling::cancel_all;
use super::super::timed::{Timed, TimedIterator};
use super::window::Window;
use crate::error::{CancelReason, Panic, Refusal, Refused, TaskError, TimedOut};
use crate::executor::{Patience, Takes};
use crate::future::contain::{catch, discard};
use crate::future::handle::ScopedFuture;
use crate::future::shared::Unfinished;
use crate::future::task::{ScopedTask, halves};
use crate::label::Label;

/// The results of a `map_buffered`: as a [`ScopedMap`](crate::ScopedMap)'s, with so many items in flight at a time.
///
/// Asking for the next result blocks until it is there, and then takes the next item and submits it, before the result is handed
/// over: so an iterator of items that waits for something holds the results up. For room in the executor's queue a result that is there
/// never waits.
///
/// - **An item that fails** is an `Err` in its place, and the iteration goes on.
/// - **If the executor refuses an item**, because it was shut down or broke meanwhile, all that is in flight is still handed over, and
///   in the place of that item, as an `Err`, why it was refused. Then the iteration ends: what comes to its end without an `Err` is
///   complete.
/// - **If the iterator of the items panics**, its panic comes out of `next` when all that is in flight has been handed over. Then the
///   iteration ends. (The same if the executor does, where it is asked to take an item.)
/// - **Dropping it** cancels what has not begun; what has begun goes on. It makes no difference whether it has been iterated. What is
///   unread is dropped there and then; a drop that panics is contained, as there may be many.
///
/// ```
/// use glasspool::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(2)?;
/// let mut primes = Vec::new();
/// for result in pool.map_buffered(1_u32.., 4, |n| (2..n).all(|d| n % d != 0).then_some(n)) {
///     primes.extend(result?);
///     if primes.len() == 5 {
///         break; // and the rest of the numbers is never asked for
///     }
/// }
/// assert_eq!(primes, [1, 2, 3, 5, 7]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping a map cancels what has not begun"]
pub struct ScopedBufferedMap<'a, I: Iterator, T> {
    /// Where more comes from; `None` when nothing more does.
    source: Option<Source<'a, I, T>>,
    window: Window<'a, T>,
    buffer_size: usize,
    /// What the iterator of the items, or the executor, has panicked with, until its turn has come.
    panic: Option<Panic>,
    /// How many items have been taken.
    taken: usize,
    began: Instant,
    label: Label,
}

/// The results of a `map_buffered` over what borrows nothing: what an executor's `map_buffered` returns.
///
/// All that can be done with it is a [`ScopedBufferedMap`]'s.
///
/// ```
/// use std::ops::RangeFrom;
/// use glasspool::{BufferedMap, ThreadPoolExecutor};
///
/// fn squares(pool: &ThreadPoolExecutor) -> BufferedMap<RangeFrom<u64>, u64> {
///     pool.map_buffered(1.., 10, |n| n * n)
/// }
/// let pool = ThreadPoolExecutor::new(2)?;
/// let first: Result<Vec<_>, _> = squares(&pool).take(3).collect();
/// assert_eq!(first?, [1, 4, 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type BufferedMap<I, T> = ScopedBufferedMap<'static, I, T>;

/// The items, and the way from there to the executor.
struct Source<'a, I: Iterator, T> {
    items: I,
    counter: Box<dyn Counter<'a, I::Item, T> + Send + Sync + 'a>,
}

/// Where items are handed in, and become tasks. The reader knows neither the function's type nor the executor's.
trait Counter<'a, Item, T> {
    /// Makes a task of the item, which stays here until it is [passed on](Self::pass_on), and its future.
    fn hand_in(&mut self, item: Item) -> ScopedFuture<'a, T>;

    /// Submits the task that is here, if there is one. If the executor has no room for it, it stays; if it is refused for good, it
    /// is cancelled.
    fn pass_on(&mut self, patience: Patience) -> Result<(), Refusal>;
}

struct Submitting<'w, E, F> {
    executor: E,
    function: Arc<F>,
    label: Label,
    task: Option<ScopedTask<'w>>,
}

impl<'w: 'a, 'a, E, F, Item, T> Counter<'a, Item, T> for Submitting<'w, E, F>
where
    E: Takes<'w>,
    F: Fn(Item) -> T + Send + Sync + 'w,
    Item: Send + 'w,
    T: Send + 'w,
{
    fn hand_in(&mut self, item: Item) -> ScopedFuture<'a, T> {
        let function = Arc::clone(&self.function);
        let (_, task, future) = halves(move || function(item), self.label.clone());
        self.task = Some(task);
        future
    }

    fn pass_on(&mut self, patience: Patience) -> Result<(), Refusal> {
        let Some(task) = self.task.take() else { return Ok(()) };
        let Err(refused) = self.executor.take(task, patience) else { return Ok(()) };
        let (task, why) = refused.into_parts();
        let reason = match &why {
            Refusal::Full => {
                self.task = Some(task);
                return Err(why);
            }
            Refusal::ShutDown => CancelReason::ByShutdown,
            Refusal::Broken(broken) => CancelReason::PoolBroke(broken.clone()),
            Refusal::Thread(_) => CancelReason::TaskDropped,
        };
        if task.cancel_pending(&reason) {
            task.clear_away();
        }
        Err(why)
    }
}

impl<'a, I: Iterator, T> ScopedBufferedMap<'a, I, T> {
    /// Takes and submits as many items as the buffer holds.
    #[track_caller]
    pub(crate) fn start<'w: 'a, E, F>(
        executor: E,
        items: impl IntoIterator<IntoIter = I>,
        buffer_size: usize,
        function: F,
        label: Label,
    ) -> Self
    where
        E: Takes<'w> + Send + Sync + 'a,
        F: Fn(I::Item) -> T + Send + Sync + 'w,
        I: Iterator<Item: Send + 'w>,
        T: Send + 'w,
    {
        let began = Instant::now();
        assert!(buffer_size > 0, "a buffered map has no buffer for a single item");
        if let Some(why) = executor.refusal() {
            panic!("{}", Refused::new((), why));
        }
        let counter = Submitting { executor, function: Arc::new(function), label: label.clone(), task: None };
        let source = Source { items: items.into_iter(), counter: Box::new(counter) };
        let mut map = Self {
            source: Some(source),
            window: Window::empty(),
            buffer_size,
            panic: None,
            taken: 0,
            began,
            label,
        };
        match map.fill(Patience::Unlimited) {
            Err(why) if map.taken == 1 => panic!("{}", Refused::new((), why)),
            Ok(()) | Err(_) => map,
        }
    }

    /// Takes and submits items until the buffer is full or there are no more; or as far as the executor has room for them.
    fn fill(&mut self, patience: Patience) -> Result<(), Refusal> {
        while let Some(source) = &mut self.source {
            match catch(|| source.counter.pass_on(patience)) {
                Ok(Ok(())) if self.window.len() < self.buffer_size => {}
                Ok(Ok(()) | Err(Refusal::Full)) => break,
                Ok(Err(why)) => {
                    self.end_source();
                    return Err(why);
                }
                Err(payload) => {
                    self.end_by_panic(payload);
                    break;
                }
            }
            match catch(|| source.items.next()) {
                Ok(Some(item)) => {
                    self.taken += 1;
                    self.window.add(source.counter.hand_in(item));
                }
                Ok(None) => self.end_source(),
                Err(payload) => self.end_by_panic(payload),
            }
        }
        Ok(())
    }

    /// What is in flight comes first, so the panic is kept until then.
    fn end_by_panic(&mut self, payload: Box<dyn Any + Send>) {
        self.panic = Some(Panic::new(payload, &self.label));
        self.end_source();
    }

    /// What the function has captured goes with the last task, and is not kept for as long as the map is.
    fn end_source(&mut self) {
        if let Some(Source { items, counter }) = self.source.take() {
            discard(items);
            discard(counter);
        }
    }

    /// Hands the results over as they come, and no longer in the order of the items. Does not block.
    ///
    /// As many items are in flight as before. Those that have ended come first, in the order of the items. A timeout comes behind:
    /// `map.unordered().timeout(…)`.
    ///
    /// ```
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(3)?;
    /// let words = ["a", "ab", "abc"].into_iter().cycle();
    /// let lengths = pool.map_buffered(words, 3, str::len).unordered();
    /// assert_eq!(lengths.take(30).filter(Result::is_ok).count(), 30);
    /// # Ok::<(), glasspool::BuildError>(())
    /// ```
    pub fn unordered(mut self) -> Self {
        self.window.forget_the_order();
        self
    }

    /// Waits in all at most this long, counted from the call of `map_buffered`. When the time is up, what has not begun is cancelled.
    ///
    /// ```
    /// use std::time::Duration;
    /// use glasspool::ThreadPoolExecutor;
    ///
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// let mut results = pool.map_buffered(0.., 2, |n| n).timeout(Duration::from_secs(10));
    /// assert_eq!(results.next().unwrap()??, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(self, timeout: Duration) -> Timed<Self> {
        Timed::new(self, timeout)
    }
}

impl<I: Iterator, T> TimedIterator for ScopedBufferedMap<'_, I, T> {
    type Item = Result<T, TaskError>;

    fn began(&self) -> Instant {
        self.began
    }

    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<Self::Item>, TimedOut> {
        if !self.window.has_end() {
            // Now there is time to wait for room. Why an item is refused, its future says in its turn.
            let _ = self.fill(Patience::until(deadline));
        }
        if self.window.len() == 0 {
            return match self.panic.take() {
                Some(panic) => panic.resume(),
                None => Ok(None),
            };
        }
        let end = self.window.await_end(deadline);
        if end == Err(Unfinished::TimedOut) {
            return Err(TimedOut::new(self.window.len(), self.taken));
        }
        let next = self.window.take_next();
        let _ = self.fill(Patience::None);
        Ok(next.map(|future| match end {
            Ok(()) => future.into_result(),
            Err(_) => Err(future.deadlock()),
        }))
    }
}

impl<I: Iterator, T> Iterator for ScopedBufferedMap<'_, I, T> {
    type Item = Result<T, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_until(None).expect("a wait without a deadline does not time out")
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // There may be less to come than there are items: the executor may refuse one.
        let in_flight = self.window.len();
        let to_come = self.source.as_ref().map_or(Some(0), |source| source.items.size_hint().1);
        (in_flight, to_come.and_then(|items| items.checked_add(in_flight)))
    }
}

impl<I: Iterator, T> FusedIterator for ScopedBufferedMap<'_, I, T> {}

// As for a map. Once its items' iterator has panicked it is not asked again.
impl<I: Iterator, T> UnwindSafe for ScopedBufferedMap<'_, I, T> {}
impl<I: Iterator + RefUnwindSafe, T> RefUnwindSafe for ScopedBufferedMap<'_, I, T> {}

impl<I: Iterator, T> Drop for ScopedBufferedMap<'_, I, T> {
    fn drop(&mut self) {
        cancel_all(self.window.take_all());
        self.end_source();
    }
}

impl<I: Iterator, T> fmt::Display for ScopedBufferedMap<'_, I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<BufferedMap {} futures in flight{}>", self.window.len(), self.window.tally())
    }
}

impl<I: Iterator, T> fmt::Debug for ScopedBufferedMap<'_, I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut facts = f.debug_struct("BufferedMap");
        self.window.tally().add_to(&mut facts);
        facts
            .field("handed_over", &(self.taken - self.window.len()))
            .field("submitted_at", &format_args!("{}", self.label.submitted_at))
            .finish()
    }
}
