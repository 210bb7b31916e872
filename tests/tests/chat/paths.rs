//! RouteChat is answered in two ways: from the bytes that the notebook keeps, and by the generated code where a call may
//! be compressed. Both give the same answers, byte for byte.

use prost::Message as _;
use route_guide_proto::routeguide::{Point, RouteNote};
use route_guide_tests::paths::ROUTE_CHAT;
use route_guide_tests::{RawConnection, RawReply, TestServer, frame, framed, note, point, run};

/// What is sent on one stream, before it is half-closed.
fn conversations() -> Vec<Vec<Vec<u8>>> {
    let place = point(407_838_351, -746_143_763);
    let encoded = |note: RouteNote| frame(&note.encode_to_vec()).to_vec();
    let placeless = |text: &str| {
        encoded(RouteNote {
            location: None,
            message: text.to_owned(),
        })
    };
    let texts = ["", "ice on the bridge", "北京 🚧", "ice on the bridge"];
    let mut replayed: Vec<_> = texts.map(|text| encoded(note(place, text))).into();
    replayed.extend(texts.map(|text| encoded(note(point(0, 0), text))));
    replayed.extend(texts.map(placeless));
    let long = |len: usize| encoded(note(place, &"n".repeat(len)));
    // A repeated field, of which the last counts, and one that is not in the contract.
    let merged = [
        note(place, "first").encode_to_vec(),
        note(point(1, 0), "second").encode_to_vec(),
        b"\x1a\x01x".to_vec(),
    ]
    .concat();
    let whole = encoded(note(place, "whole"));
    let off_globe = Point {
        latitude: 900_000_001,
        longitude: 0,
    };
    vec![
        vec![],
        replayed,
        vec![
            long(200),
            long(1_024),
            long(9_000),
            long(65_536),
            whole.clone(),
        ],
        (0..300).map(|number| long(number * 7)).collect(),
        vec![
            frame(&merged).to_vec(),
            encoded(note(point(1, -746_143_763), "same place?")),
        ],
        vec![
            whole.clone(),
            whole.clone(),
            encoded(note(off_globe, "off")),
        ],
        vec![whole.clone(), whole.clone(), long(65_537)],
        vec![whole.clone(), frame(b"\x0a\x7fx").to_vec()],
        vec![whole.clone(), frame(b"\x12\x02\xff\xff").to_vec()],
        vec![frame(b"").to_vec(), frame(b"").to_vec()],
        vec![whole.clone(), framed(7, b"x").to_vec()],
    ]
}

async fn answer(server: &TestServer, encoding: &str, sent: &[Vec<u8>], piece: usize) -> RawReply {
    let wire = RawConnection::open(server).await;
    let mut chat = wire.call(ROUTE_CHAT, &[("grpc-encoding", encoding)]).await;
    for bytes in sent.concat().chunks(piece) {
        chat.send(bytes.to_vec());
    }
    chat.half_close();
    chat.reply().await
}

#[test]
fn both_ways_of_answering_a_chat_give_the_same_bytes() {
    run(async {
        for (number, sent) in conversations().iter().enumerate() {
            for piece in [13, 16 << 10] {
                let (plain, generated) = (
                    TestServer::route_guide().await,
                    TestServer::route_guide().await,
                );
                let ours = answer(&plain, "identity", sent, piece).await;
                let reference = answer(&generated, "gzip", sent, piece).await;
                let case = format!("conversation {number} in pieces of {piece}");
                assert_eq!(ours.body, reference.body, "{case}");
                let (ours, reference) = (ours.status(), reference.status());
                assert_eq!(
                    ours.code(),
                    reference.code(),
                    "{case}: {ours:?}, {reference:?}"
                );
                // The two do not say in the same words what is wrong with a frame.
                if !sent.iter().any(|bytes| bytes.first() == Some(&7)) {
                    assert_eq!(ours.message(), reference.message(), "{case}");
                    assert_eq!(ours.details(), reference.details(), "{case}");
                }
            }
        }
    });
}
