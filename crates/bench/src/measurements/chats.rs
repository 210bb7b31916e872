//! What is measured of RouteChat.

use std::time::Duration;

use route_guide_load::{FanOut, Load, LoadError, Replays, Report, Workload};

use crate::Subject;
use crate::figure::{Unit, seconds};
use crate::measurement::{Measurement, Sample, cpu_per_call, latency, load};
use crate::scene::Scene;

/// Notes that are not shared are waited for in vain, but not for long.
const PATIENCE: Duration = Duration::from_secs(3);

/// So many exchanges are under way on a stream that does not wait, as many as fit into 16 KiB.
const EXCHANGES_AHEAD: usize = 128;

/// The measurements of RouteChat, which do not depend on the data set.
#[must_use]
pub fn measurements(scene: &Scene) -> Vec<Measurement<'_>> {
    vec![
        replays(scene, 1),
        replays(scene, 64),
        pipelined(scene),
        fan_out(scene),
        crowd(scene),
    ]
}

fn replays(scene: &Scene, streams: usize) -> Measurement<'_> {
    let name = if streams == 1 {
        "RouteChat, post two notes and get one back".to_owned()
    } else {
        format!("RouteChat, the same on {streams} streams")
    };
    let rows = rates("exchanges", "server CPU an exchange");
    Measurement::new(name, &rows, move |subject| {
        let load = Load {
            in_flight: streams,
            ..load(subject, scene.time)
        };
        rated(&Replays::new(scene.fresh_seed()).run(subject.target(), &load)?)
    })
}

fn pipelined(scene: &Scene) -> Measurement<'_> {
    let name = "RouteChat, the same on one stream without waiting";
    let rows = rates("exchanges", "server CPU an exchange");
    Measurement::new(name, &rows, move |subject| {
        let load = load(subject, scene.time);
        let replays = Replays::new(scene.fresh_seed()).ahead(EXCHANGES_AHEAD);
        rated(&replays.run(subject.target(), &load)?)
    })
}

fn fan_out(scene: &Scene) -> Measurement<'_> {
    let rows = rates("deliveries", "server CPU a delivery");
    let name = "RouteChat, a note at each of 4 places with 100 listeners";
    Measurement::new(name, &rows, move |subject| {
        rated(&delivered(scene, subject, 4, 100)?)
    })
}

/// The rows of what is counted, timed, and costs the server.
fn rates(counted: &'static str, cost: &'static str) -> [(&'static str, Unit); 4] {
    [
        (counted, Unit::PerSecond),
        ("p50", Unit::Seconds),
        ("p99", Unit::Seconds),
        (cost, Unit::Seconds),
    ]
}

/// The figures for these rows.
fn rated(report: &Report) -> anyhow::Result<Sample> {
    Sample::of(
        report,
        [
            report.calls_per_second(),
            latency(report, 0.5),
            latency(report, 0.99),
            cpu_per_call(report),
        ],
    )
}

fn crowd(scene: &Scene) -> Measurement<'_> {
    let rows = [
        ("until the last has it, p50", Unit::Seconds),
        ("p99", Unit::Seconds),
        ("deliveries", Unit::PerSecond),
        ("server CPU a delivery", Unit::Seconds),
    ];
    let name = "RouteChat, a note for 1 000 listeners at one place";
    Measurement::new(name, &rows, move |subject| {
        let report = delivered(scene, subject, 1, 1_000)?;
        let last = |share| seconds(report.last_delivery.quantile(share));
        Sample::of(
            &report,
            [
                last(0.5),
                last(0.99),
                report.calls_per_second(),
                cpu_per_call(&report),
            ],
        )
    })
}

/// How long a note takes from one stream to another, which only servers that share notes can show.
#[must_use]
pub fn post_to_receive(scene: &Scene) -> Measurement<'_> {
    let rows = [("p50", Unit::Seconds), ("p99", Unit::Seconds)];
    let name = "RouteChat, from posting a note to its receipt by another stream";
    Measurement::new(name, &rows, move |subject| {
        let report = delivered(scene, subject, 1, 1)?;
        Sample::of(&report, [latency(&report, 0.5), latency(&report, 0.99)])
    })
}

/// Posts notes at places, each when all who listen there have the last.
fn delivered(
    scene: &Scene,
    subject: &Subject,
    places: usize,
    listeners: usize,
) -> anyhow::Result<Report> {
    let load = Load {
        // A connection carries 200 streams.
        connections: 1 + places * listeners / 100,
        silence: PATIENCE,
        ..load(subject, scene.time)
    };
    let fan_out = FanOut {
        places,
        listeners,
        arrivals: 1,
        seed: scene.fresh_seed(),
    };
    match fan_out.run(subject.target(), &load) {
        Err(LoadError::Silent(_)) => anyhow::bail!("notes are not shared between streams"),
        report => Ok(report?),
    }
}
