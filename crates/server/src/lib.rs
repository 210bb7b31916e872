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
mod counted;
mod data_set;
mod echo;
mod error;
mod greeter;
mod health;
mod hello;
mod logging;
mod memory;
pub mod program;
mod recording;
mod reflection;
mod requests;
mod route_chat;
mod route_guide;
mod server;
mod settings;
mod shares;
mod shortcut;
mod stderr;
mod stored;
mod text;
mod watching;

pub use data_set::{DataError, DataSet};
pub use echo::EchoMetadataLayer;
pub use error::{ERROR_DOMAIN, NOTE_UNCONFIRMED};
pub use greeter::GreeterServicer;
pub use hello::{HELLO_MODE, HelloServicer};
pub use requests::PointRule;
pub use route_guide::{DATA_VERSION, NOTES_MISSED, RouteGuideServicer};
pub use server::{Server, StartError};
pub use settings::{
    ChatScope, ChatSettings, ChatStore, FeatureSource, FileOrder, GreeterSettings, KEPT_FEATURES,
    LoadOptions, ReplySettings, RouteGuideSettings, ServingSettings, WebSettings,
};
pub use stored::StoredRouteGuide;
pub use watching::{CHAT_CALL, CHAT_LIFE, CHAT_NUMBERING, CHAT_RESUMES, CHAT_WATCH};
