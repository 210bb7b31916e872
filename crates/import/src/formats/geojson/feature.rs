//! One feature or geometry of `GeoJSON`.

use std::borrow::Cow;

use route_guide_geo::E7Point;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::value::RawValue;

use super::{crs, name};
use crate::fault::Stop;
use crate::json::list::Elements;
use crate::json::value::{Text, parse};
use crate::json::{members, nonfinite};
use crate::options::table::Unit;
use crate::options::{Naming, Options};
use crate::output::Output;
use crate::rows::coordinate::CoordinateParser;
use crate::rows::position::Position;
use crate::rows::row::{Reason, Skip};

/// Converts features to rows.
#[derive(Debug)]
pub(crate) struct Features<'o> {
    naming: &'o Naming,
    assume_wgs84: bool,
    coordinates: CoordinateParser,
}

enum Outcome<'a> {
    Point([&'a str; 2]),
    Points(Elements<'a>),
    Skip(Skip),
}

impl<'o> Features<'o> {
    pub(crate) const fn new(options: &'o Options) -> Self {
        Self {
            naming: &options.name,
            assume_wgs84: options.assume_wgs84,
            coordinates: CoordinateParser::new(Unit::Degrees, false),
        }
    }

    /// Reads a feature; `blame` gives the position and the reason for an error of the parser.
    pub(crate) fn read(
        &mut self,
        text: &[u8],
        position: Position,
        blame: impl Fn(&serde_json::Error) -> (Position, Reason),
        output: &mut Output<'_>,
    ) -> Result<(), Stop> {
        output.share(text.len());
        let (position, reason) = if text.first() == Some(&b'{') {
            match serde_json::from_slice::<Object<'_>>(text) {
                Ok(object) => return self.feature(&object, text, position, output),
                Err(error) => {
                    let repaired = nonfinite::as_null(text);
                    if let Some(text) = &repaired
                        && let Ok(object) = serde_json::from_slice(text)
                    {
                        return self.feature(&object, text, position, output);
                    }
                    blame(&error)
                }
            }
        } else {
            // Serde would read a list as the members in order. For invalid JSON its error is more precise.
            match serde_json::from_slice::<IgnoredAny>(text) {
                Ok(_) => (position, Reason::invalid("not an object")),
                Err(error) => blame(&error),
            }
        };
        output.reject(position, reason)
    }

    fn feature(
        &mut self,
        object: &Object<'_>,
        text: &[u8],
        position: Position,
        output: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let outcome = self.look(object, text);
        if let Ok(Outcome::Skip(why)) = outcome {
            output.skip(why);
            return Ok(());
        }
        // The name is read only for points.
        let found = outcome.and_then(|outcome| Ok((outcome, self.name(object, output)?)));
        match found {
            Err(reason) => output.reject(position, reason),
            Ok((Outcome::Skip(_), _)) => Ok(()),
            Ok((Outcome::Point(pair), name)) => {
                let location = self.point(pair);
                output.row(position, location, &name)
            }
            Ok((Outcome::Points(points), name)) => {
                for point in points {
                    let location = pair(point).and_then(|pair| self.point(pair));
                    output.row(position, location, &name)?;
                }
                Ok(())
            }
        }
    }

    fn point(&self, [lon, lat]: [&str; 2]) -> Result<E7Point, Reason> {
        self.coordinates.point(lat, lon)
    }

    /// Returns the name of a feature, empty if it has none.
    fn name<'a>(
        &self,
        object: &Object<'a>,
        output: &mut Output<'_>,
    ) -> Result<Cow<'a, str>, Reason> {
        let Some(properties) = object
            .properties
            .filter(|_| *self.naming != Naming::Nothing)
        else {
            return Ok(Cow::default());
        };
        let name = name::of(self.naming, properties)?;
        Ok(name.unwrap_or_else(|| {
            output.nameless(|| members::names(properties.get().as_bytes()));
            Cow::default()
        }))
    }

    /// Returns the points of a feature or geometry, or why there are none.
    fn look<'a>(&self, object: &Object<'a>, text: &[u8]) -> Result<Outcome<'a>, Reason> {
        self.reference_system(object)?;
        let Some(kind) = object.kind else {
            let members = members::names(text);
            return Err(Reason::invalid(if members.is_empty() {
                "there is no type".to_owned()
            } else {
                format!("there is no type, but {members}")
            }));
        };
        let kind = parse::<Text<'_>>(kind)?.0;
        if kind != "Feature" {
            return geometry(&kind, object).unwrap_or_else(|| {
                Err(Reason::invalid(format!("type {kind:?} is not a feature")))
            });
        }
        let Some(inner) = object.geometry else {
            return Ok(Outcome::Skip(Skip::NoCoordinates));
        };
        if !inner.get().starts_with('{') {
            return Err(Reason::invalid("the geometry is not an object"));
        }
        let geometry_text = inner.get();
        let inner: Object<'_> = parse(inner)?;
        self.reference_system(&inner)?;
        let Some(kind) = inner.kind else {
            if members::names(geometry_text.as_bytes()).is_empty() {
                return Ok(Outcome::Skip(Skip::NoCoordinates));
            }
            return Err(Reason::Missing {
                what: "type of the geometry",
            });
        };
        let kind = parse::<Text<'_>>(kind)?.0;
        geometry(&kind, &inner).unwrap_or_else(|| {
            Err(Reason::invalid(format!(
                "geometry type {kind:?} is unknown"
            )))
        })
    }

    /// Refuses coordinates that are not WGS 84 longitudes and latitudes.
    fn reference_system(&self, object: &Object<'_>) -> Result<(), Reason> {
        let crs = object.crs.filter(|_| !self.assume_wgs84);
        match crs.and_then(|crs| crs::other_than_wgs84(crs.get().as_bytes())) {
            Some(system) => Err(Reason::ReferenceSystem(system)),
            None => Ok(()),
        }
    }
}

