//! What a program prints, beside what the page says that it prints.

/// Stands for what is left out, in a line or between lines.
const LEFT_OUT: &str = "…";

/// Tells whether a program printed what a page shows.
///
/// In what the page shows, `…` stands for anything: as a line of its own for any number of lines, else for any part of
/// one line.
pub(crate) fn same_output<S: AsRef<str>, P: AsRef<str>>(shown: &[S], printed: &[P]) -> bool {
    let Some((first, rest)) = shown.split_first() else {
        return printed.is_empty();
    };
    if first.as_ref() == LEFT_OUT {
        return (0..=printed.len()).any(|skipped| same_output(rest, &printed[skipped..]));
    }
    printed.split_first().is_some_and(|(line, others)| {
        same_line(first.as_ref(), line.as_ref()) && same_output(rest, others)
    })
}

fn same_line(shown: &str, printed: &str) -> bool {
    let Some((start, mut shown)) = shown.split_once(LEFT_OUT) else {
        return shown == printed;
    };
    let Some(mut printed) = printed.strip_prefix(start) else {
        return false;
    };
    // Taking the first place where a part fits leaves the most for the parts behind it.
    while let Some((part, after)) = shown.split_once(LEFT_OUT) {
        let Some((_, rest)) = printed.split_once(part) else {
            return false;
        };
        (shown, printed) = (after, rest);
    }
    printed.ends_with(shown)
}

#[cfg(test)]
mod tests {
    use super::same_output;

    fn check(shown: &str, printed: &str, expected: bool) {
        let (shown_lines, printed_lines): (Vec<_>, Vec<_>) =
            (shown.lines().collect(), printed.lines().collect());
        assert_eq!(
            same_output(&shown_lines, &printed_lines),
            expected,
            "{shown:?} against {printed:?}"
        );
    }

    #[test]
    fn output_without_gaps_is_the_same_only_if_it_is_equal() {
        check("", "", true);
        check("a\nb", "a\nb", true);
        check("a", "a\nb", false);
        check("a\nb", "a", false);
        check("a", "", false);
        check("", "a", false);
        check("a\n", "a", true);
        check("a ", "a", false);
    }

    #[test]
    fn a_gap_in_a_line_stands_for_any_text() {
        check("a … c", "a b c", true);
        check("a … c", "a  c", true);
        check("a … c", "a c", false);
        check("…a", "ba", true);
        check("a…", "ab", true);
        check("a…", "a", true);
        check("a…b…c", "a1b2c", true);
        check("a…b…c", "a1b2b3c", true);
        check("a…b…c", "a1c", false);
        check("aa…a", "aa", false);
        check("a…", "ab\nc", false);
    }

    #[test]
    fn a_gap_on_a_line_of_its_own_stands_for_any_lines() {
        check("…", "", true);
        check("…", "a\nb", true);
        check("a\n…", "a", true);
        check("a\n…\nd", "a\nb\nc\nd", true);
        check("a\n…\nd", "a\nd", true);
        check("a\n…\nb\n…", "a\nc\nb", true);
        check("a\n…\nd", "a\nb", false);
    }
}
