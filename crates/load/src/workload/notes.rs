//! Notes and places of RouteChat.

use bytes::Bytes;
use h2::SendStream;
use prost::Message;
use route_guide_geo::E7Point;
use route_guide_proto::routeguide::RouteNote;

use crate::LoadError;
use crate::connection::messages::{self, PREFIX_LEN};

/// Places that depend on a seed: runs with different seeds use different places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    seed: u64,
}

impl Places {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A place for each number.
    pub(super) fn get(self, number: u64) -> E7Point {
        let bits = mixed(mixed(self.seed) ^ number);
        let within = |bits: u64, bound: i32| {
            let width = u64::from(bound.unsigned_abs()) * 2 + 1;
            let offset = i64::try_from(bits % width).unwrap_or(0);
            i32::try_from(offset - i64::from(bound)).unwrap_or(0)
        };
        E7Point::unbounded(
            within(bits >> 32, E7Point::MAX_LAT),
            within(bits & 0xffff_ffff, E7Point::MAX_LON),
        )
    }
}

/// Spreads a number over 64 bits: the output function of splitmix64.
///
/// # References
///
/// G. L. Steele, D. Lea, C. H. Flood: Fast splittable pseudorandom number generators. OOPSLA 2014.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Posts a note, in a DATA frame of its own as a gRPC client does; returns its length in bytes.
///
/// On a stream that has ended this does nothing: its status is in the reply.
pub(super) fn post(sending: &mut SendStream<Bytes>, place: E7Point, text: String) -> u64 {
    let framed = messages::framed(&RouteNote {
        location: Some(place.into()),
        message: text,
    });
    let len = framed.len() as u64;
    let _ = sending.send_data(framed, false);
    len
}

/// Bytes that a stream has received and that are no whole note yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
}

impl Inbox {
    /// Takes bytes, and hands on the text of each note that is whole now.
    pub(super) fn receive(
        &mut self,
        bytes: &[u8],
        mut read: impl FnMut(&str),
    ) -> Result<(), LoadError> {
        self.bytes.extend_from_slice(bytes);
        let mut done = 0;
        for message in messages::split(&self.bytes) {
            read(&RouteNote::decode(message)?.message);
            done += PREFIX_LEN + message.len();
        }
        self.bytes.drain(..done);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn places_are_on_the_globe_and_different() {
        let places: HashSet<_> = (0..1_000)
            .flat_map(|number| [Places::new(1).get(number), Places::new(2).get(number)])
            .collect();
        assert_eq!(places.len(), 2_000);
        let on_globe = |p: &E7Point| E7Point::new(p.lat(), p.lon()).is_ok();
        assert!(places.iter().all(on_globe));
        assert!(places.iter().any(|p| p.lat() < 0) && places.iter().any(|p| p.lon() > 0));
    }

    #[test]
    fn notes_are_read_when_they_are_whole() {
        let mut bytes = Vec::new();
        for message in ["ice", "grit"] {
            let note = RouteNote {
                message: message.into(),
                ..RouteNote::default()
            };
            messages::append(&note, &mut bytes);
        }
        let mut inbox = Inbox::default();
        let mut read = Vec::new();
        for byte in bytes {
            inbox
                .receive(&[byte], |text| read.push(text.to_owned()))
                .unwrap();
        }
        assert_eq!(read, ["ice", "grit"]);
    }
}
