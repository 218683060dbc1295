//! A row of things, each in a numbered place that it keeps until it is taken.
//!
//! Places are numbered in the order of addition, and a number is not given twice. A thing that is
//! taken leaves a gap. Gaps in front are dropped at once, and the others when the row is full and
//! half of it is gaps. So adding takes amortized constant time, taking takes a binary search at
//! worst, and the memory is proportional to the most things that were there at one time.

use std::collections::VecDeque;

pub(super) struct Places<W> {
    /// Each thing with the number of its place, ascending. The first entry is not a gap.
    row: VecDeque<(usize, Option<W>)>,
    /// Number of things that have not been taken.
    pub(super) left: usize,
    /// Number of things that were added, and so the number of the next place.
    pub(super) total: usize,
}

impl<W> Places<W> {
    pub(super) fn new() -> Self {
        Self { row: VecDeque::new(), left: 0, total: 0 }
    }

    /// Adds a thing behind all others, in the place with the number `total`.
    pub(super) fn add(&mut self, thing: W) {
        if self.row.len() == self.row.capacity() && self.left <= self.row.len() / 2 {
            self.row.retain(|(_, thing)| thing.is_some());
        }
        self.row.push_back((self.total, Some(thing)));
        self.left += 1;
        self.total += 1;
    }

    /// Returns what is in this place; `None` if it has been taken.
    pub(super) fn get(&self, place: usize) -> Option<&W> {
        self.row[self.index_of(place)?].1.as_ref()
    }

    fn index_of(&self, place: usize) -> Option<usize> {
        // Without dropped gaps in between, the distance from the first entry is the index.
        let expected = place.checked_sub(self.row.front()?.0)?;
        match self.row.get(expected) {
            Some((number, _)) if *number == place => Some(expected),
            _ => self.row.binary_search_by_key(&place, |(number, _)| *number).ok(),
        }
    }

    /// Takes what is in this place; `None` if it has been taken.
    pub(super) fn take(&mut self, place: usize) -> Option<W> {
        let index = self.index_of(place)?;
        let thing = self.row[index].1.take()?;
        self.left -= 1;
        while let Some((_, None)) = self.row.front() {
            self.row.pop_front();
        }
        Some(thing)
    }

    /// Takes everything, each thing with the number of its place.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = (usize, W)> + use<W> {
        self.left = 0;
        std::mem::take(&mut self.row).into_iter().filter_map(|(place, thing)| Some((place, thing?)))
    }

    /// Returns what is left, in the order of addition, each thing with the number of its place.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, &W)> {
        self.row.iter().filter_map(|(place, thing)| Some((*place, thing.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn places_hold_what_a_map_from_numbers_to_things_holds() {
        let (mut places, mut map) = (Places::new(), BTreeMap::new());
        let mut random = 1_u64;
        for round in 0..20_000_usize {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let drawn = usize::try_from(random >> 33).unwrap();
            // The row grows, is emptied to a few, and grows again.
            if drawn % 100 < if round / 2000 % 2 == 0 { 60 } else { 40 } {
                map.insert(places.total, drawn);
                places.add(drawn);
            } else {
                let place = drawn % (places.total + 2);
                let place = if drawn % 2 == 0 {
                    map.keys().next().copied().unwrap_or(place)
                } else {
                    place
                };
                assert_eq!(places.take(place), map.remove(&place));
            }
            assert_eq!(places.left, map.len());
            if round % 100 == 0 {
                assert!(places.iter().eq(map.iter().map(|(&place, thing)| (place, thing))));
            }
        }
        assert!(places.take_all().eq(map));
        assert_eq!((places.left, places.take(0)), (0, None));
    }

    #[test]
    fn a_thing_that_stays_keeps_no_memory_for_those_that_go() {
        let mut places = Places::new();
        places.add(0);
        for n in 1..10_000 {
            places.add(n);
            assert_eq!(places.take(n), Some(n));
        }
        assert!(places.row.capacity() < 10);
        assert_eq!(places.take(0), Some(0));
    }
}
