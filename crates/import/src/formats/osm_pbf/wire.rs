//! The part of the wire format of Protobuf that is needed here.

use std::borrow::Cow;
use std::fmt;

/// The error for bytes that are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is not Protobuf")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(u64),
    /// A text, a message, or a packed list of numbers.
    Bytes(&'a [u8]),
    /// A fixed-width value, which no field read here has.
    Other,
}

/// The fields of a message, with their numbers.
#[derive(Clone, Debug)]
pub(super) struct Message<'a>(pub(super) &'a [u8]);

impl<'a> Message<'a> {
    fn field(&mut self) -> Result<(u64, Value<'a>), Broken> {
        let key = varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => self.take(8).map(|_| Value::Other)?,
            2 => {
                let length = varint(&mut self.0)?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Other)?,
            _ => return Err(Broken),
        };
        Ok((key >> 3, value))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Broken> {
        let length = usize::try_from(length).or(Err(Broken))?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Broken)?;
        self.0 = rest;
        Ok(taken)
    }
}

impl<'a> Iterator for Message<'a> {
    type Item = Result<(u64, Value<'a>), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// The numbers of a repeated field, packed or not, in one or several occurrences.
#[derive(Clone, Debug, Default)]
pub(super) struct List<'a>(Cow<'a, [u8]>);

impl<'a> List<'a> {
    pub(super) fn add(&mut self, value: Value<'a>) -> Result<(), Broken> {
        match value {
            Value::Bytes(packed) if self.0.is_empty() => self.0 = Cow::Borrowed(packed),
            Value::Bytes(packed) => self.0.to_mut().extend_from_slice(packed),
            Value::Number(number) => push_varint(self.0.to_mut(), number),
            Value::Other => return Err(Broken),
        }
        Ok(())
    }

    pub(super) fn numbers(&self) -> Numbers<'_> {
        Numbers(&self.0)
    }
}

/// An iterator over the numbers of a list.
#[derive(Clone, Debug)]
pub(super) struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Iterator for Numbers<'_> {
    type Item = Result<u64, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        Some(varint(&mut self.0))
    }
}

/// Decodes a `sint64`, which is zigzag-coded.
pub(super) const fn signed(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Broken> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(Broken)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Broken)
}

pub(super) fn push_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples in Protobuf's documentation of the encoding.
    #[test]
    fn fields_are_read_as_published() {
        let fields = |bytes| Message(bytes).collect::<Result<Vec<_>, _>>();
        assert_eq!(fields(b"\x08\x96\x01"), Ok(vec![(1, Value::Number(150))]));
        assert_eq!(
            fields(b"\x12\x07testing"),
            Ok(vec![(2, Value::Bytes(b"testing"))])
        );
        let mut list = List::default();
        list.add(Value::Bytes(b"\x03\x8e\x02\x9e\xa7\x05")).unwrap();
        list.add(Value::Number(150)).unwrap();
        let numbers: Result<Vec<_>, _> = list.numbers().collect();
        assert_eq!(numbers, Ok(vec![3, 270, 86_942, 150]));
        assert_eq!(fields(b"\x09abcdefgh"), Ok(vec![(1, Value::Other)]));
        assert_eq!(fields(b"\x08"), Err(Broken));
        assert_eq!(fields(b"\x12\x07testin"), Err(Broken));
        assert_eq!(fields(&[0xff; 11]), Err(Broken));
        assert_eq!(fields(b"\x0b\x0c"), Err(Broken));
    }

    #[test]
    fn signs_alternate() {
        let check = |number, expected| assert_eq!(signed(number), expected, "{number}");
        check(0, 0);
        check(1, -1);
        check(2, 1);
        check(4_294_967_294, 2_147_483_647);
        check(u64::MAX, i64::MIN);
        check(u64::MAX - 1, i64::MAX);
    }
}
