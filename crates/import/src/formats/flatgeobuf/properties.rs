//! The name among the properties of a feature.

use std::borrow::Cow;

use flatgeobuf::{Column, ColumnType, Feature, Header};

use crate::fault::Fault;
use crate::options::Naming;
use crate::rows::row::Reason;

/// The column that holds the name.
pub(super) struct NameColumn<'o> {
    naming: &'o Naming,
    /// The columns that the header gives for all features.
    columns: Columns,
}

/// The types of all columns, and the index of the one with the name.
#[derive(Default)]
struct Columns {
    types: Vec<ColumnType>,
    name: Option<usize>,
}

impl Columns {
    fn new<'c>(columns: impl Iterator<Item = Column<'c>>, naming: &Naming) -> Self {
        let mut found = Self::default();
        let mut best = u8::MAX;
        for (index, column) in columns.enumerate() {
            if let Some(rank) = naming.rank(column.name())
                && rank < best
            {
                best = rank;
                found.name = Some(index);
            }
            found.types.push(column.type_());
        }
        found
    }
}

impl<'o> NameColumn<'o> {
    /// Finds the column in the header. It must exist unless features have columns of their own.
    pub(super) fn new(header: &Header<'_>, naming: &'o Naming) -> Result<Self, Fault> {
        let columns = match header.columns() {
            Some(list) if !list.is_empty() => {
                let columns = Columns::new(list.iter(), naming);
                if let (Some(field), None) = (naming.field(), columns.name) {
                    let column = format!("column {field:?} for the name");
                    let names = list.iter().map(|column| column.name());
                    return Err(Fault::no_column("name", column, names));
                }
                columns
            }
            _ => Columns::default(),
        };
        Ok(Self { naming, columns })
    }

    /// Returns the name of a feature, empty if it has none.
    pub(super) fn of<'f>(&self, feature: &Feature<'f>) -> Result<Cow<'f, [u8]>, Reason> {
        let own = feature
            .columns()
            .filter(|columns| !columns.is_empty())
            .map(|columns| Columns::new(columns.iter(), self.naming));
        let columns = own.as_ref().unwrap_or(&self.columns);
        match (columns.name, feature.properties()) {
            (Some(column), Some(properties)) => name(column, &columns.types, properties.bytes()),
            _ => Ok(Cow::default()),
        }
    }
}

/// Finds the value of a column. Each value follows the index of its column.
fn name<'p>(
    column: usize,
    types: &[ColumnType],
    mut properties: &'p [u8],
) -> Result<Cow<'p, [u8]>, Reason> {
    let damaged = || Reason::invalid("the properties are damaged");
    while !properties.is_empty() {
        let number = take(&mut properties).map(u16::from_le_bytes);
        let number = usize::from(number.ok_or_else(damaged)?);
        let kind = *types.get(number).ok_or_else(damaged)?;
        let value = value(kind, &mut properties).ok_or_else(damaged)?;
        if number == column {
            return value.ok_or_else(|| {
                let kind = kind.variant_name().unwrap_or("unknown");
                Reason::invalid(format!("the name is of type {kind}, which is not a text"))
            });
        }
    }
    Ok(Cow::default())
}

/// Reads a value as text, and advances. `None` if it is truncated or its type is unknown, `Some(None)` if its type
/// has no text.
#[expect(clippy::option_option, reason = "the two are told apart by one caller")]
fn value<'p>(kind: ColumnType, from: &mut &'p [u8]) -> Option<Option<Cow<'p, [u8]>>> {
    macro_rules! number {
        ($type:ty) => {
            <$type>::from_le_bytes(take(from)?).to_string()
        };
    }
    let number = match kind {
        ColumnType::String | ColumnType::Json | ColumnType::DateTime => {
            return bytes(from).map(|text| Some(Cow::Borrowed(text)));
        }
        ColumnType::Binary => return bytes(from).map(|_| None),
        ColumnType::Bool => (take(from)? != [0]).to_string(),
        ColumnType::Byte => number!(i8),
        ColumnType::UByte => number!(u8),
        ColumnType::Short => number!(i16),
        ColumnType::UShort => number!(u16),
        ColumnType::Int => number!(i32),
        ColumnType::UInt => number!(u32),
        ColumnType::Long => number!(i64),
        ColumnType::ULong => number!(u64),
        ColumnType::Float => number!(f32),
        ColumnType::Double => number!(f64),
        _ => return None,
    };
    Some(Some(Cow::Owned(number.into_bytes())))
}

/// Reads bytes with a length before them, and advances.
fn bytes<'p>(from: &mut &'p [u8]) -> Option<&'p [u8]> {
    let length = usize::try_from(u32::from_le_bytes(take(from)?)).ok()?;
    let (bytes, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(bytes)
}

/// Reads a fixed number of bytes, and advances.
fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ColumnType, properties: &[u8], expected: Result<&str, &str>) {
        let types = [ColumnType::Int, kind];
        let found = name(1, &types, properties)
            .map(|name| String::from_utf8(name.into_owned()).unwrap())
            .map_err(|reason| reason.to_string());
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(found, expected, "{properties:?}");
    }

    #[test]
    fn the_value_of_the_column_is_found() {
        use ColumnType as T;
        check(T::String, b"", Ok(""));
        check(T::String, b"\0\0abcd", Ok(""));
        check(T::String, b"\0\0abcd\x01\0\x02\0\0\0\xc3\xa4", Ok("ä"));
        check(T::String, b"\x01\0\x01\0\0\0a\x01\0\x01\0\0\0b", Ok("a"));
        check(T::Json, b"\x01\0\x02\0\0\0{}", Ok("{}"));
        check(T::Bool, b"\x01\0\x01", Ok("true"));
        check(T::Byte, b"\x01\0\xff", Ok("-1"));
        check(T::UByte, b"\x01\0\xff", Ok("255"));
        check(T::Short, b"\x01\0\xfe\xff", Ok("-2"));
        check(T::UInt, b"\x01\0\xfe\xff\xff\xff", Ok("4294967294"));
        check(T::Long, b"\x01\0\x01\0\0\0\x01\0\0\0", Ok("4294967297"));
        check(T::Double, b"\x01\0\0\0\0\0\0\0\xf8\x3f", Ok("1.5"));
        check(
            T::Binary,
            b"\x01\0\x01\0\0\0a",
            Err("the name is of type Binary, which is not a text"),
        );
    }

    #[test]
    fn damaged_properties_are_an_error() {
        use ColumnType as T;
        let check = |kind, properties: &[u8]| {
            check(kind, properties, Err("the properties are damaged"));
        };
        check(T::String, b"\0");
        check(T::String, b"\0\0abc");
        check(T::String, b"\x02\0abcd");
        check(T::String, b"\x01\0\x02\0\0\0a");
        check(T::String, b"\x01\0\xff\xff\xff\xffa");
        check(T::Double, b"\x01\0abcdefg");
        check(ColumnType(99), b"\x01\0abcdefg");
    }
}
