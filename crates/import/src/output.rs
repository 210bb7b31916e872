//! Counting what the readers find and passing it to the sink.

use std::ops::ControlFlow;
use std::sync::Arc;

use route_guide_geo::E7Point;

use crate::fault::Stop;
use crate::progress::Progress;
use crate::rows::item::{Detected, Item, Notice, Subject};
use crate::rows::position::Position;
use crate::rows::row::{Counts, Reason, Rejected, Row, Skip};
use crate::text::encoding::Encoding;
use crate::text::one_line::one_line;

/// The greatest total length of the names of a piece of the input, as a multiple of its length.
///
/// In some formats many points share one name that is written once, so that a thousand bytes could become as many
/// megabytes. A point takes at least six bytes, so names of up to 384 bytes never exceed the limit, nor do 64 points.
const SHARED: u64 = 64;

/// The sink as the readers see it.
pub(crate) type Sink<'s> = dyn FnMut(Item<'_>) -> ControlFlow<()> + 's;

pub(crate) struct Output<'s> {
    sink: &'s mut Sink<'s>,
    input: Arc<str>,
    progress: Progress,
    max_name_bytes: usize,
    /// The original encoding of the text.
    encoding: Encoding,
    shared: Option<Shared>,
    /// The fields of the first record without a name.
    fields: Option<String>,
    counts: Counts,
}

/// A piece of the input whose rows can share names.
#[derive(Clone, Copy)]
struct Shared {
    piece_bytes: usize,
    /// The bytes of names that are left to it.
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
            encoding: Encoding::UTF_8,
            shared: None,
            fields: None,
            counts: Counts::default(),
        }
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) const fn max_name_bytes(&self) -> usize {
        self.max_name_bytes
    }

    pub(crate) const fn encoding(&self) -> Encoding {
        self.encoding
    }

    pub(crate) const fn set_encoding(&mut self, encoding: Encoding) {
        self.encoding = encoding;
    }

    /// Passes on what was detected about the input, if anything.
    pub(crate) fn detected(&mut self, detected: Detected) -> Result<(), Stop> {
        if detected.is_nothing() {
            return Ok(());
        }
        self.notice(Subject::Detected(detected))
    }

    pub(crate) fn notice(&mut self, subject: Subject) -> Result<(), Stop> {
        flow((self.sink)(Item::Notice(Notice {
            input: Arc::clone(&self.input),
            subject,
        })))
    }

    /// Records the fields of the first record without a name.
    pub(crate) fn nameless(&mut self, fields: impl FnOnce() -> String) {
        if self.fields.is_none() {
            self.fields = Some(fields());
        }
    }

    /// Returns the fields of that record if no row has a name.
    pub(crate) fn unnamed_fields(&self) -> Option<&str> {
        let fields = self.fields.as_deref().filter(|fields| !fields.is_empty());
        fields.filter(|_| self.counts.rows > 0 && self.counts.unnamed == self.counts.rows)
    }

    /// Starts a piece of this length, whose rows can share a name.
    pub(crate) fn share(&mut self, piece_bytes: usize) {
        self.shared = Some(Shared {
            piece_bytes,
            left_bytes: SHARED * piece_bytes as u64,
        });
    }

    /// Passes on a row, and removes the blanks around its name.
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
        let name = trimmed(name);
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
        flow((self.sink)(Item::Row(Row { location, name })))
    }

    /// Passes on a row whose name may be invalid UTF-8.
    pub(crate) fn row_of_bytes(
        &mut self,
        position: Position,
        location: Result<E7Point, Reason>,
        name: &[u8],
    ) -> Result<(), Stop> {
        if let Ok(name) = std::str::from_utf8(name) {
            return self.row(position, location, name);
        }
        // An invalid location is reported first, as in the other formats.
        let reason = location.err().unwrap_or_else(|| self.undecoded(name));
        self.reject(position, reason)
    }

    /// Returns the reason to reject a record with a name that could not be decoded.
    pub(crate) fn undecoded(&self, name: &[u8]) -> Reason {
        Reason::NameNotDecoded {
            encoding: self.encoding,
            name: one_line(&String::from_utf8_lossy(name)),
        }
    }

    /// Passes on a rejected record.
    pub(crate) fn reject(&mut self, position: Position, reason: Reason) -> Result<(), Stop> {
        self.counts.rejected += 1;
        self.progress.set_rejected(self.counts.rejected);
        flow((self.sink)(Item::Rejected(Rejected {
            input: Arc::clone(&self.input),
            position,
            reason,
        })))
    }

    /// Counts a skipped record.
    pub(crate) fn skip(&mut self, why: Skip) {
        self.skip_many(why, 1);
    }

    /// Counts several skipped records.
    pub(crate) fn skip_many(&mut self, why: Skip, records: u64) {
        let skipped = &mut self.counts.skipped;
        *match why {
            Skip::NotAPoint => &mut skipped.not_points,
            Skip::NoCoordinates => &mut skipped.no_coordinates,
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

/// Trims a name.
fn trimmed(name: &str) -> &str {
    // Most names begin and end with a letter, which is cheaper to check than all Unicode blanks.
    let bytes = name.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) if first.is_ascii_graphic() && last.is_ascii_graphic() => name,
        _ => name.trim(),
    }
}
