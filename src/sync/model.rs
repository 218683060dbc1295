//! The same shapes on `loom`, which runs a model through every order in which its threads can meet.
//!
//! What it cannot do: time. A wait with a deadline is a yield that reports having given up, so a
//! model sees every such wait end at its deadline; that a wait ends in time because of a wake-up is
//! left to the tests. The channel is a queue of the same shape, so the models prove our protocol
//! and take `crossbeam`'s for granted.

use std::collections::VecDeque;
use std::io;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::Spawn;

pub(crate) use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
pub(crate) use loom::thread::ThreadId;
pub(crate) use loom::thread_local;
pub(crate) use std::cell::{Cell, RefCell};

/// A lock that all threads of one run see.
macro_rules! global {
    ($(#[$attribute:meta])* static $name:ident: Mutex<$held:ty> = $first:expr;) => {
        loom::lazy_static! {
            $(#[$attribute])*
            static ref $name: Mutex<$held> = Mutex::new($first);
        }
    };
}
pub(crate) use global;

pub(crate) fn current_thread() -> ThreadId {
    loom::thread::current().id()
}

pub(crate) fn default_stack_size() -> usize {
    2 << 20
}

pub(crate) fn available_cores() -> usize {
    1
}

/// Starts threads. A stack of `usize::MAX` bytes is refused, as a system would; and one of `n`
/// bytes less is refused to the `n`th thread of its pool, and given to the others.
pub(crate) struct Builder {
    builder: loom::thread::Builder,
    stack_size: usize,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self { builder: loom::thread::Builder::new(), stack_size: 0 }
    }

    pub(crate) fn name(self, name: String) -> Self {
        Self { builder: self.builder.name(name), ..self }
    }

    pub(crate) fn stack_size(self, stack_size: usize) -> Self {
        Self { stack_size, ..self }
    }
}

pub(crate) struct Thread<'a>(loom::thread::JoinHandle<()>, PhantomData<&'a ()>);

impl Thread<'_> {
    pub(crate) fn join(self) {
        let _ = self.0.join();
    }
}

pub(crate) fn free_threads() -> Spawn<'static> {
    // Not the checker's: counting adds no orders of its own.
    let threads = std::sync::atomic::AtomicUsize::new(0);
    Box::new(move |thread, body| {
        let number = threads.fetch_add(1, SeqCst) + 1;
        if [0, number].contains(&(usize::MAX - thread.stack_size)) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Thread(thread.builder.spawn(body)?, PhantomData))
    })
}

/// The checker has no threads that borrow: a scope's are all refused. A scope's pool is the same as
/// any other, so what is proved of that holds there.
pub(crate) struct ThreadScope<'scope, 'env: 'scope>(
    PhantomData<(&'scope mut &'scope (), &'env mut &'env ())>,
);

pub(crate) fn scoped_threads<'scope>(_: &'scope ThreadScope<'scope, '_>) -> Spawn<'scope> {
    Box::new(|_, _| Err(io::ErrorKind::Unsupported.into()))
}

pub(crate) fn thread_scope<'env, F, R>(body: F) -> R
where
    F: for<'scope> FnOnce(&'scope ThreadScope<'scope, 'env>) -> R,
{
    body(&ThreadScope(PhantomData))
}

/// `parking_lot`'s shape: no poisoning.
#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

/// Holds `None` only while its thread waits on a [`Condvar`].
#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    held: Option<loom::sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard {
            mutex: self,
            held: Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("the guard is whole outside `wait`")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("the guard is whole outside `wait`")
    }
}

#[derive(Debug)]
pub(crate) struct Condvar(loom::sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(loom::sync::Condvar::new())
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }

    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.held.take().expect("the guard is whole outside `wait`");
        guard.held = Some(self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
    }
}

pub(crate) fn wait_until<T>(
    event: &Condvar,
    guard: &mut MutexGuard<'_, T>,
    deadline: Option<Instant>,
) -> bool {
    if deadline.is_none() {
        event.wait(guard);
        return false;
    }
    // Let go of the lock for a moment, as a real wait would, and come back with nothing.
    drop(guard.held.take());
    loom::thread::yield_now();
    guard.held = guard.mutex.lock().held.take();
    true
}

/// `std`'s once-cell, with a lock of the model's to wait for whoever fills it.
pub(crate) struct OnceLock<T> {
    cell: std::sync::OnceLock<T>,
    filling: Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self { cell: std::sync::OnceLock::new(), filling: Mutex::new(()) }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.cell.get()
    }

    pub(crate) fn get_or_init(&self, fill: impl FnOnce() -> T) -> &T {
        let _filling = self.filling.lock();
        self.cell.get_or_init(fill)
    }

    pub(crate) fn take(&mut self) -> Option<T> {
        self.cell.take()
    }
}

struct Pipe<T> {
    messages: Mutex<VecDeque<T>>,
    message_ready: Condvar,
}

/// One end of an unbounded channel. Neither end counts the other: no code of ours relies on a
/// disconnect.
pub(crate) struct Sender<T>(Arc<Pipe<T>>);

pub(crate) struct Receiver<T>(Arc<Pipe<T>>);

#[derive(Debug)]
pub(crate) enum RecvTimeoutError {
    Timeout,
    #[expect(dead_code, reason = "the shape of crossbeam's; see Sender")]
    Disconnected,
}

pub(crate) fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    let pipe =
        Arc::new(Pipe { messages: Mutex::new(VecDeque::new()), message_ready: Condvar::new() });
    (Sender(Arc::clone(&pipe)), Receiver(pipe))
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Sender<T> {
    pub(crate) fn send(&self, message: T) -> Result<(), T> {
        self.0.messages.lock().push_back(message);
        self.0.message_ready.notify_one();
        Ok(())
    }

    pub(crate) fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

pub(crate) fn receive_now<T>(from: &Receiver<T>) -> Option<T> {
    from.0.messages.lock().pop_front()
}

pub(crate) fn receive_until<T>(
    from: &Receiver<T>,
    deadline: Option<Instant>,
) -> Result<T, RecvTimeoutError> {
    let mut messages = from.0.messages.lock();
    loop {
        if let Some(message) = messages.pop_front() {
            return Ok(message);
        }
        if wait_until(&from.0.message_ready, &mut messages, deadline) {
            return messages.pop_front().ok_or(RecvTimeoutError::Timeout);
        }
    }
}
