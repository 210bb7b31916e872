//! What the parser's errors say, in words that fit a message about a file.

use serde_json::error::Category;

use crate::row::one_line;

/// Returns what an error says about a text without its position, which is one within a piece, but with the word there.
pub(crate) fn problem(error: &serde_json::Error, text: &[u8]) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let problem = message.strip_suffix(&position).unwrap_or(&message);
    let word = word(text, error.line(), error.column());
    match error.classify() {
        // Such a text is complete by its brackets, so the parser met the end of the piece, not of the file.
        Category::Eof => one_line("the value is not complete"),
        // The parser's own complaints about words do not show them.
        Category::Syntax if !word.is_empty() && !problem.contains("string") => {
            let word = one_line(&String::from_utf8_lossy(word));
            one_line(&format!("{problem}, found {word}"))
        }
        _ => one_line(problem),
    }
}

/// Returns the number or word at a place of a JSON text or right before it, empty if there is something else.
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
