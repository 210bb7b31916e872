//! What a run of `bench` asks for.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::anyhow;
use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_load::{
    FanOut, Framing, GetFeature, ListFeatures, Load, LoadError, RecordRoute, Replays, Report,
    Route, Target, Workload,
};
use tokio_stream::StreamExt as _;

use super::flags::PlaceFlags;
use super::method::Method;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::points::PointFlags;
use crate::cli::record;
use crate::stubs::route_guide::RouteGuide;

/// The load of one method.
pub(super) enum MethodWorkload {
    Features(GetFeature),
    Listings(ListFeatures),
    Routes(RecordRoute),
    Exchanges,
    Deliveries { listeners: usize },
}

impl MethodWorkload {
    /// Makes the load, for which the server may have to say where it has features.
    pub(super) async fn new(guide: &RouteGuide, method: Method) -> Result<Self, Failure> {
        Ok(match method {
            Method::GetFeature { places, .. } => {
                let mut load = GetFeature::default();
                for (at, named) in points(guide, places).await? {
                    load.ask(at, named);
                }
                Self::Features(load)
            }
            Method::ListFeatures { areas, .. } => {
                let world = E7Rectangle::new(
                    E7Point::unbounded(-E7Point::MAX_LAT, -E7Point::MAX_LON),
                    E7Point::unbounded(E7Point::MAX_LAT, E7Point::MAX_LON),
                );
                let areas = if areas.is_empty() { vec![world] } else { areas };
                let mut load = ListFeatures::default();
                for area in areas {
                    load.list(area, None);
                }
                Self::Listings(load)
            }
            Method::RecordRoute {
                places,
                length,
                packed,
                ..
            } => {
                let points = points(guide, places).await?;
                let framing = if packed {
                    Framing::Packed
                } else {
                    Framing::OnePoint
                };
                let along = points.iter().map(|(at, _named)| *at).cycle();
                Self::Routes(RecordRoute::new(Route::new(
                    along.take(length as usize),
                    framing,
                )))
            }
            Method::RouteChat { listeners, .. } => match listeners {
                None => Self::Exchanges,
                Some(listeners) => Self::Deliveries {
                    listeners: listeners as usize,
                },
            },
        })
    }

    /// The method's name.
    pub(super) fn method(&self) -> &'static str {
        match self {
            Self::Features(_) => "GetFeature",
            Self::Listings(_) => "ListFeatures",
            Self::Routes(_) => "RecordRoute",
            Self::Exchanges | Self::Deliveries { .. } => "RouteChat",
        }
    }

    /// How long the server may be silent while it is waited for.
    pub(super) fn patience(&self) -> Duration {
        match self {
            // Listeners whose server does not share notes hear nothing, and need not wait long to know it.
            Self::Deliveries { .. } => Duration::from_secs(5),
            _ => Duration::from_secs(30),
        }
    }
}

impl Workload for MethodWorkload {
    fn run_into(&self, target: &Target, load: &Load, report: &mut Report) -> Result<(), LoadError> {
        match self {
            Self::Features(features) => features.run_into(target, load, report),
            Self::Listings(listings) => listings.run_into(target, load, report),
            Self::Routes(routes) => routes.run_into(target, load, report),
            // The server remembers notes, so each run goes to other places.
            Self::Exchanges => Replays::new(fastrand::u64(..)).run_into(target, load, report),
            Self::Deliveries { listeners } => {
                let fan_out = FanOut {
                    places: load.in_flight * load.connections,
                    listeners: *listeners,
                    arrivals: 1,
                    seed: fastrand::u64(..),
                };
                fan_out.run_into(target, load, report)
            }
        }
    }
}

/// The points of the flags, and whether there is a name at each if the server has said so.
async fn points(
    guide: &RouteGuide,
    flags: PlaceFlags,
) -> Result<Vec<(E7Point, Option<bool>)>, Failure> {
    let given = if let Some(file) = &flags.points {
        let (input, name) = record::open(file)?;
        let parse = |line: &str| record::parse(line, PointFlags::default());
        let (points, mut bad) = input::items(input, parse);
        let points = tokio::select! {
            biased;
            err = bad.error() => return Err(Failure::Local(err.context(name))),
            points = points.collect::<Vec<_>>() => points,
        };
        if points.is_empty() {
            return Err(anyhow!("{name} has no points").into());
        }
        points
    } else {
        flags.at
    };
    if !given.is_empty() {
        return Ok(given.into_iter().map(|at| (at, None)).collect());
    }

    let mut features = guide.list_features(flags.area).await?;
    let mut points = Vec::new();
    // Of several features at a point the first is the answer.
    let mut named = HashMap::new();
    while points.len() < flags.sample as usize {
        let Some(feature) = features.message().await? else {
            break;
        };
        let at = feature.location.unwrap_or_default();
        let at = E7Point::unbounded(at.latitude, at.longitude);
        named.entry(at).or_insert(!feature.name.is_empty());
        points.push(at);
    }
    if points.is_empty() {
        let hint = "say with --at or --points what to ask for";
        return Err(anyhow!("the server has no features in {}: {hint}", flags.area).into());
    }
    Ok(points
        .into_iter()
        .map(|at| (at, named.get(&at).copied()))
        .collect())
}
