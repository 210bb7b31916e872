//! Metadata as a person writes it on a command line, and as it is shown.

use std::borrow::Cow;
use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tonic::metadata::{
    AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue, KeyAndValueRef,
    MetadataMap,
};

use crate::printable::printable;

/// One entry of metadata, read from `key:value` or `key-bin:BASE64`.
///
/// # Examples
///
/// ```
/// use route_guide_client::Header;
/// use tonic::metadata::MetadataMap;
///
/// let mut metadata = MetadataMap::new();
/// "x-token: secret".parse::<Header>()?.add_to(&mut metadata);
/// assert_eq!(metadata.get("x-token").unwrap(), "secret");
/// assert!("grpc-status:0".parse::<Header>().is_err());
/// # Ok::<(), route_guide_client::HeaderError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Header(Entry);

#[derive(Clone, Debug)]
enum Entry {
    Ascii(AsciiMetadataKey, AsciiMetadataValue),
    Binary(BinaryMetadataKey, BinaryMetadataValue),
}

/// Why a string is not a [`Header`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// There is no colon, or nothing before it.
    #[error("'{0}' has no key; expected key:value")]
    NoKey(String),
    /// The key has a character that metadata does not allow.
    #[error("'{0}' is not a metadata key; expected letters, digits, '-', '_' and '.'")]
    Key(String),
    /// The key belongs to the protocol.
    #[error("metadata key '{0}' is reserved for the protocol")]
    Reserved(String),
    /// The value has a character that metadata does not allow.
    #[error(
        "the value of '{0}' has characters other than printable ASCII; send it as '{0}-bin' in Base64"
    )]
    Value(String),
    /// The value of a binary key is not Base64.
    #[error("the value of '{key}' is not Base64")]
    Base64 {
        /// The key.
        key: String,
        /// What is wrong with the value.
        source: base64::DecodeError,
    },
}

/// Names that HTTP/2 or gRPC itself gives a meaning.
const RESERVED: [&str; 11] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// Servers and tools write padding or leave it out; both are read.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Header {
    /// Adds the entry to metadata, beside others of the same key.
    pub fn add_to(self, metadata: &mut MetadataMap) {
        match self.0 {
            Entry::Ascii(key, value) => {
                metadata.append(key, value);
            }
            Entry::Binary(key, value) => {
                metadata.append_bin(key, value);
            }
        }
    }
}

impl FromStr for Header {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let (key, value) = match text.split_once(':') {
            Some((key, value)) if !key.trim().is_empty() => {
                (key.trim().to_ascii_lowercase(), value.trim())
            }
            Some(_) if text.starts_with(':') && text.len() > 1 => {
                return Err(HeaderError::Key(text.to_owned()));
            }
            _ => return Err(HeaderError::NoKey(text.to_owned())),
        };
        if !key.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
        }) {
            return Err(HeaderError::Key(key));
        }
        if key.starts_with("grpc-") || RESERVED.contains(&key.as_str()) {
            return Err(HeaderError::Reserved(key));
        }
        if key.ends_with("-bin") {
            let bytes = BASE64.decode(value).map_err(|source| HeaderError::Base64 {
                key: key.clone(),
                source,
            })?;
            let name = key.parse().map_err(|_invalid| HeaderError::Key(key))?;
            return Ok(Self(Entry::Binary(
                name,
                BinaryMetadataValue::from_bytes(&bytes),
            )));
        }
        if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(HeaderError::Value(key));
        }
        let value = value
            .parse()
            .map_err(|_invalid| HeaderError::Value(key.clone()))?;
        let name = key.parse().map_err(|_invalid| HeaderError::Key(key))?;
        Ok(Self(Entry::Ascii(name, value)))
    }
}

/// Returns metadata as lines `key: value`, binary values in Base64, in the order of arrival.
#[must_use]
pub fn metadata_lines(metadata: &MetadataMap) -> Vec<String> {
    let line = |key: &str, value: &[u8]| {
        let value = String::from_utf8_lossy(value);
        format!("{}: {}", printable(key), printable(&value))
    };
    metadata
        .iter()
        .map(|entry| match entry {
            KeyAndValueRef::Ascii(key, value) => line(key.as_str(), value.as_bytes()),
            KeyAndValueRef::Binary(key, value) => {
                let value = value.to_bytes().map_or_else(
                    // A value that is not Base64 is shown as it came.
                    |_invalid| Cow::Borrowed(value.as_encoded_bytes()),
                    |bytes| Cow::Owned(BASE64.encode(bytes).into_bytes()),
                );
                line(key.as_str(), &value)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use tonic::metadata::MetadataMap;

    use super::{Header, metadata_lines};

    fn check(text: &str, expected: &str) {
        let shown = match text.parse::<Header>() {
            Ok(header) => {
                let mut metadata = MetadataMap::new();
                header.add_to(&mut metadata);
                metadata_lines(&metadata).join("|")
            }
            Err(err) => format!("! {err}"),
        };
        assert_eq!(shown, expected, "{text:?}");
    }

    #[test]
    fn metadata_is_read_as_key_and_value() {
        check("x-token:secret", "x-token: secret");
        check("X-Token:  secret ", "x-token: secret");
        check("a:b:c", "a: b:c");
        check("a:", "a: ");
        check("trace-bin:AQID", "trace-bin: AQID");
        check("trace-bin:AQI=", "trace-bin: AQI=");
        check("trace-bin:AQI", "trace-bin: AQI=");
        check("trace-bin:", "trace-bin: ");
    }

    #[test]
    fn what_is_no_metadata_is_refused_with_the_reason() {
        check("token", "! 'token' has no key; expected key:value");
        check("", "! '' has no key; expected key:value");
        check(" :x", "! ' :x' has no key; expected key:value");
        check(
            ":path:x",
            "! ':path:x' is not a metadata key; expected letters, digits, '-', '_' and '.'",
        );
        check(
            "a b:c",
            "! 'a b' is not a metadata key; expected letters, digits, '-', '_' and '.'",
        );
        check(
            "ü:c",
            "! 'ü' is not a metadata key; expected letters, digits, '-', '_' and '.'",
        );
        for key in [
            "grpc-timeout",
            "GRPC-Status",
            "te",
            "content-type",
            "host",
            "user-agent",
        ] {
            check(
                &format!("{key}:x"),
                &format!(
                    "! metadata key '{}' is reserved for the protocol",
                    key.to_lowercase()
                ),
            );
        }
        for value in ["ü", "a\nb", "\u{7f}"] {
            check(
                &format!("a:{value}"),
                "! the value of 'a' has characters other than printable ASCII; send it as 'a-bin' in Base64",
            );
        }
        check("a-bin:A*", "! the value of 'a-bin' is not Base64");
    }

    #[test]
    fn one_key_may_have_several_values() {
        let mut metadata = MetadataMap::new();
        for text in ["a:1", "a:2"] {
            text.parse::<Header>().unwrap().add_to(&mut metadata);
        }
        assert_eq!(metadata_lines(&metadata), ["a: 1", "a: 2"]);
    }
}
