//! The servers that are compared.

pub mod baseline;
pub mod canned;
pub mod stores;
pub mod subject;
