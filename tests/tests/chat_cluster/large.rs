//! Notes that are as long as a message may be, and longer than NATS takes.

use route_guide_testkit::NatsServer;
use route_guide_tests::{point, run};
use tonic::Code;

use crate::{post, ready, server_on};

#[test]
fn a_note_of_four_mebibytes_goes_round_if_nats_takes_it() {
    if !NatsServer::available() {
        return;
    }
    run(async {
        let nats = NatsServer::start_with("max_payload: 8MB\n").await;
        let (east, west) = (
            server_on(&[nats.url()]).await,
            server_on(&[nats.url()]).await,
        );
        for server in [&east, &west] {
            ready(server.address()).await;
        }
        // The location at 1,1 takes six bytes, the text's own head five.
        let longest = "n".repeat((4 << 20) - 11);
        assert!(post(&east, point(1, 1), &longest).await.unwrap().is_empty());
        let replay = post(&west, point(1, 1), "short").await.unwrap();
        assert!(replay == [longest], "another text came back");
    });
}

#[test]
fn a_note_that_nats_does_not_take_is_refused_with_both_lengths_and_the_next_is_taken() {
    if !NatsServer::available() {
        return;
    }
    run(async {
        let nats = NatsServer::start_with("max_payload: 64KB\n").await;
        let server = server_on(&[nats.url()]).await;
        ready(server.address()).await;
        let long = "n".repeat(64 * 1024);
        let status = post(&server, point(1, 1), &long).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
        assert!(status.message().contains("65536"), "{status:?}");
        assert!(
            post(&server, point(1, 1), "short")
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(post(&server, point(1, 1), "").await.unwrap(), ["short"]);
    });
}
