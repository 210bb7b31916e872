//! One feature or geometry of `GeoJSON`.

use std::borrow::Cow;
use std::fmt;

use route_guide_geo::E7Point;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::coordinate::Texts;
use crate::fault::Stop;
use crate::json::list::Elements;
use crate::json::problem;
use crate::options::{Options, Unit};
use crate::output::Output;
use crate::position::Position;
use crate::row::{Reason, Skip};

/// Reads the texts of features into rows.
#[derive(Debug)]
pub(crate) struct Features<'o> {
    name_field: Option<&'o str>,
    coordinates: Texts,
}

/// What becomes of a feature.
enum Outcome<'a> {
    Point(Result<[&'a str; 2], Reason>, Cow<'a, str>),
    Points(Elements<'a>, Cow<'a, str>),
    Skip(Skip),
}

impl<'o> Features<'o> {
    pub(crate) fn new(options: &'o Options) -> Self {
        Self {
            name_field: options.name_field.as_deref(),
            coordinates: Texts::default(),
        }
    }

    /// Reads a text; `blame` says where in it an error of the parser lies.
    pub(crate) fn read(
        &mut self,
        text: &[u8],
        position: Position,
        blame: impl Fn(&serde_json::Error) -> (Position, Reason),
        output: &mut Output<'_>,
    ) -> Result<(), Stop> {
        output.share(text.len());
        let outcome = if text.first() == Some(&b'{') {
            serde_json::from_slice::<Object<'_>>(text)
                .map_err(|error| blame(&error))
                .and_then(|object| self.look(&object).map_err(|reason| (position, reason)))
        } else {
            // The parser would take a list for an object's members in order; what is no JSON, it explains.
            Err(match serde_json::from_slice::<IgnoredAny>(text) {
                Ok(_) => (position, Reason::invalid("not an object")),
                Err(error) => blame(&error),
            })
        };
        match outcome {
            Err((position, reason)) => output.reject(position, reason),
            Ok(Outcome::Skip(why)) => {
                output.skip(why);
                Ok(())
            }
            Ok(Outcome::Point(pair, name)) => {
                let location = pair.and_then(|pair| self.point(pair));
                output.row(position, location, &name)
            }
            Ok(Outcome::Points(points, name)) => {
                for point in points {
                    let location = pair(point).and_then(|pair| self.point(pair));
                    output.row(position, location, &name)?;
                }
                Ok(())
            }
        }
    }

    fn point(&mut self, [lon, lat]: [&str; 2]) -> Result<E7Point, Reason> {
        self.coordinates.point(Unit::Degrees, lat, lon)
    }

    /// Tells what a feature or bare geometry is.
    fn look<'a>(&self, object: &Object<'a>) -> Result<Outcome<'a>, Reason> {
        let kind = object.kind()?;
        if kind != "Feature" {
            return geometry(&kind, object, Cow::default())
                .unwrap_or_else(|| Err(Reason::invalid(format!("type {kind:?} is no feature"))));
        }
        let Some(inner) = object.geometry else {
            return Ok(Outcome::Skip(Skip::NoGeometry));
        };
        if !inner.get().starts_with('{') {
            return Err(Reason::invalid("the geometry is not an object"));
        }
        let inner: Object<'_> = parse(inner)?;
        let kind = inner.kind()?;
        let name = match (self.name_field, object.properties) {
            (Some(field), Some(properties)) => name(field, properties)?,
            _ => Cow::default(),
        };
        geometry(&kind, &inner, name).unwrap_or_else(|| {
            Err(Reason::invalid(format!(
                "geometry type {kind:?} is unknown"
            )))
        })
    }
}

/// Tells whether a text is an object, but neither a feature nor a geometry.
pub(crate) fn is_foreign(text: &[u8]) -> bool {
    let Ok(object) = serde_json::from_slice::<Object<'_>>(text) else {
        return false;
    };
    object.kind().map_or(true, |kind| {
        kind != "Feature" && geometry(&kind, &object, Cow::default()).is_none()
    })
}

/// The members that matter, of a feature as of a geometry.
#[derive(Deserialize)]
struct Object<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    geometry: Option<&'a RawValue>,
    #[serde(borrow)]
    coordinates: Option<&'a RawValue>,
    #[serde(borrow)]
    properties: Option<&'a RawValue>,
}

impl<'a> Object<'a> {
    fn kind(&self) -> Result<Cow<'a, str>, Reason> {
        let kind = self.kind.ok_or(Reason::Missing { what: "type" })?;
        parse::<Text<'a>>(kind).map(|text| text.0)
    }
}

/// A text, lent where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Tells what a geometry is, `None` if its type is none.
fn geometry<'a>(
    kind: &str,
    object: &Object<'a>,
    name: Cow<'a, str>,
) -> Option<Result<Outcome<'a>, Reason>> {
    let coordinates = || {
        object.coordinates.ok_or(Reason::Missing {
            what: "coordinates",
        })
    };
    Some(match kind {
        "Point" => coordinates().map(|raw| Outcome::Point(pair(raw.get()), name)),
        "MultiPoint" => coordinates().and_then(|raw| list(raw.get())).map(|points| {
            match points.clone().next() {
                None => Outcome::Skip(Skip::NoGeometry),
                Some(_) => Outcome::Points(points, name),
            }
        }),
        "LineString" | "MultiLineString" | "Polygon" | "MultiPolygon" | "GeometryCollection" => {
            Ok(Outcome::Skip(Skip::NotAPoint))
        }
        _ => return None,
    })
}

/// Reads the text of longitude and latitude.
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

/// Reads the name out of a feature's properties.
pub(crate) fn name<'a>(field: &str, properties: &'a RawValue) -> Result<Cow<'a, str>, Reason> {
    if !properties.get().starts_with('{') {
        return Err(Reason::invalid("the properties are not an object"));
    }
    let mut deserializer = serde_json::Deserializer::from_str(properties.get());
    let value = Property(field)
        .deserialize(&mut deserializer)
        .map_err(|error| Reason::invalid(problem(&error, properties.get().as_bytes())))?;
    let Some(value) = value else {
        return Ok(Cow::default());
    };
    match value.get().as_bytes().first() {
        Some(b'"') => parse::<Text<'a>>(value).map(|text| text.0),
        Some(b'{' | b'[') => Err(Reason::invalid(format!("property {field:?} is no text"))),
        _ => Ok(Cow::Borrowed(value.get())),
    }
}

/// Picks one property and passes over the others; null is as good as absent.
struct Property<'f>(&'f str);

impl<'de> DeserializeSeed<'de> for Property<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Property<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("properties as an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Text(key)) = map.next_key()? {
            if key != self.0 {
                map.next_value::<IgnoredAny>()?;
            } else if found.is_none() {
                found = Some(map.next_value::<Option<&RawValue>>()?);
            } else {
                let twice = format_args!("there are two properties {key:?}");
                return Err(A::Error::custom(twice));
            }
        }
        Ok(found.flatten())
    }
}

fn parse<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Result<T, Reason> {
    let text = value.get();
    serde_json::from_str(text).map_err(|error| Reason::invalid(problem(&error, text.as_bytes())))
}
