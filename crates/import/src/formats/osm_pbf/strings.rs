//! The string table of a block.

use super::wire::{Broken, Message, Value};

/// A block can have sixteen million empty strings, so only the offset of each is stored.
#[derive(Debug)]
pub(super) struct Strings<'b> {
    block: &'b [u8],
    /// The offset of the field of each string in the block.
    starts: Vec<u32>,
}

impl<'b> Strings<'b> {
    pub(super) const fn new(block: &'b [u8]) -> Self {
        let starts = Vec::new();
        Self { block, starts }
    }

    /// Adds the strings of a table that ends where `left` bytes of the block are left.
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

    pub(super) const fn len(&self) -> usize {
        self.starts.len()
    }

    /// Returns a string, `None` if there are not so many.
    pub(super) fn get(&self, number: u64) -> Option<&'b [u8]> {
        let start = *self.starts.get(usize::try_from(number).ok()?)?;
        match Message(&self.block[start as usize..]).next() {
            Some(Ok((_, Value::Bytes(string)))) => Some(string),
            _ => None,
        }
    }
}
