//! What all measurements on one data set have in common.

use std::cell::Cell;
use std::time::Duration;

use crate::Dataset;
use crate::data::areas::{Area, Points, world};

/// How many rectangles of each size there are, so that none is special.
const AREAS: usize = 8;

/// A data set, and what is asked about it.
#[derive(Debug)]
pub struct Scene {
    /// The features.
    pub dataset: Dataset,
    /// Where they are.
    pub points: Points,
    /// Rectangles with about ten features.
    pub small: Vec<Area>,
    /// Sizes, and rectangles of each: about so many features.
    pub sized: Vec<(u64, Vec<Area>)>,
    /// How long each run of a measurement takes.
    pub time: Duration,
    seeds: Cell<u64>,
}

impl Scene {
    /// Sets up a data set for measurements of this length.
    #[must_use]
    pub fn new(dataset: Dataset, time: Duration) -> Self {
        let points = Points::of(dataset);
        let areas = |features| points.areas(AREAS, features, dataset.seed());
        let sized = [100, 10_000, 1_000_000]
            .into_iter()
            .filter(|size| size * 2 <= dataset.len())
            .map(|size| (size, areas(size)))
            .collect();
        Self {
            small: areas(10),
            sized,
            dataset,
            points,
            time,
            seeds: Cell::new(0),
        }
    }

    /// Every rectangle that is asked for.
    pub fn areas(&self) -> impl Iterator<Item = Area> {
        self.small
            .iter()
            .chain(self.sized.iter().flat_map(|(_, areas)| areas))
            .copied()
            .chain([self.world()])
    }

    /// The rectangle of all features.
    #[must_use]
    pub fn world(&self) -> Area {
        Area {
            rectangle: world(),
            features: self.dataset.len(),
        }
    }

    /// A number that has not been used before.
    pub fn fresh_seed(&self) -> u64 {
        let seed = self.seeds.get() + 1;
        self.seeds.set(seed);
        seed
    }
}
