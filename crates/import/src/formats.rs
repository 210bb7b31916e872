//! The readers, one room a format.

pub(crate) mod flatgeobuf;
pub(crate) mod geojson;
pub(crate) mod gpx;
pub(crate) mod osm_pbf;
pub(crate) mod published;
pub(crate) mod table;
