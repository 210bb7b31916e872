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
    /// Adds a name.
    pub(crate) fn push(&mut self, name: &str) {
        self.text.extend_from_slice(name.as_bytes());
        self.ends.push(self.text.len());
    }

    /// Returns the name with this index, which must be there.
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
            names.push(name);
        }
        for (index, name) in written.iter().enumerate() {
            assert_eq!(names.get(index), name.as_bytes());
        }
    }
}
