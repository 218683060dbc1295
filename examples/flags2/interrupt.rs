//! Ctrl-C: the first asks for an end in good order, the second for an end.

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
    /// Listens from now on. To be called once.
    pub fn listen() -> io::Result<Self> {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        ctrlc::set_handler(move || heard.happen()).map_err(io::Error::other)?;
        Ok(interrupt)
    }

    pub fn happened(&self) -> bool {
        self.shared.happened.load(Relaxed)
    }

    /// Has this pool closed when it happens: what runs goes on, what is pending is cancelled, and
    /// whoever waits for it learns of it at once.
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
            "\nInterrupted: what has begun is finished, the rest is not begun. Once more to end at once."
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
