//! Making snapshots out of collected features, in memory or as files.

pub(crate) mod builder;
mod names;
pub(crate) mod plan;
pub(crate) mod replace;
mod temporary;
