//! Reading a JSON document with one long list piece by piece.

use std::io::BufRead;

use serde::de::IgnoredAny;

use super::element::{Element, TooLong};
use super::problem::place as place_of;
use super::scan::{Captured, IfLong, Scanner};
use super::{nonfinite, problem};
use crate::fault::{Fault, Stop};
use crate::format::Format;
use crate::text::names::Names;
use crate::text::place::Place;

/// The accepted documents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) format: Format,
    /// The member of the outer object that is the list.
    pub(crate) list: &'static str,
    /// Whether the document may also be the bare list.
    pub(crate) bare: bool,
    /// Whether the document may also be an object without a list, which then is the only element: the types of such
    /// objects.
    pub(crate) alone: Option<&'static [&'static str]>,
    /// The end of the message for other documents.
    pub(crate) expected: &'static str,
}

#[derive(Debug)]
pub(crate) enum Piece<'d> {
    Element(Element<'d>),
    /// The whole document, which is an object without a list.
    Alone(Element<'d>),
    /// Another member of the outer object. Its value is valid JSON.
    Member {
        key: &'d str,
        text: &'d [u8],
    },
}

#[derive(Debug)]
pub(crate) struct Document<R> {
    scanner: Scanner<R>,
    shape: Shape,
    limit_bytes: usize,
    state: State,
    /// The number of elements so far.
    elements: u64,
    /// Whether the list has been read.
    listed: bool,
    /// Whether the type of the outer object says that it is an element itself. It may then have a member with the
    /// name of the list.
    lone: bool,
    /// The names of the members so far, for a message.
    members: Names,
    /// The place of the outer object.
    start: Place,
    key: String,
    text: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    /// In the outer object, before its first member or after one.
    Object {
        first: bool,
    },
    /// In the list, before its first element or after one.
    List {
        first: bool,
    },
    End,
}

impl<R: BufRead> Document<R> {
    pub(crate) fn new(input: R, shape: Shape, limit_bytes: usize) -> Self {
        Self {
            scanner: Scanner::new(input, limit_bytes),
            shape,
            limit_bytes,
            state: State::Start,
            elements: 0,
            listed: false,
            lone: false,
            members: Names::default(),
            start: Place::START,
            key: String::new(),
            text: Vec::new(),
        }
    }

    /// Reads the next piece, `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Piece<'_>>, Stop> {
        loop {
            match self.state {
                State::Start => self.open()?,
                State::Object { first } => match self.member(first)? {
                    Member::List | Member::End => {}
                    Member::Other => {
                        let (key, text) = (&self.key, &self.text);
                        return Ok(Some(Piece::Member { key, text }));
                    }
                    Member::Alone(text) => return Ok(Some(self.alone(text))),
                },
                State::List { first } => {
                    if let Some((place, captured)) = self.element(first)? {
                        return Ok(Some(Piece::Element(Element {
                            number: self.elements,
                            place,
                            text: match captured {
                                Captured::Whole => Ok(&self.text),
                                Captured::TooLong => Err(self.too_long()),
                            },
                        })));
                    }
                }
                State::End => return self.end().map(|()| None),
            }
        }
    }

    fn open(&mut self) -> Result<(), Stop> {
        let next = self.scanner.peek()?;
        self.start = self.scanner.place();
        self.state = match next {
            Some(b'{') => {
                if self.shape.alone.is_some() {
                    self.scanner.start_tape();
                }
                State::Object { first: true }
            }
            Some(b'[') if self.shape.bare => State::List { first: true },
            found => {
                let what = match found {
                    Some(byte) => format!("begins with {}", shown(byte)),
                    None => "is empty".to_owned(),
                };
                return Err(Fault::not_this_format(
                    self.shape.format,
                    format!("expected {}, but the file {what}", self.shape.expected),
                )
                .into());
            }
        };
        Ok(self.scanner.take()?)
    }

    /// Reads a member of the outer object, up to its value if that is the list, otherwise including its value.
    fn member(&mut self, first: bool) -> Result<Member, Stop> {
        let mut next = self.scanner.peek()?;
        if next == Some(b'}') {
            return self.close();
        }
        if !first {
            self.expect(next, b',', "`,` or `}`")?;
            next = self.scanner.peek()?;
        }
        if next != Some(b'"') {
            return Err(self.unexpected(next, "a member in quotes"));
        }
        let place = self.scanner.place();
        self.value()?;
        self.key =
            serde_json::from_slice(&self.text).map_err(|error| fault(place, &error, &self.text))?;
        let next = self.scanner.peek()?;
        self.expect(next, b':', "`:`")?;

        let next = self.scanner.peek()?;
        let place = self.scanner.place();
        self.members.add(&self.key);
        let is_list = self.key == self.shape.list && !self.lone;
        if is_list {
            if self.listed {
                let twice = format!("there is a second list {:?}", self.key);
                return Err(Fault::malformed(place.position(), twice).into());
            }
            self.listed = true;
            if next == Some(b'[') {
                self.scanner.take()?;
                self.scanner.stop_tape();
                self.state = State::List { first: true };
                return Ok(Member::List);
            }
        }
        self.value()?;
        if let Err(error) = check(&self.text) {
            // `NaN` is harmless in a member that is not used.
            let repaired = nonfinite::as_null(&self.text);
            if repaired.is_none_or(|text| check(&text).is_err()) {
                return Err(fault(place, &error, &self.text).into());
            }
        }
        if self.key == "type" && self.is_lone() {
            if self.listed {
                let late = format!(
                    "the object is {}, and has a list {:?} before it says so",
                    String::from_utf8_lossy(&self.text),
                    self.shape.list
                );
                return Err(Fault::malformed(place.position(), late).into());
            }
            self.lone = true;
        }
        // Protobuf's JSON writes an absent list as null.
        if is_list && self.text != b"null" {
            let wrong = format!("{:?} is not a list", self.key);
            return Err(Fault::malformed(place.position(), wrong).into());
        }
        self.state = State::Object { first: false };
        Ok(Member::Other)
    }

    fn close(&mut self) -> Result<Member, Stop> {
        self.scanner.take()?;
        self.state = State::End;
        if self.listed {
            return Ok(Member::End);
        }
        if self.shape.alone.is_some() {
            return Ok(Member::Alone(self.scanner.stop_tape()));
        }
        Err(self.no_list().into())
    }

    fn no_list(&self) -> Fault {
        let list = self.shape.list;
        let members = self.members.as_str();
        let but = if members.is_empty() { "" } else { ", but " };
        let problem = format!("the object has no {list:?} list{but}{members}");
        Fault::not_this_format(self.shape.format, problem)
    }

    fn alone(&mut self, text: Option<Vec<u8>>) -> Piece<'_> {
        let text = text.map(|text| {
            self.text = text;
            &*self.text
        });
        Piece::Alone(Element {
            number: 1,
            place: self.start,
            text: text.ok_or(TooLong {
                limit_bytes: self.limit_bytes,
            }),
        })
    }

    /// Reads an element of the list; `None` at its end.
    fn element(&mut self, first: bool) -> Result<Option<(Place, Captured)>, Stop> {
        let mut next = self.scanner.peek()?;
        if next == Some(b']') {
            self.scanner.take()?;
            self.state = if self.listed {
                State::Object { first: false }
            } else {
                State::End
            };
            return Ok(None);
        }
        if !first {
            self.expect(next, b',', "`,` or `]`")?;
            next = self.scanner.peek()?;
        }
        if matches!(next, None | Some(b',' | b']' | b'}')) {
            return Err(self.unexpected(next, "an element of the list"));
        }
        let place = self.scanner.place();
        let captured = self.scanner.capture(&mut self.text, IfLong::Skip)?;
        self.elements += 1;
        self.state = State::List { first: false };
        Ok(Some((place, captured)))
    }

    /// Checks that nothing follows the document.
    fn end(&mut self) -> Result<(), Stop> {
        match self.scanner.peek()? {
            None => Ok(()),
            next => Err(self.unexpected(next, "the end of the file")),
        }
    }

    /// Reads a value into `text`. One that is too long ends the import.
    fn value(&mut self) -> Result<(), Stop> {
        let position = self.scanner.place().position();
        match self.scanner.capture(&mut self.text, IfLong::Stop)? {
            Captured::Whole => Ok(()),
            Captured::TooLong => Err(Fault::TooLong {
                position,
                limit_bytes: self.limit_bytes,
            }
            .into()),
        }
    }

    fn expect(&mut self, next: Option<u8>, byte: u8, expected: &str) -> Result<(), Stop> {
        if next != Some(byte) {
            return Err(self.unexpected(next, expected));
        }
        Ok(self.scanner.take()?)
    }

    fn unexpected(&self, found: Option<u8>, expected: &str) -> Stop {
        let Some(byte) = found else {
            return self.scanner.truncated().into();
        };
        let problem = format!("expected {expected}, found {}", shown(byte));
        Fault::malformed(self.scanner.place().position(), problem).into()
    }

    /// Returns whether the text is the type of an object that is an element itself.
    fn is_lone(&self) -> bool {
        let types = self.shape.alone.unwrap_or_default();
        let kind = serde_json::from_slice::<&str>(&self.text);
        kind.is_ok_and(|kind| types.contains(&kind))
    }

    const fn too_long(&self) -> TooLong {
        TooLong {
            limit_bytes: self.limit_bytes,
        }
    }
}

/// The result of reading a member of the outer object.
enum Member {
    List,
    Other,
    /// The end of an object that had a list.
    End,
    /// The end of an object without a list, and its whole text unless that is too long.
    Alone(Option<Vec<u8>>),
}

/// Returns a byte as a message shows it: bytes beyond ASCII are not characters.
fn shown(byte: u8) -> String {
    if byte.is_ascii() {
        format!("{:?}", char::from(byte))
    } else {
        format!("byte {byte:#04x}")
    }
}

/// Checks that a text is JSON.
fn check(text: &[u8]) -> serde_json::Result<()> {
    serde_json::from_slice::<IgnoredAny>(text).map(drop)
}

fn fault(place: Place, error: &serde_json::Error, text: &[u8]) -> Fault {
    let place = place_of(error, text, place);
    Fault::malformed(place.position(), problem(error, text))
}
