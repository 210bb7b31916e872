//! Text from a peer, made safe to show.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// Escapes what could drive a terminal instead of being read: control characters, line and paragraph separators, and the
/// marks that change the direction of the text around them. All other text is left as it is, backslashes too.
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
    escaped(text, |safe, character| {
        write!(safe, "{}", character.escape_default())
    })
}

/// Returns the beginning of a text that is longer than so many characters, with a mark where it was cut.
pub(crate) fn shortened(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Lines that are shown with everything in them escaped but their line breaks, whatever they are made of.
pub(crate) struct Lines<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Lines<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive('\n') {
            let line = part.strip_suffix('\n');
            self.0.write_str(&printable(line.unwrap_or(part)))?;
            if line.is_some() {
                self.0.write_char('\n')?;
            }
        }
        Ok(())
    }
}

/// Escapes the same in JSON on a single line, in which such characters occur only in strings.
pub(crate) fn printable_json(json: &str) -> Cow<'_, str> {
    escaped(json, |safe, character| {
        write!(safe, "\\u{:04x}", u32::from(character))
    })
}

fn escaped(text: &str, escape: impl Fn(&mut String, char) -> fmt::Result) -> Cow<'_, str> {
    let Some(first) = text.find(is_unsafe) else {
        return Cow::Borrowed(text);
    };
    let mut safe = text[..first].to_owned();
    for character in text[first..].chars() {
        if is_unsafe(character) {
            // Writing to a string cannot fail.
            let _ = escape(&mut safe, character);
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// All of these have four hexadecimal digits.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::{Lines, printable, printable_json};

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
            "a\u{202e}b\u{2066}c\u{2028}\u{200f}\u{61c}",
            r"a\u{202e}b\u{2066}c\u{2028}\u{200f}\u{61c}",
        );
    }

    /// What a terminal acts upon, spelled out here: C0 and DEL, C1, the separators, and Unicode's property `Bidi_Control`.
    pub(crate) fn drives_a_terminal(character: char) -> bool {
        matches!(
            u32::from(character),
            0..=0x1f | 0x7f..=0x9f | 0x2028 | 0x2029
                | 0x61c | 0x200e | 0x200f | 0x202a..=0x202e | 0x2066..=0x2069
        )
    }

    /// Text of which every third character drives a terminal.
    pub(crate) fn wild() -> impl Strategy<Value = String> {
        let ranges = [
            '\0'..='\u{1f}',
            '\u{7f}'..='\u{9f}',
            '\u{2028}'..='\u{202e}',
            '\u{2066}'..='\u{2069}',
            '\u{200e}'..='\u{200f}',
            '\u{61c}'..='\u{61c}',
        ];
        let wild = prop::char::ranges(ranges.to_vec().into());
        prop::collection::vec(prop_oneof![2 => any::<char>(), 1 => wild], 0..40)
            .prop_map(|characters| characters.into_iter().collect())
    }

    proptest! {
        #[test]
        fn nothing_drives_the_terminal(text in wild()) {
            let shown = printable(&text);
            prop_assert!(!shown.contains(drives_a_terminal), "{shown:?}");
            let lines = Lines(&text).to_string();
            prop_assert!(!lines.contains(|c| c != '\n' && drives_a_terminal(c)), "{lines:?}");
            prop_assert_eq!(lines.lines().count(), text.split_inclusive('\n').count());
        }

        #[test]
        fn json_says_the_same_as_before(text in wild()) {
            let json = serde_json::to_string(&(&text, &text)).unwrap();
            let shown = printable_json(&json);
            prop_assert!(!shown.contains(drives_a_terminal), "{shown:?}");
            let read: (String, String) = serde_json::from_str(&shown).unwrap();
            prop_assert_eq!(read, (text.clone(), text));
        }
    }
}
