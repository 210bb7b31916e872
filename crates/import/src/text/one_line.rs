//! Texts of a file in messages.

/// Returns a text as one line of a message shows it: control characters escaped, and cut after 200 characters.
pub(crate) fn one_line(text: &str) -> String {
    const SHOWN: usize = 200;
    let mut line = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == SHOWN {
            line.push('…');
            break;
        }
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}
