//! A FlatGeobuf file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use route_guide_fuzz::import;
use route_guide_import::Format;

fuzz_target!(|bytes: &[u8]| import(Format::FlatGeobuf, bytes));
