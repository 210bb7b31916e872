use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// A TCP port of `localhost` on which nobody listens, and which the system gives to nobody else meanwhile.
///
/// A program that is told the port can listen on it, provided that it sets `SO_REUSEADDR` as servers do; until then
/// connections are refused. Looking for a free port and closing it again would leave it to whoever asks next.
///
/// # Examples
///
/// ```
/// use std::net::{TcpListener, TcpStream};
///
/// let port = route_guide_testkit::ReservedPort::new()?;
/// assert!(TcpStream::connect(("localhost", port.number())).is_err());
/// let server = TcpListener::bind(("127.0.0.1", port.number()))?;
/// assert!(TcpStream::connect(("127.0.0.1", port.number())).is_ok());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ReservedPort {
    number: u16,
    /// Bound, not listening: what reserves the port.
    _sockets: Vec<Socket>,
}

/// How often a port that is free for one family of addresses may be taken for the other.
const TRIES: usize = 100;

impl ReservedPort {
    /// Reserves a port that the system chooses.
    ///
    /// # Errors
    ///
    /// What the system says if it has no port to give.
    pub fn new() -> io::Result<Self> {
        let mut last = io::ErrorKind::AddrInUse.into();
        for _ in 0..TRIES {
            let first = bound((Ipv4Addr::LOCALHOST, 0).into())?;
            let number = first.local_addr()?.as_socket().map_or(0, |own| own.port());
            match bound((Ipv6Addr::LOCALHOST, number).into()) {
                Ok(second) => {
                    return Ok(Self {
                        number,
                        _sockets: vec![first, second],
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
                // A machine without IPv6.
                Err(_) => {
                    return Ok(Self {
                        number,
                        _sockets: vec![first],
                    });
                }
            }
        }
        Err(last)
    }

    /// The port's number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
