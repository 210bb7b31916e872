//! gRPC's messages and their prefixes.

use bytes::Bytes;

/// The length of gRPC's prefix: a flag and a length.
pub(crate) const PREFIX_LEN: usize = 5;

/// Counts the messages of one reply, whose bytes come in any pieces, without a look into them.
#[derive(Clone, Debug, Default)]
pub(crate) struct MessageCounter {
    /// How many messages have begun; the last may not be complete.
    begun: u64,
    /// Bytes still to come of the message that has begun.
    left: usize,
    prefix: [u8; PREFIX_LEN],
    prefix_len: usize,
}

impl MessageCounter {
    /// Counts the messages whose prefix ends in these bytes, and returns how many they are.
    pub(crate) fn count(&mut self, mut bytes: &[u8]) -> u64 {
        let before = self.begun;
        if self.prefix_len > 0 {
            let (head, rest) = bytes.split_at((PREFIX_LEN - self.prefix_len).min(bytes.len()));
            self.prefix[self.prefix_len..][..head.len()].copy_from_slice(head);
            self.prefix_len += head.len();
            if self.prefix_len < PREFIX_LEN {
                return 0;
            }
            self.begin(self.prefix);
            bytes = rest;
        }
        loop {
            let Some(rest) = bytes.get(self.left..) else {
                self.left -= bytes.len();
                break;
            };
            self.left = 0;
            let Some((&prefix, rest)) = rest.split_first_chunk() else {
                self.prefix[..rest.len()].copy_from_slice(rest);
                self.prefix_len = rest.len();
                break;
            };
            self.begin(prefix);
            bytes = rest;
        }
        self.begun - before
    }

    fn begin(&mut self, prefix: [u8; PREFIX_LEN]) {
        let [_flag, a, b, c, d] = prefix;
        self.left = u32::from_be_bytes([a, b, c, d]) as usize;
        self.prefix_len = 0;
        self.begun += 1;
    }

    /// Returns how many messages have begun.
    pub(crate) fn begun(&self) -> u64 {
        self.begun
    }

    /// Tells whether the bytes so far end with a message.
    pub(crate) fn is_complete(&self) -> bool {
        self.left == 0 && self.prefix_len == 0
    }
}

/// The whole messages at the beginning of some bytes.
pub(crate) fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let ([_flag, len @ ..], after) = rest.split_first_chunk::<PREFIX_LEN>()?;
        let (message, after) = after.split_at_checked(u32::from_be_bytes(*len) as usize)?;
        rest = after;
        Some(message)
    })
}

/// Appends a message with its prefix.
pub(crate) fn append(message: &impl prost::Message, out: &mut Vec<u8>) {
    let len = u32::try_from(message.encoded_len()).unwrap_or(u32::MAX);
    out.push(0);
    out.extend_from_slice(&len.to_be_bytes());
    out.append(&mut message.encode_to_vec());
}

/// A message with its prefix.
pub(crate) fn framed(message: &impl prost::Message) -> Bytes {
    let mut out = Vec::with_capacity(PREFIX_LEN + message.encoded_len());
    append(message, &mut out);
    out.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(lens: &[usize]) -> Vec<u8> {
        let mut body = Vec::new();
        for &len in lens {
            body.push(0);
            body.extend_from_slice(&u32::try_from(len).unwrap().to_be_bytes());
            body.extend(std::iter::repeat_n(0xff, len));
        }
        body
    }

    proptest! {
        /// However the bytes are cut, each message is counted once, and the end is known.
        #[test]
        fn messages_are_counted_however_they_arrive(
            lens in prop::collection::vec(0_usize..40, 0..50),
            cuts in prop::collection::vec(1_usize..30, 0..100),
        ) {
            let body = body(&lens);
            let mut counter = MessageCounter::default();
            let mut rest = &body[..];
            let mut sum = 0;
            for cut in cuts.into_iter().chain([usize::MAX]) {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                sum += counter.count(now);
                rest = later;
            }
            prop_assert_eq!((counter.begun(), sum), (lens.len() as u64, lens.len() as u64));
            prop_assert!(counter.is_complete());
        }

        /// A body that lacks its last byte does not end with a message.
        #[test]
        fn a_cut_body_is_incomplete(lens in prop::collection::vec(0_usize..40, 1..50)) {
            let body = body(&lens);
            let mut counter = MessageCounter::default();
            counter.count(&body[..body.len() - 1]);
            prop_assert!(!counter.is_complete());
            let whole: Vec<_> = split(&body[..body.len() - 1]).map(<[u8]>::len).collect();
            prop_assert_eq!(&whole, &lens[..lens.len() - 1]);
        }
    }
}
