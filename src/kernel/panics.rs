//! Panics: user code is caught here, and a panic becomes a value.
//!
//! Closures, callbacks, hooks and drops of what they captured are user code. Each runs in one of
//! the functions below while no lock of the crate is held, so a panic leaves none of the crate's
//! state half-changed; that is why [`AssertUnwindSafe`] is right here. (`std`'s locks tell what a
//! panic has left of the user's own state, by being poisoned.)

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::sync::process_wide::{AtomicU64, Mutex, Relaxed};

/// What a panic threw.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Runs user code. Its panic is returned.
pub(crate) fn catch<R>(user_code: impl FnOnce() -> R) -> Result<R, Payload> {
    catch_unwind(AssertUnwindSafe(user_code))
}

/// Runs user code whose panic goes no further. (The panic hook has already printed it.)
pub(crate) fn contain(user_code: impl FnOnce()) {
    if let Err(payload) = catch(user_code) {
        discard(payload);
    }
}

/// Drops a user's value; a panic of that drop goes no further.
pub(crate) fn discard<D>(value: D) {
    // The payload of that panic may panic when it is dropped, with a payload that does the same.
    // The second one is leaked, or there would be no end to it.
    if let Err(payload) = catch(move || drop(value)) {
        if let Err(next) = catch(move || drop(payload)) {
            std::mem::forget(next);
        }
    }
}

/// The words by which every message names a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) submitted_at: &'static Location<'static>,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "task '{name}' (submitted at {})", self.submitted_at),
            None => write!(f, "task submitted at {}", self.submitted_at),
        }
    }
}

/// What a task's closure panicked with, and which task it was.
///
/// Clones share one payload: the first caller that takes it gets it, and the text stays for all.
///
/// ```
/// use glasspool::{TaskError, task};
///
/// let (task, future) = task(|| -> u8 { std::panic::panic_any(418_u16) });
/// task.run();
/// let Err(TaskError::Panicked(panic)) = future.into_result() else { unreachable!() };
/// assert_eq!(panic.message(), "a value that is not text");
/// assert_eq!(panic.submitted_at().file(), file!());
/// assert_eq!(*panic.take_payload().unwrap().downcast::<u16>().unwrap(), 418);
/// assert!(panic.take_payload().is_none());
/// ```
#[derive(Clone)]
pub struct Panic {
    shared: Arc<Shared>,
}

struct Shared {
    message: String,
    task: Label,
    /// `Box<dyn Any + Send>` is not `Sync`; the lock makes it shareable.
    payload: Mutex<Option<Payload>>,
}

// The payload is moved out whole, under a lock across which no panic can be thrown.
impl UnwindSafe for Panic {}
impl RefUnwindSafe for Panic {}

impl Panic {
    pub(crate) fn new(payload: Payload, task: Label) -> Self {
        let message = message_of(&*payload);
        Self { shared: Arc::new(Shared { message, task, payload: Mutex::new(Some(payload)) }) }
    }

    /// Returns the text of the panic, or a stand-in if it was not text. Never blocks.
    ///
    /// ```
    /// # use glasspool::{TaskError, task};
    /// let (task, future) = task(|| -> u8 { panic!("boom") });
    /// task.run();
    /// let Err(TaskError::Panicked(panic)) = future.into_result() else { unreachable!() };
    /// assert_eq!(panic.message(), "boom");
    /// ```
    pub fn message(&self) -> &str {
        &self.shared.message
    }

    /// Returns the task's name, if it was [given one](crate::ThreadPoolExecutor::named). Never
    /// blocks.
    ///
    /// ```
    /// # use glasspool::{Inline, Executor, TaskError};
    /// let executor: &dyn Executor = &Inline;
    /// let future = executor.named("BR").submit(|| -> u8 { panic!("boom") });
    /// let Err(TaskError::Panicked(panic)) = future.into_result() else { unreachable!() };
    /// assert_eq!(panic.task_name(), Some("BR"));
    /// ```
    pub fn task_name(&self) -> Option<&str> {
        self.shared.task.name.as_deref()
    }

    /// Returns where the task was submitted. Never blocks.
    ///
    /// ```
    /// # use glasspool::{TaskError, task};
    /// let (task, future) = task(|| -> u8 { panic!("boom") });
    /// task.run();
    /// let Err(TaskError::Panicked(panic)) = future.into_result() else { unreachable!() };
    /// assert_eq!(panic.submitted_at().file(), file!());
    /// ```
    pub fn submitted_at(&self) -> &'static Location<'static> {
        self.shared.task.submitted_at
    }

