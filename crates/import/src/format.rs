//! The supported formats, their names, and the file names that tell them.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::options::table::Table;

/// A format of feature files.
///
/// [`FromStr`] parses the names that [`Display`](fmt::Display) writes, which flags use too.
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
    /// The JSON of the published example: a bare array of entries, or an object with a list `feature`.
    Json,
    /// One `GeoJSON` document: a `FeatureCollection`, or a lone `Feature` or geometry (RFC 7946).
    GeoJson,
    /// `GeoJSON` texts, one per line or each after a record separator (RFC 8142).
    GeoJsonSeq,
    /// Comma-separated values with a header line, unless [`Table`] says otherwise (RFC 4180).
    Csv,
    /// Tab-separated values with a header line and without quotes.
    Tsv,
    /// The tables that geonames.org publishes: tab-separated, nineteen columns, no header, no quotes.
    Geonames,
    /// The waypoints of a GPX file, version 1.0 or 1.1.
    Gpx,
    /// The named nodes of an `OpenStreetMap` extract in its binary form.
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

    /// Returns the name of the format in flags and messages.
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

    /// Returns the format that a file extension stands for, if any.
    ///
    /// A further `.gz`, `.zst` or `.zstd` is ignored, and so is case. No extension stands for `geonames`, whose files
    /// are called `.txt`.
    #[must_use]
    pub fn of_file_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let name = [".gz", ".zst", ".zstd"]
            .iter()
            .find_map(|ending| name.strip_suffix(ending))
            .unwrap_or(&name);
        // `.csv` is a hidden file without an extension.
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

    /// Returns the default layout if the format is a table of text.
    #[must_use]
    pub fn table(self) -> Option<Table> {
        match self {
            Self::Csv => Some(Table::csv()),
            Self::Tsv => Some(Table::tsv()),
            Self::Geonames => Some(Table::geonames()),
            _ => None,
        }
    }

    /// Returns whether the format is text, in some encoding.
    #[must_use]
    pub const fn is_text(self) -> bool {
        !matches!(self, Self::OsmPbf | Self::FlatGeobuf)
    }

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

/// The error for an unknown format name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFormat {
    name: String,
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown format {:?}; the formats are {}",
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
            "unknown format \"shapefile\"; the formats are json, geojson, geojsonseq, csv, tsv, geonames, gpx, osm-pbf, flatgeobuf"
        );
    }
}
