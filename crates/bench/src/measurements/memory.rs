//! What a server holds.

use std::thread;
use std::time::Duration;

use route_guide_load::{IdleChats, IdleConnections, StalledListings, process_memory};

use crate::Subject;
use crate::data::areas::world;
use crate::figure::Unit;
use crate::measurement::{Measurement, Sample};
use crate::scene::Scene;

/// So many listings are asked for and not read.
const LISTINGS: usize = 500;
/// So many chats are opened and left alone.
const CHATS: usize = 10_000;
/// So many connections are opened and closed again.
const CONNECTIONS: usize = 4_000;
/// So long after they are closed a server has given back what it gives back.
const GIVEN_BACK: Duration = Duration::from_secs(15);

/// The measurements of memory, each for a server that has done nothing else.
#[must_use]
pub fn measurements(scene: &Scene) -> Vec<Measurement<'_>> {
    let mut all = vec![at_rest()];
    // A smaller answer is sent whole and waits for nobody.
    if scene.dataset.len() >= 10_000 {
        all.push(stalled());
    }
    all.push(connections());
    all.push(chats(scene));
    all
}

fn at_rest<'a>() -> Measurement<'a> {
    let rows = [("besides mapped files", Unit::Bytes)];
    Measurement::new("memory after the start", &rows, |subject| {
        Ok(Sample::alone([memory(subject)?]))
    })
    .once()
}

fn stalled<'a>() -> Measurement<'a> {
    let name = "memory of a listing of the world that nobody reads, one of 500";
    Measurement::new(name, &[("each", Unit::Bytes)], |subject| {
        let before = memory(subject)?;
        let stalled = StalledListings::open(subject.target(), world(), LISTINGS, 10)?;
        anyhow::ensure!(stalled.len() == LISTINGS, "only {} stall", stalled.len());
        Ok(Sample::alone([each(before, subject, LISTINGS)?]))
    })
    .once()
}

fn connections<'a>() -> Measurement<'a> {
    let name = "memory of an idle connection, one of 4 000";
    let rows = [
        ("each", Unit::Bytes),
        ("kept of it 15 s after it is closed", Unit::Bytes),
    ];
    Measurement::new(name, &rows, |subject| {
        let before = memory(subject)?;
        let connections = IdleConnections::open(subject.target(), CONNECTIONS)?;
        let open = each(before, subject, CONNECTIONS)?;
        drop(connections);
        thread::sleep(GIVEN_BACK);
        let kept = each(before, subject, CONNECTIONS)?;
        Ok(Sample::alone([open, kept]))
    })
    .once()
}

fn chats(scene: &Scene) -> Measurement<'_> {
    let name = "memory of an idle chat, one of 10 000";
    Measurement::new(name, &[("each", Unit::Bytes)], |subject| {
        let before = memory(subject)?;
        let _chats = IdleChats::open(subject.target(), CHATS, 50, scene.fresh_seed())?;
        Ok(Sample::alone([each(before, subject, CHATS)?]))
    })
    .once()
}

#[expect(clippy::cast_precision_loss, reason = "a figure has three digits")]
fn each(before: f64, subject: &Subject, count: usize) -> anyhow::Result<f64> {
    Ok((memory(subject)? - before).max(0.0) / count as f64)
}

#[expect(clippy::cast_precision_loss, reason = "a figure has three digits")]
fn memory(subject: &Subject) -> anyhow::Result<f64> {
    Ok(process_memory(subject.pid())? as f64)
}
