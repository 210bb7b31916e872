//! The generated code of Route Guide: messages, servicer traits and stubs of the contracts in
//! `protos/`, and the conversions between wire points and [`E7Point`].
//!
//! It plays the part that the `_pb2` and `_pb2_grpc` modules play in the Python tutorials. Nothing
//! here is written by hand but the conversions; `build.rs` compiles the contracts on every build.
//!
//! ```
//! use route_guide_geo::E7Point;
//! use route_guide_proto::routeguide::Point;
//!
//! let wire = Point { latitude: 407_838_351, longitude: -746_143_763 };
//! let point = E7Point::try_from(wire)?;
//! assert_eq!(point.to_string(), "40.7838351,-74.6143763");
//! assert_eq!(Point::from(point), wire);
//! # Ok::<(), route_guide_geo::OutOfRange>(())
//! ```

use route_guide_geo::{E7Point, OutOfRange};

/// Package `routeguide`: the RouteGuide service and its messages.
pub mod routeguide {
    pub use crate::generated::routeguide::*;
}

/// Package `helloworld`: the Greeter of the quick start.
pub mod helloworld {
    pub use crate::generated::helloworld::*;
}

/// Package `hello`: the introduction's HelloService, one method of each kind, and its Person.
pub mod hello {
    pub use crate::generated::hello::*;
}

/// Package `grpc.health.v1`: the standard health service.
pub mod health {
    pub use crate::generated::health::*;
}

mod generated {
    #![expect(
        missing_docs,
        clippy::allow_attributes_without_reason,
        clippy::doc_markdown,
        clippy::default_trait_access,
        clippy::missing_errors_doc,
        clippy::must_use_candidate,
        clippy::too_many_lines,
        reason = "what the generator writes is not ours to style"
    )]

    pub(crate) mod routeguide {
        tonic::include_proto!("routeguide");
    }
    pub(crate) mod helloworld {
        tonic::include_proto!("helloworld");
    }
    pub(crate) mod hello {
        tonic::include_proto!("hello");
    }
    pub(crate) mod health {
        tonic::include_proto!("grpc.health.v1");
    }
}

/// Every contract as an encoded `google.protobuf.FileDescriptorSet`, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

impl From<E7Point> for routeguide::Point {
    fn from(point: E7Point) -> Self {
        Self {
            latitude: point.lat(),
            longitude: point.lon(),
        }
    }
}

impl TryFrom<routeguide::Point> for E7Point {
    type Error = OutOfRange;

    fn try_from(wire: routeguide::Point) -> Result<Self, OutOfRange> {
        Self::new(wire.latitude, wire.longitude)
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_types::{FileDescriptorProto, FileDescriptorSet};

    use super::FILE_DESCRIPTOR_SET;
    use super::routeguide::{Feature, Point};

    #[test]
    fn descriptor_set_holds_every_contract() {
        let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
        let mut packages: Vec<_> = set.file.iter().map(FileDescriptorProto::package).collect();
        packages.sort_unstable();
        assert_eq!(
            packages,
            ["grpc.health.v1", "hello", "helloworld", "routeguide"]
        );
    }

    #[test]
    fn a_location_of_zero_is_present_on_the_wire() {
        let nothing_there = Feature {
            name: String::new(),
            location: Some(Point::default()),
        };
        assert_eq!(nothing_there.encode_to_vec(), [0x12, 0x00]);
    }

    #[test]
    fn json_names_follow_the_protobuf_mapping_and_absent_fields_are_defaults() {
        let feature: Feature = serde_json::from_str(r#"{"location":{"latitude":1}}"#).unwrap();
        assert_eq!(feature.name, "");
        assert_eq!(
            feature.location,
            Some(Point {
                latitude: 1,
                longitude: 0
            })
        );
    }
}
