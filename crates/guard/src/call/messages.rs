//! Messages counted without being kept.

/// What gRPC puts before a message: one byte of flags and four of length.
const PREFIX_BYTES: usize = 5;

/// Counts messages as their bytes pass.
#[derive(Debug, Default)]
pub(crate) struct MessageCount {
    complete: usize,
    prefix: [u8; PREFIX_BYTES],
    /// How many bytes of the prefix have passed.
    prefix_bytes: usize,
    /// How many bytes of the message have passed after its prefix.
    message_bytes: usize,
}

impl MessageCount {
    /// Whether no byte of a message has passed.
    pub(crate) fn nothing(&self) -> bool {
        self.complete == 0 && self.prefix_bytes == 0
    }

    /// Returns how many messages have passed to their last byte.
    pub(crate) fn complete(&self) -> usize {
        self.complete
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let missing = PREFIX_BYTES - self.prefix_bytes;
            let (prefix, rest) = data.split_at(data.len().min(missing));
            self.prefix[self.prefix_bytes..][..prefix.len()].copy_from_slice(prefix);
            self.prefix_bytes += prefix.len();
            let [_flags, length @ ..] = self.prefix;
            let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            if self.prefix_bytes < PREFIX_BYTES {
                return;
            }
            let passing = rest.len().min(length - self.message_bytes);
            self.message_bytes += passing;
            data = &rest[passing..];
            if self.message_bytes == length {
                self.complete += 1;
                (self.prefix_bytes, self.message_bytes) = (0, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_however_their_bytes_are_cut() {
        let three = [&[0, 0, 0, 0, 2, 7, 7][..], &[0; 5], &[1, 0, 0, 0, 1, 9]].concat();
        for first in 0..=three.len() {
            for second in first..=three.len() {
                let mut count = MessageCount::default();
                for piece in [&three[..first], &three[first..second], &three[second..]] {
                    count.feed(piece);
                }
                assert_eq!(count.complete, 3, "cut at {first} and {second}");
                assert!(!count.nothing());
            }
        }
        let mut cut = MessageCount::default();
        assert!(cut.nothing());
        cut.feed(&three[..6]);
        assert_eq!((cut.complete, cut.nothing()), (0, false));
    }
}
