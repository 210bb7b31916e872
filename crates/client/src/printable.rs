//! Text from a peer, made safe to show.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Escapes what could drive a terminal instead of being read: control characters, and the marks that reverse the
/// direction of the text around them. All other text is left as it is, backslashes too.
///
/// # Examples
///
/// ```
/// use route_guide_client::printable;
///
/// assert_eq!(printable("Grüße aus Kingston, NY \\o/"), "Grüße aus Kingston, NY \\o/");
/// assert_eq!(printable("\u{1b}[2J\nowned"), r"\u{1b}[2J\nowned");
/// ```
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(is_unsafe) else {
        return Cow::Borrowed(text);
    };
    let mut safe = text[..first].to_owned();
    for character in text[first..].chars() {
        if is_unsafe(character) {
            // Writing to a string cannot fail.
            let _ = write!(safe, "{}", character.escape_default());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn only_what_drives_a_terminal_is_escaped() {
        let check = |text, expected| assert_eq!(printable(text), expected);
        check("", "");
        check(
            "plain 'text' with \"quotes\" and \\",
            "plain 'text' with \"quotes\" and \\",
        );
        check("日本 🗺️ مرحبا", "日本 🗺️ مرحبا");
        check("a\tb\r\nc", r"a\tb\r\nc");
        check("\u{0}\u{7f}\u{9b}1m", r"\u{0}\u{7f}\u{9b}1m");
        check("\u{1b}]0;title\u{7}", r"\u{1b}]0;title\u{7}");
        check(
            "a\u{202e}b\u{2066}c\u{2028}",
            r"a\u{202e}b\u{2066}c\u{2028}",
        );
    }
}
