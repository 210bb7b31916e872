//! A private conversation answers as the published tutorial's code does.

use std::num::NonZeroUsize;

use route_guide_chat::{AppendError, ChatError, Conversation, PageLimit, PrivateLimits};
use route_guide_geo::E7Point;

fn place(lat: i32) -> E7Point {
    E7Point::unbounded(lat, 0)
}

fn due(chat: &mut Conversation) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(page) = chat.next_page().unwrap() {
        texts.extend(page.iter().map(|note| note.message().to_owned()));
    }
    texts
}

#[tokio::test]
async fn each_note_is_answered_by_all_earlier_ones_of_the_call() {
    let mut chat = Conversation::private(PrivateLimits::default());
    for number in 0..250 {
        chat.post(place(number % 2), number.to_string())
            .await
            .unwrap();
        let expected: Vec<_> = (0..number)
            .filter(|earlier| earlier % 2 == number % 2)
            .map(|n| n.to_string())
            .collect();
        assert_eq!(due(&mut chat), expected);
    }
}

#[tokio::test]
async fn nothing_leaves_the_call() {
    let mut chats = [(); 2].map(|()| Conversation::private(PrivateLimits::default()));
    for chat in &mut chats {
        chat.post(place(1), "a").await.unwrap();
        assert_eq!(due(chat), [""; 0]);
    }
    for chat in &mut chats {
        chat.post(place(1), "b").await.unwrap();
        assert_eq!(due(chat), ["a"]);
    }
}

#[tokio::test]
async fn it_follows_more_places_than_a_shared_one() {
    let mut chat = Conversation::private(PrivateLimits::default());
    for lat in 0..20_000 {
        chat.post(place(lat), "a").await.unwrap();
    }
    chat.post(place(7), "b").await.unwrap();
    assert_eq!(due(&mut chat), ["a"]);
}

#[tokio::test]
async fn too_many_notes_are_refused_and_none_is_forgotten() {
    let notes = NonZeroUsize::new(3).unwrap();
    let mut chat = Conversation::private(PrivateLimits {
        notes,
        ..PrivateLimits::default()
    });
    for message in ["a", "b", "c"] {
        chat.post(place(1), message).await.unwrap();
    }
    let refused = chat.post(place(1), "d").await.unwrap_err();
    assert!(
        matches!(
            refused,
            ChatError::Append(AppendError::TooManyNotes { limit: 3 })
        ),
        "{refused}"
    );
    assert_eq!(due(&mut chat), ["a", "a", "b"]);
}

#[tokio::test]
async fn too_many_bytes_are_refused_and_none_is_forgotten() {
    let mut chat = Conversation::private(PrivateLimits {
        bytes: 10_500,
        ..PrivateLimits::default()
    });
    let mut taken = 0;
    let refused = loop {
        match chat.post(place(1), "x".repeat(1_000)).await {
            Ok(()) => taken += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(
        taken, 8,
        "eight notes, their bookkeeping and that of the place"
    );
    assert!(
        matches!(
            refused,
            ChatError::Append(AppendError::TooManyBytes {
                len_bytes: 1_000,
                limit_bytes: 10_500
            })
        ),
        "{refused}"
    );
    assert_eq!(due(&mut chat).len(), (0..taken).sum::<usize>());
    let refused = chat.post(place(1), "x".repeat(10_000)).await.unwrap_err();
    assert!(
        matches!(refused, ChatError::Append(AppendError::TooLarge { .. })),
        "{refused}"
    );
}

#[tokio::test]
async fn long_replays_come_in_pages() {
    let page = PageLimit {
        notes: NonZeroUsize::new(7).unwrap(),
        len_bytes: 5,
    };
    let mut chat = Conversation::private(PrivateLimits {
        page,
        ..PrivateLimits::default()
    });
    for number in 0..100 {
        chat.post(place(1), format!("{number:02}")).await.unwrap();
    }
    while chat.next_page().unwrap().is_some() {}
    chat.post(place(1), "last").await.unwrap();
    let first = chat.next_page().unwrap().unwrap();
    assert_eq!(
        first.len(),
        2,
        "two notes of two bytes fit into a page of five"
    );
    assert_eq!(due(&mut chat).len(), 98);
}
