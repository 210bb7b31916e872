//! What is measured, by method.

pub mod chats;
pub mod listings;
pub mod look_ups;
pub mod memory;
pub mod routes;
