//! The statuses that the call layer makes, and what it changes in those of others.

use http::{HeaderMap, HeaderName, HeaderValue, Response};
use tonic::body::Body;
use tonic::{Code, Status};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// How many bytes of UTF-8 a status message may have.
///
/// Clients limit the headers that they accept, 8 KiB in many of them, and forget the status of a call whose trailers
/// are longer. Percent-encoding makes at most three bytes of one.
const MAX_MESSAGE_BYTES: usize = 1024;

/// What stands for the rest of a message: `…`, in percent-encoding.
const ELLIPSIS: &[u8] = b"%E2%80%A6";
const ELLIPSIS_BYTES: usize = 3;

pub(crate) fn expired() -> Status {
    Status::deadline_exceeded("the deadline of the call has passed")
}

pub(crate) fn draining() -> Status {
    Status::unavailable("server is draining")
}

/// What a call ends with whose handler has panicked.
///
/// # References
///
/// [Status codes](https://github.com/grpc/grpc/blob/master/doc/statuscodes.md): `UNKNOWN` where the server throws an
/// exception.
pub(crate) fn panicked() -> Status {
    // Where and why is for the log, and the panic hook has written it there.
    Status::unknown("the server failed on this call")
}

/// Makes a response that is all head.
pub(crate) fn response(status: Status) -> Response<Body> {
    let mut response = status.into_http();
    correct(response.headers_mut());
    response
}

/// Makes the trailers of a call that ends with this status.
pub(crate) fn trailers(status: &Status) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(2);
    if status.add_header(&mut map).is_err() {
        // Only metadata that is no valid header can fail, and our own statuses carry none.
        map.insert(GRPC_STATUS, HeaderValue::from(status.code() as i32));
    }
    correct(&mut map);
    map
}

/// Reads the status from a response's head or trailers; `None` if there is none.
pub(crate) fn code_of(headers: &HeaderMap) -> Option<Code> {
    let status = headers.get(GRPC_STATUS)?;
    Some(Code::from_bytes(status.as_bytes()))
}

/// Corrects the status in a response's head or trailers, if there is one.
///
/// - A message over the size limit is `RESOURCE_EXHAUSTED`, as the status document has it; tonic says `OUT_OF_RANGE`.
/// - The status message ends within [`MAX_MESSAGE_BYTES`], whoever wrote it and whatever it quotes.
///
/// # References
///
/// [Status codes](https://github.com/grpc/grpc/blob/master/doc/statuscodes.md), `RESOURCE_EXHAUSTED`.
pub(crate) fn correct(headers: &mut HeaderMap) {
    const OUT_OF_RANGE: i32 = Code::OutOfRange as i32;
    const TOO_LARGE: &[u8] = b"Error,%20decoded%20message%20length%20too%20large";
    // A call that went well has no message.
    let Some(message) = headers.get(GRPC_MESSAGE) else {
        return;
    };
    let too_large = message.as_bytes().starts_with(TOO_LARGE);
    if let Some(shorter) = shortened(message.as_bytes()) {
        headers.insert(GRPC_MESSAGE, shorter);
    }
    if too_large
        && headers
            .get(GRPC_STATUS)
            .is_some_and(|code| *code == *OUT_OF_RANGE.to_string())
    {
        let code = HeaderValue::from(Code::ResourceExhausted as i32);
        headers.insert(GRPC_STATUS, code);
    }
}

/// Cuts a percent-encoded message at a character, if it is too long.
fn shortened(encoded: &[u8]) -> Option<HeaderValue> {
    // Encoding only makes messages longer.
    if encoded.len() <= MAX_MESSAGE_BYTES {
        return None;
    }
    let (mut at, mut decoded_bytes) = (0, 0);
    let mut end = 0;
    while at < encoded.len() {
        let (len, continues) = match &encoded[at..] {
            // The bytes 0x80 to 0xBF go on with a character of UTF-8.
            [b'%', high, _, ..] => (3, matches!(high, b'8' | b'9' | b'A' | b'B' | b'a' | b'b')),
            _ => (1, false),
        };
        if !continues && decoded_bytes <= MAX_MESSAGE_BYTES - ELLIPSIS_BYTES {
            end = at;
        }
        at += len;
        decoded_bytes += 1;
    }
    if decoded_bytes <= MAX_MESSAGE_BYTES {
        return None;
    }
    HeaderValue::from_bytes(&[&encoded[..end], ELLIPSIS].concat()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a message through the correction and returns what a client reads.
    fn corrected(message: &str) -> String {
        let headers = trailers(&Status::not_found(message));
        let status = Status::from_header_map(&headers).expect("there is a status");
        assert_eq!(status.code(), Code::NotFound);
        status.message().to_owned()
    }

    #[test]
    fn a_message_ends_within_a_kibibyte_at_a_character() {
        for character in ["a", "%", "ü", "日", "🗺"] {
            let fits = MAX_MESSAGE_BYTES / character.len();
            let whole = character.repeat(fits);
            assert_eq!(corrected(&whole), whole);

            for times in [fits + 1, fits + 2, 10_000] {
                let cut = corrected(&character.repeat(times));
                let kept = cut.strip_suffix('…').expect("it says that it is cut");
                assert!(cut.len() <= MAX_MESSAGE_BYTES, "{character}: {}", cut.len());
                assert!(cut.len() + character.len() > MAX_MESSAGE_BYTES);
                assert_eq!(kept, character.repeat(kept.len() / character.len()));
            }
        }
    }

    #[test]
    fn what_is_no_percent_encoding_is_cut_as_well() {
        for foreign in [&b"%"[..], b"%4", b"%zz", b"\xfc"] {
            let mut headers = HeaderMap::new();
            let long = HeaderValue::from_bytes(&foreign.repeat(10_000)).expect("visible bytes");
            headers.insert(GRPC_MESSAGE, long);
            correct(&mut headers);
            assert!(headers[GRPC_MESSAGE].len() <= 3 * MAX_MESSAGE_BYTES + ELLIPSIS.len());
        }
    }
}
