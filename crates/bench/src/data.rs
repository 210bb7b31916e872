//! Places, files of them, and questions about them.

pub mod areas;
pub mod dataset;
pub mod files;
pub mod random;
