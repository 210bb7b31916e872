//! The servers of Route Guide: servicers, settings and wiring.
//!
//! A servicer implements the methods of one service over the domain crates; [`Server`] puts them behind
//! listeners, deadlines and drain and runs them. The programs `route-guide-server` and `greeter-server`
//! only turn flags into [`RouteGuideSettings`] or [`GreeterSettings`] and signals into a shutdown.
//!
//! # Examples
//!
//! A server on a port of the system's choice, stopped at once:
//!
//! ```
//! use route_guide_server::{RouteGuideSettings, Server};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = RouteGuideSettings {
//!     listen: vec!["localhost:0".parse()?],
//!     ..RouteGuideSettings::default()
//! };
//! let server = Server::route_guide(settings).await?;
//! for address in server.addresses() {
//!     println!("Starting server on {address}");
//! }
//! let report = server.run(async {}).await;
//! assert_eq!(report.cut_calls, 0);
//! # Ok(())
//! # }
//! ```

pub mod cli;
pub mod commands;
mod data_set;
mod error;
mod greeter;
mod limits;
mod logging;
mod metadata;
mod methods;
mod points;
pub mod program;
mod route_guide;
mod server;
mod settings;
mod standard;
mod text;

pub use data_set::{DataError, DataSet};
pub use error::{ERROR_DOMAIN, NOTE_UNCONFIRMED};
pub use greeter::GreeterServicer;
pub use greeter::hello::HelloServicer;
pub use metadata::{
    CHAT_CALL, CHAT_LIFE, CHAT_NUMBERING, CHAT_RESUMES, CHAT_WATCH, DATA_VERSION, HELLO_MODE,
    NOTES_MISSED,
};
pub use points::PointRule;
pub use route_guide::RouteGuideServicer;
pub use route_guide::fast_path::FastRouteGuide;
pub use server::{Server, StartError};
pub use settings::{
    ChatScope, ChatSettings, ChatStore, FeatureSource, FileOrder, GreeterSettings, KEPT_FEATURES,
    LoadOptions, ReplySettings, RouteGuideSettings, ServingSettings, WebSettings,
};
pub use standard::echo::EchoMetadataLayer;
