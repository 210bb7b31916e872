//! Files of all formats, good ones and bad ones.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail their test")]

mod fixtures;
mod found;
mod geojson_crate;
mod hostile;
mod import;
