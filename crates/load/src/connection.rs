//! One connection to a server: a socket, and a session on it.

use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::incoming::Incoming;
use crate::session::{Event, Session};
use crate::socket::{Patience, Socket};
use crate::{Load, LoadError, Target};

/// A connection whose calls have a state `T` each.
///
/// Its socket blocks: to wait for the server is what a client does, and [`ready`] says which of several to read from.
#[derive(Debug)]
pub(crate) struct Connection<T> {
    target: Target,
    load: Load,
    socket: Socket,
    patience: Patience,
    incoming: Incoming,
    pub(crate) session: Session<T>,
}

impl<T> Connection<T> {
    /// Connects, and waits for the server's settings.
    ///
    /// A server that then says nothing for as long as the load's silence, while it is waited for, has failed.
    pub(crate) fn open(target: &Target, load: &Load) -> Result<Self, LoadError> {
        let mut connection = Self {
            target: target.clone(),
            load: load.clone(),
            socket: target.connect()?,
            patience: Patience {
                silence: load.silence,
                stop: load.stop.clone(),
            },
            incoming: Incoming::default(),
            session: Session::new(
                &target.authority(),
                load.windows,
                &load.metadata,
                load.timeout,
            ),
        };
        while !connection.session.is_agreed() {
            connection.read()?;
            connection.dispatch(|_| {})?;
        }
        Ok(connection)
    }

    /// Sends everything that waits to be sent.
    pub(crate) fn flush(&mut self) -> Result<(), LoadError> {
        let until = self.session.next_deadline();
        let outgoing = self.session.outgoing();
        let mut rest = &outgoing[..];
        let mut sent = Ok(Some(()));
        while !rest.is_empty() && matches!(sent, Ok(Some(()))) {
            let write = |_glance| match (&self.socket).write(rest)? {
                0 => Err(ErrorKind::WriteZero.into()),
                len => {
                    rest = &rest[len..];
                    Ok(())
                }
            };
            sent = self.patience.while_trying(until, write);
        }
        let len = outgoing.len() - rest.len();
        outgoing.drain(..len);
        sent.map(|_in_time| ())
    }

    /// Sends everything, waits until something comes or the time of a call is over, and reads what has come.
    ///
    /// Where the server has ended the connection in order, it opens another one instead.
    pub(crate) fn read(&mut self) -> Result<(), LoadError> {
        if self.session.is_over() {
            *self = Self::open(&self.target, &self.load)?;
            return Ok(());
        }
        self.flush()?;
        let until = self.session.next_deadline();
        let read = |_glance| self.incoming.read(&self.socket);
        match self.patience.while_trying(until, read)? {
            Some(0) => Err(LoadError::Closed),
            _some_or_late => Ok(()),
        }
    }

    /// Tells what has been read means for the calls.
    pub(crate) fn dispatch(&mut self, mut tell: impl FnMut(Event<'_, T>)) -> Result<(), LoadError> {
        while let Some(piece) = self.incoming.next()? {
            self.session.handle(&piece, &mut tell)?;
        }
        self.session.expire(tell);
        Ok(())
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
    for connection in &mut *connections {
        connection.flush()?;
    }
    let patience = match &connections[..] {
        [] => return Ok(Vec::new()),
        // The read itself waits.
        [_one] => return Ok(vec![0]),
        [first, ..] => &first.patience,
    };
    // A connection that is over is to be read too: that opens another one.
    let over = places(connections, |connection| connection.session.is_over());
    if !over.is_empty() {
        return Ok(over);
    }
    let deadlines = connections.iter().map(|c| c.session.next_deadline());
    let until = deadlines.flatten().min();
    let mut polled: Vec<_> = connections
        .iter()
        .map(|connection| PollFd::new(connection, PollFlags::IN))
        .collect();
    let polling = patience.while_trying(until, |glance| {
        let glance = Timespec::try_from(glance).map_err(|_too_long| ErrorKind::InvalidInput)?;
        match poll(&mut polled, Some(&glance))? {
            0 => Err(io::Error::from(ErrorKind::WouldBlock)),
            _some => Ok(()),
        }
    })?;
    if polling.is_none() {
        let is_late = |connection: &Connection<T>| {
            let deadline = connection.session.next_deadline();
            deadline.is_some_and(|deadline| Some(deadline) <= until)
        };
        return Ok(places(connections, is_late));
    }
    // A socket that is closed or broken is to be read too: that tells.
    let is_ready = |polled: &PollFd<'_>| !polled.revents().is_empty();
    Ok((0..polled.len())
        .filter(|&place| is_ready(&polled[place]))
        .collect())
}

fn places<T>(connections: &[Connection<T>], wanted: impl Fn(&Connection<T>) -> bool) -> Vec<usize> {
    let wanted = |place: &usize| wanted(&connections[*place]);
    (0..connections.len()).filter(wanted).collect()
}
