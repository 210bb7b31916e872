//! Writing messages, for tests.

use super::wire::push_varint;

pub(super) fn number(field: u32, number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_varint(&mut bytes, u64::from(field) << 3);
    push_varint(&mut bytes, number);
    bytes
}

pub(super) fn bytes(field: u32, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_varint(&mut bytes, u64::from(field) << 3 | 2);
    push_varint(&mut bytes, value.len() as u64);
    bytes.extend_from_slice(value);
    bytes
}

pub(super) fn packed(field: u32, numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let mut packed = Vec::new();
    for number in numbers {
        push_varint(&mut packed, number);
    }
    bytes(field, &packed)
}

pub(super) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}
