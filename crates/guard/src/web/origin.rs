//! Where a web page comes from.

use std::fmt;
use std::str::FromStr;

use http::HeaderValue;
use http::uri::Authority;

/// The origin of pages that may call a server: one, such as `https://maps.example`, or any.
///
/// # Examples
///
/// ```
/// use route_guide_guard::WebOrigin;
///
/// let origin: WebOrigin = "HTTPS://Maps.Example:443".parse()?;
/// assert_eq!(origin.to_string(), "https://maps.example", "as browsers write it");
/// assert!("maps.example".parse::<WebOrigin>().is_err());
/// # Ok::<(), route_guide_guard::OriginError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin(Option<HeaderValue>);

/// A text that is not an origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no origin: write SCHEME://HOST or SCHEME://HOST:PORT, and nothing after it, or * for any"
)]
pub struct OriginError(String);

impl WebOrigin {
    /// Pages from anywhere.
    pub const ANY: Self = Self(None);

    /// What a browser says of a page of this origin; `None` for any.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        self.0.clone()
    }
}

impl FromStr for WebOrigin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text == "*" {
            return Ok(Self::ANY);
        }
        let header = serialized(text).and_then(|origin| HeaderValue::try_from(origin).ok());
        header
            .map(|header| Self(Some(header)))
            .ok_or_else(|| OriginError(text.to_owned()))
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("*"),
            Some(origin) => f.write_str(&String::from_utf8_lossy(origin.as_bytes())),
        }
    }
}

/// Writes an origin as browsers do: in lower case, and without the port that the scheme has anyway.
///
/// # References
///
/// [HTML](https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin).
fn serialized(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let authority: Authority = rest.parse().ok()?;
    let host = authority.host().to_ascii_lowercase();
    // What neither host nor port accounts for is a name and password, or half a port.
    let port = authority.port_u16();
    let accounted = host.len() + authority.port().map_or(0, |port| 1 + port.as_str().len());
    if !is_scheme
        || host.is_empty()
        || accounted != rest.len()
        || port.is_some() != authority.port().is_some()
    {
        return None;
    }
    Some(match (scheme.as_str(), port) {
        (_, None) | ("http", Some(80)) | ("https", Some(443)) => format!("{scheme}://{host}"),
        (_, Some(port)) => format!("{scheme}://{host}:{port}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let parsed = text
            .parse::<WebOrigin>()
            .ok()
            .map(|origin| origin.to_string());
        assert_eq!(parsed.as_deref(), expected, "for {text:?}");
    }

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        check("*", Some("*"));
        check("https://maps.example", Some("https://maps.example"));
        check("https://Maps.Example:443", Some("https://maps.example"));
        check("http://localhost:80", Some("http://localhost"));
        check("http://localhost:8000", Some("http://localhost:8000"));
        check("https://localhost:80", Some("https://localhost:80"));
        check("http://[::1]:8000", Some("http://[::1]:8000"));
        check("capacitor://localhost", Some("capacitor://localhost"));
    }

    #[test]
    fn what_a_browser_never_says_is_refused() {
        for text in [
            "",
            "null",
            "maps.example",
            "//maps.example",
            "https://",
            "https://maps.example/",
            "https://maps.example/map",
            "https://maps.example?q",
            "https://me@maps.example",
            "https://maps.example:",
            "https://maps.example:65536",
            "https://maps.example:port",
            "https://*.example/",
            "https://a b",
            "https://straße.example",
            "https://a,https://b",
            "1https://maps.example",
            "https://maps.example\n",
        ] {
            check(text, None);
        }
        let error = "maps.example".parse::<WebOrigin>().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("\"maps.example\" is no origin: write SCHEME://HOST")
        );
    }
}
