//! A stream of NATS that loses its end again and again, while servers come, go, are cut off and write.
//!
//! At the end all servers have the same notes, and every reader has been handed all of them, in order and each once, since it
//! was last told that it missed some.

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use route_guide_chat::{
    AppendError, Author, ChatError, Conversation, ConversationLimits, NatsNotebook, NatsSettings,
    Notebook, SyncState,
};
use route_guide_testkit::NatsServer;
use tempfile::TempDir;

use crate::kit::{Wire, draft, kept, open, place, stands};

/// Set, it is the seed, as an earlier run has printed it.
const SEED: &str = "ROUTE_GUIDE_SEED";

/// No step is begun after this.
const TIME: Duration = Duration::from_secs(40);
const STEPS: usize = 60;

const PLACES: i32 = 3;

/// A generator of numbers that are the same for the same seed: xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        usize::try_from(mixed).unwrap() % bound
    }
}

/// A server, its way to NATS, and a stream that follows all places.
struct Member {
    wire: Wire,
    is_cut: bool,
    notebook: Arc<NatsNotebook>,
    reader: Conversation,
    /// What the reader was handed at each place since it was last told that it missed something there.
    read: Vec<Vec<String>>,
    has_missed: Vec<bool>,
}

impl Member {
    async fn join(nats: &NatsServer) -> Self {
        let wire = Wire::to(nats).await;
        let notebook = open(NatsSettings {
            servers: vec![wire.url.clone()],
            patience: Duration::from_secs(1),
            ..NatsSettings::default()
        })
        .await;
        let mut reader = Conversation::of_logs(notebook.clone(), ConversationLimits::default());
        for lat in 0..PLACES {
            // NATS was there a moment ago.
            while reader.follow(place(lat)).await.is_err() {}
        }
        let places = usize::try_from(PLACES).unwrap();
        Self {
            wire,
            is_cut: false,
            notebook,
            reader,
            read: vec![Vec::new(); places],
            has_missed: vec![false; places],
        }
    }

    /// Reads what is there.
    fn read(&mut self) {
        loop {
            match self.reader.next_page() {
                Ok(Some(page)) => {
                    for note in page {
                        let at = usize::try_from(note.place().lat()).unwrap();
                        self.read[at].push(note.message().to_owned());
                    }
                }
                Ok(None) => return,
                Err(ChatError::Missed { place, .. }) => {
                    let at = usize::try_from(place.lat()).unwrap();
                    self.read[at].clear();
                    self.has_missed[at] = true;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    async fn read_until(&mut self, at: i32, last: &str) {
        let index = usize::try_from(at).unwrap();
        loop {
            self.read();
            if self.read[index].iter().any(|text| text == last) {
                return;
            }
            self.reader.woken().await;
        }
    }
}

#[tokio::test]
async fn all_servers_have_the_same_notes_or_their_readers_were_told() {
    if !NatsServer::available() {
        return;
    }
    let seed = env::var(SEED).ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| RandomState::new().hash_one("seed"));
    let _ = writeln!(io::stderr(), "{SEED}={seed}");
    let mut random = Random(seed | 1);

    let began = Instant::now();
    let mut nats = NatsServer::start().await;
    let mut members = vec![Member::join(&nats).await, Member::join(&nats).await];
    let mut backup: Option<TempDir> = None;
    let mut number = 0;
    let mut counts = [0; 6];
    for _ in 0..STEPS {
        if began.elapsed() > TIME {
            break;
        }
        let step = [0, 0, 0, 0, 1, 2, 2, 3, 4, 5][random.below(10)];
        counts[step] += 1;
        match step {
            // Some notes, by servers that may be cut off, or do not know yet what the stream has lost.
            0 => {
                for _ in 0..=random.below(6) {
                    let member = &members[random.below(members.len())];
                    let at = place(i32::try_from(random.below(3)).unwrap());
                    let note = draft(at, number.to_string(), Author::unique());
                    number += 1;
                    match member.notebook.append(note).await {
                        Ok(_)
                        | Err(AppendError::Unavailable { .. } | AppendError::Unconfirmed { .. }) => {
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            1 => {
                nats.kill();
                backup = Some(nats.back_up());
                nats.restart().await;
            }
            // Back to an earlier time; some servers notice only when they are connected again.
            2 => {
                if let Some(backup) = &backup {
                    nats.kill();
                    nats.restore(backup);
                    nats.restart().await;
                }
            }
            3 => {
                let member = random.below(members.len());
                let member = &mut members[member];
                member.is_cut = !member.is_cut;
                if member.is_cut {
                    member.wire.cut(&member.notebook).await;
                } else {
                    member.wire.mend(&member.notebook).await;
                }
            }
            4 if members.len() < 4 => members.push(Member::join(&nats).await),
            5 if members.len() > 1 => {
                let gone = random.below(members.len());
                members.swap_remove(gone).notebook.close().await;
            }
            _ => {}
        }
        for member in &mut members {
            member.read();
        }
    }

    for member in &mut members {
        if member.is_cut {
            member.wire.mend(&member.notebook).await;
        }
        stands(&member.notebook, SyncState::Ready).await;
    }
    let fresh = Member::join(&nats).await;
    for at in 0..PLACES {
        // All that was in doubt is settled before it, and it is the last of its place everywhere.
        let last = format!("last at {at}");
        let note = draft(place(at), last.as_str(), Author::unique());
        fresh.notebook.append(note).await.unwrap();
        let log = kept(&*fresh.notebook, place(at));
        let index = usize::try_from(at).unwrap();
        for (server, member) in members.iter_mut().enumerate() {
            let case = format!("{SEED}={seed}, {counts:?}: server {server}, place {at}");
            member.read_until(at, &last).await;
            assert_eq!(kept(&*member.notebook, place(at)), log, "{case}");
            let read = &member.read[index];
            assert!(log.ends_with(read), "{case}: {read:?} of {log:?}");
            if !member.has_missed[index] {
                assert_eq!(*read, log, "{case}");
            }
        }
    }
    let _ = writeln!(
        io::stderr(),
        "{number} notes, steps {counts:?}, {} servers",
        members.len()
    );
}
