//! Why there is no blocking stub.

use std::io;

use crate::channel::target::TargetError;

/// Why there is no blocking stub.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The text names no target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The system gives no thread or no socket for the connection.
    #[error("cannot start a thread for the connection: {0}")]
    Thread(#[from] io::Error),
}
