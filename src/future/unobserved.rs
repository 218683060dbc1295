//! Where a panic ends that nobody looked at: it is counted, and a hook sees it.
//!
//! A future's panic is its reader's to notice. If the handle is dropped before anyone has read it,
//! waited for it or asked to be told, there is no reader: Python loses such an exception without a
//! word (cpython#85544, cpython#120508). Like [`std::panic::set_hook`], which the standard library
//! keeps for the same moment in a thread's life, there is one hook for the whole process.

use std::sync::Arc;

use crate::error::Panic;
use crate::future::contain::contain;
use crate::sync::process_wide::{AtomicU64, Mutex, Relaxed};

type Hook = Arc<UnobservedPanicHook>;

static COUNT: AtomicU64 = AtomicU64::new(0);
static HOOK: Mutex<Option<Hook>> = Mutex::new(None);

/// How many tasks of this process have panicked without anyone ever looking at their futures. Never
/// blocks.
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
    COUNT.load(Relaxed)
}

/// Sets what is told of each panic that nobody looked at, instead of whatever was set before;
/// returns that.
///
/// Whoever waits for a future, also together with others, or has it call back, looks at it. The
/// items of a map are looked at when they are handed over.
///
/// The hook runs on the thread that dropped the handle, or that ended the task if the handle was
/// dropped before; no lock is held, and a panic of the hook is contained. Never blocks.
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
    let before = std::mem::replace(&mut *HOOK.lock(), hook.map(Arc::new));
    // It is shared only while it runs; then what comes back calls it.
    let alone = |hook: Hook| {
        Arc::try_unwrap(hook).unwrap_or_else(|shared| Box::new(move |panic| shared(panic)))
    };
    before.map(alone)
}

/// What [`set_unobserved_panic_hook`] takes.
pub type UnobservedPanicHook = Box<dyn Fn(&Panic) + Send + Sync>;

pub(crate) fn report(panic: &Panic) {
    COUNT.fetch_add(1, Relaxed);
    let hook = HOOK.lock().clone();
    if let Some(hook) = hook {
        // The hook may have been replaced meanwhile, and then this drops it.
        contain(move || hook(panic));
    }
}
