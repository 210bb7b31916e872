//! How many messages a response has.

/// Counts the messages of a response as their bytes go by.
#[derive(Debug, Default)]
pub(crate) struct MessageCount {
    messages: u64,
    /// What has come of the five bytes before a message: a flag and the length.
    head: Vec<u8>,
    /// How much of the message is still to come.
    missing: usize,
}

impl MessageCount {
    const HEAD_BYTES: usize = 5;

    /// Returns how many messages have begun.
    pub(crate) fn messages(&self) -> u64 {
        self.messages
    }

    /// Tells whether the last message has begun and is not complete.
    pub(crate) fn is_cut(&self) -> bool {
        self.missing > 0 || !self.head.is_empty()
    }

    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let body = self.missing.min(bytes.len());
            self.missing -= body;
            bytes = &bytes[body..];
            let head = (Self::HEAD_BYTES - self.head.len()).min(bytes.len());
            if self.missing > 0 || head == 0 {
                continue;
            }
            if self.head.is_empty() {
                self.messages += 1;
            }
            self.head.extend(&bytes[..head]);
            bytes = &bytes[head..];
            if let [_flag, length @ ..] = self.head.as_slice()
                && let Ok(length) = <[u8; 4]>::try_from(length)
            {
                self.missing = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
                self.head.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MessageCount;

    #[test]
    fn messages_are_counted_however_they_are_cut() {
        let bytes = b"\0\0\0\0\x03abc\0\0\0\0\0\x01\0\0\0\x02de";
        for step in 1..=bytes.len() {
            let mut count = MessageCount::default();
            for piece in bytes.chunks(step) {
                count.add(piece);
            }
            assert_eq!(count.messages(), 3, "{step}");
        }
        let mut count = MessageCount::default();
        count.add(&bytes[..1]);
        assert_eq!(count.messages(), 1);
    }
}
