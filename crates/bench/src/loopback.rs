//! What the machine's loopback carries without HTTP/2 and gRPC.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use prost::Message;

use crate::Dataset;
use crate::cores::Cores;

/// One thread writes so much at a time, as our server does with listings.
const WRITE_LEN: usize = 64 << 10;
/// The other reads at most so much at a time, as the load does.
const READ_LEN: usize = 256 << 10;

/// Returns the bytes of a listing of the world: each feature as it goes over the wire, after gRPC's five bytes.
///
/// # Errors
///
/// If a feature is longer than a message can be.
pub fn listing(dataset: Dataset) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for feature in dataset.features() {
        bytes.push(0);
        bytes.extend_from_slice(&u32::try_from(feature.encoded_len())?.to_be_bytes());
        feature.encode(&mut bytes)?;
    }
    Ok(bytes)
}

/// Returns bytes that stay in the cache, however often they are sent.
#[must_use]
pub fn one_write() -> Vec<u8> {
    vec![0x5a; WRITE_LEN]
}

/// Measures how many bytes a second go from a thread on the server's core to one on the client's, when these are sent over
/// and over.
///
/// # Errors
///
/// What the system says about sockets.
pub fn throughput(cores: &Cores, time: Duration, bytes: &[u8]) -> io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut to_client = TcpStream::connect(listener.local_addr()?)?;
    let (mut from_server, _) = listener.accept()?;
    to_client.set_nodelay(true)?;
    thread::scope(|scope| {
        let writer = cores.on_server(|| {
            scope.spawn(move || {
                let start = Instant::now();
                for chunk in bytes.chunks(WRITE_LEN).cycle() {
                    if start.elapsed() >= time {
                        break;
                    }
                    to_client.write_all(chunk)?;
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
        let rate = throughput(&cores, Duration::from_millis(20), &one_write()).unwrap();
        assert!(rate > 1e6, "{rate} bytes a second");
        let nothing = throughput(&cores, Duration::from_millis(20), &[]).unwrap();
        assert!(nothing.abs() < 1.0, "{nothing} bytes a second");
    }

    #[test]
    fn a_listing_has_every_feature_with_its_prefix() {
        let dataset = Dataset::new(1, 100);
        let bytes = listing(dataset).unwrap();
        let mut rest = &bytes[..];
        for feature in dataset.features() {
            let (prefix, message) = rest.split_at(5);
            let (message, others) = message.split_at(feature.encoded_len());
            assert_eq!(prefix[0], 0);
            assert_eq!(
                prefix[1..],
                u32::try_from(message.len()).unwrap().to_be_bytes()
            );
            assert_eq!(message, feature.encode_to_vec());
            rest = others;
        }
        assert!(rest.is_empty());
    }
}
