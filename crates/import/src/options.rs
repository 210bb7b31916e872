//! What to read and how: the settings of an import.

pub(crate) mod table;

use crate::format::Format;
use crate::options::table::Table;
use crate::text::encoding::Encoding;

/// The settings of an import. The defaults suit a well-made file of any format.
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
    /// The format; `None` tells it from the file's name.
    pub format: Option<Format>,
    /// The encoding of text that has no byte-order mark; `None` takes it for UTF-8, unless it declares another. Binary
    /// formats have none.
    pub encoding: Option<Encoding>,
    /// What holds the name. Tables have [`Table::name`] instead, and the published JSON has no choice.
    pub name: Naming,
    /// Whether coordinates in any other reference system are taken for WGS 84 longitudes and latitudes, which those of
    /// NAD83 and ETRS89 are within a metre or two.
    pub assume_wgs84: bool,
    /// How a table is laid out; `None` takes the layout of the format.
    pub table: Option<Table>,
    /// The longest name that is accepted, in bytes; a longer one is rejected.
    pub max_name_bytes: usize,
    /// The longest record that is held in memory, in bytes; a longer one is rejected, or ends the import where what
    /// follows it cannot be found.
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

/// What holds the name of a place: a property of `GeoJSON`, a column of `FlatGeobuf`, an element of a GPX waypoint, a tag
/// of `OpenStreetMap`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// `name`. In `GeoJSON` and `FlatGeobuf`, whose writers spell it in many ways, else `NAME` and the like, or `title`.
    #[default]
    Usual,
    /// The field with this name. In GPX, one with a colon is the name with its prefix.
    Field(String),
    /// Nothing: no names are read.
    Nothing,
}

impl Naming {
    /// Returns the field to look for first, `None` if there are to be no names.
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Self::Usual => Some("name"),
            Self::Field(field) => Some(field),
            Self::Nothing => None,
        }
    }

    /// Returns how well a field fits, 0 best, if it holds the name at all.
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
