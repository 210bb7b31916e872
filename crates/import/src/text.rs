//! Text in any encoding that browsers know, read as UTF-8 in pieces of a limited length.
//!
//! Text that is UTF-8 already is not changed. Bytes that mean nothing in the encoding become a marker that no reader
//! accepts as text, so that only the record with such bytes is rejected.

pub(crate) mod bounded;
mod decode;
pub(crate) mod detect;
pub(crate) mod encoding;
pub(crate) mod lines;
pub(crate) mod names;
pub(crate) mod one_line;
pub(crate) mod place;
#[cfg(test)]
mod tests;
