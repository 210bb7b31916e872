//! Which method `bench` calls, and with what.

use clap::Subcommand;
use route_guide_geo::E7Rectangle;

use super::flags::{LoadFlags, PlaceFlags, parse_area};

#[derive(Debug, Subcommand)]
pub(super) enum Method {
    /// Ask for features, one a call
    ///
    /// Each call has to be answered with one message. Where the points come from the server's own list, it has to have a
    /// name or none as there.
    GetFeature {
        #[command(flatten)]
        places: PlaceFlags,
        #[command(flatten)]
        load: LoadFlags,
    },
    /// List the features in a rectangle
    ///
    /// Features are counted and not decoded. A listing that is still going on at the end of the time is cut off: its
    /// features count, the call does not.
    ListFeatures {
        /// A rectangle to list, the whole world if there is none; may be repeated, and they take turns
        #[arg(long = "area", value_name = "LAT,LON:LAT,LON", value_parser = parse_area, allow_hyphen_values = true)]
        areas: Vec<E7Rectangle>,
        #[command(flatten)]
        load: LoadFlags,
    },
    /// Send routes
    ///
    /// Each summary has to count the points that were sent. At the end of the time routes end early.
    RecordRoute {
        #[command(flatten)]
        places: PlaceFlags,
        /// How many points a route has; points are repeated as often as that takes
        #[arg(long, value_name = "COUNT", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
        length: u32,
        /// Put as many points into an HTTP/2 frame as it holds; gRPC clients send each in its own
        #[arg(long)]
        packed: bool,
        #[command(flatten)]
        load: LoadFlags,
    },
    /// Exchange notes
    ///
    /// A call is an exchange: two notes are posted at a place where nobody has been, and the first has to come back. Every
    /// server answers that.
    ///
    /// With --listeners it is a delivery: notes are posted at as many places as --concurrency says, each when all who
    /// listen there have the last; --calls says how many are posted. The server has to share notes between streams.
    RouteChat {
        /// How many streams listen at each place
        #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000))]
        listeners: Option<u32>,
        #[command(flatten)]
        load: LoadFlags,
    },
}

impl Method {
    pub(super) fn load_flags(&self) -> &LoadFlags {
        match self {
            Self::GetFeature { load, .. }
            | Self::ListFeatures { load, .. }
            | Self::RecordRoute { load, .. }
            | Self::RouteChat { load, .. } => load,
        }
    }
}
