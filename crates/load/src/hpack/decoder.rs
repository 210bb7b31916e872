//! Reading header blocks.

use std::collections::VecDeque;

use super::static_table::ENTRIES;
use super::{DEFAULT_TABLE_SIZE, HeaderBlockError, huffman};

/// What an entry costs in the table besides its name and value.
const ENTRY_OVERHEAD: usize = 32;

/// Reads the header blocks of one connection, in their order.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    table: Table,
    name: Vec<u8>,
    value: Vec<u8>,
}

/// The entries that the server has added, the newest first.
#[derive(Debug)]
struct Table {
    entries: VecDeque<(Vec<u8>, Vec<u8>)>,
    size: usize,
    max_size: usize,
}

impl Decoder {
    /// Reads a block and hands each field, name and value, to `field`.
    pub(crate) fn decode(
        &mut self,
        block: &[u8],
        mut field: impl FnMut(&[u8], &[u8]),
    ) -> Result<(), HeaderBlockError> {
        let mut block = Block(block);
        while let Some(&first) = block.0.first() {
            if first & 0x80 != 0 {
                let (name, value) = self.table.entry(block.number(7)?)?;
                field(name, value);
            } else if first & 0xe0 == 0x20 {
                let size = block.number(5)?;
                if size > DEFAULT_TABLE_SIZE {
                    return Err(HeaderBlockError::TableSize(size));
                }
                self.table.max_size = size;
                self.table.evict(0);
            } else {
                let added = first & 0x40 != 0;
                let index = block.number(if added { 6 } else { 4 })?;
                self.name.clear();
                if index == 0 {
                    block.string(&mut self.name)?;
                } else {
                    self.name.extend_from_slice(self.table.entry(index)?.0);
                }
                self.value.clear();
                block.string(&mut self.value)?;
                field(&self.name, &self.value);
                if added {
                    self.table.add(&self.name, &self.value);
                }
            }
        }
        Ok(())
    }
}

impl Default for Table {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            size: 0,
            max_size: DEFAULT_TABLE_SIZE,
        }
    }
}

impl Table {
    fn entry(&self, index: usize) -> Result<(&[u8], &[u8]), HeaderBlockError> {
        let place = index.checked_sub(1);
        if let Some((name, value)) = place.and_then(|place| ENTRIES.get(place)) {
            return Ok((name.as_bytes(), value.as_bytes()));
        }
        let added = place.and_then(|place| self.entries.get(place.checked_sub(ENTRIES.len())?));
        let (name, value) = added.ok_or(HeaderBlockError::NoEntry(index))?;
        Ok((name, value))
    }

    fn add(&mut self, name: &[u8], value: &[u8]) {
        let size = name.len() + value.len() + ENTRY_OVERHEAD;
        self.evict(size);
        // An entry larger than the table empties it and is not kept.
        if size <= self.max_size {
            self.size += size;
            self.entries.push_front((name.to_vec(), value.to_vec()));
        }
    }

    /// Makes room for `size` more bytes.
    fn evict(&mut self, size: usize) {
        while self.size + size > self.max_size {
            let Some((name, value)) = self.entries.pop_back() else {
                return;
            };
            self.size -= name.len() + value.len() + ENTRY_OVERHEAD;
        }
    }
}

/// What is left of a block.
struct Block<'a>(&'a [u8]);

impl<'a> Block<'a> {
    fn byte(&mut self) -> Result<u8, HeaderBlockError> {
        let (&first, rest) = self.0.split_first().ok_or(HeaderBlockError::Truncated)?;
        self.0 = rest;
        Ok(first)
    }

    /// Reads a number that begins in the last `bits` bits of the next byte.
    fn number(&mut self, bits: u32) -> Result<usize, HeaderBlockError> {
        let mask = (1 << bits) - 1;
        let mut number = usize::from(self.byte()? & mask);
        if number < usize::from(mask) {
            return Ok(number);
        }
        // Four more digits are 256 MiB, more than any length or index here.
        for shift in [0, 7, 14, 21] {
            let digit = self.byte()?;
            number += usize::from(digit & 0x7f) << shift;
            if digit & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(HeaderBlockError::Number)
    }

    fn string(&mut self, out: &mut Vec<u8>) -> Result<(), HeaderBlockError> {
        let coded = self.0.first().is_some_and(|first| first & 0x80 != 0);
        let len = self.number(7)?;
        let bytes: &'a [u8] = self.0;
        let (string, rest) = bytes
            .split_at_checked(len)
            .ok_or(HeaderBlockError::Truncated)?;
        self.0 = rest;
        if coded {
            huffman::decode(string, out)
        } else {
            out.extend_from_slice(string);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<_> = text.chars().filter(|c| !c.is_whitespace()).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(&String::from_iter(pair), 16).unwrap())
            .collect()
    }

    fn read(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<String>, HeaderBlockError> {
        let mut fields = Vec::new();
        decoder.decode(block, |name, value| {
            let (name, value) = (
                String::from_utf8_lossy(name),
                String::from_utf8_lossy(value),
            );
            fields.push(format!("{name}: {value}"));
        })?;
        Ok(fields)
    }

    #[test]
    fn responses_of_the_specification_are_read() {
        // RFC 7541, appendix C.6: Huffman-coded responses with a table of 256 bytes, which evicts.
        let mut decoder = Decoder::default();
        decoder.table.max_size = 256;
        let first = "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 \
                     2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3";
        assert_eq!(
            read(&mut decoder, &hex(first)).unwrap(),
            [
                ":status: 302",
                "cache-control: private",
                "date: Mon, 21 Oct 2013 20:13:21 GMT",
                "location: https://www.example.com",
            ]
        );
        assert_eq!(
            read(&mut decoder, &hex("4883 640e ffc1 c0bf")).unwrap(),
            [
                ":status: 307",
                "cache-control: private",
                "date: Mon, 21 Oct 2013 20:13:21 GMT",
                "location: https://www.example.com",
            ]
        );
        let third = "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab \
                     77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f \
                     9587 3160 65c0 03ed 4ee5 b106 3d50 07";
        assert_eq!(
            read(&mut decoder, &hex(third)).unwrap(),
            [
                ":status: 200",
                "cache-control: private",
                "date: Mon, 21 Oct 2013 20:13:22 GMT",
                "location: https://www.example.com",
                "content-encoding: gzip",
                "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
            ]
        );
        assert_eq!((decoder.table.entries.len(), decoder.table.size), (3, 215));
    }

    #[test]
    fn a_broken_block_is_refused() {
        let check = |block: &[u8], error| {
            assert_eq!(
                read(&mut Decoder::default(), block),
                Err(error),
                "{block:x?}"
            );
        };
        check(&[0x80], HeaderBlockError::NoEntry(0));
        check(&[0xbe], HeaderBlockError::NoEntry(62));
        check(&[0xff], HeaderBlockError::Truncated);
        check(
            &[0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
            HeaderBlockError::Number,
        );
        check(&[0x40, 0x03, b'a'], HeaderBlockError::Truncated);
        check(&[0x3f, 0xe2, 0x1f], HeaderBlockError::TableSize(4_097));
    }

    proptest! {
        /// Nothing that a server sends can panic.
        #[test]
        fn any_block_is_read_or_refused(blocks in vec(vec(any::<u8>(), 0..100), 0..5)) {
            let mut decoder = Decoder::default();
            for block in blocks {
                let _ = read(&mut decoder, &block);
                prop_assert!(decoder.table.size <= DEFAULT_TABLE_SIZE);
            }
        }
    }
}
