//! The server's side of a call.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use h2::RecvStream;
use h2::client::ResponseFuture;

use super::CallStatus;
use crate::LoadError;

/// What the server sends on a call: data, and a status as the last.
#[derive(Debug)]
pub(crate) struct Reply {
    state: State,
    releases_capacity: bool,
}

#[derive(Debug)]
enum State {
    Head(ResponseFuture),
    Body(RecvStream),
    Ended,
}

/// A part of a reply.
#[derive(Debug)]
pub(crate) enum Event {
    Data(Bytes),
    Ended(CallStatus),
}

impl Reply {
    pub(crate) fn new(head: ResponseFuture) -> Self {
        Self {
            state: State::Head(head),
            releases_capacity: true,
        }
    }

    /// From now on the stream's window stays as full as it is.
    pub(crate) fn stall(&mut self) {
        self.releases_capacity = false;
    }

    /// Waits for the next event, of which there is one until the call has ended.
    pub(crate) async fn event(&mut self) -> Result<Event, LoadError> {
        self.next().await.unwrap_or(Err(LoadError::Closed))
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Event, h2::Error>> {
        if let State::Head(head) = &mut self.state {
            let (head, body) = ready!(Pin::new(head).poll(cx))?.into_parts();
            let not_grpc = CallStatus::unless_grpc(head.status, &head.headers);
            if body.is_end_stream() || not_grpc.is_some() {
                // A status is a status, whatever stands around it.
                let status = CallStatus::read(&head.headers).or(not_grpc);
                let status = status.unwrap_or_else(CallStatus::absent);
                return Poll::Ready(Ok(Event::Ended(status)));
            }
            self.state = State::Body(body);
        }
        let State::Body(body) = &mut self.state else {
            return Poll::Pending;
        };
        if let Some(data) = ready!(body.poll_data(cx)) {
            let data = data?;
            if self.releases_capacity {
                body.flow_control().release_capacity(data.len())?;
            }
            return Poll::Ready(Ok(Event::Data(data)));
        }
        let trailers = ready!(body.poll_trailers(cx))?;
        let status = trailers.and_then(|fields| CallStatus::read(&fields));
        Poll::Ready(Ok(Event::Ended(status.unwrap_or_else(CallStatus::absent))))
    }
}

impl Stream for Reply {
    type Item = Result<Event, LoadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if matches!(self.state, State::Ended) {
            return Poll::Ready(None);
        }
        let event = match ready!(self.poll_event(cx)) {
            Ok(event) => Ok(event),
            Err(error) => CallStatus::of_failed_stream(error)
                .map(Event::Ended)
                .map_err(LoadError::from),
        };
        if !matches!(event, Ok(Event::Data(_))) {
            self.state = State::Ended;
        }
        Poll::Ready(Some(event))
    }
}
