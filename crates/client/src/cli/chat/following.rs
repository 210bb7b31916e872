//! What client and server say in metadata about places to follow.

use std::collections::HashMap;

use anyhow::Context as _;
use route_guide_geo::E7Point;
use tonic::metadata::MetadataMap;

use super::super::failure::Failure;
use crate::call::metadata::Header;
use crate::call::options::CallOptions;

/// Names a place to follow, as `LAT,LON` in E7 units. A server that knows it hands out the log of the place, each note
/// once and the writer's own included, and confirms it as `LAT,LON,COUNT,FIRST`: that many notes come first because they
/// are kept, and the first of them has this index in the log.
const WATCH: &str = "route-chat-watch";

/// Changes when notes have been lost with the server that kept them.
const LIFE: &str = "route-chat-life";

/// Names the numbering that indexes belong to.
const NUMBERING: &str = "route-chat-numbering";

/// Names a call, by 32 hexadecimal digits.
const CALL: &str = "route-chat-call";

/// Names the call before. A server answers it with `LAT,LON,COUNT` for each place: so many of the notes kept were left by
/// that call.
const RESUMES: &str = "route-chat-resumes";

/// The notes that a server keeps at a place when it begins to hand out its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) count: u64,
    /// The index of the first of them, or of the next note if there is none.
    pub(super) first: u64,
    /// How many of them were left by the call before; `None` if the server does not say.
    pub(super) own: Option<u64>,
}

/// A server's word that it follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Confirmed {
    places: HashMap<E7Point, Kept>,
    pub(super) life: Option<String>,
    pub(super) numbering: Option<String>,
}

/// The name of a call, drawn at random: who knows it can ask for the notes of the call.
#[derive(Clone, Debug)]
pub(super) struct CallName(String);

impl CallName {
    pub(super) fn random() -> Self {
        Self(format!("{:032x}", fastrand::u128(..)))
    }
}

/// Asks to follow places.
pub(super) fn ask(
    options: CallOptions,
    places: &[E7Point],
    call: Option<&CallName>,
    before: Option<&CallName>,
) -> Result<CallOptions, Failure> {
    let entries = (places.iter().map(|place| (WATCH, place.e7().to_string())))
        .chain(call.map(|name| (CALL, name.0.clone())))
        .chain(before.map(|name| (RESUMES, name.0.clone())));
    let mut options = options;
    for (key, value) in entries {
        let header: Header = format!("{key}:{value}")
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
        let mut places = HashMap::new();
        for [lat, lon, count, first] in numbers(metadata, WATCH)? {
            let kept = Kept {
                count: count.try_into().ok()?,
                first: first.try_into().ok().filter(|first| *first > 0)?,
                own: None,
            };
            places.insert(place(lat, lon)?, kept);
        }
        for [lat, lon, own] in numbers(metadata, RESUMES).unwrap_or_default() {
            if let Some(kept) = places.get_mut(&place(lat, lon)?) {
                kept.own = own.try_into().ok();
            }
        }
        let text = |key| {
            let value = metadata.get(key)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Some(Self {
            places,
            life: text(LIFE),
            numbering: text(NUMBERING),
        })
    }

    /// Returns which notes of a place come first; `None` if the server does not follow it.
    pub(super) fn kept(&self, place: E7Point) -> Option<Kept> {
        self.places.get(&place).copied()
    }
}

/// Reads the values of a key as groups of `N` numbers. Values of one key may arrive joined by commas.
fn numbers<const N: usize>(metadata: &MetadataMap, key: &str) -> Option<Vec<[i64; N]>> {
    let mut groups = Vec::new();
    for value in metadata.get_all(key) {
        let numbers: Option<Vec<i64>> = (value.to_str().ok()?.split(','))
            .map(|number| number.trim().parse().ok())
            .collect();
        for group in numbers?.chunks(N) {
            groups.push(group.try_into().ok()?);
        }
    }
    Some(groups)
}

fn place(lat: i64, lon: i64) -> Option<E7Point> {
    Some(E7Point::unbounded(
        lat.try_into().ok()?,
        lon.try_into().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use route_guide_geo::E7Point;
    use tonic::metadata::MetadataMap;

    use super::{Confirmed, Kept, LIFE, NUMBERING, RESUMES, WATCH};

    fn metadata(values: &[&'static str]) -> MetadataMap {
        let mut metadata = MetadataMap::new();
        for value in values {
            metadata.append(WATCH, value.parse().unwrap());
        }
        metadata
    }

    fn kept(count: u64, first: u64, own: Option<u64>) -> Kept {
        Kept { count, first, own }
    }

    #[test]
    fn places_are_confirmed_with_their_notes() {
        for values in [&["1,-2,3,7", "4,5,0,1"][..], &["1,-2,3,7, 4,5,0,1"]] {
            let confirmed = Confirmed::read(&metadata(values)).unwrap();
            let at = |lat, lon| confirmed.kept(E7Point::unbounded(lat, lon));
            assert_eq!(
                [at(1, -2), at(4, 5), at(0, 0)],
                [Some(kept(3, 7, None)), Some(kept(0, 1, None)), None]
            );
            assert_eq!((confirmed.life, confirmed.numbering), (None, None));
        }
        let mut metadata = metadata(&["1,2,3,4"]);
        metadata.insert(LIFE, "abc".parse().unwrap());
        metadata.insert(NUMBERING, "def".parse().unwrap());
        metadata.insert(RESUMES, "1,2,2".parse().unwrap());
        let confirmed = Confirmed::read(&metadata).unwrap();
        assert_eq!(confirmed.life.as_deref(), Some("abc"));
        assert_eq!(confirmed.numbering.as_deref(), Some("def"));
        assert_eq!(
            confirmed.kept(E7Point::unbounded(1, 2)),
            Some(kept(3, 4, Some(2)))
        );
    }

    #[test]
    fn anything_else_confirms_nothing() {
        assert_eq!(Confirmed::read(&metadata(&[])), None);
        for value in [
            "",
            "1,2,3",
            "1,2,3,x",
            "1,2,-3,1",
            "1,2,3,0",
            "3000000000,0,1,1",
            "1,2,3,4,5",
        ] {
            assert_eq!(Confirmed::read(&metadata(&[value])), None, "{value}");
        }
    }
}
