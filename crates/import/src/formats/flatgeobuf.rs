//! The points of `FlatGeobuf` files.
//!
//! The `flatgeobuf` crate defines and verifies the tables of the format. The frame around them is read here, because
//! the crate's reader takes a truncated file and an error of the input for the end, allocates whatever length a
//! feature claims, and panics on a damaged header or damaged properties.
//!
//! # References
//!
//! <https://flatgeobuf.org/>, and `header.fbs` and `feature.fbs` there.

mod frame;
mod properties;

use flatgeobuf::{Feature, GeometryType, Header};

use crate::fault::{Fault, Stop};
use crate::input::Bytes;
use crate::options::Options;
use crate::output::Output;
use crate::rows::coordinate::from_degrees;
use crate::rows::position::Position;
use crate::rows::reference::ReferenceSystem;
use crate::rows::row::{Reason, Skip};

use frame::{Framed, Frames};
use properties::NameColumn;

pub(crate) fn read(bytes: Bytes, options: &Options, output: &mut Output<'_>) -> Result<(), Stop> {
    let mut frames = Frames::new(bytes, options.max_record_bytes)?;
    let head = frames.header()?;
    let header = flatgeobuf::size_prefixed_root_as_header(&head)
        .map_err(|error| Fault::malformed(Position::Byte { byte: 8 }, error))?;
    if !options.assume_wgs84 {
        reference_system(&header)?;
    }
    let name = NameColumn::new(&header, &options.name)?;
    frames.skip_index(header.features_count(), header.index_node_size())?;

    let expected = header.features_count();
    let mut number = 0;
    while let Some((byte, framed)) = frames.feature()? {
        if number == expected && expected > 0 {
            let problem = format!("there are bytes after the last of {expected} features");
            return Err(Fault::malformed(Position::Byte { byte }, problem).into());
        }
        number += 1;
        let position = Position::Feature {
            feature: number,
            byte,
        };
        let feature = match framed {
            Framed::Whole(frame) => {
                output.share(frame.len());
                flatgeobuf::size_prefixed_root_as_feature(frame).map_err(Reason::invalid)
            }
            Framed::TooLong { limit_bytes } => Err(Reason::TooLong { limit_bytes }),
            Framed::TooShort => Err(Reason::invalid("the feature is too short")),
        };
        match feature {
            Ok(feature) => row(position, &feature, header.geometry_type(), &name, output)?,
            Err(reason) => output.reject(position, reason)?,
        }
    }
    // A count of zero means that it is unknown.
    if number < expected {
        let byte = frames.byte();
        return Err(Fault::Truncated {
            position: Position::Byte { byte },
            within: "the features",
        }
        .into());
    }
    Ok(())
}

/// Refuses coordinates that are not WGS 84 longitudes and latitudes.
fn reference_system(header: &Header<'_>) -> Result<(), Fault> {
    // A code of zero means that it is unknown. Then the name identifies the system, if there is one.
    let system = header.crs().and_then(|crs| match (crs.code(), crs.name()) {
        (0, name) => ReferenceSystem::other_than_wgs84(name.unwrap_or_default()),
        (code, name) => {
            let org = crs.org().unwrap_or("EPSG");
            let system = ReferenceSystem::other_than_wgs84(&format!("{org}:{code}"))?;
            Some(match name {
                Some(name) => system.with_title(name),
                None => system,
            })
        }
    });
    match system {
        Some(system) => Err(Fault::ReferenceSystem(system)),
        None => Ok(()),
    }
}

