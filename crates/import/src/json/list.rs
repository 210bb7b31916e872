//! The elements of a list whose text is there and has been found sound.

use super::scan::Outline;

/// The texts of a list's elements, one after another.
///
/// A parser would collect them, and eight million elements take sixteen times the memory of their text.
#[derive(Clone, Debug)]
pub(crate) struct Elements<'a> {
    /// What is left of the list, without its brackets.
    rest: &'a str,
}

impl<'a> Elements<'a> {
    /// Takes the text of a sound JSON value; `None` if it is no list.
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
        // The last element may end with the text.
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
