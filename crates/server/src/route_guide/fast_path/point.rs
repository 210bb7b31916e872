//! Points decoded where they lie.

use prost::Message;
use route_guide_proto::routeguide::Point;
use tonic::Status;

/// The keys of `latitude = 1` and `longitude = 2`, both varints.
const LATITUDE: u8 = 0x08;
const LONGITUDE: u8 = 0x10;

/// Decodes a point as [`prost`] does, and faster for the bytes that clients really send.
///
/// # Errors
///
/// `INTERNAL` if the bytes are no message.
pub(crate) fn decode_point(message: &[u8]) -> Result<Point, Status> {
    match plain_point(message) {
        Some(point) => Ok(point),
        // Unknown fields, other wire types and errors are left to the library.
        None => Point::decode(message).map_err(|error| Status::internal(error.to_string())),
    }
}

fn plain_point(mut message: &[u8]) -> Option<Point> {
    let mut point = Point::default();
    while let Some((&key, rest)) = message.split_first() {
        let (value, rest) = varint(rest)?;
        match key {
            LATITUDE => point.latitude = value,
            LONGITUDE => point.longitude = value,
            _ => return None,
        }
        message = rest;
    }
    Some(point)
}

/// Reads an `int32`: negative numbers take ten bytes, of which the low 32 bits count.
fn varint(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let mut value = 0u64;
    let mut shift = 0;
    for (index, &byte) in bytes.iter().enumerate().take(10) {
        // A tenth byte above 1 would not fit into 64 bits: prost has the error for it.
        if index == 9 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            #[expect(clippy::cast_possible_truncation, reason = "protobuf's rule for int32")]
            return Some((value as i32, &bytes[index + 1..]));
        }
        shift += 7;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_point_decodes_to_itself(latitude: i32, longitude: i32) {
            let point = Point { latitude, longitude };
            prop_assert_eq!(plain_point(&point.encode_to_vec()), Some(point));
        }

        #[test]
        fn any_bytes_decode_as_the_library_decodes_them(message in vec(any::<u8>(), 0..24)) {
            let ours = decode_point(&message).ok();
            prop_assert_eq!(ours, Point::decode(message.as_slice()).ok());
        }

        #[test]
        fn bytes_that_look_like_points_decode_as_the_library_decodes_them(
            message in vec(prop_oneof![Just(0x08), Just(0x10), Just(0xff), Just(0x01), any::<u8>()], 0..24),
        ) {
            let ours = decode_point(&message).ok();
            prop_assert_eq!(ours, Point::decode(message.as_slice()).ok());
        }
    }
}
