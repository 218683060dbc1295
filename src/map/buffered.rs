//! One function, items without end: so many are in flight, and the next is taken when a result is
//! handed over.
//!
//! Each item is a task of its own, submitted as any other. The reader submits it: no other thread
//! touches the items, so they may come from anything, and no state here is shared by two threads.
//!
//! **How many are in flight.** An item is in flight from when it is taken until its result is
//! handed over. Until the items end, as many are in flight as the buffer holds. A result leaves
//! before the next item is taken, so there is not one more; and the next item is taken before the
//! result is handed over, so there is not one less while the reader works on the result.
//!
//! **Waiting for room.** A task that finds no room in the executor's queue waits here. The reader
//! waits for room before it waits for a result, so that no worker is idle. But a result may come
//! first, and whoever has the room may be waiting for the reader. So the reader is woken by either:
//! its one parker is known to the semaphore and to the futures that may be next. (A user's executor
//! knows no such parker. There the reader waits for a result, and asks for room again when one has
//! come.)

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::mem::{replace, take};
use std::panic::{Location, RefUnwindSafe, UnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::tally::{Tally, iterate};
use crate::kernel::error::{CancelReason, Refusal, Refused, TaskError, TimedOut, Unfinished};
use crate::kernel::future::ScopedFuture;
use crate::kernel::meta::TaskMeta;
use crate::kernel::panics::{Payload, catch, discard};
use crate::kernel::seams::{Await, WaitPolicy, has_blocker};
use crate::kernel::task::{ScopedTask, halves};
use crate::many::cancelling::cancel_all;
use crate::many::completions::Completions;
use crate::many::timed::Timed;
use crate::submit::{Target, raise};
use crate::sync::{Mutex, Parker, is_over};

/// The results of a `map_buffered`, which has so many items in flight at a time.
///
/// Asking for the next result blocks until it is there. The next item is taken and submitted before
/// the result is handed over: so an iterator of items that waits for something holds the results
/// up, also past a timeout. A full queue does not hold up a result that is there.
///
/// - **An item that fails** is an `Err` in its place, and the iteration goes on.
/// - **If the executor refuses an item**, because it was shut down or broke meanwhile, all that is
///   in flight is still handed over. The refused item comes last, as an `Err` that says why it was
///   refused. Then the iteration ends: results without an `Err` are complete.
/// - **If the iterator of the items panics**, its panic comes out of `next` when all that is in
///   flight has been handed over. Then the iteration ends. (If the executor panics as it is given
///   an item, the same happens; that item and those behind it are cancelled.)
/// - **Dropping the map** cancels what has not begun; what has begun goes on, whether or not the
///   map has been iterated. Unread results are dropped by the thread that drops the map; a drop
///   that panics is contained.
///
/// # Panics
///
/// `next` panics if the iterator of the items or the executor has panicked: see above.
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
    /// `None` when no more items are taken.
    source: Option<Source<'a, I, T>>,
    in_order: bool,
    /// What has been submitted, if results come in the order of the items.
    line: VecDeque<ScopedFuture<'a, T>>,
    /// What has been submitted, if results come as they end.
    ends: Completions<ScopedFuture<'a, T>>,
    /// What waits for room. When the source is gone, these are the refused items, which are
    /// cancelled, and are handed over last.
    waiting: VecDeque<ScopedFuture<'a, T>>,
    /// The panic of the items' iterator or of the executor; it comes out after all results.
    panic: Mutex<Option<Payload>>,
    buffer_size: usize,
    /// Number of items that have been taken.
    taken: usize,
    began: Instant,
    submitted_at: &'static Location<'static>,
}

/// The results of a `map_buffered` that borrows nothing.
///
/// Its methods are those of [`ScopedBufferedMap`].
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

/// The items, and the way from an item to the executor. The closures hide the types of the function
/// and of the executor, and share the tasks that wait for room.
struct Source<'a, I: Iterator, T> {
    /// `None` when the items have come to their end.
    items: Option<I>,
    /// Makes a task of an item, which waits behind those that came before it.
    make: Box<dyn FnMut(I::Item) -> ScopedFuture<'a, T> + Send + Sync + 'a>,
    /// Submits the first of the tasks that wait; there must be one. If it is refused it stays.
    submit: Box<dyn FnMut(WaitPolicy) -> Result<(), Refusal> + Send + Sync + 'a>,
    can_be_woken: bool,
}

