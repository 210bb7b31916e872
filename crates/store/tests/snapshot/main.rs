//! Snapshot files: what is in them, what is noticed when it is not, and how they come into their place.
#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

mod damage;
mod flips;
mod golden;
mod kit;
mod records;
mod replacement;
mod round_trip;
