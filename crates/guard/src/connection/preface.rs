//! What a peer says first, and so what it speaks.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What every HTTP/2 client sends first (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a peer has said, up to where it is clear what it speaks.
#[derive(Debug)]
pub(crate) enum DetectedProtocol<I> {
    /// It speaks HTTP/2.
    Http2(Replayed<I>),
    /// It speaks something else.
    Other(Replayed<I>),
}

/// A stream of which the beginning has been read already, and is read once more.
#[derive(Debug)]
pub(crate) struct Replayed<I> {
    beginning: [u8; PREFACE.len()],
    at: usize,
    len: usize,
    io: I,
}

impl<I: AsyncRead + Unpin> DetectedProtocol<I> {
    /// Waits until the peer has sent the preface of HTTP/2, or the first byte that does not belong to it.
    ///
    /// # Errors
    ///
    /// Whatever reading fails with, and [`io::ErrorKind::UnexpectedEof`] if the peer hangs up before.
    pub(crate) async fn of(mut io: I) -> io::Result<Self> {
        let mut beginning = [0; PREFACE.len()];
        let mut len = 0;
        while len < PREFACE.len() && beginning[..len] == PREFACE[..len] {
            match io.read(&mut beginning[len..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                more => len += more,
            }
        }
        let replayed = Replayed {
            beginning,
            at: 0,
            len,
            io,
        };
        Ok(if beginning == *PREFACE {
            Self::Http2(replayed)
        } else {
            Self::Other(replayed)
        })
    }
}

impl<I> Replayed<I> {
    /// What the peer has said so far.
    pub(crate) fn said(&self) -> &[u8] {
        &self.beginning[..self.len]
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Replayed<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = &self.beginning[self.at..self.len];
        if rest.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let now = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..now]);
        self.at += now;
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Replayed<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Whether this is HTTP/2, if it arrives in two pieces, and that all of it can still be read.
    async fn is_http2(said: &[u8], cut: usize) -> io::Result<bool> {
        let (first, second) = said.split_at(cut);
        let (opening, mut io) = match DetectedProtocol::of(Cursor::new(first).chain(second)).await?
        {
            DetectedProtocol::Http2(io) => (true, io),
            DetectedProtocol::Other(io) => (false, io),
        };
        let mut replayed = Vec::new();
        io.read_to_end(&mut replayed).await?;
        assert_eq!(replayed, said, "cut at {cut}");
        Ok(opening)
    }

    #[tokio::test]
    async fn http2_is_told_by_its_whole_preface_however_it_is_cut() {
        let http2 = [PREFACE, &b"more"[..]].concat();
        let others = [
            &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
            b"PRI * HTTP/1.1\r\n\r\nSM\r\n\r\nmore",
            b"x",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r!",
        ];
        for cut in 0..=PREFACE.len() {
            assert!(is_http2(&http2, cut).await.unwrap(), "cut at {cut}");
            assert!(is_http2(PREFACE, cut).await.unwrap(), "cut at {cut}");
        }
        for other in others {
            for cut in 0..=other.len() {
                assert!(!is_http2(other, cut).await.unwrap(), "{other:?} at {cut}");
            }
        }
    }

    #[tokio::test]
    async fn a_peer_that_hangs_up_in_between_speaks_nothing() {
        for end in 0..PREFACE.len() {
            let error = is_http2(&PREFACE[..end], 0).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
