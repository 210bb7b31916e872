//! The calls that are open on a connection, by stream number.

use std::collections::VecDeque;

/// The highest number that a stream can have.
const LAST_STREAM: u32 = 0x7fff_ffff;

/// Open calls in the order in which they began, so that a stream number leads to its call without a search.
#[derive(Debug)]
pub(crate) struct Calls<C> {
    /// The stream of the first slot. A client's streams have odd numbers.
    first: u32,
    slots: VecDeque<Option<C>>,
    open: usize,
}

impl<C> Default for Calls<C> {
    fn default() -> Self {
        Self {
            first: 1,
            slots: VecDeque::new(),
            open: 0,
        }
    }
}

impl<C> Calls<C> {
    /// Returns how many calls are open.
    pub(crate) fn len(&self) -> usize {
        self.open
    }

    /// Tells whether no call has ever begun.
    pub(crate) fn is_unused(&self) -> bool {
        self.first == 1 && self.slots.is_empty()
    }

    /// Adds a call and returns its stream, `None` if the connection has no number left.
    pub(crate) fn insert(&mut self, call: C) -> Option<u32> {
        let ahead = u32::try_from(self.slots.len()).ok()?.checked_mul(2)?;
        let stream = self.first.checked_add(ahead)?;
        if stream > LAST_STREAM {
            return None;
        }
        self.slots.push_back(Some(call));
        self.open += 1;
        Some(stream)
    }

    pub(crate) fn get_mut(&mut self, stream: u32) -> Option<&mut C> {
        let slot = self.slot(stream)?;
        self.slots.get_mut(slot)?.as_mut()
    }

    pub(crate) fn get(&self, stream: u32) -> Option<&C> {
        self.slots.get(self.slot(stream)?)?.as_ref()
    }

    pub(crate) fn remove(&mut self, stream: u32) -> Option<C> {
        let slot = self.slot(stream)?;
        let call = self.slots.get_mut(slot)?.take()?;
        self.open -= 1;
        while let Some(None) = self.slots.front() {
            self.slots.pop_front();
            self.first += 2;
        }
        Some(call)
    }

    /// The open call that began first, with its stream.
    pub(crate) fn first(&self) -> Option<(u32, &C)> {
        // A slot at the front is given up with its call.
        Some((self.first, self.slots.front()?.as_ref()?))
    }

    /// All open calls with their streams.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut C)> {
        let streams = (self.first..).step_by(2);
        streams
            .zip(&mut self.slots)
            .filter_map(|(stream, slot)| Some((stream, slot.as_mut()?)))
    }

    fn slot(&self, stream: u32) -> Option<usize> {
        let ahead = stream.checked_sub(self.first)?;
        (ahead % 2 == 0).then_some(ahead as usize / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_found_until_it_is_removed() {
        let mut calls = Calls::default();
        let streams: Vec<_> = ["a", "b", "c"]
            .into_iter()
            .filter_map(|call| calls.insert(call))
            .collect();
        assert_eq!(streams, [1, 3, 5]);
        assert_eq!(calls.get(3), Some(&"b"));
        assert_eq!(
            (calls.get(0), calls.get(2), calls.get(7)),
            (None, None, None)
        );
        assert_eq!((calls.remove(3), calls.remove(3)), (Some("b"), None));
        assert_eq!((calls.remove(1), calls.len()), (Some("a"), 1));
        assert_eq!(calls.insert("d"), Some(7));
        assert_eq!(calls.get_mut(5), Some(&mut "c"));
        let open: Vec<_> = calls
            .iter_mut()
            .map(|(stream, call)| (stream, *call))
            .collect();
        assert_eq!(open, [(5, "c"), (7, "d")]);
    }

    #[test]
    fn numbers_run_out_at_last() {
        let mut calls = Calls {
            first: LAST_STREAM,
            ..Calls::default()
        };
        assert_eq!(calls.insert(()), Some(LAST_STREAM));
        assert_eq!(calls.insert(()), None);
    }
}
