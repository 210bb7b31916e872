//! How many notes a second an engine takes, and how soon another stream has one.
//!
//! ```text
//! cargo run --release -p route-guide-chat --all-features --example note_throughput -- \
//!     ENGINE [NOTES [WRITERS [BYTES [PER_PLACE]]]]
//! ```
//!
//! The engine is `memory`, `file:DIR`, `nats:1` or `nats:3`: the last two start so many servers of NATS for the run, and the
//! stream is kept on all of them. Every writer waits for each of its notes before it writes the next one, as a stream
//! does. The defaults are a million notes of 120 bytes by 1 000 writers at 5 000 places, 100 a place, under the default
//! limits. After that one stream posts 10 000 notes, each when another has received the one before; on NATS that is a
//! stream of another server.
#![expect(clippy::print_stdout, reason = "the program is there for its figures")]

use std::env;
use std::error::Error;
use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use route_guide_chat::{
    AppendError, Author, ChatError, Conversation, ConversationLimits, Draft, FileNotebook, Limits,
    MemoryNotebook, NatsNotebook, NatsSettings, Notebook,
};
use route_guide_geo::E7Point;
use route_guide_testkit::{NatsCluster, NatsServer};
use tokio::task::JoinSet;

const PLACES: usize = 5_000;
const ROUNDS: usize = 10_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let engine = arguments.next().ok_or("the engine is missing")?;
    let mut number = |default: usize| arguments.next().map_or(Ok(default), |text| text.parse());
    let (notes, writers, len_bytes) = (number(1_000_000)?, number(1_000)?, number(120)?);
    let limits = Limits {
        notes_per_place: NonZeroUsize::new(number(100)?).ok_or("at least one note a place")?,
        ..Limits::default()
    };

    let engine = Engine::start(&engine).await?;
    let notebook = engine.open(limits).await?;
    write(&notebook, notes, writers, len_bytes).await?;
    let usage = notebook.usage();
    println!(
        "kept {} notes, {} bytes of memory",
        usage.notes, usage.bytes
    );
    {
        let other = match &engine {
            Engine::Nats { .. } => engine.open(limits).await?,
            _ => Arc::clone(&notebook),
        };
        exchange(&notebook, &other, len_bytes).await?;
    }
    drop(notebook);
    match &engine {
        Engine::Memory => {}
        _ => drop(engine.open(limits).await?),
    }
    if let Engine::File(dir) = &engine {
        let mut bytes = 0;
        for entry in fs::read_dir(dir)? {
            bytes += entry?.metadata()?.len();
        }
        println!("{bytes} bytes on disk");
    }
    Ok(())
}

/// Where notebooks are kept.
enum Engine {
    Memory,
    File(PathBuf),
    Nats {
        urls: Vec<String>,
        _servers: Box<dyn Send>,
    },
}

impl Engine {
    async fn start(text: &str) -> Result<Self, Box<dyn Error>> {
        Ok(match text.split_once(':') {
            None if text == "memory" => Self::Memory,
            Some(("file", dir)) => Self::File(dir.into()),
            Some(("nats", "1")) => {
                let server = NatsServer::start().await;
                Self::Nats {
                    urls: vec![server.url()],
                    _servers: Box::new(server),
                }
            }
            Some(("nats", servers)) => {
                let cluster = NatsCluster::start(servers.parse()?).await;
                Self::Nats {
                    urls: cluster.urls(),
                    _servers: Box::new(cluster),
                }
            }
            _ => return Err(format!("{text} is no engine").into()),
        })
    }

    async fn open(&self, limits: Limits) -> Result<Arc<dyn Notebook>, Box<dyn Error>> {
        let begun = Instant::now();
        let notebook: Arc<dyn Notebook> = match self {
            Self::Memory => Arc::new(MemoryNotebook::new(limits)),
            Self::File(dir) => Arc::new(FileNotebook::open(dir, limits)?),
            Self::Nats { urls, .. } => {
                let notebook = NatsNotebook::start(NatsSettings {
                    servers: urls.clone(),
                    replicas: NonZeroUsize::new(urls.len()).ok_or("no server")?,
                    limits,
                    ..NatsSettings::default()
                })?;
                notebook.ready().await;
                Arc::new(notebook)
            }
        };
        let took = begun.elapsed();
        println!("opened with {} notes in {took:.1?}", notebook.usage().notes);
        Ok(notebook)
    }
}

async fn write(
    notebook: &Arc<dyn Notebook>,
    notes: usize,
    writers: usize,
    len_bytes: usize,
) -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let notebook = Arc::clone(notebook);
        tasks.spawn(async move {
            let (author, text) = (Author::unique(), "x".repeat(len_bytes));
            let mut latencies = Vec::new();
            for number in 0..notes / writers {
                let lat = i32::try_from((writer * 31 + number * 7) % PLACES).unwrap_or(0);
                let draft = Draft::new(E7Point::unbounded(lat, 0), &text, author);
                let begun = Instant::now();
                notebook.append(draft).await?;
                latencies.push(begun.elapsed());
            }
            Ok::<_, AppendError>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(written) = tasks.join_next().await {
        latencies.extend(written??);
    }
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate needs few digits")]
    let rate = latencies.len() as f64 / seconds;
    println!("{rate:.0} notes/s by {writers} writers, {len_bytes} bytes each");
    report("append", latencies);
    Ok(())
}

/// Has one stream post and another one receive, in turn.
async fn exchange(
    from: &Arc<dyn Notebook>,
    to: &Arc<dyn Notebook>,
    len_bytes: usize,
) -> Result<(), ChatError> {
    let limits = ConversationLimits::default();
    let place = E7Point::unbounded(-1, -1);
    let mut reader = Conversation::shared(Arc::clone(to), limits);
    reader.post(place, "reader").await?;
    while reader.next_page()?.is_some() {}
    let (author, text) = (Author::unique(), "x".repeat(len_bytes));
    let mut latencies = Vec::new();
    for _ in 0..ROUNDS {
        let draft = Draft::new(place, &text, author);
        let begun = Instant::now();
        let receive = async {
            loop {
                reader.woken().await;
                if reader.next_page()?.is_some() {
                    return Ok::<_, ChatError>(begun.elapsed());
                }
            }
        };
        let (posted, received) = tokio::join!(from.append(draft), receive);
        posted?;
        latencies.push(received?);
    }
    report("post to receive", latencies);
    Ok(())
}

fn report(what: &str, mut latencies: Vec<Duration>) {
    latencies.sort_unstable();
    let percentile = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    let (middle, high) = (percentile(50), percentile(99));
    println!("{what} p50 {middle:.1?}, p99 {high:.1?}");
}
