//! Random conversations against a model that is too simple to be wrong.

mod notes;
mod subject;

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use route_guide_geo::E7Point;
use tempfile::TempDir;

use self::notes::{Bounds, Model, ModelStream};
use self::subject::Subject;

/// Something that happens to the notebook.
#[derive(Clone, Debug)]
enum Step {
    /// A stream posts a note.
    Post { stream: usize, place: usize },
    /// A stream asks for one page.
    Page { stream: usize },
    /// A stream reads until its turn is over.
    Turn { stream: usize },
    /// A stream is dropped and another one takes its seat.
    Replace { stream: usize },
    /// Time passes.
    Wait { seconds: u64 },
    /// The server's timer tidies up.
    Expire,
    /// The process ends, in an orderly way or by being killed, and another one begins on what it left.
    Restart { killed: bool },
}

fn steps(streams: usize, places: usize) -> impl Strategy<Value = Step> + Clone {
    prop_oneof![
        12 => (0..streams, 0..places).prop_map(|(stream, place)| Step::Post { stream, place }),
        6 => (0..streams).prop_map(|stream| Step::Page { stream }),
        3 => (0..streams).prop_map(|stream| Step::Turn { stream }),
        1 => (0..streams).prop_map(|stream| Step::Replace { stream }),
        2 => (0..6_u64).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Expire),
    ]
}

fn restarts() -> impl Strategy<Value = Step> {
    any::<bool>().prop_map(|killed| Step::Restart { killed })
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (1..8_usize, 1..16_usize, 1..12_u64, 1..5_usize).prop_map(
        |(per_place, total, age_seconds, page)| Bounds {
            per_place,
            total,
            age_seconds,
            page,
        },
    )
}

fn point(place: usize) -> E7Point {
    E7Point::unbounded(i32::try_from(place).unwrap(), 0)
}

async fn run(bounds: Bounds, streams: usize, steps: Vec<Step>, home: Option<TempDir>) {
    let mut subject = Subject::new(bounds, streams, home);
    let mut model = Model {
        bounds,
        now: 0,
        notes: Vec::new(),
        streams: vec![ModelStream::default(); streams],
    };
    for step in steps {
        match step {
            Step::Post { stream, place } => {
                let message = model.notes.len().to_string();
                model.post(stream, place);
                subject.streams[stream]
                    .post(point(place), message)
                    .await
                    .unwrap();
            }
            Step::Page { stream } => {
                let page = subject.streams[stream].next_page();
                model.settle(stream, &page);
            }
            Step::Turn { stream } => read_turn(&mut subject, &mut model, stream),
            Step::Replace { stream } => {
                subject.streams[stream] = subject.stream();
                model.streams[stream] = ModelStream::default();
            }
            Step::Wait { seconds } => {
                model.now += seconds;
                subject.clock.advance(Duration::from_secs(seconds));
            }
            Step::Expire => {
                subject.notebook.expire();
                let readable = (0..model.notes.len())
                    .filter(|&n| model.readable(n))
                    .count();
                assert_eq!(subject.notebook.usage().notes, readable);
            }
            Step::Restart { killed } => {
                subject.restart(killed);
                model.streams.fill(ModelStream::default());
            }
        }
    }
    // In the end everybody gets everything that is owed.
    for stream in 0..streams {
        read_turn(&mut subject, &mut model, stream);
        read_turn(&mut subject, &mut model, stream);
        let state = &model.streams[stream];
        let owed: usize = state
            .replays
            .iter()
            .chain(&state.live)
            .map(|debt| debt.notes.len())
            .sum();
        assert_eq!(owed, 0, "stream {stream} is still owed {state:?}");
    }
}

fn read_turn(subject: &mut Subject, model: &mut Model, stream: usize) {
    loop {
        let page = subject.streams[stream].next_page();
        model.settle(stream, &page);
        if matches!(page, Ok(None)) {
            break;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Whatever happens, each stream is handed or told exactly what it is owed.
    #[test]
    fn conversations_agree_with_the_model(bounds in bounds(), steps in vec(steps(4, 3), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(bounds, 4, steps, None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// On disk too, and whatever ends the process: the notes kept are those that would be kept if it had gone on.
    #[test]
    fn restarts_agree_with_the_model(
        bounds in bounds(),
        steps in vec(prop_oneof![15 => steps(4, 3), 1 => restarts()], 1..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let home = TempDir::new().unwrap();
        runtime.block_on(run(bounds, 4, steps, Some(home)));
    }
}
