//! The executor is only these, arranged: a queue, settings, hooks, threads.
//!
//! Every handle on a pool has this in common, and so have its workers; it lives until the last of
//! them has gone. It takes tasks that borrow for `'a`: a
//! [`ThreadPoolExecutor`](super::executor::ThreadPoolExecutor)'s borrow nothing, a
//! [`Scope`](super::scope::Scope)'s what is around the scope. Here is how it all comes to its end;
//! how a task gets in is the [`intake`](super::intake)'s, how it is run the
//! [`worker`](super::worker)'s.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::hooks::{Hooks, KeptHooks};
use super::queue::Queue;
use super::report::ShutdownReport;
use super::settings::Settings;
use super::threads::Threads;
use crate::error::ShutdownError;
use crate::events::event::{BlockedOn, EventKind};
use crate::nesting::crew::Crew;
use crate::shutdown::Shutdown;
use crate::sync::{Mutex, Nursery, deadline_after, is_over};

pub(crate) struct Core<'a> {
    pub(super) settings: Settings,
    pub(super) crew: Arc<Crew>,
    pub(super) queue: Queue<'a>,
    pub(super) hooks: KeptHooks,
    pub(super) threads: Threads<'a>,
    /// Somebody has waited for the end with a deadline, in vain, so the owner need not wait again.
    given_up: Mutex<bool>,
}

impl<'a> Core<'a> {
    pub(super) fn new(
        settings: Settings,
        hooks: Hooks,
        nursery: impl Nursery<'a> + 'a,
    ) -> Arc<Self> {
        let crew = Arc::new(Crew::new(settings.id, settings.nested_wait, settings.max_workers));
        Arc::new(Self {
            queue: Queue::new(Arc::clone(&crew), settings.queue_capacity, settings.watch.clone()),
            crew,
            settings,
            hooks: KeptHooks::new(hooks),
            threads: Threads::of(nursery),
            given_up: Mutex::new(false),
        })
    }

    /// Tells the observer, if there is one.
    pub(super) fn tell(&self, kind: EventKind) {
        if let Some(watch) = &self.settings.watch {
            watch.tell(kind);
        }
    }

    pub(super) fn close(&self, how: Shutdown) {
        let at = self.settings.watch.as_ref().map(|_| Instant::now());
        let (is_news, husks) = self.queue.close(how);
        if let (Some(watch), Some(at), true) = (&self.settings.watch, at, is_news) {
            watch.tell_at(at, EventKind::Closed(how));
        }
        husks.clear_away();
        self.let_go_if_over();
    }

    /// For a worker or a closer that has just done what may have been the pool's last act. (Not for
    /// a submitter, whose thread it is not to drop what hooks have captured.)
    pub(super) fn let_go_if_over(&self) {
        if self.queue.is_over() {
            self.hooks.dismiss();
        }
    }

    /// Blocks until every worker's thread has ended, or until `deadline`; says whether they have.
    fn wait_for_the_end(&self, deadline: Option<Instant>) -> bool {
        let nobody_left = || self.queue.is_over() && self.threads.are_joined();
        let watch = self.settings.watch.as_ref().filter(|_| !is_over(deadline) && !nobody_left());
        let _asleep = watch.map(|watch| watch.block(BlockedOn::Shutdown));
        let in_time = self.queue.wait_until_everyone_gone(deadline);
        if in_time {
            self.see_off();
        }
        in_time
    }

    /// When everyone has gone: blocks until the last of their threads has ended.
    fn see_off(&self) {
        self.threads.join_all();
        self.hooks.dismiss();
    }

    /// Blocks until every worker's thread has ended. The pool must have been closed.
    pub(super) fn join(&self) -> Result<(), ShutdownError> {
        if self.settings.id.employs_me() {
            return Err(ShutdownError);
        }
        self.wait_for_the_end(None);
        Ok(())
    }

    /// Closes the pool, and waits at most so long for its end.
    pub(super) fn close_within(
        &self,
        how: Shutdown,
        timeout: Duration,
    ) -> Result<ShutdownReport, ShutdownError> {
        let deadline = deadline_after(timeout);
        let before = self.queue.census();
        self.close(how);
        if self.settings.id.employs_me() {
            return Err(ShutdownError);
        }
        let in_time = self.wait_for_the_end(deadline);
        if !in_time {
            self.close(Shutdown::Stop);
        }
        let report = ShutdownReport::new(&before.stats, self.queue.census(), &self.settings);
        *self.given_up.lock() |= !report.is_complete();
        Ok(report)
    }

    pub(super) fn has_been_given_up(&self) -> bool {
        *self.given_up.lock()
    }
}
