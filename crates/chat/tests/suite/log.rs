//! The log itself: append, read, watch.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use route_guide_chat::{Author, Draft, Index, PageLimit, SubscribeError, Subscriber};
use route_guide_geo::E7Point;
use tokio::task::JoinSet;

use super::{Engine, at_most, place, texts, whole};

/// Indexes count from 1, at every place by itself.
pub(crate) async fn dense_indexes(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let author = Author::unique();
    for round in 1..=5 {
        for number in 0..3 {
            let receipt = fixture.append(place(number), "x", author).await;
            assert_eq!(receipt.index, Index::new(round));
        }
    }
    for number in 0..3 {
        let page = fixture.notebook.read(place(number), Index::START, whole());
        let indexes: Vec<_> = page.notes.iter().map(|note| note.index().get()).collect();
        assert_eq!(indexes, [1, 2, 3, 4, 5]);
        assert!(
            page.notes
                .iter()
                .all(|note| note.place() == place(number) && note.author() == author)
        );
    }
}

/// A read begins after its cursor, returns as many notes as it may, and tells how far the log goes.
pub(crate) async fn cursors_and_pages(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    fixture.others_write(place(1), 1..11).await;
    let check = |after: u64, notes: usize, expected: &[&str]| {
        let limit = PageLimit {
            notes: at_most(notes),
            len_bytes: usize::MAX,
        };
        let page = fixture.notebook.read(place(1), Index::new(after), limit);
        assert_eq!(texts(&page.notes), expected, "{notes} notes after {after}");
        assert_eq!((page.missed, page.newest), (0, Index::new(10)));
    };
    check(0, 1, &["1"]);
    check(0, 3, &["1", "2", "3"]);
    check(7, 3, &["8", "9", "10"]);
    check(7, 100, &["8", "9", "10"]);
    check(9, 1, &["10"]);
    check(10, 1, &[]);
    // A cursor from nowhere is answered with nothing.
    check(11, 1, &[]);
    check(u64::MAX, 1, &[]);

    let nothing = fixture.notebook.read(place(2), Index::START, whole());
    assert_eq!(
        (nothing.notes.len(), nothing.missed, nothing.newest),
        (0, 0, Index::START)
    );
}

/// A page holds no more bytes than it may, except for one note that is longer.
pub(crate) async fn bytes_of_a_page(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let author = Author::unique();
    for length in [4, 4, 4, 100, 4] {
        fixture.append(place(1), &"x".repeat(length), author).await;
    }
    let check = |after: u64, len_bytes: usize, expected: &[usize]| {
        let limit = PageLimit {
            notes: at_most(64),
            len_bytes,
        };
        let page = fixture.notebook.read(place(1), Index::new(after), limit);
        let lengths: Vec<_> = page.notes.iter().map(|note| note.message().len()).collect();
        assert_eq!(lengths, expected, "{len_bytes} bytes after {after}");
    };
    check(0, 0, &[4]);
    check(0, 8, &[4, 4]);
    check(0, 11, &[4, 4]);
    check(0, 12, &[4, 4, 4]);
    check(0, 111, &[4, 4, 4]);
    check(0, 112, &[4, 4, 4, 100]);
    check(3, 99, &[100]);
    check(3, 103, &[100]);
    check(3, 104, &[100, 4]);
}

/// Texts come back byte for byte, from any place.
pub(crate) async fn texts_are_kept_as_they_are(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let long = "å".repeat(2 * 1024 * 1024);
    let corners = [(0, 0), (i32::MIN, i32::MAX), (i32::MAX, i32::MIN), (-1, 1)];
    for (lat, lon) in corners {
        let place = E7Point::unbounded(lat, lon);
        for text in [
            "",
            "\0\u{1b}[2J\r\n",
            "Straße 北京 🚧",
            "\u{feff}\u{202e}",
            &long,
        ] {
            let receipt = fixture.append(place, text, Author::unique()).await;
            let page = fixture
                .notebook
                .read(place, receipt.index.minus(1), whole());
            assert!(page.notes.len() == 1 && page.notes[0].message() == text);
        }
    }
}

/// A receipt says how many earlier notes there were, and hands over those that the note pushed out.
pub(crate) async fn receipts_count_what_was_kept(engine: &Engine) {
    let fixture = engine
        .open(|limits| limits.notes_per_place = at_most(3))
        .await;
    let author = Author::unique();
    let expected: [(u64, &[&str]); 6] = [
        (0, &[]),
        (1, &[]),
        (2, &[]),
        (3, &["0"]),
        (3, &["1"]),
        (3, &["2"]),
    ];
    for (number, (earlier, displaced)) in expected.into_iter().enumerate() {
        let receipt = fixture.append(place(1), &number.to_string(), author).await;
        assert_eq!(
            (receipt.earlier, texts(&receipt.displaced)),
            (earlier, displaced.iter().map(ToString::to_string).collect())
        );
    }
}

/// When an append resolves, whoever watches the place has been woken, and nobody else.
pub(crate) async fn a_watch_is_woken(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let [here, there, ended] = [(); 3].map(|()| Arc::new(Subscriber::new(Author::unique())));
    let _here = fixture
        .notebook
        .subscribe(place(1), &here)
        .expect("a subscription");
    let _there = fixture
        .notebook
        .subscribe(place(2), &there)
        .expect("a subscription");
    drop(
        fixture
            .notebook
            .subscribe(place(1), &ended)
            .expect("a subscription"),
    );

    fixture.others_write(place(1), 0..3).await;
    assert_eq!(here.take(), [place(1)]);
    assert!(there.is_empty());
    assert!(ended.is_empty());

    fixture.others_write(place(1), 0..1).await;
    assert_eq!(
        here.take(),
        [place(1)],
        "a place that was taken is marked again"
    );
}

