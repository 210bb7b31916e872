//! A feature, and a feature with its distance.

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

    /// Returns the feature's location.
    #[must_use]
    pub const fn location(&self) -> E7Point {
        self.location
    }

    /// Returns the feature's name, empty if it has none.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the feature's position in the data set.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }
}

/// A feature and its distance from the point of a query.
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

    /// Returns the great-circle distance in metres.
    #[must_use]
    pub const fn distance_meters(&self) -> f64 {
        self.distance_meters
    }
}

/// The position of a feature in its data set, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(u32);

impl Position {
    /// Makes a position from the number of features before it.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// Returns the number of features before it.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
