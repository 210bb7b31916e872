//! The settings of an import.

pub(crate) mod table;

use crate::format::Format;
use crate::options::table::Table;
use crate::text::encoding::Encoding;

/// The settings of an import. The defaults suit a well-formed file of any format.
///
/// # Examples
///
/// ```
/// use route_guide_import::{Column, Format, Naming, Options, Table};
///
/// let german = Options { name: Naming::Field("name:de".to_owned()), ..Options::default() };
/// let hashes = Options {
///     format: Some(Format::Csv),
///     table: Some(Table { delimiter: Some(b'#'), lat: Column::Named("BREITE".into()), ..Table::csv() }),
///     ..Options::default()
/// };
/// # let _ = (german, hashes);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The format; `None` detects it by the file name.
    pub format: Option<Format>,
    /// The encoding of text without a byte-order mark; `None` means the declared encoding, or UTF-8. Binary formats
    /// ignore it.
    pub encoding: Option<Encoding>,
    /// The field with the name. Tables have [`Table::name`] instead, and in the published JSON it is fixed.
    pub name: Naming,
    /// Whether coordinates in any other reference system are read as WGS 84 longitudes and latitudes. Those of NAD83
    /// and ETRS89 are within a metre or two of that.
    pub assume_wgs84: bool,
    /// The layout of a table; `None` means that of the format.
    pub table: Option<Table>,
    /// The greatest length of a name in bytes. A longer one is rejected.
    pub max_name_bytes: usize,
    /// The greatest length of a record in bytes. A longer one is rejected, or ends the import where the next record
    /// cannot be found.
    pub max_record_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: None,
            encoding: None,
            name: Naming::Usual,
            assume_wgs84: false,
            table: None,
            max_name_bytes: 64 << 10,
            max_record_bytes: 16 << 20,
        }
    }
}

/// The field with the name of a place: a property of `GeoJSON`, a column of `FlatGeobuf`, an element of a GPX
/// waypoint, a tag of `OpenStreetMap`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// `name`. In `GeoJSON` and `FlatGeobuf`, whose writers vary, otherwise a spelling such as `NAME`, or `title`.
    #[default]
    Usual,
    /// This field. In GPX, a name with a colon includes the namespace prefix.
    Field(String),
    /// Names are not read.
    Nothing,
}

impl Naming {
    /// Returns the preferred field, `None` if names are not read.
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Self::Usual => Some("name"),
            Self::Field(field) => Some(field),
            Self::Nothing => None,
        }
    }

    /// Returns the rank of a field, 0 being best, `None` if it does not hold the name.
    pub(crate) fn rank(&self, field: &str) -> Option<u8> {
        match self {
            Self::Usual if field == "name" => Some(0),
            Self::Usual if field.eq_ignore_ascii_case("name") => Some(1),
            Self::Usual if field.eq_ignore_ascii_case("title") => Some(2),
            Self::Field(wanted) if field == wanted => Some(0),
            Self::Field(wanted) if field.eq_ignore_ascii_case(wanted) => Some(1),
            _ => None,
        }
    }
}
