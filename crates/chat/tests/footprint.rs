//! The bounds are bounds on real memory.
//!
//! It asks Linux for the resident memory of a process. What an allocator has been given once it rarely gives back, so in a
//! process that has been larger before nothing can be seen: each shape of notes is measured in a process of its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a helper may fail its test")]

use std::process::Command;
use std::sync::Arc;
use std::{env, fs};

use route_guide_chat::{Author, Draft, Limits, MemoryNotebook, Notebook, Subscriber, Usage};
use route_guide_geo::E7Point;

const BOUND_BYTES: usize = 16 * 1024 * 1024;

/// In a process begun by this test, what it is to measure.
const MEASURED: &str = "ROUTE_GUIDE_MEASURED";

/// At how many places notes are, and how long they are: long notes and short ones, places that fill up and places without
/// end.
const SHAPES: [(i32, usize); 8] = [
    (7, 4_000_000),
    (300, 65_536),
    (5_000, 33_000),
    (1_000, 1_000),
    (5_000, 200),
    (5_000, 10),
    (i32::MAX, 40),
    (i32::MAX, 0),
];

#[tokio::test]
async fn notes_and_registrations_stay_near_their_bounds() {
    match env::var(MEASURED).as_deref() {
        Ok("registrations") => registrations(),
        // Each shape leaves its holes in the heap to the next, which is what the allowance of a half is for.
        Ok("all") => notes(&SHAPES, BOUND_BYTES / 2).await,
        Ok(number) => {
            let shape = SHAPES[number.parse::<usize>().unwrap()];
            notes(&[shape], BOUND_BYTES / 8).await;
        }
        Err(_) => {
            let numbers = (0..SHAPES.len()).map(|number| number.to_string());
            let others = ["registrations", "all"].map(str::to_owned);
            for measured in numbers.chain(others) {
                let output = Command::new(env::current_exe().unwrap())
                    .args(["--exact", "notes_and_registrations_stay_near_their_bounds"])
                    .env(MEASURED, &measured)
                    .output()
                    .unwrap();
                let said = String::from_utf8_lossy(&output.stdout);
                assert!(output.status.success(), "{measured}: {said}");
                assert!(said.contains("1 passed"), "{measured}: {said}");
            }
        }
    }
}

/// Writes twice as many notes of each shape as there is room for, and looks at what they take beyond the bound.
async fn notes(shapes: &[(i32, usize)], allowance: usize) {
    let before = resident_bytes();
    let notebook = MemoryNotebook::new(Limits {
        bytes_total: BOUND_BYTES,
        ..Limits::default()
    });
    for &(places, len_bytes) in shapes {
        fill(&notebook, places, len_bytes).await;
        notebook.expire();
        let resident = resident_bytes().saturating_sub(before);
        let usage = notebook.usage();
        assert!(usage.bytes <= BOUND_BYTES);
        assert!(
            // The text that is posted is kept by this test too.
            resident <= BOUND_BYTES + allowance + len_bytes,
            "{resident} bytes resident with notes of {len_bytes} bytes at {places} places, {usage:?}"
        );
    }
}

/// Registrations are bounded by number; what one takes is written in the documentation of that bound.
fn registrations() {
    let before = resident_bytes();
    let notebook = MemoryNotebook::new(Limits::default());
    let subscriber = Arc::new(Subscriber::new(Author::unique()));
    let subscriptions: Vec<_> = (0..200_000)
        .map(|lat| {
            notebook
                .subscribe(E7Point::unbounded(lat, 0), &subscriber)
                .unwrap()
        })
        .collect();
    let resident = resident_bytes().saturating_sub(before);
    assert!(
        resident <= 512 * subscriptions.len(),
        "{resident} bytes resident with {} subscriptions",
        subscriptions.len()
    );
    drop(subscriptions);
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
