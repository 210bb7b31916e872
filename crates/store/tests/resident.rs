//! Opening a snapshot leaves none of it in the memory of the process: what is there later is what was asked for.
//!
//! It asks Linux for the pages of files that the process holds, so this file holds a single test and runs only there.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

mod status;

use route_guide_geo::E7Point;
use route_guide_store::{Builder, Order, Store};

use status::status_bytes;

const FEATURES: i32 = 400_000;

/// Some of the program's own pages come along.
const SOME_BYTES: u64 = 1 << 20;

#[test]
fn opening_a_snapshot_keeps_no_page_that_no_query_asked_for() {
    let point = |number: i32| {
        E7Point::unbounded(
            number.wrapping_mul(-1_640_531_527) / 3,
            number.wrapping_mul(1_013_904_223),
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.rgs");
    let mut builder = Builder::new();
    for number in 0..FEATURES {
        builder.push(point(number), "somewhere").unwrap();
    }
    let written = builder.write(Order::Spatial, &path).unwrap();

    let before = status_bytes("RssFile:");
    let store = Store::open(&path).unwrap();
    let opened = status_bytes("RssFile:") - before;
    assert!(store.verify().is_ok());
    let verified = status_bytes("RssFile:") - before;

    assert!(opened <= SOME_BYTES, "{opened} bytes after opening");
    assert!(
        verified >= written.file_bytes / 2,
        "{verified} bytes after reading all of {}",
        written.file_bytes
    );
}
