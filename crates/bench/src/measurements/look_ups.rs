//! What is measured of GetFeature.

use std::thread;

use anyhow::Context;
use route_guide_load::{GetFeature, IdleChats, Load, Workload};

use crate::data::random::Random;
use crate::figure::Unit;
use crate::measurement::{Measurement, Sample, cpu_per_call, latency, load};
use crate::measurements::listings::listing;
use crate::scene::Scene;

/// So many different points are asked for.
const POINTS: u64 = 10_000;

const CALLS: (&str, Unit) = ("calls", Unit::PerSecond);
const P50: (&str, Unit) = ("p50", Unit::Seconds);
const P99: (&str, Unit) = ("p99", Unit::Seconds);
const CPU: (&str, Unit) = ("server CPU a call", Unit::Seconds);

/// The measurements of GetFeature on a data set.
#[must_use]
pub fn measurements(scene: &Scene) -> Vec<Measurement<'_>> {
    vec![
        one_by_one(scene),
        many(
            look_ups(scene),
            scene,
            "GetFeature, 4 connections of 100 calls",
            4,
            100,
        ),
        beside_listings(scene, "a client that lists the world", 1, 1),
        beside_listings(scene, "128 listings of the world on 8 connections", 8, 16),
        beside_idle_chats(scene),
    ]
}

/// The measurements of GetFeature where the baseline is [`Canned`](crate::Canned).
#[must_use]
pub fn measurements_beside_canned(scene: &Scene) -> Vec<Measurement<'_>> {
    let mut look_ups = look_ups(scene);
    look_ups.expect_any_name();
    let name = "GetFeature, 4 connections of 100 calls; the baseline is the h2 crate with one canned answer";
    vec![many(look_ups, scene, name, 4, 100)]
}

/// The measurements of GetFeature where server and load share all cores.
#[must_use]
pub fn shared_measurements(scene: &Scene) -> Vec<Measurement<'_>> {
    vec![many(
        look_ups(scene),
        scene,
        "GetFeature, 8 connections of 50 calls, all cores shared with the load",
        8,
        50,
    )]
}

/// The load that asks for points, every second of which has a feature.
fn look_ups(scene: &Scene) -> GetFeature {
    let mut look_ups = GetFeature::default();
    let mut random = Random::new(scene.dataset.seed(), u64::MAX - 1);
    for _ in 0..POINTS / 2 {
        let feature = random.below(scene.dataset.len());
        look_ups.ask(scene.dataset.location(feature), Some(true));
        // The globe has so many places that nobody will ever be at this one.
        look_ups.ask(random.point(), Some(false));
    }
    look_ups
}

fn one_by_one(scene: &Scene) -> Measurement<'_> {
    let look_ups = look_ups(scene);
    Measurement::new(
        "GetFeature, one at a time",
        &[P50, P99, CPU],
        move |subject| {
            let report = look_ups.run(subject.target(), &load(subject, scene.time))?;
            let values = [
                latency(&report, 0.5),
                latency(&report, 0.99),
                cpu_per_call(&report),
            ];
            Sample::of(&report, values)
        },
    )
}

fn many<'a>(
    look_ups: GetFeature,
    scene: &'a Scene,
    name: &str,
    connections: usize,
    in_flight: usize,
) -> Measurement<'a> {
    Measurement::new(name, &[CALLS, P99, CPU], move |subject| {
        let load = Load {
            connections,
            in_flight,
            ..load(subject, scene.time)
        };
        let report = look_ups.run(subject.target(), &load)?;
        let values = [
            report.calls_per_second(),
            latency(&report, 0.99),
            cpu_per_call(&report),
        ];
        Sample::of(&report, values)
    })
}

fn beside_listings<'a>(
    scene: &'a Scene,
    listings: &str,
    connections: usize,
    in_flight: usize,
) -> Measurement<'a> {
    let look_ups = look_ups(scene);
    let listing = listing(&[scene.world()]);
    Measurement::new(
        format!("GetFeature, one at a time beside {listings}"),
        &[P50, P99],
        move |subject| {
            let load = load(subject, scene.time);
            let many = Load {
                connections,
                in_flight,
                ..load.clone()
            };
            let report = thread::scope(|scope| {
                let other = scope.spawn(|| listing.run(subject.target(), &many));
                let report = look_ups.run(subject.target(), &load);
                let listed = other.join().ok().context("the lister panicked")??;
                Sample::of(&listed, [])?;
                anyhow::Ok(report?)
            })?;
            let mut sample = Sample::of(&report, [latency(&report, 0.5), latency(&report, 0.99)])?;
            sample.client_bound = false;
            Ok(sample)
        },
    )
}

fn beside_idle_chats(scene: &Scene) -> Measurement<'_> {
    let look_ups = look_ups(scene);
    let rows = [
        P50,
        P99,
        (
            "p99, as a multiple of that without them just before",
            Unit::Times,
        ),
    ];
    let name = "GetFeature, one at a time beside 10 000 idle chats";
    Measurement::new(name, &rows, move |subject| {
        let load = load(subject, scene.time);
        let without = look_ups.run(subject.target(), &load)?;
        let chats = IdleChats::open(subject.target(), 10_000, 50, scene.fresh_seed())?;
        let report = look_ups.run(subject.target(), &load)?;
        drop(chats);
        let alone = Sample::of(&without, [latency(&without, 0.99)])?.values[0];
        let p99 = latency(&report, 0.99);
        Sample::of(&report, [latency(&report, 0.5), p99, p99 / alone])
    })
}
