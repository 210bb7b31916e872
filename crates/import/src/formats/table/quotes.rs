//! Tracking the quotes of a record.
//!
//! The parser accepts text after a closing quote as part of the field. So a stray quote at the beginning of a field
//! joins all lines up to the next quote into one field, and only the text after that quote shows the mistake.

/// The state of tracking.
pub(super) struct Quotes {
    quote: u8,
    delimiter: u8,
    at: At,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the first byte of a field. A quote here opens it.
    Start,
    /// Within an unquoted field, where quotes are text.
    Bare,
    Quoted,
    /// After a quote within quotes, which closes them unless another follows.
    Closed,
    /// After blanks after a closing quote.
    Over,
    /// Text followed a closing quote.
    Broken,
}

impl Quotes {
    pub(super) const fn new(quote: u8, delimiter: u8) -> Self {
        Self {
            quote,
            delimiter,
            at: At::Start,
        }
    }

    /// Reads the next piece of a record. Returns whether any of it may be within quotes.
    pub(super) fn follow(&mut self, piece: &[u8]) -> bool {
        let outside = matches!(self.at, At::Start | At::Bare);
        let mut quotes = memchr::memchr_iter(self.quote, piece).peekable();
        let within = !outside || quotes.peek().is_some();
        let mut next = 0;
        for quote in quotes {
            self.pass(&piece[next..quote]);
            self.at = self.after(self.quote);
            next = quote + 1;
        }
        self.pass(&piece[next..]);
        within
    }

    /// Reads text without quotes.
    fn pass(&mut self, text: &[u8]) {
        let Some(&last) = text.last() else {
            return;
        };
        match self.at {
            // Only the last byte matters: it decides whether a quote after it opens a field.
            At::Start | At::Bare => self.at = self.after(last),
            At::Quoted | At::Broken => {}
            At::Closed | At::Over => {
                for (index, &byte) in text.iter().enumerate() {
                    self.at = self.after(byte);
                    if self.at == At::Start {
                        self.pass(&text[index + 1..]);
                        return;
                    }
                }
            }
        }
    }

    fn after(&self, byte: u8) -> At {
        let (quote, delimiter) = (byte == self.quote, byte == self.delimiter);
        match self.at {
            At::Start | At::Bare | At::Closed | At::Over if delimiter => At::Start,
            At::Start | At::Closed if quote => At::Quoted,
            At::Start | At::Bare => At::Bare,
            At::Quoted if quote => At::Closed,
            At::Quoted => At::Quoted,
            // People write blanks after a closing quote, and line ends follow one.
            At::Closed | At::Over if byte.is_ascii_whitespace() => At::Over,
            At::Closed | At::Over | At::Broken => At::Broken,
        }
    }

    /// Ends the record, and returns whether text followed a closing quote in it.
    pub(super) fn end_record(&mut self) -> bool {
        let broken = self.at == At::Broken;
        self.at = At::Start;
        broken
    }
}
