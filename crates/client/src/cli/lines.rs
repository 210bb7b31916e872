//! The lines of the tutorial, exactly.

use std::fmt;

use route_guide_geo::E7Point;
use route_guide_proto::routeguide::{Feature, Point, RouteNote, RouteSummary};

use crate::printable::printable;

/// A point as the tutorial writes it, in E7. An absent one is 0,0, as everywhere in protobuf.
pub(super) fn place(point: Option<Point>) -> impl fmt::Display {
    let Point {
        latitude,
        longitude,
    } = point.unwrap_or_default();
    format!("latitude: {latitude}, longitude: {longitude}")
}

/// The line for the answer to a question about one point.
pub(super) fn found(feature: &Feature) -> String {
    if feature.location.is_none() {
        // A server that answers so is at odds with the tutorial, which says this then.
        "Server returned incomplete feature".to_owned()
    } else if feature.name.is_empty() {
        format!("Found no feature at {}", place(feature.location))
    } else {
        called(feature)
    }
}

/// The line for one feature of a list, named or not.
pub(super) fn called(feature: &Feature) -> String {
    format!(
        "Feature called '{}' at {}",
        printable(&feature.name),
        place(feature.location)
    )
}

/// The four lines for a summary, without the last line break.
pub(super) fn summary(summary: &RouteSummary) -> String {
    format!(
        "Finished trip with {} points\nPassed {} features\nTraveled {} meters\nIt took {} seconds",
        summary.point_count, summary.feature_count, summary.distance, summary.elapsed_time
    )
}

/// The line for a point of a route.
pub(super) fn visiting(point: Point) -> String {
    format!("Visiting point {}", place(Some(point)))
}

/// The line for a note on its way out.
pub(super) fn sending(note: &RouteNote) -> String {
    format!(
        "Sending {} at {}",
        printable(&note.message),
        place(note.location)
    )
}

/// The line for a note that came in.
pub(super) fn received(note: &RouteNote) -> String {
    format!(
        "Received message {} at {}",
        printable(&note.message),
        place(note.location)
    )
}

/// The line for a note of somebody else's in a conversation.
pub(super) fn theirs(note: &RouteNote) -> String {
    format!("{} < {}", degrees(note), printable(&note.message))
}

/// The line for a note of one's own in a conversation.
pub(super) fn ours(note: &RouteNote) -> String {
    format!("{} > {}", degrees(note), printable(&note.message))
}

fn degrees(note: &RouteNote) -> E7Point {
    let at = note.location.unwrap_or_default();
    E7Point::unbounded(at.latitude, at.longitude)
}

#[cfg(test)]
mod tests {
    use route_guide_proto::routeguide::{Feature, Point, RouteNote};

    use super::{called, found, received};

    #[test]
    fn names_and_notes_cannot_drive_the_terminal() {
        let location = Some(Point {
            latitude: 1,
            longitude: -2,
        });
        let feature = Feature {
            name: "\u{1b}[2J".to_owned(),
            location,
        };
        let expected = r"Feature called '\u{1b}[2J' at latitude: 1, longitude: -2";
        assert_eq!(found(&feature), expected);
        assert_eq!(called(&feature), expected);

        let note = RouteNote {
            message: "a\nReceived message b".to_owned(),
            location,
        };
        assert_eq!(
            received(&note),
            r"Received message a\nReceived message b at latitude: 1, longitude: -2"
        );
    }

    #[test]
    fn a_feature_without_a_name_is_no_find_but_stands_in_a_list() {
        let feature = Feature {
            name: String::new(),
            location: Some(Point::default()),
        };
        assert_eq!(
            found(&feature),
            "Found no feature at latitude: 0, longitude: 0"
        );
        assert_eq!(
            called(&feature),
            "Feature called '' at latitude: 0, longitude: 0"
        );
        assert_eq!(
            found(&Feature::default()),
            "Server returned incomplete feature"
        );
    }
}
