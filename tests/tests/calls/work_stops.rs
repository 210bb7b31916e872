//! What the servicer does for a call stops when the call ends, however it ends.

mod workshop;

use std::sync::atomic::Ordering;
use std::time::Duration;

use route_guide_tests::paths::{BIDI_HELLO, LOTS_OF_GREETINGS, LOTS_OF_REPLIES, SAY_HELLO_SERVICE};
use route_guide_tests::{RawCall, RawConnection, frame, run, within};
use tonic::Code;

use self::workshop::{FLOOD_BYTES, Workshop};

/// One method of each kind.
const METHODS: [&str; 4] = [
    SAY_HELLO_SERVICE,
    LOTS_OF_REPLIES,
    LOTS_OF_GREETINGS,
    BIDI_HELLO,
];

async fn begin(wire: &RawConnection, path: &str, headers: &[(&str, &str)]) -> RawCall {
    let mut call = wire.call(path, headers).await;
    call.send(frame(&[]));
    call.half_close();
    call
}

#[test]
fn when_a_client_reads_deadline_exceeded_the_work_has_been_dropped() {
    run(async {
        let shop = Workshop::open(Duration::ZERO).await;
        let wire = shop.connect().await;
        for path in METHODS {
            let call = begin(&wire, path, &[("grpc-timeout", "100m")]).await;
            let status = call.reply().await.status();
            assert_eq!(status.code(), Code::DeadlineExceeded, "{path}");
            assert_eq!(shop.running.load(Ordering::SeqCst), 0, "{path}");
        }
    });
}

#[test]
fn a_cancelled_call_drops_its_work_at_once() {
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        let wire = shop.connect().await;
        for path in METHODS {
            let call = begin(&wire, path, &[]).await;
            assert_eq!(shop.begun().await, None);
            call.cancel();
            shop.dropped().await;
        }
    });
}

#[test]
fn a_vanished_client_drops_its_work_at_once() {
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        for path in METHODS {
            let wire = shop.connect().await;
            let _call = begin(&wire, path, &[]).await;
            assert_eq!(shop.begun().await, None);
            wire.vanish().await;
            shop.dropped().await;
        }
    });
}

#[test]
fn a_call_cut_by_the_end_of_the_drain_drops_its_work_is_told_so_and_counted() {
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        let wire = shop.connect().await;
        let mut calls = Vec::new();
        for path in METHODS {
            calls.push((path, begin(&wire, path, &[]).await));
            assert_eq!(shop.begun().await, None);
        }
        shop.drain.begin();
        for (path, call) in calls {
            let status = call.reply().await.status();
            assert_eq!(status.code(), Code::Unavailable, "{path}");
            assert_eq!(status.message(), "server is draining", "{path}");
        }
        let report = within("the end of the drain", shop.serving).await.unwrap();
        assert_eq!(report.cut_calls, METHODS.len());
        assert_eq!(shop.running.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_servicer_can_read_how_much_time_is_left() {
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        let wire = shop.connect().await;
        for path in METHODS {
            let minute = [("grpc-timeout", "1M")];
            let call = begin(&wire, path, &minute).await;
            let left = shop.begun().await.unwrap().time_left();
            assert!(
                left > Duration::ZERO && left < Duration::from_secs(60),
                "{path}: {left:?}"
            );
            call.cancel();
            shop.dropped().await;
        }
    });
}

#[test]
fn when_a_page_reads_deadline_exceeded_the_work_has_been_dropped() {
    run(async {
        let shop = Workshop::open(Duration::ZERO).await;
        let mut page = shop.page().await;
        for path in METHODS {
            let reply = page.call(path, &[("grpc-timeout", "100m")], &[]).await;
            assert_eq!(reply.status().code(), Code::DeadlineExceeded, "{path}");
            assert_eq!(shop.running.load(Ordering::SeqCst), 0, "{path}");
        }
    });
}

#[test]
fn a_page_that_closes_its_connection_drops_its_work_at_once() {
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        for path in METHODS {
            let mut page = shop.page().await;
            page.begin(path, &[], &[]).await;
            assert_eq!(shop.begun().await, None);
            drop(page);
            shop.dropped().await;
        }
    });
}

#[test]
fn a_pages_call_cut_by_the_end_of_the_drain_is_told_so_and_counted() {
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        let mut pages = Vec::new();
        for path in METHODS {
            let mut page = shop.page().await;
            page.begin(path, &[], &[]).await;
            assert_eq!(shop.begun().await, None);
            pages.push((path, page));
        }
        shop.drain.begin();
        for (path, mut page) in pages {
            let status = page.reply().await.status();
            assert_eq!(status.code(), Code::Unavailable, "{path}");
            assert_eq!(page.closed().await, 0, "{path}");
        }
        let report = within("the end of the drain", shop.serving).await.unwrap();
        assert_eq!(report.cut_calls, METHODS.len());
    });
}

/// What the server holds for a reader that does not read is bounded, and let go at the deadline.
#[test]
fn a_page_that_stalls_holds_little_and_only_until_its_deadline() {
    /// The sockets' buffers on both sides, as large as systems make them, and the server's own.
    const HELD_BYTES: usize = 32 << 20;
    run(async {
        let mut shop = Workshop::open(Duration::ZERO).await;
        for accept in ["application/grpc-web", "application/grpc-web-text"] {
            let mut page = shop.page().await;
            let headers = [("accept", accept), ("grpc-timeout", "500m")];
            let flood = b"\x0a\x05flood";
            page.begin(LOTS_OF_REPLIES, &headers, flood).await;
            shop.begun().await.unwrap();
            shop.dropped().await;
            let produced = shop.replies.swap(0, Ordering::SeqCst) * FLOOD_BYTES;
            assert!(produced < HELD_BYTES, "{produced} bytes for {accept}");
            // The answer ends in order, with its status, so the page may go on to use the connection.
            drop(page);
        }
    });
}
