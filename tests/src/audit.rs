//! Whether what the streams of a chat were handed agrees with the log that they share.
//!
//! The rules of `RouteChat` are simple enough to be followed note by note: a stream that posts at a place is handed
//! every earlier note there, its own included, oldest first; after its first note there it is handed every note of
//! others, once, in the order of the log. What came between its last cursor and its next own note may come live
//! before the replay, or only with it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use route_guide_proto::routeguide::Point;

use crate::point;

/// A note of a run: which stream wrote it, and as its how manieth, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Numbered {
    /// The stream that wrote it.
    pub stream: u32,
    /// How many notes it had written before.
    pub number: u32,
}

/// A place of a run, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spot(pub i32);

/// All that one stream sent and was handed, each in its order.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// The stream, as its notes name it.
    pub stream: u32,
    /// Where its notes were sent.
    pub sent: Vec<Spot>,
    /// How many of these the server must have taken, by what it answered.
    pub taken: usize,
    /// What came back.
    pub received: Vec<(Spot, Numbered)>,
    /// Whether it ended with OK, after it had been handed everything there was.
    pub is_complete: bool,
}

/// For each place the notes kept there, oldest first.
pub type Log = BTreeMap<Spot, Vec<Numbered>>;

impl Numbered {
    /// Reads a note's text, if it is one of a run's.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (stream, number) = text.split_once(' ')?;
        Some(Self {
            stream: stream.parse().ok()?,
            number: number.parse().ok()?,
        })
    }
}

impl fmt::Display for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.stream, self.number)
    }
}

impl Spot {
    const LONGITUDE: i32 = 123_456_789;

    /// The place on the wire.
    #[must_use]
    pub fn point(self) -> Point {
        point(self.0, Self::LONGITUDE)
    }

    /// Which place of a run this is, if it is one.
    #[must_use]
    pub fn at(point: Point) -> Option<Self> {
        (point.longitude == Self::LONGITUDE).then_some(Self(point.latitude))
    }
}

/// Returns what is wrong, in words; nothing if nothing is.
#[must_use]
pub fn faults(log: &Log, transcripts: &[Transcript]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut kept: HashMap<u32, Vec<(u32, Spot)>> = HashMap::new();
    let mut seen = BTreeSet::new();
    for (spot, notes) in log {
        let mut latest = HashMap::new();
        for note in notes {
            if !seen.insert(*note) {
                faults.push(format!("note {note} was written twice, again at {spot:?}"));
            }
            if let Some(earlier) = latest.insert(note.stream, note.number)
                && earlier > note.number
            {
                faults.push(format!("note {note} is kept after {earlier} of its stream"));
            }
            let of_stream = kept.entry(note.stream).or_default();
            of_stream.push((note.number, *spot));
        }
    }
    for transcript in transcripts {
        let mut kept = kept.remove(&transcript.stream).unwrap_or_default();
        kept.sort_unstable();
        faults.extend(unkept(transcript, &kept));
        let mut received: BTreeMap<Spot, Vec<Numbered>> = BTreeMap::new();
        for (spot, note) in &transcript.received {
            received.entry(*spot).or_default().push(*note);
        }
        // A place where it has posted and nothing came back counts too.
        for spot in &transcript.sent {
            received.entry(*spot).or_default();
        }
        for (spot, received) in received {
            let log = log.get(&spot).map_or(&[][..], Vec::as_slice);
            if let Err(fault) = follow(transcript, log, &received) {
                faults.push(format!("stream {}, {spot:?}: {fault}", transcript.stream));
            }
        }
    }
    for stream in kept.keys() {
        faults.push(format!(
            "the log has notes of stream {stream}, which is unknown"
        ));
    }
    faults
}

/// A server takes the notes of a stream one after the other, so those that are kept are the first ones.
fn unkept(transcript: &Transcript, kept: &[(u32, Spot)]) -> Option<String> {
    let Transcript {
        stream,
        sent,
        taken,
        is_complete,
        ..
    } = transcript;
    let expected = (0..).zip(sent.iter().copied());
    let owed = if *is_complete { sent.len() } else { *taken };
    if kept.len() < owed {
        let kept = kept.len();
        return Some(format!(
            "of stream {stream} {kept} notes are kept, not {owed}"
        ));
    }
    let differs = expected.zip(kept).find(|(sent, kept)| sent != *kept);
    differs.map(|(sent, kept)| format!("stream {stream} sent {sent:?}, but {kept:?} is kept"))
}