    /// Takes the payload, as [`std::panic::catch_unwind`] gave it; `None` if it was taken before.
    /// Never blocks.
    ///
    /// ```
    /// # use glasspool::{TaskError, task};
    /// let (task, future) = task(|| -> u8 { panic!("boom") });
    /// task.run();
    /// let Err(TaskError::Panicked(panic)) = future.into_result() else { unreachable!() };
    /// assert_eq!(*panic.take_payload().unwrap().downcast::<&str>().unwrap(), "boom");
    /// ```
    pub fn take_payload(&self) -> Option<Box<dyn Any + Send>> {
        self.shared.payload.lock().take()
    }

    /// Panics again in this thread, with the original payload (or with its text, if the payload was
    /// taken), and without running the panic hook a second time.
    ///
    /// # Panics
    ///
    /// Always: that is its purpose.
    ///
    /// ```
    /// # use glasspool::{TaskError, task};
    /// let (task, future) = task(|| -> u8 { panic!("boom") });
    /// task.run();
    /// let Err(TaskError::Panicked(panic)) = future.into_result() else { unreachable!() };
    /// let again = std::panic::catch_unwind(move || panic.resume()).unwrap_err();
    /// assert_eq!(*again.downcast::<&str>().unwrap(), "boom");
    /// ```
    pub fn resume(self) -> ! {
        let payload = self.take_payload().unwrap_or_else(|| Box::new(self.message().to_owned()));
        std::panic::resume_unwind(payload)
    }
}

/// Returns the text of a panic, from the two types that `panic!` makes.
pub(crate) fn message_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is not text".to_owned()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.task_name() {
            Some(name) => write!(f, "task '{name}' panicked: {}", self.message()),
            None => write!(f, "task panicked: {}", self.message()),
        }
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panic")
            .field("message", &self.message())
            .field("task", &format_args!("{}", self.shared.task))
            .finish_non_exhaustive()
    }
}

impl Error for Panic {}

/// What [`set_unobserved_panic_hook`] takes.
pub type UnobservedPanicHook = Box<dyn Fn(&Panic) + Send + Sync>;

static UNOBSERVED: AtomicU64 = AtomicU64::new(0);
static HOOK: Mutex<Option<Arc<UnobservedPanicHook>>> = Mutex::new(None);

/// Returns how many tasks of this process have panicked without anyone looking at their futures.
/// Never blocks.
///
/// ```
/// use glasspool::{task, unobserved_panics};
///
/// let before = unobserved_panics();
/// let (task, future) = task(|| panic!("who will know?"));
/// drop(future);
/// task.run();
/// assert_eq!(unobserved_panics(), before + 1);
/// ```
pub fn unobserved_panics() -> u64 {
    UNOBSERVED.load(Relaxed)
}

/// Sets the hook that hears of each panic that nobody looked at, and returns the hook before.
///
/// A future is looked at by waiting for it, alone or with others, by reading it, and by adding a
/// callback. The items of a map are looked at when they are handed over. Python loses such an
/// exception without a word (cpython#85544, cpython#120508); like [`std::panic::set_hook`], this
/// hook is one for the whole process.
///
/// The hook runs on the thread that dropped the handle, or that ended the task if the handle was
/// dropped before. No lock is held, and a panic of the hook is contained. Never blocks.
///
/// ```
/// use std::sync::mpsc;
/// use glasspool::{set_unobserved_panic_hook, task};
///
/// let (tell, told) = mpsc::channel();
/// let before = set_unobserved_panic_hook(Some(Box::new(move |panic| {
///     tell.send(panic.to_string()).unwrap();
/// })));
/// assert!(before.is_none());
///
/// let (task, future) = task(|| panic!("who will know?"));
/// drop(future);
/// task.run();
/// assert_eq!(told.recv()?, "task panicked: who will know?");
/// # set_unobserved_panic_hook(None);
/// # Ok::<(), mpsc::RecvError>(())
/// ```
pub fn set_unobserved_panic_hook(hook: Option<UnobservedPanicHook>) -> Option<UnobservedPanicHook> {
    let before = std::mem::replace(&mut *HOOK.lock(), hook.map(Arc::new))?;
    // Somebody may be running it at this moment; then what is returned calls the shared one.
    Some(Arc::try_unwrap(before).unwrap_or_else(|shared| Box::new(move |panic| shared(panic))))
}

pub(crate) fn report_unobserved(panic: &Panic) {
    UNOBSERVED.fetch_add(1, Relaxed);
    let hook = HOOK.lock().clone();
    if let Some(hook) = hook {
        // The hook may have been replaced meanwhile, and then this drops it.
        contain(move || hook(panic));
    }
}