/// Describes an object that is neither a feature nor a geometry; `None` for other texts.
pub(crate) fn foreign(text: &[u8]) -> Option<String> {
    let object = serde_json::from_slice::<Object<'_>>(text).ok()?;
    let kind = object.kind.and_then(|kind| parse::<Text<'_>>(kind).ok());
    match kind {
        Some(Text(kind)) if kind == "Feature" || geometry(&kind, &object).is_some() => None,
        Some(Text(kind)) => Some(format!(
            "the object is of type {kind:?}, and has no \"features\""
        )),
        None => {
            let members = members::names(text);
            let but = if members.is_empty() { "" } else { ", but " };
            Some(format!(
                "the object has no \"type\" and no \"features\"{but}{members}"
            ))
        }
    }
}

/// The relevant members of a feature or a geometry.
#[derive(Deserialize)]
struct Object<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    geometry: Option<&'a RawValue>,
    /// `null` counts as present: it is one way to write an empty geometry.
    #[serde(borrow, default, deserialize_with = "even_null")]
    coordinates: Option<&'a RawValue>,
    #[serde(borrow)]
    properties: Option<&'a RawValue>,
    #[serde(borrow)]
    crs: Option<&'a RawValue>,
}

fn even_null<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Returns the points of a geometry, or why there are none; `None` if the type is not a geometry.
fn geometry<'a>(kind: &str, object: &Object<'a>) -> Option<Result<Outcome<'a>, Reason>> {
    let coordinates = || {
        let raw = object.coordinates.ok_or(Reason::Missing {
            what: "coordinates",
        })?;
        match raw.get() {
            "null" => Ok(None),
            text => list(text).map(Some),
        }
    };
    Some(match kind {
        "Point" => coordinates().and_then(|numbers| {
            let mut numbers = numbers.into_iter().flatten();
            match (numbers.next(), numbers.next()) {
                (None, _) | (Some("null"), Some("null")) => Ok(Outcome::Skip(Skip::NoCoordinates)),
                (Some(lon), Some(lat)) => Ok(Outcome::Point([lon, lat])),
                (Some(_), None) => Err(Reason::Missing { what: "latitude" }),
            }
        }),
        "MultiPoint" => coordinates().map(|points| {
            match points.filter(|points| points.clone().next().is_some()) {
                None => Outcome::Skip(Skip::NoCoordinates),
                Some(points) => Outcome::Points(points),
            }
        }),
        "LineString" | "MultiLineString" | "Polygon" | "MultiPolygon" | "GeometryCollection" => {
            Ok(Outcome::Skip(Skip::NotAPoint))
        }
        _ => return None,
    })
}

/// Splits a position into the texts of longitude and latitude.
fn pair(position: &str) -> Result<[&str; 2], Reason> {
    let mut numbers = list(position)?;
    let lon = numbers.next();
    let lon = lon.ok_or(Reason::Missing { what: "longitude" })?;
    let lat = numbers.next();
    Ok([lon, lat.ok_or(Reason::Missing { what: "latitude" })?])
}

fn list(coordinates: &str) -> Result<Elements<'_>, Reason> {
    Elements::of(coordinates).ok_or_else(|| Reason::invalid("coordinates are not a list"))
}
