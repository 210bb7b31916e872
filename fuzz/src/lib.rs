//! What has to hold for any bytes that an importer is given.

use std::io::{self, Cursor, Read};
use std::ops::ControlFlow;

use route_guide_import::{Fault, Format, Import, Item, Options};

/// Reads bytes as a format, whole and in small pieces, with the usual limits and with tight ones.
///
/// # Panics
///
/// If a promise of the importer is broken.
pub fn import(format: Format, bytes: &[u8]) {
    import_with(format, bytes, &Options::default());
    let tight = Options {
        max_name_bytes: 10,
        max_record_bytes: 100,
        ..Options::default()
    };
    import_with(format, bytes, &tight);
}

/// Reads bytes as a format, whole and in small pieces.
///
/// # Panics
///
/// If a promise of the importer is broken.
pub fn import_with(format: Format, bytes: &[u8], options: &Options) {
    let whole = outcome(format, Cursor::new(bytes.to_vec()), options);
    let step = 1 + bytes.len() % 7;
    let pieces = Pieces {
        bytes: Cursor::new(bytes.to_vec()),
        step,
    };
    let pieces = outcome(format, pieces, options);
    // What is in a file does not depend on how it is read; only how far a broken compression can be read does.
    if let (Some(whole), Some(pieces)) = (whole, pieces) {
        assert_eq!(whole, pieces, "{step} bytes at a time");
    }
}

/// Everything that comes out, as text; `None` if the bytes cannot be had.
fn outcome(
    format: Format,
    reader: impl Read + Send + 'static,
    options: &Options,
) -> Option<Vec<String>> {
    let options = Options {
        format: Some(format),
        ..options.clone()
    };
    let max_name_bytes = options.max_name_bytes;
    let import = Import::from_reader("x", reader, options).expect("the format is named");
    let (mut rows, mut rejected) = (0, 0);
    let mut seen = Vec::new();
    let ended = import.run(|item| {
        match item {
            Item::Row(row) => {
                rows += 1;
                assert!(row.name.len() <= max_name_bytes, "{} bytes", row.name.len());
                assert!(row.location.lat().abs() <= 900_000_000);
                assert!(row.location.lon().abs() <= 1_800_000_000);
                seen.push(format!("{} {}", row.location, row.name));
            }
            Item::Rejected(reason) => {
                rejected += 1;
                seen.push(plain(reason.to_string()));
            }
            Item::Notice(notice) => seen.push(plain(notice.to_string())),
        }
        ControlFlow::<()>::Continue(())
    });
    let last = match ended {
        Ok(ControlFlow::Continue(counts)) => {
            assert_eq!((counts.rows, counts.rejected), (rows, rejected));
            format!("{counts:?}")
        }
        Ok(ControlFlow::Break(())) => unreachable!("the sink never breaks off"),
        Err(error) => {
            let message = plain(error.to_string());
            if matches!(error.fault(), Fault::Read { .. }) {
                return None;
            }
            message
        }
    };
    seen.push(last);
    Some(seen)
}

/// A message fits on a line, whatever the file contains.
fn plain(message: String) -> String {
    let plain = !message.chars().any(char::is_control);
    assert!(plain && message.len() < 2_000, "{message:?}");
    message
}

/// A reader that gives a few bytes at a time, as a pipe may.
struct Pieces {
    bytes: Cursor<Vec<u8>>,
    step: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let some = buffer.len().min(self.step);
        self.bytes.read(&mut buffer[..some])
    }
}
