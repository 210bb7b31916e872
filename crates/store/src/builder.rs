//! Collecting features before they become a store.

use std::error::Error;
use std::fmt;

use route_guide_geo::E7Point;

use crate::names::Names;

/// The features of a data set in order, coordinates as two arrays.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    pub(crate) lats: Vec<i32>,
    pub(crate) lons: Vec<i32>,
    pub(crate) names: Names,
}

impl Builder {
    /// Adds a feature whose name has been written to `names` already.
    pub(crate) fn push(&mut self, location: E7Point) -> Result<(), TooMany> {
        // Positions are 32 bits wide, and the greatest one stands for "none" in tables of them.
        if self.lats.len() >= MAX_LEN {
            return Err(TooMany);
        }
        self.lats.push(location.lat());
        self.lons.push(location.lon());
        self.names.seal();
        Ok(())
    }
}

/// How many features a store can hold.
const MAX_LEN: usize = u32::MAX as usize;

/// The error for one feature more than a store can hold.
#[derive(Debug)]
pub(crate) struct TooMany;

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {MAX_LEN} features")
    }
}

impl Error for TooMany {}
