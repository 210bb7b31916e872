//! All names of a data set in one arena.

use crate::index::curve::gather;

/// Names as one text, with the start and the length of each.
///
/// A `String` each would be a hundred million allocations for a large data set; this is three.
#[derive(Debug, Default)]
pub(crate) struct Names {
    text: Vec<u8>,
    starts: Vec<u64>,
    lens: Vec<u32>,
}

impl Names {
    /// Adds a name. Its length must fit a `u32`.
    pub(crate) fn push(&mut self, name: &str) {
        let len = u32::try_from(name.len());
        self.lens
            .push(len.expect("a name that fits into a message"));
        self.starts.push(self.text.len() as u64);
        self.text.extend_from_slice(name.as_bytes());
    }

    pub(crate) fn get(&self, index: usize) -> &[u8] {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it was the length of something in memory"
        )]
        let start = self.starts[index] as usize;
        &self.text[start..start + self.len(index)]
    }

    /// Returns the length of the name with this index, without reading the text.
    pub(crate) fn len(&self, index: usize) -> usize {
        self.lens[index] as usize
    }

    /// Reorders the names: index `i` gets the name at `order[i]`. The text is not moved.
    pub(crate) fn reorder(&mut self, order: &[u32]) {
        self.starts = gather(&self.starts, order);
        self.lens = gather(&self.lens, order);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were_written_in_any_order() {
        let mut names = Names::default();
        let written = ["", "Ähre", "", "two parts"];
        for name in written {
            names.push(name);
        }
        let read = |names: &Names| [0, 1, 2, 3].map(|index| names.get(index).to_vec());
        assert_eq!(read(&names), written.map(Vec::from));
        names.reorder(&[3, 0, 1, 2]);
        assert_eq!(read(&names), ["two parts", "", "Ähre", ""].map(Vec::from));
        assert_eq!(names.len(2), 5);
    }
}
