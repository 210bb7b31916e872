//! How fast the index is by itself: every query timed alone, its answer checked before.

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use anyhow::ensure;
use route_guide_geo::E7Point;
use route_guide_load::Histogram;
use route_guide_store::{Builder, Order, PushError, Store};

use crate::Dataset;
use crate::data::areas::{Area, Points};
use crate::data::random::Random;
use crate::figure::{Unit, count, seconds};
use crate::machine::Provenance;

/// So many different rectangles of each size are asked for.
const AREAS: usize = 20;
/// Each is asked for so often, never twice in a row.
const ROUNDS: usize = 20;
/// So many points are looked up.
const LOOK_UPS: u64 = 1_000_000;
/// The nearest feature of so many points is asked for.
const NEAREST: u64 = 10_000;

/// Builds the index of a data set, times it, and returns a table as Markdown.
///
/// # Errors
///
/// If an answer is wrong.
pub fn measure(dataset: Dataset) -> anyhow::Result<String> {
    let points = Points::of(dataset);
    let begin = Instant::now();
    let store = store(points.iter())?;
    let built = begin.elapsed();

    let mut page = format!("{}.\n\n", Provenance::look_around());
    writeln!(page, "### Index of {} features\n", count(dataset.len()))?;
    writeln!(page, "| question | p50 | p99 |")?;
    writeln!(page, "| --- | ---: | ---: |")?;
    writeln!(
        page,
        "| build, from unsorted points | {} | |",
        Unit::Seconds.format(seconds(built))
    )?;
    for size in [1, 100, 10_000, 1_000_000] {
        if size <= dataset.len() {
            let areas = points.areas(AREAS, size, dataset.seed());
            let times = rectangles(&store, &areas)?;
            row(
                &mut page,
                &format!("rectangle of about {size}, counted"),
                &times,
            )?;
        }
    }
    let wanted = wanted(dataset);
    for (name, points) in [("one by one", 1), ("64 at a time, as routes are", 64)] {
        let times = look_ups(&store, &wanted, points)?;
        row(
            &mut page,
            &format!("look-up, half of them found, {name}"),
            &times,
        )?;
    }
    for (name, meters) in [
        ("within 100 m", 100.0),
        ("within 10 km", 10_000.0),
        ("at any distance", f64::INFINITY),
    ] {
        let times = nearest(&store, dataset, meters)?;
        row(&mut page, &format!("nearest {name}"), &times)?;
    }
    Ok(page)
}

/// Makes a store of points without names, in the order of the index, as imported files are.
///
/// # Errors
///
/// If the store has no room for so many.
pub fn store(points: impl IntoIterator<Item = E7Point>) -> Result<Store, PushError> {
    let mut builder = Builder::new();
    for location in points {
        builder.push(location, "")?;
    }
    Ok(builder.into_store(Order::Spatial))
}

fn row(page: &mut String, question: &str, times: &Histogram) -> std::fmt::Result {
    let time = |share| Unit::Seconds.format(seconds(times.quantile(share)));
    writeln!(page, "| {question} | {} | {} |", time(0.5), time(0.99))
}

fn rectangles(store: &Store, areas: &[Area]) -> anyhow::Result<Histogram> {
    let query = |area: &Area| store.count(black_box(area.rectangle)) as u64;
    for area in areas {
        let found = query(area);
        ensure!(
            found == area.features,
            "{} holds {} features, not {found}",
            area.rectangle,
            area.features
        );
    }
    let mut times = Histogram::default();
    for _ in 0..ROUNDS {
        for area in areas {
            let begin = Instant::now();
            black_box(query(area));
            times.record(begin.elapsed());
        }
    }
    Ok(times)
}

/// Features of the data set and points anywhere, in turn.
fn wanted(dataset: Dataset) -> Vec<E7Point> {
    let mut random = Random::new(dataset.seed(), u64::MAX - 3);
    let point = |number| match number % 2 {
        0 => dataset.location(random.below(dataset.len())),
        _ => random.point(),
    };
    (0..LOOK_UPS).map(point).collect()
}

/// Looks points up, so many at a time. One look-up is too short to be timed alone: each time is the mean of a thousand.
fn look_ups(store: &Store, wanted: &[E7Point], at_a_time: usize) -> anyhow::Result<Histogram> {
    const TIMED: u32 = 1_000;
    let count = |points: &[E7Point]| -> usize {
        match points {
            [point] => usize::from(store.contains(black_box(*point))),
            points => store.count_at(black_box(points)),
        }
    };
    let mut times = Histogram::default();
    let mut found = 0;
    for points in wanted.chunks_exact(TIMED as usize) {
        let begin = Instant::now();
        found += points.chunks(at_a_time).map(count).sum::<usize>();
        times.record(begin.elapsed() / TIMED);
    }
    ensure!(
        found == wanted.len() / 2,
        "{found} points were found in place of {}",
        wanted.len() / 2
    );
    Ok(times)
}

fn nearest(store: &Store, dataset: Dataset, within_meters: f64) -> anyhow::Result<Histogram> {
    let mut random = Random::new(dataset.seed(), u64::MAX - 4);
    let mut times = Histogram::default();
    for _ in 0..NEAREST {
        // Somewhere near a feature, as people are.
        let near = dataset.location(random.below(dataset.len()));
        let mut step = || i32::try_from(random.below(200_000)).unwrap_or(0) - 100_000;
        let at = E7Point::unbounded(near.lat() + step(), near.lon() + step());
        let begin = Instant::now();
        black_box(store.nearest(black_box(at), within_meters)?);
        times.record(begin.elapsed());
    }
    Ok(times)
}
