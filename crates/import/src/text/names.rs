//! Names of fields in messages.

use crate::text::one_line::one_line;

/// A list of names, of which a message shows the first.
#[derive(Debug, Default)]
pub(crate) struct Names {
    text: String,
    count: usize,
}

/// The number of names shown. A damaged file can have millions.
const LISTED: usize = 12;

impl Names {
    pub(crate) fn add(&mut self, name: &str) {
        self.count += 1;
        match self.count {
            1 => self.text = one_line(name),
            2..=LISTED => {
                self.text.push_str(", ");
                self.text.push_str(&one_line(name));
            }
            _ if self.count == LISTED + 1 => self.text.push_str(", …"),
            _ => {}
        }
    }

    pub(crate) fn into_string(self) -> String {
        self.text
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}
