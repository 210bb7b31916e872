//! Where readers put what they find.

use std::ops::ControlFlow;
use std::sync::Arc;

use route_guide_geo::E7Point;

use crate::fault::Stop;
use crate::position::Position;
use crate::progress::Progress;
use crate::row::{Counts, Reason, Rejected, Row, Skip};

/// How many times as long as a piece of the input the names of its rows may be together.
///
/// In some formats many points share one name that is written once: a thousand bytes could become as many megabytes. A
/// point takes six bytes or more, so that names of up to 384 bytes are never too many, nor are 64 points.
const SHARED: u64 = 64;

/// The taker of rows, as the readers see it.
pub(crate) type Sink<'s> = dyn FnMut(Result<Row<'_>, Rejected>) -> ControlFlow<()> + 's;

/// Counts what a reader finds and hands it on.
pub(crate) struct Output<'s> {
    sink: &'s mut Sink<'s>,
    input: Arc<str>,
    progress: Progress,
    max_name_bytes: usize,
    shared: Option<Shared>,
    counts: Counts,
}

/// A piece of the input whose rows share names.
#[derive(Clone, Copy)]
struct Shared {
    piece_bytes: usize,
    /// How many bytes its names may still have.
    left_bytes: u64,
}

impl<'s> Output<'s> {
    pub(crate) fn new(
        sink: &'s mut Sink<'s>,
        input: Arc<str>,
        progress: Progress,
        max_name_bytes: usize,
    ) -> Self {
        Self {
            sink,
            input,
            progress,
            max_name_bytes,
            shared: None,
            counts: Counts::default(),
        }
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) const fn max_name_bytes(&self) -> usize {
        self.max_name_bytes
    }

    /// Says that the rows from here on come from a piece of this length, in which they may share a name.
    pub(crate) fn share(&mut self, piece_bytes: usize) {
        self.shared = Some(Shared {
            piece_bytes,
            left_bytes: SHARED * piece_bytes as u64,
        });
    }

    /// Hands on a row whose name is text already.
    pub(crate) fn row(
        &mut self,
        position: Position,
        location: Result<E7Point, Reason>,
        name: &str,
    ) -> Result<(), Stop> {
        let location = match location {
            Ok(location) => location,
            Err(reason) => return self.reject(position, reason),
        };
        if name.len() > self.max_name_bytes {
            let limit_bytes = self.max_name_bytes;
            return self.reject(position, Reason::NameTooLong { limit_bytes });
        }
        if let Some(shared) = &mut self.shared {
            let Some(left_bytes) = shared.left_bytes.checked_sub(name.len() as u64) else {
                let reason = Reason::NamesTooLong {
                    piece_bytes: shared.piece_bytes,
                    limit_bytes: SHARED * shared.piece_bytes as u64,
                };
                return self.reject(position, reason);
            };
            shared.left_bytes = left_bytes;
        }
        self.counts.rows += 1;
        self.counts.unnamed += u64::from(name.is_empty());
        self.progress.set_rows(self.counts.rows);
        flow((self.sink)(Ok(Row { location, name })))
    }

    /// Hands on a row whose name may be no text.
    pub(crate) fn row_of_bytes(
        &mut self,
        position: Position,
        location: Result<E7Point, Reason>,
        name: &[u8],
    ) -> Result<(), Stop> {
        match std::str::from_utf8(name) {
            Ok(name) => self.row(position, location, name),
            // What is wrong with the location comes first, as in the other formats.
            Err(error) => {
                let byte = error.valid_up_to();
                let reason = location.err().unwrap_or(Reason::NameNotUtf8 { byte });
                self.reject(position, reason)
            }
        }
    }

    /// Hands on a record that should have been a row.
    pub(crate) fn reject(&mut self, position: Position, reason: Reason) -> Result<(), Stop> {
        self.counts.rejected += 1;
        self.progress.set_rejected(self.counts.rejected);
        flow((self.sink)(Err(Rejected {
            input: Arc::clone(&self.input),
            position,
            reason,
        })))
    }

    /// Counts a record that is sound and no place.
    pub(crate) fn skip(&mut self, why: Skip) {
        self.skip_many(why, 1);
    }

    /// Counts several records that are sound and no places.
    pub(crate) fn skip_many(&mut self, why: Skip, records: u64) {
        let skipped = &mut self.counts.skipped;
        *match why {
            Skip::NotAPoint => &mut skipped.not_points,
            Skip::NoGeometry => &mut skipped.no_geometry,
            Skip::NoName => &mut skipped.no_name,
        } += records;
        self.progress.set_skipped(self.counts.skipped.total());
    }
}

fn flow(flow: ControlFlow<()>) -> Result<(), Stop> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Stop::Enough),
    }
}
