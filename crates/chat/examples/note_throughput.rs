//! How many notes a second the file engine writes to disk, and what they take there.
//!
//! ```text
//! cargo run --release -p route-guide-chat --features file --example note_throughput -- \
//!     DIR [NOTES [WRITERS [BYTES [PER_PLACE]]]]
//! ```
//!
//! Every writer waits for each of its notes before it writes the next one, as a stream does. The defaults are a million
//! notes of 120 bytes by 1 000 writers at 5 000 places, 100 a place, under the default limits.
#![expect(clippy::print_stdout, reason = "the program is there for its figures")]

use std::env;
use std::fs;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use route_guide_chat::{Author, Draft, FileNotebook, Limits, Notebook};
use route_guide_geo::E7Point;
use tokio::task::JoinSet;

const PLACES: usize = 5_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = env::args().skip(1);
    let dir = arguments.next().ok_or("the directory is missing")?;
    let mut number = |default: usize| arguments.next().map_or(Ok(default), |text| text.parse());
    let (notes, writers, len_bytes) = (number(1_000_000)?, number(1_000)?, number(120)?);
    let per_place = NonZeroUsize::new(number(100)?).ok_or("at least one note a place")?;
    let limits = Limits {
        notes_per_place: per_place,
        ..Limits::default()
    };

    let begun = Instant::now();
    let notebook = Arc::new(FileNotebook::open(&dir, limits)?);
    let took = begun.elapsed();
    println!("opened with {} notes in {took:.1?}", notebook.usage().notes);

    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let notebook = Arc::clone(&notebook);
        tasks.spawn(async move {
            let (author, text) = (Author::unique(), "x".repeat(len_bytes));
            let mut latencies = Vec::new();
            for number in 0..notes / writers {
                let lat = i32::try_from((writer * 31 + number * 7) % PLACES).unwrap_or(0);
                let draft = Draft {
                    place: E7Point::unbounded(lat, 0),
                    message: text.as_str().into(),
                    author,
                };
                let begun = Instant::now();
                notebook.append(draft).await?;
                latencies.push(begun.elapsed());
            }
            Ok::<_, route_guide_chat::AppendError>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(written) = tasks.join_next().await {
        latencies.extend(written??);
    }
    let seconds = begun.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let percentile = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    #[expect(clippy::cast_precision_loss, reason = "a rate needs few digits")]
    let rate = latencies.len() as f64 / seconds;
    println!("{rate:.0} notes/s by {writers} writers, {len_bytes} bytes each");
    println!(
        "append p50 {:.1?}, p99 {:.1?}",
        percentile(50),
        percentile(99)
    );

    let usage = notebook.usage();
    let file = notebook.file().to_owned();
    let open_bytes = fs::metadata(&file)?.len();
    notebook.close();
    println!(
        "kept {} notes, {} bytes of memory; {open_bytes} bytes on disk while open, {} closed",
        usage.notes,
        usage.bytes,
        fs::metadata(&file)?.len()
    );
    let begun = Instant::now();
    drop(notebook);
    let notebook = FileNotebook::open(&dir, limits)?;
    println!(
        "opened with {} notes in {:.1?}",
        notebook.usage().notes,
        begun.elapsed()
    );
    Ok(())
}
