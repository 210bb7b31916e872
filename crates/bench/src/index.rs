//! How fast the index is by itself: every query timed alone, its answer checked before.

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::ensure;
use route_guide_geo::E7Point;
use route_guide_load::Histogram;
use route_guide_store::{Builder, Order, PushError, Store};

use crate::Dataset;
use crate::areas::{Area, Points};
use crate::figure::{Unit, count, seconds};
use crate::machine::Provenance;
use crate::random::Random;

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
    let store = store(dataset)?;
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
    let each = look_ups(&store, dataset)?;
    let time = Unit::Seconds.format(seconds(each));
    writeln!(page, "| look-up, half of them found (mean) | {time} | |")?;
    for (name, meters) in [
        ("within 100 m", 100.0),
        ("within 10 km", 10_000.0),
        ("at any distance", f64::INFINITY),
    ] {
        let times = nearest(&store, dataset, meters);
        row(&mut page, &format!("nearest {name}"), &times)?;
    }
    Ok(page)
}

/// Makes a store of a data set without its names, in the order of the index, as imported files are.
///
/// # Errors
///
/// If the store has no room for so many.
pub fn store(dataset: Dataset) -> Result<Store, PushError> {
    let mut builder = Builder::new();
    for location in dataset.locations() {
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

/// One look-up is too short to be timed alone: the mean of many.
fn look_ups(store: &Store, dataset: Dataset) -> anyhow::Result<Duration> {
    let mut random = Random::new(dataset.seed(), u64::MAX - 3);
    let points: Vec<_> = (0..LOOK_UPS)
        .map(|number| match number % 2 {
            0 => dataset.location(random.below(dataset.len())),
            _ => random.point(),
        })
        .collect();
    let find = |&point: &E7Point| store.contains(black_box(point));
    let found = points.iter().filter(|point| find(point)).count() as u64;
    ensure!(
        found == LOOK_UPS / 2,
        "{found} points were found in place of {}",
        LOOK_UPS / 2
    );
    let begin = Instant::now();
    let again = points.iter().filter(|point| find(point)).count();
    let elapsed = begin.elapsed();
    black_box(again);
    Ok(elapsed / u32::try_from(LOOK_UPS)?)
}

fn nearest(store: &Store, dataset: Dataset, within_meters: f64) -> Histogram {
    let mut random = Random::new(dataset.seed(), u64::MAX - 4);
    let mut times = Histogram::default();
    for _ in 0..NEAREST {
        // Somewhere near a feature, as people are.
        let near = dataset.location(random.below(dataset.len()));
        let mut step = || i32::try_from(random.below(200_000)).unwrap_or(0) - 100_000;
        let at = E7Point::unbounded(near.lat() + step(), near.lon() + step());
        let begin = Instant::now();
        black_box(store.nearest(black_box(at), within_meters));
        times.record(begin.elapsed());
    }
    times
}
