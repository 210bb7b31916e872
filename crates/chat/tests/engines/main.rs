//! The engines that need no other program, and what is the same with all of them.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail their test")]

mod file;
mod memory;
mod model;
mod numbering;
mod private;
mod share;

#[path = "../kit/mod.rs"]
mod kit;
#[path = "../suite/mod.rs"]
mod suite;
