//! The place where two threads share a task: a lock around its [`State`] and its [`Waiters`].
//!
//! One allocation holds all there is to a task: its work, its state, its outcome and who is to be
//! told. The queue sees it as something to [`Run`](super::queue::Run), the handle as something to
//! [`Read`](super::future::Read).
//!
//! **Who may do what when.** The thread that wins [`claim`](Cell::claim) has the work, and calls
//! [`complete`](Cell::complete) once. Anybody may cancel, wait, subscribe and collect at any time.
//!
//! ```text
//! a worker                 somebody who cancels        either way round, one of the two wins:
//! lock                     lock                        the loser finds the state changed
//!   Pending → Running        Pending → Cancelled
//! unlock                   unlock
//! run                      leave the queue, wake everyone who waits
//! complete                 finish_cancel: callbacks, drop of the work
//! ```
//!
//! **Why no wake-up is lost.** The state changes under the lock. Whoever waits looks at the state
//! and joins the waiters in one critical section; whoever ends the task changes the state and takes
//! the waiters in one critical section. So a waiter that saw "not yet" is in the list before the
//! state can change, and is told after it.
//!
//! **User code** (callbacks, wakers, drops of work and values) runs with the lock released.

use std::sync::Arc;
use std::time::Instant;

use super::backlog::Place;
use super::error::{CancelReason, TaskError};
use super::event::EventKind;
use super::id::{PoolId, TaskId};
use super::meta::TaskMeta;
use super::panics::{Label, Panic, contain, discard, report_unobserved};
use super::queue::Queue;
use super::seams::{Await, Listener, Origin, Told};
use super::state::{Ending, Outcome, State, Status};
use super::waiters::{Callback, Waiter, Waiters, lend, wake_all};
use crate::sync::process_wide::{Acquire, AtomicBool, AtomicU8, AtomicU32, Relaxed, Release};
use crate::sync::{Mutex, MutexGuard, Parker, current_thread};

pub(crate) struct Cell<'a, W, T> {
    pub(super) meta: TaskMeta<'a>,
    /// The place in its pool's queue.
    ticket: AtomicU32,
    /// What `state` is, for those who look without the lock. Changed under the lock, as the flags.
    status: AtomicU8,
    /// Somebody has read the task, waited for it or added a callback: a panic is theirs to notice.
    observed: AtomicBool,
    /// The reader's handle is gone, and nobody is left to notice a panic.
    handle_dropped: AtomicBool,
    /// A listener has been added at some time.
    heard: AtomicBool,
    inner: Mutex<Inner<'a, W, T>>,
}

struct Inner<'a, W, T> {
    state: State<W, T>,
    waiters: Waiters<'a, W, T>,
}

impl<'a, W, T> Cell<'a, W, T> {
    pub(crate) fn new(work: W, meta: TaskMeta<'a>) -> Self {
        Self {
            meta,
            ticket: AtomicU32::new(0),
            status: AtomicU8::new(Status::Pending.to_byte()),
            observed: AtomicBool::new(false),
            handle_dropped: AtomicBool::new(false),
            heard: AtomicBool::new(false),
            inner: Mutex::new(Inner { state: State::Pending(work), waiters: Waiters::none() }),
        }
    }

    /// Claims the task for this thread. Returns the work, and then the caller owes a `complete`;
    /// `None` if somebody else was faster or the task was cancelled. A task that is claimed before
    /// its turn leaves the queue.
    pub(crate) fn claim(&self, before_its_turn: bool) -> Option<W> {
        let mut inner = self.inner.lock();
        let me = current_thread();
        let work = inner.state.claim(me)?;
        self.status.store(Status::Running.to_byte(), Release);
        if inner.waiters.is_none() && !before_its_turn {
            return Some(work);
        }
        let listeners = inner.listeners();
        listeners.iter().for_each(|listener| listener.locked(Status::Running, Some(me)));
        drop(inner);
        if before_its_turn {
            self.leave_queue(false);
        }
        listeners.iter().for_each(|listener| listener.left_pending(None));
        Some(work)
    }

    /// Takes the work out of a task that was refused, and whose future nobody has seen.
    pub(crate) fn take_back(&self) -> Option<W> {
        self.claim(false)
    }

