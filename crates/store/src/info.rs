//! What is in a snapshot.

use route_guide_geo::E7Rectangle;

use crate::build::order::Order;
use crate::format::header::Header;
use crate::format::layout::VERSION;
use crate::format::section::Section;

/// What the header of a data set says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// The version of the file format.
    pub format_version: u32,
    /// The data-set version, as [`Store::version`](crate::Store::version) returns it.
    pub version: u64,
    /// The number of features.
    pub features: u64,
    /// The order of the features. An input that happened to be in curve order counts as [`Order::Spatial`].
    pub order: Order,
    /// The smallest rectangle around all features, if there are any.
    pub extent: Option<E7Rectangle>,
    /// The length of the file.
    pub file_bytes: u64,
    /// The sections in the order of the file.
    pub sections: Vec<SectionInfo>,
}

/// One section of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SectionInfo {
    /// Which section.
    pub section: Section,
    /// Its offset, in bytes from the beginning of the file.
    pub offset: u64,
    /// Its length.
    pub bytes: u64,
    /// The checksum that is stored for it.
    pub checksum: u32,
}

impl Info {
    pub(crate) fn new(header: &Header, extent: Option<E7Rectangle>) -> Self {
        let layout = &header.layout;
        let section = |section: Section| {
            let range = layout.range(section);
            SectionInfo {
                section,
                offset: range.start as u64,
                bytes: range.len() as u64,
                checksum: header.checksums[section.index()],
            }
        };
        Self {
            format_version: VERSION,
            version: header.version,
            features: layout.len() as u64,
            order: if layout.has_order() {
                Order::Input
            } else {
                Order::Spatial
            },
            extent,
            file_bytes: layout.file_bytes() as u64,
            sections: layout.sections().map(section).collect(),
        }
    }
}
