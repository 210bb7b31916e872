//! All names of a data set in one arena.

/// An arena of names: one text, and where each name in it ends.
///
/// A hundred million names of their own would be as many allocations; this is two.
#[derive(Debug, Default)]
pub(crate) struct Names {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Names {
    /// Adds to the name that is being written.
    pub(crate) fn write(&mut self, part: &str) {
        self.text.extend_from_slice(part.as_bytes());
    }

    /// Returns the length of the name that is being written.
    pub(crate) fn written_bytes(&self) -> usize {
        self.text.len() - self.ends.last().copied().unwrap_or_default()
    }

    /// Forgets the name that is being written.
    pub(crate) fn discard(&mut self) {
        self.text.truncate(self.text.len() - self.written_bytes());
    }

    /// Ends the name that is being written; without a [`write`](Self::write) before it, that is the empty name.
    pub(crate) fn seal(&mut self) {
        self.ends.push(self.text.len());
    }

    /// Returns the name with this index, which must be one of those that have been sealed.
    pub(crate) fn get(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[index]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were_written() {
        let mut names = Names::default();
        let written = ["", "Ähre", "", "two parts"];
        for name in written {
            names.write("what is discarded");
            names.discard();
            let (head, tail) = name.split_at(name.len() / 2);
            names.write(head);
            names.write(tail);
            assert_eq!(names.written_bytes(), name.len());
            names.seal();
        }
        for (index, name) in written.iter().enumerate() {
            assert_eq!(names.get(index), name.as_bytes());
        }
    }
}
