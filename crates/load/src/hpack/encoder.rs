//! Writing the header blocks of calls.

use super::DEFAULT_TABLE_SIZE;
use super::static_table::ENTRIES;

/// What an entry of a table counts besides its name and value.
const ENTRY_OVERHEAD: usize = 32;

/// Writes the header blocks of one connection.
///
/// The few different fields of all calls are put into the server's table when they first appear; from then on each is
/// one byte, as with every real client. What would not fit beside the others is written in full, so that nothing is ever
/// evicted.
#[derive(Debug)]
pub(crate) struct Encoder {
    added: Vec<(String, String)>,
    /// What may still be added to the server's table; nothing if that is smaller than usual.
    room: usize,
    /// The next block begins by setting the size of the table to 0.
    resize: bool,
}

impl Encoder {
    pub(crate) fn new(peer_table_size: usize) -> Self {
        let plain = peer_table_size < DEFAULT_TABLE_SIZE;
        Self {
            added: Vec::new(),
            room: if plain { 0 } else { DEFAULT_TABLE_SIZE },
            resize: plain,
        }
    }

    /// Appends one field to a block.
    pub(crate) fn field(&mut self, name: &str, value: &str, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.resize) {
            out.push(0x20);
        }
        if let Some(place) = ENTRIES.iter().position(|entry| *entry == (name, value)) {
            return number(0x80, 7, place + 1, out);
        }
        let added = self
            .added
            .iter()
            .rev()
            .position(|entry| entry.0 == name && entry.1 == value);
        if let Some(place) = added {
            return number(0x80, 7, ENTRIES.len() + 1 + place, out);
        }
        let index = ENTRIES
            .iter()
            .position(|entry| entry.0 == name)
            .map_or(0, |place| place + 1);
        if let Some(room) = self
            .room
            .checked_sub(name.len() + value.len() + ENTRY_OVERHEAD)
        {
            number(0x40, 6, index, out);
            self.added.push((name.to_owned(), value.to_owned()));
            self.room = room;
        } else {
            number(0, 4, index, out);
        }
        if index == 0 {
            string(name, out);
        }
        string(value, out);
    }
}

/// Appends a number that begins in the last `bits` bits of a byte whose others are those of `first`.
fn number(first: u8, bits: u32, number: usize, out: &mut Vec<u8>) {
    let mask = (1_usize << bits) - 1;
    let low = |n: usize| n.to_le_bytes()[0];
    if number < mask {
        return out.push(first | low(number));
    }
    out.push(first | low(mask));
    let mut rest = number - mask;
    while rest >= 0x80 {
        out.push(0x80 | low(rest));
        rest >>= 7;
    }
    out.push(low(rest));
}

fn string(text: &str, out: &mut Vec<u8>) {
    number(0, 7, text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::super::Decoder;
    use super::*;

    #[test]
    fn a_request_of_the_specification_is_written() {
        // RFC 7541, appendix C.3.1.
        let mut encoder = Encoder::new(DEFAULT_TABLE_SIZE);
        let mut block = Vec::new();
        for (name, value) in [
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/"),
            (":authority", "www.example.com"),
        ] {
            encoder.field(name, value, &mut block);
        }
        assert_eq!(block, *b"\x82\x86\x84\x41\x0fwww.example.com", "{block:x?}");
        block.clear();
        encoder.field(":authority", "www.example.com", &mut block);
        assert_eq!(block, [0xbe]);
    }

    #[test]
    fn what_is_written_can_be_read_whatever_the_table() {
        let (long, longer) = ("x".repeat(300), "y".repeat(3_800));
        let fields = [
            (":path", "/routeguide.RouteGuide/GetFeature"),
            ("te", "trailers"),
            ("user-agent", &long),
            ("token", &longer),
            ("token", &long),
        ];
        for table_size in [0, 4_095, 4_096, 65_536] {
            let mut encoder = Encoder::new(table_size);
            let mut decoder = Decoder::default();
            for _ in 0..3 {
                let mut block = Vec::new();
                for (name, value) in fields {
                    encoder.field(name, value, &mut block);
                }
                let mut read = Vec::new();
                decoder
                    .decode(&block, |name, value| {
                        read.push((name.to_vec(), value.to_vec()));
                    })
                    .unwrap();
                let expected = fields.map(|(name, value)| (name.into(), value.into()));
                assert_eq!(read, expected, "table of {table_size}");
            }
        }
    }
}
