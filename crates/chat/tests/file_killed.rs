//! Notes outlive a process that is killed while it writes.
//!
//! The process is this test program once more, which runs only [`child`] then.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "helpers of a test, and of a process under test"
)]

use std::collections::HashMap;
use std::env;
use std::io::{BufRead, BufReader};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use route_guide_chat::{
    Author, Conversation, ConversationLimits, Draft, FileNotebook, Index, Limits, Notebook,
    OpenError, PageLimit,
};
use route_guide_geo::E7Point;
use tempfile::TempDir;
use tokio::task::JoinSet;

const DIR: &str = "ROUTE_GUIDE_CHAT_KILLED_DIR";

/// Precedes what the child reports, among the lines of the test harness.
const MARK: &str = "delivered ";

const WRITERS: usize = 20;
const PLACES: i32 = 3;

fn limits() -> Limits {
    Limits {
        notes_per_place: NonZeroUsize::MAX,
        ..Limits::default()
    }
}

fn whole() -> PageLimit {
    PageLimit {
        notes: NonZeroUsize::MAX,
        len_bytes: usize::MAX,
    }
}

/// Writers without end, and a stream for each place that reports every note when it receives it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(dir) = env::var_os(DIR) else {
        return; // An ordinary run of the tests.
    };
    let notebook = Arc::new(FileNotebook::open(dir, limits()).unwrap());
    let mut tasks = JoinSet::new();
    for lat in 0..PLACES {
        let notebook = notebook.clone();
        tasks.spawn(async move {
            let limits = ConversationLimits::default();
            let mut chat = Conversation::shared(notebook, limits);
            chat.post(E7Point::unbounded(lat, 0), "reader")
                .await
                .unwrap();
            loop {
                while let Some(page) = chat.next_page().unwrap() {
                    for note in page {
                        let author = note.author().to_u128();
                        println!("{MARK}{lat} {} {author} {}", note.index(), note.message());
                    }
                }
                chat.woken().await;
            }
        });
    }
    for writer in 0..WRITERS {
        let notebook = notebook.clone();
        let lat = i32::try_from(writer).unwrap() % PLACES;
        tasks.spawn(async move {
            let author = Author::unique();
            for number in 0_u64.. {
                let draft = Draft::new(E7Point::unbounded(lat, 0), &number.to_string(), author);
                notebook.append(draft).await.unwrap();
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
}

/// A note as the child reported it, and as it is found again.
type Delivered = HashMap<(i32, u64), (u128, String)>;

/// Runs the child until it has reported so many notes, kills it, and adds everything that it had reported.
fn run_and_kill(dir: &Path, reports: usize, delivered: &mut Delivered) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let (mut count, mut line) = (0, String::new());
    loop {
        line.clear();
        // The last line may be cut off in the middle.
        if lines.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
            break;
        }
        let Some((_, report)) = line.trim_end().split_once(MARK) else {
            continue;
        };
        let mut fields = report.split(' ');
        let mut field = || fields.next().unwrap();
        let key = (field().parse().unwrap(), field().parse().unwrap());
        let note = (field().parse().unwrap(), field().to_owned());
        let before = delivered.insert(key, note.clone());
        assert!(
            before.is_none_or(|before| before == note),
            "index {key:?} has two notes"
        );
        count += 1;
        if count == reports {
            // As long as it lives, nobody else gets at its notes.
            let refused = FileNotebook::open(dir, limits());
            assert!(matches!(refused, Err(OpenError::InUse { .. })));
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(count >= reports, "the process ended by itself");
}

#[test]
fn what_was_delivered_outlives_a_kill() {
    let dir = TempDir::new().unwrap();
    let mut delivered = Delivered::new();
    for round in 0..10 {
        // Sooner and later in the life of the process; once even while it reads the old notes out.
        let reports = match round {
            5 => 10,
            _ => delivered.len() + 100 + 700 * (round % 4),
        };
        run_and_kill(dir.path(), reports, &mut delivered);

        let notebook = FileNotebook::open(dir.path(), limits()).unwrap();
        let mut found = Delivered::new();
        let mut next_of: HashMap<u128, u64> = HashMap::new();
        for lat in 0..PLACES {
            let page = notebook.read(E7Point::unbounded(lat, 0), Index::START, whole());
            assert_eq!(page.missed, 0);
            for (index, note) in (1..).zip(page.notes) {
                assert_eq!(note.index(), Index::new(index));
                let author = note.author().to_u128();
                if note.message() != "reader" {
                    // In order, none twice, and none left out before one that is there.
                    let next = next_of.entry(author).or_default();
                    assert_eq!(note.message(), next.to_string());
                    *next += 1;
                }
                found.insert((lat, index), (author, note.message().to_owned()));
            }
        }
        for (key, note) in &delivered {
            assert_eq!(
                found.get(key),
                Some(note),
                "delivered as {key:?} in round {round}"
            );
        }
    }
    // Every run of the child had writers of its own.
    let authors: std::collections::HashSet<_> =
        delivered.values().map(|(author, _)| author).collect();
    assert!(authors.len() > 2 * WRITERS);
}
