//! The user's code at the beginning and at the end of each worker's life.
//!
//! It is kept for as long as there may be workers, and no longer: what it captured goes with the
//! last of them, even if that is a handle on the pool itself.

use std::sync::Arc;

use crate::error::{Broken, message_of};
use crate::future::contain::{catch, contain, discard};
use crate::sync::Mutex;

pub(super) type Hook = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone, Default)]
pub(super) struct Hooks {
    pub(super) initializer: Option<Hook>,
    pub(super) exit: Option<Hook>,
}

/// `None` once there will be no more workers.
pub(crate) struct KeptHooks(Mutex<Option<Hooks>>);

impl KeptHooks {
    pub(super) fn new(hooks: Hooks) -> Self {
        Self(Mutex::new(Some(hooks)))
    }

    /// What a worker does before its first task. Its panic is what breaks the pool.
    pub(super) fn initialize(&self) -> Result<(), Broken> {
        let Some(hook) = self.one(|hooks| &hooks.initializer) else { return Ok(()) };
        catch(move || hook()).map_err(|payload| {
            let broken = Broken::new(message_of(&*payload));
            discard(payload);
            broken
        })
    }

    /// What a worker that was initialized does when it has left.
    pub(super) fn exit(&self) {
        if let Some(hook) = self.one(|hooks| &hooks.exit) {
            contain(move || hook());
        }
    }

    /// There will be no more workers.
    pub(super) fn dismiss(&self) {
        let hooks = self.0.lock().take();
        if let Some(Hooks { initializer, exit }) = hooks {
            discard(initializer);
            discard(exit);
        }
    }

    fn one(&self, which: impl FnOnce(&Hooks) -> &Option<Hook>) -> Option<Hook> {
        self.0.lock().as_ref().and_then(|hooks| which(hooks).clone())
    }
}

impl Drop for KeptHooks {
    fn drop(&mut self) {
        self.dismiss();
    }
}