    /// Ends the task with this outcome. Callbacks run first, and then everyone who waits is told.
    /// `at_end` is called in the moment in which the task ends; it must not block.
    pub(crate) fn complete(&self, outcome: Outcome<T>, at_end: impl FnOnce(Status)) -> Status {
        let mut inner = self.inner.lock();
        let ending = Ending::of(&outcome);
        if inner.waiters.iter().any(|waiter| !matches!(waiter, Waiter::Told(_))) {
            inner = self.tell_before_the_end(inner, &outcome, ending);
        }
        let handle_dropped = self.handle_dropped.load(Relaxed);
        let unobserved = match &outcome {
            Err(TaskError::Panicked(panic)) if handle_dropped => self.unobserved(&inner, panic),
            _ => None,
        };
        inner.state.finish(outcome);
        // What nobody can read is dropped now, and not when the last handle on the task goes.
        let unread = if handle_dropped { inner.state.collect() } else { None };
        let status = Status::Finished(ending);
        at_end(status);
        let woken = inner.end(status, true);
        // After the channels: if this task is seen done before another ends, every channel has it
        // before the other.
        self.status.store(status.to_byte(), Release);
        drop(inner);
        wake_all(woken);
        report(unobserved);
        discard(unread);
        status
    }

    /// Runs the callbacks, then tells the listeners that the task is finished. More callbacks may
    /// be added meanwhile, by the callbacks themselves or by others, so it looks until there are
    /// none.
    fn tell_before_the_end<'c>(
        &'c self,
        mut inner: MutexGuard<'c, Inner<'a, W, T>>,
        outcome: &Outcome<T>,
        ending: Ending,
    ) -> MutexGuard<'c, Inner<'a, W, T>> {
        let listeners = inner.listeners();
        let mut heard = listeners.is_empty();
        loop {
            let callbacks = inner.waiters.take(|waiter| matches!(waiter, Waiter::Callback(_)));
            if callbacks.is_empty() && heard {
                return inner;
            }
            drop(inner);
            if callbacks.is_empty() {
                hear(&listeners, &EventKind::Finished(ending));
                heard = true;
            }
            call_all(callbacks, outcome, &listeners);
            inner = self.inner.lock();
        }
    }

    /// Returns what is to be told of this panic, if nobody has looked at the task.
    fn unobserved(&self, inner: &Inner<'a, W, T>, panic: &Panic) -> Option<Unobserved<'a>> {
        let nobody_looked = !self.observed.load(Relaxed);
        nobody_looked.then(|| (panic.clone(), inner.listeners()))
    }

    /// Returns the outcome to the first caller after the end.
    pub(crate) fn collect(&self) -> Option<Outcome<T>> {
        self.observed.store(true, Relaxed);
        self.inner.lock().state.collect()
    }

    /// Adds a callback, or returns it if the task has ended.
    pub(super) fn add_callback(&self, callback: Callback<T>) -> Option<Callback<T>> {
        let mut inner = self.inner.lock();
        self.observed.store(true, Relaxed);
        if self.last_status().is_done() && !inner.is_cancelling() {
            return Some(callback);
        }
        inner.waiters.add(Waiter::Callback(callback));
        None
    }

    /// Runs a callback that came after the end.
    pub(super) fn call_late(&self, callback: Callback<T>, outcome: &Outcome<T>) {
        let listeners = self.inner.lock().listeners();
        call_all(vec![Waiter::<W, T>::Callback(callback)], outcome, &listeners);
    }

    /// The reader's handle is dropped. Returns the outcome that it had not collected.
    pub(crate) fn drop_handle(&self) -> Option<Outcome<T>> {
        let mut inner = self.inner.lock();
        self.handle_dropped.store(true, Relaxed);
        let outcome = inner.state.collect();
        let unobserved = match &outcome {
            Some(Err(TaskError::Panicked(panic))) => self.unobserved(&inner, panic),
            _ => None,
        };
        drop(inner);
        report(unobserved);
        outcome
    }

    pub(super) fn set_ticket(&self, ticket: u32) {
        self.ticket.store(ticket, Relaxed);
    }

    pub(super) fn listen(&self, listener: Arc<dyn Listener + 'a>) -> bool {
        let mut inner = self.inner.lock();
        let is_pending = inner.state.is_pending();
        if is_pending {
            self.heard.store(true, Relaxed);
            inner.waiters.add(Waiter::Listener(listener));
        }
        is_pending
    }

    pub(super) fn followers(&self) -> Vec<Arc<dyn Listener + 'a>> {
        let mut listeners = self.inner.lock().listeners();
        listeners.retain(|listener| listener.follows_pool());
        listeners
    }

    /// The pool that takes the task has these listeners; so a task that stands for others
    /// introduces them, and any other task has each of them listen to it.
    pub(super) fn introduce(&self, pool: &[Arc<dyn Listener>], origin: Origin) {
        if pool.is_empty() {
            return;
        }
        let listeners = self.inner.lock().listeners();
        if listeners.iter().any(|listener| listener.accepted(pool)) {
            return;
        }
        let label = self.meta.label();
        for listener in pool.iter().filter_map(|listener| listener.for_task(&label, origin)) {
            self.listen_or_hear(listener);
        }
    }

    /// Adds a listener; or tells it of the cancellation, if that has come first.
    pub(crate) fn listen_or_hear(&self, listener: Arc<dyn Listener + 'a>) {
        if self.listen(Arc::clone(&listener)) {
            return;
        }
        let reason = self.inner.lock().state.cancel_reason().cloned();
        if let Some(reason) = reason {
            listener.locked(Status::Cancelled, None);
            hear(&[listener], &EventKind::Cancelled(reason));
        } else {
            // Somebody runs it inline already: the pool has it no more.
            hear(&[listener], &EventKind::Refused);
        }
    }

    /// Gives a home to a task that was made without one, or takes it away. An observer of the home
    /// before hears that the task was refused.
    pub(crate) fn set_home(&self, home: Option<Arc<Queue<'a>>>) {
        let is_old = |waiter: &Waiter<'a, W, T>| match waiter {
            Waiter::Home(_) => true,
            Waiter::Listener(listener) => listener.task_id().is_some(),
            _ => false,
        };
        let mut inner = self.inner.lock();
        if !inner.state.is_pending() {
            return;
        }
        let old = inner.waiters.take(is_old);
        home.into_iter().for_each(|home| inner.waiters.add(Waiter::Home(home)));
        drop(inner);
        for waiter in old {
            if let Waiter::Listener(listener) = waiter {
                listener.hear(&EventKind::Refused, Instant::now());
            }
        }
    }

    pub(super) fn queue(&self) -> Option<Arc<Queue<'a>>> {
        if let Some(home) = self.meta.home() {
            return Some(Arc::clone(home));
        }
        let inner = self.inner.lock();
        inner.waiters.iter().find_map(|waiter| match waiter {
            Waiter::Home(home) => Some(Arc::clone(home)),
            _ => None,
        })
    }

    fn leave_queue(&self, is_cancelled: bool) {
        if let Some(queue) = self.queue() {
            queue.remove(self.place(), is_cancelled);
        }
    }

    fn place(&self) -> Place {
        Place { ticket: self.ticket.load(Relaxed), address: std::ptr::from_ref(self).addr() }
    }

    pub(crate) fn status(&self) -> Status {
        let status = self.last_status();
        if !status.is_done() {
            // A channel may have told the caller of an end that is just being written down.
            drop(self.inner.lock());
        }
        self.last_status()
    }

    /// As `status`, for those who have the lock.
    fn last_status(&self) -> Status {
        Status::from_byte(self.status.load(Acquire))
    }
}

