//! The messages of a streaming response.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_stream::Stream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Response, Status, Streaming};

/// The replies of a server, one by one as they come.
///
/// Dropping it before its end cancels the call, on the server too.
#[derive(Debug)]
pub struct Replies<T> {
    metadata: MetadataMap,
    messages: Streaming<T>,
}

impl<T> Replies<T> {
    pub(crate) fn new(response: Response<Streaming<T>>) -> Self {
        let (metadata, messages, _) = response.into_parts();
        Self { metadata, messages }
    }

    /// Returns the metadata that came before the first message.
    #[must_use]
    pub fn initial_metadata(&self) -> &MetadataMap {
        &self.metadata
    }

    /// Waits for the next message; `None` at the end of the call.
    ///
    /// Cancel safe: a message is not lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// The status with which the server ended the call, if it is not OK, or with which it broke off. Nothing follows it.
    pub async fn message(&mut self) -> Result<Option<T>, Status> {
        self.messages.message().await.map_err(local_limit)
    }
}

impl<T> Stream for Replies<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.messages)
            .poll_next(cx)
            .map_err(local_limit)
    }
}

/// Gives a message that is too large the code that gRPC has for it.
///
/// # References
///
/// [gRPC status codes](https://github.com/grpc/grpc/blob/master/doc/statuscodes.md): `RESOURCE_EXHAUSTED` for a message
/// larger than the configured maximum.
pub(crate) fn local_limit(status: Status) -> Status {
    let message = status.message();
    let sizes = match status.code() {
        Code::OutOfRange => message.strip_prefix("Error, decoded message length too large: "),
        // Of a compressed message the size is not known before it is too large.
        Code::ResourceExhausted => message
            .strip_prefix("Error decompressing: ")
            .map(|_library_words| "more than it may have once decompressed"),
        _ => None,
    };
    match sizes {
        Some(sizes) => Status::resource_exhausted(format!("message too large: {sizes}")),
        None => status,
    }
}
