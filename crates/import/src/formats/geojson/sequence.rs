//! `GeoJSON` texts, one per line or each after a record separator (RFC 8142).
//!
//! If the first byte is a record separator, all texts have one and may span several lines. An invalid or truncated
//! text is rejected and the next one is read.

use std::io::BufRead;

use crate::fault::Stop;
use crate::formats::geojson::feature::Features;
use crate::input::Bytes;
use crate::json::{self, reason};
use crate::options::Options;
use crate::output::Output;
use crate::rows::position::Position;
use crate::rows::row::Reason;
use crate::text::lines::{Line, until};
use crate::text::place::Place;

pub(super) const RECORD_SEPARATOR: u8 = 0x1e;

pub(crate) fn read(
    mut bytes: Bytes,
    options: &Options,
    output: &mut Output<'_>,
) -> Result<(), Stop> {
    let delimiter = match bytes.fill_buf()?.first() {
        Some(&RECORD_SEPARATOR) => RECORD_SEPARATOR,
        _ => b'\n',
    };
    let limit_bytes = options.max_record_bytes;
    let mut features = Features::new(options);
    let mut place = Place::START;
    let mut record = Vec::new();
    loop {
        let line = until(&mut bytes, delimiter, limit_bytes, &mut record)?;
        let start = place;
        match line {
            Line::End => return Ok(()),
            Line::TooLong { lines } => {
                let position = Position::Line { line: start.line };
                output.reject(position, Reason::TooLong { limit_bytes })?;
                place.line += lines;
                place.column = 1;
            }
            Line::Whole => {
                place.advance(&record);
                let text = record.strip_suffix(&[delimiter]).unwrap_or(&record);
                let blanks = text.len() - text.trim_ascii_start().len();
                let mut start = start;
                start.advance(&text[..blanks]);
                let text = text[blanks..].trim_ascii_end();
                // Lines of a list that was split into lines keep their commas.
                let text = text.strip_suffix(b",").map_or(text, <[u8]>::trim_ascii_end);
                if text.is_empty() {
                    continue;
                }
                let position = Position::Line { line: start.line };
                let encoding = output.encoding();
                let blame = |error: &_| {
                    let place = json::place(error, text, start);
                    (place.position(), reason(error, text, encoding))
                };
                features.read(text, position, blame, output)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;
    use crate::testing::read_text;

    fn load(text: &str) -> Result<Vec<String>, String> {
        let options = Options {
            max_record_bytes: 300,
            ..Options::default()
        };
        read_text(Format::GeoJsonSeq, text.as_bytes(), &options)
    }

    fn feature(name: &str) -> String {
        format!(
            r#"{{"type": "Feature", "geometry": {{"type": "Point", "coordinates": [1, 2]}}, "properties": {{"name": "{name}"}}}}"#
        )
    }

    fn check(text: &str, expected: &[&str]) {
        let expected = expected
            .iter()
            .map(|line| match line.strip_prefix("line") {
                Some(rest) => format!("x: line{rest}"),
                None => format!("20000000,10000000,{line}"),
            })
            .collect();
        assert_eq!(
            load(text),
            Ok(expected),
            "{}",
            text.chars().take(400).collect::<String>()
        );
    }

    #[test]
    fn lines_are_read_one_by_one() {
        let (a, b) = (feature("a"), feature("b"));
        check("", &[]);
        check("\n\r\n", &[]);
        check(&format!("\u{feff}{a}\n{b}\n"), &["a", "b"]);
        check(&format!("{a}\r\n\n  {b}"), &["a", "b"]);
        check(&format!("{a},\n{b} , \r\n{a}"), &["a", "b", "a"]);
        check(
            &format!("{a}\n{{\"type\n{b}\n7\n [1,}} \n{a}"),
            &[
                "a",
                "line 2, column 6: the value is not complete",
                "b",
                "line 4: not an object",
                "line 5, column 5: expected value",
                "a",
            ],
        );
        check(
            &format!("{a} {b}\n{{\"type\": \"FeatureCollection\", \"features\": []}}"),
            &[
                "line 1, column 104: trailing characters",
                "line 2: type \"FeatureCollection\" is not a feature",
            ],
        );
    }

    #[test]
    fn record_separators_allow_texts_of_several_lines() {
        let pretty = feature("a").replace(", ", ",\n");
        let b = feature("b");
        check(
            &format!("\u{1e}{pretty}\n\u{1e}{b}\n\u{1e}\n\u{1e}{{\"type\":\n\"Fea\u{1e}{b}"),
            &["a", "b", "line 9, column 4: the value is not complete", "b"],
        );
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped() {
        let (a, long) = (feature("a"), feature(&"x".repeat(1 << 20)));
        let too_long = "line 2: the record is longer than 300 bytes";
        check(&format!("{a}\n{long}\n{a}"), &["a", too_long, "a"]);
        check(&format!("{a}\n{long}"), &["a", too_long]);
        check(
            &format!("\u{1e}{a}\n\u{1e}\n\n{long}\n\u{1e}{a}\u{1e}7"),
            &["a", too_long, "a", "line 5: not an object"],
        );
    }
}