impl<'a, I: Iterator, T> ScopedBufferedMap<'a, I, T> {
    /// Takes and submits as many items as the buffer holds.
    #[track_caller]
    pub(crate) fn start<'w: 'a, F>(
        target: Target<'a, 'w>,
        items: impl IntoIterator<IntoIter = I>,
        buffer_size: usize,
        function: F,
        submitted_at: &'static Location<'static>,
    ) -> Self
    where
        F: Fn(I::Item) -> T + Send + Sync + 'w,
        I: Iterator<Item: Send + 'w>,
        T: Send + 'w,
    {
        let began = Instant::now();
        assert!(buffer_size > 0, "a buffered map has no buffer for a single item");
        if let Some(why) = (target.refusal)() {
            raise(Refused::new((items, function), why));
        }
        let Target { accept, common, can_be_woken, .. } = target;
        let function = Arc::new(function);
        let waiting = Arc::new(Mutex::new(VecDeque::<ScopedTask<'w>>::new()));
        let tasks = Arc::clone(&waiting);
        let make = move |item| {
            let function = Arc::clone(&function);
            let work = move || {
                let value = catch(|| function(item));
                // It may be the last to have the function, whose drop is no failure of this item.
                discard(function);
                value.unwrap_or_else(|payload| resume_unwind(payload))
            };
            let meta = TaskMeta { submitted_at, common: Some(Arc::clone(&common)) };
            let (cell, future) = halves(work, meta);
            waiting.lock().push_back(ScopedTask::new(cell));
            future
        };
        let submit = move |policy| {
            let task = tasks.lock().pop_front().expect("a task waits here");
            accept(task, policy).map_err(|refused| {
                let (task, why) = refused.into_parts();
                tasks.lock().push_front(task);
                why
            })
        };
        let (make, submit) = (Box::new(make), Box::new(submit));
        let mut map = Self {
            source: Some(Source { items: Some(items.into_iter()), make, submit, can_be_woken }),
            in_order: true,
            line: VecDeque::new(),
            ends: Completions::of_map(Vec::new()),
            waiting: VecDeque::new(),
            panic: Mutex::new(None),
            buffer_size,
            taken: 0,
            began,
            submitted_at,
        };
        match map.fill(WaitPolicy::Forever) {
            Err(why) if map.submitted() == 0 => {
                drop(map);
                raise(Refused::new((), why))
            }
            Ok(()) | Err(_) => map,
        }
    }

    /// Submits what waits for room, and takes more items, until the buffer is full or there are no
    /// more. The first submit waits for room as the policy says, and the others do not.
    fn fill(&mut self, mut policy: WaitPolicy) -> Result<(), Refusal> {
        while let Some(source) = &mut self.source {
            if !self.waiting.is_empty() {
                let policy = replace(&mut policy, WaitPolicy::Never);
                let must_wait = matches!(policy, WaitPolicy::Forever);
                match catch(|| (source.submit)(policy)) {
                    Ok(Ok(())) => {
                        let next = self.waiting.pop_front().expect("as many as tasks");
                        if self.in_order {
                            self.line.push_back(next);
                        } else {
                            self.ends.push(next);
                        }
                        continue;
                    }
                    // There may be room later, unless the executor had to wait and did not.
                    Ok(Err(Refusal::Full)) if !must_wait => {}
                    Ok(Err(why)) => {
                        self.end_source(&CancelReason::of_refusal(&why));
                        return Err(why);
                    }
                    Err(payload) => {
                        *self.panic.lock() = Some(payload);
                        self.end_source(&CancelReason::TaskDropped);
                        break;
                    }
                }
            }
            if self.line.len() + self.ends.left() + self.waiting.len() >= self.buffer_size {
                break;
            }
            match source.items.as_mut().map(|items| catch(|| items.next())) {
                Some(Ok(Some(item))) => {
                    self.taken += 1;
                    self.waiting.push_back((source.make)(item));
                }
                None if self.waiting.is_empty() => self.end_source(&CancelReason::TaskDropped),
                None => break,
                Some(end) => {
                    *self.panic.lock() = end.err();
                    discard(source.items.take());
                }
            }
        }
        Ok(())
    }

    /// Takes no more items, and cancels those that wait for room. The function goes with the last
    /// task: it is not kept for as long as the map is.
    fn end_source(&mut self, reason: &CancelReason) {
        if let Some(Source { items, make, submit, .. }) = self.source.take() {
            let waiting = self.waiting.iter().map(ScopedFuture::as_await);
            let cancelled: Vec<_> = waiting.filter(|task| task.cancel(reason.clone())).collect();
            cancelled.into_iter().for_each(Await::finish_cancel);
            discard(items);
            discard(make);
            discard(submit);
        }
    }

    /// Returns `true` if an item waits for room, and the reader can wait for room and for a result
    /// at once. Inside a task it does not: whoever has the room may be waiting for this worker.
    fn waits_for_room(&self) -> bool {
        let can_be_woken = self.source.as_ref().is_some_and(|source| source.can_be_woken);
        can_be_woken && !self.waiting.is_empty() && !has_blocker()
    }

    /// Number of items that have been submitted and not handed over.
    fn submitted(&self) -> usize {
        self.line.len() + self.ends.left()
    }

    /// Number of items that have been taken and not handed over.
    fn in_flight(&self) -> usize {
        self.submitted() + self.waiting.len()
    }

    fn to_come(&self) -> (usize, Option<usize>) {
        // There may be less to come than there are items: the executor may refuse one.
        let items = self.source.as_ref().and_then(|source| source.items.as_ref());
        let to_come = items.map_or(Some(0), |items| items.size_hint().1);
        (self.in_flight(), to_come.and_then(|items| items.checked_add(self.in_flight())))
    }

    fn tally(&self) -> Tally {
        let in_flight = self.line.iter().chain(self.ends.rest()).chain(&self.waiting);
        Tally::of(in_flight.map(ScopedFuture::status))
    }

    fn timed_out(&self) -> TimedOut {
        TimedOut::new(self.tally().unfinished(), self.taken)
    }

    /// Hands the results over as they come, and no longer in the order of the items. Does not
    /// block.
    ///
    /// As many items are in flight as before. Those that have ended come first, in the order of the
    /// items. To set a timeout as well, call it last: `map.unordered().timeout(…)`.
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
        if take(&mut self.in_order) {
            self.ends = Completions::of_map(take(&mut self.line).into());
        }
        self
    }

    /// Limits the time in which all results have to come, counted from the call of `map_buffered`.
    ///
    /// When the time is up, no more items are taken; results that are there are still handed over,
    /// and then what has not begun is cancelled. If all results have been handed over, the
    /// [`TimedOut`] counts no item as unfinished: it says that there may be more items.
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
        Timed::new(self.began, timeout, self)
    }

