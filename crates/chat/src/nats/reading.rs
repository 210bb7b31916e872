use async_nats::HeaderMap;
use async_nats::header::HeaderName;

use super::interruption::Interruption;

/// How far the messages of one consumer have been read.
#[derive(Debug)]
pub(super) struct Reading {
    /// The consumer's number of the next message.
    pub(super) next: u64,
    /// Whether NATS has sent everything.
    pub(super) is_idle: bool,
    /// The last message in the stream when the consumer was made.
    pub(super) last: u64,
}

impl Reading {
    /// Learns from a heartbeat whether everything that was sent has come, and whether everything was sent.
    pub(super) fn hear(&mut self, headers: &HeaderMap) -> Result<(), Interruption> {
        let sent = headers
            .get(LAST_CONSUMER)
            .and_then(|sent| sent.as_str().parse::<u64>().ok());
        if let Some(found) = sent {
            if found + 1 != self.next {
                let expected = self.next;
                return Err(Interruption::Skipped { expected, found });
            }
            // A consumer that waits for flow control is silent too, and has more to send.
            self.is_idle = headers.get(STALLED).is_none();
        }
        Ok(())
    }
}

/// In a heartbeat: the consumer's number of the last message sent.
const LAST_CONSUMER: HeaderName = HeaderName::from_static("Nats-Last-Consumer");

/// In a heartbeat: where to say that the consumer may go on.
pub(super) const STALLED: HeaderName = HeaderName::from_static("Nats-Consumer-Stalled");

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that was slow to read said that its notes were ready after the first 2 MiB of them: while NATS waits to be
    /// told that these have been read, its heartbeats name the last message sent, as those of a consumer at rest do.
    #[test]
    fn only_a_heartbeat_of_a_consumer_at_rest_means_that_all_was_sent() {
        let heartbeat = |more: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in more {
                headers.insert(*name, *value);
            }
            let mut reading = Reading {
                next: 8,
                is_idle: false,
                last: 100,
            };
            let heard = reading.hear(&headers);
            heard.map(|()| reading.is_idle)
        };
        let last = ("Nats-Last-Consumer", "7");
        let stalled = ("Nats-Consumer-Stalled", "$JS.FC.ROUTE_NOTES.a.b");
        assert!(heartbeat(&[last]).is_ok_and(|is_idle| is_idle));
        assert!(heartbeat(&[last, stalled]).is_ok_and(|is_idle| !is_idle));
        assert!(heartbeat(&[]).is_ok_and(|is_idle| !is_idle), "a request");
        let other = ("Nats-Last-Consumer", "8");
        assert!(matches!(
            heartbeat(&[other]),
            Err(Interruption::Skipped {
                expected: 8,
                found: 8
            })
        ));
    }
}
