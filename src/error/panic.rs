//! A panic as a value: the text for people, the payload for those who want to raise it again.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::label::Label;
use crate::sync::Mutex;

/// What a task's closure panicked with, and which task it was.
///
/// Clones share one payload: the first who asks for it gets it, the text stays for all.
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
    // `Box<dyn Any + Send>` is not `Sync`; the lock makes it shareable, and taking it out makes it
    // owned.
    payload: Mutex<Option<Box<dyn Any + Send>>>,
}

// The payload is only ever moved out whole, under a lock that no panic can be thrown across.
impl UnwindSafe for Panic {}
impl RefUnwindSafe for Panic {}

impl Panic {
    pub(crate) fn new(payload: Box<dyn Any + Send>, task: &Label) -> Self {
        let message = message_of(&*payload);
        let shared = Shared { message, task: task.clone(), payload: Mutex::new(Some(payload)) };
        Self { shared: Arc::new(shared) }
    }

    /// The text the closure panicked with, or a stand-in if it panicked with something else than
    /// text. Never blocks.
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

    /// The task's name, if it was [given one](crate::ThreadPoolExecutor::named). Never blocks.
    ///
    /// ```
    /// # use glasspool::{Inline, Executor, TaskError};
    /// let executor: &dyn Executor = &Inline;
    /// let future = executor.named("BR").submit(|| -> u8 { panic!("boom") });
    /// let Err(TaskError::Panicked(panic)) = future.into_result() else { unreachable!() };
    /// assert_eq!(panic.task_name(), Some("BR"));
    /// ```
    pub fn task_name(&self) -> Option<&str> {
        self.shared.task.name()
    }

    /// Where the task was submitted. Never blocks.
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

    /// Takes the payload, as [`std::panic::catch_unwind`] gave it; `None` if somebody already has
    /// it. Never blocks.
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

    /// Panics again, in this thread, with the original payload (or with its text, if somebody has
    /// taken the payload), and without running the panic hook a second time.
    ///
    /// # Panics
    ///
    /// Always: that is what it is for.
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

/// The text of a panic, from the two types that `panic!` makes.
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
