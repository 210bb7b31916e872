//! Following places without posting there: an extension of RouteChat that lives in metadata.

use route_guide_chat::Conversation;
use route_guide_geo::E7Point;
use tonic::metadata::{MetadataMap, MetadataValue};

use crate::error::RpcError;

/// The metadata that names a place to follow: `LAT,LON` in E7 units, as often as there are places.
///
/// A RouteChat call with it is handed the log of each of the places, and of those where it goes on to post: all notes
/// that are kept and all that are written, its own included, each once and in order. Its notes are not answered with the
/// earlier ones. The response metadata confirms each place as `LAT,LON,COUNT` with the number of notes that are kept;
/// they come first. A server that does not know this metadata confirms nothing.
pub const CHAT_WATCH: &str = "route-chat-watch";

/// The response metadata, beside a confirmed [`CHAT_WATCH`], with a number that changes when notes have been lost with
/// the server that kept them. A server whose notes survive a restart does not send it.
pub const CHAT_LIFE: &str = "route-chat-life";

/// Reads the places that a call wants to follow; `None` if it does not ask.
pub(crate) fn places(metadata: &MetadataMap) -> Result<Option<Vec<E7Point>>, RpcError> {
    if !metadata.contains_key(CHAT_WATCH) {
        return Ok(None);
    }
    let mut places = Vec::new();
    for value in metadata.get_all(CHAT_WATCH) {
        let text = String::from_utf8_lossy(value.as_bytes());
        // Values of one key may arrive joined by commas, so this is a list of numbers, two a place.
        let numbers: Vec<_> = text
            .split(',')
            .filter(|number| !number.trim().is_empty())
            .collect();
        for pair in numbers.chunks(2) {
            let place = E7Point::parse_e7(&pair.join(","));
            places.push(place.map_err(|source| RpcError::Place {
                key: CHAT_WATCH,
                source,
            })?);
        }
    }
    Ok(Some(places))
}

/// Makes a conversation follow places, and says so in the metadata of the response.
pub(crate) async fn follow(
    chat: &mut Conversation,
    places: &[E7Point],
    life: Option<u64>,
    metadata: &mut MetadataMap,
) -> Result<(), RpcError> {
    for place in places {
        let kept = chat.follow(*place).await?;
        let confirmed = format!("{},{kept}", place.e7());
        metadata.append(CHAT_WATCH, ascii(&confirmed));
    }
    if places.is_empty() {
        metadata.append(CHAT_WATCH, MetadataValue::from_static(""));
    }
    if let Some(life) = life {
        metadata.insert(CHAT_LIFE, ascii(&format!("{life:016x}")));
    }
    Ok(())
}

fn ascii(text: &str) -> MetadataValue<tonic::metadata::Ascii> {
    MetadataValue::try_from(text).expect("digits, signs and commas are ASCII")
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::*;

    fn read(values: &[&'static str]) -> Result<String, String> {
        let mut metadata = MetadataMap::new();
        for value in values {
            metadata.append(CHAT_WATCH, MetadataValue::from_static(value));
        }
        let places = places(&metadata).map_err(|err| Status::from(err).message().to_owned())?;
        let shown = |places: Vec<E7Point>| {
            let places: Vec<_> = places.iter().map(|place| place.e7().to_string()).collect();
            places.join(" ")
        };
        Ok(places.map_or("not asked".to_owned(), shown))
    }

    #[test]
    fn places_are_pairs_however_they_are_joined() {
        let check = |values: &[&'static str], expected: &str| {
            assert_eq!(read(values).as_deref(), Ok(expected), "{values:?}");
        };
        check(&[], "not asked");
        check(&[""], "");
        check(&["1,-2"], "1,-2");
        check(&["1,-2", "3,4"], "1,-2 3,4");
        check(&["1,-2, 3,4", "5 , 6,"], "1,-2 3,4 5,6");
    }

    #[test]
    fn what_is_no_place_is_quoted() {
        let check = |value: &'static str, expected: &str| {
            let expected = format!("metadata route-chat-watch: {expected}");
            assert_eq!(read(&["0,0", value]), Err(expected), "{value}");
        };
        check("1", "expected LAT,LON but found \"1\"");
        check("1,2,3", "expected LAT,LON but found \"3\"");
        check("1.5,2", "latitude \"1.5\" is not a whole number");
        check(
            "900000001,0",
            "latitude \"900000001\" is outside ±900000000",
        );
    }
}
