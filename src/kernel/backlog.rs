//! A first-in first-out line from which anything can be taken out by its ticket.
//!
//! Entries stand in blocks. Taking one out of the middle leaves a hole, and a block that has only
//! holes gives its memory back. So adding and removing take the same short time however long the
//! line is; no entry is ever moved, and a hole is passed once, when the head of the line comes to it.

use std::collections::VecDeque;

const BLOCK_LEN: usize = 64;

/// Names an entry as long as it stands in line. (It wraps around after 2³² entries.)
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
        Self { blocks: VecDeque::new(), first: 0, len: 0 }
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
        let in_last = if last.has_ended() { BLOCK_LEN } else { last.places.len() };
        let before_last = (self.blocks.len() - 1) * BLOCK_LEN;
        self.first.wrapping_add((before_last + in_last) as Ticket)
    }

    /// Adds an entry at the end.
    pub(crate) fn push(&mut self, entry: E) {
        if self.blocks.back().is_none_or(|last| last.has_ended() || last.places.len() == BLOCK_LEN)
        {
            let places = Vec::with_capacity(BLOCK_LEN);
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
            let head = self.blocks.front_mut()?;
            while let Some(place) = head.places.get_mut(head.passed) {
                head.passed += 1;
                if let Some(entry) = place.take() {
                    head.left -= 1;
                    self.len -= 1;
                    return Some(entry);
                }
            }
            if !head.has_ended() && head.passed < BLOCK_LEN {
                return None;
            }
            self.blocks.pop_front();
            self.first = self.first.wrapping_add(BLOCK_LEN as Ticket);
        }
    }

    /// Takes out the entry with this ticket, if it still stands in line and `is` it.
    pub(crate) fn remove(&mut self, ticket: Ticket, is: impl FnOnce(&E) -> bool) -> Option<E> {
        let index = ticket.wrapping_sub(self.first) as usize;
        let block = self.blocks.get_mut(index / BLOCK_LEN)?;
        let entry = block.places.get_mut(index % BLOCK_LEN)?.take_if(|entry| is(entry))?;
        block.left -= 1;
        self.len -= 1;
        if block.left == 0 && block.places.len() == BLOCK_LEN {
            block.places = Vec::new();
        }
        Some(entry)
    }
}

impl<E> Block<E> {
    fn has_ended(&self) -> bool {
        self.places.capacity() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let kept = backlog.blocks.iter().filter(|block| !block.has_ended()).count();
        assert_eq!((kept, backlog.len()), (2, 2));
        assert_eq!((backlog.pop(), backlog.pop(), backlog.pop()), (Some(0), Some(9_999), None));
    }
}
