//! The answer to a rectangle, as bytes ready to be sent.

use std::fmt;
use std::iter::FusedIterator;
use std::ops::Range;

use bytes::Bytes;
use route_guide_geo::E7Rectangle;

use crate::format::error::CorruptRecord;
use crate::format::image::Image;
use crate::index::Index;
use crate::index::hits::Hits;

/// The records of the features in a rectangle, in data-set order, in pieces of consecutive whole records.
///
/// A record is what a gRPC server sends for a feature: the 5-byte prefix and the encoded `routeguide.Feature`. The
/// pieces are slices of the store, not copies. Each is found and checked when it is requested. A piece has up to
/// about 256 KiB, or eight records if those are longer.
///
/// An **empty** piece is a pause: the search has run for about a tenth of a millisecond since the last one. A thread
/// with other work should do it now. A damaged record is an error and ends the iterator.
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Records {
    image: Image,
    /// Absent after an error.
    hits: Option<Hits>,
    /// The rest of the current run.
    run: Range<u32>,
}

impl Records {
    pub(crate) fn new(image: &Image, area: E7Rectangle) -> Self {
        Self {
            image: image.clone(),
            hits: Some(Hits::new(&Index::of(image), area)),
            run: 0..0,
        }
    }
}

impl Iterator for Records {
    type Item = Result<Bytes, CorruptRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        let hits = self.hits.as_mut()?;
        if self.run.is_empty() {
            self.run = hits.next_run(&Index::of(&self.image))?;
            if self.run.is_empty() {
                return Some(Ok(Bytes::new()));
            }
        }
        let found = self.image.region().piece(self.run.clone());
        let found = found.map(|(piece, past)| {
            self.run.start = past;
            self.image.records(piece)
        });
        if found.is_err() {
            self.hits = None;
        }
        Some(found)
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
