//! What a stub tells the channel about a call.

use std::sync::Arc;

use http::Request;
use tonic::Status;
use tonic::body::Body;

use super::deadline::{self, Deadline};
use super::observer::CallObserver;

/// The options that the channel applies itself. They travel in the extensions of the request.
#[derive(Clone, Default)]
pub(crate) struct CallContext {
    pub(crate) deadline: Option<Deadline>,
    pub(crate) wait_for_ready: bool,
    /// Whether the method is answered with exactly one message.
    pub(crate) one_reply: bool,
    pub(crate) observer: Option<Arc<dyn CallObserver>>,
}

impl CallContext {
    /// Takes the context out of a request. A request of a plain generated stub has none, but may have the header that
    /// [`tonic::Request::set_timeout`] sets.
    pub(crate) fn take(request: &mut Request<Body>) -> Result<Self, Status> {
        let mut context: Self = request.extensions_mut().remove().unwrap_or_default();
        if let Some(header) = request.headers_mut().remove(deadline::HEADER) {
            let from_header = Deadline::from_header(&header).ok_or_else(|| {
                Status::invalid_argument(format!("malformed grpc-timeout {header:?}"))
            })?;
            context.deadline = Deadline::earlier(context.deadline, from_header);
        }
        Ok(context)
    }
}
