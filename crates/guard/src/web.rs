//! gRPC for pages in browsers.
//!
//! Calls that are none of gRPC-Web pass as they are; all go on in the service within.

mod text;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use tonic::body::Body;
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::{Layer, Service};
use tower_http::cors::{AllowHeaders, AllowOrigin, Cors, CorsLayer};

use crate::WebOrigin;
use crate::call::plain_response;
use text::TextBody;

pub(crate) mod origin;

/// How long a browser may remember what a page is allowed.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// The content type of binary gRPC-Web.
const BINARY: &str = "application/grpc-web+proto";

/// The content type of gRPC-Web as text, in base64.
const TEXT: &str = "application/grpc-web-text+proto";

/// The media types of gRPC-Web, and which of the two each of them is.
const MEDIA_TYPES: [(&str, &str); 4] = [
    ("application/grpc-web", BINARY),
    (BINARY, BINARY),
    ("application/grpc-web-text", TEXT),
    (TEXT, TEXT),
];

/// Where a reply that is all head has its status.
static STATUS_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
];

/// Lets pages in browsers call a gRPC service, by gRPC-Web over HTTP/1.1 and HTTP/2.
///
/// It belongs outside [`CallLayer`](crate::CallLayer), which then sees calls like any other, so that also the
/// trailers of an expired or cut call arrive. Over HTTP/1.1 what is not gRPC-Web is refused by HTTP status 405
/// or 415: there are no trailers.
///
/// A browser lets a page call only the server it comes from, unless the page's origin is allowed here.
///
/// # References
///
/// [gRPC-Web](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md);
/// [CORS](https://fetch.spec.whatwg.org/#http-cors-protocol).
#[derive(Clone, Debug)]
pub struct WebLayer {
    cors: Option<CorsLayer>,
}

/// The service that [`WebLayer`] makes.
#[derive(Clone, Debug)]
pub struct WebService<S> {
    translated: Translated<S>,
    cors: Option<Cors<Translated<S>>>,
}

impl WebLayer {
    /// Makes a layer for pages of these origins, which may read the named response headers beside the status.
    #[must_use]
    pub fn new(origins: &[WebOrigin], readable: &[HeaderName]) -> Self {
        let cors = (!origins.is_empty()).then(|| {
            let readable = STATUS_HEADERS.iter().chain(readable);
            CorsLayer::new()
                .allow_origin(allowed(origins))
                .allow_methods([Method::POST])
                // Any header may be metadata.
                .allow_headers(AllowHeaders::mirror_request())
                .expose_headers(readable.cloned().collect::<Vec<_>>())
                .max_age(REMEMBERED)
        });
        Self { cors }
    }
}

fn allowed(origins: &[WebOrigin]) -> AllowOrigin {
    let listed: Option<Vec<HeaderValue>> = origins.iter().map(WebOrigin::header).collect();
    listed.map_or_else(AllowOrigin::any, AllowOrigin::list)
}

impl<S: Clone> Layer<S> for WebLayer {
    type Service = WebService<S>;

    fn layer(&self, inner: S) -> WebService<S> {
        let translated = Translated(GrpcWebLayer::new().layer(inner));
        WebService {
            cors: self
                .cors
                .as_ref()
                .map(|cors| cors.layer(translated.clone())),
            translated,
        }
    }
}

/// The answer to a request, on its way.
type WebFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<S> Service<Request<Body>> for WebService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = WebFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.translated.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> WebFuture {
        match &mut self.cors {
            // Only browsers say where a request comes from, and only they want to be told what is allowed.
            Some(cors) if request.headers().contains_key(header::ORIGIN) => {
                Box::pin(cors.call(request))
            }
            _ => self.translated.call(request),
        }
    }
}

/// A service that understands gRPC-Web.
#[derive(Clone, Debug)]
struct Translated<S>(GrpcWebService<S>);

impl<S> Service<Request<Body>> for Translated<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = WebFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Body>>::poll_ready(&mut self.0, cx)
    }

    fn call(&mut self, request: Request<Body>) -> WebFuture {
        let web = of_web(&request, &header::CONTENT_TYPE);
        let refused = match request.version() {
            Version::HTTP_2 => None,
            _ if request.method() != Method::POST => Some(StatusCode::METHOD_NOT_ALLOWED),
            _ if web.is_none() => Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            _ => None,
        };
        match (refused, web) {
            (Some(code), _) => Box::pin(std::future::ready(Ok(plain_response(code)))),
            (None, Some(web)) => Box::pin(self.0.call(plain(request, web))),
            (None, None) => Box::pin(self.0.call(request)),
        }
    }
}

/// Says which kind of gRPC-Web a header names, if it names one.
///
/// Media types are the same in capitals, and parameters may follow them (RFC 9110, section 8.3.1).
fn of_web(request: &Request<Body>, header: &HeaderName) -> Option<&'static str> {
    let values = request.headers().get_all(header).into_iter();
    let named = values.filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).find_map(|named| {
        let media_type = named.split(';').next()?.trim();
        let kind = MEDIA_TYPES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(media_type));
        kind.map(|(_, kind)| *kind)
    })
}

/// Makes of a request what tonic-web understands: the names of its types as they are listed, and binary messages.
fn plain(mut request: Request<Body>, web: &'static str) -> Request<Body> {
    if let Some(accepted) = of_web(&request, &header::ACCEPT) {
        let accepted = HeaderValue::from_static(accepted);
        request.headers_mut().insert(header::ACCEPT, accepted);
    }
    let binary = HeaderValue::from_static(BINARY);
    request.headers_mut().insert(header::CONTENT_TYPE, binary);
    if web == TEXT {
        request.map(|body| Body::new(TextBody::new(body)))
    } else {
        request
    }
}
