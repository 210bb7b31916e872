//! Messages for the errors of the JSON parser.

use serde_json::error::Category;

use crate::rows::row::Reason;
use crate::text::encoding::Encoding;
use crate::text::one_line::one_line;
use crate::text::place::Place;

/// Returns the reason to reject a record for an error in its text. `encoding` is the original encoding of the text.
pub(crate) fn reason(error: &serde_json::Error, text: &[u8], encoding: Encoding) -> Reason {
    if std::str::from_utf8(text).is_err() && is_undecoded(error) {
        return Reason::NotDecoded { encoding };
    }
    Reason::invalid(problem(error, text))
}

fn is_undecoded(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("invalid unicode code point")
}

/// Returns the message of an error without its position, which is relative to the record, and with the invalid word.
pub(crate) fn problem(error: &serde_json::Error, text: &[u8]) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let problem = message.strip_suffix(&position).unwrap_or(&message);
    let word = word(text, error.line(), error.column());
    match error.classify() {
        // The brackets of the text are balanced, so this is the end of the record, not of the file.
        Category::Eof => one_line("the value is not complete"),
        // Where punctuation is expected, one character shows the error better than a word.
        Category::Syntax if problem.starts_with("expected `") => {
            match character(text, error.line(), error.column()) {
                Some(found) => one_line(&format!("{problem}, found {found:?}")),
                None => one_line(problem),
            }
        }
        // The messages of the parser do not show the word.
        Category::Syntax if !word.is_empty() && !problem.contains("string") => {
            let word = one_line(&String::from_utf8_lossy(word));
            one_line(&format!("{problem}, found {word}"))
        }
        _ => one_line(problem),
    }
}

/// Returns the place of an error in a text that begins at `start`.
pub(crate) fn place(error: &serde_json::Error, text: &[u8], start: Place) -> Place {
    let (mut line, mut column) = (error.line() as u64, error.column() as u64);
    if column == 0 && line > 1 {
        // The parser has already passed the line end that it reports.
        line -= 1;
        let lines = text.split(|&byte| byte == b'\n');
        let length = lines.take(error.line() - 1).last().map_or(0, <[u8]>::len);
        column = length as u64 + 1;
    }
    if line <= 1 {
        return Place {
            line: start.line,
            column: start.column + column.saturating_sub(1),
        };
    }
    Place {
        line: start.line + line - 1,
        column,
    }
}

/// Returns the character at a place of a JSON text.
fn character(text: &[u8], line: usize, column: usize) -> Option<char> {
    let line = text
        .split(|&byte| byte == b'\n')
        .nth(line.checked_sub(1)?)?;
    let rest = line.get(column.checked_sub(1)?..)?;
    String::from_utf8_lossy(&rest[..rest.len().min(4)])
        .chars()
        .next()
}

/// Returns the number or word at or directly before a place of a JSON text, empty if there is none.
fn word(text: &[u8], line: usize, column: usize) -> &[u8] {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-._".contains(byte);
    let line = text
        .split(|&byte| byte == b'\n')
        .nth(line.saturating_sub(1));
    let line = line.unwrap_or_default();
    let at = column.saturating_sub(1).min(line.len());
    let (before, after) = line.split_at(at);
    let start = before.iter().rposition(|byte| !is_part(byte));
    let start = start.map_or(0, |last| last + 1);
    let end = after.iter().position(|byte| !is_part(byte));
    let end = end.map_or(line.len(), |length| at + length);
    &line[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message showed the character before the wrong one.
    #[test]
    fn what_stands_in_the_place_of_punctuation_is_named() {
        let check = |text: &str, expected: &str| {
            let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
            assert_eq!(problem(&error, text.as_bytes()), expected, "{text}");
        };
        check(r#"[1,2"x"]"#, "expected `,` or `]`, found '\"'");
        check("[1 2]", "expected `,` or `]`, found '2'");
        check("[1\n ä]", "expected `,` or `]`, found 'ä'");
        check(r#"{"a" 1}"#, "expected `:`, found '1'");
        check(r#"{"a":1;}"#, "expected `,` or `}`, found ';'");
        check("[nope]", "expected ident, found nope");
    }
}
