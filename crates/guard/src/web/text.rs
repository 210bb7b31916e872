//! Messages that come as base64.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine};
use http_body::Frame;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;

/// How many characters stand for up to three bytes.
const GROUP: usize = 4;

/// A request body in base64, decoded.
///
/// A page may encode its body in pieces, each with padding at its end. tonic-web takes such a body only if each piece
/// arrives by itself, which TCP decides.
pub(super) struct TextBody {
    inner: Body,
    /// The beginning of a group.
    rest: Vec<u8>,
}

impl TextBody {
    pub(super) fn new(inner: Body) -> Self {
        Self {
            inner,
            rest: Vec::new(),
        }
    }
}

impl http_body::Body for TextBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        loop {
            let Some(frame) = ready!(Pin::new(&mut self.inner).poll_frame(cx)) else {
                let whole = self.rest.is_empty();
                self.rest.clear();
                return Poll::Ready((!whole).then(|| {
                    Err(Status::internal(
                        "the request ends inside a group of four characters of base64",
                    ))
                }));
            };
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            self.rest.extend_from_slice(&data);
            let groups = self.rest.len() / GROUP * GROUP;
            if groups == 0 {
                continue;
            }
            let decoded = decode(&self.rest[..groups]);
            self.rest.drain(..groups);
            return Poll::Ready(Some(match decoded {
                Ok(bytes) => Ok(Frame::data(bytes.into())),
                Err(error) => Err(Status::internal(format!(
                    "the request is not base64, as its content-type says: {error}"
                ))),
            }));
        }
    }
}

/// Decodes whole groups, of which any may end with padding.
fn decode(mut text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut bytes = Vec::with_capacity(text.len() / GROUP * 3);
    while !text.is_empty() {
        let padding = text.iter().position(|character| *character == b'=');
        let end = padding.map_or(text.len(), |at| (at / GROUP + 1) * GROUP);
        let (piece, rest) = text.split_at(end);
        STANDARD.decode_vec(piece, &mut bytes)?;
        text = rest;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use http_body_util::BodyExt;

    use super::*;

    /// A body of pieces.
    struct Pieces(VecDeque<Bytes>);

    impl http_body::Body for Pieces {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
        }
    }

    async fn decoded(pieces: &[&[u8]]) -> Result<Vec<u8>, Status> {
        let pieces = pieces.iter().map(|piece| Bytes::copy_from_slice(piece));
        let body = TextBody::new(Body::new(Pieces(pieces.collect())));
        Ok(body.collect().await?.to_bytes().to_vec())
    }

    #[tokio::test]
    async fn pieces_with_padding_are_decoded_wherever_they_are_cut() {
        let bytes: [&[u8]; 4] = [b"a", b"", b"to be", b"continued!"];
        let text: Vec<u8> = bytes
            .iter()
            .flat_map(|piece| STANDARD.encode(piece).into_bytes())
            .collect();
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(decoded(&pieces).await.unwrap(), bytes.concat());
            }
        }
    }

    #[tokio::test]
    async fn what_is_not_base64_is_refused() {
        for text in [&b"AAA"[..], b"A*AA", b"=AAA", b"AAAA=AAA"] {
            let refused = decoded(&[text]).await.unwrap_err();
            assert_eq!(refused.code(), tonic::Code::Internal, "{refused:?}");
        }
    }
}
