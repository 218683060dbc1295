//! Ctrl-C: the first one ends the program in good order, the second one at once.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use glasspool::{Shutdown, ThreadPoolExecutor};

use crate::common::program::INTERRUPTED;
use crate::common::save;
use crate::common::say::complain;

#[derive(Clone, Default)]
pub struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    happened: AtomicBool,
    pool: Mutex<Weak<ThreadPoolExecutor>>,
}

impl Interrupt {
    /// Listens from now on; to be called once.
    pub fn listen() -> io::Result<Self> {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        ctrlc::set_handler(move || heard.happen()).map_err(io::Error::other)?;
        Ok(interrupt)
    }

    pub fn happened(&self) -> bool {
        self.shared.happened.load(Relaxed)
    }

    /// Closes this pool on an interrupt: running tasks go on, pending ones are cancelled, and their
    /// waiters are woken.
    pub fn closes(&self, pool: &Arc<ThreadPoolExecutor>) {
        *self.pool() = Arc::downgrade(pool);
        if self.happened() {
            pool.close(Shutdown::CancelPending);
        }
    }

    fn happen(&self) {
        if self.shared.happened.swap(true, Relaxed) {
            save::exit(INTERRUPTED.into());
        }
        complain(format_args!(
            "\nInterrupted: running downloads are finished, pending ones are cancelled. \
             Press Ctrl-C again to end at once."
        ));
        let pool = self.pool().upgrade();
        if let Some(pool) = pool {
            pool.close(Shutdown::CancelPending);
        }
    }

    fn pool(&self) -> std::sync::MutexGuard<'_, Weak<ThreadPoolExecutor>> {
        self.shared.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
