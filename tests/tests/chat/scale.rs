//! Chats by the thousand: who hears what, what is kept, and when it goes.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use route_guide_chat::{Author, Draft, Limits, MemoryNotebook, Notebook};
use route_guide_geo::E7Point;
use route_guide_load::{FanOut, Load, Reach, Target, Workload};
use route_guide_proto::routeguide::Point;
use route_guide_server::{ChatSettings, RouteGuideSettings};
use route_guide_tests::{Chat, TestServer, run};
use tokio::task::spawn_blocking;

async fn keeping(notebook: Limits) -> TestServer {
    TestServer::route_guide_with(RouteGuideSettings {
        chat: ChatSettings {
            notebook,
            ..ChatSettings::default()
        },
        ..RouteGuideSettings::default()
    })
    .await
}

/// The listeners hear each other come, so there are a million deliveries before the first note that counts.
#[test]
fn a_thousand_streams_hear_every_note_once_and_in_order() {
    const LISTENERS: usize = 1_000;
    const NOTES: u64 = 10;
    run(async {
        // As many notes are kept as listeners come, so that those who come together do not push out each other's.
        let server = keeping(Limits {
            notes_per_place: NonZeroUsize::new(LISTENERS + 100).unwrap(),
            ..Limits::default()
        })
        .await;
        let target = Target::resolve(server.address(), Reach::Loopback).unwrap();
        let fan_out = FanOut {
            places: 1,
            listeners: LISTENERS,
            arrivals: 50,
            seed: 1,
        };
        let load = Load {
            connections: 6,
            calls: Some(NOTES),
            time: Duration::from_secs(600),
            ..Load::default()
        };
        // It counts a note that comes twice, or in the place of another, as a failure.
        let report = spawn_blocking(move || fan_out.run(&target, &load));
        let report = report.await.unwrap().unwrap();
        assert_eq!(report.failures.first(), None);
        assert_eq!(report.calls, NOTES * LISTENERS as u64);
        assert_eq!(report.last_delivery.count(), NOTES);
    });
}

/// However many places there are, what is kept for them is bounded; and the latest are kept.
#[test]
fn two_hundred_thousand_places_keep_within_the_bounds() {
    const PLACES: i32 = 200_000;
    let place = |number| E7Point::unbounded(number, -number);
    let check = |limits: Limits, fewest: usize| {
        run(async move {
            let notebook = MemoryNotebook::new(limits);
            let author = Author::unique();
            for number in 0..PLACES {
                let draft = Draft::new(place(number), &format!("note {number}"), author);
                notebook.append(draft).await.unwrap();
                if number % 10_000 == 0 {
                    assert!(notebook.usage().bytes <= limits.bytes_total);
                }
            }
            let usage = notebook.usage();
            assert!(usage.bytes <= limits.bytes_total, "{usage:?}");
            assert!(usage.notes <= limits.notes_total.get(), "{usage:?}");
            assert!(usage.notes >= fewest, "{usage:?}");
            // A place without notes and without listeners takes nothing.
            assert_eq!(usage.places, usage.notes, "{usage:?}");
        });
    };
    check(Limits::default(), PLACES as usize);
    let few = Limits {
        notes_total: NonZeroUsize::new(50_000).unwrap(),
        ..Limits::default()
    };
    check(few, 50_000);
    let small = Limits {
        bytes_total: 16 << 20,
        ..Limits::default()
    };
    check(small, 20_000);
}

/// Nobody's note goes before its time, and none stays for ever.
#[test]
fn a_note_expires_at_its_age() {
    const HERE: Point = Point {
        latitude: 1,
        longitude: 2,
    };
    const AGE: Duration = Duration::from_millis(700);
    run(async {
        let notebook = Limits {
            max_age: AGE,
            notes_per_place: NonZeroUsize::new(100_000).unwrap(),
            ..Limits::default()
        };
        let server = keeping(notebook).await;
        let mut writer = Chat::open(&server).await;
        let before = Instant::now();
        writer.post(HERE, "ice");
        writer.settled().await;
        let after = Instant::now();
        loop {
            let asked = Instant::now();
            let chat = Chat::open(&server).await;
            chat.post(HERE, "anyone?");
            let is_there = chat.finish().await.iter().any(|text| text == "ice");
            if !is_there {
                assert!(before.elapsed() >= AGE, "gone after {:?}", before.elapsed());
                break;
            }
            assert!(asked < after + AGE, "there after {:?}", asked - after);
        }
    });
}