    /// Fills the buffer, and waits for room or for the next result, whichever is first.
    fn fill_until_next(&mut self, deadline: Option<Instant>) {
        // If the time is up, no more items are taken: a reader that always finds a result would
        // never be told.
        if self.has_end() || is_over(deadline) {
            return;
        }
        let is_alone = self.submitted() == 0;
        // Why an item is refused, its future says in its turn.
        let _ = self.fill(if is_alone { WaitPolicy::until(deadline) } else { WaitPolicy::Never });
        while self.waits_for_room() && !self.has_end() && !is_over(deadline) {
            let parker = Parker::new();
            for future in self.may_be_next() {
                if !future.as_await().add_parker(&parker) {
                    parker.wake();
                }
            }
            let _ = self.fill(WaitPolicy::UntilWoken(Arc::clone(&parker), deadline));
            self.may_be_next().for_each(|future| future.as_await().remove_parker(&parker));
        }
    }

    /// Returns the futures of which one is the next to be handed over.
    fn may_be_next(&self) -> impl Iterator<Item = &ScopedFuture<'a, T>> {
        self.line.front().into_iter().chain(self.ends.rest())
    }

    fn has_end(&mut self) -> bool {
        self.line.front().map_or_else(|| self.ends.has_end(), ScopedFuture::done)
    }

    fn next_until(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Option<Result<T, TaskError>>, TimedOut> {
        self.fill_until_next(deadline);
        if self.submitted() == 0 {
            return self.next_leftover();
        }
        let ended = match self.line.front() {
            Some(next) => next.wait_until(deadline),
            None => self.ends.await_end(deadline),
        };
        let next = match ended {
            Ok(()) => self.line.pop_front().unwrap_or_else(|| self.ends.take_next()).into_result(),
            Err(Unfinished::Deadlock(deadlock)) => {
                discard(self.line.pop_front().unwrap_or_else(|| self.ends.take_first()));
                Err(TaskError::Deadlock(deadlock))
            }
            Err(Unfinished::TimedOut) => return Err(self.timed_out()),
        };
        if !is_over(deadline) {
            let _ = self.fill(WaitPolicy::Never);
        }
        Ok(Some(next))
    }

    /// Returns what comes when no submitted item is left. With a source, that means that the time
    /// is up.
    fn next_leftover(&mut self) -> Result<Option<Result<T, TaskError>>, TimedOut> {
        if self.source.is_some() {
            return Err(self.timed_out());
        }
        let refused = self.waiting.pop_front().map(ScopedFuture::into_result);
        let panic = self.panic.lock().take_if(|_| refused.is_none());
        panic.map_or(Ok(refused), |payload| resume_unwind(payload))
    }
}

iterate!([I: Iterator, T] ScopedBufferedMap<'_, I, T>);

// As for a `ScopedMap`; but a panic of the items' iterator comes out of `next`, so that counts too.
impl<I: Iterator + UnwindSafe, T> UnwindSafe for ScopedBufferedMap<'_, I, T> {}
impl<I: Iterator + RefUnwindSafe, T> RefUnwindSafe for ScopedBufferedMap<'_, I, T> {}

impl<I: Iterator, T> Drop for ScopedBufferedMap<'_, I, T> {
    fn drop(&mut self) {
        let submitted =
            take(&mut self.line).into_iter().chain(self.ends.take_rest().map(|(_, it)| it));
        cancel_all(submitted.chain(take(&mut self.waiting)));
        self.end_source(&CancelReason::ByCaller);
        discard(self.panic.lock().take());
    }
}

impl<I: Iterator, T> fmt::Display for ScopedBufferedMap<'_, I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<BufferedMap {} futures in flight{}>", self.in_flight(), self.tally())
    }
}

impl<I: Iterator, T> fmt::Debug for ScopedBufferedMap<'_, I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tally().debug(f, "BufferedMap", self.taken - self.in_flight(), self.submitted_at)
    }
}
