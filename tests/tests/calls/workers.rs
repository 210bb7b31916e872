//! The promises hold as well when each connection runs on one of several threads, as the programs have it.

use std::num::NonZeroUsize;
use std::time::Duration;

use route_guide_server::{RouteGuideSettings, ServingSettings};
use route_guide_tests::paths::{GET_FEATURE, RECORD_ROUTE, ROUTE_CHAT};
use route_guide_tests::{Chat, RawConnection, TestServer, frame, point, published_places, run};
use tonic::Code;

async fn on_workers(count: usize) -> TestServer {
    TestServer::route_guide_with(RouteGuideSettings {
        serving: ServingSettings {
            workers: NonZeroUsize::new(count),
            drain_timeout: Duration::from_secs(3_600),
            ..ServingSettings::default()
        },
        ..RouteGuideSettings::default()
    })
    .await
}

#[test]
fn many_connections_are_answered() {
    run(async {
        for count in [1, 3] {
            let server = on_workers(count).await;
            let mut guides: Vec<_> = (0..20).map(|_| server.guide()).collect();
            for place in published_places().iter().step_by(10) {
                for guide in &mut guides {
                    let feature = guide
                        .get_feature(place.location)
                        .await
                        .unwrap()
                        .into_inner();
                    assert_eq!(feature, place.feature());
                }
            }
            assert_eq!(server.stop().await.cut_calls, 0);
        }
    });
}

#[test]
fn notes_cross_from_thread_to_thread() {
    run(async {
        let server = on_workers(3).await;
        let here = point(1, 2);
        let mut chats = Vec::new();
        for number in 0..12 {
            let chat = Chat::open(&server).await;
            chat.post(here, &number.to_string());
            chats.push(chat);
        }
        for (number, chat) in chats.iter_mut().enumerate() {
            let mut heard = Vec::new();
            for _ in 0..11 {
                heard.push(chat.next().await.parse::<usize>().unwrap());
            }
            heard.sort_unstable();
            let others: Vec<_> = (0..12).filter(|other| *other != number).collect();
            assert_eq!(heard, others, "{number}");
        }
        for chat in chats {
            assert!(chat.finish().await.is_empty());
        }
    });
}

#[test]
fn deadlines_and_the_drain_work() {
    run(async {
        let server = on_workers(2).await;
        let wires = [
            RawConnection::open(&server).await,
            RawConnection::open(&server).await,
        ];
        let mut routes = Vec::new();
        let mut chats = Vec::new();
        for wire in &wires {
            for path in [GET_FEATURE, RECORD_ROUTE, ROUTE_CHAT] {
                let expiring = wire.call(path, &[("grpc-timeout", "100m")]).await;
                let status = expiring.reply().await.status();
                assert_eq!(status.code(), Code::DeadlineExceeded, "{path}");
            }
            let mut route = wire.call(RECORD_ROUTE, &[]).await;
            route.head().await;
            routes.push(route);
            let mut chat = wire.call(ROUTE_CHAT, &[]).await;
            chat.head().await;
            chats.push(chat);
        }
        let draining = server.begin_drain();
        for chat in chats {
            assert_eq!(chat.reply().await.status().code(), Code::Unavailable);
        }
        for mut route in routes {
            route.send(frame(&[]));
            route.half_close();
            assert_eq!(route.reply().await.status().code(), Code::Ok);
        }
        assert_eq!(draining.ended().await.cut_calls, 0);
    });
}
