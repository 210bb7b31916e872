//! Texts cut to a length.

use std::borrow::Cow;

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
    use super::shortened;

    #[test]
    fn a_text_is_cut_at_a_character() {
        assert_eq!(shortened("日本", 6), "日本");
        assert_eq!(shortened("日本語", 8), "日…");
        assert_eq!(shortened("abcdefgh", 6), "abc…");
    }
}
