//! One connection to a server: a socket, and a session on it.

use std::io::{self, ErrorKind, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::incoming::Incoming;
use crate::session::{Event, Session};
use crate::{LoadError, Target, Windows};

/// A connection whose calls have a state `T` each.
///
/// Its socket blocks: to wait for the server is what a client does, and [`ready`] says which of several to read from.
#[derive(Debug)]
pub(crate) struct Connection<T> {
    socket: TcpStream,
    silence: Duration,
    incoming: Incoming,
    pub(crate) session: Session<T>,
}

impl<T> Connection<T> {
    /// Connects, and waits for the server's settings.
    ///
    /// A server that then says nothing for as long as `silence`, while it is waited for, has failed.
    pub(crate) fn open(
        target: &Target,
        windows: Windows,
        silence: Duration,
    ) -> Result<Self, LoadError> {
        let socket = target.connect()?;
        // With Nagle's algorithm requests would wait for acknowledgements.
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(silence))?;
        socket.set_write_timeout(Some(silence))?;
        let mut connection = Self {
            socket,
            silence,
            incoming: Incoming::default(),
            session: Session::new(target.name(), windows),
        };
        while !connection.session.is_agreed() {
            connection.read()?;
            connection.dispatch(|_| {})?;
        }
        Ok(connection)
    }

    /// Sends everything that waits to be sent.
    pub(crate) fn flush(&mut self) -> Result<(), LoadError> {
        let outgoing = self.session.outgoing();
        if outgoing.is_empty() {
            return Ok(());
        }
        let written = self.socket.write_all(outgoing);
        outgoing.clear();
        written.map_err(|error| self.failed(error))
    }

    /// Sends everything, waits until something comes, and reads it.
    pub(crate) fn read(&mut self) -> Result<(), LoadError> {
        self.flush()?;
        loop {
            match self.incoming.read(&self.socket) {
                Ok(0) => return Err(LoadError::Closed),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    /// Tells what has been read means for the calls.
    pub(crate) fn dispatch(&mut self, mut tell: impl FnMut(Event<'_, T>)) -> Result<(), LoadError> {
        while let Some(piece) = self.incoming.next()? {
            self.session.handle(&piece, &mut tell)?;
        }
        Ok(())
    }

    fn failed(&self, error: io::Error) -> LoadError {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => LoadError::Silent(self.silence),
            _ => LoadError::Io(error),
        }
    }
}

impl<T> AsFd for Connection<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Sends everything, and returns the connections to read from.
///
/// # Errors
///
/// [`LoadError::Silent`] if nothing comes on any for too long.
pub(crate) fn ready<T>(connections: &mut [Connection<T>]) -> Result<Vec<usize>, LoadError> {
    let mut silence = Duration::ZERO;
    for connection in &mut *connections {
        connection.flush()?;
        silence = connection.silence;
    }
    if connections.len() == 1 {
        // The read itself waits.
        return Ok(vec![0]);
    }
    let timeout = Timespec::try_from(silence).ok();
    let mut polled: Vec<_> = connections
        .iter()
        .map(|connection| PollFd::new(connection, PollFlags::IN))
        .collect();
    let count = loop {
        match poll(&mut polled, timeout.as_ref()) {
            Err(rustix::io::Errno::INTR) => {}
            count => break count.map_err(io::Error::from)?,
        }
    };
    if count == 0 {
        return Err(LoadError::Silent(silence));
    }
    // A socket that is closed or broken is to be read too: that tells.
    let is_ready = |polled: &PollFd<'_>| !polled.revents().is_empty();
    Ok((0..polled.len())
        .filter(|&place| is_ready(&polled[place]))
        .collect())
}
