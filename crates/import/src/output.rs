//! Where readers put what they find.

use std::ops::ControlFlow;
use std::sync::Arc;

use route_guide_geo::E7Point;

use crate::fault::Stop;
use crate::item::{Detected, Item, Notice, Subject};
use crate::position::Position;
use crate::progress::Progress;
use crate::row::{Counts, Reason, Rejected, Row, Skip};
use crate::text::encoding::Encoding;
use crate::text::one_line::one_line;

/// How many times as long as a piece of the input the names of its rows may be together.
///
/// In some formats many points share one name that is written once: a thousand bytes could become as many megabytes. A
/// point takes six bytes or more, so that names of up to 384 bytes are never too many, nor are 64 points.
const SHARED: u64 = 64;

/// The taker of rows, as the readers see it.
pub(crate) type Sink<'s> = dyn FnMut(Item<'_>) -> ControlFlow<()> + 's;

/// Counts what a reader finds and hands it on.
pub(crate) struct Output<'s> {
    sink: &'s mut Sink<'s>,
    input: Arc<str>,
    progress: Progress,
    max_name_bytes: usize,
    /// The encoding that the text is decoded from.
    encoding: Encoding,
    shared: Option<Shared>,
    /// The fields of a record that has no name.
    fields: Option<String>,
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

    /// Hands on what was found out about the input, if that is anything.
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

    /// Notes the fields of a record in which there is none for the name; the first such record is enough.
    pub(crate) fn nameless(&mut self, fields: impl FnOnce() -> String) {
        if self.fields.is_none() {
            self.fields = Some(fields());
        }
    }

    /// Returns the fields that there are, if there are some and no row has a name.
    pub(crate) fn unnamed_fields(&self) -> Option<&str> {
        let fields = self.fields.as_deref().filter(|fields| !fields.is_empty());
        fields.filter(|_| self.counts.rows > 0 && self.counts.unnamed == self.counts.rows)
    }

    /// Says that the rows from here on come from a piece of this length, in which they may share a name.
    pub(crate) fn share(&mut self, piece_bytes: usize) {
        self.shared = Some(Shared {
            piece_bytes,
            left_bytes: SHARED * piece_bytes as u64,
        });
    }

    /// Hands on a row whose name is text already, without the blanks around the name.
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

    /// Hands on a row whose name may be no text.
    pub(crate) fn row_of_bytes(
        &mut self,
        position: Position,
        location: Result<E7Point, Reason>,
        name: &[u8],
    ) -> Result<(), Stop> {
        if let Ok(name) = std::str::from_utf8(name) {
            return self.row(position, location, name);
        }
        // What is wrong with the location comes first, as in the other formats.
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

    /// Hands on a record that should have been a row.
    pub(crate) fn reject(&mut self, position: Position, reason: Reason) -> Result<(), Stop> {
        self.counts.rejected += 1;
        self.progress.set_rejected(self.counts.rejected);
        flow((self.sink)(Item::Rejected(Rejected {
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

/// Returns a name without the blanks around it.
fn trimmed(name: &str) -> &str {
    // Most names begin and end with a letter, and to see that is cheaper than to look for blanks of all scripts.
    let bytes = name.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) if first.is_ascii_graphic() && last.is_ascii_graphic() => name,
        _ => name.trim(),
    }
}
