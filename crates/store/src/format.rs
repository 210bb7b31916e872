//! The bytes of a snapshot, as `docs/snapshot-format.md` describes them.

pub(crate) mod cell;
pub(crate) mod check_index;
pub(crate) mod error;
pub(crate) mod header;
pub(crate) mod image;
pub(crate) mod layout;
pub(crate) mod pages;
pub(crate) mod record;
pub(crate) mod region;
pub(crate) mod section;
