//! `NaN` and `Infinity`, which some programs write although JSON has no such numbers.

/// Returns a text with `null` instead of such numbers, `None` if it has none.
pub(crate) fn as_null(text: &[u8]) -> Option<Vec<u8>> {
    const WORDS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
    let mut repaired = Vec::new();
    let (mut at, mut kept) = (0, 0);
    let mut in_string = false;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => in_string = !in_string,
            // An escaped quote does not end a string.
            b'\\' if in_string => at += 1,
            b'N' | b'I' | b'-' if !in_string => {
                let word = WORDS.iter().find(|word| text[at..].starts_with(word));
                if let Some(word) = word {
                    repaired.extend_from_slice(&text[kept..at]);
                    repaired.extend_from_slice(b"null");
                    at += word.len();
                    kept = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if kept == 0 {
        return None;
    }
    repaired.extend_from_slice(&text[kept..]);
    Some(repaired)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_are_replaced() {
        let check = |text: &str, expected: Option<&str>| {
            let found = as_null(text.as_bytes());
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{text}");
        };
        check("[NaN, -Infinity,Infinity]", Some("[null, null,null]"));
        check(r#"{"NaN": "Infinity"}"#, None);
        check(
            r#"["\"", NaN, "\\", NaN]"#,
            Some(r#"["\"", null, "\\", null]"#),
        );
        check("[-1, None, Inf]", None);
        check("\"\\", None);
    }
}