/// Follows what one stream was handed at one place.
fn follow(transcript: &Transcript, log: &[Numbered], received: &[Numbered]) -> Result<(), String> {
    let is_own = |index: &usize| log[*index].stream == transcript.stream;
    let mut own = (0..log.len())
        .filter(is_own)
        .collect::<Vec<_>>()
        .into_iter();
    let mut due_replay = own.next();
    // The stream follows the place from its first own note on, whose replay comes first.
    let mut cursor: Option<usize> = None;
    let mut handed = received.iter();
    let mut next = handed.next();
    loop {
        // Live notes come before the next replay, and those that did not come in time come with it.
        while let (Some(note), Some(from)) = (next, cursor)
            && let Some(live) = (from + 1..log.len()).find(|index| !is_own(index))
            && due_replay.is_none_or(|replay| live < replay)
            && log[live] == *note
        {
            cursor = Some(live);
            next = handed.next();
        }
        let Some(replay) = due_replay else {
            break;
        };
        if next.is_none() && !transcript.is_complete {
            return Ok(());
        }
        for expected in &log[..replay] {
            match next {
                Some(note) if note == expected => next = handed.next(),
                None if !transcript.is_complete => return Ok(()),
                other => return Err(unexpected(other, Some(expected), log)),
            }
        }
        cursor = Some(replay);
        due_replay = own.next();
    }
    let owed = cursor.and_then(|from| (from + 1..log.len()).find(|index| !is_own(index)));
    match (next, owed) {
        (None, Some(_)) if !transcript.is_complete => Ok(()),
        (None, None) => Ok(()),
        (note, owed) => Err(unexpected(note, owed.map(|index| &log[index]), log)),
    }
}

fn unexpected(handed: Option<&Numbered>, owed: Option<&Numbered>, log: &[Numbered]) -> String {
    let words = |note: Option<&Numbered>| match note {
        None => "nothing more".to_owned(),
        Some(note) if log.contains(note) => format!("note {note}"),
        Some(note) => format!("note {note}, which is not kept there,"),
    };
    format!("{} came where {} was owed", words(handed), words(owed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Spot = Spot(1);

    fn numbered(text: &str) -> Numbered {
        Numbered::parse(text).expect("two numbers")
    }

    /// Checks what stream 1 was handed, which has sent two notes and ended in good order; returns the fault.
    #[track_caller]
    fn check(log: &[&str], received: &[&str], expected: Option<&str>) {
        let log: Log = [(HERE, log.iter().map(|text| numbered(text)).collect())].into();
        let transcript = |stream, sent, received: &[&str]| Transcript {
            stream,
            sent: vec![HERE; sent],
            taken: sent,
            received: received.iter().map(|text| (HERE, numbered(text))).collect(),
            is_complete: stream == 1,
        };
        let found = faults(&log, &[transcript(1, 2, received), transcript(2, 3, &[])]);
        let found = found.first().map(String::as_str);
        match expected {
            None => assert_eq!(found, None),
            Some(part) => assert!(found.is_some_and(|found| found.contains(part)), "{found:?}"),
        }
    }

    /// Stream 1 posts second and fourth.
    const LOG: &[&str] = &["2 0", "1 0", "2 1", "1 1", "2 2"];

    #[test]
    fn every_way_of_being_handed_all_of_it_is_good() {
        let replay = ["2 0", "1 0", "2 1"];
        check(
            LOG,
            &[&["2 0", "2 1"], &replay[..], &["2 2"]].concat(),
            None,
        );
        // The replay came before the live note could.
        check(LOG, &[&["2 0"], &replay[..], &["2 2"]].concat(), None);
    }

    #[test]
    fn a_lost_note_is_found() {
        check(
            LOG,
            &["2 1", "2 0", "1 0", "2 1", "2 2"],
            Some("note 2 1 came where note 2 0"),
        );
        check(
            LOG,
            &["2 0", "2 0", "1 0", "2 2"],
            Some("note 2 2 came where note 2 1"),
        );
        check(
            LOG,
            &["2 0", "2 0", "1 0", "2 1"],
            Some("nothing more came where note 2 2"),
        );
        check(
            &LOG[..4],
            &["2 0", "2 0", "1 0", "2 1"],
            Some("of stream 2 2 notes are kept, not 3"),
        );
    }

    #[test]
    fn a_repeated_note_is_found() {
        check(
            LOG,
            &["2 0", "2 1", "2 1", "2 0", "1 0", "2 1", "2 2"],
            Some("note 2 1 came"),
        );
        check(
            LOG,
            &["2 0", "2 0", "1 0", "2 1", "2 2", "2 2"],
            Some("note 2 2 came where nothing"),
        );
        check(
            &[LOG, &["2 2"]].concat(),
            &[],
            Some("note 2 2 was written twice"),
        );
    }

    #[test]
    fn an_echo_is_found() {
        check(
            LOG,
            &["2 0", "1 0", "2 0", "1 0", "2 1", "2 2"],
            Some("note 1 0 came where note 2 0"),
        );
    }

    #[test]
    fn another_order_is_found() {
        check(
            LOG,
            &["2 0", "1 0", "2 0", "2 1", "2 2"],
            Some("came where"),
        );
        let log = &["2 1", "1 0", "2 0", "1 1", "2 2"];
        check(
            log,
            &["2 1", "2 1", "1 0", "2 0", "2 2"],
            Some("note 2 0 is kept after 1"),
        );
    }

    #[test]
    fn a_note_that_is_not_kept_is_found() {
        check(
            LOG,
            &["3 0"],
            Some("note 3 0, which is not kept there, came"),
        );
        check(&[LOG, &["3 0"]].concat(), &[], Some("stream"));
    }
}
