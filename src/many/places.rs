//! A row of things, each in a place that it keeps until it is taken, however many are added behind
//! it.
//!
//! Places are numbered in the order of addition and never given twice. A thing that is taken leaves
//! a gap; before the row would have to grow and half of it is gaps, it closes ranks instead. So
//! adding costs the same however many there are, taking costs a search in a sorted row at worst,
//! and the room is that of the most things there have been at one time, a few times over.

pub(super) struct Places<W> {
    /// Each with the number of its place, ascending.
    row: Vec<(usize, Option<W>)>,
    /// There are only gaps before this.
    first: usize,
    /// How many are no gaps.
    left: usize,
    /// How many there have been: the number of the next place.
    total: usize,
}

impl<W> Places<W> {
    pub(super) fn new() -> Self {
        Self { row: Vec::new(), first: 0, left: 0, total: 0 }
    }

    /// Adds it behind all others, and returns the number of its place.
    pub(super) fn add(&mut self, thing: W) -> usize {
        if self.row.len() == self.row.capacity() && self.left <= self.row.len() / 2 {
            self.row.retain(|(_, thing)| thing.is_some());
            self.first = 0;
        }
        let place = self.total;
        self.row.push((place, Some(thing)));
        self.left += 1;
        self.total += 1;
        place
    }

    /// Returns what is in this place; `None` if it has been taken.
    pub(super) fn get(&self, place: usize) -> Option<&W> {
        self.row[self.index_of(place)?].1.as_ref()
    }

    fn index_of(&self, place: usize) -> Option<usize> {
        let (foremost, _) = self.row.first()?;
        // As far behind the foremost as its number says, unless ranks have been closed between
        // them.
        let expected = place.checked_sub(*foremost)?;
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
        while self.row.get(self.first).is_some_and(|(_, thing)| thing.is_none()) {
            self.first += 1;
        }
        Some(thing)
    }

    /// Takes them all, each with the number of its place.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = (usize, W)> + use<W> {
        self.left = 0;
        self.first = 0;
        std::mem::take(&mut self.row).into_iter().filter_map(|(place, thing)| Some((place, thing?)))
    }

    /// Those that are left, in the order of their addition, each with the number of its place.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, &W)> {
        self.row[self.first..].iter().filter_map(|(place, thing)| Some((*place, thing.as_ref()?)))
    }

    pub(super) fn left(&self) -> usize {
        self.left
    }

    pub(super) fn total(&self) -> usize {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Against a map from numbers to things, which has all that is wanted but the speed.
    #[test]
    fn it_is_a_map_from_numbers_to_things() {
        let (mut places, mut map) = (Places::new(), BTreeMap::new());
        let mut random = 1_u64;
        for round in 0..20_000_usize {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let drawn = usize::try_from(random >> 33).unwrap();
            // It grows, is emptied to a few, and grows again.
            if drawn % 100 < if round / 2000 % 2 == 0 { 60 } else { 40 } {
                map.insert(places.total(), drawn);
                places.add(drawn);
            } else {
                let place = drawn % (places.total() + 2);
                let place = if drawn % 2 == 0 {
                    map.keys().next().copied().unwrap_or(place)
                } else {
                    place
                };
                assert_eq!(places.take(place), map.remove(&place));
            }
            assert_eq!(places.left(), map.len());
            if round % 100 == 0 {
                assert!(places.iter().eq(map.iter().map(|(&place, thing)| (place, thing))));
            }
        }
        assert!(places.take_all().eq(map));
        assert_eq!((places.left(), places.take(0)), (0, None));
    }

    #[test]
    fn one_that_stays_keeps_no_room_for_those_that_go() {
        let mut places = Places::new();
        let stays = places.add(0);
        for n in 1..10_000 {
            let passes = places.add(n);
            assert_eq!(places.take(passes), Some(n));
        }
        assert!(places.row.capacity() < 10);
        assert_eq!(places.take(stays), Some(0));
    }
}
