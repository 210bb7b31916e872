//! Finding columns in a header.

use crate::fault::Fault;
use crate::options::table::Column;

/// A column that was found.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) index: usize,
    /// Whether its name is unusual.
    pub(super) unusual: bool,
}

/// The usual names of columns in the order of preference. Within a group, a plain name precedes one with an addition.
pub(super) type Names = &'static [&'static [&'static str]];

pub(super) const LATITUDE: Names = &[&["latitude", "lat"], &["y"]];
pub(super) const LONGITUDE: Names = &[&["longitude", "lon", "lng", "long"], &["x"]];
pub(super) const NAME: Names = &[&["name"], &["title"]];

/// The names of columns of well-known text, reduced to letters and digits.
const GEOMETRY: [&str; 8] = [
    "wkt",
    "geometry",
    "geom",
    "thegeom",
    "wktgeom",
    "geomwkt",
    "wktgeometry",
    "geometrywkt",
];

/// Common additions to the usual names: `stop_lat` in GTFS, `decimalLatitude` in Darwin Core, `latitude_deg` of
/// airports, `intptlat` of the census, `POINT_X` of `ArcGIS`. Of two with the same beginning the longer is first.
const ADDITIONS: [&str; 34] = [
    "addresses",
    "address",
    "addr",
    "centroid",
    "center",
    "centre",
    "city",
    "coordinates",
    "coordinate",
    "coord",
    "decimal",
    "dec",
    "dd",
    "degrees",
    "degree",
    "deg",
    "epsg4326",
    "feature",
    "geom",
    "geo",
    "gps",
    "intpt",
    "location",
    "loc",
    "map",
    "place",
    "point",
    "position",
    "pos",
    "rec",
    "site",
    "station",
    "stop",
    "wgs84",
];

/// Finds a column, whose content is `what` in an error.
pub(super) fn find(
    column: &Column,
    header: &[String],
    what: &'static str,
    usual: Names,
) -> Result<Found, Fault> {
    let missing = |column: String| {
        Err(Fault::no_column(
            what,
            column,
            header.iter().map(String::as_str),
        ))
    };
    let found = match column {
        Column::Usual if header.is_empty() => {
            let advice = "as there is no header; choose one by number";
            return missing(format!("column for the {what}, {advice}"));
        }
        Column::Usual => match find_usual(header, usual) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {
                return missing(format!(
                    "column for the {what} ({})",
                    usual.concat().join(", ")
                ));
            }
            Err(several) => {
                return missing(format!(
                    "single column for the {what} ({several} could be it)"
                ));
            }
        },
        Column::Named(wanted) => header
            .iter()
            .position(|name| name == wanted)
            .or_else(|| any_case(header, wanted)),
        // If the header gives the number of columns, an index beyond it is an error for the whole table.
        Column::Index(index) => (header.is_empty() || *index < header.len()).then_some(*index),
    };
    match (found, column) {
        (Some(index), _) => Ok(Found {
            index,
            unusual: false,
        }),
        (None, Column::Index(index)) => missing(format!("column {} for the {what}", index + 1)),
        (None, Column::Named(name)) => missing(format!("column {name:?} for the {what}")),
        (None, Column::Usual) => missing(format!("column for the {what}")),
    }
}

/// Finds the column with a usual name. If several could be it, the error names them.
fn find_usual(header: &[String], usual: Names) -> Result<Option<Found>, String> {
    for names in usual {
        if let Some(index) = names.iter().find_map(|name| any_case(header, name)) {
            let unusual = names[0] == "title";
            return Ok(Some(Found { index, unusual }));
        }
        for name in *names {
            let with_addition = |index: &usize| is_with_addition(&header[*index], name);
            let found: Vec<_> = (0..header.len()).filter(with_addition).collect();
            match *found {
                [] => {}
                [index] => {
                    let unusual = true;
                    return Ok(Some(Found { index, unusual }));
                }
                _ => {
                    let names = found.iter().take(5).map(|&index| &*header[index]);
                    return Err(names.collect::<Vec<_>>().join(", "));
                }
            }
        }
    }
    Ok(None)
}

fn any_case(header: &[String], wanted: &str) -> Option<usize> {
    header
        .iter()
        .position(|name| name.eq_ignore_ascii_case(wanted))
}

/// Finds a column of well-known text.
pub(super) fn find_geometry(header: &[String]) -> Option<usize> {
    header
        .iter()
        .position(|name| GEOMETRY.contains(&&*letters(name)))
}

/// Returns the letters and digits of a name in lower case.
fn letters(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Returns whether a column has this name, perhaps with common additions before or after it.
fn is_with_addition(column: &str, name: &str) -> bool {
    let letters = letters(column);
    let mut rest = &*letters;
    while rest != name {
        let shorter = ADDITIONS.iter().find_map(|addition| {
            rest.strip_prefix(addition)
                .or_else(|| rest.strip_suffix(addition))
        });
        match shorter {
            Some(shorter) => rest = shorter,
            None => return false,
        }
    }
    true
}
