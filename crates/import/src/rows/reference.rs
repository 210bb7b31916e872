//! Coordinate reference systems by name.

use std::fmt;

use crate::text::one_line::one_line;

/// A reference system that is not WGS 84.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceSystem {
    name: String,
    /// A description beside the name.
    title: Option<String>,
}

impl ReferenceSystem {
    /// Parses the name of a system as files give it: `EPSG:3857`, `urn:ogc:def:crs:OGC:1.3:CRS84`, `WGS 84` and such.
    ///
    /// Returns `None` if it is WGS 84 by any of its names.
    pub(crate) fn other_than_wgs84(name: &str) -> Option<Self> {
        let code = code(name);
        if name.trim().is_empty() || WGS84.contains(&&*code) {
            return None;
        }
        let name = one_line(name.trim());
        Some(Self { name, title: None })
    }

    pub(crate) fn with_title(self, title: &str) -> Self {
        Self {
            title: Some(one_line(title)),
            ..self
        }
    }

    /// Returns the system's name, as the file gives it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether its coordinates are longitudes and latitudes within a metre or two of those of WGS 84.
    #[must_use]
    pub fn is_near_wgs84(&self) -> bool {
        NEAR_WGS84.contains(&&*code(&self.name))
    }
}

impl fmt::Display for ReferenceSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its coordinates are in {}", self.name)?;
        if let Some(title) = &self.title {
            write!(f, " ({title})")?;
        }
        f.write_str("; only WGS 84 longitudes and latitudes are read")
    }
}

/// The names of WGS 84 as [`code`] returns them: the codes for two and three dimensions, and the names in words.
const WGS84: [&str; 8] = [
    "4326",
    "4979",
    "crs84",
    "crs84h",
    "wgs84",
    "wgs1984",
    "gcswgs1984",
    "worldgeodeticsystem1984",
];

/// Systems that are fixed to a continent: NAD83 and its realisations, ETRS89, SIRGAS 2000, GDA94 and GDA2020,
/// NZGD2000, JGD2000 and JGD2011, CGCS2000.
const NEAR_WGS84: [&str; 17] = [
    "4269",
    "4152",
    "4617",
    "4759",
    "6318",
    "nad83",
    "nad1983",
    "4258",
    "etrs89",
    "4674",
    "4283",
    "7844",
    "4167",
    "4612",
    "6668",
    "4490",
    "gcsnorthamerican1983",
];

/// Returns the part of a name that identifies the system: what follows the last separator, reduced to letters and
/// digits.
fn code(name: &str) -> String {
    let parts = name.split([':', '/', '#']).map(|part| {
        let letters = part.chars().filter(char::is_ascii_alphanumeric);
        letters.collect::<String>().to_ascii_lowercase()
    });
    // URLs can end with a slash, or with the form of the definition.
    let is_form = |part: &String| ["", "proj4", "ogcwkt", "esriwkt", "json"].contains(&&**part);
    parts.rev().find(|part| !is_form(part)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wgs84_is_known_by_all_of_its_names() {
        for name in [
            "EPSG:4326",
            "epsg:4326",
            "4326",
            "EPSG:4979",
            "urn:ogc:def:crs:EPSG::4326",
            "urn:ogc:def:crs:EPSG:6.6:4326",
            "urn:ogc:def:crs:OGC:1.3:CRS84",
            "urn:ogc:def:crs:OGC::CRS84h",
            "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            "http://www.opengis.net/gml/srs/epsg.xml#4326",
            "http://spatialreference.org/ref/epsg/4326/proj4/",
            "WGS 84",
            "WGS_1984",
            "GCS_WGS_1984",
            "World Geodetic System 1984",
            "",
        ] {
            assert_eq!(ReferenceSystem::other_than_wgs84(name), None, "{name}");
        }
    }

    #[test]
    fn other_systems_are_named_and_some_are_near() {
        let check = |name: &str, near: bool| {
            let system = ReferenceSystem::other_than_wgs84(name).unwrap();
            assert_eq!((system.name(), system.is_near_wgs84()), (name, near));
        };
        check("EPSG:3857", false);
        check("WGS 84 / Pseudo-Mercator", false);
        check("WGS 84 / UTM zone 32N", false);
        check("urn:ogc:def:crs:EPSG::27700", false);
        check("urn:ogc:def:crs:EPSG::4269", true);
        check("EPSG:4258", true);
        check("ETRS89", true);
        check("NAD83", true);
        check("http://spatialreference.org/ref/epsg/4269/", true);
    }
}
