//! gRPC-Web: pages in browsers get what gRPC clients get, once the server is told to let them.

mod calls;
mod origins;
mod refusals;
mod same_answers;

use route_guide_server::{
    ChatScope, ChatSettings, RouteGuideSettings, ServingSettings, WebSettings,
};
use route_guide_tests::TestServer;

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";

fn web(origins: &[&str]) -> ServingSettings {
    let origins = origins.iter().map(|origin| origin.parse());
    ServingSettings {
        web: Some(WebSettings {
            origins: origins.collect::<Result<_, _>>().expect("origins"),
        }),
        ..ServingSettings::default()
    }
}

/// A RouteGuide server for pages of these origins.
async fn route_guide(origins: &[&str]) -> TestServer {
    TestServer::route_guide_with(RouteGuideSettings {
        serving: web(origins),
        // The same notes bring the same answer each time.
        chat: ChatSettings {
            scope: ChatScope::Stream,
            ..ChatSettings::default()
        },
        ..RouteGuideSettings::default()
    })
    .await
}
