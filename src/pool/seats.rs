//! The seats that workers take: which are free, and what whoever sits there has in hand.
//!
//! It knows no threads and no lock: [`Queue`](super::queue::Queue) has one around it. Nothing here
//! runs anybody's code, except where it says so.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::future::state::Status;
use crate::future::task::{Runnable, ScopedTask};
use crate::label::Label;
use crate::nesting::crew::Crew;
use crate::stop::StopToken;

/// A worker's number: the index of its seat. Whoever has one has taken the seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeatNumber(pub(super) usize);

pub(crate) struct Seats<'a> {
    /// Those that were ever taken.
    all: Vec<Seat<'a>>,
    taken: usize,
    crew: Arc<Crew>,
}

#[derive(Default)]
struct Seat<'a> {
    taken: bool,
    in_hand: Option<InHand<'a>>,
}

/// The task that a worker has in hand.
struct InHand<'a> {
    /// It is a weak reference, so letting go of it under a lock runs nobody's code.
    task: Weak<dyn Runnable + 'a>,
    label: Label,
    since: Instant,
}

/// Somebody's task, and for how long it has been running.
pub(super) struct AtWork {
    pub(super) seat: SeatNumber,
    pub(super) label: Label,
    pub(super) running_for: Duration,
}

impl<'a> Seats<'a> {
    pub(super) fn of(crew: Arc<Crew>) -> Self {
        Self { all: Vec::new(), taken: 0, crew }
    }

    /// Whether a worker on this seat is one too many now: it was added when others waited, and that
    /// is over.
    pub(super) fn is_one_too_many(&self, seat: SeatNumber) -> bool {
        self.is_added(seat) && self.taken > self.crew.most()
    }

    /// Whether it is a seat that there is only while others wait.
    pub(super) fn is_added(&self, seat: SeatNumber) -> bool {
        seat.0 >= self.crew.max_workers
    }

    /// The free seat with the lowest number, so that a worker's successor has its name; for a
    /// worker who begins with this task.
    pub(super) fn take(&mut self, first_task: &ScopedTask<'a>) -> Option<SeatNumber> {
        if self.taken >= self.crew.most() {
            return None;
        }
        let number = self.all.iter().position(|seat| !seat.taken).unwrap_or_else(|| {
            self.all.push(Seat::default());
            self.all.len() - 1
        });
        self.taken += 1;
        self.crew.seat_taken();
        self.all[number].taken = true;
        self.hand(SeatNumber(number), first_task, Instant::now());
        Some(SeatNumber(number))
    }

    pub(super) fn leave(&mut self, seat: SeatNumber) {
        self.all[seat.0] = Seat::default();
        self.taken -= 1;
        self.crew.seat_left();
    }

    pub(super) fn hand(&mut self, seat: SeatNumber, task: &ScopedTask<'a>, now: Instant) {
        let in_hand = task.in_hand().map(|weak| InHand {
            task: weak,
            label: task.label().clone(),
            since: now,
        });
        self.all[seat.0].in_hand = in_hand;
    }

    pub(super) fn label_in_hand(&self, number: usize) -> Option<Label> {
        Some(self.all.get(number)?.in_hand.as_ref()?.label.clone())
    }

    pub(super) fn put_down(&mut self, seat: SeatNumber) {
        self.all[seat.0].in_hand = None;
    }

    /// All that somebody has in hand. It may be the last reference to what it leads to, so it is
    /// not to be dropped under a lock.
    pub(super) fn in_hand(&self) -> Vec<Arc<dyn Runnable + 'a>> {
        self.all_in_hand().filter_map(|(_, in_hand)| in_hand.task.upgrade()).collect()
    }

    /// Those that what is in hand was given.
    pub(super) fn stop_tokens(&self) -> impl Iterator<Item = StopToken> {
        self.all_in_hand().filter_map(|(_, in_hand)| in_hand.label.stop().cloned())
    }

    /// Who is at work on what; and what has just ended, and how. What comes beside it is not to be
    /// dropped under a lock.
    pub(super) fn at_work(&self) -> (Vec<AtWork>, Vec<Status>, Vec<Arc<dyn Runnable + 'a>>) {
        let (mut at_work, mut just_ended, mut held) = (Vec::new(), Vec::new(), Vec::new());
        for (seat, InHand { task, label, since }) in self.all_in_hand() {
            let task = task.upgrade();
            match task.as_ref().map(|task| task.status()) {
                Some(Status::Pending | Status::Running) => {
                    at_work.push(AtWork {
                        seat,
                        label: label.clone(),
                        running_for: since.elapsed(),
                    });
                }
                Some(ended) => just_ended.push(ended),
                // Run to its end, and forgotten by everyone: its worker will say how that was.
                None => {}
            }
            held.extend(task);
        }
        (at_work, just_ended, held)
    }

    fn all_in_hand(&self) -> impl Iterator<Item = (SeatNumber, &InHand<'a>)> {
        self.all
            .iter()
            .enumerate()
            .filter_map(|(number, seat)| Some((SeatNumber(number), seat.in_hand.as_ref()?)))
    }
}
