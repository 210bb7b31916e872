//! What is read of a file: rows, their coordinates, and what is reported of them.

pub(crate) mod coordinate;
pub(crate) mod item;
pub(crate) mod position;
pub(crate) mod reference;
pub(crate) mod row;
