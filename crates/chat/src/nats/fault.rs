use async_nats::jetstream::context::PublishError;

/// Why NATS does not take a note.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NatsFault {
    /// There is no connection to any of its servers.
    #[error("there is no connection to NATS")]
    Disconnected,
    /// The notes that are in the stream have not all been read since the start.
    #[error("the notes in the stream are still being read")]
    CatchingUp,
    /// The note was sent, and nothing came back in time.
    #[error("NATS does not say whether it has the note")]
    Unanswered,
    /// NATS has the note, but it has not come back through the stream in time.
    #[error("NATS has the note, but does not deliver it")]
    Undelivered,
    /// The note was sent, and then the notebook was closed.
    #[error("the notebook was closed before NATS answered")]
    Closed,
    /// NATS has put the note into another stream.
    #[error("another stream, {stream}, takes the notes")]
    OtherStream {
        /// The name of that stream.
        stream: String,
    },
    /// NATS has refused the note.
    #[error("NATS refuses the note")]
    Refused(#[from] PublishError),
}
