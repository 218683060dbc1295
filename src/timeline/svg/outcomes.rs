//! How the tasks of a run ended, in one sentence.

use std::fmt;

use crate::kernel::state::Ending;
use crate::timeline::run::{End, Run};
use crate::timeline::words::count;

/// Number of tasks by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcomes {
    tasks: usize,
    returned: usize,
    panicked: usize,
    lost: usize,
    cancelled: usize,
    refused: usize,
}

impl Outcomes {
    pub(super) fn of(run: &Run<'_>) -> Self {
        let mut outcomes = Self { tasks: run.lives.len(), ..Self::default() };
        for life in &run.lives {
            match life.end {
                End::Finished(Ending::Returned) => outcomes.returned += 1,
                End::Finished(Ending::Panicked) => outcomes.panicked += 1,
                End::Finished(Ending::Lost) => outcomes.lost += 1,
                End::Cancelled(_) => outcomes.cancelled += 1,
                End::Refused => outcomes.refused += 1,
                End::Unknown => {}
            }
        }
        outcomes
    }

    /// Returns `true` if a task panicked or was lost.
    pub(super) fn are_bad(&self) -> bool {
        self.panicked + self.lost > 0
    }
}

impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tasks, returned, panicked, lost, cancelled, refused } = *self;
        // Computed and not counted, so that the numbers add up to all tasks.
        let unknown = tasks - returned - panicked - lost - cancelled - refused;
        let ways = [
            (returned, "returned"),
            (panicked, "panicked"),
            (lost, "lost"),
            (cancelled, "cancelled"),
            (refused, "refused"),
            (unknown, "with no end in the trace"),
        ];
        let ways: Vec<_> = ways.into_iter().filter(|&(many, _)| many > 0).collect();
        match ways[..] {
            [] => f.write_str("No task."),
            [(1, way)] => write!(f, "1 task: {way}."),
            [(many, way)] => write!(f, "{many} tasks: all {way}."),
            _ => {
                let ways: Vec<String> =
                    ways.iter().map(|(many, way)| format!("{many} {way}")).collect();
                write!(f, "{}: {}.", count(tasks, "task"), ways.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_one_sentence() {
        let none = Outcomes::default();
        assert_eq!(none.to_string(), "No task.");
        assert_eq!(Outcomes { tasks: 1, returned: 1, ..none }.to_string(), "1 task: returned.");
        assert_eq!(
            Outcomes { tasks: 3, cancelled: 3, ..none }.to_string(),
            "3 tasks: all cancelled."
        );
        let all =
            Outcomes { tasks: 7, returned: 2, panicked: 1, lost: 1, cancelled: 1, refused: 1 };
        assert_eq!(
            all.to_string(),
            "7 tasks: 2 returned, 1 panicked, 1 lost, 1 cancelled, 1 refused, \
             1 with no end in the trace."
        );
    }
}
