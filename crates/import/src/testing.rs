//! Imports from memory for unit tests.

use std::io::Cursor;
use std::ops::ControlFlow;

use crate::format::Format;
use crate::import::Import;
use crate::options::Options;
use crate::rows::item::Item;
use crate::rows::row::Counts;

/// Imports bytes as an input called `x`. Returns `lat,lon,name`, rejected records and notices in order, and the
/// outcome.
pub(crate) fn summary(
    format: Format,
    bytes: &[u8],
    options: &Options,
) -> (Vec<String>, Result<Counts, String>) {
    let options = Options {
        format: Some(format),
        ..options.clone()
    };
    let import = Import::from_reader("x", Cursor::new(bytes.to_vec()), options).unwrap();
    let progress = import.progress();
    let (mut items, mut notices) = (Vec::new(), 0);
    let outcome = import.run(|item| {
        items.push(match item {
            Item::Row(row) => format!("{},{}", row.location.e7(), row.name),
            Item::Rejected(rejected) => rejected.to_string(),
            Item::Notice(notice) => {
                notices += 1;
                notice.to_string()
            }
        });
        ControlFlow::<()>::Continue(())
    });
    let records = items.len() as u64 - notices;
    assert_eq!(progress.rows() + progress.rejected(), records);
    let outcome = match outcome {
        Ok(ControlFlow::Continue(counts)) => {
            assert_eq!(counts.rows + counts.rejected, records);
            assert_eq!(counts.skipped.total(), progress.skipped());
            assert_eq!(progress.bytes_read(), bytes.len() as u64);
            Ok(counts)
        }
        Ok(ControlFlow::Break(())) => unreachable!("the sink never breaks off"),
        Err(error) => Err(error.to_string()),
    };
    (items, outcome)
}

/// Imports bytes as an input called `x`. Returns `lat,lon,name`, rejected records and notices in order, or the error.
pub(crate) fn read_text(
    format: Format,
    bytes: &[u8],
    options: &Options,
) -> Result<Vec<String>, String> {
    let (items, outcome) = summary(format, bytes, options);
    outcome.map(|_| items)
}
