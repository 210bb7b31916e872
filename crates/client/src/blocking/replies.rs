//! The messages of a streaming response, as an iterator.

use tonic::Status;

use super::engine::Engine;
use crate::stubs::replies;

/// The replies of a server, one by one as they come. After an error it ends.
///
/// Dropping it before its end cancels the call, on the server too.
#[derive(Debug)]
pub struct Replies<T> {
    // Before the engine, whose thread sends the cancellation.
    replies: Option<replies::Replies<T>>,
    engine: Engine,
}

impl<T> Replies<T> {
    pub(super) fn new(engine: Engine, replies: replies::Replies<T>) -> Self {
        Self {
            engine,
            replies: Some(replies),
        }
    }
}

impl<T> Iterator for Replies<T> {
    type Item = Result<T, Status>;

    fn next(&mut self) -> Option<Self::Item> {
        let replies = self.replies.as_mut()?;
        let next = self.engine.wait(replies.message()).transpose();
        if !matches!(next, Some(Ok(_))) {
            self.replies = None;
        }
        next
    }
}
