//! Answers are checked before anything is timed.

use std::time::Duration;

use anyhow::{Context, ensure};
use route_guide_geo::{E7Point, E7Rectangle, Track};
use route_guide_load::{Caller, Target};
use route_guide_proto::routeguide::Feature;

use crate::Dataset;
use crate::data::areas::{Area, Points};
use crate::data::random::Random;

/// So many points are looked up, found ones and others.
const LOOK_UPS: u64 = 100;
/// So many features of a rectangle are compared one by one.
const COMPARED: u64 = 20_000;

/// Checks that a server answers from a data set as the contract says.
///
/// # Errors
///
/// If the server cannot be asked, or the first answer that is wrong.
pub fn check(
    target: &Target,
    dataset: Dataset,
    points: &Points,
    areas: &[Area],
) -> anyhow::Result<()> {
    // A server that scans ten million features for every point of a route takes its time.
    let mut caller = Caller::connect(target, Duration::from_secs(120))?;
    let mut random = Random::new(dataset.seed(), u64::MAX);
    let mut route = Vec::new();
    let mut found = 0;
    for _ in 0..LOOK_UPS.min(dataset.len()) {
        let number = random.below(dataset.len());
        let expected = first_at(dataset, points, dataset.location(number), number);
        let at = expected.location.unwrap_or_default();
        let at = E7Point::unbounded(at.latitude, at.longitude);
        let answer = caller.get_feature(at).context("GetFeature")?;
        ensure!(
            answer == expected,
            "GetFeature {}: {answer:?} in place of {expected:?}",
            at.e7()
        );
        route.push(at);
        found += 1;

        let elsewhere = E7Point::unbounded(at.lat() ^ 1, at.lon());
        if !points.has(elsewhere) {
            let answer = caller.get_feature(elsewhere).context("GetFeature")?;
            let expected = Feature {
                name: String::new(),
                location: Some(elsewhere.into()),
            };
            ensure!(
                answer == expected,
                "GetFeature {}: {answer:?} where nothing is",
                elsewhere.e7()
            );
            route.push(elsewhere);
        }
    }

    let summary = caller
        .record_route(route.iter().copied())
        .context("RecordRoute")?;
    let counted = (summary.point_count, summary.feature_count);
    let expected = (i32::try_from(route.len())?, found);
    ensure!(
        counted == expected,
        "RecordRoute: points and features are {counted:?} in place of {expected:?}"
    );
    let meters = route.into_iter().collect::<Track>().distance_meters();
    let expected = meters.min(i32::MAX.into());
    // It is truncated, and a sum of many steps can fall on either side of a whole metre.
    ensure!(
        (f64::from(summary.distance) - expected).abs() <= 1.5,
        "RecordRoute: {} metres in place of {expected:.1}",
        summary.distance
    );

    for area in areas.iter().filter(|area| area.features <= COMPARED) {
        compare(&mut caller, dataset, points, area.rectangle)
            .with_context(|| format!("ListFeatures {}", area.rectangle))?;
    }
    Ok(())
}

/// The feature that a look-up here must give: the first, should several be at one point.
fn first_at(dataset: Dataset, points: &Points, at: E7Point, number: u64) -> Feature {
    let first = points.inside(E7Rectangle::new(at, at)).next();
    dataset.feature(first.map_or(number, |first| first as u64))
}

fn compare(
    caller: &mut Caller,
    dataset: Dataset,
    points: &Points,
    area: E7Rectangle,
) -> anyhow::Result<()> {
    let mut expected: Vec<_> = points
        .inside(area)
        .map(|number| dataset.feature(number as u64))
        .collect();
    let mut answer = caller.list_features(area, u64::MAX)?;
    // A server may have its data set in another order, a snapshot in that of its curve.
    let key = |feature: &Feature| feature.name.clone();
    expected.sort_by_cached_key(key);
    answer.sort_by_cached_key(key);
    ensure!(
        answer.len() == expected.len(),
        "{} features in place of {}",
        answer.len(),
        expected.len()
    );
    let wrong = answer.iter().zip(&expected).find(|(a, b)| a != b);
    if let Some((answer, expected)) = wrong {
        anyhow::bail!("{answer:?} in place of {expected:?}");
    }
    Ok(())
}
