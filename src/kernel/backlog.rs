//! A first-in first-out line from which anything can be taken out by its ticket.
//!
//! Entries stand in blocks. Taking one out of the middle leaves a hole, and a block that has only
//! holes gives its memory back. So adding and removing take the same short time however long the
//! line is; no entry is ever moved, and a hole is passed once, when the head of the line comes to
//! it.

use std::collections::VecDeque;

const BLOCK_LEN: usize = 64;

/// As many places as a number of entries, as a difference of tickets, which wrap around.
#[expect(clippy::cast_possible_truncation, reason = "tickets wrap around")]
fn tickets(entries: usize) -> Ticket {
    entries as Ticket
}

/// Names an entry as long as it stands in line. (It wraps around.)
pub(crate) type Ticket = u32;

/// Where a task stands in line: its ticket, and an address that no other task has while it lives.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) ticket: Ticket,
    pub(crate) address: usize,
}

pub(crate) struct Backlog<E> {
    blocks: VecDeque<Block<E>>,
    /// The ticket of the first place in the first block.
    first: Ticket,
    len: usize,
    /// The memory of a block that has ended, for the next.
    spare: Vec<Option<E>>,
}

struct Block<E> {
    /// Empty without memory when the block was full and all of its entries have left.
    places: Vec<Option<E>>,
    /// How many places at the front have been passed.
    passed: usize,
    /// How many entries are left.
    left: usize,
}

