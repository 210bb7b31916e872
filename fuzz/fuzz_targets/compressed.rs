//! What gzip and zstd are wrapped around a file, and what they are not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use route_guide_fuzz::import;
use route_guide_import::Format;

fuzz_target!(|bytes: &[u8]| {
    // Told by the first bytes, whatever the format: these are sure to be there.
    for magic in [&b""[..], b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"] {
        import(Format::Geonames, &[magic, bytes].concat());
    }
});
