//! RouteGuide answered from stored bytes.
//!
//! The store and the notebook keep features and notes as they go over the wire. [`FastRouteGuide`] sends those bytes for
//! GetFeature, ListFeatures and RouteChat, and reads the points of RecordRoute straight from the frames they arrive in.
//!
//! For GetFeature the next step, and the last, is [`Store::find_record`](route_guide_store::Store::find_record).
//!
//! The generated servicer only sees calls whose messages are compressed. It is the reference: both give the same answers, and
//! a test that asks both fails if a change is made in one of them only.

mod listing;
mod note;
mod point;
mod route_chat;
mod unframe;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderName, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full};
use prost::Message;
use route_guide_guard::{CardinalityLayer, CardinalityService, cardinality_violation};
use route_guide_proto::routeguide::Rectangle;
use route_guide_proto::routeguide::route_guide_server::{RouteGuideServer, SERVICE_NAME};
use route_guide_store::Store;
use tokio::task::coop;
use tonic::Status;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::server::NamedService;
use tower::{Layer, Service};

use crate::error::RpcError;
use crate::metadata::{DATA_VERSION, data_version};
use crate::methods;
use crate::route_guide::record_route::Recording;
use crate::route_guide::{RouteGuideServicer, nothing_at};
use crate::standard::unknown_method::name_unknown_method;
use listing::{Listing, ok_trailers};
use point::decode_point;
use route_chat::Replies;
use unframe::{PREFIX_BYTES, Unframer};

const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const DATA_VERSION_HEADER: HeaderName = HeaderName::from_static(DATA_VERSION);

/// The RouteGuide service with its hot paths taken out of the generated code.
#[derive(Clone, Debug)]
pub struct FastRouteGuide {
    servicer: Arc<RouteGuideServicer>,
    generated: CardinalityService<RouteGuideServer<RouteGuideServicer>>,
}

impl FastRouteGuide {
    /// Puts the hot paths before a generated service and the servicer behind it.
    #[must_use]
    pub fn new(
        servicer: Arc<RouteGuideServicer>,
        generated: RouteGuideServer<RouteGuideServicer>,
    ) -> Self {
        Self {
            servicer,
            generated: CardinalityLayer::except(methods::take_streams()).layer(generated),
        }
    }

    fn call_generated(
        &mut self,
        request: Request<Body>,
    ) -> <Self as Service<Request<Body>>>::Future {
        let uri = request.uri().clone();
        Box::pin(name_unknown_method(uri, self.generated.call(request)))
    }
}

impl NamedService for FastRouteGuide {
    const NAME: &'static str = SERVICE_NAME;
}

impl Service<Request<Body>> for FastRouteGuide {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The generated service knows how to decompress.
        let encoding = request.headers().get(GRPC_ENCODING);
        if encoding.is_some_and(|encoding| encoding != "identity") {
            return self.call_generated(request);
        }
        let servicer = Arc::clone(&self.servicer);
        match request.uri().path() {
            "/routeguide.RouteGuide/GetFeature" => {
                let body = request.into_body();
                Box::pin(async move {
                    let answered = get_feature(&servicer, body).await;
                    Ok(answered.unwrap_or_else(Status::into_http))
                })
            }
            "/routeguide.RouteGuide/ListFeatures" => {
                let body = request.into_body();
                Box::pin(async move {
                    let answered = list_features(&servicer, body).await;
                    Ok(answered.unwrap_or_else(Status::into_http))
                })
            }
            "/routeguide.RouteGuide/RecordRoute" => {
                let body = request.into_body();
                Box::pin(async move {
                    let answered = record_route(&servicer, body).await;
                    Ok(answered.unwrap_or_else(Status::into_http))
                })
            }
            "/routeguide.RouteGuide/RouteChat" => Box::pin(async move {
                let answered = exchange_notes(&servicer, request).await;
                Ok(answered.unwrap_or_else(Status::into_http))
            }),
            _ => self.call_generated(request),
        }
    }
}

async fn get_feature(servicer: &RouteGuideServicer, body: Body) -> Result<Response<Body>, Status> {
    let at = servicer
        .points()
        .point(one_message(body, decode_point).await?)?;
    let store = servicer.store();
    let record = store.find_record(at).map_err(RpcError::from)?;
    let reply = record.unwrap_or_else(|| framed(&nothing_at(at)));
    Ok(unary_response(reply, &store))
}

async fn list_features(
    servicer: &RouteGuideServicer,
    body: Body,
) -> Result<Response<Body>, Status> {
    let decode = |message: &[u8]| Rectangle::decode(message).map_err(|error| invalid(&error));
    let area = servicer
        .points()
        .rectangle(one_message(body, decode).await?)?;
    let store = servicer.store();
    let listing = Listing::new(store.records(area));
    Ok(response(Body::new(listing), &store))
}

async fn record_route(
    servicer: &RouteGuideServicer,
    mut body: Body,
) -> Result<Response<Body>, Status> {
    let store = servicer.store();
    let mut recording = Recording::new(&store, servicer.points());
    let mut unframer = Unframer::default();
    while let Some(data) = next_data(&mut body).await? {
        unframer.feed(&data, |message| Ok(recording.add(decode_point(message)?)?))?;
        // A client that sends without a pause must leave others their turn.
        coop::consume_budget().await;
    }
    unframer.end()?;
    Ok(unary_response(framed(&recording.summary()), &store))
}

async fn exchange_notes(
    servicer: &RouteGuideServicer,
    request: Request<Body>,
) -> Result<Response<Body>, Status> {
    let (parts, body) = request.into_parts();
    let metadata = MetadataMap::from_headers(parts.headers);
    let (chat, confirmed) = servicer.begin_chat(&metadata, &parts.extensions).await?;
    let replies = Replies::new(route_chat::converse(body, chat, servicer.points()));
    let mut response = Response::new(Body::new(replies));
    *response.headers_mut() = confirmed.into_headers();
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(header::CONTENT_TYPE, grpc);
    Ok(response)
}

/// Reads the request of a call that takes one message.
async fn one_message<T>(
    mut body: Body,
    decode: impl Fn(&[u8]) -> Result<T, Status>,
) -> Result<T, Status> {
    let mut unframer = Unframer::default();
    let mut request = None;
    while let Some(data) = next_data(&mut body).await? {
        unframer.feed(&data, |message| {
            if request.is_some() {
                return Err(cardinality_violation(2));
            }
            // That there are two is said of them first, whatever the first one holds.
            request = Some(decode(message));
            Ok(())
        })?;
    }
    unframer.end()?;
    request.unwrap_or_else(|| Err(cardinality_violation(0)))
}

/// Waits for the next bytes of a request, `None` at its end.
async fn next_data(body: &mut Body) -> Result<Option<Bytes>, Status> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

fn unary_response(reply: Bytes, store: &Store) -> Response<Body> {
    let trailers = std::future::ready(Some(Ok(ok_trailers())));
    response(Body::new(Full::new(reply).with_trailers(trailers)), store)
}

fn response(body: Body, store: &Store) -> Response<Body> {
    let mut response = Response::new(body);
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(header::CONTENT_TYPE, grpc);
    response
        .headers_mut()
        .insert(DATA_VERSION_HEADER, data_version(store.version()));
    response
}

fn invalid(error: &prost::DecodeError) -> Status {
    Status::internal(error.to_string())
}

/// Encodes a message with its prefix.
pub(crate) fn framed(message: &impl Message) -> Bytes {
    let len = message.encoded_len();
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + len);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(len).unwrap_or(u32::MAX));
    // The buffer grows as needed, so there is always room.
    let _ = message.encode(&mut frame);
    frame.freeze()
}
