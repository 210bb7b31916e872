//! Ends a connection on which a server repeats what it has to say once.
//!
//! The HTTP/2 library takes any number of GOAWAY frames and of interim responses (status 1xx), which carry nothing that a
//! caller would see: a call without a deadline would keep a core busy for as long as the server likes.

use std::io;

/// A server says goodbye twice when it drains; proxies may add some.
const MOST_GO_AWAYS: u64 = 100;

/// How many header blocks may begin or go on with an answer, on average over the calls of a connection.
const MOST_HEADS_PER_STREAM: u64 = 100;

/// Counts frames as their bytes come in.
#[derive(Debug, Default)]
pub(crate) struct Flood {
    /// What has come of the nine bytes before a frame's payload.
    head: Vec<u8>,
    /// How much of the payload is still to come.
    payload: usize,
    go_aways: u64,
    /// Header blocks that do not end their stream.
    heads: u64,
    last_stream: u32,
}

impl Flood {
    const HEAD_BYTES: usize = 9;
    const HEADERS: u8 = 1;
    const GO_AWAY: u8 = 7;
    const END_STREAM: u8 = 1;

    /// Looks at bytes from the server.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidData`] when it is enough.
    pub(crate) fn watch(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let payload = self.payload.min(bytes.len());
            self.payload -= payload;
            bytes = &bytes[payload..];
            let head = (Self::HEAD_BYTES - self.head.len()).min(bytes.len());
            self.head.extend(&bytes[..head]);
            bytes = &bytes[head..];
            if let Ok([a, b, c, kind, flags, stream @ ..]) =
                <[u8; Self::HEAD_BYTES]>::try_from(self.head.as_slice())
            {
                self.payload = u32::from_be_bytes([0, a, b, c]) as usize;
                self.head.clear();
                self.count(kind, flags, u32::from_be_bytes(stream))?;
            }
        }
        Ok(())
    }

    fn count(&mut self, kind: u8, flags: u8, stream: u32) -> io::Result<()> {
        self.last_stream = self.last_stream.max(stream);
        let what = match kind {
            Self::GO_AWAY => {
                self.go_aways += 1;
                (self.go_aways > MOST_GO_AWAYS).then_some("GOAWAY frames")
            }
            Self::HEADERS if flags & Self::END_STREAM == 0 => {
                self.heads += 1;
                // The streams of a client have odd numbers.
                let streams = u64::from(self.last_stream).div_ceil(2);
                (self.heads > MOST_HEADS_PER_STREAM * streams.max(1)).then_some("interim responses")
            }
            _ => None,
        };
        match what {
            Some(what) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the server sends too many {what}"),
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Flood;

    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        let head = [0, 0, length, kind, flags, 0, 0, 0, stream];
        [&head, payload].concat()
    }

    /// Returns how many of a repeated frame are taken, however the bytes are cut.
    fn taken(frame: &[u8], step: usize) -> usize {
        let mut flood = Flood::default();
        let bytes = frame.repeat(1_000);
        let pieces = bytes.chunks(step);
        pieces
            .take_while(|piece| flood.watch(piece).is_ok())
            .count()
            * step
            / frame.len()
    }

    #[test]
    fn what_is_said_once_is_not_taken_for_ever() {
        for step in [1, 7, 9] {
            let go_away = frame(7, 0, 0, b"later");
            assert!((99..=101).contains(&taken(&go_away, step)), "{step}");
            let interim = frame(1, 4, 1, b"100");
            assert!((99..=101).contains(&taken(&interim, step)), "{step}");
        }
    }

    #[test]
    fn what_answers_bring_is_not_counted() {
        for frame in [
            frame(0, 0, 1, b"data"),
            frame(0, 0, 1, b""),
            frame(1, 5, 1, b"trailers"),
            frame(8, 0, 0, b"room"),
            frame(6, 0, 0, b"ping"),
        ] {
            assert_eq!(taken(&frame, frame.len()), 1_000);
        }
        let mut flood = Flood::default();
        for call in 0..100_u8 {
            let head = frame(1, 4, 2 * call + 1, b"head");
            assert!(flood.watch(&head).is_ok());
        }
    }
}
