//! Tools for JSON: one value after another of a long list, and messages about what is wrong with one.

pub(crate) mod document;
pub(crate) mod element;
pub(crate) mod list;
pub(crate) mod members;
pub(crate) mod nonfinite;
mod problem;
pub(crate) mod scan;
pub(crate) mod value;

pub(crate) use problem::{place, problem, reason};
