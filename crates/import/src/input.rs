//! Opening an input: a file or standard input, as it is or decompressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::fault::{Fault, Stop};
use crate::progress::Progress;

/// Large reads: only the number of system calls depends on it.
const BUFFER_BYTES: usize = 256 << 10;

/// The bytes of an input, decompressed.
pub(crate) type Bytes = Box<dyn BufRead + Send>;

/// An input that has been opened, and nothing read of it.
pub(crate) struct Source {
    reader: Box<dyn Read + Send>,
    total_bytes: Option<u64>,
}

impl Source {
    /// Opens a file, or standard input if the path is `-`.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::new(io::stdin()));
        }
        let file = File::open(path)?;
        let total_bytes = file
            .metadata()
            .ok()
            .filter(std::fs::Metadata::is_file)
            .map(|metadata| metadata.len());
        Ok(Self {
            total_bytes,
            ..Self::new(file)
        })
    }

    pub(crate) fn new(reader: impl Read + Send + 'static) -> Self {
        Self {
            reader: Box::new(reader),
            total_bytes: None,
        }
    }

    pub(crate) const fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// Returns the bytes, decompressed if they begin as gzip or zstd do.
    pub(crate) fn bytes(self, progress: &Progress) -> Result<Bytes, Stop> {
        let counted = Counted {
            reader: self.reader,
            bytes: 0,
            progress: progress.clone(),
        };
        let mut buffered = BufReader::with_capacity(BUFFER_BYTES, counted);
        let mut head = Vec::new();
        buffered.by_ref().take(MAGIC_BYTES).read_to_end(&mut head)?;
        let compression = Compression::of(&head);
        let whole = Cursor::new(head).chain(buffered);
        Ok(match compression {
            None => Box::new(whole),
            Some(Compression::Gzip) => decompressed(MultiGzDecoder::new(whole)),
            Some(Compression::Zstd) => decompressed(zstd::Decoder::with_buffer(whole)?),
            Some(Compression::Other(name)) => return Err(Fault::Compression { name }.into()),
        })
    }
}

fn decompressed(reader: impl Read + Send + 'static) -> Bytes {
    Box::new(BufReader::with_capacity(BUFFER_BYTES, reader))
}

/// How many bytes tell a compression.
const MAGIC_BYTES: u64 = 6;

/// A way of compressing that is known here.
enum Compression {
    Gzip,
    Zstd,
    /// One that is common enough to be named in a message.
    Other(&'static str),
}

impl Compression {
    fn of(head: &[u8]) -> Option<Self> {
        const KNOWN: [(&[u8], Compression); 5] = [
            (&[0x1f, 0x8b], Compression::Gzip),
            (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd),
            (b"PK\x03\x04", Compression::Other("zip")),
            (b"BZh", Compression::Other("bzip2")),
            (b"\xfd7zXZ\0", Compression::Other("xz")),
        ];
        KNOWN
            .into_iter()
            .find_map(|(magic, compression)| head.starts_with(magic).then_some(compression))
    }
}

/// Tells the progress how many bytes have been read.
struct Counted {
    reader: Box<dyn Read + Send>,
    bytes: u64,
    progress: Progress,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.bytes += read as u64;
        self.progress.set_bytes_read(self.bytes);
        Ok(read)
    }
}
