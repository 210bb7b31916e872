use std::fmt;
use std::str::FromStr;

use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use route_guide_geo::E7Point;

use crate::logs::Context;
use crate::note::{Author, Draft};

/// How a note lies in the stream:
///
/// - its subject is the prefix, the latitude and the longitude in E7, joined by dots;
/// - the header `Nats-Msg-Id` is a [`NoteId`]: NATS takes a note once under it, however often it is sent;
/// - the header [`CONTEXT`], if it is there, is what its author's server knew of the place;
/// - the payload is the text, UTF-8, as it came.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    prefix: String,
}

/// `SEEN LAST`: how far in the stream the author's server had read, and the number of the place's last note up to there, 0 if
/// there was none.
const CONTEXT: &str = "Route-Notes";

/// The longest that the headers of a note can be. NATS counts them as part of the message.
pub(super) const MAX_HEAD_BYTES: usize = 136;

/// What names a note: its author, and a number that is higher for a later note of that author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct NoteId {
    pub(super) author: Author,
    pub(super) number: u64,
}

/// A note out of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) draft: Draft,
    pub(super) id: NoteId,
    pub(super) context: Option<Context>,
}

impl Wire {
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix }
    }

    /// Returns the subject of all notes.
    pub(super) fn all(&self) -> String {
        format!("{}.*.*", self.prefix)
    }

    /// Returns the subject of the notes at a place.
    pub(super) fn subject(&self, place: E7Point) -> String {
        format!("{}.{}.{}", self.prefix, place.lat(), place.lon())
    }

    fn place(&self, subject: &str) -> Option<E7Point> {
        let rest = subject.strip_prefix(&self.prefix)?.strip_prefix('.')?;
        let (lat, lon) = rest.split_once('.')?;
        Some(E7Point::unbounded(lat.parse().ok()?, lon.parse().ok()?))
    }

    /// Returns the headers of a note.
    pub(super) fn headers(id: NoteId, context: Option<Context>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, id.to_string());
        if let Some(Context { seen, last }) = context {
            headers.insert(CONTEXT, format!("{seen} {last}"));
        }
        headers
    }

    /// Reads a note back, or returns what is wrong with the message.
    pub(super) fn read(
        &self,
        subject: &str,
        headers: Option<&HeaderMap>,
        payload: &[u8],
    ) -> Result<Arrival, &'static str> {
        let place = self
            .place(subject)
            .ok_or("its subject does not end in a place")?;
        let headers = headers.ok_or("it has no headers")?;
        let id: NoteId = headers
            .get(NATS_MESSAGE_ID)
            .ok_or("it has no id")?
            .as_str()
            .parse()
            .map_err(|NotAnId| "its id names no author")?;
        let context = headers.get(CONTEXT).and_then(|context| {
            let (seen, last) = context.as_str().split_once(' ')?;
            Some(Context {
                seen: seen.parse().ok()?,
                last: last.parse().ok()?,
            })
        });
        let Ok(message) = std::str::from_utf8(payload) else {
            return Err("its text is not UTF-8");
        };
        let draft = Draft::new(place, message, id.author);
        Ok(Arrival { draft, id, context })
    }
}

impl fmt::Display for NoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}-{}", self.author.to_u128(), self.number)
    }
}

/// The text is not a [`NoteId`].
#[derive(Debug)]
pub(super) struct NotAnId;

impl FromStr for NoteId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (author, number) = text.split_once('-').ok_or(NotAnId)?;
        let author = u128::from_str_radix(author, 16).map_err(|_error| NotAnId)?;
        let number = number.parse().map_err(|_error| NotAnId)?;
        let author = Author::from_u128(author);
        Ok(Self { author, number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire() -> Wire {
        Wire::new("route.notes".to_owned())
    }

    fn id() -> NoteId {
        NoteId {
            author: Author::from_u128(0xA5),
            number: 7,
        }
    }

    #[test]
    fn a_note_comes_back_as_it_went() {
        for (lat, lon) in [(0, 0), (i32::MIN, i32::MAX), (407_838_351, -746_143_763)] {
            let place = E7Point::unbounded(lat, lon);
            let context = Some(Context {
                seen: 12,
                last: u64::MAX,
            });
            let text = "\0\r\nNATS/1.0\r\n北京 🚧";
            let headers = Wire::headers(id(), context);
            let subject = wire().subject(place);
            let arrival = wire().read(&subject, Some(&headers), text.as_bytes());
            let draft = Draft::new(place, text, id().author);
            let expected = Arrival {
                draft,
                id: id(),
                context,
            };
            assert_eq!(arrival, Ok(expected));
        }
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let place = E7Point::unbounded(1, -20);
        assert_eq!(wire().subject(place), "route.notes.1.-20");
        let headers = Wire::headers(id(), Some(Context { seen: 3, last: 2 }));
        assert_eq!(
            headers.get("Nats-Msg-Id").unwrap().as_str(),
            "000000000000000000000000000000a5-7"
        );
        assert_eq!(headers.get("Route-Notes").unwrap().as_str(), "3 2");
    }

    #[test]
    fn a_context_that_is_not_two_numbers_is_none() {
        let subject = wire().subject(E7Point::default());
        let mut headers = Wire::headers(id(), None);
        assert_eq!(headers.get(CONTEXT), None);
        for text in ["", "3", "3 -2", "3 2 1", "3 99999999999999999999"] {
            headers.insert(CONTEXT, text);
            let arrival = wire().read(&subject, Some(&headers), b"");
            assert_eq!(arrival.unwrap().context, None, "{text}");
        }
    }

    #[test]
    fn no_head_is_longer_than_the_longest() {
        let id = NoteId {
            author: Author::from_u128(u128::MAX),
            number: u64::MAX,
        };
        let context = Some(Context {
            seen: u64::MAX,
            last: u64::MAX,
        });
        // As NATS writes them: a first line, "name: value" for each, and an empty line.
        let mut len_bytes = "NATS/1.0\r\n\r\n".len();
        for (name, values) in Wire::headers(id, context).iter() {
            for value in values {
                len_bytes += format!("{name}: {}\r\n", value.as_str()).len();
            }
        }
        assert_eq!(len_bytes, MAX_HEAD_BYTES);
    }

    #[test]
    fn what_is_no_note_is_refused() {
        let good = Wire::headers(id(), Some(Context { seen: 3, last: 2 }));
        let with = |name: &str, value: &str| {
            let mut headers = good.clone();
            headers.insert(name, value);
            headers
        };
        let check = |subject: &str, headers: Option<&HeaderMap>, payload: &[u8], what: &str| {
            assert_eq!(wire().read(subject, headers, payload), Err(what));
        };
        let at = "route.notes.1.2";
        for subject in [
            "route.notes.1",
            "route.notes.a.b",
            "route.notes.1.2.3",
            "x.1.2",
            "route.notes.1.2147483648",
        ] {
            check(
                subject,
                Some(&good),
                b"",
                "its subject does not end in a place",
            );
        }
        check(at, None, b"", "it has no headers");
        check(at, Some(&HeaderMap::new()), b"", "it has no id");
        for text in [
            "",
            "7",
            "-7",
            "x-7",
            "a5-",
            "a5--7",
            "1a5000000000000000000000000000000a5-7",
        ] {
            check(
                at,
                Some(&with("Nats-Msg-Id", text)),
                b"",
                "its id names no author",
            );
        }
        check(at, Some(&good), b"\xff", "its text is not UTF-8");
    }
}
