//! Following the elements of a GPX file.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart};

use super::waypoint::Waypoint;
use crate::fault::{Fault, Stop};
use crate::format::Format;
use crate::options::Naming;
use crate::output::Output;
use crate::rows::position::Position;
use crate::rows::row::{Reason, Skip};
use crate::text::bounded::is_too_long;

/// The greatest depth of elements and length of their names, far more than in any GPX file. The parser keeps the
/// names of all open elements.
const MAX_DEPTH: usize = 256;
const MAX_TAG_BYTES: usize = 1 << 10;

/// The depth within the root element, and within a waypoint in it.
const IN_ROOT: usize = 1;
const IN_WAYPOINT: usize = 2;

/// Splits a name into its prefix, if it has one, and the rest.
fn split(qualified: &str) -> (Option<&str>, &str) {
    match qualified.split_once(':') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, qualified),
    }
}

/// Returns whether an element declares a default namespace.
fn has_namespace(tag: &BytesStart<'_>) -> bool {
    tag.attributes_raw().contains("xmlns=")
}

pub(super) struct Reading<'o> {
    name_field: Option<&'o str>,
    /// The prefix of the root element, if it has one. Elements with another prefix are not of GPX.
    prefix: Option<String>,
    depth: usize,
    /// Whether the root element has been read.
    rooted: bool,
    /// The number of waypoints so far.
    waypoints: u64,
    waypoint: Option<Waypoint>,
    /// Whether the text of the waypoint's name is being read.
    naming: bool,
}

impl<'o> Reading<'o> {
    pub(super) fn new(naming: &'o Naming) -> Self {
        Self {
            name_field: naming.field(),
            prefix: None,
            depth: 0,
            rooted: false,
            waypoints: 0,
            waypoint: None,
            naming: false,
        }
    }

    pub(super) fn start(
        &mut self,
        tag: &BytesStart<'_>,
        line: u64,
        output: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let tag_bytes = tag.name().as_ref().len();
        if tag_bytes > MAX_TAG_BYTES {
            let problem = format!("an element has a name of {tag_bytes} bytes");
            return Err(Fault::malformed(Position::Line { line }, problem).into());
        }
        let qualified = tag.name();
        let qualified = qualified.as_ref();
        let (prefix, name) = split(qualified);
        let foreign = prefix != self.prefix.as_deref();
        match self.depth {
            0 if self.rooted => {
                let problem = format!("a second root element <{name}>");
                return Err(Fault::malformed(Position::Line { line }, problem).into());
            }
            0 if name != "gpx" => {
                let problem = format!("the root element is <{name}>, not <gpx>");
                return Err(Fault::not_this_format(Format::Gpx, problem).into());
            }
            0 => {
                self.rooted = true;
                self.prefix = prefix.map(str::to_owned);
            }
            IN_ROOT if foreign => {}
            IN_ROOT if name == "wpt" => {
                self.waypoints += 1;
                let position = Position::Waypoint {
                    waypoint: self.waypoints,
                    line,
                };
                self.waypoint = Some(Waypoint::new(position, tag));
            }
            IN_ROOT if name == "trk" || name == "rte" => output.skip(Skip::NotAPoint),
            IN_WAYPOINT => {
                if let Some(waypoint) = &mut self.waypoint {
                    let own = !foreign && !has_namespace(tag);
                    let field = if own { name } else { qualified };
                    let is_name = match self.name_field {
                        Some(wanted) => wanted == field && (own || wanted.contains(':')),
                        None => false,
                    };
                    if is_name {
                        waypoint.start_name();
                        self.naming = true;
                    } else if self.name_field.is_some() && self.waypoints == 1 {
                        // The list is needed only for waypoints without a name.
                        waypoint.see(qualified);
                    }
                }
            }
            MAX_DEPTH.. => {
                let problem = format!("elements are nested more than {MAX_DEPTH} deep");
                return Err(Fault::malformed(Position::Line { line }, problem).into());
            }
            _ => {}
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn end(&mut self, output: &mut Output<'_>) -> Result<(), Stop> {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == IN_WAYPOINT {
            self.naming = false;
        }
        if self.depth == IN_ROOT
            && let Some(waypoint) = self.waypoint.take()
        {
            return waypoint.finish(output);
        }
        Ok(())
    }

    pub(super) fn text(&mut self, text: &str, output: &Output<'_>) {
        if let Some(waypoint) = self.named() {
            waypoint.add_name(text, output.max_name_bytes());
        }
    }

    /// Handles text between tags and references. Text that begins with `&` is one that is not a reference.
    pub(super) fn bare_text(&mut self, text: &str, output: &Output<'_>) {
        if text.starts_with('&')
            && let Some(waypoint) = self.named()
        {
            let problem = "there is a bare & in the name; XML writes it as &amp;";
            waypoint.spoil(Reason::invalid(problem));
        }
        self.text(text, output);
    }

    /// Returns the waypoint whose name the next text belongs to.
    fn named(&mut self) -> Option<&mut Waypoint> {
        // The text of nested elements is not part of the name.
        if self.naming && self.depth == IN_WAYPOINT + 1 {
            self.waypoint.as_mut()
        } else {
            None
        }
    }

    pub(super) fn reference(&mut self, reference: &BytesRef<'_>, output: &Output<'_>) {
        let resolved = match reference.resolve_char_ref() {
            Ok(Some(character)) => Ok(character.to_string()),
            Ok(None) => match resolve_predefined_entity(reference) {
                Some(text) => Ok(text.to_owned()),
                None => Err(Reason::invalid(format!(
                    "the entity &{}; is not defined",
                    &**reference
                ))),
            },
            Err(error) => Err(Reason::invalid(error)),
        };
        match resolved {
            Ok(text) => self.text(&text, output),
            Err(reason) => {
                if let Some(waypoint) = self.named() {
                    waypoint.spoil(reason);
                }
            }
        }
    }

    pub(super) fn finish(&self, line: u64) -> Result<(), Stop> {
        if self.depth > 0 {
            return Err(Fault::Truncated {
                position: self.position(line),
                within: "an element",
            }
            .into());
        }
        if !self.rooted {
            let problem = "there is no <gpx> element";
            return Err(Fault::not_this_format(Format::Gpx, problem).into());
        }
        Ok(())
    }

    /// Converts an error of the parser in an element that starts on this line.
    pub(super) fn explain(&self, error: quick_xml::Error, line: u64, limit_bytes: usize) -> Stop {
        let position = self.position(line);
        match error {
            quick_xml::Error::Io(error) if is_too_long(&error) => Fault::TooLong {
                position,
                limit_bytes,
            }
            .into(),
            // The error is shared and cannot be moved. Its kind and its text are kept.
            quick_xml::Error::Io(error) => {
                Stop::Io(std::io::Error::new(error.kind(), error.to_string()))
            }
            error if !self.rooted => Fault::not_this_format(Format::Gpx, error).into(),
            error => Fault::malformed(position, error).into(),
        }
    }

    fn position(&self, line: u64) -> Position {
        match &self.waypoint {
            Some(waypoint) => waypoint.position(),
            None => Position::Line { line },
        }
    }
}
