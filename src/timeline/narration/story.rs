//! Makes a sentence for each event.
//!
//! A [`Story`] remembers what it needs to say how long something took: pending tasks, and what each
//! thread is in the middle of. A sentence therefore depends on the events before it, and says less
//! if they are missing.

use std::collections::HashMap;

use crate::kernel::event::{BlockedOn, EventKind, Shutdown};
use crate::kernel::id::TaskId;
use crate::kernel::state::Ending;
use crate::timeline::harmless::{fitted, fitted_at_its_end};
use crate::timeline::words::short as short_time;

/// Most columns of a name, so that a long name does not hide the sentence.
const LONGEST_NAME: usize = 60;

/// An event in words and numbers.
pub(super) struct Happened<'a> {
    /// Nanoseconds since any fixed moment.
    pub(super) at: u64,
    /// The thread's number.
    pub(super) thread: usize,
    /// The thread's name.
    pub(super) who: &'a str,
    pub(super) task: Option<Subject<'a>>,
    /// For the end of a wait: the name of the task that ended it, if known.
    pub(super) by: Option<String>,
    pub(super) queue_depth: usize,
    pub(super) kind: &'a EventKind,
}

/// The task that an event is about.
pub(super) struct Subject<'a> {
    pub(super) id: TaskId,
    /// Id and name as far as they are known: `F3 loiter[3]`.
    pub(super) name: String,
    pub(super) submitted_at: &'a str,
}

#[derive(Default)]
/// Remembers what is pending and running, to say how long it took.
pub(super) struct Story {
    /// Since when each pending task is pending.
    pending: HashMap<TaskId, u64>,
    /// What each thread is in the middle of, the innermost last.
    threads: HashMap<usize, Vec<Frame>>,
}

/// Something that a thread is in the middle of.
struct Frame {
    since: u64,
    doing: Doing,
}

#[derive(PartialEq, Eq)]
enum Doing {
    Running(TaskId),
    CallingBack(TaskId),
    /// A wait: what to say when it is over, and the task waited for.
    Blocked(String, Option<(TaskId, String)>),
}

impl Story {
    /// Makes one sentence, without a full stop.
    pub(super) fn tell(&mut self, happened: &Happened<'_>) -> String {
        let who = self.who(happened);
        let Happened { queue_depth, kind, task, .. } = happened;
        let name = task.as_ref().map_or_else(|| "a task".to_owned(), Subject::name);
        match kind {
            EventKind::Submitted => {
                self.submitted(happened);
                let place = task.as_ref().map_or("", |task| task.submitted_at);
                let place = fitted_at_its_end(place, LONGEST_NAME);
                format!("{who} submits {name} ({place}); {}", are_pending(*queue_depth))
            }
            EventKind::Refused => {
                self.forget(task.as_ref());
                format!("{who} gets {name} back: the pool refuses it")
            }
            EventKind::Started => {
                let waited =
                    self.forget(task.as_ref()).map(|since| happened.at.saturating_sub(since));
                self.enter(happened, Doing::Running);
                format!("{who} starts {name}{}", spent(", which was pending for", waited))
            }
            EventKind::Finished(ending) => {
                self.forget(task.as_ref());
                let ran = self.leave(happened, Doing::Running);
                // The task has been left: the thread is no longer "inside" it.
                let who = happened.who();
                match ending {
                    Ending::Returned => {
                        format!("{who} finishes {name}: it returned{}", spent(" after", ran))
                    }
                    Ending::Panicked => {
                        format!("{who} finishes {name}: it panicked{}", spent(" after", ran))
                    }
                    Ending::Lost => {
                        let why = "it is lost, as its worker ended before running it";
                        format!("{who} gives up {name}: {why}")
                    }
                }
            }
            EventKind::Cancelled(reason) => {
                self.forget(task.as_ref());
                let reason = fitted(&reason.to_string(), 2 * LONGEST_NAME);
                format!("{who} sees {name} cancelled {reason}; it will not be run")
            }
            EventKind::Collected => format!("{who} reads the result of {name}"),
            EventKind::CallbackBegan => {
                self.enter(happened, Doing::CallingBack);
                format!("{} begins a callback of {name}", happened.who())
            }
            EventKind::CallbackEnded => {
                let took = self.leave(happened, Doing::CallingBack);
                format!("{} ends the callback of {name}{}", happened.who(), spent(" after", took))
            }
            EventKind::Blocked(on) => {
                let (until, whats_over) = what_for(*on, &name);
                self.block(happened, whats_over);
                format!("{who} goes to sleep until {until}")
            }
            EventKind::Unblocked { by } => self.unblocked(happened, &who, *by),
            EventKind::WorkerBorn => format!("{} is born", happened.who()),
            EventKind::WorkerIdle => {
                self.threads.remove(&happened.thread);
                format!("{} finds nothing to do and sleeps", happened.who())
            }
            EventKind::WorkerGone => {
                self.threads.remove(&happened.thread);
                format!("{} is gone", happened.who())
            }
            EventKind::Closed(how) => format!("{who} closes the pool{}", what_comes_of_it(*how)),
        }
    }