impl<'a, W, T> Inner<'a, W, T> {
    /// Tells everyone who may be told under the lock. Returns those who are still to be woken.
    fn end(&mut self, status: Status, take_wakers: bool) -> Vec<Told> {
        self.listeners().iter().for_each(|listener| listener.locked(status, None));
        self.waiters.tell_channels(take_wakers)
    }

    fn listeners(&self) -> Vec<Arc<dyn Listener + 'a>> {
        let listeners = self.waiters.iter().filter_map(|waiter| match waiter {
            Waiter::Listener(listener) => Some(Arc::clone(listener)),
            _ => None,
        });
        listeners.collect()
    }

    /// Whoever cancelled the task owes a `finish_cancel`, and will run callbacks that come now.
    fn is_cancelling(&self) -> bool {
        self.waiters.iter().any(|waiter| matches!(waiter, Waiter::CancelledWork(_)))
    }
}

impl<W: Send, T: Send> Await for Cell<'_, W, T> {
    fn status(&self) -> Status {
        self.status()
    }

    fn label(&self) -> Label {
        self.meta.label()
    }

    fn place(&self) -> Place {
        self.place()
    }

    fn home(&self) -> Option<PoolId> {
        self.queue().map(|queue| queue.staff.id)
    }

    fn runs_here(&self) -> bool {
        matches!(self.inner.lock().state, State::Running(by) if by == current_thread())
    }

    fn wait(&self, deadline: Option<Instant>) -> bool {
        let parker = Parker::new();
        if self.add_parker(&parker) && !parker.park(deadline) {
            self.remove_parker(&parker);
        }
        self.status().is_done()
    }

    fn add(&self, who: Told, observes: bool) -> bool {
        if observes {
            self.observed.store(true, Relaxed);
        }
        if self.last_status().is_done() {
            return false;
        }
        let mut inner = self.inner.lock();
        let will_tell = !self.last_status().is_done();
        let unused = if will_tell {
            inner.waiters.add(Waiter::Told(who));
            None
        } else {
            Some(who)
        };
        drop(inner);
        // The drop of a waker is user code.
        drop(unused);
        will_tell
    }

    fn remove(&self, who: &Told) -> Option<Told> {
        let is_it = |waiter: &_| matches!(waiter, Waiter::Told(told) if told.is(who));
        match self.inner.lock().waiters.remove(is_it)? {
            Waiter::Told(told) => Some(told),
            _ => None,
        }
    }

    fn watch(&self, listener: Arc<dyn Listener>) -> bool {
        let mut inner = self.inner.lock();
        let runs_on = match inner.state {
            State::Running(by) => Some(by),
            _ => None,
        };
        listener.locked(self.last_status(), runs_on);
        let goes_on = !self.last_status().is_done();
        if goes_on {
            self.heard.store(true, Relaxed);
            inner.waiters.add(Waiter::Listener(listener));
        }
        goes_on
    }

    fn unwatch(&self, listener: &Arc<dyn Listener>) -> bool {
        let it = Arc::as_ptr(listener).addr();
        let is_it = |waiter: &_| match waiter {
            Waiter::Listener(known) => Arc::as_ptr(known).addr() == it,
            _ => false,
        };
        let mut inner = self.inner.lock();
        let (is_pending, removed) = (inner.state.is_pending(), inner.waiters.remove(is_it));
        drop(inner);
        is_pending && removed.is_some()
    }

    fn tell(&self, step: &EventKind) {
        if !self.heard.load(Relaxed) {
            return;
        }
        let listeners = self.inner.lock().listeners();
        hear(&listeners, step);
    }

    fn task_id(&self) -> Option<TaskId> {
        if !self.heard.load(Relaxed) {
            return None;
        }
        let inner = self.inner.lock();
        inner.waiters.iter().find_map(|waiter| match waiter {
            Waiter::Listener(listener) => listener.task_id(),
            _ => None,
        })
    }

    fn cancel(&self, reason: CancelReason) -> bool {
        let mut inner = self.inner.lock();
        let Some(work) = inner.state.cancel(reason.clone()) else { return false };
        let threads = inner.end(Status::Cancelled, false);
        self.status.store(Status::Cancelled.to_byte(), Release);
        inner.waiters.add(Waiter::CancelledWork(Some(work)));
        let listeners = inner.listeners();
        drop(inner);
        wake_all(threads);
        self.leave_queue(true);
        listeners.iter().for_each(|listener| listener.left_pending(Some(&reason)));
        true
    }

    fn finish_cancel(&self) {
        let mut inner = self.inner.lock();
        let Some(reason) = inner.state.cancel_reason().cloned() else { return };
        let listeners = inner.listeners();
        let wakers = inner.waiters.tell_channels(true);
        drop(inner);
        wake_all(wakers);
        hear(&listeners, &EventKind::Cancelled(reason.clone()));
        let outcome = Err(TaskError::Cancelled(reason));
        let is_work = |waiter: &Waiter<'_, W, T>| matches!(waiter, Waiter::CancelledWork(_));
        let mut inner = self.inner.lock();
        let Some(work) = inner.waiters.remove(is_work) else { return };
        inner.waiters.add(Waiter::CancelledWork(None));
        drop(inner);
        discard(work);
        loop {
            let mut inner = self.inner.lock();
            let callbacks = inner.waiters.take(|waiter| matches!(waiter, Waiter::Callback(_)));
            if callbacks.is_empty() {
                // In one critical section with the look: a callback that comes later runs at once.
                inner.waiters.remove(is_work);
                return;
            }
            drop(inner);
            call_all(callbacks, &outcome, &listeners);
        }
    }
}

type Unobserved<'a> = (Panic, Vec<Arc<dyn Listener + 'a>>);

/// Tells the first listener that wants it of a panic that nobody looked at, or else the process.
fn report(unobserved: Option<Unobserved<'_>>) {
    if let Some((panic, listeners)) = unobserved {
        if !listeners.iter().any(|listener| listener.unobserved(&panic)) {
            report_unobserved(&panic);
        }
    }
}

fn hear(listeners: &[Arc<dyn Listener + '_>], step: &EventKind) {
    if !listeners.is_empty() {
        let now = Instant::now();
        listeners.iter().for_each(|listener| listener.hear(step, now));
    }
}

fn call_all<W, T>(
    callbacks: Vec<Waiter<'_, W, T>>,
    outcome: &Outcome<T>,
    listeners: &[Arc<dyn Listener + '_>],
) {
    for waiter in callbacks {
        if let Waiter::Callback(callback) = waiter {
            hear(listeners, &EventKind::CallbackBegan);
            contain(|| callback(lend(outcome)));
            hear(listeners, &EventKind::CallbackEnded);
        }
    }
}
