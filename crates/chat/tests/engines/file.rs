//! The engine whose notes are in a file.

mod age;
#[cfg(unix)]
mod conformance;
mod damage;
mod refused;
mod restart;