impl<E> Backlog<E> {
    pub(crate) fn new() -> Self {
        Self { blocks: VecDeque::new(), first: 0, len: 0, spare: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the ticket that the next entry will have.
    pub(crate) fn next_ticket(&self) -> Ticket {
        let Some(last) = self.blocks.back() else { return self.first };
        let missing = if last.is_full() { 0 } else { BLOCK_LEN - last.places.len() };
        self.end_of_blocks().wrapping_sub(tickets(missing))
    }

    /// Appends another line, which must [begin](Self::behind) behind this one, and leaves an empty
    /// one.
    pub(crate) fn append(&mut self, other: &mut Self) {
        // Blocks that have left the front of the other line leave a gap, which only has holes.
        while !other.blocks.is_empty() && self.end_of_blocks() != other.first {
            if self.blocks.is_empty() {
                self.first = other.first;
            } else {
                self.blocks.push_back(Block { places: Vec::new(), passed: 0, left: 0 });
            }
        }
        self.blocks.append(&mut other.blocks);
        self.len += std::mem::take(&mut other.len);
        other.first = self.end_of_blocks();
        if other.spare.capacity() == 0 {
            other.spare = std::mem::take(&mut self.spare);
        }
    }

    /// Makes an empty line that begins behind this one.
    pub(crate) fn behind(&self) -> Self {
        Self { first: self.end_of_blocks(), ..Self::new() }
    }

    fn end_of_blocks(&self) -> Ticket {
        self.first.wrapping_add(tickets(self.blocks.len() * BLOCK_LEN))
    }

    /// Adds an entry at the end.
    pub(crate) fn push(&mut self, entry: E) {
        if self.blocks.back().is_none_or(Block::is_full) {
            let mut places = std::mem::take(&mut self.spare);
            places.reserve_exact(BLOCK_LEN);
            self.blocks.push_back(Block { places, passed: 0, left: 0 });
        }
        if let Some(last) = self.blocks.back_mut() {
            last.places.push(Some(entry));
            last.left += 1;
            self.len += 1;
        }
    }

    /// Takes the entry at the head of the line.
    pub(crate) fn pop(&mut self) -> Option<E> {
        loop {
            let is_last = self.blocks.len() == 1;
            let head = self.blocks.front_mut()?;
            while let Some(place) = head.places.get_mut(head.passed) {
                head.passed += 1;
                if let Some(entry) = place.take() {
                    head.left -= 1;
                    self.len -= 1;
                    return Some(entry);
                }
            }
            // The last block may still be filled. Another one was followed by a line that began
            // behind it.
            if is_last && !head.is_full() {
                return None;
            }
            if let Some(mut ended) = self.blocks.pop_front() {
                ended.places.clear();
                self.spare = ended.places;
            }
            self.first = self.first.wrapping_add(tickets(BLOCK_LEN));
        }
    }

    /// Takes out the entry with this ticket, if it still stands in line and `is` it.
    pub(crate) fn remove(&mut self, ticket: Ticket, is: impl FnOnce(&E) -> bool) -> Option<E> {
        let index = ticket.wrapping_sub(self.first) as usize;
        let block = self.blocks.get_mut(index / BLOCK_LEN)?;
        let entry = block.places.get_mut(index % BLOCK_LEN)?.take_if(|entry| is(entry))?;
        block.left -= 1;
        self.len -= 1;
        if block.left == 0 && block.is_full() {
            block.places = Vec::new();
        }
        // Two at most: so no removal takes long, and ended blocks do not gather at the front.
        for _ in 0..2 {
            if self.blocks.front().is_some_and(|head| head.left == 0 && head.is_full()) {
                self.blocks.pop_front();
                self.first = self.first.wrapping_add(tickets(BLOCK_LEN));
            }
        }
        Some(entry)
    }
}

impl<E> Block<E> {
    /// Returns `true` if no entry can be added: all places are taken, or all entries have left.
    fn is_full(&self) -> bool {
        self.places.len() == BLOCK_LEN || self.places.capacity() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_appended_keeps_its_tickets() {
        let mut front = Backlog::new();
        (0..100).for_each(|n| front.push(n));
        let mut inbox = front.behind();
        let tickets: Vec<_> = (100..300)
            .map(|n| {
                let ticket = inbox.next_ticket();
                inbox.push(n);
                ticket
            })
            .collect();
        assert_eq!(inbox.remove(tickets[7], |_| true), Some(107));
        front.append(&mut inbox);
        assert_eq!((inbox.len(), front.len()), (0, 299));
        assert_eq!(front.remove(tickets[150], |_| true), Some(250));
        inbox.push(300);
        front.append(&mut inbox);
        let left: Vec<_> = std::iter::from_fn(|| front.pop()).collect();
        let expected = (0..=300).filter(|n| ![107, 250].contains(n));
        assert!(left.into_iter().eq(expected));
        assert_eq!(front.behind().first, inbox.first);
    }

    #[test]
    fn a_line_whose_first_blocks_have_left_keeps_its_tickets_when_it_is_appended() {
        for in_front in [0, 10, 100] {
            let mut front = Backlog::new();
            (0..in_front).for_each(|n| front.push(n));
            let mut inbox = front.behind();
            let tickets: Vec<_> = (0..300)
                .map(|n| {
                    inbox.push(1000 + n);
                    inbox.next_ticket().wrapping_sub(1)
                })
                .collect();
            tickets[..130]
                .iter()
                .for_each(|ticket| assert!(inbox.remove(*ticket, |_| true).is_some()));
            front.append(&mut inbox);
            for (n, ticket) in tickets.iter().enumerate().skip(130) {
                assert_eq!(front.remove(*ticket, |_| true), Some(1000 + n));
            }
            assert_eq!(front.len(), in_front);
        }
    }

    /// Against a plain row of tickets and entries, which is slow and obvious.
    #[test]
    fn a_backlog_is_a_row_that_can_be_left_in_the_middle() {
        let (mut backlog, mut row) = (Backlog::new(), VecDeque::new());
        let mut random = 1_u64;
        for round in 0..40_000_usize {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let drawn = usize::try_from(random >> 33).unwrap();
            // It grows, shrinks to a few, and grows again.
            let grows = drawn % 100 < if round / 4000 % 2 == 0 { 60 } else { 40 };
            if grows {
                row.push_back((backlog.next_ticket(), round));
                backlog.push(round);
            } else if drawn % 3 == 0 || row.is_empty() {
                assert_eq!(backlog.pop(), row.pop_front().map(|(_, entry)| entry));
            } else {
                let (ticket, entry) = row.remove(drawn % row.len()).unwrap();
                assert_eq!(backlog.remove(ticket, |_| false), None);
                assert_eq!(backlog.remove(ticket, |found| *found == entry), Some(entry));
                assert_eq!(backlog.remove(ticket, |_| true), None);
            }
            assert_eq!((backlog.len(), backlog.is_empty()), (row.len(), row.is_empty()));
        }
    }

    #[test]
    fn blocks_without_entries_keep_no_memory() {
        let mut backlog = Backlog::new();
        let tickets: Vec<_> = (0..10_000)
            .map(|n| {
                let ticket = backlog.next_ticket();
                backlog.push(n);
                ticket
            })
            .collect();
        for ticket in &tickets[1..9_999] {
            backlog.remove(*ticket, |_| true);
        }
        let kept = backlog.blocks.iter().filter(|block| block.places.capacity() > 0).count();
        assert_eq!((kept, backlog.len()), (2, 2));
        assert_eq!((backlog.pop(), backlog.pop(), backlog.pop()), (Some(0), Some(9_999), None));
    }
}
