//! One entry of a data set.

use std::fmt;

use route_guide_geo::E7Point;

/// A named point of a [`Store`](crate::Store), borrowed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature<'a> {
    location: E7Point,
    name: &'a str,
    position: Position,
}

impl<'a> Feature<'a> {
    pub(crate) const fn new(location: E7Point, name: &'a str, position: Position) -> Self {
        Self {
            location,
            name,
            position,
        }
    }

    /// Returns where the feature is.
    #[must_use]
    pub const fn location(&self) -> E7Point {
        self.location
    }

    /// Returns the feature's name, empty for the many that have none.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the feature's place in the data set.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }
}

/// A feature and how far it is from the point that was asked about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearby<'a> {
    feature: Feature<'a>,
    distance_meters: f64,
}

impl<'a> Nearby<'a> {
    pub(crate) const fn new(feature: Feature<'a>, distance_meters: f64) -> Self {
        Self {
            feature,
            distance_meters,
        }
    }

    /// Returns the feature.
    #[must_use]
    pub const fn feature(&self) -> Feature<'a> {
        self.feature
    }

    /// Returns the great-circle distance to it in metres.
    #[must_use]
    pub const fn distance_meters(&self) -> f64 {
        self.distance_meters
    }
}

/// The place of a feature in its data set, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(u32);

impl Position {
    /// Makes a position from a count of the features before it.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// Returns the count of the features before it.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Returns the same count as an index into arrays.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
