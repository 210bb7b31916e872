use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use tokio::time;

use super::{NatsServer, Node, START_PATIENCE, free_port, home};

/// Some NATS servers that form one cluster, on this machine.
#[derive(Debug)]
pub struct NatsCluster {
    servers: Vec<NatsServer>,
}

impl NatsCluster {
    /// Starts a cluster of so many servers and waits until it can keep a stream on all of them.
    pub async fn start(servers: usize) -> Self {
        let mut log = String::new();
        // Somebody else may take a port between the look at it and the start.
        for _ in 0..5 {
            match Self::try_start(servers).await {
                Ok(cluster) => {
                    cluster.settle().await;
                    return cluster;
                }
                Err(last) => log = last,
            }
        }
        panic!("a cluster of nats-server does not start:\n{log}");
    }

    async fn try_start(count: usize) -> Result<Self, String> {
        let home = Arc::new(home());
        let routes: Vec<_> = (0..count).map(|_| free_port()).collect();
        let mut servers = Vec::new();
        for (number, &route) in routes.iter().enumerate() {
            let name = format!("node-{number}");
            let node = Node {
                port: free_port(),
                monitor: free_port(),
                routes: Some((route, routes.clone())),
                dir: home.path().join(&name),
                settings: String::new(),
                name,
            };
            let mut server = NatsServer::new(node, Arc::clone(&home));
            server.spawn().await?;
            servers.push(server);
        }
        Ok(Self { servers })
    }

    /// Returns the addresses of all servers.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(NatsServer::url).collect()
    }

    /// Returns the servers, those that are killed included.
    #[must_use]
    pub fn servers(&self) -> &[NatsServer] {
        &self.servers
    }

    /// Returns one of the servers.
    pub fn server(&mut self, number: usize) -> &mut NatsServer {
        &mut self.servers[number]
    }

    /// Returns the number of the server that leads a stream, waiting for an election if there is one.
    pub async fn leader_of(&self, stream: &str) -> usize {
        self.until(async |jetstream| {
            let mut stream = jetstream.get_stream(stream).await.ok()?;
            let leader = stream.info().await.ok()?.cluster.clone()?.leader?;
            self.servers
                .iter()
                .position(|server| server.name() == leader && server.is_running())
        })
        .await
    }

    /// Waits until a stream can be kept on all servers, by making one and removing it again.
    pub async fn settle(&self) {
        let config = jetstream::stream::Config {
            name: "SETTLE".to_owned(),
            subjects: vec!["settle".to_owned()],
            num_replicas: self.servers.len(),
            ..Default::default()
        };
        self.until(async |jetstream| {
            let mut made = jetstream.get_or_create_stream(config.clone()).await.ok()?;
            let cluster = made.info().await.ok()?.cluster.clone()?;
            let are_current = cluster.replicas.iter().all(|peer| peer.current);
            (cluster.leader.is_some() && are_current).then_some(())
        })
        .await;
        self.until(async |jetstream| jetstream.delete_stream("SETTLE").await.ok())
            .await;
    }

    /// Asks the servers until there is an answer.
    async fn until<T>(&self, mut ask: impl AsyncFnMut(&jetstream::Context) -> Option<T>) -> T {
        let asking = async {
            let mut pause = time::interval(Duration::from_millis(20));
            loop {
                pause.tick().await;
                let options = async_nats::ConnectOptions::new().request_timeout(Some(REQUEST));
                let Ok(client) = options.connect(self.urls()).await else {
                    continue;
                };
                let jetstream = jetstream::new(client);
                if let Some(answer) = ask(&jetstream).await {
                    return answer;
                }
            }
        };
        time::timeout(START_PATIENCE, asking)
            .await
            .expect("the cluster answers within a minute")
    }
}

/// How long one question may take: a cluster that is still electing does not answer at all.
const REQUEST: Duration = Duration::from_secs(2);
