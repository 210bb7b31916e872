//! How many bytes the system holds for the peer of a socket.
//!
//! Linux tells it of one socket over netlink, as `sock_diag(7)` describes; the shorter ways need `unsafe`. Elsewhere,
//! and where netlink is forbidden, nothing is known.

use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;

use socket2::{Domain, Protocol, Socket, Type};

const AF_NETLINK: i32 = 16;
const NETLINK_SOCK_DIAG: i32 = 4;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
/// Length, kind, flags, number and sender of a message.
const HEADER_BYTES: usize = 4 + 2 + 2 + 4 + 4;

const AF_UNIX: u8 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
const UDIAG_SHOW_RQLEN: u32 = 16;

/// In place of a set of states, and of the cookie that tells a socket from a later one: any.
const ANY: [u8; 4] = [0xff; 4];

/// How many bytes the peer's system has not confirmed.
pub(crate) fn of_tcp(local: SocketAddr, peer: SocketAddr) -> io::Result<u32> {
    let (family, interface) = match local {
        SocketAddr::V4(_) => (AF_INET, 0),
        SocketAddr::V6(local) => (AF_INET6, local.scope_id()),
    };
    let question = [
        &[family, IPPROTO_TCP, 0, 0],
        &ANY[..],
        &local.port().to_be_bytes(),
        &peer.port().to_be_bytes(),
        &sixteen_bytes(local.ip()),
        &sixteen_bytes(peer.ip()),
        &of_u32(interface),
        &ANY,
        &ANY,
    ];
    // Behind four small fields, the addresses as above, a time, and the queue of what has arrived.
    u32_at(&ask(&question.concat())?, 4 + 48 + 4 + 4)
}

/// How many bytes the peer has not read, counted with what the system needs to keep them.
pub(crate) fn of_unix(socket: impl AsFd) -> io::Result<u32> {
    let inode = u32::try_from(inode(socket)?).map_err(io::Error::other)?;
    let question = [
        &[AF_UNIX, 0, 0, 0],
        &ANY[..],
        &of_u32(inode),
        &of_u32(UDIAG_SHOW_RQLEN),
        &ANY,
        &ANY,
    ];
    // Behind four small fields, inode and cookie, the head of the attribute, and the queue of what has arrived.
    u32_at(&ask(&question.concat())?, 4 + 12 + 4 + 4)
}

/// The number under which the system lists a socket.
pub(crate) fn inode(socket: impl AsFd) -> io::Result<u64> {
    let descriptor = socket.as_fd().as_raw_fd();
    Ok(std::fs::metadata(format!("/proc/self/fd/{descriptor}"))?.ino())
}

/// Asks the system about one socket; it answers at once.
fn ask(question: &[u8]) -> io::Result<Vec<u8>> {
    let len = u32::try_from(HEADER_BYTES + question.len()).map_err(io::Error::other)?;
    let message = [
        &of_u32(len),
        &of_u16(SOCK_DIAG_BY_FAMILY)[..],
        &of_u16(NLM_F_REQUEST),
        &[0; 8],
        question,
    ];
    let protocol = Protocol::from(NETLINK_SOCK_DIAG);
    let mut netlink = Socket::new(Domain::from(AF_NETLINK), Type::DGRAM, Some(protocol))?;
    netlink.set_nonblocking(true)?;
    netlink.send(&message.concat())?;
    let mut answer = vec![0; 1024];
    let len = netlink.read(&mut answer)?;
    answer.truncate(len);
    // Otherwise it is an error, most likely that there is no such socket any more.
    if answer.get(4..6) == Some(&of_u16(SOCK_DIAG_BY_FAMILY)) {
        Ok(answer.split_off(HEADER_BYTES))
    } else {
        Err(ErrorKind::NotFound.into())
    }
}

fn sixteen_bytes(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&v4.octets());
            bytes
        }
        IpAddr::V6(v6) => v6.octets(),
    }
}

#[expect(clippy::host_endian_bytes, reason = "netlink has the machine's order")]
fn of_u16(number: u16) -> [u8; 2] {
    number.to_ne_bytes()
}

#[expect(clippy::host_endian_bytes, reason = "netlink has the machine's order")]
fn of_u32(number: u32) -> [u8; 4] {
    number.to_ne_bytes()
}

#[expect(clippy::host_endian_bytes, reason = "netlink has the machine's order")]
fn u32_at(bytes: &[u8], offset: usize) -> io::Result<u32> {
    let found = bytes
        .get(offset..)
        .and_then(|bytes| bytes.first_chunk::<4>());
    let found = found.ok_or(ErrorKind::UnexpectedEof)?;
    Ok(u32::from_ne_bytes(*found))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;

    use super::*;

    fn fill(mut socket: impl Write) -> usize {
        let mut written = 0;
        while let Ok(more) = socket.write(&[0; 16 << 10]) {
            written += more;
        }
        written
    }

    fn of_stream(tcp: &TcpStream) -> u32 {
        of_tcp(tcp.local_addr().unwrap(), tcp.peer_addr().unwrap()).unwrap()
    }

    #[test]
    fn what_a_peer_takes_is_missing_from_the_queue() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(address).unwrap();
            let tcp = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (mut peer, _) = listener.accept().unwrap();
            assert_eq!(of_stream(&tcp), 0);
            tcp.set_nonblocking(true).unwrap();
            let written = fill(&tcp);
            let full = of_stream(&tcp);
            assert!(full > 0);
            peer.read_exact(&mut vec![0; written / 2]).unwrap();
            assert!(of_stream(&tcp) < full);
        }
    }

    #[test]
    fn a_listener_for_both_families_knows_its_peers_of_the_older_one() {
        let listener = TcpListener::bind("[::]:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (tcp, _) = listener.accept().unwrap();
        assert!(tcp.local_addr().unwrap().is_ipv6());
        tcp.set_nonblocking(true).unwrap();
        fill(&tcp);
        assert!(of_stream(&tcp) > 0);
        drop(peer);
    }

    #[test]
    fn what_the_peer_of_a_unix_socket_reads_is_missing_from_the_queue() {
        let (unix, mut peer) = UnixStream::pair().unwrap();
        assert_eq!(of_unix(&unix).unwrap(), 0);
        unix.set_nonblocking(true).unwrap();
        let written = fill(&unix);
        let full = of_unix(&unix).unwrap();
        assert!(full > 0);
        peer.read_exact(&mut vec![0; written / 2]).unwrap();
        assert!(of_unix(&unix).unwrap() < full);
    }

    #[test]
    fn a_socket_that_is_closed_has_no_queue() {
        let address = "127.0.0.1:1".parse().unwrap();
        assert!(of_tcp(address, address).is_err());
    }
}
