//! Tools for JSON: scanning a long list element by element, and messages about invalid values.

pub(crate) mod document;
pub(crate) mod element;
pub(crate) mod list;
pub(crate) mod members;
pub(crate) mod nonfinite;
mod problem;
pub(crate) mod scan;
pub(crate) mod value;

pub(crate) use problem::{place, problem, reason};
