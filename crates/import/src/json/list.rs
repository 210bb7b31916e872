//! Splitting a valid list into its elements.

use super::scan::Outline;

/// The texts of the elements of a list.
///
/// Parsing them into a vector would take sixteen times the memory of their text.
#[derive(Clone, Debug)]
pub(crate) struct Elements<'a> {
    /// The rest of the list, without brackets.
    rest: &'a str,
}

impl<'a> Elements<'a> {
    /// Returns the elements of a valid JSON value, `None` if it is not a list.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix('[')?.strip_suffix(']')?;
        Some(Self { rest })
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
        if rest.is_empty() {
            return None;
        }
        // The last element ends with the text.
        let end = Outline::default().feed(rest.as_bytes());
        let (element, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.rest = rest;
        Some(element)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_taken_apart_at_its_own_commas() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<_> = Elements::of(text).unwrap().collect();
            assert_eq!(found, expected, "{text}");
        };
        check("[]", &[]);
        check("[ \n]", &[]);
        check("[1]", &["1"]);
        check("[ 1 ,\r\n\t-2.5e3,null ]", &["1", "-2.5e3", "null"]);
        check(
            r#"[[1, 2], {"a": [3, "]"]}, []]"#,
            &["[1, 2]", r#"{"a": [3, "]"]}"#, "[]"],
        );
        check(r#"["a, \"]b\\", "ä"]"#, &[r#""a, \"]b\\""#, r#""ä""#]);
        assert!(Elements::of("{}").is_none());
        assert!(Elements::of("5").is_none());
    }
}
