//! Why a command ended early.

use tonic::Status;

/// Why a command ended early.
#[derive(Debug)]
pub(super) enum Failure {
    /// The call ended with another status than OK.
    Status(Status),
    /// Something on this side failed.
    Local(anyhow::Error),
    /// The arguments do not go together.
    Usage {
        /// The command whose usage is shown.
        command: &'static str,
        message: String,
    },
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// SIGHUP.
    HungUp,
    /// Whoever read the output has stopped.
    OutputClosed,
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(err: anyhow::Error) -> Self {
        Self::Local(err)
    }
}
