//! Making snapshots out of collected features, in memory or as files.

pub(crate) mod builder;
pub(crate) mod error;
mod names;
pub(crate) mod order;
mod plan;
mod points;
mod replace;
mod temporary;
