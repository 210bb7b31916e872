//! A stream socket of either kind, and how long it is waited for.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{LoadError, Stop};

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A wait is looked at so often, to see whether it is still wanted.
const GLANCE: Duration = Duration::from_millis(100);

/// A connected socket.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    pub(crate) fn tcp(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
        // With Nagle's algorithm requests would wait for acknowledgements.
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(GLANCE))?;
        socket.set_write_timeout(Some(GLANCE))?;
        Ok(Self::Tcp(socket))
    }

    pub(crate) fn unix(path: &Path) -> io::Result<Self> {
        let socket = connect_unix(path)?;
        socket.set_read_timeout(Some(GLANCE))?;
        socket.set_write_timeout(Some(GLANCE))?;
        Ok(Self::Unix(socket))
    }
}

fn connect_unix(path: &Path) -> io::Result<UnixStream> {
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::SocketAddrExt as _;
        use std::os::unix::ffi::OsStrExt as _;
        use std::os::unix::net::SocketAddr;
        if let Some(name) = path.as_os_str().as_bytes().strip_prefix(b"\0") {
            return UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?);
        }
    }
    UnixStream::connect(path)
}

impl Read for &Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(socket) => (&mut &*socket).read(buffer),
            Socket::Unix(socket) => (&mut &*socket).read(buffer),
        }
    }
}

impl Write for &Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(socket) => (&mut &*socket).write(bytes),
            Socket::Unix(socket) => (&mut &*socket).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Unix(socket) => socket.as_fd(),
        }
    }
}

/// How long a server may be silent, unless the run is stopped before.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    pub(crate) silence: Duration,
    pub(crate) stop: Stop,
}

impl Patience {
    /// Tries something that gives up after each glance, until it is done or patience is over, or until a certain time:
    /// then it returns `None`.
    pub(crate) fn while_trying<T>(
        &self,
        until: Option<Instant>,
        mut attempt: impl FnMut(Duration) -> io::Result<T>,
    ) -> Result<Option<T>, LoadError> {
        let mut waited = Duration::ZERO;
        loop {
            if self.stop.is_set() {
                return Err(LoadError::Stopped);
            }
            match attempt(GLANCE) {
                Ok(done) => return Ok(Some(done)),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => waited += GLANCE,
                    _ => return Err(LoadError::Io(error)),
                },
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(None);
            }
            if waited >= self.silence {
                return Err(LoadError::Silent(self.silence));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends_with_silence_or_a_stop() {
        let patience = Patience {
            silence: Duration::from_millis(250),
            stop: Stop::default(),
        };
        let mut glances = 0;
        let silent = patience.while_trying(None, |_| {
            glances += 1;
            io::Result::<()>::Err(ErrorKind::WouldBlock.into())
        });
        assert!(matches!(silent, Err(LoadError::Silent(_))), "{silent:?}");
        assert_eq!(glances, 3);

        let stopped = patience.while_trying(None, |_| {
            patience.stop.now();
            io::Result::<()>::Err(ErrorKind::Interrupted.into())
        });
        assert!(matches!(stopped, Err(LoadError::Stopped)), "{stopped:?}");
    }
}
