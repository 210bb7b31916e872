//! Streams of one peer follow as many places together as their share has, and no more.

use std::sync::Arc;

use route_guide_chat::{
    ChatError, Conversation, ConversationLimits, Limits, MemoryNotebook, Notebook,
    SubscriptionShare,
};
use route_guide_geo::E7Point;

fn place(lat: i32) -> E7Point {
    E7Point::unbounded(lat, 0)
}

#[tokio::test]
async fn a_share_bounds_the_streams_of_a_peer_and_no_others() {
    let limits = Limits {
        subscriptions_total: 5,
        ..Limits::default()
    };
    let notebook: Arc<dyn Notebook> = Arc::new(MemoryNotebook::new(limits));
    let open = |share: &Arc<SubscriptionShare>| {
        Conversation::shared(Arc::clone(&notebook), ConversationLimits::default())
            .within(Arc::clone(share))
    };
    let share = Arc::new(SubscriptionShare::new(3));
    let (mut first, mut second) = (open(&share), open(&share));
    first.post(place(1), "a").await.unwrap();
    first
        .post(place(1), "the place is followed already")
        .await
        .unwrap();
    first.follow(place(2)).await.unwrap();
    second.post(place(1), "b").await.unwrap();
    for refused in [
        second.post(place(3), "c").await.unwrap_err(),
        second.follow(place(3)).await.unwrap_err(),
    ] {
        assert!(
            matches!(refused, ChatError::ShareUsed { limit: 3 }),
            "{refused}"
        );
    }
    assert_eq!((share.used(), notebook.usage().subscriptions), (3, 3));

    // What the notebook as a whole refuses takes nothing from a share.
    let others = Arc::new(SubscriptionShare::new(100));
    let mut other = open(&others);
    other.post(place(3), "d").await.unwrap();
    other.post(place(4), "e").await.unwrap();
    assert!(matches!(
        other.post(place(5), "f").await.unwrap_err(),
        ChatError::Subscription(_)
    ));
    assert_eq!(others.used(), 2);

    // A stream that ends gives back what it had.
    drop(first);
    assert_eq!((share.used(), notebook.usage().subscriptions), (1, 3));
    second.post(place(3), "g").await.unwrap();
    drop((second, other));
    assert_eq!((share.used(), others.used()), (0, 0));
    assert_eq!(notebook.usage().subscriptions, 0);
}

#[tokio::test]
async fn a_note_that_is_too_long_is_refused_and_changes_nothing() {
    let notebook: Arc<dyn Notebook> = Arc::new(MemoryNotebook::new(Limits::default()));
    let limits = ConversationLimits {
        note_bytes: 10,
        ..ConversationLimits::default()
    };
    let mut chat = Conversation::shared(Arc::clone(&notebook), limits);
    chat.post(place(1), "x".repeat(10)).await.unwrap();
    let refused = chat.post(place(2), "x".repeat(11)).await.unwrap_err();
    assert!(
        matches!(
            refused,
            ChatError::NoteTooLong {
                len_bytes: 11,
                limit_bytes: 10
            }
        ),
        "{refused}"
    );
    assert_eq!(
        (notebook.usage().notes, notebook.usage().subscriptions),
        (1, 1)
    );
}
