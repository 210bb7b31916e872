//! Reading the records of a table in limited memory.
//!
//! This uses `csv-core`, the parser of the `csv` crate, directly. That makes it possible to limit the length of a
//! record, to detect a quote that is never closed, and to count lines that end in CR LF.

use std::io::BufRead;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::layout::Layout;
use super::quotes::Quotes;
use super::record::Record;
use crate::fault::{Fault, Stop};
use crate::input::Bytes;
use crate::options::table::Table;
use crate::rows::position::Position;

/// The greatest number of fields of a record, more than any table has: each takes memory, even if it is empty.
const MAX_FIELDS: usize = 1 << 20;

pub(super) struct Records {
    parser: Reader,
    input: Bytes,
    /// The fields of the current record, back to back.
    text: Vec<u8>,
    /// The end of each field.
    ends: Vec<usize>,
    /// The line of the next byte.
    line: u64,
    line_end: u8,
    quotes: Option<Quotes>,
    limit_bytes: usize,
}

/// The byte at the end of DOS texts.
const CONTROL_Z: u8 = 0x1a;

impl Records {
    pub(super) fn new(input: Bytes, table: &Table, layout: &Layout, limit_bytes: usize) -> Self {
        let mut builder = ReaderBuilder::new();
        builder
            .delimiter(layout.delimiter)
            .terminator(Terminator::Any(layout.line_end));
        match table.quote {
            Some(quote) => builder.quote(quote),
            None => builder.quoting(false),
        };
        Self {
            parser: builder.build(),
            input,
            text: vec![0; 1024],
            ends: vec![0; 32],
            line: 1 + layout.lines,
            line_end: layout.line_end,
            quotes: table
                .quote
                .map(|quote| Quotes::new(quote, layout.delimiter)),
            limit_bytes,
        }
    }

    /// Reads the next record, `None` after the last. Empty lines are skipped.
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>, Stop> {
        if !self.skip_line_ends()? {
            return Ok(None);
        }
        let start = self.line;
        let (mut length, mut fields) = (0, 0);
        let line_end = [self.line_end];
        let last_line = loop {
            let chunk = self.input.fill_buf()?;
            // The missing line end after the last record is supplied here. It does not end a record within quotes.
            let at_end = chunk.is_empty();
            let chunk = if at_end { &line_end } else { chunk };
            let (text, ends) = (&mut self.text[length..], &mut self.ends[fields..]);
            let (result, read, written, ended) = self.parser.read_record(chunk, text, ends);
            length += written;
            fields += ended;
            if !at_end {
                let part = &chunk[..read];
                let quoted = self
                    .quotes
                    .as_mut()
                    .is_some_and(|quotes| quotes.follow(part));
                // Outside quotes a line end ends the record.
                self.line += if quoted {
                    memchr::memchr_iter(self.line_end, part).count() as u64
                } else {
                    u64::from(result == ReadRecordResult::Record)
                };
                self.input.consume(read);
            }
            match result {
                ReadRecordResult::InputEmpty if at_end => {
                    return Err(Fault::Truncated {
                        position: Position::Line { line: start },
                        within: "a field in quotes",
                    }
                    .into());
                }
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    let position = Position::Line { line: start };
                    let limit_bytes = self.limit_bytes;
                    // A field takes at least its delimiter.
                    if length.max(fields) >= limit_bytes {
                        return Err(Fault::TooLong {
                            position,
                            limit_bytes,
                        }
                        .into());
                    }
                    if fields >= MAX_FIELDS {
                        let problem = format!("there are more than {MAX_FIELDS} fields");
                        return Err(Fault::malformed(position, problem).into());
                    }
                    if result == ReadRecordResult::OutputFull {
                        grow(&mut self.text, limit_bytes);
                    } else {
                        grow(&mut self.ends, limit_bytes.min(MAX_FIELDS));
                    }
                }
                // The line end of this record has been counted already.
                ReadRecordResult::Record => break self.line - u64::from(!at_end),
                ReadRecordResult::End => return Ok(None),
            }
        };
        if self.line_end == b'\n' {
            shorten(&self.text, &mut length, &mut self.ends[..fields], b'\r');
        }
        if self.text[..length].last() == Some(&CONTROL_Z) && self.input.fill_buf()?.is_empty() {
            shorten(&self.text, &mut length, &mut self.ends[..fields], CONTROL_Z);
            if length == 0 {
                return Ok(None);
            }
        }
        Ok(Some(Record {
            text: &self.text[..length],
            ends: &self.ends[..fields],
            first_line: start,
            last_line,
            broken: self.quotes.as_mut().is_some_and(Quotes::end_record),
        }))
    }

    /// Skips to the first byte of a record. Returns `false` if there is none.
    fn skip_line_ends(&mut self) -> Result<bool, Stop> {
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return Ok(false);
            }
            let blank = chunk
                .iter()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                .count();
            let found = blank < chunk.len();
            self.line += memchr::memchr_iter(self.line_end, &chunk[..blank]).count() as u64;
            self.input.consume(blank);
            if found {
                return Ok(true);
            }
        }
    }
}

/// Removes a byte from the end of the last field, if it is there.
fn shorten(text: &[u8], length: &mut usize, ends: &mut [usize], byte: u8) {
    let [.., end] = ends else { return };
    let start = *end;
    if text[..*length].last() == Some(&byte) && start == *length {
        *length -= 1;
        *end -= 1;
    }
}

/// Doubles the buffer, up to the limit.
fn grow<T: Clone + Default>(buffer: &mut Vec<T>, limit: usize) {
    let length = (buffer.len() * 2).min(limit).max(buffer.len() + 1);
    buffer.resize(length, T::default());
}
