//! A request of one message has one message.

use bytes::Bytes;
use prost::Message;
use prost_types::FileDescriptorSet;
use route_guide_proto::FILE_DESCRIPTOR_SET;
use route_guide_tests::{RawConnection, TestServer, frame, framed, run};
use tonic::Code;

/// The methods of a package that take one message, as paths.
fn paths(package: &str) -> Vec<String> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("it is generated");
    let files = set.file.iter().filter(|file| file.package() == package);
    let paths = files.flat_map(|file| &file.service).flat_map(|service| {
        let methods = service.method.iter();
        methods
            .filter(|method| !method.client_streaming())
            .map(move |method| format!("/{package}.{}/{}", service.name(), method.name()))
    });
    paths.collect()
}

/// An empty message, compressed with gzip.
const GZIP: [u8; 20] = [
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// The published servers take the first of two messages and answer for it.
#[test]
fn another_number_of_messages_than_one_is_unimplemented() {
    run(async {
        let guide = TestServer::route_guide().await;
        let greetings = TestServer::greetings().await;
        for (server, package, methods) in [
            (&guide, "routeguide", 2),
            (&guide, "grpc.health.v1", 3),
            (&greetings, "helloworld", 3),
            (&greetings, "hello", 2),
        ] {
            let paths = paths(package);
            assert_eq!(paths.len(), methods, "{paths:?}");
            let wire = RawConnection::open(server).await;
            for path in paths {
                let one = frame(&[]);
                let two = Bytes::from([&one[..], &one].concat());
                for pieces in [vec![], vec![two], vec![one.clone(), one.clone()]] {
                    let mut call = wire.call(&path, &[]).await;
                    let count = pieces.len();
                    for piece in pieces {
                        call.send(piece);
                    }
                    call.half_close();
                    let reply = call.reply().await;
                    let status = reply.status();
                    assert_eq!(status.code(), Code::Unimplemented, "{path}, {count} pieces");
                    assert!(status.message().contains("exactly one"), "{status:?}");
                }
            }
            server.still_answers().await;
        }
    });
}

#[test]
fn compressed_messages_count_as_others_do() {
    run(async {
        let server = TestServer::route_guide().await;
        let wire = RawConnection::open(&server).await;
        for (messages, code) in [
            (0, Code::Unimplemented),
            (1, Code::Ok),
            (2, Code::Unimplemented),
        ] {
            let mut call = wire
                .call(
                    "/routeguide.RouteGuide/GetFeature",
                    &[("grpc-encoding", "gzip")],
                )
                .await;
            for _ in 0..messages {
                call.send(framed(1, &GZIP));
            }
            call.half_close();
            assert_eq!(
                call.reply().await.status().code(),
                code,
                "{messages} messages"
            );
        }
    });
}
