//! What is measured of RecordRoute.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use route_guide_geo::E7Point;
use route_guide_load::{Framing, Load, RecordRoute, Route, Workload};

use crate::Subject;
use crate::data::random::Random;
use crate::figure::Unit;
use crate::measurement::{Measurement, Sample, cpu_per_million, load};
use crate::scene::Scene;

/// Routes begin with so many points, and get ten times longer as long as they are quick.
const FIRST_LEN: u64 = 200;
/// Routes have at most so many points.
const MAX_LEN: u64 = 1_000_000;

/// The measurements of RecordRoute on a data set.
#[must_use]
pub fn measurements(scene: &Scene) -> Vec<Measurement<'_>> {
    vec![
        recording(scene, "a track, packed frames", Framing::Packed, track),
        recording(
            scene,
            "a track, one point a frame",
            Framing::OnePoint,
            track,
        ),
        recording(
            scene,
            "random points, half of them features, packed frames",
            Framing::Packed,
            random_points,
        ),
    ]
}

/// Makes points, and tells at how many of them there are features if that is known.
type MakePoints = fn(&Scene, u64) -> (Vec<E7Point>, Option<u64>);

fn recording<'a>(
    scene: &'a Scene,
    name: &str,
    framing: Framing,
    points: MakePoints,
) -> Measurement<'a> {
    // Routes by length: to make a long one takes longer than to send it.
    let routes = RefCell::new(HashMap::new());
    let route = move |len| {
        let mut routes = routes.borrow_mut();
        let route = routes.entry(len).or_insert_with(|| {
            let (points, features) = points(scene, len);
            let route = Route::new(points, framing).expect_meters();
            Rc::new(RecordRoute::new(match features {
                Some(features) => route.expect_features(features),
                None => route,
            }))
        });
        Rc::clone(route)
    };
    Measurement::new(
        format!("RecordRoute, {name}"),
        &[
            ("points", Unit::PerSecond),
            ("server CPU for a million points", Unit::Seconds),
        ],
        move |subject| measure(scene, subject, &route),
    )
}

/// Finds the length of a route that takes a good part of the time, so that ends of calls do not count much, and then
/// sends such routes all the time.
fn measure(
    scene: &Scene,
    subject: &Subject,
    route: &dyn Fn(u64) -> Rc<RecordRoute>,
) -> anyhow::Result<Sample> {
    let all_the_time = load(subject, scene.time);
    let once = Load {
        calls: Some(1),
        time: all_the_time.silence,
        ..all_the_time.clone()
    };
    let send = |len, load: &Load| {
        let report = route(len).run(subject.target(), load)?;
        let values = [report.messages_per_second(), cpu_per_million(&report)];
        anyhow::Ok((Sample::of(&report, values)?, report.elapsed))
    };
    let mut len = FIRST_LEN;
    let (mut single, mut elapsed) = send(len, &once)?;
    while len < MAX_LEN && elapsed < scene.time / 4 {
        let longer = (len * 10).min(MAX_LEN);
        match send(longer, &once) {
            Ok(whole) => (single, elapsed) = whole,
            Err(error) => {
                // Some servers take fast uploads for attacks. What a shorter route showed is all there is to know.
                single.note = Some(format!(
                    "routes of {len} points; one of {longer} fails: {error:#}"
                ));
                return Ok(single);
            }
        }
        len = longer;
    }
    Ok(send(len, &all_the_time)?.0)
}

/// A drive of many kilometres in steps of 100 m, north and south again and slowly east; it passes no features.
fn track(_scene: &Scene, len: u64) -> (Vec<E7Point>, Option<u64>) {
    const STEP: i32 = 8_993;
    const TURN: u64 = 4_000;
    let steps = (0..len).map(|number| {
        let along = number % (2 * TURN);
        let north = i32::try_from(along.min(2 * TURN - along)).unwrap_or(0);
        let east = i32::try_from(number).unwrap_or(0);
        E7Point::unbounded(400_000_000 + STEP * north, -740_000_000 + 50 * east)
    });
    (steps.collect(), None)
}

/// Points anywhere on the globe and features of the data set, in turn.
fn random_points(scene: &Scene, len: u64) -> (Vec<E7Point>, Option<u64>) {
    let mut random = Random::new(scene.dataset.seed(), u64::MAX - 2);
    let points = (0..len).map(|number| {
        if number % 2 == 0 {
            let feature = random.below(scene.dataset.len());
            scene.dataset.location(feature)
        } else {
            random.point()
        }
    });
    (points.collect(), Some(len.div_ceil(2)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use route_guide_geo::haversine_meters;

    use super::*;
    use crate::Dataset;

    #[test]
    fn a_track_goes_in_steps_of_about_100_metres() {
        let scene = Scene::new(Dataset::new(1, 10), Duration::ZERO);
        let (points, _) = track(&scene, MAX_LEN);
        let on_globe = |p: &E7Point| E7Point::new(p.lat(), p.lon()).is_ok();
        assert!(points.iter().all(on_globe));
        for pair in points.windows(2) {
            let meters = haversine_meters(pair[0], pair[1]);
            assert!(
                (99.0..101.0).contains(&meters),
                "{meters} m from {}",
                pair[0]
            );
        }
    }
}
