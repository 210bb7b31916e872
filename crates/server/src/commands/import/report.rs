//! What is reported of the records.

use std::fmt::Write as _;

use route_guide_import::Counts;

use crate::commands::progress::Display;
use crate::text::counted;
use crate::text::say;

/// How many rejected records are shown; all are counted.
const SHOWN: u64 = 20;

/// Rejected records: the first are shown, the rest counted.
#[derive(Debug, Default)]
pub(super) struct Rejects {
    count: u64,
}

impl Rejects {
    /// Counts one, and shows the line about it if it is among the first.
    pub(super) fn note(&mut self, line: impl FnOnce() -> String, display: &Display) {
        self.count += 1;
        if self.count <= SHOWN {
            display.say(&line());
        }
    }

    pub(super) fn tell_rest(&self) {
        match self.count.checked_sub(SHOWN) {
            None | Some(0) => {}
            Some(more) => {
                let records = counted(more, "more record is", "more records are");
                say(&format!("… and {records} wrong"));
            }
        }
    }
}

/// Says what became of the records of an input.
pub(super) fn summary(input: &str, counts: &Counts) -> String {
    let mut line = format!("{input}: {}", counted(counts.rows, "row", "rows"));
    for (count, one, many) in [
        (counts.unnamed, "without a name", "without a name"),
        (counts.rejected, "record wrong", "records wrong"),
        (
            counts.skipped.not_points,
            "skipped that is no point",
            "skipped that are no points",
        ),
        (
            counts.skipped.no_coordinates,
            "skipped without coordinates",
            "skipped without coordinates",
        ),
        (
            counts.skipped.no_name,
            "node skipped without a name",
            "nodes skipped without a name",
        ),
    ] {
        if count > 0 {
            // Writing to a string cannot fail.
            let _ = write!(line, ", {}", counted(count, one, many));
        }
    }
    line
}
