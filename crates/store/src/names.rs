//! All names of a data set in one string.

/// An arena of names: one text, and where each name in it ends.
///
/// A hundred million names of their own would be as many allocations; this is two.
#[derive(Debug, Default)]
pub(crate) struct Names {
    text: String,
    ends: Vec<usize>,
}

impl Names {
    /// Adds to the name that is being written.
    pub(crate) fn write(&mut self, part: &str) {
        self.text.push_str(part);
    }

    /// Ends the name that is being written; without a [`write`](Self::write) before it, that is the empty name.
    pub(crate) fn seal(&mut self) {
        self.ends.push(self.text.len());
    }

    /// Returns the name with this index, `None` if there are not so many.
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start..end)
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were_written() {
        let mut names = Names::default();
        for name in ["", "Ähre", "", "two parts"] {
            let (head, tail) = name.split_at(name.len() / 2);
            names.write(head);
            names.write(tail);
            names.seal();
        }
        let found: Vec<_> = (0..5).map(|index| names.get(index)).collect();
        assert_eq!(
            found,
            [Some(""), Some("Ähre"), Some(""), Some("two parts"), None]
        );
    }
}
