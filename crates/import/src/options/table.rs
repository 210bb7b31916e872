//! The layout of tables.

use std::convert::Infallible;
use std::str::FromStr;

/// The layout of a table of text, such as CSV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The byte between fields; `None` detects a comma, a semicolon, a tab or a vertical bar.
    pub delimiter: Option<u8>,
    /// The byte around fields that contain delimiters or line ends, doubled inside; `None` means no quoting.
    pub quote: Option<u8>,
    /// Whether the first line names the columns.
    pub header: bool,
    /// The unit of the coordinates.
    pub unit: Unit,
    /// The column of the latitude.
    pub lat: Column,
    /// The column of the longitude.
    pub lon: Column,
    /// The column of the name; `None` reads no names.
    pub name: Option<Column>,
}

impl Table {
    /// Returns the layout of comma-separated values: any delimiter, quotes, a header, degrees in the usual columns.
    #[must_use]
    pub fn csv() -> Self {
        Self {
            delimiter: None,
            quote: Some(b'"'),
            header: true,
            unit: Unit::Degrees,
            lat: Column::Usual,
            lon: Column::Usual,
            name: Some(Column::Usual),
        }
    }

    /// Returns the layout of tab-separated values: like [`csv`](Self::csv), but without quotes.
    ///
    /// # References
    ///
    /// IANA's registration of `text/tab-separated-values`, which has no quotes.
    #[must_use]
    pub fn tsv() -> Self {
        Self {
            delimiter: Some(b'\t'),
            quote: None,
            ..Self::csv()
        }
    }

    /// Returns the layout of the tables that geonames.org publishes.
    ///
    /// # References
    ///
    /// The readme of the dumps: `geonameid`, `name`, `asciiname`, `alternatenames`, `latitude`, `longitude` and
    /// thirteen more; no header, and quotes are part of the names.
    #[must_use]
    pub fn geonames() -> Self {
        Self {
            delimiter: Some(b'\t'),
            quote: None,
            header: false,
            unit: Unit::Degrees,
            lat: Column::Index(4),
            lon: Column::Index(5),
            name: Some(Column::Index(1)),
        }
    }
}

/// A column of a table.
///
/// [`FromStr`] never fails: digits are the number of a column counted from 1, as in `cut` and `sort`, and everything
/// else is a name.
///
/// # Examples
///
/// ```
/// use route_guide_import::Column;
///
/// assert_eq!("5".parse(), Ok(Column::Index(4)));
/// assert_eq!("lat".parse(), Ok(Column::Named("lat".to_owned())));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// The first column with a usual name in any case: `latitude`, `lat` or `y`; `longitude`, `lon`, `lng`, `long` or
    /// `x`; `name` or `title`. Otherwise the only column with such a name and a common addition, such as `stop_lat`,
    /// `decimalLatitude` or `latitude_deg`. If there are no such coordinates, a column of well-known text (`WKT`,
    /// `geometry`) holds both.
    Usual,
    /// The column with this name in the header, exactly or otherwise ignoring case.
    Named(String),
    /// The column with this index, counted from 0.
    Index(usize),
}

impl Column {
    pub(crate) const fn index(&self) -> Option<usize> {
        match self {
            Self::Index(index) => Some(*index),
            Self::Usual | Self::Named(_) => None,
        }
    }
}

impl FromStr for Column {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let number = text
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse::<usize>().ok())
            .flatten();
        Ok(match number.and_then(|number| number.checked_sub(1)) {
            Some(index) => Self::Index(index),
            None => Self::Named(text.to_owned()),
        })
    }
}

/// The unit of the coordinates in a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Decimal degrees.
    #[default]
    Degrees,
    /// Whole numbers of degrees × 10⁷.
    E7,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_a_number_or_a_name() {
        let check = |text: &str, expected| assert_eq!(text.parse(), Ok(expected), "{text}");
        check("1", Column::Index(0));
        check("019", Column::Index(18));
        check("0", Column::Named("0".into()));
        check("-1", Column::Named("-1".into()));
        check("", Column::Named(String::new()));
        check("lat", Column::Named("lat".into()));
        check(
            "99999999999999999999999",
            Column::Named("99999999999999999999999".into()),
        );
    }
}
