//! Loads, one a file.

use crate::{Load, LoadError, Report, Target};

mod fan_out;
mod gathering;
mod get_feature;
mod idle_connections;
mod list_features;
mod notes;
mod record_route;
mod replays;
mod route;
mod stalled_listings;

pub use self::fan_out::FanOut;
pub use self::gathering::IdleChats;
pub use self::get_feature::GetFeature;
pub use self::idle_connections::IdleConnections;
pub use self::list_features::ListFeatures;
pub use self::record_route::RecordRoute;
pub use self::replays::Replays;
pub use self::route::{Framing, Route};
pub use self::stalled_listings::StalledListings;

/// A load that can be put on a server.
pub trait Workload {
    /// Puts the load on a server and adds its findings to the report.
    ///
    /// # Errors
    ///
    /// [`LoadError`] if there is nothing to ask or the server cannot be asked to the end; the report then has the findings
    /// up to there. Calls that fail are counted in the report.
    fn run_into(&self, target: &Target, load: &Load, report: &mut Report) -> Result<(), LoadError>;

    /// Puts the load on a server and returns its findings.
    ///
    /// # Errors
    ///
    /// As [`run_into`](Self::run_into).
    fn run(&self, target: &Target, load: &Load) -> Result<Report, LoadError> {
        let mut report = Report::default();
        self.run_into(target, load, &mut report)?;
        Ok(report)
    }
}
