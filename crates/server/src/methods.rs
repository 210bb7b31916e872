//! What the contracts say of their methods: which take streams, and which give them.

use std::sync::LazyLock;

use prost::Message as _;
use prost_types::FileDescriptorSet;
use route_guide_proto::FILE_DESCRIPTOR_SET;
use tonic_reflection::pb;

/// A method of any service that these servers have.
struct Method {
    /// As in the path of a request, `/package.Service/Method`.
    path: &'static str,
    takes_stream: bool,
    gives_stream: bool,
}

/// The health method whose stream ends with the call only, as its contract says in words.
const HEALTH_WATCH: &str = "/grpc.health.v1.Health/Watch";

static METHODS: LazyLock<Vec<Method>> = LazyLock::new(|| {
    let contracts = [
        FILE_DESCRIPTOR_SET,
        pb::v1::FILE_DESCRIPTOR_SET,
        pb::v1alpha::FILE_DESCRIPTOR_SET,
    ];
    contracts.into_iter().flat_map(methods_of).collect()
});

static TAKE_STREAMS: LazyLock<Vec<&str>> = LazyLock::new(|| paths(|method| method.takes_stream));

static ANSWER_A_STREAM: LazyLock<Vec<&str>> =
    LazyLock::new(|| paths(|method| method.takes_stream && !method.gives_stream));

static OPEN_ENDED: LazyLock<Vec<&str>> = LazyLock::new(|| {
    paths(|method| method.takes_stream && method.gives_stream || method.path == HEALTH_WATCH)
});

/// Methods whose requests are streams; every other one takes exactly one message.
pub(crate) fn take_streams() -> &'static [&'static str] {
    &TAKE_STREAMS
}

/// Methods that answer a stream with one message. tonic sends their response headers with it, and not before.
pub(crate) fn answer_a_stream() -> &'static [&'static str] {
    &ANSWER_A_STREAM
}

/// Methods whose streams last until somebody ends them: a drain does not wait for these.
pub(crate) fn open_ended() -> &'static [&'static str] {
    &OPEN_ENDED
}

fn methods_of(contract: &[u8]) -> Vec<Method> {
    let files = FileDescriptorSet::decode(contract).expect("the compiler has encoded it");
    let mut methods = Vec::new();
    for file in &files.file {
        for service in &file.service {
            for method in &service.method {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                methods.push(Method {
                    // Once in a process, and as long as it lasts.
                    path: path.leak(),
                    takes_stream: method.client_streaming(),
                    gives_stream: method.server_streaming(),
                });
            }
        }
    }
    methods
}

fn paths(wanted: impl Fn(&Method) -> bool) -> Vec<&'static str> {
    let wanted = METHODS.iter().filter(|method| wanted(method));
    wanted.map(|method| method.path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_what_their_contracts_say() {
        assert_eq!(
            answer_a_stream(),
            [
                "/routeguide.RouteGuide/RecordRoute",
                "/hello.HelloService/LotsOfGreetings"
            ]
        );
        for method in open_ended() {
            let takes_stream = take_streams().contains(method);
            assert_eq!(takes_stream, *method != HEALTH_WATCH, "{method}");
        }
        for method in [
            "/routeguide.RouteGuide/RouteChat",
            "/helloworld.Greeter/SayHelloBidiStream",
            "/hello.HelloService/BidiHello",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            HEALTH_WATCH,
        ] {
            assert!(open_ended().contains(&method), "{method}");
        }
    }
}
