//! Clients that are connected and ask nothing.

use crate::run::Worker;
use crate::{Load, LoadError, Target};

/// Connections on which nothing is asked; they are closed when this is dropped.
///
/// What a server holds for each of them is the memory that a connection costs.
#[derive(Debug)]
pub struct IdleConnections {
    count: usize,
    _worker: Worker,
}

impl IdleConnections {
    /// Opens this many connections, and waits on each for the server's settings.
    ///
    /// # Errors
    ///
    /// If the server or the system refuses one.
    pub fn open(target: &Target, count: usize) -> Result<Self, LoadError> {
        Ok(Self {
            count,
            _worker: Worker::open(target, &Load::default(), count)?,
        })
    }

    /// Returns the number of connections.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}
