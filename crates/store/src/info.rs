//! What is in a snapshot.

use route_guide_geo::E7Rectangle;

use crate::build::builder::Order;
use crate::build::plan::{Head, Plan};
use crate::format::header::VERSION;
use crate::format::image::Image;
use crate::format::layout::Layout;
use crate::format::section::Section;

/// What is in a data set, told without reading its records.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// The version of the file format.
    pub format_version: u32,
    /// The data-set version, as [`Store::version`](crate::Store::version) returns it.
    pub version: u64,
    /// How many features there are.
    pub features: u64,
    /// The order of the features. One in which an input happened to be in curve order counts as [`Order::Spatial`].
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
    /// Where it begins, in bytes from the beginning of the file.
    pub offset: u64,
    /// Its length.
    pub bytes: u64,
    /// The checksum that is stored for it.
    pub checksum: u32,
}

impl Info {
    /// Tells what is in an image.
    pub(crate) fn of(image: &Image) -> Self {
        let extent = image.index().bounds();
        let checksum = |section| image.checksum(section);
        Self::with(image.layout(), image.version(), extent, checksum)
    }

    /// Tells what has been written.
    pub(crate) fn new(plan: &Plan, head: &Head) -> Self {
        let checksum = |section: Section| head.checksums[section.index()];
        Self::with(plan.layout(), head.version, plan.extent(), checksum)
    }

    fn with(
        layout: &Layout,
        version: u64,
        extent: Option<E7Rectangle>,
        checksum: impl Fn(Section) -> u32,
    ) -> Self {
        let section = |section| {
            let range = layout.range(section);
            SectionInfo {
                section,
                offset: range.start as u64,
                bytes: range.len() as u64,
                checksum: checksum(section),
            }
        };
        Self {
            format_version: VERSION,
            version,
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
