use async_nats::jetstream::Context;
use async_nats::jetstream::stream::{Info, RawMessageErrorKind, Stream};

use super::history::{History, Identity};
use super::replicator::Interruption;
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
    let (first, last) = (info.state.first_sequence, info.state.last_sequence);
    let next = stream.next(common + 1).await?;
    Ok(if next.is_some_and(|(sequence, _)| sequence <= read) {
        Divergence::After { common }
    } else if last < read {
        Divergence::Shorter
    } else if first == read + 1 {
        // Retention has left nothing of what was read, and has taken nothing else.
        Divergence::None
    } else {
        // Nothing shows that the messages which are gone were the ones that were read.
        Divergence::After { common }
    })
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
