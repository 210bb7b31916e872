//! The formats that can be read, their names, and how a file's name tells which one it is.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::options::table::Table;

/// A format of feature files.
///
/// [`FromStr`] reads the names that [`Display`](fmt::Display) writes, as a flag would give them.
///
/// # Examples
///
/// ```
/// use route_guide_import::Format;
///
/// assert_eq!(Format::of_file_name("places.geojson.gz".as_ref()), Some(Format::GeoJson));
/// assert_eq!("geonames".parse(), Ok(Format::Geonames));
/// assert_eq!(Format::OsmPbf.to_string(), "osm-pbf");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// The JSON of the published example: a bare array of entries, or an object with one as `feature`.
    Json,
    /// One `GeoJSON` document: a `FeatureCollection`, or a lone `Feature` or geometry (RFC 7946).
    GeoJson,
    /// `GeoJSON` texts one after another, one per line or each after a record separator (RFC 8142).
    GeoJsonSeq,
    /// Comma-separated values with a header line, unless [`Table`] says otherwise (RFC 4180).
    Csv,
    /// The same, separated by tabs and without quotes.
    Tsv,
    /// The tables that geonames.org publishes: tab-separated, nineteen columns, no header, no quotes.
    Geonames,
    /// The waypoints of a GPX file, version 1.0 or 1.1.
    Gpx,
    /// The nodes of an `OpenStreetMap` extract in its binary form that have a name.
    OsmPbf,
    /// The points of a `FlatGeobuf` file.
    FlatGeobuf,
}

impl Format {
    /// All formats, in the order in which messages list them.
    pub const ALL: [Self; 9] = [
        Self::Json,
        Self::GeoJson,
        Self::GeoJsonSeq,
        Self::Csv,
        Self::Tsv,
        Self::Geonames,
        Self::Gpx,
        Self::OsmPbf,
        Self::FlatGeobuf,
    ];

    /// Returns the format's name, as flags and messages write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::GeoJson => "geojson",
            Self::GeoJsonSeq => "geojsonseq",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Geonames => "geonames",
            Self::Gpx => "gpx",
            Self::OsmPbf => "osm-pbf",
            Self::FlatGeobuf => "flatgeobuf",
        }
    }

    /// Returns the format that the ending of a file's name stands for, `None` if it stands for none.
    ///
    /// A further `.gz`, `.zst` or `.zstd` does not matter, nor do capitals. No ending stands for `geonames`, whose files
    /// are called `.txt` like any other text.
    #[must_use]
    pub fn of_file_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let name = [".gz", ".zst", ".zstd"]
            .iter()
            .find_map(|ending| name.strip_suffix(ending))
            .unwrap_or(&name);
        // A name that is all ending, such as `.csv`, is a hidden file of no known format.
        let (stem, ending) = name.rsplit_once('.')?;
        if stem.is_empty() {
            return None;
        }
        Some(match ending {
            "json" => Self::Json,
            "geojson" => Self::GeoJson,
            "geojsonl" | "geojsons" | "geojsonseq" | "ndgeojson" | "ndjson" | "jsonl" => {
                Self::GeoJsonSeq
            }
            "csv" => Self::Csv,
            "tsv" | "tab" => Self::Tsv,
            "gpx" => Self::Gpx,
            "pbf" => Self::OsmPbf,
            "fgb" => Self::FlatGeobuf,
            _ => return None,
        })
    }

    /// Returns the layout of the format if it is a table of text.
    #[must_use]
    pub fn table(self) -> Option<Table> {
        match self {
            Self::Csv => Some(Table::csv()),
            Self::Tsv => Some(Table::tsv()),
            Self::Geonames => Some(Table::geonames()),
            _ => None,
        }
    }

    /// Tells whether files of the format are text, in some encoding.
    #[must_use]
    pub const fn is_text(self) -> bool {
        !matches!(self, Self::OsmPbf | Self::FlatGeobuf)
    }

    /// Lists the names of all formats, for a message.
    pub(crate) fn list() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == name)
            .ok_or_else(|| UnknownFormat {
                name: name.to_owned(),
            })
    }
}

/// The error for a name that no format has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFormat {
    name: String,
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no format; there are {}",
            self.name,
            Format::list()
        )
    }
}

impl Error for UnknownFormat {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_tells_its_format() {
        let check = |name: &str, expected| {
            assert_eq!(Format::of_file_name(name.as_ref()), expected, "{name}");
        };
        check("places.json", Some(Format::Json));
        check("/srv/places.v2.GeoJSON", Some(Format::GeoJson));
        check("places.geojsonl", Some(Format::GeoJsonSeq));
        check("places.ndjson.zst", Some(Format::GeoJsonSeq));
        check("places.csv.gz", Some(Format::Csv));
        check("places.TSV.ZSTD", Some(Format::Tsv));
        check("track.gpx", Some(Format::Gpx));
        check("andorra-latest.osm.pbf", Some(Format::OsmPbf));
        check("countries.fgb", Some(Format::FlatGeobuf));
        check("cities500.txt", None);
        check("places", None);
        check("places.gz", None);
        check(".csv", None);
        check("json", None);
        check("-", None);
        check("..", None);
    }

    #[test]
    fn the_names_of_formats_are_read_back() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!(
            "shapefile".parse::<Format>().unwrap_err().to_string(),
            "\"shapefile\" is no format; there are json, geojson, geojsonseq, csv, tsv, geonames, gpx, osm-pbf, flatgeobuf"
        );
    }
}
