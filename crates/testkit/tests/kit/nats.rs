//! The servers that the tests start are real ones, and really die.

use async_nats::ConnectOptions;
use route_guide_testkit::{NatsCluster, NatsServer};

#[tokio::test]
async fn a_server_keeps_its_address_and_its_streams_when_it_is_killed() {
    if !NatsServer::available() {
        return;
    }
    let mut server = NatsServer::start().await;
    let url = server.url();
    let client = async_nats::connect(&url).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let config = async_nats::jetstream::stream::Config {
        name: "KEPT".into(),
        ..Default::default()
    };
    jetstream.create_stream(config).await.unwrap();

    server.kill();
    assert!(async_nats::connect(&url).await.is_err());
    server.restart().await;
    assert_eq!(server.url(), url);
    let client = async_nats::connect(&url).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    assert!(jetstream.get_stream("KEPT").await.is_ok());

    drop(server);
    assert!(async_nats::connect(&url).await.is_err());
}

#[tokio::test]
async fn a_cluster_elects_another_leader_when_one_is_killed() {
    if !NatsServer::available() {
        return;
    }
    let mut cluster = NatsCluster::start(3).await;
    let options = ConnectOptions::new().connect(cluster.urls()).await.unwrap();
    let jetstream = async_nats::jetstream::new(options);
    let config = async_nats::jetstream::stream::Config {
        name: "LED".into(),
        num_replicas: 3,
        ..Default::default()
    };
    jetstream.create_stream(config).await.unwrap();

    let first = cluster.leader_of("LED").await;
    cluster.server(first).kill();
    let second = cluster.leader_of("LED").await;
    assert_ne!(first, second);
    cluster.server(first).restart().await;
    cluster.settle().await;
}
