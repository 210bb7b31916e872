//! Finding where JSON values begin and end, without understanding them.
//!
//! A document that holds a long list is not parsed as a whole: this finds the text of one element after another, and
//! `serde_json` reads each. So one element that is wrong does not spoil the rest, and nothing of the document is kept.

use std::io::{self, BufRead};

use crate::fault::{Fault, Stop};
use crate::text::place::Place;

/// Whether a value was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Captured {
    Whole,
    /// It is longer than the limit.
    TooLong,
}

/// What to do about a value that is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfLong {
    /// Go to its end.
    PassOver,
    /// Go no further.
    Stop,
}

/// A reader of JSON text, value by value.
#[derive(Debug)]
pub(crate) struct Scanner<R> {
    input: R,
    place: Place,
    limit_bytes: usize,
    /// Everything that is taken, as long as it is wanted and within the limit.
    tape: Option<Vec<u8>>,
}

impl<R: BufRead> Scanner<R> {
    /// Starts at the beginning of a text.
    pub(crate) const fn new(input: R, limit_bytes: usize) -> Self {
        Self {
            input,
            place: Place::START,
            limit_bytes,
            tape: None,
        }
    }

    /// Returns the place of the next byte.
    pub(crate) const fn place(&self) -> Place {
        self.place
    }

    /// Returns the next byte that is no white space, without taking it.
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

    /// Takes the byte that [`peek`](Self::peek) has returned.
    pub(crate) fn take(&mut self) -> io::Result<()> {
        self.advance(1)
    }

    /// Takes bytes that are in the buffer.
    fn advance(&mut self, length: usize) -> io::Result<()> {
        let taken = &self.input.fill_buf()?[..length];
        self.place.pass(taken);
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

    /// Starts to keep everything that is taken.
    pub(crate) fn start_tape(&mut self) {
        self.tape = Some(Vec::new());
    }

    /// Ends it and returns what was taken since, `None` if that is longer than the limit.
    pub(crate) fn stop_tape(&mut self) -> Option<Vec<u8>> {
        self.tape.take()
    }

    /// Puts the next value into `text` as it is written; the caller has looked that there is one.
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

    /// Returns the fault of a text that ends here and should not.
    pub(crate) const fn truncated(&self) -> Fault {
        Fault::Truncated {
            position: self.place.position(),
            within: "a JSON value",
        }
    }
}

/// The outline of a value: how deep in brackets it is, and whether in a string.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    depth: u64,
    in_string: bool,
    escaped: bool,
    /// A number or a word, which ends only where something else begins.
    scalar: bool,
}

impl Outline {
    /// Follows the value through a piece of text; returns how much of it belongs to the value, `None` if all does and
    /// more may come.
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
                    // All else up to the next of the two is plain text.
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

    /// Tells whether the value may end with the text.
    const fn may_end(&self) -> bool {
        self.scalar && self.depth == 0 && !self.in_string
    }
}

const fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
