//! The index by itself, in small pieces that can be repeated: `query/1M/100`, `find/1M`, `nearest/1M`.
//!
//! Every answer is checked once before it is timed.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::LazyLock;

use divan::Bencher;
use route_guide_bench::data::areas::{Area, Points};
use route_guide_bench::data::random::Random;
use route_guide_bench::{Dataset, index};
use route_guide_geo::E7Point;
use route_guide_store::Store;

const DATASET: Dataset = Dataset::new(1, 1_000_000);

static POINTS: LazyLock<Points> = LazyLock::new(|| Points::of(DATASET));
static STORE: LazyLock<Store> = LazyLock::new(build);

fn main() {
    divan::main();
}

/// Goes through some things again and again.
fn in_turn<'a, T>(things: &'a [T]) -> impl Fn() -> &'a T {
    let next = Cell::new(0);
    move || {
        let place = next.get();
        next.set((place + 1) % things.len());
        &things[place]
    }
}

#[divan::bench(name = "query/1M", args = [1, 100, 10_000, 100_000])]
fn query(bencher: Bencher<'_, '_>, features: u64) {
    let count = |area: &Area| STORE.count(black_box(area.rectangle));
    let areas = POINTS.areas(20, features, 1);
    for area in &areas {
        assert_eq!(count(area) as u64, area.features, "{}", area.rectangle);
    }
    let next = in_turn(&areas);
    bencher.bench_local(|| count(next()));
}

#[divan::bench(name = "find/1M", args = ["found", "not found"])]
fn find(bencher: Bencher<'_, '_>, which: &str) {
    let is_there = which == "found";
    let mut random = Random::new(1, 1);
    let points: Vec<_> = (0..10_000)
        .map(|_| {
            if is_there {
                DATASET.location(random.below(DATASET.len()))
            } else {
                random.point()
            }
        })
        .collect();
    let find = |point: &E7Point| STORE.contains(black_box(*point));
    assert!(points.iter().all(|point| find(point) == is_there));
    let next = in_turn(&points);
    bencher.bench_local(|| find(next()));
}

#[divan::bench(name = "nearest/1M", args = [1, 10])]
fn nearest(bencher: Bencher<'_, '_>, wanted: usize) {
    let mut random = Random::new(1, 2);
    let points: Vec<_> = (0..10_000)
        .map(|_| DATASET.location(random.below(DATASET.len())))
        .collect();
    let nearest = |point: &E7Point| STORE.nearest_k(black_box(*point), wanted, 10_000.0);
    for point in &points {
        // A feature is nearest to itself.
        assert!(
            nearest(point).expect("the data is sound")[0].distance_meters() < 1e-6,
            "{}",
            point.e7()
        );
    }
    let next = in_turn(&points);
    bencher.bench_local(|| nearest(next()));
}

#[divan::bench(name = "build/1M", sample_count = 10)]
fn build() -> Store {
    index::store(POINTS.iter()).expect("a million features have room")
}
