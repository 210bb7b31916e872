//! The records of a table, one after another, in a limited space.
//!
//! This drives `csv-core`, the parser behind the `csv` crate, directly: only so can a record be limited in length, can a
//! quote that is never closed be told from a field, and do lines count right where they end in CR LF.

use std::io::BufRead;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::bounded::line_ends;
use crate::fault::{Fault, Stop};
use crate::input::Bytes;
use crate::json::scan::{fill, skip_byte_order_mark};
use crate::options::Table;
use crate::position::Position;

/// The most fields of a record: far more than any table has columns, and each takes room, however empty it is.
const MAX_FIELDS: usize = 1 << 20;

/// A table that is being read.
pub(super) struct Records {
    parser: Reader,
    input: Bytes,
    /// The fields of the current record, back to back.
    text: Vec<u8>,
    /// Where each field ends.
    ends: Vec<usize>,
    /// The line of the next byte.
    line: u64,
    limit_bytes: usize,
}

/// One record.
pub(super) struct Record<'r> {
    text: &'r [u8],
    ends: &'r [usize],
    line: u64,
}

impl Records {
    pub(super) fn new(mut input: Bytes, table: &Table, limit_bytes: usize) -> Result<Self, Stop> {
        skip_byte_order_mark(&mut input)?;
        let mut builder = ReaderBuilder::new();
        builder.delimiter(table.delimiter);
        match table.quote {
            Some(quote) => builder.quote(quote),
            None => builder.quoting(false),
        };
        Ok(Self {
            parser: builder.build(),
            input,
            text: vec![0; 1024],
            ends: vec![0; 32],
            line: 1,
            limit_bytes,
        })
    }

    /// Reads the next record, `None` after the last. Empty lines are none.
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>, Stop> {
        if !self.skip_line_ends()? {
            return Ok(None);
        }
        let start = self.line;
        let (mut length, mut fields) = (0, 0);
        loop {
            let chunk = fill(&mut self.input)?;
            // A line end that is not there ends the last record, unless that is within quotes.
            let at_end = chunk.is_empty();
            let chunk = if at_end { b"\n" } else { chunk };
            let (text, ends) = (&mut self.text[length..], &mut self.ends[fields..]);
            let (result, read, written, ended) = self.parser.read_record(chunk, text, ends);
            length += written;
            fields += ended;
            if !at_end {
                self.line += line_ends(&chunk[..read]);
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
                    // A field has at least its delimiter.
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
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        Ok(Some(Record {
            text: &self.text[..length],
            ends: &self.ends[..fields],
            line: start,
        }))
    }

    /// Goes to the first byte of a record; `false` if there is none.
    fn skip_line_ends(&mut self) -> Result<bool, Stop> {
        loop {
            let chunk = fill(&mut self.input)?;
            if chunk.is_empty() {
                return Ok(false);
            }
            let blank = chunk
                .iter()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                .count();
            let found = blank < chunk.len();
            self.line += line_ends(&chunk[..blank]);
            self.input.consume(blank);
            if found {
                return Ok(true);
            }
        }
    }
}

/// Makes room for twice as much, but not for more than the limit.
fn grow<T: Clone + Default>(buffer: &mut Vec<T>, limit: usize) {
    let length = (buffer.len() * 2).min(limit).max(buffer.len() + 1);
    buffer.resize(length, T::default());
}

impl<'r> Record<'r> {
    /// Returns the line on which the record starts, counted from 1.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// Returns the number of fields.
    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns a field, `None` if there are not so many.
    pub(super) fn field(&self, index: usize) -> Option<&'r [u8]> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start..end)
    }

    /// Returns all fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'r [u8]> {
        (0..self.len()).filter_map(|index| self.field(index))
    }
}
