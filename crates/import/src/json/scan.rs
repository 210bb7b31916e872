//! Finding the ends of JSON values without parsing them.
//!
//! A document with a long list is not parsed as a whole. The scanner finds the text of each element, and `serde_json`
//! parses that. So an invalid element does not affect the others, and nothing of the document is kept in memory.

use std::io::{self, BufRead};

use crate::fault::{Fault, Stop};
use crate::text::place::Place;

/// The result of [`Scanner::capture`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Captured {
    Whole,
    /// The value is longer than the limit.
    TooLong,
}

/// What to do with a value that is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfLong {
    /// Skip it.
    Skip,
    /// Stop within it.
    Stop,
}

/// A reader of JSON text, value by value.
#[derive(Debug)]
pub(crate) struct Scanner<R> {
    input: R,
    place: Place,
    limit_bytes: usize,
    /// Everything that was consumed since the tape started, if it is within the limit.
    tape: Option<Vec<u8>>,
}

impl<R: BufRead> Scanner<R> {
    pub(crate) const fn new(input: R, limit_bytes: usize) -> Self {
        Self {
            input,
            place: Place::START,
            limit_bytes,
            tape: None,
        }
    }

    pub(crate) const fn place(&self) -> Place {
        self.place
    }

    /// Returns the next byte that is not white space, without consuming it.
    pub(crate) fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let blanks = chunk
                .iter()
                .take_while(|byte| is_white_space(**byte))
                .count();
            let next = chunk.get(blanks).copied();
            self.advance(blanks)?;
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Consumes the byte that [`peek`](Self::peek) has returned.
    pub(crate) fn take(&mut self) -> io::Result<()> {
        self.advance(1)
    }

    /// Consumes bytes of the buffer.
    fn advance(&mut self, length: usize) -> io::Result<()> {
        let taken = &self.input.fill_buf()?[..length];
        self.place.advance(taken);
        if let Some(tape) = &mut self.tape {
            if tape.len() + length <= self.limit_bytes {
                tape.extend_from_slice(taken);
            } else {
                self.tape = None;
            }
        }
        self.input.consume(length);
        Ok(())
    }

    /// Starts to record everything that is consumed.
    pub(crate) fn start_tape(&mut self) {
        self.tape = Some(Vec::new());
    }

    /// Stops recording and returns the text, `None` if it is longer than the limit.
    pub(crate) fn stop_tape(&mut self) -> Option<Vec<u8>> {
        self.tape.take()
    }

    /// Copies the text of the next value into `text`. The caller has checked that a value begins here.
    pub(crate) fn capture(
        &mut self,
        text: &mut Vec<u8>,
        if_long: IfLong,
    ) -> Result<Captured, Stop> {
        text.clear();
        let mut captured = Captured::Whole;
        let mut outline = Outline::default();
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                if outline.may_end() {
                    return Ok(captured);
                }
                return Err(self.truncated().into());
            }
            let (length, complete) = match outline.feed(chunk) {
                Some(end) => (end, true),
                None => (chunk.len(), false),
            };
            if captured == Captured::Whole && text.len() + length <= self.limit_bytes {
                text.extend_from_slice(&chunk[..length]);
            } else {
                captured = Captured::TooLong;
                text.clear();
                if if_long == IfLong::Stop {
                    return Ok(captured);
                }
            }
            self.advance(length)?;
            if complete {
                return Ok(captured);
            }
        }
    }

    /// Returns the error for a text that ends here unexpectedly.
    pub(crate) const fn truncated(&self) -> Fault {
        Fault::Truncated {
            position: self.place.position(),
            within: "a JSON value",
        }
    }
}

/// The nesting of a value: the depth in brackets, and whether it is within a string.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    depth: u64,
    in_string: bool,
    escaped: bool,
    /// A number or a word has begun, which only the next other character ends.
    scalar: bool,
}

impl Outline {
    /// Reads the next piece of the text. Returns how much of it belongs to the value, `None` if the value may go on
    /// after it.
    #[inline]
    pub(crate) fn feed(&mut self, text: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            at += 1;
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                match byte {
                    b'"' => {
                        self.in_string = false;
                        if self.depth == 0 {
                            return Some(at);
                        }
                    }
                    b'\\' => self.escaped = true,
                    // Everything up to the next quote or backslash is text.
                    _ => at += memchr::memchr2(b'"', b'\\', &text[at..])?,
                }
            } else {
                match byte {
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' | b',' if self.depth == 0 => return Some(at - 1),
                    b'}' | b']' => {
                        self.depth -= 1;
                        if self.depth == 0 {
                            return Some(at);
                        }
                    }
                    b'"' => self.in_string = true,
                    blank if self.depth == 0 && is_white_space(blank) => return Some(at - 1),
                    _ if self.depth == 0 => self.scalar = true,
                    _ => {}
                }
            }
        }
        None
    }

    /// Returns whether the value can end with the text.
    const fn may_end(&self) -> bool {
        self.scalar && self.depth == 0 && !self.in_string
    }
}

const fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
