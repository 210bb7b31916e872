//! The tutorial: one call of each kind, with its lines.

use anyhow::Context as _;
use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_proto::routeguide::{Feature, Point, RouteNote};
use tokio_stream::StreamExt;

use super::failure::Failure;
use super::lines;
use super::output::Output;
use crate::stubs::route_guide::RouteGuide;

/// The published places, the same that the server knows.
const PLACES: &str = include_str!("../../../../data/route_guide_db.json");

const NOTES: [(&str, i32, i32); 5] = [
    ("First message", 0, 0),
    ("Second message", 0, 1),
    ("Third message", 1, 0),
    ("Fourth message", 0, 0),
    ("Fifth message", 1, 0),
];

const STOPS: usize = 10;

pub(super) async fn run(
    guide: &RouteGuide,
    output: &Output,
    random: fastrand::Rng,
) -> Result<(), Failure> {
    output
        .note("-------------- GetFeature --------------")
        .await?;
    get_feature(guide, output).await?;
    output
        .note("-------------- ListFeatures --------------")
        .await?;
    list_features(guide, output).await?;
    output
        .note("-------------- RecordRoute --------------")
        .await?;
    record_route(guide, output, random).await?;
    output
        .note("-------------- RouteChat --------------")
        .await?;
    route_chat(guide, output).await
}

async fn get_feature(guide: &RouteGuide, output: &Output) -> Result<(), Failure> {
    for (lat, lon) in [(409_146_138, -746_188_906), (0, 0)] {
        let feature = guide.get_feature(E7Point::unbounded(lat, lon)).await?;
        output.message(lines::found(&feature), &feature).await?;
    }
    Ok(())
}

async fn list_features(guide: &RouteGuide, output: &Output) -> Result<(), Failure> {
    let area = E7Rectangle::new(
        E7Point::unbounded(400_000_000, -750_000_000),
        E7Point::unbounded(420_000_000, -730_000_000),
    );
    output
        .note("Looking for features between 40, -75 and 42, -73")
        .await?;
    let mut features = guide.list_features(area).await?;
    while let Some(feature) = features.message().await? {
        output.message(lines::called(&feature), &feature).await?;
    }
    Ok(())
}

async fn record_route(
    guide: &RouteGuide,
    output: &Output,
    random: fastrand::Rng,
) -> Result<(), Failure> {
    let route = route(random)?;
    let visits = output.clone();
    let points = tokio_stream::iter(route).then(move |point| {
        let visits = visits.clone();
        async move {
            // The line appears as the point is sent. If the output is closed, the summary finds out.
            let _ = visits.note(lines::visiting(point)).await;
            E7Point::unbounded(point.latitude, point.longitude)
        }
    });
    let summary = guide.record_route(points).await?;
    output.message(lines::summary(&summary), &summary).await
}

/// Ten of the published places at random, some perhaps twice.
fn route(mut random: fastrand::Rng) -> Result<Vec<Point>, Failure> {
    let places: Vec<Feature> =
        serde_json::from_str(PLACES).context("the embedded places are damaged")?;
    let stops = (0..STOPS).filter_map(|_| random.choice(&places));
    Ok(stops
        .map(|place| place.location.unwrap_or_default())
        .collect())
}

async fn route_chat(guide: &RouteGuide, output: &Output) -> Result<(), Failure> {
    let sent = output.clone();
    let notes = tokio_stream::iter(NOTES).then(move |(message, latitude, longitude)| {
        let sent = sent.clone();
        async move {
            let note = RouteNote {
                location: Some(Point {
                    latitude,
                    longitude,
                }),
                message: message.to_owned(),
            };
            let _ = sent.note(lines::sending(&note)).await;
            note
        }
    });
    let mut received = guide.route_chat(notes).await?;
    while let Some(note) = received.message().await? {
        output.message(lines::received(&note), &note).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Feature, PLACES, route};

    #[test]
    fn a_route_is_ten_published_places() {
        let places: Vec<Feature> = serde_json::from_str(PLACES).unwrap();
        assert_eq!(places.len(), 100);
        for seed in 0..20 {
            let route = route(fastrand::Rng::with_seed(seed)).unwrap();
            assert_eq!(route.len(), 10);
            for stop in route {
                assert!(
                    places.iter().any(|place| place.location == Some(stop)),
                    "{stop:?}"
                );
            }
        }
    }
}
