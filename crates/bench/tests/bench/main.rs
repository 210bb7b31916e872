//! The loads and the program.

mod loads;
mod program;
