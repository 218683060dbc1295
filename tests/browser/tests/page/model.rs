//! What a trace says was so after each of its events: counted here once more, in the plainest way,
//! for the page to agree with.

use std::collections::{BTreeMap, BTreeSet};

use glasspool::timeline::{Entry, Trace};
use glasspool::{EventKind, TaskId};

/// As much of the page as can be compared.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The heads of the panels: `2 pending`, and so on.
    pub sums: BTreeMap<String, BTreeSet<String>>,
    /// The state of each future, by its number: `F3`.
    pub futures: BTreeMap<String, String>,
    /// Those in the queue, in order.
    pub queue: Vec<String>,
}

/// What a thread does, and which task it runs then; the innermost last.
type Stack = Vec<(&'static str, Option<TaskId>)>;

#[derive(Default)]
pub struct Model {
    futures: BTreeMap<TaskId, &'static str>,
    queue: Vec<TaskId>,
    /// By thread: whether it is a worker, and what it does.
    threads: BTreeMap<usize, (bool, Stack)>,
    gone: BTreeSet<usize>,
}

impl Model {
    pub fn take(&mut self, entry: &Entry, trace: &Trace) {
        let is_worker = trace.threads()[entry.thread].worker.is_some();
        let (_, doing) = self.threads.entry(entry.thread).or_insert((is_worker, Vec::new()));
        let mut become_ = |state| {
            if let Some(task) = entry.task {
                self.futures.insert(task, state);
                self.queue.retain(|&queued| queued != task);
            }
        };
        match &entry.kind {
            EventKind::Submitted => {
                become_("pending");
                self.queue.extend(entry.task);
            }
            EventKind::Refused => become_("refused"),
            EventKind::Cancelled(_) => become_("cancelled"),
            EventKind::Started => {
                become_("running");
                doing.retain(|&(what, _)| what != "idle");
                doing.push(("running", entry.task));
            }
            EventKind::Finished(_) => {
                become_("finished");
                if let Some(place) = doing.iter().rposition(|&what| what == ("running", entry.task))
                {
                    doing.truncate(place);
                }
            }
            EventKind::CallbackBegan => doing.push(("running", None)),
            EventKind::CallbackEnded | EventKind::Unblocked { .. } => drop(doing.pop()),
            EventKind::Blocked(_) => doing.push(("blocked", None)),
            EventKind::WorkerIdle => doing.push(("idle", None)),
            EventKind::WorkerGone => drop(self.gone.insert(entry.thread)),
            _ => {}
        }
    }

    pub fn shown(&self) -> Shown {
        let workers = self.threads.iter().filter(|(_, (is_worker, _))| *is_worker).map(
            |(thread, (_, doing))| {
                let gone = self.gone.contains(thread).then_some("gone");
                gone.or(doing.last().map(|&(what, _)| what)).unwrap_or("idle")
            },
        );
        let callers = self
            .threads
            .values()
            .filter(|(is_worker, _)| !is_worker)
            .filter_map(|(_, doing)| doing.last());
        let sums = [
            ("queue", BTreeSet::from([format!("{} pending", self.queue.len())])),
            ("workers", counted(workers)),
            ("callers", counted(callers.map(|&(what, _)| what))),
            ("futures", counted(self.futures.values().copied())),
        ];
        Shown {
            sums: sums.into_iter().map(|(id, sum)| (id.to_owned(), sum)).collect(),
            futures: self
                .futures
                .iter()
                .map(|(id, state)| (id.to_string(), (*state).to_owned()))
                .collect(),
            queue: self.queue.iter().map(TaskId::to_string).collect(),
        }
    }
}

fn counted<'a>(words: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut counts = BTreeMap::new();
    words.for_each(|word| *counts.entry(word).or_insert(0) += 1);
    counts.into_iter().map(|(word, count)| format!("{count} {word}")).collect()
}
