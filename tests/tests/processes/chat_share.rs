//! What one connection may use of RouteChat does not keep others out.

use prost::Message as _;
use route_guide_tests::paths::ROUTE_CHAT;
use route_guide_tests::{
    RawConnection, ServerProcess, frame, note, point, programs, run, wide_windows,
};
use tonic::Code;

const CALLS: usize = 178;
const PLACES_A_CALL: usize = 1_500;

/// 178 calls on one connection that followed as many places as their headers had room for used up the registrations of
/// all: the first note of every other client was refused.
#[test]
fn one_connection_cannot_use_up_the_places_of_all() {
    let program = programs().join("route-guide-server");
    let total = (CALLS * PLACES_A_CALL).to_string();
    let server = ServerProcess::start(&program, &["--chat-places-total", &total]);
    run(async {
        let places: Vec<_> = (0..PLACES_A_CALL).map(|lat| format!("{lat},0")).collect();
        let places = places.join(",");
        let greedy = RawConnection::to(server.target(), &wide_windows()).await;
        let mut open = Vec::new();
        let mut refused = 0;
        for _ in 0..CALLS {
            let mut call = greedy
                .call(ROUTE_CHAT, &[("route-chat-watch", &places)])
                .await;
            if call.head().await.headers.contains_key("grpc-status") {
                let status = call.reply().await.status();
                assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
                let flag = "--chat-places-per-connection";
                assert!(status.message().contains(flag), "{status:?}");
                refused += 1;
            } else {
                open.push(call);
            }
        }
        // The default is 20 000 places.
        assert_eq!((open.len(), refused), (13, CALLS - 13));

        let hello = frame(&note(point(5, 0), "hello").encode_to_vec());
        let other = RawConnection::to(server.target(), &wide_windows()).await;
        let mut chat = other.call(ROUTE_CHAT, &[]).await;
        chat.send(hello.clone());
        chat.send(hello.clone());
        chat.half_close();
        let reply = chat.reply().await;
        assert_eq!(reply.status().code(), Code::Ok);
        assert_eq!(reply.body, hello);
    });
}
