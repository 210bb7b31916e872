//! Clients that post and read at a place which has as many notes as it may: none of them is cut off for that.

use route_guide_proto::routeguide::Point;
use route_guide_tests::{Chat, TestServer, point, run};
use tokio::sync::watch;
use tokio::task::JoinSet;

const CLIENTS: usize = 4;
const NOTES: usize = 150;
/// So many of a client's notes may be unread by another one. Together they are fewer than the hundred that a place keeps,
/// so everybody keeps up with what is new, however uneven their shares of the machine.
const AHEAD: usize = 15;

/// How many notes each client has read of each other one.
type Progress = Vec<Vec<usize>>;

/// Drivers in the same jam wrote at one place. As soon as it had a hundred notes their streams ended with `DATA_LOSS`: each
/// note pushed out an old one that somebody's replay was about to tell.
#[test]
fn who_keeps_reading_is_not_cut_off() {
    run(async {
        let server = TestServer::route_guide().await;
        let here = point(409_000_000, -746_000_000);
        let mut first = Chat::open(&server).await;
        for number in 0..100 {
            first.post(here, &format!("earlier {number}"));
        }
        first.settled().await;
        drop(first);

        // Everybody follows the place before the first note that counts.
        let mut chats = Vec::new();
        for _ in 0..CLIENTS {
            let mut chat = Chat::open(&server).await;
            chat.post(here, "hello");
            chat.settled().await;
            chats.push(chat);
        }
        let (progress, _) = watch::channel(vec![vec![0; CLIENTS]; CLIENTS]);
        let mut clients = JoinSet::new();
        for (number, chat) in chats.into_iter().enumerate() {
            clients.spawn(talk(chat, here, number, progress.clone()));
        }
        clients.join_all().await;
    });
}

/// Posts all notes of a client as fast as the others read, and reads until everybody has read everything.
async fn talk(mut chat: Chat, here: Point, client: usize, progress: watch::Sender<Progress>) {
    let mut next_of = [0; CLIENTS];
    let (mut readers, mut all) = (progress.subscribe(), progress.subscribe());
    let mut posted = 0;
    loop {
        let may_post = |progress: &Progress| {
            (0..CLIENTS).all(|other| other == client || posted < progress[other][client] + AHEAD)
        };
        tokio::select! {
            text = chat.next() => {
                let Some((by, number)) = read_note(&text).filter(|(by, _)| *by != client) else {
                    continue;
                };
                // What a replay repeats has been read; what comes first is the next one.
                let next = &mut next_of[by];
                assert!(number <= *next, "client {client} is at {next} of {by}: {text}");
                if number == *next {
                    *next += 1;
                    progress.send_modify(|progress| progress[client][by] += 1);
                }
                // One of them reads much more slowly than the others.
                let pause = if client == 0 { 20 } else { 0 };
                for _ in 0..pause {
                    tokio::task::yield_now().await;
                }
            }
            Ok(()) = async { readers.wait_for(may_post).await.map(drop) }, if posted < NOTES => {
                chat.post(here, &format!("{client} {posted}"));
                posted += 1;
            }
            Ok(()) = async { all.wait_for(is_over).await.map(drop) } => return,
        }
    }
}

fn is_over(progress: &Progress) -> bool {
    let mut pairs = (0..CLIENTS).flat_map(|a| (0..CLIENTS).map(move |b| (a, b)));
    pairs.all(|(a, b)| a == b || progress[a][b] == NOTES)
}

/// Whose note a text is, and which of theirs; `None` if it does not count.
fn read_note(text: &str) -> Option<(usize, usize)> {
    let (by, number) = text.split_once(' ')?;
    Some((by.parse().ok()?, number.parse().ok()?))
}
