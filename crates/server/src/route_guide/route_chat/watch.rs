//! Following places without posting there: an extension of RouteChat that lives in metadata.

use route_guide_chat::{Author, Conversation, Notebook};
use route_guide_geo::E7Point;
use tonic::metadata::{MetadataMap, MetadataValue};

use crate::error::RpcError;
use crate::metadata::{CHAT_LIFE, CHAT_NUMBERING, CHAT_RESUMES, CHAT_WATCH};

/// Reads who writes the notes of a call, or of the one that it resumes.
pub(crate) fn author(
    metadata: &MetadataMap,
    key: &'static str,
) -> Result<Option<Author>, RpcError> {
    let Some(value) = metadata.get(key) else {
        return Ok(None);
    };
    let digits = value.to_str().unwrap_or_default();
    let is_number = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    match u128::from_str_radix(digits, 16) {
        Ok(number) if is_number => Ok(Some(Author::from_u128(number))),
        _ => Err(RpcError::CallId { key }),
    }
}

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
    resumed: Option<Author>,
    metadata: &mut MetadataMap,
) -> Result<(), RpcError> {
    for place in places {
        // A place that was named twice is confirmed once.
        let Some(kept) = chat.follow(*place).await? else {
            continue;
        };
        let confirmed = format!("{},{},{}", place.e7(), kept.count, kept.first);
        metadata.append(CHAT_WATCH, ascii(&confirmed));
        if let Some(author) = resumed {
            let own = chat.kept_of(author, *place);
            metadata.append(CHAT_RESUMES, ascii(&format!("{},{own}", place.e7())));
        }
    }
    if places.is_empty() {
        metadata.append(CHAT_WATCH, MetadataValue::from_static(""));
    }
    Ok(())
}

/// Says in the metadata of the response which notes and indexes a notebook hands out.
pub(crate) fn identify(notebook: &dyn Notebook, metadata: &mut MetadataMap) {
    if let Some(life) = notebook.life() {
        metadata.insert(CHAT_LIFE, ascii(&format!("{life:016x}")));
    }
    let numbering = format!("{:016x}", notebook.numbering());
    metadata.insert(CHAT_NUMBERING, ascii(&numbering));
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
