//! What the library does, without the programs.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail their test")]

mod flags;
mod stored;
