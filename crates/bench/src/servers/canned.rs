//! The least that a call over HTTP/2 can cost: a server on the bare h2 crate that knows one answer.

use std::io;
use std::sync::Arc;

use bytes::{BufMut, Bytes};
use h2::server::{self, SendResponse};
use http::{HeaderMap, HeaderValue, Request, Response, header};
use prost::Message;
use route_guide_proto::routeguide::Feature;
use tokio::net::{TcpListener, TcpStream};

/// As `route-guide-server` has them.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;

/// Answers every call with the same feature.
///
/// It reads each request to its end, as a server must, and looks neither at its path nor at its message. There is
/// no routing, no deadline and no decoding: what a call of GetFeature costs more elsewhere, those cost.
#[derive(Clone, Debug)]
pub struct Canned {
    reply: Bytes,
}

impl Canned {
    /// Makes the server of this feature.
    ///
    /// # Errors
    ///
    /// If the feature is longer than a message can be.
    pub fn new(feature: &Feature) -> anyhow::Result<Self> {
        let mut reply = vec![0];
        reply.put_u32(u32::try_from(feature.encoded_len())?);
        feature.encode(&mut reply)?;
        Ok(Self {
            reply: reply.into(),
        })
    }

    /// Serves on a socket until the runtime ends.
    ///
    /// # Errors
    ///
    /// If no connection can be accepted.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let reply = Arc::new(self.reply);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let reply = Arc::clone(&reply);
            tokio::spawn(async move {
                // A connection that fails has no calls any more, which the load reports.
                let _ = connection(stream, &reply).await;
            });
        }
    }
}

async fn connection(stream: TcpStream, reply: &Bytes) -> Result<(), h2::Error> {
    let mut connection = server::Builder::new()
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .handshake::<_, Bytes>(stream)
        .await?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        let reply = reply.clone();
        tokio::spawn(async move {
            // As above.
            let _ = answer(request, respond, reply).await;
        });
    }
    Ok(())
}

async fn answer(
    request: Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
    reply: Bytes,
) -> Result<(), h2::Error> {
    let mut body = request.into_body();
    while let Some(data) = body.data().await {
        let len = data?.len();
        body.flow_control().release_capacity(len)?;
    }
    let mut head = Response::new(());
    let grpc = HeaderValue::from_static("application/grpc");
    head.headers_mut().insert(header::CONTENT_TYPE, grpc);
    let mut stream = respond.send_response(head, false)?;
    stream.send_data(reply, false)?;
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    stream.send_trailers(trailers)
}
