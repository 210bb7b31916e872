//! gRPC messages cut out of the DATA frames they arrive in.

use std::borrow::Cow;

use tonic::Status;

use crate::limits::MAX_MESSAGE_BYTES;

/// The gRPC prefix of a message: one flag byte and four of length.
pub(crate) const PREFIX_BYTES: usize = 5;

/// Cuts a stream of bytes into messages, wherever its frames begin and end.
#[derive(Debug, Default)]
pub(crate) struct Unframer {
    /// The beginning of a message whose end has not arrived.
    partial: Vec<u8>,
}

impl Unframer {
    /// Calls `message` with each message that is complete once `data` has arrived.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next), and whatever `message` returns.
    pub(crate) fn feed(
        &mut self,
        mut data: &[u8],
        mut message: impl FnMut(&[u8]) -> Result<(), Status>,
    ) -> Result<(), Status> {
        while let Some(whole) = self.next(&mut data)? {
            message(&whole)?;
        }
        Ok(())
    }

    /// Takes the next message off `data`, `None` if the rest of it is only the beginning of one, which is kept.
    ///
    /// # Errors
    ///
    /// `INTERNAL` for a prefix that cannot be, `RESOURCE_EXHAUSTED` for a message over the limit.
    pub(crate) fn next<'data>(
        &mut self,
        data: &mut &'data [u8],
    ) -> Result<Option<Cow<'data, [u8]>>, Status> {
        if self.partial.is_empty()
            && let Some(bytes) = message_bytes(data)?
            && let Some((whole, rest)) = data.split_at_checked(PREFIX_BYTES + bytes)
        {
            *data = rest;
            return Ok(Some(Cow::Borrowed(&whole[PREFIX_BYTES..])));
        }
        loop {
            let known = message_bytes(&self.partial)?;
            let wanted = PREFIX_BYTES + known.unwrap_or(0);
            let (more, rest) = data.split_at(data.len().min(wanted - self.partial.len()));
            self.partial.extend_from_slice(more);
            *data = rest;
            if self.partial.len() < wanted {
                return Ok(None);
            }
            // With the whole prefix, the length may say that there is more to come.
            if known.is_some() || message_bytes(&self.partial)? == Some(0) {
                let mut whole = std::mem::take(&mut self.partial);
                whole.drain(..PREFIX_BYTES);
                return Ok(Some(Cow::Owned(whole)));
            }
        }
    }

    /// Says that nothing more will arrive.
    ///
    /// # Errors
    ///
    /// `INTERNAL` if the stream ends inside a message.
    pub(crate) fn end(&self) -> Result<(), Status> {
        if self.partial.is_empty() {
            return Ok(());
        }
        let bytes = self.partial.len();
        Err(Status::internal(format!(
            "the request ends inside a message, after {bytes} of its bytes"
        )))
    }
}

/// Reads the length out of a prefix; `None` while the prefix is incomplete.
fn message_bytes(data: &[u8]) -> Result<Option<usize>, Status> {
    let Some((&[flag, a, b, c, d], _)) = data.split_first_chunk::<PREFIX_BYTES>() else {
        return Ok(None);
    };
    match flag {
        0 => {}
        1 => {
            return Err(Status::internal(
                "a message is compressed, but the call names no grpc-encoding",
            ));
        }
        other => {
            return Err(Status::internal(format!(
                "a message has compression flag {other}, which is neither 0 nor 1"
            )));
        }
    }
    let bytes = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if bytes > MAX_MESSAGE_BYTES {
        return Err(Status::resource_exhausted(format!(
            "a message of {bytes} bytes is over the limit of {MAX_MESSAGE_BYTES}"
        )));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    fn framed(messages: &[&[u8]]) -> Vec<u8> {
        let mut stream = Vec::new();
        for message in messages {
            stream.push(0);
            stream.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
            stream.extend_from_slice(message);
        }
        stream
    }

    fn cut(chunks: &[&[u8]]) -> Result<Vec<Vec<u8>>, Status> {
        let mut unframer = Unframer::default();
        let mut messages = Vec::new();
        for chunk in chunks {
            unframer.feed(chunk, |message| {
                messages.push(message.to_vec());
                Ok(())
            })?;
        }
        unframer.end().map(|()| messages)
    }

    #[test]
    fn messages_come_out_whole_however_the_stream_is_cut() {
        let messages: [&[u8]; 5] = [b"", b"one", b"", b"three and more", b"x"];
        let stream = framed(&messages);
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let chunks = [&stream[..first], &stream[first..second], &stream[second..]];
                assert_eq!(
                    cut(&chunks).unwrap(),
                    messages,
                    "cut at {first} and {second}"
                );
            }
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(cut(&bytes).unwrap(), messages);
    }

    #[test]
    fn a_stream_that_ends_inside_a_message_is_an_error() {
        let stream = framed(&[b"whole", b"cut"]);
        for end in 11..stream.len() {
            assert_eq!(cut(&[&stream[..end]]).unwrap_err().code(), Code::Internal);
        }
    }

    #[test]
    fn a_prefix_that_cannot_be_is_an_error_before_anything_is_stored() {
        for flag in [1, 2, 255] {
            assert_eq!(
                cut(&[&[flag, 0, 0, 0, 1]]).unwrap_err().code(),
                Code::Internal
            );
        }
        let over = cut(&[&[0, 0], &[0x40, 0, 1]]).unwrap_err();
        assert_eq!(over.code(), Code::ResourceExhausted);
        assert_eq!(
            over.message(),
            "a message of 4194305 bytes is over the limit of 4194304"
        );
    }
}
