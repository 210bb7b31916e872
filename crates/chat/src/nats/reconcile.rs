use async_nats::jetstream::Context;
use async_nats::jetstream::stream::{Info, RawMessageErrorKind, Stream};

use super::history::{History, Identity};
use super::interruption::Interruption;
use super::stream::NoStream;

/// How the stream stands to what has been read of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Divergence {
    /// The stream has everything that was read, as far as retention has left it.
    None,
    /// The stream ends before the last message that was read, and has nothing else. A new leader may say so for a moment.
    Shorter,
    /// Behind the message `common` the stream does not have what was read.
    After { common: u64 },
}

/// Compares the stream with what has been read of it, message by message where they can still be compared.
///
/// Numbers alone tell nothing: a stream that has lost its end, because it was restored from a backup or its servers lost
/// power, goes on under the numbers of the lost messages.
pub(super) async fn compare(
    jetstream: &Context,
    info: &Info,
    history: &History,
) -> Result<Divergence, Interruption> {
    let stream = jetstream.get_stream_no_info(&info.config.name).await;
    let stream = Messages(stream.map_err(NoStream::from)?);
    let read = history.last();
    let is_common = |found: Option<(u64, Identity)>| {
        found
            .filter(|(sequence, identity)| history.identity(*sequence) == Some(*identity))
            .map(|(sequence, _)| sequence)
    };
    if read == 0 || is_common(stream.next(read).await?) == Some(read) {
        return Ok(Divergence::None);
    }
    // Before the end of what both have every message is common, and after it none is.
    let (mut common, mut low, mut high) = (0, history.first(), read);
    while low < high {
        let middle = low + (high - low) / 2;
        match is_common(stream.next(middle).await?) {
            Some(sequence) => {
                common = sequence;
                low = sequence + 1;
            }
            None => high = middle,
        }
    }
    let next = stream.next(common + 1).await?;
    let found = Found {
        first: info.state.first_sequence,
        last: info.state.last_sequence,
        common,
        next: next.map(|(sequence, _)| sequence),
    };
    Ok(found.against(read))
}

/// What was found of a stream that does not have the last message that was read.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// The first and the last message, as the leader said before any message was asked for.
    first: u64,
    last: u64,
    /// The last message of which it is certain that the stream has it as it was read; 0 if there is none.
    common: u64,
    /// The first message after that.
    next: Option<u64>,
}

impl Found {
    fn against(self, read: u64) -> Divergence {
        let Self {
            first,
            last,
            common,
            next,
        } = self;
        if next.is_some_and(|sequence| sequence <= read) {
            Divergence::After { common }
        } else if last < read {
            Divergence::Shorter
        } else if first == read + 1 {
            // Retention has left nothing of what was read, and has removed nothing else.
            Divergence::None
        } else if next.is_none() && first <= read {
            // The leader that named the last message is not the one that was asked for it.
            Divergence::Shorter
        } else {
            // Nothing shows that the messages which are gone were the ones that were read.
            Divergence::After { common }
        }
    }
}

/// The messages of a stream as its leader has them.
struct Messages(Stream<()>);

impl Messages {
    /// Returns the first message from a number on.
    async fn next(&self, sequence: u64) -> Result<Option<(u64, Identity)>, Interruption> {
        match self.0.get_first_raw_message_by_subject(">", sequence).await {
            Ok(message) => {
                let stored = message.time.unix_timestamp_nanos();
                let identity = Identity::new(&message.subject, Some(&message.headers), stored);
                Ok(Some((message.sequence, identity)))
            }
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: u64 = 10;

    fn found(first: u64, last: u64, common: u64, next: Option<u64>) -> Divergence {
        let found = Found {
            first,
            last,
            common,
            next,
        };
        found.against(READ)
    }

    #[test]
    fn another_message_under_a_number_that_was_read_is_another_stream() {
        for last in [8, 9, 12] {
            assert_eq!(
                found(1, last, 7, Some(8)),
                Divergence::After { common: 7 },
                "{last}"
            );
        }
    }

    #[test]
    fn a_stream_that_ends_early_may_still_get_its_end() {
        assert_eq!(found(1, 7, 7, None), Divergence::Shorter);
        assert_eq!(found(0, 0, 0, None), Divergence::Shorter);
    }

    /// Listeners that nothing had cut off ended with `DATA_LOSS` when a leader was killed: the next one, which had yet to
    /// store what it had confirmed, was asked for a message that the killed one had named.
    #[test]
    fn a_leader_that_is_behind_the_one_before_has_lost_nothing_yet() {
        assert_eq!(found(1, 10, 7, None), Divergence::Shorter);
        assert_eq!(found(1, 12, 9, None), Divergence::Shorter);
    }

    #[test]
    fn what_retention_removed_was_no_other_message_only_if_nothing_else_is_gone() {
        assert_eq!(found(11, 10, 0, None), Divergence::None);
        assert_eq!(found(11, 12, 0, Some(11)), Divergence::None);
        assert_eq!(found(14, 20, 0, Some(14)), Divergence::After { common: 0 });
        assert_eq!(found(3, 20, 7, Some(14)), Divergence::After { common: 7 });
    }
}
