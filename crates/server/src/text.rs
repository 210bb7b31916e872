//! Texts for people: lines on stderr, and the parts of messages.

use std::borrow::Cow;
use std::io::{self, Write as _};

/// Writes a line to stderr, [escaped](escaped).
pub(crate) fn say(line: &str) {
    // Nobody is left to tell if stderr is closed.
    let _ = writeln!(io::stderr(), "{}", escaped(line));
}

/// Escapes what drives a terminal: file names may contain line breaks, escape sequences and marks that reverse text.
pub(crate) fn escaped(line: &str) -> Cow<'_, str> {
    let drives = |character: char| {
        character.is_control()
            || matches!(
                character,
                '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            )
    };
    if !line.contains(drives) {
        return Cow::Borrowed(line);
    }
    let one = |character: char| match character {
        harmless if !drives(harmless) => harmless.to_string(),
        _ => character.escape_default().to_string(),
    };
    Cow::Owned(line.chars().map(one).collect())
}

/// Returns a number with the noun in the form that goes with it.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Cuts a text at a character, so that it has at most `most_bytes` bytes, of which the last are `…` if it is cut.
pub(crate) fn shortened(text: &str, most_bytes: usize) -> Cow<'_, str> {
    const ELLIPSIS: &str = "…";
    if text.len() <= most_bytes {
        return Cow::Borrowed(text);
    }
    let mut end = most_bytes.saturating_sub(ELLIPSIS.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(text[..end].to_owned() + ELLIPSIS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_drives_a_terminal_is_escaped() {
        let check = |line, expected| assert_eq!(escaped(line), expected);
        check(r#"no "Füße\" in 日本 🗺️"#, r#"no "Füße\" in 日本 🗺️"#);
        check("a\nb\u{1b}[31m\u{9b}\u{7f}", r"a\nb\u{1b}[31m\u{9b}\u{7f}");
        check(
            "\u{202e}\u{2066}\u{200f}\u{61c}\u{2029}",
            r"\u{202e}\u{2066}\u{200f}\u{61c}\u{2029}",
        );
    }

    #[test]
    fn a_text_is_cut_at_a_character() {
        assert_eq!(shortened("日本", 6), "日本");
        assert_eq!(shortened("日本語", 8), "日…");
        assert_eq!(shortened("abcdefgh", 6), "abc…");
    }
}
