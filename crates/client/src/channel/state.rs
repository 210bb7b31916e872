//! The states of a channel, and who may change them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{broadcast, watch};

/// The state of a [`Channel`](crate::Channel), with the meaning that gRPC gives it.
///
/// # References
///
/// [gRPC connectivity semantics](https://github.com/grpc/grpc/blob/master/doc/connectivity-semantics-and-api.md)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelState {
    /// No connection, and nobody needs one. The next call connects.
    Idle,
    /// Looking the name up, connecting, or waiting for the server's first HTTP/2 frame.
    Connecting,
    /// The server has spoken HTTP/2 on this connection.
    Ready,
    /// The last attempt to connect failed.
    TransientFailure,
    /// The channel is gone; no call can be made any more.
    Shutdown,
}

impl ChannelState {
    /// Returns gRPC's name of the state, such as `TRANSIENT_FAILURE`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "IDLE",
            Self::Connecting => "CONNECTING",
            Self::Ready => "READY",
            Self::TransientFailure => "TRANSIENT_FAILURE",
            Self::Shutdown => "SHUTDOWN",
        }
    }
}

impl fmt::Display for ChannelState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Every change of a channel's state, in order.
///
/// A watch channel forgets a state that lasted too short to be seen; this does not, unless its reader falls more than
/// 64 changes behind.
#[derive(Debug)]
pub struct StateChanges(broadcast::Receiver<ChannelState>);

impl StateChanges {
    /// Waits for the next change; `None` once the channel is gone.
    ///
    /// Cancel safe: a change is not lost when the future is dropped.
    pub async fn next(&mut self) -> Option<ChannelState> {
        loop {
            match self.0.recv().await {
                Ok(state) => return Some(state),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

/// Holds the state of a channel, and decides which changes of it are made.
#[derive(Debug)]
pub(crate) struct StateBoard {
    current: watch::Sender<ChannelState>,
    changes: broadcast::Sender<ChannelState>,
    /// The number of the newest attempt. Held while a state is changed.
    newest: Mutex<u64>,
}

impl StateBoard {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            current: watch::Sender::new(ChannelState::Idle),
            changes: broadcast::Sender::new(64),
            newest: Mutex::new(0),
        })
    }

    pub(crate) fn current(&self) -> ChannelState {
        *self.current.borrow()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<ChannelState> {
        self.current.subscribe()
    }

    pub(crate) fn changes(&self) -> StateChanges {
        StateChanges(self.changes.subscribe())
    }

    pub(crate) fn shut_down(&self) {
        self.change(None, |_| Some(ChannelState::Shutdown));
    }

    /// Starts an attempt to connect. From here on, whatever happens to older connections is no news.
    pub(crate) fn connecting(self: &Arc<Self>) -> Attempt {
        let number = {
            let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
            *newest += 1;
            *newest
        };
        self.change(Some(number), |_| Some(ChannelState::Connecting));
        Attempt(Ticket {
            board: Arc::clone(self),
            number,
        })
    }

    fn change(&self, attempt: Option<u64>, to: impl FnOnce(ChannelState) -> Option<ChannelState>) {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let from = self.current();
        if from == ChannelState::Shutdown || attempt.is_some_and(|number| number != *newest) {
            return;
        }
        if let Some(state) = to(from).filter(|state| *state != from) {
            self.current.send_replace(state);
            // No receiver is the usual case.
            let _ = self.changes.send(state);
        }
    }
}

/// One attempt to connect. Dropped while it is under way, it leaves the channel idle.
#[derive(Debug)]
pub(crate) struct Attempt(Ticket);

impl Attempt {
    pub(crate) fn failed(self) {
        self.0.change(|_| Some(ChannelState::TransientFailure));
    }

    /// Returns the part that goes with the connection itself.
    pub(crate) fn connection(&self) -> ConnectionState {
        ConnectionState(self.0.clone())
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.0
            .change(|from| (from == ChannelState::Connecting).then_some(ChannelState::Idle));
    }
}

/// What a connection reports of itself. Dropped with it, it leaves the channel idle.
#[derive(Debug)]
pub(crate) struct ConnectionState(Ticket);

impl ConnectionState {
    pub(crate) fn ready(&self) {
        self.0.change(|_| Some(ChannelState::Ready));
    }
}

impl Drop for ConnectionState {
    fn drop(&mut self) {
        self.0
            .change(|from| (from == ChannelState::Ready).then_some(ChannelState::Idle));
    }
}

#[derive(Clone, Debug)]
struct Ticket {
    board: Arc<StateBoard>,
    number: u64,
}

impl Ticket {
    fn change(&self, to: impl FnOnce(ChannelState) -> Option<ChannelState>) {
        self.board.change(Some(self.number), to);
    }
}

#[cfg(test)]
mod tests {
    use super::{ChannelState, StateBoard};

    #[test]
    fn an_attempt_ends_in_ready_failure_or_idle() {
        let board = StateBoard::new();
        assert_eq!(board.current(), ChannelState::Idle);

        board.connecting().failed();
        assert_eq!(board.current(), ChannelState::TransientFailure);

        let abandoned = board.connecting();
        assert_eq!(board.current(), ChannelState::Connecting);
        drop(abandoned);
        assert_eq!(board.current(), ChannelState::Idle);

        let attempt = board.connecting();
        let connection = attempt.connection();
        connection.ready();
        drop(attempt);
        assert_eq!(board.current(), ChannelState::Ready);
        drop(connection);
        assert_eq!(board.current(), ChannelState::Idle);
    }

    #[test]
    fn the_end_of_an_old_connection_is_no_news() {
        let board = StateBoard::new();
        let old = board.connecting().connection();
        let new = board.connecting().connection();
        new.ready();
        drop(old);
        assert_eq!(board.current(), ChannelState::Ready);
    }

    #[test]
    fn shutdown_is_the_last_state() {
        let board = StateBoard::new();
        let connection = board.connecting().connection();
        board.shut_down();
        connection.ready();
        drop(connection);
        assert_eq!(board.current(), ChannelState::Shutdown);
    }

    #[tokio::test]
    async fn short_states_are_not_lost_to_those_who_follow_the_changes() {
        let board = StateBoard::new();
        let mut changes = board.changes();
        board.connecting().failed();
        drop(board.connecting());
        drop(board);
        let mut seen = Vec::new();
        while let Some(state) = changes.next().await {
            seen.push(state.name());
        }
        assert_eq!(
            seen,
            ["CONNECTING", "TRANSIENT_FAILURE", "CONNECTING", "IDLE"]
        );
    }
}
