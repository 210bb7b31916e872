//! What a process uses is seen from outside. One test and nothing beside it: threads that end would take their share along.

#![cfg(target_os = "linux")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use route_guide_load::{process_cpu, process_memory};

#[test]
fn work_and_memory_are_seen() {
    let this = std::process::id();
    let cpu = process_cpu(this).unwrap();
    let begin = Instant::now();
    while process_cpu(this).unwrap() < cpu + Duration::from_millis(30) {
        assert!(begin.elapsed() < Duration::from_secs(60), "no work is seen");
    }

    let before = process_memory(this).unwrap();
    let memory = black_box(vec![1_u8; 64 << 20]);
    let after = process_memory(this).unwrap();
    assert!(after >= before + (60 << 20), "{before} and then {after}");
    drop(memory);
    assert!(process_cpu(u32::MAX).is_err());
}
