use std::num::NonZeroUsize;
use std::time::Duration;

/// What a notebook forgets, and when.
///
/// Where a bound is exceeded, the oldest notes go: the oldest of the place for the bound per place, the oldest of all
/// for the bounds in total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most notes kept at one place.
    pub notes_per_place: NonZeroUsize,
    /// The most notes kept in all.
    pub notes_total: NonZeroUsize,
    /// The most memory used by notes, bookkeeping included. A note that would not fit alone is refused. When the size of
    /// notes changes much over time, fragmentation in the allocator comes on top, up to about a third.
    pub bytes_total: usize,
    /// How long a note is kept. With [`Duration::ZERO`] no note is ever read, so streams are only told how many they
    /// missed; with [`Duration::MAX`] age counts for nothing.
    pub max_age: Duration,
    /// The most registrations of streams at places. They are not part of `bytes_total`: each takes up to half a KiB.
    pub subscriptions_total: usize,
}

impl Default for Limits {
    /// 100 notes at a place, a million notes and 256 MiB in all, one hour; half a million registrations.
    fn default() -> Self {
        Self {
            notes_per_place: NonZeroUsize::new(100).expect("100 is not zero"),
            notes_total: NonZeroUsize::new(1_000_000).expect("a million is not zero"),
            bytes_total: 256 * 1024 * 1024,
            max_age: Duration::from_secs(3_600),
            subscriptions_total: 500_000,
        }
    }
}
