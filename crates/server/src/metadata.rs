//! The metadata that is part of what these servers promise, beside the published contracts.

use http::{HeaderName, HeaderValue};

/// The trailer that says how many notes a RouteChat stream missed, next to status `DATA_LOSS`.
pub const NOTES_MISSED: &str = "route-notes-missed";

/// The metadata that says which data set a reply comes from, as 16 hexadecimal digits.
pub const DATA_VERSION: &str = "route-guide-data-version";

/// The metadata that names a place to follow: `LAT,LON` in E7 units, as often as there are places.
///
/// A RouteChat call with it is handed the log of each of the places, and of those where it goes on to post: all notes
/// that are kept and all that are written, its own included, each once and in order. Its notes are not answered with the
/// earlier ones. The response metadata confirms each place as `LAT,LON,COUNT,FIRST`: COUNT notes are kept, they come
/// first, and FIRST is the index of the first of them in the log of the place, counted from 1. If none is kept, FIRST is
/// the index that the next note will have. A server that does not know this metadata confirms nothing.
pub const CHAT_WATCH: &str = "route-chat-watch";

/// The response metadata, beside a confirmed [`CHAT_WATCH`], with a number that changes when notes have been lost with
/// the server that kept them. A server whose notes survive a restart does not send it.
pub const CHAT_LIFE: &str = "route-chat-life";

/// The response metadata, beside a confirmed [`CHAT_WATCH`], with a number that tells which numbering the indexes belong
/// to. Indexes of one numbering grow with each note of a place, and none stands for two notes.
pub const CHAT_NUMBERING: &str = "route-chat-numbering";

/// The request metadata with which a call that follows places names itself, as 32 hexadecimal digits of its own choice.
pub const CHAT_CALL: &str = "route-chat-call";

/// The metadata with which a call names an earlier one, by that one's [`CHAT_CALL`]. For each place that it follows the
/// response metadata of this name says `LAT,LON,COUNT`: that many of the notes kept were left by the earlier call.
pub const CHAT_RESUMES: &str = "route-chat-resumes";

/// The request metadata that asks `BidiHello` for its other discipline, with the value `collect`.
///
/// Without it the method plays ping-pong: one response for each request, as it comes. With it the
/// method collects all requests and responds once the client has half-closed.
pub const HELLO_MODE: &str = "hello-mode";

/// The interoperability tests of gRPC send these two and expect them back, in the headers and in the trailers.
pub(crate) const ECHO_INITIAL: HeaderName = HeaderName::from_static("x-grpc-test-echo-initial");
pub(crate) const ECHO_TRAILING: HeaderName =
    HeaderName::from_static("x-grpc-test-echo-trailing-bin");

/// Response metadata that pages in browsers may read.
pub(crate) static READABLE: [HeaderName; 8] = [
    HeaderName::from_static(DATA_VERSION),
    HeaderName::from_static(NOTES_MISSED),
    HeaderName::from_static(CHAT_WATCH),
    HeaderName::from_static(CHAT_LIFE),
    HeaderName::from_static(CHAT_NUMBERING),
    HeaderName::from_static(CHAT_RESUMES),
    ECHO_INITIAL,
    ECHO_TRAILING,
];

/// Returns the value of [`DATA_VERSION`] for the version of a store.
pub(crate) fn data_version(version: u64) -> HeaderValue {
    let digit = |place: usize| b"0123456789abcdef"[(version >> (60 - 4 * place) & 0xf) as usize];
    let digits: [u8; 16] = std::array::from_fn(digit);
    HeaderValue::from_bytes(&digits).expect("digits are ASCII")
}
