//! The bound in bytes is a bound on real memory.
//!
//! It asks Linux for the resident memory of the process, so this file holds a single test and runs only there.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

use std::fs;
use std::sync::Arc;

use route_guide_chat::{Author, Draft, Limits, MemoryNotebook, Notebook, Usage, Wakeups};
use route_guide_geo::E7Point;

const BOUND_BYTES: usize = 16 * 1024 * 1024;

#[tokio::test]
async fn notes_of_every_shape_stay_near_the_bound() {
    let before = resident_bytes();
    let notebook = MemoryNotebook::new(Limits {
        bytes_total: BOUND_BYTES,
        ..Limits::default()
    });
    // Long notes and short ones, places that fill up and places without end, twice as much of each as there is room for.
    // Each shape leaves its holes in the heap to the next, which is what the allowance of a half is for; the first ones
    // of a fresh process take what they are charged.
    for (places, len_bytes) in [
        (7, 4_000_000),
        (5_000, 33_000),
        (1_000, 1_000),
        (5_000, 200),
        (5_000, 10),
        (i32::MAX, 40),
        (i32::MAX, 0),
    ] {
        fill(&notebook, places, len_bytes).await;
        notebook.expire();
        let resident = resident_bytes().saturating_sub(before);
        let usage = notebook.usage();
        assert!(usage.bytes <= BOUND_BYTES);
        assert!(
            resident <= BOUND_BYTES / 2 * 3,
            "{resident} bytes resident with notes of {len_bytes} bytes at {places} places, {usage:?}"
        );
    }
    drop(notebook);

    // Registrations are bounded by number; what one takes is written in the documentation of that bound.
    let before = resident_bytes();
    let notebook = MemoryNotebook::new(Limits::default());
    let wakeups = Arc::new(Wakeups::new(Author::unique()));
    let watches: Vec<_> = (0..200_000)
        .map(|lat| {
            notebook
                .watch(E7Point::unbounded(lat, 0), &wakeups)
                .unwrap()
        })
        .collect();
    let resident = resident_bytes().saturating_sub(before);
    assert!(
        resident <= 512 * watches.len(),
        "{resident} bytes resident with {} watches",
        watches.len()
    );
    drop(watches);
    notebook.expire();
    assert_eq!(notebook.usage(), Usage::default());
}

async fn fill(notebook: &MemoryNotebook, places: i32, len_bytes: usize) {
    let author = Author::unique();
    let text = "x".repeat(len_bytes);
    let notes = (2 * BOUND_BYTES / (200 + len_bytes)).max(100);
    for number in 0..i32::try_from(notes).unwrap() {
        let place = E7Point::unbounded(number % places, 0);
        notebook
            .append(Draft::new(place, &text, author))
            .await
            .unwrap();
    }
}

fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    1024 * line
        .trim()
        .trim_end_matches("kB")
        .trim()
        .parse::<usize>()
        .unwrap()
}
