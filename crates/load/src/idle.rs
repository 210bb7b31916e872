//! Clients that are connected and ask nothing.

use crate::connection::Connection;
use crate::run::open;
use crate::{Load, LoadError, Target};

/// Connections on which nothing is asked; they are closed when this is dropped.
///
/// What a server holds for each of them is what a connection costs.
#[derive(Debug)]
pub struct IdleConnections {
    connections: Vec<Connection<()>>,
}

impl IdleConnections {
    /// Opens so many connections, and waits on each until the server has told its settings.
    ///
    /// # Errors
    ///
    /// If the server or the system refuses one.
    pub fn open(target: &Target, count: usize) -> Result<Self, LoadError> {
        let load = Load {
            connections: count,
            ..Load::default()
        };
        Ok(Self {
            connections: open(target, &load)?,
        })
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }
}
