//! The answer to a rectangle, as bytes ready to be sent.

use std::fmt;
use std::iter::FusedIterator;

use bytes::Bytes;
use route_guide_geo::E7Rectangle;

use crate::hits::Hits;
use crate::image::Image;
use crate::region::CorruptRecord;

/// The records of the features in a rectangle, in data-set order: runs of whole records, as long as they lie together.
///
/// A record is what a gRPC server sends for a feature: the 5-byte prefix and the encoded `routeguide.Feature`. The runs
/// are parts of the store, not copies, and found one by one as they are asked for. A damaged record where a run would
/// begin or end is an error, after which there is nothing more.
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Records {
    image: Image,
    /// Absent after an error.
    hits: Option<Hits>,
}

impl Records {
    pub(crate) fn new(image: &Image, area: E7Rectangle) -> Self {
        Self {
            image: image.clone(),
            hits: Some(Hits::new(&image.index(), area)),
        }
    }
}

impl Iterator for Records {
    type Item = Result<Bytes, CorruptRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        let run = self.hits.as_mut()?.next_run(&self.image.index())?;
        let found = self.image.region().range(run);
        if found.is_err() {
            self.hits = None;
        }
        Some(found.map(|range| self.image.records(range)))
    }
}

impl FusedIterator for Records {}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("image", &self.image)
            .finish_non_exhaustive()
    }
}
