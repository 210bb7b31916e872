//! The texts of a block, which its nodes name by number.

use super::wire::{Broken, Message, Value};

/// The strings of a block.
///
/// Most of a block can be empty strings, sixteen million of them: all that is kept of one is where it is.
#[derive(Debug)]
pub(super) struct Strings<'b> {
    block: &'b [u8],
    /// Where in the block the field of each string begins.
    starts: Vec<u32>,
}

impl<'b> Strings<'b> {
    /// Begins without strings.
    pub(super) const fn new(block: &'b [u8]) -> Self {
        let starts = Vec::new();
        Self { block, starts }
    }

    /// Adds those of a table that ends where so many bytes of the block are left.
    pub(super) fn add(&mut self, table: &[u8], left: usize) -> Result<(), Broken> {
        let end = self.block.len() - left;
        let mut fields = Message(table);
        loop {
            let start = end - fields.0.len();
            match fields.next() {
                None => return Ok(()),
                Some(field) => {
                    if let (1, Value::Bytes(_)) = field? {
                        self.starts.push(u32::try_from(start).or(Err(Broken))?);
                    }
                }
            }
        }
    }

    /// Returns how many there are.
    pub(super) const fn len(&self) -> usize {
        self.starts.len()
    }

    /// Returns the string with this number, `None` if there are not so many.
    pub(super) fn get(&self, number: u64) -> Option<&'b [u8]> {
        let start = *self.starts.get(usize::try_from(number).ok()?)?;
        match Message(&self.block[start as usize..]).next() {
            Some(Ok((_, Value::Bytes(string)))) => Some(string),
            _ => None,
        }
    }
}
