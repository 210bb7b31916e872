//! Making a snapshot takes memory in proportion to it, as `route-guide-server import` promises: less than half as much
//! again.
//!
//! It asks Linux for the greatest resident memory of the process, so this file holds a single test and runs only there.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

mod status;

use std::fs;

use route_guide_geo::E7Point;
use route_guide_store::{Builder, Order};

use status::status_bytes;

const FEATURES: i32 = 400_000;

/// What is not in proportion: buffers, and what the allocator keeps for later.
const ALLOWED_BYTES: u64 = 4 << 20;

#[test]
fn a_snapshot_is_made_in_one_and_a_half_times_its_length() {
    let folder = tempfile::tempdir().unwrap();
    let check = |order, name: &str| {
        // From here on the peak is a new one.
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = status_bytes("VmRSS:");
        let mut builder = Builder::new();
        for number in 0..FEATURES {
            // Anywhere, so that curve order is another one.
            let lat = number.wrapping_mul(-1_640_531_527) / 3;
            let lon = number.wrapping_mul(1_013_904_223);
            builder.push(E7Point::unbounded(lat, lon), name).unwrap();
        }
        let path = folder.path().join("places.rgs");
        let written = builder.write(order, &path).unwrap();
        let grown = status_bytes("VmHWM:") - before;
        assert!(
            grown <= written.file_bytes * 3 / 2 + ALLOWED_BYTES,
            "{grown} bytes for {} of {order:?} with names like {name:?}",
            written.file_bytes
        );
    };
    for name in ["", "a name of about thirty-three bytes", &"x".repeat(300)] {
        check(Order::Spatial, name);
        check(Order::Input, name);
    }
}
