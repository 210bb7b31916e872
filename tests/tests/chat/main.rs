//! `RouteChat` on a server of the library.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail their test")]

mod bounds;
mod full_place;
mod paths;
mod route_chat;
mod scale;
mod watch;