/// While a place is watched, it may become empty, but its indexes go on, and a cursor learns what it missed.
pub(crate) async fn a_watched_place_keeps_its_indexes(engine: &Engine) {
    let fixture = engine.open(|limits| limits.notes_total = at_most(1)).await;
    let subscriber = Arc::new(Subscriber::new(Author::unique()));
    let first = fixture
        .notebook
        .subscribe(place(1), &subscriber)
        .expect("a subscription");
    let second = fixture
        .notebook
        .subscribe(place(1), &subscriber)
        .expect("a subscription");
    fixture.others_write(place(1), 0..4).await;
    fixture.others_write(place(2), 0..1).await;
    drop(first);

    let empty = fixture.notebook.read(place(1), Index::new(1), whole());
    assert_eq!(
        (empty.notes.len(), empty.missed, empty.newest),
        (0, 3, Index::new(4))
    );
    let receipt = fixture.append(place(1), "x", Author::unique()).await;
    assert_eq!((receipt.index, receipt.earlier), (Index::new(5), 0));
    drop(second);
}

/// An emptied place that nobody watches takes no memory.
pub(crate) async fn an_emptied_place_is_dropped(engine: &Engine) {
    let fixture = engine.open(|limits| limits.notes_total = at_most(2)).await;
    let subscriber = Arc::new(Subscriber::new(Author::unique()));
    let subscription = fixture
        .notebook
        .subscribe(place(0), &subscriber)
        .expect("a subscription");
    for number in 0..50 {
        fixture.others_write(place(number), 0..1).await;
    }
    // The last two places, and the first because it is watched.
    assert_eq!(
        (fixture.usage().places, fixture.usage().subscriptions),
        (3, 1)
    );
    drop(subscription);
    assert_eq!(
        (fixture.usage().places, fixture.usage().subscriptions),
        (2, 0)
    );
}

/// All streams together have as many watches as the notebook allows, and a watch that ends makes room for another.
pub(crate) async fn subscriptions_are_bounded(engine: &Engine) {
    let fixture = engine.open(|limits| limits.subscriptions_total = 3).await;
    let subscriber = Arc::new(Subscriber::new(Author::unique()));
    let mut subscriptions: Vec<_> = (0..3)
        .map(|number| {
            fixture
                .notebook
                .subscribe(place(number), &subscriber)
                .expect("a subscription")
        })
        .collect();
    match fixture.notebook.subscribe(place(3), &subscriber) {
        Err(SubscribeError::TooManySubscriptions { limit }) => assert_eq!(limit, 3),
        other => panic!("a fourth watch should be refused, but got {other:?}"),
    }
    assert_eq!(
        fixture.usage().places,
        3,
        "a refused watch leaves no place behind"
    );
    subscriptions.pop();
    subscriptions.push(
        fixture
            .notebook
            .subscribe(place(3), &subscriber)
            .expect("a subscription"),
    );
    assert_eq!(fixture.usage().subscriptions, 3);
}

/// Appends that are under way at once have indexes of their own, and those begun by one author keep its order.
pub(crate) async fn appends_at_once(engine: &Engine) {
    let fixture = engine
        .open(|limits| limits.notes_per_place = at_most(1_000))
        .await;
    let mut writers = JoinSet::new();
    for _ in 0..100 {
        let notebook = Arc::clone(&fixture.notebook);
        writers.spawn(async move {
            let author = Author::unique();
            let mut indexes = Vec::new();
            for number in 0..10 {
                let draft = Draft::new(place(1), &number.to_string(), author);
                let receipt = notebook.append(draft).await;
                indexes.push(receipt.expect("the notebook takes the note").index);
            }
            (author, indexes)
        });
    }
    let mut authors = Vec::new();
    while let Some(written) = writers.join_next().await {
        authors.push(written.expect("a writer comes to its end"));
    }
    let notes = fixture.notebook.read(place(1), Index::START, whole()).notes;
    assert_eq!(notes.len(), 1_000);
    for (author, indexes) in authors {
        let own: Vec<_> = notes
            .iter()
            .filter(|note| note.author() == author)
            .collect();
        let found: Vec<_> = own.iter().map(|note| note.index()).collect();
        assert_eq!(found, indexes, "each note is where its receipt says");
        for (number, note) in own.iter().enumerate() {
            assert_eq!(note.message(), number.to_string());
        }
    }
}

/// An append that is given up before it resolves does no harm to those that follow, whether or not it is written.
pub(crate) async fn appends_can_be_given_up(engine: &Engine) {
    let fixture = engine.open(|_| {}).await;
    let author = Author::unique();
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..20 {
        let draft = Draft::new(place(1), "given up", author);
        let _ = pin!(fixture.notebook.append(draft)).poll(&mut context);
    }
    let receipt = fixture.append(place(1), "kept", author).await;
    let page = fixture.notebook.read(place(1), Index::START, whole());
    let last = page.notes.last().expect("the last note is there");
    assert_eq!((last.message(), last.index()), ("kept", receipt.index));
    assert_eq!(page.notes.len() as u64, receipt.index.get());
    assert_eq!(receipt.earlier + 1, receipt.index.get());
}
