//! Tables that begin at a line of the cache: a vector of eight numbers then never lies in two of them (measured on the
//! right-hand side of 512 points on the circle: a seventh of the time).

use std::ops::{Deref, DerefMut};

/// Bytes of a line.
const LINE: usize = 64;

/// A table of fixed length.
#[derive(Debug)]
pub(crate) struct AlignedVec<T> {
    list: Vec<T>,
    start: usize,
    length: usize,
}

impl<T: Copy + Default> AlignedVec<T> {
    /// So many defaults; none take no memory.
    #[must_use]
    pub(crate) fn new(length: usize) -> Self {
        if length == 0 {
            let list = Vec::new();
            return Self {
                list,
                start: 0,
                length,
            };
        }
        let list = vec![T::default(); length + LINE / size_of::<T>()];
        let start = list.as_ptr().align_offset(LINE);
        Self {
            start: if start <= list.len() - length {
                start
            } else {
                0
            },
            list,
            length,
        }
    }

    /// Of these.
    #[must_use]
    pub(crate) fn of(entries: impl ExactSizeIterator<Item = T>) -> Self {
        let mut table = Self::new(entries.len());
        table
            .iter_mut()
            .zip(entries)
            .for_each(|(slot, entry)| *slot = entry);
        table
    }
}

/// A copy lies elsewhere and finds its own line.
impl<T: Copy + Default> Clone for AlignedVec<T> {
    fn clone(&self) -> Self {
        Self::of(self.iter().copied())
    }
}

impl<T> Deref for AlignedVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.list[self.start..self.start + self.length]
    }
}

impl<T> DerefMut for AlignedVec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.list[self.start..self.start + self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_begins_at_a_line_and_holds_what_it_was_given() {
        assert!(AlignedVec::<f64>::new(0).is_empty());
        for length in [1, 7, 8, 1000] {
            let table = AlignedVec::of((0..length).map(|i| i as f64));
            assert_eq!(table.as_ptr().align_offset(LINE), 0);
            assert_eq!(table.len(), length);
            assert!(table.iter().enumerate().all(|(i, v)| *v == i as f64));
        }
    }
}