    /// Names the thread, and the task that it is inside.
    fn who(&self, happened: &Happened<'_>) -> String {
        let who = happened.who();
        let frames = self.threads.get(&happened.thread).map_or(&[][..], Vec::as_slice);
        let inside = frames.iter().rev().find_map(|frame| match &frame.doing {
            Doing::Running(task) => Some(format!("{who}, inside {task},")),
            Doing::CallingBack(task) => Some(format!("{who}, in a callback of {task},")),
            Doing::Blocked(..) => None,
        });
        inside.unwrap_or(who)
    }

    fn submitted(&mut self, happened: &Happened<'_>) {
        if let Some(task) = &happened.task {
            self.pending.insert(task.id, happened.at);
        }
    }

    /// Removes a pending task, and returns since when it was pending.
    fn forget(&mut self, task: Option<&Subject<'_>>) -> Option<u64> {
        self.pending.remove(&task?.id)
    }

    fn enter(&mut self, happened: &Happened<'_>, doing: impl Fn(TaskId) -> Doing) {
        if let Some(task) = &happened.task {
            let frame = Frame { since: happened.at, doing: doing(task.id) };
            self.threads.entry(happened.thread).or_default().push(frame);
        }
    }

    /// Leaves the innermost such frame and everything inside it, and returns how long it took.
    fn leave(&mut self, happened: &Happened<'_>, doing: impl Fn(TaskId) -> Doing) -> Option<u64> {
        let doing = doing(happened.task.as_ref()?.id);
        let left = self.leave_the(happened.thread, |frame| frame.doing == doing)?;
        Some(happened.at.saturating_sub(left.since))
    }

    fn block(&mut self, happened: &Happened<'_>, whats_over: String) {
        let task = happened.task.as_ref().map(|task| (task.id, task.name()));
        let frame = Frame { since: happened.at, doing: Doing::Blocked(whats_over, task) };
        self.threads.entry(happened.thread).or_default().push(frame);
    }

    fn unblocked(&mut self, happened: &Happened<'_>, who: &str, by: Option<TaskId>) -> String {
        let is_wait = |frame: &Frame| matches!(frame.doing, Doing::Blocked(..));
        let (asleep, whats_over, task) = match self.leave_the(happened.thread, is_wait) {
            Some(Frame { since, doing: Doing::Blocked(whats_over, task) }) => {
                (Some(happened.at.saturating_sub(since)), whats_over, task)
            }
            _ => (None, "the wait is over".to_owned(), None),
        };
        // If the task that was waited for ended the wait, its name is known from the begin of the
        // wait; the event has an id.
        let asleep = spent(" after", asleep);
        match (by, task) {
            (Some(by), Some((id, name))) if by == id => {
                format!("{who} wakes{asleep}: {name} has ended")
            }
            (Some(by), _) => {
                let by = happened.by.as_deref().map_or_else(|| by.to_string(), short);
                format!("{who} wakes{asleep}: {by} has ended")
            }
            (None, _) => format!("{who} wakes{asleep}: {whats_over}"),
        }
    }

    fn leave_the(&mut self, thread: usize, is_it: impl Fn(&Frame) -> bool) -> Option<Frame> {
        let frames = self.threads.get_mut(&thread)?;
        let depth = frames.iter().rposition(is_it)?;
        frames.drain(depth..).next()
    }
}

impl Happened<'_> {
    fn who(&self) -> String {
        fitted(self.who, LONGEST_NAME)
    }
}

impl Subject<'_> {
    fn name(&self) -> String {
        short(&self.name)
    }
}

fn short(name: &str) -> String {
    fitted(name, LONGEST_NAME).trim_end().to_owned()
}

/// What a thread sleeps for, and what to say if it wakes for another reason than a task's end.
fn what_for(on: BlockedOn, task: &str) -> (String, String) {
    match on {
        BlockedOn::Task => (format!("{task} ends"), format!("the wait for {task} is over")),
        BlockedOn::AnyOf(1) => {
            ("a future is done".to_owned(), "the wait for a future is over".to_owned())
        }
        BlockedOn::AnyOf(many) => (
            format!("any of {many} futures is done"),
            format!("the wait for any of {many} futures is over"),
        ),
        BlockedOn::Room => {
            (format!("the queue has room for {task}"), "the wait for room is over".to_owned())
        }
        BlockedOn::Shutdown => {
            ("the pool's end".to_owned(), "the wait for the pool's end is over".to_owned())
        }
    }
}

fn what_comes_of_it(how: Shutdown) -> &'static str {
    match how {
        Shutdown::Drain => ": pending tasks will be run first",
        Shutdown::WhenIdle => ", as soon as nothing is pending or running in it",
        Shutdown::CancelPending => ": pending tasks are cancelled",
        Shutdown::Stop => ": pending tasks are cancelled, and running ones asked to stop",
    }
}

fn are_pending(how_many: usize) -> String {
    match how_many {
        0 => "no task is pending".to_owned(),
        1 => "1 task is pending".to_owned(),
        many => format!("{many} tasks are pending"),
    }
}

/// Says how long something took, if that is known.
fn spent(what: &str, nanos: Option<u64>) -> String {
    nanos.map_or_else(String::new, |nanos| format!("{what} {}", short_time(nanos)))
}
