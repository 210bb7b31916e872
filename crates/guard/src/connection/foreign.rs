//! Peers that do not speak HTTP/2, and what they and the log are told.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::rarely::Rarely;

/// What a peer speaks in place of HTTP/2, by the first byte it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// A record of TLS.
    Tls,
    /// Most likely the method of an HTTP/1.1 request.
    Http1,
    /// Nothing that is known here.
    Unknown,
}

/// Tells the log about peers that will never be answered as they expect.
#[derive(Clone, Debug, Default)]
pub(crate) struct Foreigners {
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    tls: Rarely,
    http1: Rarely,
    unknown: Rarely,
}

/// A fatal alert: `protocol_version`.
const TLS_ALERT: &[u8] = &[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46];

/// Its body ends with the connection.
const HTTP1_ANSWER: &[u8] = b"HTTP/1.1 505 HTTP Version Not Supported\r\n\
    content-type: text/plain\r\n\
    connection: close\r\n\
    \r\n\
    This is a gRPC server. It speaks HTTP/2: use a gRPC client.\n\
    It answers pages in browsers, over HTTP/1.1 too, if it is started with --grpc-web.\n";

impl Foreign {
    /// Tells what a peer speaks that has said this and not the preface of HTTP/2.
    pub(crate) fn of(said: &[u8]) -> Self {
        match said {
            [0x16, ..] => Self::Tls,
            [letter, ..] if letter.is_ascii_uppercase() => Self::Http1,
            _ => Self::Unknown,
        }
    }

    /// What the peer is answered before the connection is closed.
    pub(crate) fn answer(self) -> &'static [u8] {
        match self {
            Self::Tls => TLS_ALERT,
            Self::Http1 => HTTP1_ANSWER,
            Self::Unknown => &[],
        }
    }
}

impl Foreigners {
    /// Writes a line for the log, if there was none of this kind for a while.
    pub(crate) fn note(&self, foreign: Foreign, peer: Option<SocketAddr>) {
        let (event, words) = match foreign {
            Foreign::Tls => (
                &self.seen.tls,
                "a client speaks TLS, but this port expects plain text: \
                 turn TLS off in the client, or put a proxy that speaks TLS in front",
            ),
            Foreign::Http1 => (
                &self.seen.http1,
                "a client speaks HTTP/1.1, but this port expects HTTP/2: \
                 use a gRPC client, or start the server with --grpc-web for gRPC-Web",
            ),
            Foreign::Unknown => (
                &self.seen.unknown,
                "a client speaks neither HTTP/2 nor anything else that is known here",
            ),
        };
        if let Some(untold) = event.happened() {
            let peer = peer.map(tracing::field::display);
            tracing::warn!(peer, untold, "{words}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_speaks_is_told_by_its_first_byte() {
        for (said, foreign) in [
            (&b"\x16\x03\x01"[..], Foreign::Tls),
            (b"GET", Foreign::Http1),
            (b"PRI * HTTP/1", Foreign::Http1),
            (b"\0", Foreign::Unknown),
            (b"ssh", Foreign::Unknown),
            (b"", Foreign::Unknown),
        ] {
            assert_eq!(Foreign::of(said), foreign, "{said:?}");
        }
    }
}
