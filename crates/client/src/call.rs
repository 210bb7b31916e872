//! Calls over a channel: their options, deadlines, metadata and statuses.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::uri::Scheme;
use http::{HeaderValue, Request, Response};
use tonic::Status;
use tonic::body::Body;
use tower::Service;

use self::context::CallContext;
use crate::channel::Channel;

mod answer;
mod context;
pub(crate) mod deadline;
pub(crate) mod explain;
mod message_count;
pub(crate) mod metadata;
pub(crate) mod observer;
pub(crate) mod options;
mod pending_call;
mod response_body;
pub(crate) mod status;
mod status_header;

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(send(self.clone(), request))
    }
}

/// How often a request may find its connection closed before it has left. A server that closes each connection at once
/// would otherwise keep a call going round for ever.
const MAX_SENDS: u32 = 5;

async fn send(channel: Channel, mut request: Request<Body>) -> Result<Response<Body>, Status> {
    let context = CallContext::take(&mut request)?;
    let wait_for_ready = context.wait_for_ready;
    address(&channel, &mut request);
    let mut call = pending_call::start(request, context, channel.target())?;
    let mut sends_left = MAX_SENDS;
    loop {
        let mut sender = match call
            .within_deadline(channel.connection(wait_for_ready))
            .await
        {
            Ok(connected) => connected.map_err(|err| status::unavailable(&err))?,
            Err(expired) => {
                return Err(status::while_connecting(
                    expired,
                    channel.try_last_error().as_ref(),
                ));
            }
        };
        let request = call.request()?;
        match call
            .within_deadline(sender.try_send_request(request))
            .await?
        {
            Ok(response) => return call.response(response),
            Err(mut err) => match err.take_message() {
                // It has not left this process, for instance because the server said goodbye just now. Sending it
                // on a new connection is what gRPC calls a transparent retry.
                Some(unsent) if sends_left > 1 => {
                    sends_left -= 1;
                    call.put_back(unsent);
                }
                _ => return Err(call.failed(&err.into_error())),
            },
        }
    }
}

/// Fills in what every request on a channel has.
fn address(channel: &Channel, request: &mut Request<Body>) {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(channel.authority().clone());
    // A stub's URI has a path; without one there is nothing to complete.
    if let Ok(uri) = http::Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request.headers_mut().insert(
        http::header::USER_AGENT,
        HeaderValue::from_static(concat!("route-guide-client/", env!("CARGO_PKG_VERSION"))),
    );
}
