//! What is measured of ListFeatures.

use route_guide_load::{ListFeatures, Load, Windows, Workload};

use crate::data::areas::Area;
use crate::figure::{Unit, seconds};
use crate::measurement::{Measurement, Sample, cpu_per_call, cpu_per_million, load};
use crate::scene::Scene;

const CPU_PER_MILLION: (&str, Unit) = ("server CPU for a million features", Unit::Seconds);

/// The measurements of ListFeatures on a data set.
#[must_use]
pub fn measurements(scene: &Scene) -> Vec<Measurement<'_>> {
    let mut all = vec![
        whole_world(scene, "wide windows", Windows::WIDE),
        whole_world(scene, "64 KiB windows", Windows::HTTP2_DEFAULT),
    ];
    for (size, areas) in &scene.sized {
        all.push(rectangles(scene, *size, areas));
    }
    all.push(first_feature(
        scene,
        "of the whole world",
        vec![scene.world()],
    ));
    all.push(first_feature(scene, "of about 10", scene.small.clone()));
    all
}

/// The load that lists these rectangles, and expects so many features in each.
pub(crate) fn listing(areas: &[Area]) -> ListFeatures {
    let mut listing = ListFeatures::default();
    for area in areas {
        listing.list(area.rectangle, Some(area.features));
    }
    listing
}

fn whole_world<'a>(scene: &'a Scene, name: &str, windows: Windows) -> Measurement<'a> {
    let listing = listing(&[scene.world()]);
    Measurement::new(
        format!("ListFeatures, whole world, {name}"),
        &[
            ("features", Unit::PerSecond),
            ("bytes", Unit::BytesPerSecond),
            CPU_PER_MILLION,
        ],
        move |subject| {
            let load = Load {
                windows,
                ..load(subject, scene.time)
            };
            let report = listing.run(subject.target(), &load)?;
            Sample::of(
                &report,
                [
                    report.messages_per_second(),
                    report.bytes_per_second(),
                    cpu_per_million(&report),
                ],
            )
        },
    )
}

fn rectangles<'a>(scene: &'a Scene, size: u64, areas: &[Area]) -> Measurement<'a> {
    let listing = listing(areas);
    let rows = if size < 1_000 {
        [
            ("calls", Unit::PerSecond),
            ("server CPU a call", Unit::Seconds),
        ]
    } else {
        [("features", Unit::PerSecond), CPU_PER_MILLION]
    };
    let name = format!("ListFeatures, rectangles of about {size}");
    Measurement::new(name, &rows, move |subject| {
        let load = Load {
            // Small answers are asked for as many clients would.
            in_flight: if size < 1_000 { 16 } else { 1 },
            ..load(subject, scene.time)
        };
        let report = listing.run(subject.target(), &load)?;
        let values = if size < 1_000 {
            [report.calls_per_second(), cpu_per_call(&report)]
        } else {
            [report.messages_per_second(), cpu_per_million(&report)]
        };
        Sample::of(&report, values)
    })
}

fn first_feature<'a>(scene: &'a Scene, name: &str, areas: Vec<Area>) -> Measurement<'a> {
    Measurement::new(
        format!("ListFeatures, first feature {name}"),
        &[("p50", Unit::Seconds), ("p99", Unit::Seconds)],
        move |subject| {
            let mut listing = listing(&areas);
            listing.stop_after(1);
            let load = Load {
                // With wide windows, megabytes of the answer that was cancelled would still be on their way.
                windows: Windows::HTTP2_DEFAULT,
                ..load(subject, scene.time)
            };
            let report = listing.run(subject.target(), &load)?;
            let quantile = |share| seconds(report.first_message.quantile(share));
            Sample::of(&report, [quantile(0.5), quantile(0.99)])
        },
    )
}
