//! What the machine's loopback carries without HTTP/2 and gRPC.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::cores::Cores;

/// One thread writes so much at a time, as our server does with listings.
const WRITE_LEN: usize = 64 << 10;
/// The other reads at most so much at a time, as the load does.
const READ_LEN: usize = 256 << 10;

/// Measures how many bytes a second go from a thread on the server's core to one on the client's.
///
/// # Errors
///
/// What the system says about sockets.
pub fn throughput(cores: &Cores, time: Duration) -> io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut to_client = TcpStream::connect(listener.local_addr()?)?;
    let (mut from_server, _) = listener.accept()?;
    to_client.set_nodelay(true)?;
    thread::scope(|scope| {
        let writer = cores.on_server(|| {
            scope.spawn(move || {
                let chunk = vec![0x5a; WRITE_LEN];
                let start = Instant::now();
                while start.elapsed() < time {
                    to_client.write_all(&chunk)?;
                }
                io::Result::Ok(())
            })
        });
        let reader = cores.on_client(|| {
            scope.spawn(move || {
                let mut buffer = vec![0; READ_LEN];
                let start = Instant::now();
                let mut sum = 0;
                loop {
                    match from_server.read(&mut buffer)? {
                        0 => break,
                        len => sum += len as u64,
                    }
                }
                Ok::<_, io::Error>((sum, start.elapsed()))
            })
        });
        let panicked = |_| io::Error::other("a thread panicked");
        writer.join().map_err(panicked)??;
        let (bytes, elapsed) = reader.join().map_err(panicked)??;
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = bytes as f64 / elapsed.as_secs_f64();
        Ok(rate)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_goes_through() {
        let cores = Cores::of_this_process();
        let rate = throughput(&cores, Duration::from_millis(20)).unwrap();
        assert!(rate > 1e6, "{rate} bytes a second");
    }
}
