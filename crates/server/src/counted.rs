//! Numbers with their nouns, in messages.

/// Returns a number with the noun in the form that goes with it.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
