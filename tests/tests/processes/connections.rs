//! The life of connections of the real program, with peers that read slowly, vanish, never read or speak something else.
//!
//! One file for each promise.

mod drained;
mod early_answers;
mod early_ended;
mod foreign;
mod frames;
mod given_back;
mod gone;
mod many_at_once;
mod out_of_files;
mod socket_file;
