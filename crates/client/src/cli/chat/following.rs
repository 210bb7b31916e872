//! What client and server say in metadata about places to follow.

use std::collections::HashMap;

use anyhow::Context as _;
use route_guide_geo::E7Point;
use tonic::metadata::MetadataMap;

use super::super::session::Failure;
use crate::header::Header;
use crate::options::CallOptions;

/// Names a place to follow, as `LAT,LON` in E7 units. A server that knows it hands out the log of the place, each note
/// once and the writer's own included, and confirms it as `LAT,LON,COUNT` with the number of notes that come first
/// because they are kept.
const WATCH: &str = "route-chat-watch";

/// Changes when notes have been lost with the server that kept them.
const LIFE: &str = "route-chat-life";

/// A server's word that it follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Confirmed {
    counts: HashMap<E7Point, u64>,
    life: Option<String>,
}

/// Asks to follow places.
pub(super) fn ask(options: CallOptions, places: &[E7Point]) -> Result<CallOptions, Failure> {
    let mut options = options;
    for place in places {
        let header: Header = format!("{WATCH}:{}", place.e7())
            .parse()
            .context("cannot name the place to the server")?;
        options = options.header(header);
    }
    Ok(options)
}

impl Confirmed {
    /// Reads the answer; `None` if the server does not follow places.
    pub(super) fn read(metadata: &MetadataMap) -> Option<Self> {
        if !metadata.contains_key(WATCH) {
            return None;
        }
        let mut counts = HashMap::new();
        for value in metadata.get_all(WATCH) {
            // Values of one key may arrive joined by commas: it is a list of numbers, three a place.
            let numbers: Option<Vec<i64>> = (value.to_str().ok()?.split(','))
                .map(|number| number.trim().parse().ok())
                .collect();
            for place in numbers?.chunks(3) {
                let &[lat, lon, count] = place else {
                    return None;
                };
                let place = E7Point::unbounded(lat.try_into().ok()?, lon.try_into().ok()?);
                counts.insert(place, count.try_into().ok()?);
            }
        }
        let life = metadata.get(LIFE);
        let life = life.map(|life| String::from_utf8_lossy(life.as_bytes()).into_owned());
        Some(Self { counts, life })
    }

    /// Returns how many notes of a place come first; `None` if the server does not follow it.
    pub(super) fn count(&self, place: E7Point) -> Option<u64> {
        self.counts.get(&place).copied()
    }

    pub(super) fn life(&self) -> Option<&str> {
        self.life.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use route_guide_geo::E7Point;
    use tonic::metadata::MetadataMap;

    use super::{Confirmed, LIFE, WATCH};

    fn read(values: &[&'static str]) -> Option<Confirmed> {
        let mut metadata = MetadataMap::new();
        for value in values {
            metadata.append(WATCH, value.parse().unwrap());
        }
        Confirmed::read(&metadata)
    }

    #[test]
    fn places_are_confirmed_with_their_notes() {
        for values in [&["1,-2,3", "4,5,0"][..], &["1,-2,3, 4,5,0"]] {
            let confirmed = read(values).unwrap();
            let count = |lat, lon| confirmed.count(E7Point::unbounded(lat, lon));
            let counts = [count(1, -2), count(4, 5), count(0, 0)];
            assert_eq!(counts, [Some(3), Some(0), None]);
            assert_eq!(confirmed.life(), None);
        }
        let mut metadata = MetadataMap::new();
        metadata.insert(WATCH, "1,2,3".parse().unwrap());
        metadata.insert(LIFE, "abc".parse().unwrap());
        assert_eq!(Confirmed::read(&metadata).unwrap().life(), Some("abc"));
    }

    #[test]
    fn anything_else_confirms_nothing() {
        assert_eq!(read(&[]), None);
        for value in ["", "1,2", "1,2,x", "1,2,-3", "3000000000,0,1", "1,2,3,4"] {
            assert_eq!(read(&[value]), None, "{value}");
        }
    }
}
