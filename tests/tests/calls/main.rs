//! Calls of servers of the library: what each method answers, and what holds for all of them.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail their test")]

mod get_feature;
mod greeter;
mod health_and_reflection;
mod hello;
mod list_features;
mod record_route;

mod bad_clients;
mod bad_input;
mod cardinality;
mod deadlines;
mod drain;
mod grpc_web;
mod headers;
mod metadata;
mod out_of_range;
mod status_messages;
mod windows;
mod wire;
mod work_stops;
mod workers;
