//! One waypoint of a GPX file.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;
use route_guide_geo::E7Point;

use crate::fault::Stop;
use crate::options::table::Unit;
use crate::output::Output;
use crate::rows::coordinate::CoordinateParser;
use crate::rows::position::Position;
use crate::rows::row::Reason;
use crate::text::detect::NO_XML;
use crate::text::names::Names;

pub(super) struct Waypoint {
    position: Position,
    location: Result<E7Point, Reason>,
    name: Name,
    /// The names of the other elements, for a message.
    elements: Names,
}

enum Name {
    Absent,
    Open(String),
    /// A second name is ignored.
    Closed(String),
}

impl Waypoint {
    pub(super) fn new(position: Position, tag: &BytesStart<'_>) -> Self {
        Self {
            position,
            location: location(tag),
            name: Name::Absent,
            elements: Names::default(),
        }
    }

    /// Records an element other than the name.
    pub(super) fn see(&mut self, element: &str) {
        if matches!(self.name, Name::Absent) {
            self.elements.add(element);
        }
    }

    pub(super) const fn position(&self) -> Position {
        self.position
    }

    pub(super) fn start_name(&mut self) {
        self.name = match std::mem::replace(&mut self.name, Name::Absent) {
            Name::Absent => Name::Open(String::new()),
            Name::Open(name) | Name::Closed(name) => Name::Closed(name),
        };
    }

    /// Adds to the name. Beyond the limit it keeps only as much as shows that the name is too long.
    pub(super) fn add_name(&mut self, text: &str, max_name_bytes: usize) {
        if let Name::Open(name) = &mut self.name
            && name.len() <= max_name_bytes
        {
            name.push_str(text);
        }
    }

    /// Rejects the waypoint, unless it is rejected already.
    pub(super) fn spoil(&mut self, reason: Reason) {
        if matches!(self.name, Name::Open(_)) && self.location.is_ok() {
            self.location = Err(reason);
        }
    }

    pub(super) fn finish(self, output: &mut Output<'_>) -> Result<(), Stop> {
        let name = match self.name {
            Name::Absent => {
                output.nameless(|| self.elements.as_str().to_owned());
                String::new()
            }
            Name::Open(name) | Name::Closed(name) => name,
        };
        if name.contains(NO_XML) {
            let name = name.replace(NO_XML, "\u{fffd}");
            let reason = self.location.err();
            let reason = reason.unwrap_or_else(|| output.undecoded(name.as_bytes()));
            return output.reject(self.position, reason);
        }
        output.row(self.position, self.location, &name)
    }
}

/// Reads the attributes.
fn location(tag: &BytesStart<'_>) -> Result<E7Point, Reason> {
    let (mut lat, mut lon) = (None, None);
    // The parser's check for repeated attributes takes quadratic time.
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(Reason::invalid)?;
        let (slot, plural) = match attribute.key.as_ref() {
            "lat" => (&mut lat, "latitudes"),
            "lon" => (&mut lon, "longitudes"),
            _ => continue,
        };
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(Reason::invalid)?;
        if slot.replace(value).is_some() {
            return Err(Reason::invalid(format!("there are two {plural}")));
        }
    }
    // An absent attribute counts as empty.
    let text = |value: Option<Cow<'_, str>>| value.unwrap_or_default().into_owned();
    CoordinateParser::new(Unit::Degrees, false).point(&text(lat), &text(lon))
}