fn row(
    position: Position,
    feature: &Feature<'_>,
    kind: GeometryType,
    name: &NameColumn<'_>,
    output: &mut Output<'_>,
) -> Result<(), Stop> {
    let Some(geometry) = feature.geometry() else {
        output.skip(Skip::NoCoordinates);
        return Ok(());
    };
    // If the header declares the type of all features, they need not repeat it.
    let kind = match kind {
        GeometryType::Unknown => geometry.type_(),
        known => known,
    };
    if kind != GeometryType::Point && kind != GeometryType::MultiPoint {
        output.skip(Skip::NotAPoint);
        return Ok(());
    }
    let coordinates = geometry.xy().filter(|xy| !xy.is_empty());
    let Some(coordinates) = coordinates else {
        output.skip(Skip::NoCoordinates);
        return Ok(());
    };
    let single = kind == GeometryType::Point;
    if coordinates.len() % 2 != 0 || (single && coordinates.len() != 2) {
        let numbers = coordinates.len();
        let problem = format!("the geometry has {numbers} numbers");
        return output.reject(position, Reason::invalid(problem));
    }
    // GEOS writes empty points like this.
    if single && coordinates.iter().all(f64::is_nan) {
        output.skip(Skip::NoCoordinates);
        return Ok(());
    }
    match name.of(feature) {
        Ok(name) => {
            for index in (0..coordinates.len()).step_by(2) {
                let location = from_degrees(coordinates.get(index + 1), coordinates.get(index));
                output.row_of_bytes(position, location, &name)?;
            }
            Ok(())
        }
        Err(reason) => output.reject(position, reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;
    use crate::options::Naming;
    use crate::testing::{read_text, summary};

    /// A file with an index and eight features.
    const INDEXED: &[u8] = include_bytes!("../../tests/fixtures/indexed.fgb");

    /// Returns the offset of the first feature.
    fn features() -> usize {
        let header = u32::from_le_bytes(INDEXED[8..12].try_into().unwrap());
        let nodes = 8 + 1;
        12 + usize::try_from(header).unwrap() + nodes * 40
    }

    /// Returns the length of the feature at an offset, including the four bytes of its length.
    fn length(at: usize) -> usize {
        let length = u32::from_le_bytes(INDEXED[at..at + 4].try_into().unwrap());
        usize::try_from(length).unwrap() + 4
    }

    fn check_error(file: &[u8], expected: &str) {
        let found = read_text(Format::FlatGeobuf, file, &Options::default());
        assert_eq!(found, Err(format!("cannot import x: {expected}")));
    }

    /// Returns the file with some bytes replaced.
    fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut file = INDEXED.to_vec();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    }

    #[test]
    fn files_of_another_kind_are_refused() {
        let signature = "not flatgeobuf: the file does not begin with the signature";
        check_error(b"", signature);
        check_error(b"fgb", signature);
        check_error(b"lat,lon,name\n", signature);
        check_error(
            &patched(3, &[2]),
            "it is of version 2 of FlatGeobuf; only version 3 is read",
        );
        assert!(read_text(Format::FlatGeobuf, &patched(7, &[9]), &Options::default()).is_ok());
        check_error(&INDEXED[..8], "byte 8: the file ends within the header");
        check_error(
            &patched(8, &[0xff; 4]),
            "byte 8: the file ends within the header",
        );
        check_error(&patched(8, &[0; 4]), "byte 8: the header is too short");
    }

    #[test]
    fn a_file_that_ends_early_is_an_error_even_between_features() {
        let second = features() + length(features());
        check_error(
            &INDEXED[..features() - 1],
            &format!("byte {}: the file ends within the index", features() - 1),
        );
        check_error(
            &INDEXED[..second],
            &format!("byte {second}: the file ends within the features"),
        );
        check_error(
            &INDEXED[..second + 3],
            &format!("byte {second}: the file ends within a feature"),
        );
        check_error(
            &patched(second, &[0xff; 4]),
            &format!("byte {second}: the file ends within a feature"),
        );
    }

    #[test]
    fn a_file_that_goes_on_behind_its_last_feature_is_an_error() {
        let feature = &INDEXED[features()..][..length(features())];
        check_error(
            &[INDEXED, feature].concat(),
            &format!(
                "byte {}: there are bytes after the last of 8 features",
                INDEXED.len()
            ),
        );
    }

    #[test]
    fn a_feature_that_is_wrong_is_rejected() {
        let check = |file: &[u8], max_record_bytes, rejected, expected: &str| {
            let options = Options {
                max_record_bytes,
                ..Options::default()
            };
            let (items, outcome) = summary(Format::FlatGeobuf, file, &options);
            assert_eq!(outcome.unwrap().rejected, rejected);
            let message = items.iter().find(|item| item.starts_with("x: ")).unwrap();
            assert!(
                message.starts_with(&format!("x: byte {}, {expected}", features())),
                "{message}"
            );
        };
        check(
            INDEXED,
            20,
            8,
            "feature 1: the record is longer than 20 bytes",
        );
        let damaged = patched(features() + 4, &[0xff; 4]);
        check(&damaged, 1 << 20, 1, "feature 1: ");
    }

    #[test]
    fn the_name_can_be_another_column() {
        let load = |name_field: Option<&str>| {
            let options = Options {
                name: name_field.map_or(Naming::Nothing, |field| Naming::Field(field.to_owned())),
                ..Options::default()
            };
            let mut rows = read_text(Format::FlatGeobuf, INDEXED, &options)?;
            rows.sort();
            Ok::<_, String>(rows[0].clone())
        };
        assert_eq!(load(Some("id")), Ok("-1234567,7654321,7".into()));
        assert_eq!(load(None), Ok("-1234567,7654321,".into()));
        assert_eq!(
            load(Some("title")),
            Err("cannot import x: there is no column \"title\" for the name; the columns are id, name".into())
        );
    }
}
